//! What /proc tells of processes: time on a processor, memory, open files.

use std::collections::HashMap;
use std::fs;

/// All processes.
pub fn processes() -> Vec<i32> {
    let entries = fs::read_dir("/proc").expect("/proc");
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// A process and all below it.
pub fn tree(root: i32) -> Vec<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for pid in processes() {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        children.entry(parent.unwrap_or(0)).or_default().push(pid);
    }
    let mut all = vec![root];
    let mut at = 0;
    while at < all.len() {
        all.extend(children.remove(&all[at]).unwrap_or_default());
        at += 1;
    }
    all
}

/// Nanoseconds on a processor, per thread.
pub fn processor_ns(processes: &[i32]) -> HashMap<(i32, String), u64> {
    let mut all = HashMap::new();
    for pid in processes {
        for thread in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let told = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
            let ns = told.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0);
            all.insert((*pid, thread.file_name().to_string_lossy().into_owned()), ns);
        }
    }
    all
}

/// Seconds on a processor between two readings; a thread that began meanwhile counts whole.
pub fn seconds_between(before: &HashMap<(i32, String), u64>, after: &HashMap<(i32, String), u64>) -> f64 {
    let gained = after.iter().map(|(id, ns)| ns.saturating_sub(before.get(id).copied().unwrap_or(0)));
    gained.sum::<u64>() as f64 / 1e9
}

/// A field of `/proc/PID/status` in MB: `VmRSS`, `VmHWM`.
pub fn memory_mb(pid: i32, field: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

/// Open files.
pub fn open_files(pid: i32) -> f64 {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(f64::NAN, |files| files.count() as f64)
}
