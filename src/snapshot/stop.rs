//! Stopping: what a read's long loops ask between two steps, since a thread that blocks can't be ended from outside. Who stops, and
//! when, is decided by the owner of the reads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::error::{Error, Kind, Result};

/// Set once for all reads of one owner; clones are of the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop {
    all: CancellationToken,
    deadline: Option<Deadline>,
}

/// When one read must have ended, how long it had, and what was read.
#[derive(Clone, Debug)]
struct Deadline {
    at: Instant,
    limit: Duration,
    what: Arc<str>,
}

impl Stop {
    /// The same for one read, of `what`, which also ends when `limit` is over; zero is no limit.
    pub(super) fn within(&self, limit: Duration, what: &str) -> Self {
        let at = Instant::now().checked_add(limit).filter(|_| !limit.is_zero());
        Self { all: self.all.clone(), deadline: at.map(|at| Deadline { at, limit, what: what.into() }) }
    }

    /// Stops all who ask.
    pub(super) fn stop(&self) {
        self.all.cancel();
    }

    /// [`Kind::Shutdown`] once it is set, [`Kind::Timeout`] when the read's time is over.
    pub(super) fn check(&self) -> Result<()> {
        match &self.deadline {
            _ if self.all.is_cancelled() => Err(stopped()),
            Some(deadline) if deadline.at <= Instant::now() => Err(late(deadline)),
            Some(_) | None => Ok(()),
        }
    }

    /// Resolves when it is set or the time is over, to the error that ends the read.
    pub(super) async fn reached(&self) -> Error {
        let Some(deadline) = &self.deadline else {
            self.all.cancelled().await;
            return stopped();
        };
        tokio::select! {
            () = self.all.cancelled() => stopped(),
            () = tokio::time::sleep_until(deadline.at.into()) => late(deadline),
        }
    }
}

fn stopped() -> Error {
    Error::new(Kind::Shutdown, "reading a source was stopped")
}

fn late(Deadline { limit, what, .. }: &Deadline) -> Error {
    Error::new(Kind::Timeout, format!("reading {what} was stopped after {} s", limit.as_secs_f64()))
        .with_hint("Raise the limit with --touch-timeout; 0 is none.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_read_ends_at_its_deadline() {
        let all = Stop::default();
        let (free, short) = (all.within(Duration::ZERO, "t.a"), all.within(Duration::from_millis(1), "t.b"));
        assert_eq!(short.reached().await.message(), "reading t.b was stopped after 0.001 s");
        let kinds = |stops: [&Stop; 3]| stops.map(|s| s.check().err().map(|e| e.kind()));
        assert_eq!(kinds([&all, &free, &short]), [None, None, Some(Kind::Timeout)]);
        all.stop();
        assert_eq!(kinds([&all, &free, &short]), [Some(Kind::Shutdown); 3]);
    }
}
