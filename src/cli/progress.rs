//! How a first touch looks while it lasts: a bar for each table in a terminal, else a line now and then when it takes long.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, MultiProgress, ProgressBar, ProgressStyle};

use crate::snapshot::{Progress, ProgressEvent};

/// Without a terminal, a read is worth a line after this long, and another each time as long again.
const WORTH_A_LINE: Duration = Duration::from_secs(2);

/// Shows the reads that a session's statements wait for, on standard error.
#[derive(Clone)]
pub(super) struct Reporter(Arc<Mutex<Reads>>);

struct Reads {
    screen: Option<MultiProgress>,
    running: HashMap<String, Read>,
}

struct Read {
    bytes: u64,
    started: Instant,
    /// How long it had run at its last line; `None` before the first.
    told: Option<Duration>,
    bar: Option<ProgressBar>,
}

impl Reporter {
    /// Bars when standard error is a terminal, lines otherwise.
    pub(super) fn new() -> Self {
        let screen = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self(Arc::new(Mutex::new(Reads { screen, running: HashMap::new() })))
    }

    /// What a session is to call.
    pub(super) fn progress(&self) -> Progress {
        let reporter = self.clone();
        Arc::new(move |event| {
            if let Some(line) = reporter.reads().heard(event, Instant::now()) {
                eprintln!("{line}");
            }
        })
    }

    /// Writes something that bars would tear, above them.
    pub(super) fn above<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.reads().screen {
            Some(screen) => screen.suspend(write),
            None => write(),
        }
    }

    /// Removes what is left on the screen: a statement that failed does not finish its reads.
    pub(super) fn clear(&self) {
        for (_, read) in self.reads().running.drain() {
            if let Some(bar) = read.bar {
                bar.finish_and_clear();
            }
        }
    }

    /// A panic elsewhere leaves the map whole: each change is one call.
    fn reads(&self) -> MutexGuard<'_, Reads> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reads {
    /// Takes an event, and gives the line to print, if any.
    fn heard(&mut self, event: ProgressEvent, now: Instant) -> Option<String> {
        match event {
            ProgressEvent::Started { table, files: _, bytes } => {
                let bar = self.screen.as_ref().map(|screen| screen.add(bar(&table, bytes)));
                self.running.insert(table, Read { bytes, started: now, told: None, bar });
                None
            }
            ProgressEvent::Read { table, bytes } => {
                let read = self.running.get_mut(&table)?;
                if let Some(bar) = &read.bar {
                    bar.set_position(bytes);
                    return None;
                }
                let lasted = now - read.started;
                if lasted < read.told.map_or(WORTH_A_LINE, |told| told * 2) {
                    return None;
                }
                read.told = Some(lasted);
                Some(format!("reading {table}: {} of {}", HumanBytes(bytes), HumanBytes(read.bytes)))
            }
            ProgressEvent::Finished { table, rows, rejects } => {
                let read = self.running.remove(&table)?;
                if let Some(bar) = read.bar {
                    bar.finish_and_clear();
                }
                let lasted = now - read.started;
                if lasted < WORTH_A_LINE && rejects == 0 {
                    return None;
                }
                let rejected = if rejects == 0 {
                    String::new()
                } else {
                    format!(", {} values or rows did not fit (see catalog.rejects)", HumanCount(rejects))
                };
                Some(format!("read {table}: {} rows in {:.1} s{rejected}", HumanCount(rows), lasted.as_secs_f64()))
            }
            ProgressEvent::Warning { table, message } => {
                let line = format!("warning: {table}: {message}");
                match &self.screen {
                    // Above the bars; printing past them would tear them.
                    Some(screen) if screen.println(&line).is_ok() => None,
                    Some(_) | None => Some(line),
                }
            }
        }
    }
}

fn bar(table: &str, bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("reading {prefix} [{bar:30}] {bytes} of {total_bytes}, {eta} left")
        .expect("the template is well formed")
        .progress_chars("=> ");
    ProgressBar::new(bytes).with_style(style).with_prefix(table.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_reads_are_told_of_without_a_terminal() {
        let mut reads = Reads { screen: None, running: HashMap::new() };
        let start = Instant::now();
        let t = || "transport.trips".to_owned();
        for (event, seconds, line) in [
            (ProgressEvent::Started { table: t(), files: 1, bytes: 4096 }, 0, None),
            (ProgressEvent::Read { table: t(), bytes: 1024 }, 1, None),
            (ProgressEvent::Read { table: t(), bytes: 2048 }, 3, Some("reading transport.trips: 2.00 KiB of 4.00 KiB")),
            (ProgressEvent::Read { table: t(), bytes: 3072 }, 4, None),
            (
                ProgressEvent::Finished { table: t(), rows: 5000, rejects: 0 },
                5,
                Some("read transport.trips: 5,000 rows in 5.0 s"),
            ),
            (ProgressEvent::Started { table: t(), files: 1, bytes: 10 }, 6, None),
            (ProgressEvent::Finished { table: t(), rows: 5, rejects: 0 }, 7, None),
            (ProgressEvent::Warning { table: t(), message: "stale".into() }, 8, Some("warning: transport.trips: stale")),
        ] {
            assert_eq!(reads.heard(event, start + Duration::from_secs(seconds)).as_deref(), line);
        }
    }
}
