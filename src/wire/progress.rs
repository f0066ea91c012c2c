//! First touches as notices: what a client sees while a table is read for the first time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::engine::Notice;
use crate::snapshot::{Progress, ProgressEvent};

/// Notices that wait for a slow client; further ones are dropped.
const WAITING: usize = 64;

/// The least time between two notices of one table's bytes.
const PACE: Duration = Duration::from_secs(1);

/// A listener for the engine, and where its notices come out.
pub(super) fn channel() -> (Progress, mpsc::Receiver<Notice>) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let reads = Mutex::new(HashMap::new());
    let heard = move |event: ProgressEvent| {
        let mut reads = reads.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notice) = told(event, Instant::now(), &mut reads) {
            // A full channel means that the client does not read: it may miss a line of progress.
            let _ = sender.try_send(notice);
        }
    };
    (Arc::new(heard), receiver)
}

/// A table that is being read.
struct Read {
    total: u64,
    told: Instant,
}

/// What is told of an event, if anything.
fn told(event: ProgressEvent, now: Instant, reads: &mut HashMap<String, Read>) -> Option<Notice> {
    let message = match event {
        ProgressEvent::Started { table, files, bytes } => {
            let files = if files == 1 { String::new() } else { format!("{files} files, ") };
            let message = format!("reading {table}: {files}{}", size(bytes));
            reads.insert(table, Read { total: bytes, told: now });
            message
        }
        ProgressEvent::Read { table, bytes } => {
            let read = reads.get_mut(&table).filter(|read| now.duration_since(read.told) >= PACE)?;
            read.told = now;
            format!("reading {table}: {} of {}", size(bytes), size(read.total))
        }
        ProgressEvent::Finished { table, rows, rejects } => {
            reads.remove(&table);
            let rejects = if rejects == 0 { String::new() } else { format!(", {rejects} rejected values (see catalog.rejects)") };
            format!("read {table}: {rows} rows{rejects}")
        }
        ProgressEvent::Warning { table, message } => {
            return Some(Notice { severity: "WARNING", code: "01000", message: format!("{table}: {message}") });
        }
    };
    Some(Notice { severity: "NOTICE", code: "00000", message })
}

fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) if bytes < 10 * unit => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        Some((unit, name)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_once_a_second() {
        let start = Instant::now();
        let table = || "transport.trips".to_owned();
        let read = |bytes| ProgressEvent::Read { table: table(), bytes };
        let cases = [
            (0, read(1), None),
            (
                0,
                ProgressEvent::Started { table: table(), files: 3, bytes: 120_400_000 },
                Some("reading transport.trips: 3 files, 120 MB"),
            ),
            (900, read(9_000_000), None),
            (1100, read(34_900_000), Some("reading transport.trips: 34 MB of 120 MB")),
            (1900, read(60_000_000), None),
            (2200, read(1_270_000_000), Some("reading transport.trips: 1.2 GB of 120 MB")),
            (2300, ProgressEvent::Warning { table: table(), message: "m".to_owned() }, Some("transport.trips: m")),
            (
                2400,
                ProgressEvent::Finished { table: table(), rows: 5, rejects: 2 },
                Some("read transport.trips: 5 rows, 2 rejected values (see catalog.rejects)"),
            ),
            (9000, read(1), None),
        ];
        let mut reads = HashMap::new();
        for (millis, event, expected) in cases {
            let notice = told(event, start + Duration::from_millis(millis), &mut reads);
            assert_eq!(notice.map(|n| n.message).as_deref(), expected);
        }
    }
}
