//! Joins that merge columns (`USING`, `NATURAL`). The merged columns come first: the left side's in an inner and a `LEFT JOIN`, the right one's in
//! a `RIGHT JOIN`, the one that is not NULL in a `FULL JOIN`. Behind them stand all columns of both sides, so that `a.x` and `a.*` are what they
//! were; a mark tells name resolution that all of one name are one column, of which `*` shows the merged one. Which joins these are,
//! `dialect::joins` says.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, DFSchema, JoinConstraint as Constraint, JoinType, NullEquality, Spans, TableReference};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::expr::Exists;
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{EmptyRelation, Expr, Filter, Join, LogicalPlan, LogicalPlanBuilder, Subquery, lit};
use datafusion::sql::sqlparser::ast::{JoinConstraint, TableFactor, TableWithJoins};

use super::dialect::joins::{MARK, Own, merging, own, qualifier, using, written};
use crate::error::{Error, Kind};
use crate::snapshot::field_key;

/// Plans them.
#[derive(Debug)]
pub struct Planner;

impl RelationPlanner for Planner {
    fn plan_relation(&self, relation: TableFactor, context: &mut dyn RelationPlannerContext) -> Result<RelationPlanning> {
        let TableFactor::NestedJoin { table_with_joins, alias } = &relation else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let Some((last, before)) = table_with_joins.joins.split_last() else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let Some((constraint, kind)) = merging(last) else { return Ok(RelationPlanning::Original(Box::new(relation))) };
        let first = table_with_joins.relation.clone();
        let left = if before.is_empty() {
            context.plan(first)?
        } else {
            let table_with_joins = Box::new(TableWithJoins { relation: first, joins: before.to_vec() });
            // What the statement refers to is told for the whole chain.
            let alias = alias.clone().filter(|_| before.last().is_some_and(|join| merging(join).is_some()));
            let alias = alias.filter(|alias| written(Some(alias)).is_none());
            context.plan(TableFactor::NestedJoin { table_with_joins, alias })?
        };
        let right = context.plan(last.relation.clone())?;
        let shared = match constraint {
            JoinConstraint::Using(columns) => using(columns),
            JoinConstraint::Natural => common(left.schema(), right.schema()),
            JoinConstraint::On(_) | JoinConstraint::None => Vec::new(),
        };
        let shared = Shared { names: shared, own: own(alias.as_ref()), qualifier: qualifier(&last.relation) };
        let plan = merge(left, right, &shared, kind)?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, written(alias.as_ref())))))
    }
}

/// The names that both sides have, in the left one's order, but for what tables hide.
fn common(left: &DFSchema, right: &DFSchema) -> Vec<String> {
    let theirs: HashSet<&String> = right.fields().iter().map(|f| f.name()).collect();
    let mut seen = HashSet::new();
    let shown = left.fields().iter().filter(|f| !f.metadata().contains_key(field_key::HIDDEN));
    let names = shown.map(|f| f.name());
    names.filter(|name| theirs.contains(name) && seen.insert(*name)).cloned().collect()
}

/// A column that one side gives to a join.
struct Given {
    column: Column,
    /// All columns that are one with it.
    all: Vec<Column>,
}

/// The column of a side by this name: the merged one, where there is one. [`Kind::UndefinedColumn`], [`Kind::AmbiguousColumn`].
fn given(schema: &DFSchema, name: &str, side: &str) -> Result<Given> {
    let all: Vec<Column> = schema.columns().into_iter().filter(|column| column.name == name).collect();
    let merged = all.iter().find(|column| is_merged(column));
    let column = match (merged, all.as_slice()) {
        (Some(column), _) | (None, [column]) => column.clone(),
        (None, []) => {
            let message = format!("column \"{name}\" specified in USING clause does not exist in {side} table");
            return Err(DataFusionError::External(Box::new(Error::new(Kind::UndefinedColumn, message))));
        }
        (None, _) => {
            let message = format!("common column name \"{name}\" appears more than once in {side} table");
            return Err(DataFusionError::External(Box::new(Error::new(Kind::AmbiguousColumn, message))));
        }
    };
    Ok(Given { column, all })
}

fn is_merged(column: &Column) -> bool {
    column.relation.as_ref().is_some_and(|relation| relation.table().starts_with(MARK))
}

/// The columns that a join merges.
struct Shared {
    names: Vec<String>,
    /// Of which of them a side's own are kept.
    own: Own,
    /// Of the merged ones.
    qualifier: String,
}

