//! Joins whose merged columns (`USING`, `NATURAL`) are of both sides: in a `FULL JOIN` the one that is not NULL, in a `RIGHT JOIN` the right one.
//! Which joins these are, `dialect::joins` says.

use datafusion::common::{Column, JoinType, TableReference};
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{JoinConstraint, JoinOperator, TableFactor, TableWithJoins};

use super::dialect::joins::{keeps_both, merging, qualifier, using};

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
        let Some(constraint) = merging(last) else { return Ok(RelationPlanning::Original(Box::new(relation))) };
        let both = keeps_both(alias.as_ref());
        let first = table_with_joins.relation.clone();
        let left = if before.is_empty() {
            context.plan(first)?
        } else {
            let table_with_joins = Box::new(TableWithJoins { relation: first, joins: before.to_vec() });
            // The mark is of the whole chain.
            let alias = alias.clone().filter(|_| both && before.last().is_some_and(|join| merging(join).is_some()));
            context.plan(TableFactor::NestedJoin { table_with_joins, alias })?
        };
        let right = context.plan(last.relation.clone())?;
        let shared = match constraint {
            JoinConstraint::Using(columns) => using(columns),
            JoinConstraint::Natural => common(&left, &right),
            JoinConstraint::On(_) | JoinConstraint::None => Vec::new(),
        };
        let full = matches!(last.join_operator, JoinOperator::FullOuter(_));
        let plan = merge(left, right, &shared, full, both, &qualifier(&last.relation))?;
        let alias = alias.clone().filter(|_| !both);
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias))))
    }
}

/// The names that both sides have, in the left one's order.
fn common(left: &LogicalPlan, right: &LogicalPlan) -> Vec<String> {
    let theirs: Vec<&String> = right.schema().fields().iter().map(|f| f.name()).collect();
    left.schema().fields().iter().map(|f| f.name()).filter(|name| theirs.contains(name)).cloned().collect()
}

fn merge(
    left: LogicalPlan,
    right: LogicalPlan,
    shared: &[String],
    full: bool,
    both: bool,
    qualifier: &str,
) -> Result<LogicalPlan> {
    let of = |plan: &LogicalPlan, name: &str| plan.schema().qualified_field_with_unqualified_name(name).map(Column::from);
    let pairs = shared.iter().map(|name| Ok((of(&left, name)?, of(&right, name)?))).collect::<Result<Vec<_>>>()?;
    let (mut columns, mut own) = (Vec::new(), Vec::new());
    for ((a, b), name) in pairs.iter().zip(shared) {
        let (a, b) = (Expr::Column(a.clone()), Expr::Column(b.clone()));
        let value = if full { coalesce(vec![a, b]) } else { b };
        columns.push(value.alias_qualified(Some(TableReference::bare(qualifier)), name));
    }
    let is_merged = |column: &Column| pairs.iter().any(|(a, b)| a == column || b == column);
    for column in left.schema().columns().into_iter().chain(right.schema().columns()) {
        if !is_merged(&column) {
            columns.push(Expr::Column(column));
        } else if both {
            own.push(Expr::Column(column));
        }
    }
    columns.extend(own);
    let (a, b): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let join = if full { JoinType::Full } else { JoinType::Right };
    LogicalPlanBuilder::from(left).join(right, join, (a, b), None)?.project(columns)?.build()
}
