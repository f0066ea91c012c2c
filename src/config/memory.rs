//! How much memory the queries share when nobody said: half of what this machine, or its container, has.

use std::fs;

/// Below this no plan with a sort or join is worth starting.
pub(super) const LEAST: usize = 256 << 20;
/// Beyond this a share must be asked for.
const MOST: usize = 64 << 30;
/// Where the operating system does not tell.
const UNKNOWN: usize = 4 << 30;

/// Where a control group's limit stands, in bytes: version 2, and 1.
const CGROUPS: [&str; 2] = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/// Half of the memory there is, in bytes, between [`LEAST`] and [`MOST`].
pub(super) fn default_share() -> usize {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| meminfo_total(&text));
    // A container sees its own limit at the root; one without a limit has `max` or a number beyond the machine's.
    let container = CGROUPS.iter().filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok());
    let there_is = machine.into_iter().chain(container).min().unwrap_or(UNKNOWN);
    (there_is / 2).clamp(LEAST, MOST)
}

/// `MemTotal` of proc(5)'s meminfo, in bytes.
fn meminfo_total(text: &str) -> Option<usize> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<usize>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn total_memory_is_read() {
        assert_eq!(meminfo_total("MemTotal:       16316412 kB\nMemFree: 1 kB\n"), Some(16_316_412 * 1024));
        assert_eq!(meminfo_total("nothing"), None);
        assert!((LEAST..=MOST).contains(&default_share()));
    }
}
