//! One edit of a text: finds its place and has it cut or written there, in a block or between brackets.

use super::lines::newline;
use super::tree::{Document, Kind, Pair, Shape, Spot, Style, document};
use super::value::Value;
use super::write::{self, Flow, Manner};
use super::{Edit, Refused, Step, Written, block, flow, shown};

/// The text after an edit, not yet compared with what it should mean.
pub(super) fn changed(text: &str, edit: &Edit) -> Result<String, Refused> {
    let document = document(text)?;
    match edit {
        Edit::Set { path, value } => set(&document, path, value),
        Edit::Remove { path } => remove(&document, path),
        Edit::Insert { path, at, value } => insert(&document, path, *at, value),
        Edit::Move { path, from, to } => shifted(&document, path, *from, *to),
        Edit::Rename { path, key } => rename(&document, path, key),
    }
}

/// How far a path leads: the parts on it from the root, and the steps that lead no further.
struct Way<'d, 'p> {
    parts: Vec<&'d Spot>,
    left: &'p [Step],
}

fn way<'d, 'p>(document: &'d Document<'_>, path: &'p [Step]) -> Way<'d, 'p> {
    let mut parts: Vec<_> = document.root.iter().collect();
    let mut left = path;
    while let (Some(here), Some((step, rest))) = (parts.last(), left.split_first()) {
        let next = match (&here.kind, step) {
            (Kind::Map(..), Step::Key(key)) => here.pair(key).map(|(_, pair)| &pair.value),
            (Kind::List(_, items), Step::Index(at)) => items.get(*at).map(|item| &item.value),
            (Kind::Nothing | Kind::Alias(_) | Kind::Scalar(..) | Kind::List(..) | Kind::Map(..), _) => None,
        };
        let Some(next) = next else { break };
        parts.push(next);
        left = rest;
    }
    Way { parts, left }
}

/// Replaces a stretch of the text.
pub(super) fn spliced(text: &str, from: usize, to: usize, new: &str) -> String {
    format!("{}{new}{}", &text[..from], &text[to..])
}

fn set(document: &Document<'_>, path: &[Step], value: &Written) -> Result<String, Refused> {
    if path.is_empty() {
        return Err(Refused::as_text("the file"));
    }
    let way = way(document, path);
    if let Some(text) = own_value(document, path, &way)? {
        return set(&super::tree::document(&text)?, path, value);
    }
    let Some(here) = way.parts.last() else { return block::first(document, &nested(path, value)?) };
    if !way.left.is_empty() {
        alone(document, path, &way.parts)?;
        return missing(document, path, &way, value);
    }
    if Value::of(document, here) == Value::written(value) {
        return Ok(document.text.to_owned());
    }
    match (&here.kind, value) {
        (Kind::Map(_, pairs), Written::Map(entries)) if !pairs.is_empty() && !entries.is_empty() => {
            each_entry(document, path, pairs, entries)
        }
        (Kind::List(_, items), Written::List(new)) if !items.is_empty() && !new.is_empty() => {
            let old: Vec<_> = items.iter().map(|item| Value::of(document, &item.value)).collect();
            each_item(document, path, &old, new)
        }
        (Kind::Nothing | Kind::Alias(_) | Kind::Scalar(..) | Kind::List(..) | Kind::Map(..), _) => {
            alone(document, path, &way.parts)?;
            replace(document, path, &way.parts, value)
        }
    }
}

/// Several edits, each on the text the one before left.
fn all(text: &str, edits: impl IntoIterator<Item = Edit>) -> Result<String, Refused> {
    edits.into_iter().try_fold(text.to_owned(), |text, edit| changed(&text, &edit))
}

fn joined(path: &[Step], step: Step) -> Vec<Step> {
    path.iter().cloned().chain([step]).collect()
}

/// A map over a map: only the entries that differ.
fn each_entry(
    document: &Document<'_>,
    path: &[Step],
    pairs: &[Pair],
    entries: &[(String, Written)],
) -> Result<String, Refused> {
    let at = |key: &str| joined(path, Step::Key(key.to_owned()));
    let sets = entries.iter().map(|(key, value)| Edit::Set { path: at(key), value: value.clone() });
    let gone = pairs.iter().filter(|pair| entries.iter().all(|(key, _)| *key != pair.name));
    let removes = gone.map(|pair| Edit::Remove { path: at(&pair.name) });
    all(document.text, sets.chain(removes))
}

