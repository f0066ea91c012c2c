//! Ctrl-C while a statement runs: the first cancels it, the second stops waiting for it.

use std::future::Future;
use std::pin::pin;

use tokio_util::sync::CancellationToken;

use crate::error::{Error, Kind, Result};

/// The outcome of `work`. Ctrl-C cancels `cancel`, upon which `work` is expected to end by itself; a second one drops it.
pub(super) async fn interruptible<T>(cancel: &CancellationToken, work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            outcome = &mut work => return outcome,
            signal = tokio::signal::ctrl_c() => {
                signal?;
                if cancel.is_cancelled() {
                    return Err(Error::new(Kind::Cancelled, "stopped"));
                }
                cancel.cancel();
            }
        }
    }
}
