//! The threads that requests to a bucket run on, and waiting for them.

use tokio::runtime::{Handle, Runtime};

use crate::error::{Error, Kind, Result};

/// A runtime of the state's own: callers may be on threads of a runtime, which must not wait for itself.
#[derive(Debug)]
pub(super) struct Threads(Option<Runtime>);

impl Threads {
    pub(super) fn new() -> Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("stoa-state").enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    pub(super) fn handle(&self) -> Handle {
        self.0.as_ref().expect("it is there until it is dropped").handle().clone()
    }

    pub(super) fn wait<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T> {
        let (tell, told) = std::sync::mpsc::channel();
        self.handle().spawn(async move {
            // Who asked waits until it is told.
            let _ = tell.send(work.await);
        });
        told.recv().map_err(|_| Error::new(Kind::Internal, "a request to the state failed inside"))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Dropped as it is, it would wait, which a thread of another runtime may not.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
