//! Two edits of one text put together, line by line: what only one of them changed is taken, what both
//! changed in different ways stands twice, between marks. Line ends are not compared.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Two edits put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The text.
    pub text: String,
    /// How many places stand between marks.
    pub conflicts: usize,
}

/// Puts `mine` and `theirs`, both made from `base`, together. As GNU diff3: between two lines that all three
/// have in common, a stretch that one side left as it was is taken from the other.
pub fn merge(base: &str, mine: &str, theirs: &str) -> Merged {
    let [base, mine, theirs] = [base, mine, theirs].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let (to_mine, to_theirs) = (same_lines(&base, &mine), same_lines(&base, &theirs));
    let mut merged = Merged { text: String::new(), conflicts: 0 };
    let (mut b, mut m, mut t) = (0, 0, 0);
    loop {
        let anchor = (b..base.len()).find_map(|at| {
            let (mine, theirs) = ((*to_mine.get(at)?)?, (*to_theirs.get(at)?)?);
            (mine >= m && theirs >= t).then_some((at, mine, theirs))
        });
        let (next_b, next_m, next_t) = anchor.unwrap_or((base.len(), mine.len(), theirs.len()));
        let stretch = Stretch { base: &base[b..next_b], mine: &mine[m..next_m], theirs: &theirs[t..next_t] };
        stretch.onto(&mut merged);
        if anchor.is_none() {
            return merged;
        }
        push(&mut merged.text, &mine[next_m..=next_m]);
        (b, m, t) = (next_b + 1, next_m + 1, next_t + 1);
    }
}

/// What stands between two common lines.
struct Stretch<'a> {
    base: &'a [&'a str],
    mine: &'a [&'a str],
    theirs: &'a [&'a str],
}

impl Stretch<'_> {
    fn onto(&self, merged: &mut Merged) {
        let (base, mine, theirs) = (bare(self.base), bare(self.mine), bare(self.theirs));
        if theirs == base || mine == theirs {
            push(&mut merged.text, self.mine);
        } else if mine == base {
            push(&mut merged.text, self.theirs);
        } else {
            let all = [self.mine, self.theirs, self.base].concat();
            let ending = if all.iter().any(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" };
            merged.conflicts += 1;
            push(&mut merged.text, &[&format!("<<<<<<< yours{ending}")]);
            push(&mut merged.text, self.mine);
            push(&mut merged.text, &[&format!("======={ending}")]);
            push(&mut merged.text, self.theirs);
            push(&mut merged.text, &[&format!(">>>>>>> on disk{ending}")]);
        }
    }
}

/// Adds lines; a last line without an end gets one before another follows.
fn push(text: &mut String, lines: &[&str]) {
    for line in lines {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(line);
    }
}

fn bare<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    lines.iter().map(|line| line.trim_end_matches(['\r', '\n'])).collect()
}

/// For each line of one text, the line of the other that it is.
fn same_lines(from: &[&str], to: &[&str]) -> Vec<Option<usize>> {
    let mut same = vec![None; from.len()];
    for op in capture_diff_slices(Algorithm::Myers, &bare(from), &bare(to)) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            for nth in 0..len {
                if let Some(line) = same.get_mut(old_index + nth) {
                    *line = Some(new_index + nth);
                }
            }
        }
    }
    same
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "a\nb\nc\nd\ne\n";

    fn merged(mine: &str, theirs: &str) -> (String, usize) {
        let Merged { text, conflicts } = merge(BASE, mine, theirs);
        (text, conflicts)
    }

    #[test]
    fn what_only_one_side_changed_is_taken() {
        assert_eq!(merged("A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\nf\n"), ("A\nb\nc\nd\nE\nf\n".into(), 0));
        assert_eq!(merged("a\nc\nd\ne\n", BASE), ("a\nc\nd\ne\n".into(), 0));
        assert_eq!(merged(BASE, "x\na\nb\nc\nd\n"), ("x\na\nb\nc\nd\n".into(), 0));
        assert_eq!(merged("a\nB\nc\nd\ne\n", "a\nB\nc\nd\ne\n"), ("a\nB\nc\nd\ne\n".into(), 0));
        assert_eq!(merged("A\nb\nc\nd\ne\n", &BASE.replace('\n', "\r\n")), ("A\nb\nc\nd\ne\n".into(), 0));
    }

    #[test]
    fn what_both_changed_stands_between_marks() {
        let (text, conflicts) = merged("a\nb\nmine\nd\ne\n", "a\nb\ntheirs\nd\ne\n");
        assert_eq!(conflicts, 1);
        assert_eq!(text, "a\nb\n<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> on disk\nd\ne\n");
        let (text, conflicts) = merged("a\nb\nc\nd\ne", "a\nb\nc\nd\n");
        assert_eq!((text.as_str(), conflicts), ("a\nb\nc\nd\n", 0), "only the end of the file differs");
        let (text, conflicts) = merged("a\nb\nc\nd\nmine", "a\nb\nc\nd\ntheirs");
        assert_eq!(conflicts, 1);
        assert_eq!(text, "a\nb\nc\nd\n<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> on disk\n");
        assert_eq!(merge("", "x\n", "y\n").conflicts, 1);
    }
}