impl Shared {
    /// Whether a side's column is seen no more: the merged one stands for it.
    fn replaces(&self, column: &Column) -> bool {
        let kept = match &self.own {
            Own::All => true,
            Own::Named(names) => names.contains(&column.name),
        };
        self.names.contains(&column.name) && (is_merged(column) || !kept)
    }
}

fn merge(left: LogicalPlan, right: LogicalPlan, shared: &Shared, kind: JoinType) -> Result<LogicalPlan> {
    let mut pairs = Vec::with_capacity(shared.names.len());
    for name in &shared.names {
        pairs.push((given(left.schema(), name, "left")?, given(right.schema(), name, "right")?));
    }
    let (mut columns, mut together) = (Vec::new(), Vec::new());
    for ((a, b), name) in pairs.iter().zip(&shared.names) {
        let (left, right) = (Expr::Column(a.column.clone()), Expr::Column(b.column.clone()));
        let value = match kind {
            JoinType::Full => coalesce(vec![left, right]),
            JoinType::Right => right,
            _ => left,
        };
        let merged = Column::new(Some(TableReference::bare(shared.qualifier.as_str())), name);
        columns.push(value.alias_qualified(merged.relation.clone(), name));
        let own: Vec<Column> = a.all.iter().chain(&b.all).filter(|column| !shared.replaces(column)).cloned().collect();
        if !own.is_empty() {
            together.push((merged, own));
        }
    }
    let own = left.schema().columns().into_iter().chain(right.schema().columns());
    columns.extend(own.filter(|column| !shared.replaces(column)).map(Expr::Column));
    let (a, b): (Vec<_>, Vec<_>) = pairs.into_iter().map(|(a, b)| (a.column, b.column)).unzip();
    let always = a.is_empty().then(|| lit(true));
    let joined = LogicalPlanBuilder::from(left).join(right, kind, (a, b), always)?.project(columns)?.build()?;
    if together.is_empty() { Ok(joined) } else { marked(joined, together) }
}

/// The plan under a mark by which name resolution takes columns for one: DataFusion looks for what joins with `USING` equate anywhere in a plan,
/// so one that is never run stands in a condition that [`unmarked`] takes out.
fn marked(plan: LogicalPlan, together: Vec<(Column, Vec<Column>)>) -> Result<LogicalPlan> {
    let none =
        || Arc::new(LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema: Arc::clone(plan.schema()) }));
    let mut condition: Option<Expr> = None;
    for (merged, own) in together {
        let on = own.into_iter().map(|column| (Expr::Column(merged.clone()), Expr::Column(column))).collect();
        let join = Join {
            left: none(),
            right: none(),
            on,
            filter: None,
            join_type: JoinType::LeftSemi,
            join_constraint: Constraint::Using,
            schema: Arc::clone(plan.schema()),
            null_equality: NullEquality::NullEqualsNothing,
            null_aware: false,
        };
        let subquery =
            Subquery { subquery: Arc::new(LogicalPlan::Join(join)), outer_ref_columns: Vec::new(), spans: Spans::new() };
        let mark = Expr::Exists(Exists { subquery, negated: false });
        condition = Some(match condition {
            Some(others) => others.and(mark),
            None => mark,
        });
    }
    Ok(LogicalPlan::Filter(Filter::try_new(condition.unwrap_or_else(|| lit(true)), Arc::new(plan))?))
}

/// Whether a condition is nothing but such marks.
fn is_mark(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryExpr(both) => is_mark(&both.left) && is_mark(&both.right),
        Expr::Exists(exists) => match exists.subquery.subquery.as_ref() {
            LogicalPlan::Join(join) => {
                join.on.first().is_some_and(|(merged, _)| matches!(merged, Expr::Column(column) if is_merged(column)))
                    && matches!(join.left.as_ref(), LogicalPlan::EmptyRelation(_))
            }
            _ => false,
        },
        _ => false,
    }
}

/// The plan without the marks, once all names are resolved.
pub fn unmarked(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.transform_down_with_subqueries(|node| match node {
        LogicalPlan::Filter(filter) if is_mark(&filter.predicate) => {
            // What is below may be a mark too.
            let mut input = filter.input;
            while let LogicalPlan::Filter(inner) = input.as_ref()
                && is_mark(&inner.predicate)
            {
                input = Arc::clone(&inner.input);
            }
            Ok(Transformed::yes(Arc::unwrap_or_clone(input)))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(plan.data)
}
