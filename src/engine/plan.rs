//! From an admitted statement to a plan: names resolved and pinned, parameters typed, the logical plan optimised once when nothing in
//! it changes from run to run.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr as PlannedExpr, LogicalPlan, Statement as PlanStatement, Volatility};
use datafusion::sql::parser::Statement as DfStatement;
use datafusion::sql::sqlparser::ast::{self, Ident, Spanned, Statement as Ast, visit_relations};

use super::apply;
use super::as_of::{self, Versions};
use super::blame;
use super::dialect;
use super::failure::{from_datafusion, position};
use super::numeric;
use super::origin::Origin;
use super::parameters::KnownParameters;
use super::remembered::is_repeatable;
use super::resolve::{Databases, Names, Pinned};
use super::run;
use super::session::Inner;
use super::shared::Shared;
use super::undetermined;
use crate::error::{Error, Kind, Result};
use crate::table::pg_type::{self, PgType};

/// A planned query.
#[derive(Clone)]
pub struct QueryPlan {
    pub state: SessionState,
    pub logical: LogicalPlan,
    /// Whether `logical` went through the optimizer: it holds no parameters and nothing that is of one run, such as `now()`.
    pub optimized: bool,
    pub columns: SchemaRef,
    /// All that it gives, when the optimizer left nothing but values.
    pub constant: Option<RecordBatch>,
    /// The parameters: what they are planned as, and the type that clients are told.
    pub parameters: Vec<FieldRef>,
    /// The tables it reads, each with the snapshot it reads.
    pub pinned: Vec<Pinned>,
    /// Whether it reads a version that counts from the time of planning.
    pub of_one_run: bool,
    /// Whether it gives the same rows of the same snapshots and parameters whenever it runs.
    pub repeatable: bool,
}

/// Plans `ast`; `declared` are the parameter types that the client gave, by position.
pub async fn plan(
    shared: Arc<Shared>,
    session: Arc<Inner>,
    ast: Arc<Ast>,
    declared: Vec<Option<&'static PgType>>,
    sql: Arc<str>,
) -> Result<QueryPlan> {
    let env = session.env(&shared);
    let names = Names::new(Arc::clone(&shared), Arc::clone(&session), Arc::clone(&env));
    let state = state(&shared, &session, &names, env)?;
    match planned(state.clone(), &names, session.time_zone(), ast, declared, &sql).await {
        Ok(plan) => Ok(plan),
        Err(e) => Err(blame::told(e, &state, &sql).await),
    }
}

async fn planned(
    mut state: SessionState,
    names: &Arc<Names>,
    zone: arrow::array::timezone::Tz,
    ast: Arc<Ast>,
    declared: Vec<Option<&'static PgType>>,
    sql: &Arc<str>,
) -> Result<QueryPlan> {
    // Copied here, for the caller's stack may be too short for a long chain.
    let written = ast;
    let mut ast = written.as_ref().clone();
    let versions = Versions::take(&mut ast, &state, zone, sql).await?;
    let of_one_run = versions.of_one_run;
    names.set_versions(versions);
    super::hidden::offer(&mut ast, names).await?;
    let failed = |e| at_relation(from_datafusion(e, sql), &written, sql);

    let mut known = KnownParameters::of(&ast, declared)?;
    numeric::mark(&mut ast);
    numeric::mark(&mut known.probe);
    if known.types.iter().any(Option::is_none) {
        let untyped = state.statement_to_plan(statement(known.probe.clone())).await.map_err(failed)?;
        known.infer(&untyped).map_err(failed)?;
        undetermined::check(&written, &known.types)?;
    }
    let types: Vec<&'static PgType> = known.types.into_iter().map(|t| t.unwrap_or(&pg_type::TEXT)).collect();
    let parameters: Vec<FieldRef> = types.iter().map(|pg| Arc::new(pg_type::field(pg))).collect();
    let logical = if parameters.is_empty() {
        state.statement_to_plan(statement(ast.clone())).await.map_err(failed)?
    } else {
        typed(&state, ast.clone(), &types).await.map_err(failed)?
    };
    let logical = super::merged::unmarked(logical).and_then(super::apart::unnamed).map_err(failed)?;
    if names.are_of_the_system() {
        // One after the other their rows come in one order, and a join knows its one side before it asks for the other: which rows it
        // wants, up to as many as a large schema's tables have columns.
        let options = state.config_mut().options_mut();
        options.execution.target_partitions = 1;
        options.optimizer.hash_join_inlist_pushdown_max_distinct_values = 50_000;
        options.optimizer.hash_join_inlist_pushdown_max_size = 4 << 20;
    }
    super::marks::check_ordered(&logical).map_err(failed)?;
    let repeatable = !of_one_run && names.are_pinned() && is_repeatable(&logical, sql).map_err(failed)?;
    // The optimizer writes the time of planning in place of now().
    let origins: Vec<Option<Origin>> = (0..logical.schema().fields().len()).map(|i| Origin::of_column(&logical, i)).collect();
    let (logical, optimized) = if parameters.is_empty() && !is_of_one_run(&logical).map_err(failed)? {
        (apply::optimize(&state, &logical).map_err(failed)?, true)
    } else {
        (logical, false)
    };
    let columns = columns(&state, &logical, optimized, &origins)?;
    let constant = if optimized { constant(&logical).map(|row| run::conform(row, &columns)).transpose()? } else { None };
    Ok(QueryPlan { state, logical, optimized, columns, constant, parameters, pinned: names.pinned(), of_one_run, repeatable })
}

