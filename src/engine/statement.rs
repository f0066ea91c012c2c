//! A session's statements: parsed, planned, and run with their parameters. How each of these is done stands in the modules they call.

mod again;

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::sql::sqlparser::ast::Statement as Ast;
use futures::StreamExt;
use futures::stream;
use tokio_util::sync::CancellationToken;

use super::admit::{self, Action, Statement};
use super::plan::{self, QueryPlan};
use super::remembered::{self, Answer, AnswerKey, Under};
use super::session::{Asked, Session};
use super::{Outcome, explain, run, settings};
use crate::error::{Error, Kind, Result};
use crate::table::SessionFacts;
use crate::table::pg_type::PgType;

/// How old a plan may be before its tables are asked whether they changed.
const PLAN_IS_FRESH: Duration = Duration::from_secs(1);

/// A planned statement: what it takes and what it gives.
#[derive(Clone)]
pub struct Prepared {
    pub(super) statement: Statement,
    /// `None` for what plans nothing, and for a query whose answer is known.
    plan: Option<Arc<QueryPlan>>,
    /// The answer of a query that planning left nothing to do of.
    constant: Option<RecordBatch>,
    /// The answer that another session was given, for which nothing was planned.
    answer: Option<(AnswerKey, Arc<Answer>)>,
    columns: Option<SchemaRef>,
    pub(super) declared: Vec<Option<&'static PgType>>,
    /// When it was planned, or found to be right still; `None` for what nobody looked at yet.
    planned: Option<Instant>,
    /// How long planning took, up to the plan that is kept.
    planning: Duration,
    /// The command that it was planned in.
    command: u64,
    /// What it was planned under.
    pub(super) under: Under,
}

impl Session {
    /// The statements of a query string, each admitted or refused; an empty string gives none. No statement is planned.
    pub fn parse(&self, sql: &str) -> Result<Vec<Statement>> {
        self.shared.remembered.parse(sql, admit::parse)
    }

