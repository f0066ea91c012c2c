//! Stopping: what a read's long loops ask between two steps, since a thread that blocks can't be ended from outside. Who stops, and
//! when, is decided by the owner of the reads.

use tokio_util::sync::CancellationToken;

use crate::error::{Error, Kind, Result};

/// Set once for all reads of one owner; clones are of the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop(CancellationToken);

impl Stop {
    /// Stops all who ask.
    pub(super) fn stop(&self) {
        self.0.cancel();
    }

    /// [`Kind::Shutdown`] once it is set.
    pub(super) fn check(&self) -> Result<()> {
        if self.0.is_cancelled() { Err(stopped()) } else { Ok(()) }
    }

    /// Resolves when it is set, to the error that ends the read.
    pub(super) async fn reached(&self) -> Error {
        self.0.cancelled().await;
        stopped()
    }
}

fn stopped() -> Error {
    Error::new(Kind::Shutdown, "reading a source was stopped")
}