/// The error of an unknown relation, with the place where the statement first names it: name resolution knows no places.
fn at_relation(e: Error, ast: &Ast, sql: &str) -> Error {
    if e.kind() != Kind::UndefinedTable || e.position().is_some() {
        return e;
    }
    let found = visit_relations(ast, |name| {
        let parts: Vec<&str> = name.0.iter().filter_map(|p| p.as_ident()).map(|i| i.value.as_str()).collect();
        if e.message().eq_ignore_ascii_case(&format!("relation \"{}\" does not exist", parts.join("."))) {
            return ControlFlow::Break(position(sql, name.span().start));
        }
        ControlFlow::Continue(())
    });
    match found {
        ControlFlow::Break(Some(at)) => e.at(at),
        ControlFlow::Break(None) | ControlFlow::Continue(()) => e,
    }
}

/// A statement's session state: the engine's, with this session's catalog, time zone and functions.
fn state(
    shared: &Arc<Shared>,
    session: &Arc<Inner>,
    names: &Arc<Names>,
    env: Arc<crate::table::SystemEnv>,
) -> Result<SessionState> {
    let mut state = shared.base.clone();
    state.register_catalog_list(Arc::new(Databases(Arc::clone(names))));
    let options = state.config_mut().options_mut();
    options.catalog.default_catalog.clone_from(&session.database);
    let values = super::functions::SessionValues::new(&env);
    options.extensions.insert(values.clone());
    super::functions::register_styled(&mut state, &values).map_err(|e| from_datafusion(e, ""))?;
    state.register_relation_planner(Arc::new(as_of::Planner)).map_err(|e| from_datafusion(e, ""))?;
    let joins_and_names = state
        .register_relation_planner(Arc::new(super::merged::Planner))
        .and_then(|()| state.register_relation_planner(Arc::new(super::renamed::Planner)));
    joins_and_names.map_err(|e| from_datafusion(e, ""))?;
    // From here on every call is told the session's options.
    state.mark_start_execution();
    Ok(state)
}

/// Whether a plan calls a function whose value is of one run only.
pub fn is_of_one_run(plan: &LogicalPlan) -> datafusion::error::Result<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let PlannedExpr::ScalarFunction(call) = expr {
                    found |= call.func.signature().volatility != Volatility::Immutable && call.func.name() != apply::ONLY;
                }
                Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })
        })
    })?;
    Ok(found)
}

fn statement(ast: Ast) -> DfStatement {
    DfStatement::Statement(Box::new(ast))
}

/// Plans with the types of all parameters known, which DataFusion takes from a PREPARE.
async fn typed(state: &SessionState, ast: Ast, parameters: &[&'static PgType]) -> datafusion::error::Result<LogicalPlan> {
    let data_types = parameters.iter().map(|pg| sql_type(pg)).collect();
    let prepare = Ast::Prepare { name: Ident::new("statement"), data_types, statement: Box::new(ast) };
    match state.statement_to_plan(statement(prepare)).await? {
        LogicalPlan::Statement(PlanStatement::Prepare(prepare)) => Ok(Arc::unwrap_or_clone(prepare.input)),
        other => Ok(other),
    }
}

/// A type by its name, which the type planner knows.
fn sql_type(pg: &PgType) -> ast::DataType {
    ast::DataType::Custom(ast::ObjectName::from(vec![Ident::new(pg.name)]), Vec::new())
}

/// The columns as they will be when the plan runs: DataFusion settles some types only when it analyses.
fn columns(state: &SessionState, logical: &LogicalPlan, optimized: bool, origins: &[Option<Origin>]) -> Result<SchemaRef> {
    let analyzed = (!optimized)
        .then(|| state.analyzer().execute_and_check(logical.clone(), state.config_options(), |_, _| {}).ok())
        .flatten();
    let schema = analyzed.as_ref().unwrap_or(logical).schema();
    // Clients see the names without the marks that keep equal ones apart; whether a column is nullable they are never told.
    let shown = |(f, origin): (&Arc<Field>, &Option<Origin>)| {
        let field = f.as_ref().clone().with_name(dialect::shown_name(f.name())).with_nullable(true);
        match origin {
            Some(origin) => origin.mark(field),
            None => field,
        }
    };
    Ok(Arc::new(Schema::new(schema.fields().iter().zip(origins).map(shown).collect::<Vec<_>>())))
}

/// The one row of an optimized plan that reads nothing and calculates nothing any more.
fn constant(logical: &LogicalPlan) -> Option<RecordBatch> {
    let LogicalPlan::Projection(projection) = logical else { return None };
    if !matches!(projection.input.as_ref(), LogicalPlan::EmptyRelation(empty) if empty.produce_one_row) {
        return None;
    }
    let value = |expr: &PlannedExpr| match expr.clone().unalias_nested().data {
        PlannedExpr::Literal(value, _) => value.to_array().ok(),
        _ => None,
    };
    let arrays = projection.expr.iter().map(value).collect::<Option<Vec<_>>>()?;
    let fields: Vec<Field> = arrays.iter().map(|array| Field::new("", array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).ok()
}
