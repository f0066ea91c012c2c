//! Query strings of a connection whose answer is known: `SELECT 1` and what else pools and drivers ask over and over. They are neither
//! parsed nor planned again; all else is.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::engine::Session;

use super::extended::Planned;

/// How many are kept.
const MOST: usize = 8;

/// The longest that is kept, in bytes.
const LONGEST: usize = 256;

/// The last few, the latest first.
#[derive(Default)]
pub(super) struct Recent(VecDeque<(Box<str>, Arc<Planned>)>);

impl Recent {
    /// The statement of a query string, if it was planned under the session's settings as they are.
    pub(super) fn get(&self, sql: &str, session: &Session) -> Option<Arc<Planned>> {
        let (_, planned) = self.0.iter().find(|(kept, _)| **kept == *sql)?;
        planned.prepared.as_ref().is_some_and(|p| session.is_current(p)).then(|| Arc::clone(planned))
    }

    /// Keeps the one statement of a query string, if its answer is known.
    pub(super) fn keep(&mut self, sql: &str, planned: &Arc<Planned>) {
        let is_constant =
            planned.command.is_none() && planned.prepared.as_ref().is_some_and(crate::engine::Prepared::is_constant);
        if !is_constant || sql.len() > LONGEST {
            return;
        }
        self.0.retain(|(kept, _)| **kept != *sql);
        self.0.truncate(MOST - 1);
        self.0.push_front((sql.into(), Arc::clone(planned)));
    }
}
