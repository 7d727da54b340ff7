//! CPU time of a process, its threads and its children, in nanoseconds, from `/proc/PID/task/TID/schedstat`.

use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

/// What the process and everything below it has spent so far. A child that has ended does not count.
pub(crate) fn of_tree(root: u32) -> Result<Duration> {
    let parents = parents()?;
    let mut tree = BTreeSet::from([root]);
    // A child's number may be lower than its parent's: until nothing is added.
    loop {
        let found: Vec<u32> = parents
            .iter()
            .filter(|(pid, parent)| tree.contains(parent) && !tree.contains(pid))
            .map(|(pid, _)| *pid)
            .collect();
        if found.is_empty() {
            break;
        }
        tree.extend(found);
    }
    let nanoseconds = tree.into_iter().map(|pid| of_threads(pid, |_| true)).sum();
    Ok(Duration::from_nanos(nanoseconds))
}

/// What the threads of a process whose names are these have spent so far, in nanoseconds.
pub(crate) fn of_threads(pid: u32, is_meant: impl Fn(&str) -> bool) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    threads
        .flatten()
        .filter(|thread| {
            fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| is_meant(name.trim_end()))
        })
        .filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok())
        .filter_map(|line| line.split(' ').next()?.parse::<u64>().ok())
        .sum()
}

/// What a process has spent so far, threads that have ended included, in nanoseconds; to a hundredth of a second.
pub(crate) fn of_process(pid: u32) -> Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    spent(&stat).context("the kernel does not say what the process has spent")
}

/// User and system time, in the 100 Hz that Linux shows everybody.
fn spent(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some((next()? + next()?) * 10_000_000)
}

fn parents() -> Result<BTreeMap<u32, u32>> {
    let processes = fs::read_dir("/proc").context("/proc")?;
    Ok(processes
        .flatten()
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((pid, parent(&stat)?))
        })
        .collect())
}

/// `12 (a b) S 7 …`: the name may hold blanks and brackets, so its last bracket counts.
fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_read_behind_any_name() {
        assert_eq!(parent("12 (a (b) c) S 7 12 12 0"), Some(7));
        assert_eq!(parent("12"), None);
    }

    #[test]
    fn user_and_system_time_are_the_fields_14_and_15() {
        let stat = "12 (a (b) c) S 7 12 12 0 -1 4194560 100 0 0 0 250 40 9 9 20 0";
        assert_eq!(spent(stat), Some(2_900_000_000));
        assert_eq!(spent("12 (a) S 7"), None);
    }

    #[test]
    fn work_of_our_own_is_seen() {
        let before = of_tree(std::process::id()).expect("read");
        let mut sum = 0u64;
        while of_tree(std::process::id()).expect("read") < before + Duration::from_millis(5) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(sum > 0);
    }
}
