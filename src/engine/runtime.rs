//! The threads that plan and run queries, apart from those that serve sockets: a plan that hangs or a query that does not yield must
//! not keep a client from its answer, a cancel or a timeout.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use datafusion::common::instant::Instant;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Kind, Result};

/// Parsing and planning recurse; their stack is reserved, not used, until they do.
pub const STACK_BYTES: usize = 64 << 20;

/// A pool of its own for work on the processor.
#[derive(Debug)]
pub struct Cpu {
    runtime: Option<Runtime>,
}

/// When a session's running command must end; set anew by the next command, also while its rows wait to be fetched.
#[derive(Clone, Debug, Default)]
pub struct Deadline(Arc<Mutex<Option<Instant>>>);

impl Deadline {
    /// Counts from now on.
    pub fn arm(&self, timeout: Option<Duration>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = timeout.map(|t| Instant::now() + t);
    }

    fn at(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What ends a statement early: its client, or its deadline.
#[derive(Clone, Debug)]
pub struct Limit {
    pub cancel: CancellationToken,
    pub deadline: Deadline,
}

impl Limit {
    /// Resolves when the statement must end, to the reason. The deadline is the one that holds when the wait begins.
    pub async fn reached(&self) -> Error {
        let deadline = async {
            match self.deadline.at() {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.cancel.cancelled() => Error::new(Kind::Cancelled, "canceling statement due to user request"),
            () = deadline => Error::new(Kind::Timeout, "canceling statement due to statement timeout")
                .with_hint("SET statement_timeout gives a statement more time; 0 gives it all."),
        }
    }
}

/// Aborts its task when dropped.
#[derive(Debug)]
pub struct AbortOnDrop(pub AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Cpu {
    /// A pool of `threads`, at least one.
    pub fn new(threads: usize) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads.max(1))
            .thread_name("stoa-query")
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()?;
        Ok(Self { runtime: Some(runtime) })
    }

    /// Where tasks of this pool are started.
    pub fn handle(&self) -> &Handle {
        self.runtime.as_ref().expect("taken in drop only").handle()
    }

    /// Runs `work` on the pool until it is done or `limit` is reached; the caller is answered in either case at once. A panic is an
    /// internal error.
    pub async fn run<T: Send + 'static>(
        &self,
        limit: &Limit,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let task = self.handle().spawn(work);
        let _abort = AbortOnDrop(task.abort_handle());
        tokio::select! {
            done = task => done.unwrap_or_else(|e| Err(panicked(e))),
            reason = limit.reached() => Err(reason),
        }
    }

    /// Like [`Self::run`], on a thread of its own: planning does not yield, so a plan that takes forever would else keep a thread of the
    /// pool from all other statements. A caller that goes away ends it where it waits, for a first touch above all.
    pub async fn plan<T: Send + 'static>(
        &self,
        limit: &Limit,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let gone = limit.cancel.child_token();
        let (handle, own) = (self.handle().clone(), Limit { cancel: gone.clone(), deadline: limit.deadline.clone() });
        let _gone = gone.drop_guard();
        let task = self.handle().spawn_blocking(move || {
            handle.block_on(async {
                tokio::select! {
                    done = work => done,
                    reason = own.reached() => Err(reason),
                }
            })
        });
        tokio::select! {
            done = task => done.unwrap_or_else(|e| Err(panicked(e))),
            reason = limit.reached() => Err(reason),
        }
    }
}

impl Drop for Cpu {
    fn drop(&mut self) {
        // A runtime may not be waited for inside of another one, where an engine may well be dropped.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The error of a task that did not end by itself.
pub fn panicked(e: tokio::task::JoinError) -> Error {
    if e.is_cancelled() {
        return Error::new(Kind::Shutdown, "terminating the statement: the server is stopping");
    }
    let panic = e.into_panic();
    let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    Error::new(Kind::Internal, format!("internal error: {}", said.unwrap_or("a task panicked")))
        .with_hint("This is a fault of Stoa or of a library below it; please report the statement.")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer than any of these tests waits, also on a busy machine; nobody waits for its end.
    const STUCK: Duration = Duration::from_secs(20);

    /// A limit that counts from now on.
    fn within(timeout: Option<Duration>) -> Limit {
        let limit = Limit { cancel: CancellationToken::new(), deadline: Deadline::default() };
        limit.deadline.arm(timeout);
        limit
    }

    #[tokio::test]
    async fn the_caller_is_answered_though_the_work_does_not_yield() {
        let cpu = Cpu::new(1).expect("threads");
        let limit = within(Some(Duration::from_millis(20)));
        let stuck = async {
            std::thread::sleep(STUCK);
            Ok(())
        };
        let started = std::time::Instant::now();
        let e = cpu.run(&limit, stuck).await.expect_err("the deadline");
        assert_eq!(e.kind(), Kind::Timeout);
        assert!(started.elapsed() < STUCK / 2);
    }

    #[tokio::test]
    async fn plans_that_hang_leave_the_pool_to_others() {
        let cpu = Cpu::new(1).expect("threads");
        let soon = within(Some(Duration::from_millis(20)));
        let stuck = || async {
            std::thread::sleep(STUCK);
            Ok(())
        };
        for _ in 0..4 {
            assert_eq!(cpu.plan(&soon, stuck()).await.expect_err("the deadline").kind(), Kind::Timeout);
        }
        let started = std::time::Instant::now();
        cpu.run(&within(None), async { Ok(()) }).await.expect("runs");
        assert!(started.elapsed() < STUCK / 2);
    }

    #[tokio::test]
    async fn a_plan_that_nobody_waits_for_ends() {
        let cpu = Cpu::new(1).expect("threads");
        let (tell, told) = tokio::sync::oneshot::channel::<()>();
        let waits = async move {
            let _tell = tell;
            std::future::pending::<Result<()>>().await
        };
        let limit = within(None);
        let given_up = tokio::time::timeout(Duration::from_millis(20), cpu.plan(&limit, waits)).await;
        assert!(given_up.is_err());
        let ended = tokio::time::timeout(STUCK, told).await.expect("it ends");
        assert!(ended.is_err() && !limit.cancel.is_cancelled());
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let cpu = Cpu::new(1).expect("threads");
        let limit = within(None);
        let e = cpu.run::<()>(&limit, async { panic!("a bug") }).await.expect_err("the panic");
        assert_eq!((e.kind(), e.message()), (Kind::Internal, "internal error: a bug"));
    }
}
