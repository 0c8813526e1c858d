//! Rows that come and go: a menu stays the one it is, and only what is to stand there no more is taken out,
//! only what is new is put in, each at its place. Nothing is built anew, so an open menu does not flicker.

use tauri::Wry;
use tauri::menu::{IsMenuItem, Menu, Submenu};

/// Where rows stand.
pub(super) trait Holder {
    /// Puts a row in at a place, counted from 0.
    fn put(&self, row: &dyn IsMenuItem<Wry>, at: usize) -> tauri::Result<()>;
    /// Takes a row out.
    fn take(&self, row: &dyn IsMenuItem<Wry>) -> tauri::Result<()>;
}

impl Holder for Menu<Wry> {
    fn put(&self, row: &dyn IsMenuItem<Wry>, at: usize) -> tauri::Result<()> {
        self.insert(row, at)
    }

    fn take(&self, row: &dyn IsMenuItem<Wry>) -> tauri::Result<()> {
        self.remove(row)
    }
}

impl Holder for Submenu<Wry> {
    fn put(&self, row: &dyn IsMenuItem<Wry>, at: usize) -> tauri::Result<()> {
        self.insert(row, at)
    }

    fn take(&self, row: &dyn IsMenuItem<Wry>) -> tauri::Result<()> {
        self.remove(row)
    }
}

/// One row of a menu, whether it stood there and whether it is to.
pub(super) struct Row<'a> {
    item: &'a dyn IsMenuItem<Wry>,
    stands: Stands,
}

impl<'a> Row<'a> {
    /// A row that is always there.
    pub(super) fn fixed(item: &'a dyn IsMenuItem<Wry>) -> Self {
        Self { item, stands: Stands { before: true, now: true } }
    }

    /// A row that comes and goes.
    pub(super) fn moving(item: &'a dyn IsMenuItem<Wry>, before: bool, now: bool) -> Self {
        Self { item, stands: Stands { before, now } }
    }
}

/// Makes the rows of a menu those that are to stand there; `rows` are all it may have, in their order.
pub(super) fn settle(menu: &impl Holder, rows: &[Row<'_>]) -> tauri::Result<()> {
    let stands: Vec<Stands> = rows.iter().map(|row| row.stands).collect();
    for step in steps(&stands) {
        match step {
            Step::Out(row) => menu.take(rows[row].item)?,
            Step::In(row, at) => menu.put(rows[row].item, at)?,
        }
    }
    Ok(())
}

/// Whether a row stood there and whether it is to.
#[derive(Clone, Copy, Debug)]
struct Stands {
    before: bool,
    now: bool,
}

/// What is done to a menu: rows by their number among all it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// This row is taken out.
    Out(usize),
    /// This row is put in at this place.
    In(usize, usize),
}

/// First all that goes, then what comes, from the top: each then stands behind those before it.
fn steps(rows: &[Stands]) -> Vec<Step> {
    let out = rows.iter().enumerate().filter(|(_, row)| row.before && !row.now).map(|(at, _)| Step::Out(at));
    let coming = rows.iter().enumerate().filter(|(_, row)| !row.before && row.now);
    let above = |at: usize| rows[..at].iter().filter(|row| row.now).count();
    out.chain(coming.map(|(at, _)| Step::In(at, above(at)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_any_menu_to_any_other_only_what_differs_is_touched() {
        const ROWS: usize = 5;
        for before in 0u32..1 << ROWS {
            for now in 0u32..1 << ROWS {
                let is = |of: u32, row: usize| of >> row & 1 == 1;
                let rows: Vec<Stands> =
                    (0..ROWS).map(|row| Stands { before: is(before, row), now: is(now, row) }).collect();
                let mut menu: Vec<usize> = (0..ROWS).filter(|row| is(before, *row)).collect();
                let steps = steps(&rows);
                for step in &steps {
                    match *step {
                        Step::Out(row) => menu.retain(|stands| *stands != row),
                        Step::In(row, at) => menu.insert(at, row),
                    }
                }
                let wanted: Vec<usize> = (0..ROWS).filter(|row| is(now, *row)).collect();
                assert_eq!(menu, wanted, "{before:05b} to {now:05b}");
                assert_eq!(steps.len(), (before ^ now).count_ones() as usize, "no row is moved that may stay");
            }
        }
    }
}
