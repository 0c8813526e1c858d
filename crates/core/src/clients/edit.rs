//! What a settings file becomes when our entry is added or taken away.
//!
//! Every edit is read back before it is handed out: the value must be the old one plus or minus our
//! entry, in the same order. An edit that would do anything else is refused, never written.

use jsonc_parser::ast::{Object, Value as Node};
use jsonc_parser::common::Ranged;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::json::{self, Doc, Layout, Splice};
use super::{Client, Entry, FileTrouble, mask};

/// How we know an entry as ours.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ours<'a> {
    /// Our installed program: an entry that starts it with `mcp` is ours.
    pub command: &'a str,
    /// The name we recorded.
    pub name: Option<&'a str>,
    /// The entry we recorded: one that starts its program is ours also where ours has moved since.
    pub entry: Option<&'a Entry>,
}

/// What to do with an entry of our name that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// Leave it and take a free name.
    No,
    /// Write ours in its place; the file is backed up.
    Yes,
}

/// What an edit had to make besides the entry, so that taking the entry away leaves nothing behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// The entry alone.
    Entry,
    /// The list of servers too.
    Servers,
    /// The whole file, or all of its text.
    File,
}

impl Made {
    /// The word in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Servers => "servers",
            Self::File => "file",
        }
    }

    /// The value of a word; an unknown word is the careful one.
    pub fn from_text(text: &str) -> Self {
        [Self::Servers, Self::File].into_iter().find(|made| made.as_str() == text).unwrap_or(Self::Entry)
    }
}

/// What a file would become. Nothing has been written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The name of our entry.
    pub name: String,
    /// The new bytes; `None`: the file goes, because we had made it.
    pub after: Option<Vec<u8>>,
    /// What was made besides the entry.
    pub made: Made,
    /// The file is already as wanted.
    pub nothing_to_do: bool,
    /// The text of an entry with the wanted name that is not ours, secrets masked.
    pub taken: Option<String>,
    /// What the person added to our entry is there still, and some of it may be a key.
    pub keeps_secrets: bool,
}

/// The bytes to go back to while a file is still as we left it.
#[derive(Clone, Copy, Debug)]
pub struct Undo<'a> {
    /// The SHA-256 of what we wrote, in hex.
    pub hash_after: &'a str,
    /// What was there before; `None`: there was no file.
    pub before: Option<&'a [u8]>,
}

/// What a settings file says about us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Our entry: its name, and what it starts.
    pub ours: Option<(String, Entry)>,
    /// Our entry as it is written, on one line; what the person added may hold secrets and is masked.
    pub text: Option<String>,
    /// The other servers, in the order of the file.
    pub others: Vec<String>,
}

/// Reads what a settings file says about us.
///
/// # Errors
/// Where the file cannot be read as the client would read it.
pub fn look(client: &Client, text: Option<&[u8]>, ours: Ours<'_>) -> Result<Look, FileTrouble> {
    let Some(doc) = text.map(json::read).transpose()?.flatten() else { return Ok(Look::default()) };
    servers(&doc, client)?;
    let Some(listed) = doc.value.get(client.root_key).and_then(Value::as_object) else { return Ok(Look::default()) };
    let name = find(listed, ours);
    let entry = name.as_ref().and_then(|name| entry_of(listed.get(name)?));
    let plain = ours.entry.cloned().unwrap_or_else(|| Entry { command: ours.command.to_owned(), args: Vec::new() });
    Ok(Look {
        text: name.as_ref().and_then(|name| listed.get(name)).map(|value| mask::entry(value, Some(&plain))),
        others: listed.keys().filter(|key| name.as_ref() != Some(*key)).cloned().collect(),
        ours: name.zip(entry),
    })
}

