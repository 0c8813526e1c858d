//! What processes weigh, from /proc. Resident counts shared pages in each process that has them;
//! the proportional size (PSS) shares them out, and is the honest sum over several.

use std::fs;

use anyhow::{Context, Result};

/// Resident kibibytes of one process.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    field(&fs::read_to_string(format!("/proc/{pid}/status"))?, "VmRSS:").context("/proc names no resident size")
}

/// What a process and all below it weigh.
#[derive(Default)]
pub(crate) struct Weight {
    pub(crate) resident: u64,
    pub(crate) proportional: u64,
    /// Names of the processes, the first one first.
    pub(crate) names: Vec<String>,
}

pub(crate) fn tree(pid: u32) -> Result<Weight> {
    let parents = parents()?;
    let mut weight = Weight::default();
    let mut open = vec![pid];
    while let Some(pid) = open.pop() {
        // A process may end while we look.
        let Ok(rollup) = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) else { continue };
        weight.resident += field(&rollup, "Rss:").unwrap_or_default();
        weight.proportional += field(&rollup, "Pss:").unwrap_or_default();
        weight.names.push(name(pid));
        open.extend(parents.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| *child));
    }
    Ok(weight)
}

/// The first process of this name at or below another.
pub(crate) fn below(pid: u32, wanted: &str) -> Option<u32> {
    let parents = parents().ok()?;
    let mut open = vec![pid];
    while let Some(pid) = open.pop() {
        if name(pid) == wanted {
            return Some(pid);
        }
        open.extend(parents.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| *child));
    }
    None
}

/// The kernel's name of a process: its first 15 characters.
fn name(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

/// Every process with its parent.
fn parents() -> Result<Vec<(u32, u32)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse() else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // "pid (name) state parent …": the name may hold anything, its last parenthesis ends it.
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        all.extend(parent.map(|parent| (pid, parent)));
    }
    Ok(all)
}

/// The number after a label.
fn field(text: &str, label: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(label))?.split_whitespace().next()?.parse().ok()
}
