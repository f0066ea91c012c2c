//! CancelRequest: which statement a key cancels. A key has 4 bytes in protocol 3.0 and 32 from 3.2 on. A request with a wrong one is
//! ignored without a word, as in PostgreSQL.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use pgwire::messages::startup::SecretKey;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Kind, Result};

/// The connections that can be cancelled, by process id.
#[derive(Default)]
pub(super) struct Registry {
    connections: Mutex<HashMap<i32, Entry>>,
}

struct Entry {
    secret: SecretKey,
    statement: Arc<Running>,
}

/// What a connection runs. `None` between statements: a late request cancels nothing.
type Running = Mutex<Option<CancellationToken>>;

/// A connection's place in the registry; leaves it when dropped.
pub(super) struct Seat {
    registry: Arc<Registry>,
    /// Shared with the registry alone, so that connections do not wait for each other with every message.
    statement: Arc<Running>,
    pub(super) pid: i32,
    pub(super) secret: SecretKey,
}

impl Registry {
    /// A place for a new connection, under its session's number and with a key from the system's random source, as long as this minor
    /// version of the protocol has it.
    pub(super) fn seat(self: &Arc<Self>, pid: i32, minor: u32) -> Result<Seat> {
        let mut random = [0; 32];
        getrandom::fill(&mut random)
            .map_err(|e| Error::new(Kind::Internal, format!("the system gives no random numbers: {e}")))?;
        let length = if minor >= 2 { random.len() } else { 4 };
        let secret = SecretKey::Bytes(Bytes::copy_from_slice(&random[..length]));
        let statement = Arc::default();
        self.lock().insert(pid, Entry { secret: secret.clone(), statement: Arc::clone(&statement) });
        Ok(Seat { registry: Arc::clone(self), statement, pid, secret })
    }

    /// Cancels what the connection runs now, if the key is its key.
    pub(super) fn cancel(&self, pid: i32, secret: &SecretKey) {
        if let Some(entry) = self.lock().get(&pid)
            && is_same(&secret.to_bytes(), &entry.secret.to_bytes())
            && let Some(statement) = &*lock(&entry.statement)
        {
            statement.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i32, Entry>> {
        lock(&self.connections)
    }
}

/// Each change of what is locked here is one step, so it is whole whatever panicked.
fn lock<T>(locked: &Mutex<T>) -> MutexGuard<'_, T> {
    locked.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether two keys are one, in the same time wherever they differ.
fn is_same(left: &[u8], right: &[u8]) -> bool {
    let differing = left.iter().zip(right).fold(0, |all, (left, right)| all | (left ^ right));
    left.len() == right.len() && std::hint::black_box(differing) == 0
}

impl Seat {
    /// From here on a request cancels `statement`; with `None`, nothing.
    pub(super) fn running(&self, statement: Option<CancellationToken>) {
        *lock(&self.statement) = statement;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.pid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_key_cancels_and_only_while_a_statement_runs() {
        for (minor, length) in [(0, 4), (1, 4), (2, 32)] {
            let registry = Arc::new(Registry::default());
            let seat = registry.seat(7, minor).expect("random numbers");
            let right = seat.secret.clone();
            assert_eq!(right.to_bytes().len(), length);
            let token = CancellationToken::new();

            registry.cancel(seat.pid, &right);
            seat.running(Some(token.clone()));
            for at in 0..length {
                let mut wrong = right.to_bytes().to_vec();
                wrong[at] ^= 1;
                registry.cancel(seat.pid, &SecretKey::Bytes(wrong.into()));
            }
            registry.cancel(seat.pid, &SecretKey::Bytes(right.to_bytes().slice(..length - 1)));
            registry.cancel(seat.pid.wrapping_add(1), &right);
            assert!(!token.is_cancelled());
            registry.cancel(seat.pid, &right);
            assert!(token.is_cancelled());

            let (pid, later) = (seat.pid, CancellationToken::new());
            drop(seat);
            registry.cancel(pid, &right);
            assert!(!later.is_cancelled() && registry.lock().is_empty());
        }
    }
}
