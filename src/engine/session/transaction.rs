//! A session's transaction block. Nothing is ever written, so that all it can take back is settings and what was asked of channels, and let go of advisory locks; what
//! fails and what is refused until it ends is as in PostgreSQL.

use super::super::Transaction;
use super::super::transactions::Modes;
use super::{Inner, Savepoint, Session};
use crate::engine::settings::Settings;
use crate::error::{Error, Kind, Result};

/// A transaction block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Block {
    #[default]
    None,
    Open,
    Failed,
}

impl Session {
    /// Where the session stands.
    pub fn transaction(&self) -> Transaction {
        match self.inner.state().block {
            Block::None => Transaction::Idle,
            Block::Open => Transaction::Open,
            Block::Failed => Transaction::Failed,
        }
    }

    /// To be called when a statement failed: an open transaction block is failed from here on. Without one, what the statements since the
    /// last [`Self::end_statements`] set is taken back.
    pub fn fail_transaction(&self) {
        let mut state = self.inner.state();
        match state.block {
            Block::Open => state.block = Block::Failed,
            Block::None => {
                state.settings.end(false);
                state.channels.go_back(0);
                drop(state);
                self.shared.locks.end_transaction(self.inner.id);
            }
            Block::Failed => {}
        }
    }

    /// To be called when a string of several statements begins: they are one transaction, unless they begin and end others.
    pub fn begin_statements(&self) {
        self.inner.state().several = true;
    }

    /// To be called when a string of statements, or a series of messages up to Sync, ended well: what it set stays.
    pub fn end_statements(&self) {
        let mut state = self.inner.state();
        state.several = false;
        if state.block == Block::None {
            state.settings.end(true);
            let asked = state.channels.mark() > 0;
            drop(state);
            self.shared.locks.end_transaction(self.inner.id);
            if asked {
                self.inner.do_asked();
            }
        }
    }

    /// How many savepoints are set.
    pub fn savepoints(&self) -> usize {
        self.inner.state().savepoints.len()
    }

    /// The error of all but ending it in a failed transaction block.
    pub fn check_not_failed(&self) -> Result<()> {
        self.inner.check_not_failed()
    }
}

impl Session {
    /// `LOCK` of tables by their parts. Nothing is ever written, so that the lock that reading takes is there without being taken; all others
    /// are refused as PostgreSQL refuses them to those who may only read.
    pub(in crate::engine) fn lock(&self, tables: &[Vec<String>], reads: bool) -> Result<()> {
        if self.inner.is_alone() {
            return Err(Error::new(Kind::NoTransaction, "LOCK TABLE can only be used in transaction blocks"));
        }
        for parts in tables {
            let (schemas, name) = match parts.as_slice() {
                [.., schema, name] => (vec![schema.clone()], name),
                [name] => (self.inner.path(), name),
                [] => continue,
            };
            let is_there = |schema: &String| Ok::<_, Error>(self.shared.catalogs.table(self.database(), schema, name)?.is_some());
            if let [.., schema, _] = parts.as_slice()
                && !self.shared.catalogs.themes(self.database())?.iter().any(|theme| theme.name == *schema)
            {
                return Err(Error::new(Kind::UndefinedSchema, format!("schema \"{schema}\" does not exist")));
            }
            let found = schemas.iter().map(is_there).find(|found| !matches!(found, Ok(false))).unwrap_or(Ok(false))?;
            if !found {
                let message = format!("relation \"{}\" does not exist", parts.join("."));
                return Err(Error::new(Kind::UndefinedTable, message));
            }
            if !reads {
                return Err(Error::new(Kind::Forbidden, format!("permission denied for table {name}")));
            }
        }
        Ok(())
    }
}

impl Inner {
    /// Whether each statement is a transaction of its own.
    fn is_alone(&self) -> bool {
        let state = self.state();
        state.block == Block::None && !state.several
    }

    /// PostgreSQL's rule: in a failed block nothing is done but ending it.
    pub(in crate::engine) fn check_not_failed(&self) -> Result<()> {
        if self.state().block == Block::Failed {
            return Err(Error::new(
                Kind::FailedTransaction,
                "current transaction is aborted, commands ignored until end of transaction block",
            ));
        }
        Ok(())
    }

    /// The error of a command that can't be part of a transaction.
    pub(in crate::engine) fn refuse_in_block(&self, command: &str) -> Result<()> {
        if self.is_alone() {
            return Ok(());
        }
        Err(Error::new(Kind::ActiveTransaction, format!("{command} cannot run inside a transaction block")))
    }

