//! Others' decoders, which may panic on bytes that make no sense. Such a panic is caught, told by whoever runs the decoder as an error of the
//! file, and kept off standard error, where a panic means a fault of Stoa's own.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::pin::pin;
use std::sync::Once;

/// What a decoder panicked with.
pub type Panic = Box<dyn Any + Send>;

thread_local! {
    /// How many steps of decoders this thread is within.
    static WITHIN: Cell<usize> = const { Cell::new(0) };
}

/// Counts a step while it lasts, also one that panics.
struct Within;

impl Within {
    fn new() -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let others = take_hook();
            set_hook(Box::new(move |panic| {
                if WITHIN.get() == 0 {
                    others(panic);
                } else {
                    tracing::debug!("a decoder stopped: {panic}");
                }
            }));
        });
        WITHIN.set(WITHIN.get() + 1);
        Self
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        WITHIN.set(WITHIN.get() - 1);
    }
}

/// Runs a step of a decoder, whose state is not to be used again once it panicked.
pub fn step<T>(step: impl FnOnce() -> T) -> Result<T, Panic> {
    let _within = Within::new();
    catch_unwind(AssertUnwindSafe(step))
}

/// The same of a decoder that waits for its bytes.
pub async fn steps<T>(steps: impl Future<Output = T>) -> Result<T, Panic> {
    let mut steps = pin!(steps);
    std::future::poll_fn(|context| match step(|| steps.as_mut().poll(context)) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => std::task::Poll::Ready(Err(panic)),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_decoders_panic_is_caught_and_counted_out() {
        assert_eq!(step(|| step(|| 1).is_ok_and(|one| one == 1)).ok(), Some(true));
        let panic = step(|| -> () { panic!("no page has 2 bytes") }).expect_err("it panics");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"no page has 2 bytes"));
        assert_eq!(WITHIN.get(), 0);
        let waited = steps(async {
            tokio::task::yield_now().await;
            assert_eq!(WITHIN.get(), 1);
            panic!("late");
        });
        let panic: Result<(), Panic> = waited.await;
        assert!(panic.is_err());
        assert_eq!(WITHIN.get(), 0);
    }
}
