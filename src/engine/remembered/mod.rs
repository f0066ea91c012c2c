//! What statements leave behind for those that come again: their parses, a session's plans, and answers. Each within bounds, the least
//! used given up first; nothing is given again that planning or running anew would give otherwise.

mod answers;

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::sql::sqlparser::ast::Statement as Ast;
use quick_cache::sync::Cache;

pub(super) use self::answers::{Answer, AnswerKey, Answers, Gathering, is_repeatable, parameters};
use super::admit::{Action, Statement};
use super::statement::Prepared;
use crate::error::Result;
use crate::table::pg_type::PgType;

/// Query strings that are remembered as parsed.
const PARSED: usize = 512;

/// The longest of them, in bytes: a syntax tree takes some fifty times its text.
const LONGEST: usize = 4096;

/// Plans that all sessions together keep beside the statements that they named. One is some 200 kB.
const PLANS: usize = 128;

/// What all sessions of an engine remember.
pub(super) struct Remembered {
    parsed: Cache<Arc<str>, Statement>,
    plans: Cache<PlanKey, Prepared>,
    pub answers: Answers,
    /// The snapshot of each table that was asked for, by the table's oid.
    newest: Mutex<HashMap<u32, String>>,
}

/// What a statement is planned under: others may make another plan of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Under {
    /// The session's settings, by their generation.
    pub settings: u64,
    /// Which tables there are ([`Catalogs::names_version`](crate::catalog::Catalogs::names_version)).
    pub catalogs: u64,
}

/// The same statement of one session, planned under the same.
#[derive(Clone, PartialEq, Eq, Hash)]
struct PlanKey {
    session: i32,
    under: Under,
    statement: Itself,
    /// The parameter types that the client gave, by oid; 0 where it gave none.
    declared: Vec<u32>,
}

/// A syntax tree as it is remembered: equal to itself only, for errors name places of its text.
#[derive(Clone)]
struct Itself(Arc<Ast>);

impl PartialEq for Itself {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Itself {}

impl Hash for Itself {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

impl Remembered {
    /// Nothing yet. `answers`: bytes that may be kept of answers, 0 for none.
    pub fn new(answers: usize) -> Self {
        Self { parsed: Cache::new(PARSED), plans: Cache::new(PLANS), answers: Answers::within(answers), newest: Mutex::default() }
    }

    /// The statements of a query string. A string of one query gives the same tree each time, by which its plans and answers are found.
    pub fn parse(&self, sql: &str, parse: impl FnOnce(&str) -> Result<Vec<Statement>>) -> Result<Vec<Statement>> {
        if sql.len() > LONGEST {
            return parse(sql);
        }
        if let Some(statement) = self.parsed.get(sql) {
            return Ok(vec![statement]);
        }
        let statements = parse(sql)?;
        if let [statement] = statements.as_slice()
            && matches!(statement.action, Action::Query(_))
        {
            self.parsed.insert(Arc::clone(&statement.sql), statement.clone());
        }
        Ok(statements)
    }

    /// What a session planned of the same statement under the same settings.
    pub fn plan(&self, session: i32, under: Under, ast: &Arc<Ast>, declared: &[Option<&'static PgType>]) -> Option<Prepared> {
        self.plans.get(&plan_key(session, under, ast, declared))
    }

    /// Keeps a session's plan of a query.
    pub fn keep_plan(&self, session: i32, prepared: &Prepared) {
        if let Action::Query(ast) = &prepared.statement.action
            && prepared.statement.sql.len() <= LONGEST
        {
            self.plans.insert(plan_key(session, prepared.under, ast, &prepared.declared), prepared.clone());
        }
    }

    /// Lets go of the plans that read an older snapshot of a table than this one: plans hold what they read.
    pub fn is_now(&self, table: u32, snapshot: &str) {
        {
            let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
            if newest.get(&table).is_some_and(|known| known == snapshot) {
                return;
            }
            if newest.insert(table, snapshot.to_owned()).is_none() {
                return;
            }
        }
        self.plans.retain(|_, plan| plan.tables().iter().all(|(entry, id)| entry.oid != table || id == snapshot));
    }

    /// Lets go of what a session planned: plans hold the session that made them.
    pub fn forget(&self, session: i32) {
        self.plans.retain(|key, _| key.session != session);
    }
}

fn plan_key(session: i32, under: Under, ast: &Arc<Ast>, declared: &[Option<&'static PgType>]) -> PlanKey {
    let declared = declared.iter().map(|pg| pg.map_or(0, |pg| pg.oid)).collect();
    PlanKey { session, under, statement: Itself(Arc::clone(ast)), declared }
}
