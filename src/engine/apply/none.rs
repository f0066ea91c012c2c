//! A subquery that gives no row is NULL, also where its column never is: DataFusion takes the column's word for it, and `(SELECT 1 WHERE false) IS
//! NULL` was false. What such a column holds goes through a function that may be NULL.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Subquery};

use crate::engine::same;

/// The plan whose scalar subqueries may be NULL, unless they have a row in any case.
pub fn nullable(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        let node = node.map_expressions(|expr| {
            let name = names.save(&expr);
            Ok(expr.transform_up(of_expression)?.update_data(|expr| name.restore(expr)))
        })?;
        // Also above one that changed.
        node.map_data(LogicalPlan::recompute_schema)
    })?;
    Ok(plan.data)
}

/// Whether there is anything to do.
pub fn is_asked(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarSubquery(subquery) if is_concerned(subquery))
}

fn is_concerned(subquery: &Subquery) -> bool {
    let plan = &subquery.subquery;
    plan.schema().fields().first().is_some_and(|field| !field.is_nullable()) && !has_a_row(plan)
}

/// Whether a plan has one row whatever it reads: that of an aggregate without groups, or of no table.
fn has_a_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => has_a_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => has_a_row(&alias.input),
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::EmptyRelation(relation) => relation.produce_one_row,
        _ => false,
    }
}

fn of_expression(expr: Expr) -> Result<Transformed<Expr>> {
    match expr {
        Expr::ScalarSubquery(subquery) if is_concerned(&subquery) => {
            let plan = subquery.subquery.as_ref().clone();
            let columns = plan.schema().columns().into_iter().map(|column| {
                let name = column.name.clone();
                same::or_none(Expr::Column(column)).alias(name)
            });
            let columns: Vec<Expr> = columns.collect();
            let plan = LogicalPlanBuilder::from(plan).project(columns)?.build()?;
            Ok(Transformed::yes(Expr::ScalarSubquery(Subquery { subquery: Arc::new(plan), ..subquery })))
        }
        other => Ok(Transformed::no(other)),
    }
}