/// What the file becomes with our entry in it. A file that is absent or empty becomes a small one.
/// An entry of ours under another name is updated where it stands, so that there are never two; what
/// the person added to it stays.
///
/// # Errors
/// Where the file cannot be read strictly, or the edit would touch more than our entry.
pub fn plan_connect(
    client: &Client,
    text: Option<&[u8]>,
    name: &str,
    entry: &Entry,
    ours: Ours<'_>,
    replace: Replace,
) -> Result<Edit, FileTrouble> {
    let bytes = text.unwrap_or_default();
    let Some(doc) = json::read(bytes)? else {
        let bom = if bytes.starts_with(b"\xef\xbb\xbf") { "\u{feff}" } else { "" };
        return Ok(fresh(client, bom, name, entry));
    };
    let list = servers(&doc, client)?;
    let empty = serde_json::Map::new();
    let listed = doc.value.get(client.root_key).and_then(Value::as_object).unwrap_or(&empty);
    let mut edit = Edit {
        name: name.to_owned(),
        after: None,
        made: Made::Entry,
        nothing_to_do: false,
        taken: None,
        keeps_secrets: false,
    };
    if let Some(known) = find(listed, ours) {
        edit.name = known;
    } else if let Some(stranger) = listed.get(name).filter(|_| replace == Replace::No) {
        edit.taken = Some(mask::value(name, stranger));
        edit.name = free_name(name, listed);
    }
    let standing = listed.get(&edit.name).filter(|value| is_ours(value, ours));
    let known = standing.and_then(entry_of);
    edit.keeps_secrets = standing.is_some_and(|value| mask::hides_in(value, entry));
    if known.as_ref().is_some_and(|known| known.starts(entry)) {
        return Ok(Edit { after: Some(bytes.to_vec()), nothing_to_do: true, ..edit });
    }
    let splice = match (list, &known) {
        (Some((index, list)), Some(known)) => renew(&doc, index, list, &edit.name, &known.renewed(entry)),
        (Some((index, list)), None) => into_list(&doc, index, list, &edit.name, entry),
        (None, _) => {
            edit.made = Made::Servers;
            json::insert(&doc, &doc.root, client.root_key, &json::root_layout(&doc), |layout| {
                layout.object(&[(&edit.name, written(entry, &layout.inner()))])
            })
        }
    };
    let mut wanted = doc.value.clone();
    if let Some(root) = wanted.as_object_mut() {
        let list = root.entry(client.root_key).or_insert_with(|| Value::Object(serde_json::Map::new()));
        match known {
            Some(known) => {
                let Entry { command, args } = known.renewed(entry);
                list[&edit.name]["command"] = command.into();
                list[&edit.name]["args"] = args.into();
            }
            None => list[&edit.name] = serde_json::json!({ "command": entry.command, "args": entry.args }),
        }
    }
    edit.after = Some(checked(&doc, &splice, &wanted)?);
    Ok(edit)
}

/// What the file becomes without our entry: the very bytes of before while it is as we left it, else
/// the file as it is now less our entry. An entry of our name that is no longer ours stays.
///
/// # Errors
/// Where the file cannot be read strictly, or the edit would touch more than our entry.
pub fn plan_disconnect(
    client: &Client,
    text: Option<&[u8]>,
    ours: Ours<'_>,
    made: Made,
    undo: Option<Undo<'_>>,
) -> Result<Edit, FileTrouble> {
    let name = ours.name.unwrap_or("pointsman").to_owned();
    let mut edit =
        Edit { name, after: text.map(<[u8]>::to_vec), made, nothing_to_do: true, taken: None, keeps_secrets: false };
    let Some(bytes) = text else { return Ok(edit) };
    if let Some(undo) = undo.filter(|undo| undo.hash_after == sha256_hex(bytes)) {
        return Ok(Edit { after: undo.before.map(<[u8]>::to_vec), nothing_to_do: false, ..edit });
    }
    loop {
        let current = edit.after.clone().unwrap_or_default();
        let Some(doc) = json::read(&current)? else { return Ok(edit) };
        let Some((index, list)) = servers(&doc, client)? else { return Ok(edit) };
        let Some(listed) = doc.value.get(client.root_key).and_then(Value::as_object) else { return Ok(edit) };
        let Some(found) = find(listed, ours) else { return Ok(edit) };
        let Some(at) = list.properties.iter().position(|prop| prop.name.as_str() == found) else { return Ok(edit) };
        let mut wanted = doc.value.clone();
        let root = wanted.as_object_mut();
        let splice = if list.properties.len() == 1 && made != Made::Entry {
            root.and_then(|root| root.shift_remove(client.root_key));
            json::remove(&doc.root, index)
        } else {
            let rest = root.and_then(|root| root.get_mut(client.root_key)).and_then(Value::as_object_mut);
            rest.and_then(|rest| rest.shift_remove(&found));
            json::remove(list, at)
        };
        let after = checked(&doc, &splice, &wanted)?;
        edit = Edit { after: Some(after), nothing_to_do: false, ..edit };
    }
}

