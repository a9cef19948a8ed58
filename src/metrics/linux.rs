//! What Linux tells of this process. What cannot be read is left out.

use std::fs;

use prometheus_client::{
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

/// Puts what `/proc` tells of this process into `registry`.
pub(super) fn register(registry: &mut Registry) {
    let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
    let ticks = rustix::param::clock_ticks_per_second();
    if let Some(seconds) = cpu(&read("stat"), ticks) {
        registry.register("process_cpu_seconds", "Time that processors have spent on it", ConstCounter::new(seconds));
    }
    let status = read("status");
    for (name, help, key) in [
        ("process_resident_memory_bytes", "Memory that it holds", "VmRSS:"),
        ("process_virtual_memory_bytes", "Address space that it has asked for", "VmSize:"),
    ] {
        if let Some(bytes) = memory(&status, key) {
            registry.register(name, help, ConstGauge::new(bytes));
        }
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // Looking has opened one more.
        let open = open.count().saturating_sub(1) as i64;
        registry.register("process_open_fds", "Files and sockets that it has open", ConstGauge::new(open));
    }
    if let Some(most) = most_files(&read("limits")) {
        registry.register("process_max_fds", "Files and sockets that it may have open", ConstGauge::new(most));
    }
}

/// User's and system's time in seconds. The name before them is in brackets and may hold anything, brackets too.
fn cpu(stat: &str, ticks: u64) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut times = rest.split_whitespace().skip(11).map(str::parse::<u64>);
    let (user, system) = (times.next()?.ok()?, times.next()?.ok()?);
    (ticks > 0).then(|| (user + system) as f64 / ticks as f64)
}

/// The bytes of the line that begins with `key`.
fn memory(status: &str, key: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kibibytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// How many files may be open.
fn most_files(limits: &str) -> Option<i64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{cpu, memory, most_files};

    #[test]
    fn what_the_system_writes_is_read() {
        let stat = "71 (a) b) S 1 71 71 0 -1 4194304 100 0 0 0 250 50 9 9 20 0 1 0 125183";
        assert_eq!(cpu(stat, 100), Some(3.0));
        assert_eq!(cpu("nonsense", 100), None);
        assert_eq!(memory("Name:\tx\nVmRSS:\t    2048 kB\n", "VmRSS:"), Some(2 << 20));
        assert_eq!(memory("VmRSS:\t2048 pages\n", "VmRSS:"), None);
        assert_eq!(
            most_files("Limit Soft\nMax open files            20000                20000  files\n"),
            Some(20_000)
        );
        assert_eq!(most_files("Max open files            unlimited            unlimited  files\n"), None);
    }
}