/// A list over a list: what both begin and end with stays.
fn each_item(document: &Document<'_>, path: &[Step], old: &[Value], new: &[Written]) -> Result<String, Refused> {
    let means: Vec<_> = new.iter().map(Value::written).collect();
    let same = old.iter().zip(&means).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - same;
    let ends = old.iter().rev().zip(means.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let (old_end, new_end) = (old.len() - ends, new.len() - ends);
    let both = old_end.min(new_end);
    let at = |nth: usize| joined(path, Step::Index(nth));
    let sets = (same..both).filter_map(|nth| Some(Edit::Set { path: at(nth), value: new.get(nth)?.clone() }));
    let removes = (both..old_end).rev().map(|nth| Edit::Remove { path: at(nth) });
    let inserts = (both..new_end)
        .filter_map(|nth| Some(Edit::Insert { path: path.to_vec(), at: nth, value: new.get(nth)?.clone() }));
    all(document.text, sets.chain(removes).chain(inserts))
}

/// The steps that lead nowhere yet, as a value.
fn nested(path: &[Step], value: &Written) -> Result<Vec<(String, Written)>, Refused> {
    let mut value = value.clone();
    for step in path.iter().skip(1).rev() {
        value = match step {
            Step::Key(key) => Written::Map(vec![(key.clone(), value)]),
            Step::Index(0) => Written::List(vec![value]),
            Step::Index(_) => return Err(Refused::missing(path)),
        };
    }
    match path.first() {
        Some(Step::Key(key)) => Ok(vec![(key.clone(), value)]),
        Some(Step::Index(_)) | None => Err(Refused::missing(path)),
    }
}

/// Writes what the path leads to where it is not there.
fn missing(document: &Document<'_>, path: &[Step], way: &Way<'_, '_>, value: &Written) -> Result<String, Refused> {
    let Some(here) = way.parts.last() else { return Err(Refused::missing(path)) };
    let done = &path[..path.len() - way.left.len()];
    match (&here.kind, way.left.first()) {
        (Kind::Map(shape, _), Some(Step::Key(key))) => {
            let entries = nested(way.left, value)?;
            let Some((_, value)) = entries.first() else { return Err(Refused::missing(path)) };
            let manner = Manner::of(document, Some(here), Some(key));
            match shape {
                Shape::Block => block::add_entry(document, here, key, value, manner),
                Shape::Flow => flow::add(document.text, here, usize::MAX, &write::pair(key, value, manner)?),
                Shape::Bare => Err(Refused::as_text(&shown(done))),
            }
        }
        (Kind::List(_, items), Some(Step::Index(at))) if *at == items.len() => {
            let value = match nested(&way.left[1..], value) {
                Ok(entries) => Written::Map(entries),
                Err(_) if way.left.len() == 1 => value.clone(),
                Err(why) => return Err(why),
            };
            insert(document, done, *at, &value)
        }
        (Kind::Nothing, Some(_)) => {
            let value = match way.left.first() {
                Some(Step::Key(_)) => Written::Map(nested(way.left, value)?),
                Some(Step::Index(_)) | None => Written::List(vec![value.clone()]),
            };
            replace(document, done, &way.parts, &value)
        }
        (Kind::Scalar(..) | Kind::Alias(_), _) => {
            Err(Refused::new(format!("{} is {}; nothing can stand below it.", shown(done), here.what())))
        }
        (Kind::Nothing | Kind::List(..) | Kind::Map(..), _) => Err(Refused::missing(path)),
    }
}

/// Writes another value in the place of one.
fn replace(document: &Document<'_>, path: &[Step], parts: &[&Spot], value: &Written) -> Result<String, Refused> {
    let Some((here, above)) = parts.split_last() else { return Err(Refused::missing(path)) };
    let between = above.iter().any(|part| part.shape().is_some_and(|shape| shape != Shape::Block));
    let flow = if between { Flow::Yes } else { Flow::No };
    let (text, parent) = (document.text, above.last().copied());
    let key = match path.last() {
        Some(Step::Key(key)) => Some(key.as_str()),
        Some(Step::Index(_)) | None => None,
    };
    let manner = Manner::of(document, parent, key);
    let scalar = matches!(value, Written::Text(_) | Written::Plain(_));
    if let (Kind::Scalar(style, _), true) = (&here.kind, scalar) {
        let indent = block::content_indent(text, here, parent);
        let new = write::scalar_like(value, *style, flow, indent)?.replace('\n', newline(text, here.start));
        return Ok(spliced(text, here.start, here.end, &new));
    }
    if between || write::is_inline(value, manner) {
        let new = write::inline(value, flow, manner)?;
        return Ok(match &here.kind {
            Kind::Nothing => spliced(text, here.head, here.head, &format!(" {new}")),
            Kind::List(Shape::Block, _) | Kind::Map(Shape::Block, _) => block::inline_instead(text, here, &new),
            Kind::Alias(_) | Kind::Scalar(..) | Kind::List(..) | Kind::Map(..) => {
                spliced(text, here.start, here.end, &new)
            }
        });
    }
    block::lines_instead(document, here, parent, value, manner)
}

fn remove(document: &Document<'_>, path: &[Step]) -> Result<String, Refused> {
    let way = way(document, path);
    if let Some(text) = own_value(document, path, &way)? {
        return remove(&super::tree::document(&text)?, path);
    }
    if !way.left.is_empty() {
        return Err(inherited(document, path));
    }
    // The highest part that would be left empty goes as a whole.
    let mut depth = way.parts.len().saturating_sub(1);
    while depth > 1 && way.parts.get(depth - 1).is_some_and(|part| part.parts().len() == 1) {
        depth -= 1;
    }
    let (Some(here), Some(parent)) = (way.parts.get(depth), depth.checked_sub(1).and_then(|up| way.parts.get(up)))
    else {
        return Err(Refused::as_text("the file"));
    };
    alone(document, path, &way.parts[..depth])?;
    unread_elsewhere(document, path, here)?;
    let Some(at) = nth(parent, path.get(depth - 1)) else { return Err(Refused::missing(path)) };
    match parent.shape() {
        Some(Shape::Block) => block::remove(document.text, parent, at),
        Some(Shape::Flow) => flow::remove(document.text, parent, at),
        Some(Shape::Bare) | None => Err(Refused::as_text(&shown(path))),
    }
}

fn nth(parent: &Spot, step: Option<&Step>) -> Option<usize> {
    match step? {
        Step::Key(key) => parent.pair(key).map(|(at, _)| at),
        Step::Index(at) => Some(*at),
    }
}

/// Why a part cannot be taken out or renamed: it is not there, or another map brings it.
fn inherited(document: &Document<'_>, path: &[Step]) -> Refused {
    match Value::of_document(document).get(path) {
        Some(_) => Refused::new(format!("{} comes from another map through <<. Edit it as text.", shown(path))),
        None => Refused::missing(path),
    }
}

fn insert(document: &Document<'_>, path: &[Step], at: usize, value: &Written) -> Result<String, Refused> {
    let way = way(document, path);
    let alias = way.parts.last().filter(|here| matches!(here.kind, Kind::Alias(_)));
    if alias.is_some() {
        let text = written_out(document, path, &way.parts)?;
        return insert(&super::tree::document(&text)?, path, at, value);
    }
    let list = way.parts.last().filter(|here| way.left.is_empty() && !matches!(here.kind, Kind::Nothing));
    let Some(here) = list else { return set(document, path, &Written::List(vec![value.clone()])) };
    let Kind::List(shape, items) = &here.kind else {
        return Err(Refused::new(format!("{} is {}, not a list.", shown(path), here.what())));
    };
    alone(document, path, &way.parts)?;
    let manner = Manner::of(document, Some(here), None);
    match shape {
        Shape::Block => {
            let dash = items.first().map_or(0, |item| super::lines::column(document.text, item.start));
            block::add_item(document.text, here, at, &write::item_lines(value, dash, manner)?)
        }
        Shape::Flow | Shape::Bare => flow::add(document.text, here, at, &write::inline(value, Flow::Yes, manner)?),
    }
}

fn shifted(document: &Document<'_>, path: &[Step], from: usize, to: usize) -> Result<String, Refused> {
    let way = way(document, path);
    let Some(here) = way.parts.last().filter(|_| way.left.is_empty()) else { return Err(Refused::missing(path)) };
    if matches!(here.kind, Kind::Alias(_)) {
        let text = written_out(document, path, &way.parts)?;
        return shifted(&super::tree::document(&text)?, path, from, to);
    }
    alone(document, path, &way.parts)?;
    let parts = here.parts();
    if from.max(to) >= parts.len() {
        return Err(Refused::new(format!("{} has {} parts.", shown(path), parts.len())));
    }
    let mut order: Vec<usize> = (0..parts.len()).collect();
    let moved = order.remove(from);
    order.insert(to, moved);
    match here.shape() {
        Some(Shape::Block) => block::reorder(document.text, here, &order),
        Some(Shape::Flow) => flow::reorder(document.text, here, &order),
        Some(Shape::Bare) | None => Err(Refused::as_text(&shown(path))),
    }
}

fn rename(document: &Document<'_>, path: &[Step], key: &str) -> Result<String, Refused> {
    let Some((Step::Key(old), above)) = path.split_last() else { return Err(Refused::missing(path)) };
    let way = way(document, above);
    if let Some(text) = own_value(document, path, &way)? {
        return rename(&super::tree::document(&text)?, path, key);
    }
    let found = way.parts.last().filter(|_| way.left.is_empty()).and_then(|map| Some((*map, map.pair(old)?.1)));
    let Some((map, pair)) = found else { return Err(inherited(document, path)) };
    if old == key {
        return Ok(document.text.to_owned());
    }
    if key.trim().is_empty() || key == "<<" {
        return Err(Refused::new("A name must have at least one letter.".to_owned()));
    }
    if map.pair(key).is_some() {
        return Err(Refused::new(format!(
            "{} is there already. Choose another name.",
            shown(&joined(above, Step::Key(key.to_owned())))
        )));
    }
    alone(document, path, &way.parts)?;
    let Kind::Scalar(style, _) = &pair.key.kind else { return Err(Refused::as_text(&shown(path))) };
    let style = if *style == Style::Folded || *style == Style::Literal { Style::Plain } else { *style };
    let new = write::scalar_like(&Written::Text(key.to_owned()), style, Flow::Yes, 0)?;
    Ok(spliced(document.text, pair.key.start, pair.key.end, &new))
}

/// Where a path leads through an alias: the text with the value written out there.
fn own_value(document: &Document<'_>, path: &[Step], way: &Way<'_, '_>) -> Result<Option<String>, Refused> {
    let through = way.parts.last().is_some_and(|here| matches!(here.kind, Kind::Alias(_))) && !way.left.is_empty();
    if !through {
        return Ok(None);
    }
    written_out(document, &path[..path.len() - way.left.len()], &way.parts).map(Some)
}

/// Replaces the alias a path ends at by a value of its own.
fn written_out(document: &Document<'_>, path: &[Step], parts: &[&Spot]) -> Result<String, Refused> {
    let Some(Kind::Alias(id)) = parts.last().map(|here| &here.kind) else { return Err(Refused::missing(path)) };
    let Some(named) = document.anchored.get(id) else { return Err(Refused::unreadable()) };
    alone(document, path, parts)?;
    let value = written(document, named);
    replace(document, path, parts, &value)
}

/// A part as it would be written elsewhere.
fn written(document: &Document<'_>, spot: &Spot) -> Written {
    match &spot.kind {
        Kind::Nothing => Written::Plain("null".to_owned()),
        Kind::Alias(id) => {
            document.anchored.get(id).map_or(Written::Plain("null".to_owned()), |s| written(document, s))
        }
        Kind::Scalar(Style::Plain, text) if write::is_number(text) => Written::Plain(text.clone()),
        Kind::Scalar(_, text) => Written::Text(text.clone()),
        Kind::List(_, items) => Written::List(items.iter().map(|item| written(document, &item.value)).collect()),
        Kind::Map(_, pairs) => {
            let (mut own, mut merged) = (Vec::<(String, Written)>::new(), Vec::new());
            for pair in pairs {
                match written(document, &pair.value) {
                    Written::Map(more) if pair.name == "<<" => merged.extend(more),
                    value => own.push((pair.name.clone(), value)),
                }
            }
            for (key, value) in merged {
                if own.iter().all(|(other, _)| *other != key) {
                    own.push((key, value));
                }
            }
            Written::Map(own)
        }
    }
}

/// Refuses to edit inside what is read a second time through an alias.
fn alone(document: &Document<'_>, path: &[Step], parts: &[&Spot]) -> Result<(), Refused> {
    let shared = parts.iter().filter_map(|part| part.anchor).find_map(|anchor| used_at(document, anchor));
    shared.map_or(Ok(()), |at| Err(read_elsewhere(document, path, at)))
}

/// Refuses to take out what is read a second time through an alias.
fn unread_elsewhere(document: &Document<'_>, path: &[Step], gone: &Spot) -> Result<(), Refused> {
    let inside = |at: usize| (gone.head..gone.end).contains(&at);
    let anchors = document.anchored.iter().filter(|(_, spot)| inside(spot.start)).map(|(id, _)| *id);
    let shared = anchors.filter_map(|id| document.aliases.iter().find(|(at, named)| *named == id && !inside(*at)));
    shared.map(|(at, _)| *at).next().map_or(Ok(()), |at| Err(read_elsewhere(document, path, at)))
}

fn used_at(document: &Document<'_>, anchor: usize) -> Option<usize> {
    document.aliases.iter().find(|(_, id)| *id == anchor).map(|(at, _)| *at)
}

fn read_elsewhere(document: &Document<'_>, path: &[Step], at: usize) -> Refused {
    let line = document.text[..at].matches('\n').count() + 1;
    let alias = &document.text[at..super::lines::word_end(document.text, at)];
    Refused::new(format!(
        "{} is used on line {line} too, through {alias}. Edit it as text, where you see both.",
        shown(path)
    ))
}
