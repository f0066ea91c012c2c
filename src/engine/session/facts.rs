//! What a session tells the system tables and functions: of itself, and of the others, which it may cancel or end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use async_trait::async_trait;

use super::super::resolve::known_columns;
use super::super::shared::Shared;
use super::Inner;
use super::channels::Asked;
use super::transaction::Block;
use crate::catalog::{KnownColumn, TableEntry};
use crate::error::{Error, Kind, Result};
use crate::table::{
    AdvisoryLock, AdvisoryRow, CursorRow, Describe, EndedQuery, RunningQuery, SessionFacts, SessionRow, Setting, StatementRow,
};

/// Describes a table by reading it for the first time.
pub(super) struct FirstTouch(pub(super) Arc<Shared>, pub(super) Arc<Inner>);

#[async_trait]
impl Describe for FirstTouch {
    async fn columns(&self, table: &TableEntry) -> Result<Vec<KnownColumn>> {
        let snapshot = self.0.touch(table, &self.1).await?;
        Ok(known_columns(&snapshot))
    }
}

impl SessionFacts for Inner {
    fn search_path(&self) -> Vec<String> {
        self.path()
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.state().settings.show(name).ok()
    }

    fn settings(&self) -> Vec<Setting> {
        self.state().settings.described()
    }

    fn set(&self, name: &str, value: &str, local: bool) -> Result<String> {
        self.change_setting(name, Some(value), local)?;
        self.state().settings.show(name)
    }

    fn backend_pid(&self) -> i32 {
        self.id
    }

    fn server_started(&self) -> i64 {
        self.shared.upgrade().map_or(0, |s| micros(s.started))
    }

    fn transaction_started(&self) -> i64 {
        self.state().transaction_started
    }

    fn statement_started(&self) -> i64 {
        self.state().statement_started
    }

    fn is_running(&self) -> bool {
        self.state().running.as_ref().is_some_and(|run| !run.cancel.is_cancelled())
    }

    fn client_address(&self) -> Option<SocketAddr> {
        self.client
    }

    fn server_address(&self) -> Option<SocketAddr> {
        None
    }

    fn sessions(&self) -> Vec<SessionRow> {
        let Some(shared) = self.shared.upgrade() else { return Vec::new() };
        shared.sessions().iter().map(|s| s.row()).collect()
    }

    fn ended(&self) -> Vec<Arc<EndedQuery>> {
        self.shared.upgrade().map_or_else(Vec::new, |shared| shared.history.all())
    }

    fn roles(&self) -> Vec<String> {
        let Some(roles) = &self.roles else { return Vec::new() };
        roles.last().all().iter().map(|role| role.name.clone()).collect()
    }

    fn prepared_statements(&self) -> Vec<StatementRow> {
        self.state().named.statements()
    }

    fn cursors(&self) -> Vec<CursorRow> {
        self.state().named.cursors()
    }

    fn notify(&self, channel: &str, payload: &str) -> Result<()> {
        self.ask(Asked::Notify { channel: channel.to_owned(), payload: payload.to_owned() })
    }

    fn listening(&self) -> Vec<String> {
        Inner::listening(self)
    }

    fn take_lock(&self, lock: AdvisoryLock, waits: bool) -> Result<bool> {
        let Some(shared) = self.shared.upgrade() else { return Ok(false) };
        let longest = self.state().settings.lock_timeout();
        let since = Instant::now();
        // A later statement of the session is not the one that waits.
        let number = self.state().running.as_ref().map(|run| run.number);
        let runs = || self.state().running.as_ref().is_some_and(|run| Some(run.number) == number && !run.cancel.is_cancelled());
        let goes_on = || match longest {
            Some(longest) if since.elapsed() >= longest => {
                Err(Error::new(Kind::LockTimeout, "canceling statement due to lock timeout"))
            }
            Some(_) | None if runs() => Ok(()),
            Some(_) | None => Err(Error::new(Kind::Cancelled, "canceling statement due to user request")),
        };
        shared.locks.take(self.id, &self.database, lock, if waits { Some(&goes_on) } else { None })
    }

    fn release_lock(&self, lock: AdvisoryLock) -> bool {
        let released = self.shared.upgrade().is_some_and(|s| s.locks.release(self.id, &self.database, lock));
        if !released {
            self.notice("WARNING", "01000", format!("you don't own a lock of type {}", lock.mode()));
        }
        released
    }

    fn release_all_locks(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.locks.release_all(self.id);
        }
    }

    fn advisory_locks(&self) -> Vec<AdvisoryRow> {
        self.shared.upgrade().map(|s| s.locks.rows()).unwrap_or_default()
    }

    fn blocking(&self, pid: i32) -> Vec<i32> {
        self.shared.upgrade().map(|s| s.locks.blocking(pid)).unwrap_or_default()
    }

    fn cancel(&self, pid: i32) -> Result<bool> {
        let found = self.shared.upgrade().and_then(|s| s.session(pid));
        let token = found.and_then(|s| s.state().running.as_ref().map(|run| run.cancel.clone()));
        if let Some(token) = &token {
            token.cancel();
        }
        Ok(token.is_some())
    }

    fn terminate(&self, pid: i32) -> Result<bool> {
        let found = self.shared.upgrade().and_then(|s| s.session(pid));
        if let Some(session) = &found {
            session.state().terminate.cancel();
        }
        Ok(found.is_some())
    }
}

impl Inner {
    fn row(&self) -> SessionRow {
        let state = self.state();
        SessionRow {
            pid: self.id,
            user: self.user.clone(),
            database: self.database.clone(),
            application_name: state.settings.show("application_name").unwrap_or_default(),
            client: self.client,
            started: micros(self.started),
            query: state.query.to_string(),
            running: state.running.as_ref().map(|run| RunningQuery { started: micros(run.since) }),
            in_transaction: state.block != Block::None,
            transaction_started: (state.running.is_some() || state.block != Block::None).then_some(state.transaction_started),
            query_started: (state.runs > 0).then_some(state.query_started),
            changed: if state.runs > 0 { state.changed } else { micros(self.started) },
            tls: state.tls.clone(),
        }
    }
}

/// Microseconds since 1970 (UTC).
pub(super) fn micros(at: SystemTime) -> i64 {
    at.duration_since(SystemTime::UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_micros()).ok()).unwrap_or(0)
}
