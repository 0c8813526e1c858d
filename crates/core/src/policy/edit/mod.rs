//! Edits of routing.yaml that touch only their lines: comments, order, line ends, quotes and the way a map
//! is written stay as the person has them.
//!
//! An edit cuts and writes by the places of our own parser's events, so there is one reading of the file:
//! the one that rules. Afterwards the new text is read again and must mean the old with exactly that
//! change ([`value`]); else the edit is refused with a sentence. What several places read through an alias
//! is not edited here, and an alias that is edited becomes a value of its own.

mod block;
mod change;
mod class;
mod flow;
mod lines;
#[cfg(test)]
mod tests;
mod tree;
mod value;
mod write;

use super::yaml;
use value::Value;

/// One change of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Writes a value; parents that are not there are made.
    Set {
        /// Where.
        path: Vec<Step>,
        /// What.
        value: Written,
    },
    /// Takes a part out with the comment lines directly above it; what becomes empty goes too.
    Remove {
        /// Where.
        path: Vec<Step>,
    },
    /// Puts an item into a list before the one at this place; past the end is the end.
    Insert {
        /// The list.
        path: Vec<Step>,
        /// From 0.
        at: usize,
        /// What.
        value: Written,
    },
    /// Moves an item of a list or an entry of a map, with its comments.
    Move {
        /// The list or map.
        path: Vec<Step>,
        /// From 0.
        from: usize,
        /// Its place afterwards, from 0.
        to: usize,
    },
    /// Gives an entry another key; of a class, whatever names it is renamed with it.
    Rename {
        /// The entry.
        path: Vec<Step>,
        /// The new key.
        key: String,
    },
}

/// One step into the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An entry of a map.
    Key(String),
    /// An item of a list, from 0.
    Index(usize),
}

/// A value as it is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// A text, quoted where YAML needs it.
    Text(String),
    /// Digits with at most one point, `true`, `false` or `null`.
    Plain(String),
    /// A list.
    List(Vec<Written>),
    /// A map in its order.
    Map(Vec<(String, Written)>),
}

/// Why an edit is not made, and what to do instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Refused {
    /// For the person.
    pub sentence: String,
}

impl Refused {
    fn new(sentence: String) -> Self {
        Self { sentence }
    }

    fn unreadable() -> Self {
        Self::new("The text cannot be read as YAML. Mend it as text first.".to_owned())
    }

    /// What is written in a way the form does not edit.
    fn as_text(what: &str) -> Self {
        Self::new(format!("{what} is written in a way that only the text editor changes safely. Edit it as text."))
    }

    fn missing(path: &[Step]) -> Self {
        Self::new(format!("There is no {}.", shown(path)))
    }
}

/// The text after an edit. The same text where the edit changes nothing. Linear in the text, which is at
/// most [`super::MAX_BYTES`].
///
/// # Errors
/// [`Refused`] where the text is not YAML, the place is not there, a value is not what it says, or the edit
/// cannot be made without touching anything else.
pub fn edited(text: &str, edit: &Edit) -> Result<String, Refused> {
    let (mark, body) = text.strip_prefix('\u{feff}').map_or(("", text), |body| ("\u{feff}", body));
    let expected = class::with_names(body, edit)?;
    let mut wanted = meaning(body)?;
    let mut new = body.to_owned();
    for edit in &expected {
        new = change::changed(&new, edit)?;
        wanted = wanted.edited(edit).ok_or_else(|| Refused::missing(edit.path()))?;
    }
    if meaning(&new).ok().as_ref() != Some(&wanted) {
        return Err(Refused::as_text(&shown(edit.path())));
    }
    Ok(format!("{mark}{new}"))
}

/// What a text means. Size and depth are bounded by the reader.
fn meaning(text: &str) -> Result<Value, Refused> {
    read(text)?;
    Ok(Value::of_document(&tree::document(text)?))
}

/// Refuses what the reader would not read.
fn read(text: &str) -> Result<(), Refused> {
    match yaml::parse(text, &mut Vec::new()) {
        Ok(_) => Ok(()),
        Err(problem) => Err(Refused::new(format!("The text cannot be edited by form: {problem}"))),
    }
}

impl Edit {
    fn path(&self) -> &[Step] {
        match self {
            Self::Set { path, .. }
            | Self::Remove { path }
            | Self::Insert { path, .. }
            | Self::Move { path, .. }
            | Self::Rename { path, .. } => path,
        }
    }
}

/// A path as sentences name it: `defaults.summarize.split[0]`.
fn shown(path: &[Step]) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            Step::Key(key) if out.is_empty() => out.push_str(key),
            Step::Key(key) => out.push_str(&format!(".{key}")),
            Step::Index(at) => out.push_str(&format!("[{at}]")),
        }
    }
    if out.is_empty() { "the file".to_owned() } else { out }
}
