//! Outer columns of a subquery: which there are, the plan with placeholders in their place, and with values in place of those.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion::common::metadata::FieldMetadata;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{Cast, Exists, InSubquery, SetComparison};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{EmptyRelation, Expr, Extension, FetchType, LogicalPlan, Subquery};

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

/// The plan with these expressions in place of the outer columns.
pub fn bound(plan: LogicalPlan, values: &[(Column, Expr)]) -> Result<LogicalPlan> {
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

fn in_place(expr: Expr, values: &[(Column, Expr)], schema: &DFSchema) -> Result<Transformed<Expr>> {
    let within = |subquery: Subquery| -> Result<Subquery> {
        let plan = bound(Arc::unwrap_or_clone(subquery.subquery), &unhidden(values, schema))?;
        Ok(Subquery { outer_ref_columns: plan.all_out_ref_exprs(), subquery: Arc::new(plan), spans: subquery.spans })
    };
    Ok(Transformed::yes(match expr {
        Expr::OuterReferenceColumn(field, column) => match values.iter().find(|(known, _)| *known == column) {
            Some((_, value)) => value.clone(),
            None => Expr::OuterReferenceColumn(field, column),
        },
        other => return in_subquery(other, within),
    }))
}

/// The expression with its subquery changed, if it has one.
fn in_subquery(expr: Expr, change: impl FnOnce(Subquery) -> Result<Subquery>) -> Result<Transformed<Expr>> {
    Ok(Transformed::yes(match expr {
        Expr::ScalarSubquery(subquery) => Expr::ScalarSubquery(change(subquery)?),
        Expr::Exists(Exists { subquery, negated }) => Expr::Exists(Exists { subquery: change(subquery)?, negated }),
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
            Expr::InSubquery(InSubquery { expr, subquery: change(subquery)?, negated })
        }
        Expr::SetComparison(SetComparison { expr, subquery, op, quantifier }) => {
            Expr::SetComparison(SetComparison { expr, subquery: change(subquery)?, op, quantifier })
        }
        other => return Ok(Transformed::no(other)),
    }))
}

/// An optimised plan with these values in place of its placeholders. What is optimised is not so again: of what comes with the values only
/// casts of them are worked out, for scans and limits look for literals.
pub fn filled(plan: LogicalPlan, values: &HashMap<&str, ScalarValue>) -> Result<LogicalPlan> {
    let filled_plan = plan.transform_up(|node| {
        if let Some(apply) = Apply::of(&node) {
            let inner = filled(apply.subquery().clone(), values)?;
            return Ok(Transformed::yes(LogicalPlan::Extension(Extension { node: Arc::new(apply.with_subquery(inner)) })));
        }
        // Nodes above name columns by what the plan was told.
        let names = NamePreserver::new(&node);
        let node = node.map_expressions(|expr| {
            let name = names.save(&expr);
            let filled = expr.transform_up(|expr| with_values(expr, values))?;
            Ok(filled.update_data(|expr| name.restore(expr)))
        })?;
        // For no rows nothing is to be sorted either: the planner takes that for granted.
        node.map_data(|node| match &node {
            LogicalPlan::Limit(limit) if matches!(limit.get_fetch_type(), Ok(FetchType::Literal(Some(0)))) => {
                let none = EmptyRelation { produce_one_row: false, schema: Arc::clone(node.schema()) };
                Ok(LogicalPlan::EmptyRelation(none))
            }
            _ => Ok(node),
        })
    })?;
    Ok(filled_plan.data)
}

fn with_values(expr: Expr, values: &HashMap<&str, ScalarValue>) -> Result<Transformed<Expr>> {
    let told = |field: &Field| (!field.metadata().is_empty()).then(|| FieldMetadata::from(field));
    Ok(Transformed::yes(match expr {
        Expr::Placeholder(ref placeholder) => match values.get(placeholder.id.as_str()) {
            Some(value) => Expr::Literal(value.clone(), placeholder.field.as_deref().and_then(told)),
            None => return Ok(Transformed::no(expr)),
        },
        Expr::Cast(Cast { expr: ref inner, ref field }) => match inner.as_ref() {
            Expr::Literal(value, _) => match value.cast_to(field.data_type()) {
                Ok(value) => Expr::Literal(value, told(field)),
                // An error of a row that is asked for, perhaps.
                Err(_) => return Ok(Transformed::no(expr)),
            },
            _ => return Ok(Transformed::no(expr)),
        },
        other => {
            let within = |subquery: Subquery| {
                let plan = filled(Arc::unwrap_or_clone(subquery.subquery), values)?;
                Ok(Subquery { subquery: Arc::new(plan), ..subquery })
            };
            return in_subquery(other, within);
        }
    }))
}

/// Without those that a nearer query's columns of the same name hide.
fn unhidden(values: &[(Column, Expr)], nearer: &DFSchema) -> Vec<(Column, Expr)> {
    values.iter().filter(|(column, _)| !nearer.has_column(column)).cloned().collect()
}
