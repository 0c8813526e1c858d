//! What a document means, without places: edits are made here too, and the edited text must mean just
//! that. This is the guard that nothing is ever lost by an edit.

use super::tree::{Document, Kind, Spot, Style};
use super::{Edit, Step, Written};

/// A value with its aliases and merges expanded.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Text(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>, Order),
}

/// Whether the order of a map is known: a merge has none, and what is written anew takes that of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Kept,
    Free,
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a, Order::Kept), Self::Map(b, Order::Kept)) => a == b,
            (Self::Map(a, _), Self::Map(b, _)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, value)| b.iter().any(|(other, same)| key == other && value == same))
            }
            (Self::Null | Self::Text(_) | Self::List(_) | Self::Map(..), _) => false,
        }
    }
}

impl Value {
    /// What a document means.
    pub(super) fn of_document(document: &Document<'_>) -> Self {
        document.root.as_ref().map_or(Self::Null, |root| Self::of(document, root))
    }

    /// What a part of it means. Bounded, since the reader has expanded the same document before.
    pub(super) fn of(document: &Document<'_>, spot: &Spot) -> Self {
        match &spot.kind {
            Kind::Nothing => Self::Null,
            Kind::Scalar(Style::Plain, text) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") => {
                Self::Null
            }
            Kind::Scalar(_, text) => Self::Text(text.clone()),
            Kind::Alias(id) => document.anchored.get(id).map_or(Self::Null, |spot| Self::of(document, spot)),
            Kind::List(_, items) => Self::List(items.iter().map(|item| Self::of(document, &item.value)).collect()),
            Kind::Map(_, pairs) => {
                let (mut own, mut merged, mut order) = (Vec::<(String, Self)>::new(), Vec::new(), Order::Kept);
                for pair in pairs {
                    let value = Self::of(document, &pair.value);
                    match value {
                        Self::Map(more, _) if pair.name == "<<" => merged.extend(more),
                        Self::List(maps) if pair.name == "<<" => {
                            for map in maps {
                                if let Self::Map(more, _) = map {
                                    merged.extend(more);
                                }
                            }
                        }
                        value => own.push((pair.name.clone(), value)),
                    }
                    if pair.name == "<<" {
                        order = Order::Free;
                    }
                }
                for (key, value) in merged {
                    if own.iter().all(|(other, _)| *other != key) {
                        own.push((key, value));
                    }
                }
                Self::Map(own, order)
            }
        }
    }

    /// What is to be written.
    pub(super) fn written(value: &Written) -> Self {
        match value {
            Written::Plain(text) if text == "null" => Self::Null,
            Written::Text(text) | Written::Plain(text) => Self::Text(text.clone()),
            Written::List(items) => Self::List(items.iter().map(Self::written).collect()),
            Written::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.clone(), Self::written(value))).collect();
                Self::Map(entries, Order::Free)
            }
        }
    }

    /// The value after an edit; `None` where the edit does not fit it.
    pub(super) fn edited(mut self, edit: &Edit) -> Option<Self> {
        match edit {
            Edit::Set { path, value } => self.set(path, Self::written(value))?,
            Edit::Remove { path } => {
                self.remove(path)?;
            }
            Edit::Insert { path, at, value } => {
                let value = Self::written(value);
                match self.get_mut(path) {
                    Some(Self::List(items)) => items.insert((*at).min(items.len()), value),
                    Some(Self::Null) | None => self.set(path, Self::List(vec![value]))?,
                    Some(Self::Text(_) | Self::Map(..)) => return None,
                }
            }
            Edit::Move { path, from, to } => match self.get_mut(path)? {
                Self::List(items) if (*from).max(*to) < items.len() => {
                    let item = items.remove(*from);
                    items.insert(*to, item);
                }
                Self::Map(entries, _) if (*from).max(*to) < entries.len() => {
                    let entry = entries.remove(*from);
                    entries.insert(*to, entry);
                }
                Self::Null | Self::Text(_) | Self::List(_) | Self::Map(..) => return None,
            },
            Edit::Rename { path, key } => {
                let (Step::Key(old), parent) = path.split_last()? else { return None };
                let Self::Map(entries, _) = self.get_mut(parent)? else { return None };
                entries.iter_mut().find(|(name, _)| name == old)?.0.clone_from(key);
            }
        }
        Some(self)
    }

    pub(super) fn get(&self, path: &[Step]) -> Option<&Self> {
        let Some((step, rest)) = path.split_first() else { return Some(self) };
        match (self, step) {
            (Self::Map(entries, _), Step::Key(key)) => entries.iter().find(|(name, _)| name == key)?.1.get(rest),
            (Self::List(items), Step::Index(at)) => items.get(*at)?.get(rest),
            (Self::Null | Self::Text(_) | Self::Map(..) | Self::List(_), _) => None,
        }
    }

    fn get_mut(&mut self, path: &[Step]) -> Option<&mut Self> {
        let Some((step, rest)) = path.split_first() else { return Some(self) };
        match (self, step) {
            (Self::Map(entries, _), Step::Key(key)) => {
                entries.iter_mut().find(|(name, _)| name == key)?.1.get_mut(rest)
            }
            (Self::List(items), Step::Index(at)) => items.get_mut(*at)?.get_mut(rest),
            (Self::Null | Self::Text(_) | Self::Map(..) | Self::List(_), _) => None,
        }
    }

    fn set(&mut self, path: &[Step], new: Self) -> Option<()> {
        let Some((step, rest)) = path.split_first() else {
            *self = new;
            return Some(());
        };
        if matches!(self, Self::Null) {
            *self = match step {
                Step::Key(_) => Self::Map(Vec::new(), Order::Free),
                Step::Index(_) => Self::List(Vec::new()),
            };
        }
        match (self, step) {
            (Self::Map(entries, _), Step::Key(key)) => {
                if let Some((_, value)) = entries.iter_mut().find(|(name, _)| name == key) {
                    return value.set(rest, new);
                }
                let mut value = Self::Null;
                value.set(rest, new)?;
                entries.push((key.clone(), value));
                Some(())
            }
            (Self::List(items), Step::Index(at)) if *at < items.len() => items.get_mut(*at)?.set(rest, new),
            (Self::List(items), Step::Index(at)) if *at == items.len() => {
                let mut value = Self::Null;
                value.set(rest, new)?;
                items.push(value);
                Some(())
            }
            (Self::Null | Self::Text(_) | Self::Map(..) | Self::List(_), _) => None,
        }
    }

    /// Takes a part out, and what became empty by it. Whether this itself became empty.
    fn remove(&mut self, path: &[Step]) -> Option<bool> {
        let (step, rest) = path.split_first()?;
        match (self, step) {
            (Self::Map(entries, _), Step::Key(key)) => {
                let at = entries.iter().position(|(name, _)| name == key)?;
                if rest.is_empty() || entries.get_mut(at)?.1.remove(rest)? {
                    entries.remove(at);
                }
                Some(entries.is_empty())
            }
            (Self::List(items), Step::Index(at)) => {
                if rest.is_empty() || items.get_mut(*at)?.remove(rest)? {
                    (*at < items.len()).then(|| items.remove(*at))?;
                }
                Some(items.is_empty())
            }
            (Self::Null | Self::Text(_) | Self::Map(..) | Self::List(_), _) => None,
        }
    }
}
