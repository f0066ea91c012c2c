//! CancelRequest: which statement a key cancels. A request with a wrong key is ignored without a word, as in PostgreSQL.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use pgwire::messages::startup::SecretKey;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Kind, Result};

/// The connections that can be cancelled, by process id.
#[derive(Default)]
pub(super) struct Registry {
    connections: Mutex<HashMap<i32, Entry>>,
}

struct Entry {
    secret: i32,
    /// `None` between statements: a late request cancels nothing.
    statement: Option<CancellationToken>,
}

/// A connection's place in the registry; leaves it when dropped.
pub(super) struct Seat {
    registry: Arc<Registry>,
    pub(super) pid: i32,
    pub(super) secret: i32,
}

impl Registry {
    /// A place for a new connection, under its session's number and with a key from the system's random source.
    pub(super) fn seat(self: &Arc<Self>, pid: i32) -> Result<Seat> {
        let mut secret = [0; 4];
        getrandom::fill(&mut secret)
            .map_err(|e| Error::new(Kind::Internal, format!("the system gives no random numbers: {e}")))?;
        let secret = i32::from_ne_bytes(secret);
        self.lock().insert(pid, Entry { secret, statement: None });
        Ok(Seat { registry: Arc::clone(self), pid, secret })
    }

    /// Cancels what the connection runs now, if the key is its key.
    pub(super) fn cancel(&self, pid: i32, secret: &SecretKey) {
        if let Some(entry) = self.lock().get(&pid)
            && secret.eq_value(&SecretKey::I32(entry.secret))
            && let Some(statement) = &entry.statement
        {
            statement.cancel();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i32, Entry>> {
        // Each change is one insert or remove, so the map is whole whatever panicked.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// From here on a request cancels `statement`; with `None`, nothing.
    pub(super) fn running(&self, statement: Option<CancellationToken>) {
        if let Some(entry) = self.registry.lock().get_mut(&self.pid) {
            entry.statement = statement;
        }
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
        let registry = Arc::new(Registry::default());
        let seat = registry.seat(7).expect("random numbers");
        let right = SecretKey::I32(seat.secret);
        let token = CancellationToken::new();

        registry.cancel(seat.pid, &right);
        seat.running(Some(token.clone()));
        registry.cancel(seat.pid, &SecretKey::I32(seat.secret.wrapping_add(1)));
        registry.cancel(seat.pid.wrapping_add(1), &right);
        assert!(!token.is_cancelled());
        registry.cancel(seat.pid, &SecretKey::Bytes(seat.secret.to_be_bytes().to_vec().into()));
        assert!(token.is_cancelled());

        let (pid, later) = (seat.pid, CancellationToken::new());
        drop(seat);
        registry.cancel(pid, &right);
        assert!(!later.is_cancelled() && registry.lock().is_empty());
    }
}
