//! What a client has named: its prepared statements and its cursors, as `pg_prepared_statements` and `pg_cursors` list them. They are held
//! by whoever speaks the protocol; here stands what is told of them, for as long as they are there.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::SystemTime;

use super::super::{CursorOptions, Scroll};
use super::facts::micros;
use super::{Inner, Session};
use crate::table::pg_type::PgType;
use crate::table::{CursorRow, StatementRow};

/// What the session lists of its named things, by the numbers of their [`Listed`].
#[derive(Default)]
pub(super) struct Named {
    next: u64,
    statements: BTreeMap<u64, StatementRow>,
    cursors: BTreeMap<u64, CursorRow>,
}

/// A statement or cursor that is listed until this is dropped.
pub struct Listed {
    number: u64,
    session: Weak<Inner>,
}

impl Drop for Listed {
    fn drop(&mut self) {
        if let Some(session) = self.session.upgrade() {
            let mut state = session.state();
            state.named.statements.remove(&self.number);
            state.named.cursors.remove(&self.number);
        }
    }
}

impl Session {
    /// Lists a prepared statement; the protocol's unnamed one is none that SQL could name, and not listed.
    pub fn list_statement(&self, name: &str, sql: &str, parameters: &[&'static PgType], from_sql: bool) -> Option<Listed> {
        (!name.is_empty()).then(|| {
            let row = StatementRow {
                name: name.to_owned(),
                statement: sql.to_owned(),
                prepared: micros(SystemTime::now()),
                parameters: parameters.iter().map(|t| t.oid).collect(),
                from_sql,
            };
            self.listed(|named, number| drop(named.statements.insert(number, row)))
        })
    }

    /// Lists a cursor, or a portal of the protocol, which may be the unnamed one.
    pub fn list_cursor(&self, name: &str, sql: &Arc<str>, options: CursorOptions) -> Listed {
        let CursorOptions { binary, scroll, hold } = options;
        let (name, statement, created) = (name.to_owned(), Arc::clone(sql), self.inner.state().statement_started);
        let row = CursorRow { name, statement, holdable: hold, binary, scrollable: scroll != Scroll::No, created };
        self.listed(|named, number| drop(named.cursors.insert(number, row)))
    }

    fn listed(&self, list: impl FnOnce(&mut Named, u64)) -> Listed {
        let mut state = self.inner.state();
        state.named.next += 1;
        let number = state.named.next;
        list(&mut state.named, number);
        Listed { number, session: Arc::downgrade(&self.inner) }
    }
}

impl Named {
    pub(super) fn statements(&self) -> Vec<StatementRow> {
        self.statements.values().cloned().collect()
    }

    pub(super) fn cursors(&self) -> Vec<CursorRow> {
        self.cursors.values().cloned().collect()
    }
}