    /// `BEGIN` and `START TRANSACTION`. In an open block only the modes count, and there is a warning.
    pub(in crate::engine) fn begin(&self, modes: Modes) {
        let mut state = self.state();
        let is_new = state.block == Block::None;
        if is_new {
            state.block = Block::Open;
            state.transaction_started = super::facts::micros(std::time::SystemTime::now());
            state.settings.begin();
        }
        remember(&mut state.settings, modes, true);
        drop(state);
        if !is_new {
            self.notice("WARNING", "25001", "there is already a transaction in progress".to_owned());
        }
    }

    /// `SET TRANSACTION`, or `SET SESSION CHARACTERISTICS` with `session`.
    pub(in crate::engine) fn characterise(&self, modes: Modes, session: bool) -> Result<()> {
        let mut state = self.state();
        if !session && state.block == Block::None {
            drop(state);
            self.notice("WARNING", "25P01", "SET TRANSACTION can only be used in transaction blocks".to_owned());
            return Ok(());
        }
        remember(&mut state.settings, modes, !session);
        Ok(())
    }

    /// `COMMIT` or `ROLLBACK`, and the command tag it gives: a failed block can only be rolled back. With `chain`, the next block begins.
    pub(in crate::engine) fn end(&self, commit: bool, chain: bool) -> Result<&'static str> {
        let asked = if commit { "COMMIT" } else { "ROLLBACK" };
        let mut state = self.state();
        if state.block == Block::None {
            if chain {
                let message = format!("{asked} AND CHAIN can only be used in transaction blocks");
                return Err(Error::new(Kind::NoTransaction, message));
            }
            drop(state);
            self.notice("WARNING", "25P01", "there is no transaction in progress".to_owned());
            return Ok(asked);
        }
        let committed = commit && state.block == Block::Open;
        state.savepoints.clear();
        let modes = state.settings.transaction_modes();
        state.settings.end(committed);
        state.block = if chain { Block::Open } else { Block::None };
        if chain {
            state.settings.begin();
            remember(&mut state.settings, modes, true);
        }
        if !committed {
            state.channels.go_back(0);
        }
        drop(state);
        if let Some(shared) = self.shared.upgrade() {
            shared.locks.end_transaction(self.id);
        }
        self.do_asked();
        Ok(if committed { "COMMIT" } else { "ROLLBACK" })
    }

    /// `SAVEPOINT`: keeps the settings as they are.
    pub(in crate::engine) fn savepoint(&self, name: String) -> Result<()> {
        let mut state = self.state();
        if state.block == Block::None {
            return Err(Error::new(Kind::NoTransaction, "SAVEPOINT can only be used in transaction blocks"));
        }
        let (settings, asked) = (state.settings.mark(), state.channels.mark());
        state.savepoints.push(Savepoint { name, settings, asked });
        Ok(())
    }

    /// `RELEASE`: the savepoint and those behind it are forgotten.
    pub(in crate::engine) fn release(&self, name: &str) -> Result<()> {
        let at = self.savepoint_at("RELEASE SAVEPOINT", name)?;
        self.state().savepoints.truncate(at);
        Ok(())
    }

    /// `ROLLBACK TO`: the settings are as they were, and a failed block goes on.
    pub(in crate::engine) fn rollback_to(&self, name: &str) -> Result<()> {
        let at = self.savepoint_at("ROLLBACK TO SAVEPOINT", name)?;
        let mut guard = self.state();
        let state = &mut *guard;
        state.savepoints.truncate(at + 1);
        if let Some(savepoint) = state.savepoints.last() {
            state.settings.go_back(&savepoint.settings);
            state.channels.go_back(savepoint.asked);
        }
        state.block = Block::Open;
        Ok(())
    }

    fn savepoint_at(&self, command: &str, name: &str) -> Result<usize> {
        let state = self.state();
        if state.block == Block::None {
            return Err(Error::new(Kind::NoTransaction, format!("{command} can only be used in transaction blocks")));
        }
        let at = state.savepoints.iter().rposition(|known| known.name == name);
        at.ok_or_else(|| Error::new(Kind::UndefinedSavepoint, format!("savepoint \"{name}\" does not exist")))
    }
}

/// Notes what a transaction is to be, for this block alone or (not `local`) for those that follow.
fn remember(settings: &mut Settings, modes: Modes, local: bool) {
    let prefix = if local { "" } else { "default_" };
    let deferrable = modes.deferrable.map(|on| if on { "on" } else { "off" });
    for (what, value) in [("isolation", modes.isolation), ("deferrable", deferrable)] {
        if let Some(value) = value {
            settings
                .set(&format!("{prefix}transaction_{what}"), Some(value), local)
                .expect("every mode is a value of its setting");
        }
    }
}
