//! A class that gets another name: everything in the file that names it is renamed with it.

use super::tree::document;
use super::value::Value;
use super::{Edit, Refused, Step, Written};

/// The edit, and those of what names the class it renames.
pub(super) fn with_names(text: &str, edit: &Edit) -> Result<Vec<Edit>, Refused> {
    let mut edits = vec![edit.clone()];
    let Edit::Rename { path, key: new } = edit else { return Ok(edits) };
    let [Step::Key(section), Step::Key(old)] = path.as_slice() else { return Ok(edits) };
    if section != "defaults" || old == "chat_default" || old == new {
        return Ok(edits);
    }
    super::read(text)?;
    let root = Value::of_document(&document(text)?);
    let names = Names { old, new };
    names.classes(&root, &[], Renamed::Here, &mut edits);
    for section in ["fallback", "visibility"] {
        names.key(&root, &keys(&[section]), &mut edits);
    }
    if let Some(Value::List(caps)) = root.get(&keys(&["caps"])) {
        for (at, cap) in caps.iter().enumerate() {
            if is(cap.get(&keys(&["scope"])), "task_class") && is(cap.get(&keys(&["name"])), old) {
                let path = vec![Step::Key("caps".to_owned()), Step::Index(at), Step::Key("name".to_owned())];
                edits.push(Edit::Set { path, value: Written::Text(new.clone()) });
            }
        }
    }
    if let Some(Value::Map(profiles, _)) = root.get(&keys(&["profiles"])) {
        for (profile, _) in profiles {
            names.classes(&root, &["profiles", profile], Renamed::Below, &mut edits);
        }
    }
    Ok(edits)
}

struct Names<'n> {
    old: &'n str,
    new: &'n str,
}

/// Whether the class itself was renamed in these `defaults` by the edit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Renamed {
    Here,
    Below,
}

impl Names<'_> {
    /// `defaults` of the file or of a profile: the class itself, `chat_default`, each `too_long`.
    fn classes(&self, root: &Value, above: &[&str], renamed: Renamed, edits: &mut Vec<Edit>) {
        let defaults = [above, &["defaults"]].concat();
        if renamed == Renamed::Below {
            self.key(root, &keys(&defaults), edits);
        }
        let Some(Value::Map(classes, _)) = root.get(&keys(&defaults)) else { return };
        for (name, class) in classes {
            let now = if name == self.old { self.new } else { name };
            if name == "chat_default" && is(Some(class), self.old) {
                self.set(keys(&[&defaults[..], &["chat_default"]].concat()), edits);
            }
            if is(class.get(&keys(&["too_long"])), self.old) {
                self.set(keys(&[&defaults[..], &[now, "too_long"]].concat()), edits);
            }
        }
    }

    fn key(&self, root: &Value, section: &[Step], edits: &mut Vec<Edit>) {
        let mut path = section.to_vec();
        path.push(Step::Key(self.old.to_owned()));
        if root.get(&path).is_some() {
            edits.push(Edit::Rename { path, key: self.new.to_owned() });
        }
    }

    fn set(&self, path: Vec<Step>, edits: &mut Vec<Edit>) {
        edits.push(Edit::Set { path, value: Written::Text(self.new.to_owned()) });
    }
}

fn keys(path: &[&str]) -> Vec<Step> {
    path.iter().map(|key| Step::Key((*key).to_owned())).collect()
}

fn is(value: Option<&Value>, text: &str) -> bool {
    matches!(value, Some(Value::Text(found)) if found == text)
}
