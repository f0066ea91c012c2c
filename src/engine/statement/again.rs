//! What a session is given again: a plan of its own, or an answer that anybody was given; and whether either is still right.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arrow::array::ArrayRef;
use datafusion::common::ScalarValue;
use datafusion::sql::sqlparser::ast::Statement as Ast;
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::Prepared;
use crate::catalog::TableEntry;
use crate::engine::Outcome;
use crate::engine::admit::{Action, Statement};
use crate::engine::plan::QueryPlan;
use crate::engine::remembered::{self, Answer, AnswerKey, Under};
use crate::engine::session::Session;
use crate::error::Result;
use crate::table::Ending;
use crate::table::pg_type::PgType;

impl Session {
    /// What was planned or answered before of the same statement. Whether it is so still tells [`Self::is_outdated`].
    pub(super) fn remembered(
        &self,
        statement: &Statement,
        declared: &[Option<&'static PgType>],
        command: u64,
    ) -> Result<Option<Prepared>> {
        let Action::Query(ast) = &statement.action else { return Ok(None) };
        self.inner.check_not_failed()?;
        let under = self.under()?;
        if let Some(known) = self.shared.remembered.plan(self.inner.id, under, ast, declared) {
            return Ok(Some(Prepared { command, planned: None, ..known }));
        }
        if !declared.is_empty() {
            return Ok(None);
        }
        let key = self.answer_key(ast, under, Vec::new());
        let Some(answer) = self.shared.remembered.answers.get(&key) else { return Ok(None) };
        Ok(Some(Prepared {
            statement: statement.clone(),
            plan: None,
            constant: None,
            columns: Some(Arc::clone(&answer.columns)),
            answer: Some((key, answer)),
            declared: Vec::new(),
            planned: None,
            planning: Duration::ZERO,
            command,
            under,
        }))
    }

    /// What is planned now is planned under.
    pub(super) fn under(&self) -> Result<Under> {
        Ok(Under { settings: self.inner.with_settings(|s| s.generation()), catalogs: self.shared.catalogs.names_version()? })
    }

    pub(super) fn answer_key(&self, ast: &Arc<Ast>, under: Under, parameters: Vec<ScalarValue>) -> AnswerKey {
        AnswerKey {
            statement: Arc::clone(ast),
            catalogs: under.catalogs,
            database: self.inner.database.clone(),
            user: self.inner.user.clone(),
            settings: Arc::new(self.inner.with_settings(|s| s.of_answers())),
            parameters,
        }
    }

    /// An answer again.
    pub(super) fn given(&self, prepared: &Prepared, answer: &Answer) -> Outcome {
        let (sql, now) = (&prepared.statement.sql, SystemTime::now());
        self.shared.history.add(self.inner.ended(sql, now, answer.rows, Ending::Finished, true));
        let batches: Vec<_> = answer.batches.iter().cloned().map(Ok).collect();
        Outcome::Rows { schema: Arc::clone(&answer.columns), stream: stream::iter(batches).boxed(), tag: "SELECT" }
    }

    /// What the answer of a query is kept by; `None` for one that may answer otherwise the next time.
    pub(super) fn repeatable(&self, prepared: &Prepared, plan: &QueryPlan, parameters: &[ArrayRef]) -> Option<AnswerKey> {
        let Action::Query(ast) = &prepared.statement.action else { return None };
        plan.repeatable
            .then(|| remembered::parameters(parameters))
            .flatten()
            .map(|values| self.answer_key(ast, prepared.under, values))
    }

    /// Whether the plan was made under other settings or catalogs, or a table that it reads has a newer snapshot than the one it was planned on.
    pub(super) async fn is_outdated(&self, prepared: &Prepared, fresh: bool, cancel: &CancellationToken) -> Result<bool> {
        if prepared.under != self.under()? {
            return Ok(true);
        }
        let pinned = prepared.tables();
        let of_one_run = prepared.plan.as_ref().is_some_and(|p| p.of_one_run);
        if fresh || (pinned.is_empty() && !of_one_run) {
            return Ok(false);
        }
        if of_one_run {
            return Ok(true);
        }
        let (shared, session) = (Arc::clone(&self.shared), Arc::clone(&self.inner));
        let asked = async move {
            for (entry, planned) in pinned {
                if shared.touch(&entry, &session).await?.id != planned {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        self.shared.cpu.run(&self.inner.limit(cancel), asked).await
    }
}

impl Prepared {
    /// The tables that it reads, each with the id of the snapshot that it reads.
    pub(in crate::engine) fn tables(&self) -> Vec<(Arc<TableEntry>, String)> {
        match (&self.plan, &self.answer) {
            (Some(plan), _) => plan.pinned.iter().map(|(entry, snapshot)| (Arc::clone(entry), snapshot.id.clone())).collect(),
            (None, Some((_, answer))) => answer.tables.clone(),
            (None, None) => Vec::new(),
        }
    }
}
