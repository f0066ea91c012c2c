//! Outer columns of a subquery: which there are, and the plan with values in their place.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{Exists, InSubquery, SetComparison};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, Subquery};

use super::node::Apply;

/// The columns of `schema`, or of whatever is around, that a subquery's plan refers to, each once.
pub fn outer_columns(plan: &LogicalPlan, schema: Option<&DFSchema>) -> Result<Vec<Column>> {
    let mut found = Vec::new();
    collect(plan, &mut found)?;
    found.retain(|column| schema.is_none_or(|schema| schema.has_column(column)));
    Ok(found)
}

/// What the plan refers to that nothing in it gives.
fn collect(plan: &LogicalPlan, found: &mut Vec<Column>) -> Result<()> {
    let schema = merge_schema(&plan.inputs());
    if let Some(apply) = Apply::of(plan) {
        collect_within(apply.subquery(), &schema, found)?;
    }
    plan.apply_expressions(|expr| {
        expr.apply(|expr| {
            match expr {
                Expr::OuterReferenceColumn(_, column) => note(column.clone(), found),
                Expr::ScalarSubquery(subquery)
                | Expr::Exists(Exists { subquery, .. })
                | Expr::InSubquery(InSubquery { subquery, .. })
                | Expr::SetComparison(SetComparison { subquery, .. }) => collect_within(&subquery.subquery, &schema, found)?,
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    match plan {
        // What is lateral refers to the left side.
        LogicalPlan::Join(join) => {
            collect(&join.left, found)?;
            collect_within(&join.right, join.left.schema(), found)
        }
        other => other.inputs().into_iter().try_for_each(|input| collect(input, found)),
    }
}

/// What a subquery refers to beyond the columns of the query around it.
fn collect_within(plan: &LogicalPlan, around: &DFSchema, found: &mut Vec<Column>) -> Result<()> {
    let mut inner = Vec::new();
    collect(plan, &mut inner)?;
    inner.into_iter().filter(|column| !around.has_column(column)).for_each(|column| note(column, found));
    Ok(())
}

fn note(column: Column, found: &mut Vec<Column>) {
    if !found.contains(&column) {
        found.push(column);
    }
}

/// The plan with these values in place of the outer columns.
pub fn bound(plan: LogicalPlan, values: &[(Column, ScalarValue)]) -> Result<LogicalPlan> {
    let bound = plan.transform_up(|node| {
        if let Some(apply) = Apply::of(&node) {
            let inner = bound(apply.subquery().clone(), &unhidden(values, apply.outer_schema()))?;
            return Ok(Transformed::yes(LogicalPlan::Extension(Extension { node: Arc::new(apply.with_subquery(inner)) })));
        }
        let schema = merge_schema(&node.inputs());
        // Names are looked up above.
        let names = NamePreserver::new(&node);
        let node = node.map_expressions(|expr| {
            let name = names.save(&expr);
            let bound = expr.transform_up(|expr| in_place(expr, values, &schema))?;
            Ok(bound.update_data(|expr| name.restore(expr)))
        })?;
        node.map_data(LogicalPlan::recompute_schema)
    })?;
    Ok(bound.data)
}

fn in_place(expr: Expr, values: &[(Column, ScalarValue)], schema: &DFSchema) -> Result<Transformed<Expr>> {
    let within = |subquery: Subquery| -> Result<Subquery> {
        let plan = bound(Arc::unwrap_or_clone(subquery.subquery), &unhidden(values, schema))?;
        Ok(Subquery { outer_ref_columns: plan.all_out_ref_exprs(), subquery: Arc::new(plan), spans: subquery.spans })
    };
    Ok(Transformed::yes(match expr {
        Expr::OuterReferenceColumn(field, column) => match values.iter().find(|(known, _)| *known == column) {
            Some((_, value)) => Expr::Literal(value.clone(), None),
            None => Expr::OuterReferenceColumn(field, column),
        },
        Expr::ScalarSubquery(subquery) => Expr::ScalarSubquery(within(subquery)?),
        Expr::Exists(Exists { subquery, negated }) => Expr::Exists(Exists { subquery: within(subquery)?, negated }),
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
            Expr::InSubquery(InSubquery { expr, subquery: within(subquery)?, negated })
        }
        Expr::SetComparison(SetComparison { expr, subquery, op, quantifier }) => {
            Expr::SetComparison(SetComparison { expr, subquery: within(subquery)?, op, quantifier })
        }
        other => return Ok(Transformed::no(other)),
    }))
}

/// Without those that a nearer query's columns of the same name hide.
fn unhidden(values: &[(Column, ScalarValue)], nearer: &DFSchema) -> Vec<(Column, ScalarValue)> {
    values.iter().filter(|(column, _)| !nearer.has_column(column)).cloned().collect()
}
