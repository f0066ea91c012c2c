//! Functions that wait: what else runs on their thread goes on elsewhere meanwhile.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Calls what blocks the thread for a while.
pub(super) fn outside<T>(blocks: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(blocks),
        Ok(_) | Err(_) => blocks(),
    }
}