/// The list of servers: where it stands in the root, and the object.
fn servers<'a, 'b>(doc: &'b Doc<'a>, client: &Client) -> Result<Option<(usize, &'b Object<'a>)>, FileTrouble> {
    let Some(index) = doc.root.properties.iter().position(|prop| prop.name.as_str() == client.root_key) else {
        return Ok(None);
    };
    match &doc.root.properties[index].value {
        Node::Object(list) => Ok(Some((index, list))),
        other => {
            let what = format!("`{}` must be a list of servers in `{{ }}`", client.root_key);
            Err(json::at(doc.text, other.range().start, &what))
        }
    }
}

/// Adds our entry to a list of servers, or writes it in place of what has its name.
fn into_list(doc: &Doc<'_>, index: usize, list: &Object<'_>, name: &str, entry: &Entry) -> Splice {
    if let Some(at) = list.properties.iter().position(|prop| prop.name.as_str() == name) {
        let range = list.properties[at].value.range();
        let with = written(entry, &json::layout_of(doc, list, at));
        return Splice { start: range.start, end: range.end, with };
    }
    json::insert(doc, list, name, &json::layout_of(doc, &doc.root, index), |layout| written(entry, layout))
}

/// Writes the command and the arguments of an entry of ours anew, each in its place.
fn renew(doc: &Doc<'_>, index: usize, list: &Object<'_>, name: &str, entry: &Entry) -> Splice {
    let found = list.properties.iter().find(|prop| prop.name.as_str() == name).map(|prop| &prop.value);
    let Some(Node::Object(old)) = found else { return into_list(doc, index, list, name, entry) };
    let mut text = doc.text[old.range.start..old.range.end].to_owned();
    for (at, prop) in old.properties.iter().enumerate().rev() {
        let with = match prop.name.as_str() {
            "command" => json::quoted(&entry.command),
            "args" => json::layout_of(doc, old, at).list(&entry.args),
            _ => continue,
        };
        let range = prop.value.range();
        text.replace_range(range.start - old.range.start..range.end - old.range.start, &with);
    }
    Splice { start: old.range.start, end: old.range.end, with: text }
}

fn written(entry: &Entry, layout: &Layout) -> String {
    layout.object(&[("command", json::quoted(&entry.command)), ("args", layout.list(&entry.args))])
}

fn fresh(client: &Client, bom: &str, name: &str, entry: &Entry) -> Edit {
    let layout = Layout::fresh();
    let list = layout.inner().object(&[(name, written(entry, &layout.inner().inner()))]);
    let text = format!("{bom}{}\n", layout.object(&[(client.root_key, list)]));
    let after = Some(text.into_bytes());
    Edit { name: name.to_owned(), after, made: Made::File, nothing_to_do: false, taken: None, keeps_secrets: false }
}

/// Applies a splice and reads the result back: it must say what was wanted and nothing else.
pub(super) fn checked(doc: &Doc<'_>, splice: &Splice, wanted: &Value) -> Result<Vec<u8>, FileTrouble> {
    let text = format!("{}{}", doc.bom, splice.apply(doc.text));
    let read_back = json::read(text.as_bytes())?.map(|doc| doc.value);
    // As text, because two maps with another order of names are equal as values.
    if read_back.as_ref().map(Value::to_string) == Some(wanted.to_string()) {
        return Ok(text.into_bytes());
    }
    let sentence = "The edit would have changed more than our entry, so it was not made.".to_owned();
    Err(FileTrouble { line: 0, column: 0, sentence })
}

fn entry_of(value: &Value) -> Option<Entry> {
    let command = value.get("command")?.as_str()?.to_owned();
    let args = value.get("args").map_or(Some(Vec::new()), |args| {
        args.as_array()?.iter().map(|arg| arg.as_str().map(str::to_owned)).collect()
    })?;
    Some(Entry { command, args })
}

fn is_ours(value: &Value, ours: Ours<'_>) -> bool {
    entry_of(value).is_some_and(|entry| {
        entry.is_command_of(ours.command) || ours.entry.is_some_and(|recorded| entry.is_command_of(&recorded.command))
    })
}

/// Our entry's name: the recorded one first, else the first entry that is ours.
fn find(listed: &serde_json::Map<String, Value>, ours: Ours<'_>) -> Option<String> {
    let recorded = ours.name.filter(|name| listed.get(*name).is_some_and(|value| is_ours(value, ours)));
    let any = || listed.iter().find(|(_, value)| is_ours(value, ours)).map(|(name, _)| name.as_str());
    recorded.or_else(any).map(str::to_owned)
}

fn free_name(name: &str, listed: &serde_json::Map<String, Value>) -> String {
    (2..).map(|nth| format!("{name}-{nth}")).find(|free| !listed.contains_key(free)).unwrap_or_else(|| name.to_owned())
}

/// SHA-256 in hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