    /// Plans a statement. `parameter_types` are those the client declared, by position; the others are inferred.
    /// Tables met for the first time are read here, and [`Self::on_progress`] hears of it.
    pub async fn prepare(
        &self,
        statement: &Statement,
        parameter_types: &[Option<&'static PgType>],
        cancel: &CancellationToken,
    ) -> Result<Prepared> {
        let command = self.inner.arm();
        if let Some(known) = self.remembered(statement, parameter_types, command)?
            && !self.is_outdated(&known, false, cancel).await?
        {
            return Ok(Prepared { planned: Some(Instant::now()), ..known });
        }
        self.plan(statement, parameter_types, cancel, command).await
    }

    /// [`Self::prepare`] within a command that has begun.
    async fn plan(
        &self,
        statement: &Statement,
        parameter_types: &[Option<&'static PgType>],
        cancel: &CancellationToken,
        command: u64,
    ) -> Result<Prepared> {
        let began = Instant::now();
        let under = self.under()?;
        let declared = parameter_types.to_vec();
        let mut constant = None;
        let (plan, columns) = match &statement.action {
            Action::Query(ast) => {
                let plan = self.plan_query(statement, ast, &declared, cancel).await?;
                let columns = Arc::clone(&plan.columns);
                constant.clone_from(&plan.constant);
                (constant.is_none().then_some(plan), Some(columns))
            }
            Action::Explain(query, options) => {
                (Some(self.plan_query(statement, query, &declared, cancel).await?), Some(explain::columns(*options)))
            }
            Action::Copy(query, copy) => {
                let plan = self.plan_query(statement, query, &declared, cancel).await?;
                copy.check_columns(&plan.columns)?;
                (Some(plan), None)
            }
            Action::Show(name) => {
                let name = self.inner.with_settings(|s| s.canonical_name(name))?;
                (None, Some(text_columns(&[&name])))
            }
            Action::ShowAll => (None, Some(text_columns(&["name", "setting", "description"]))),
            Action::Set { .. }
            | Action::Reset(_)
            | Action::ResetAll
            | Action::Begin { .. }
            | Action::Transaction { .. }
            | Action::Commit { .. }
            | Action::Rollback { .. }
            | Action::Savepoint(_)
            | Action::ReleaseSavepoint(_)
            | Action::RollbackTo(_)
            | Action::DiscardAll
            | Action::Named(_)
            | Action::Ask(..)
            | Action::Lock { .. }
            | Action::Nothing(_) => (None, None),
        };
        let prepared = Prepared {
            statement: statement.clone(),
            plan,
            constant,
            answer: None,
            columns,
            declared,
            planned: Some(Instant::now()),
            planning: began.elapsed(),
            command,
            under,
        };
        if !prepared.plan.as_ref().is_some_and(|plan| plan.of_one_run) {
            self.shared.remembered.keep_plan(self.inner.id, &prepared);
        }
        Ok(prepared)
    }

    async fn plan_query(
        &self,
        statement: &Statement,
        ast: &Arc<Ast>,
        declared: &[Option<&'static PgType>],
        cancel: &CancellationToken,
    ) -> Result<Arc<QueryPlan>> {
        self.inner.check_not_failed()?;
        let _running = self.inner.running(&statement.sql, cancel);
        let (shared, session) = (Arc::clone(&self.shared), Arc::clone(&self.inner));
        // Apart from the stack of whoever serves a socket, which is small.
        let work = Box::pin(plan::plan(shared, session, Arc::clone(ast), declared.to_vec(), Arc::clone(&statement.sql)));
        self.shared.cpu.plan(&self.inner.limit(cancel), work).await.map(Arc::new)
    }

    /// Runs a planned statement with its parameters, each an array of one value. `SET`, `BEGIN` and the like act here.
    pub async fn run(&self, prepared: &Prepared, parameters: &[ArrayRef], cancel: &CancellationToken) -> Result<Outcome> {
        let inner = &self.inner;
        let done = |tag: &str| Ok(Outcome::Done { tag: tag.to_owned() });
        let action = &prepared.statement.action;
        if !matches!(action, Action::Commit { .. } | Action::Rollback { .. } | Action::RollbackTo(_)) {
            inner.check_not_failed()?;
        }
        match action {
            Action::Query(_) | Action::Explain(..) | Action::Copy(..) => self.run_query(prepared, parameters, cancel).await,
            Action::Show(name) => {
                let (value, name) = inner.with_settings(|s| Ok::<_, Error>((s.show(name)?, s.canonical_name(name)?)))?;
                let columns = text_columns(&[&name]);
                rows_of(run::text_batch(&columns, &[vec![value]])?, "SHOW")
            }
            Action::ShowAll => {
                let all = inner.with_settings(|s| s.all());
                let columns = [0, 1, 2].map(|column| all.iter().map(|row| row[column].clone()).collect::<Vec<_>>());
                rows_of(run::text_batch(&text_columns(&["name", "setting", "description"]), &columns)?, "SHOW")
            }
            Action::Set { name, value, local } => {
                inner.change_setting(name, value.as_deref(), *local)?;
                done("SET")
            }
            Action::Reset(name) => {
                inner.change_setting(name, None, false)?;
                done("RESET")
            }
            Action::ResetAll => {
                inner.with_settings(settings::Settings::reset_all);
                done("RESET")
            }
            Action::DiscardAll => {
                inner.refuse_in_block("DISCARD ALL")?;
                inner.with_settings(settings::Settings::reset_all);
                inner.ask(Asked::Unlisten(None))?;
                SessionFacts::release_all_locks(inner.as_ref());
                done("DISCARD ALL")
            }
            Action::Begin { tag, modes } => {
                inner.begin(*modes);
                done(tag)
            }
            Action::Transaction { modes, session } => {
                inner.characterise(*modes, *session)?;
                done("SET")
            }
            Action::Commit { chain } => done(inner.end(true, *chain)?),
            Action::Rollback { chain } => done(inner.end(false, *chain)?),
            Action::Savepoint(name) => {
                inner.savepoint(name.clone())?;
                done("SAVEPOINT")
            }
            Action::ReleaseSavepoint(name) => {
                inner.release(name)?;
                done("RELEASE")
            }
            Action::RollbackTo(name) => {
                inner.rollback_to(name)?;
                done("ROLLBACK")
            }
            Action::Named(_) => {
                let message = "prepared statements and cursors are kept by a connection, and this is none";
                Err(Error::new(Kind::Unsupported, message).with_hint("Connect to `stoa serve` with a PostgreSQL client."))
            }
            Action::Ask(tag, asked) => {
                inner.ask(asked.clone())?;
                done(tag)
            }
            Action::Lock { tables, reads } => {
                self.lock(tables, *reads)?;
                done("LOCK TABLE")
            }
            Action::Nothing(tag) => done(tag),
        }
    }

    async fn run_query(&self, prepared: &Prepared, parameters: &[ArrayRef], cancel: &CancellationToken) -> Result<Outcome> {
        let fresh = prepared.planned.is_some_and(|planned| planned.elapsed() < PLAN_IS_FRESH);
        // The time of what was just planned counts from its planning; all else is a command of its own.
        if !fresh || !self.inner.continues(prepared.command) {
            self.inner.arm();
        }
        let again;
        let prepared = if self.is_outdated(prepared, fresh, cancel).await? {
            again = self.plan(&prepared.statement, &prepared.declared, cancel, prepared.command).await?;
            if !same_types(prepared.columns(), again.columns()) {
                return Err(Error::new(Kind::Unsupported, "cached plan must not change result type")
                    .with_detail("A table that the statement reads has other columns now, or the search_path finds another one.")
                    .with_hint("Prepare the statement again."));
            }
            &again
        } else {
            prepared
        };
        if let (Action::Query(_), Some(batch)) = (&prepared.statement.action, &prepared.constant) {
            return rows_of(batch.clone(), "SELECT");
        }
        if let Some((_, answer)) = &prepared.answer {
            return Ok(self.given(prepared, answer));
        }
        let plan = prepared.plan.clone().expect("queries are planned in prepare");
        let key = self.repeatable(prepared, &plan, parameters);
        if let Some(answer) = key.as_ref().and_then(|key| self.shared.remembered.answers.of_snapshots(key, &plan.pinned)) {
            return Ok(self.given(prepared, &answer));
        }
        let sql = Arc::clone(&prepared.statement.sql);
        let limit = self.inner.limit(cancel);
        let running = self.inner.running(&sql, cancel);
        let (work, given, text) = (plan.clone(), parameters.to_vec(), Arc::clone(&sql));
        let began = Instant::now();
        let physical = self.shared.cpu.plan(&limit, async move { run::physical(&work, &given, &text).await }).await?;
        let planning = prepared.planning + began.elapsed();
        let Action::Explain(explained, options) = &prepared.statement.action else {
            let schema = Arc::clone(&plan.columns);
            let gathering = key.and_then(|key| self.shared.remembered.answers.gathering(key, &plan.pinned, &plan.columns));
            let stream = run::start(Arc::clone(&self.shared), physical, &plan, limit, running, sql, gathering);
            return Ok(if let Action::Copy(_, copy) = &prepared.statement.action {
                Outcome::Copy { schema, stream, copy: Arc::clone(copy) }
            } else {
                Outcome::Rows { schema, stream, tag: "SELECT" }
            });
        };
        let (options, began) = (*options, Instant::now());
        let key = remembered::parameters(parameters).map(|values| self.answer_key(explained, prepared.under, values));
        let kept = key.and_then(|key| self.shared.remembered.answers.of_snapshots(&key, &plan.pinned));
        let kept = kept.map(|answer| explain::Kept { rows: answer.rows, bytes: answer.bytes });
        if options.analyze {
            let mut rows = run::start(Arc::clone(&self.shared), Arc::clone(&physical), &plan, limit, running, sql, None);
            while let Some(batch) = rows.next().await {
                batch?;
            }
        }
        // Telling a plan recurses as planning it did.
        let took = explain::Took { planning, running: began.elapsed(), kept };
        let told = async move { explain::told(&physical, options, took) };
        rows_of(self.shared.cpu.run(&self.inner.limit(cancel), told).await?, "EXPLAIN")
    }

    /// Whether a statement was planned under the settings as they are now.
    pub fn is_current(&self, prepared: &Prepared) -> bool {
        prepared.under.settings == self.inner.with_settings(|s| s.generation())
    }
}

impl Prepared {
    /// The parameters' types, by position.
    pub fn parameters(&self) -> &[FieldRef] {
        self.plan.as_ref().map_or(&[], |p| &p.parameters)
    }

    /// Whether the answer is known, and the same for as long as the session's settings are.
    pub fn is_constant(&self) -> bool {
        self.constant.is_some()
    }

    /// The rows' columns; `None` when the statement gives no rows.
    pub fn columns(&self) -> Option<&SchemaRef> {
        self.columns.as_ref()
    }
}

/// Whether rows of one are rows of the other, as a client was told of them.
fn same_types(told: Option<&SchemaRef>, now: Option<&SchemaRef>) -> bool {
    let types = |schema: &SchemaRef| schema.fields().iter().map(|f| f.data_type().clone()).collect::<Vec<_>>();
    told.map(types) == now.map(types)
}

fn text_columns(names: &[&str]) -> SchemaRef {
    Arc::new(Schema::new(names.iter().map(|n| Field::new(*n, DataType::Utf8, false)).collect::<Vec<_>>()))
}

fn rows_of(batch: RecordBatch, tag: &'static str) -> Result<Outcome> {
    Ok(Outcome::Rows { schema: batch.schema(), stream: stream::iter([Ok(batch)]).boxed(), tag })
}
