//! Retention: which snapshots of a table are old enough to go. Taking them away is the state's business.

use chrono::{DateTime, TimeDelta, Utc};

use super::Retention;
use super::state::Record;

impl Retention {
    /// The ids of those of the snapshots, oldest first, that may go now: beyond the newest `keep` (one at least) and replaced longer than
    /// `older_than` ago. One whose next has no readable time stays.
    pub(super) fn old(&self, snapshots: &[Record], now: DateTime<Utc>) -> Vec<String> {
        let before = TimeDelta::from_std(self.older_than).ok().and_then(|age| now.checked_sub_signed(age));
        let beyond = snapshots.len().saturating_sub(self.keep.max(1));
        let replaced = snapshots.iter().zip(snapshots.iter().skip(1)).take(beyond);
        let long_ago = |next: &Record| next.created_at().zip(before).is_some_and(|(at, before)| at <= before);
        replaced.filter(|(_, next)| long_ago(next)).map(|(record, _)| record.id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::snapshot::state::tests::record;

    #[test]
    fn old_snapshots_go_by_count_and_age() {
        let made =
            |id: &str, minutes: i64| Record { created: (Utc::now() - TimeDelta::minutes(minutes)).to_rfc3339(), ..record(id) };
        let all = [made("a", 90), made("b", 60), made("c", 30), made("d", 5)];
        for (keep, minutes, want) in [
            (0, 0, "a b c"),
            (1, 0, "a b c"),
            (2, 0, "a b"),
            (10, 0, ""),
            (1, 10, "a b"),
            (1, 45, "a"),
            (3, 10, "a"),
            (1, 70, ""),
        ] {
            let retention = Retention { keep, older_than: Duration::from_secs(minutes * 60) };
            assert_eq!(retention.old(&all, Utc::now()).join(" "), want, "keep {keep}, older than {minutes} minutes");
        }
        let unreadable = [made("a", 90), Record { created: "?".into(), ..record("b") }, made("c", 30)];
        let retention = Retention { keep: 1, older_than: Duration::ZERO };
        assert_eq!(retention.old(&unreadable, Utc::now()), ["b"]);
    }
}
