//! `ORDER BY .. LIMIT` of rows that an apply adds a value to: where the value orders nothing, the rows are sorted and limited first, so that the
//! subquery runs for those that are left.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::logical_expr::expr::Sort as Key;
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, Projection, Sort, SubqueryAlias, UserDefinedLogicalNodeCore};

use super::node::{Apply, Gives};

/// The plan with such sorts done early too. They are done again above: an apply promises no order.
pub fn sorted(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.transform_down(|node| {
        let LogicalPlan::Sort(sort) = &node else { return Ok(Transformed::no(node)) };
        let Some(fetch) = sort.fetch else { return Ok(Transformed::no(node)) };
        match below(&sort.input, &sort.expr, fetch)? {
            Some(input) => Ok(Transformed::yes(LogicalPlan::Sort(Sort { input: Arc::new(input), ..sort.clone() }))),
            None => Ok(Transformed::no(node)),
        }
    });
    Ok(plan?.data)
}

/// The plan with the rows limited below its apply; `None` where there is none that they can be limited below.
fn below(plan: &LogicalPlan, keys: &[Key], fetch: usize) -> Result<Option<LogicalPlan>> {
    match plan {
        LogicalPlan::Projection(projection) => {
            let given = projection.schema.columns().into_iter().zip(projection.expr.iter().map(unaliased));
            let Some(keys) = renamed(keys, &given.collect())? else { return Ok(None) };
            let input = below(&projection.input, &keys, fetch)?;
            let around = |input| Projection::try_new(projection.expr.clone(), Arc::new(input)).map(LogicalPlan::Projection);
            input.map(around).transpose()
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let columns = alias.input.schema().columns().into_iter().map(Expr::Column);
            let Some(keys) = renamed(keys, &alias.schema.columns().into_iter().zip(columns).collect())? else { return Ok(None) };
            let input = below(&alias.input, &keys, fetch)?;
            let around = |input| SubqueryAlias::try_new(Arc::new(input), alias.alias.clone()).map(LogicalPlan::SubqueryAlias);
            input.map(around).transpose()
        }
        other => {
            let Some(apply) = Apply::of(other).filter(|apply| matches!(apply.gives(), Gives::Value { .. })) else {
                return Ok(None);
            };
            let given = apply.outer_schema();
            if !keys.iter().all(|key| key.expr.column_refs().into_iter().all(|column| given.has_column(column))) {
                return Ok(None);
            }
            let [input] = apply.inputs()[..] else { return Ok(None) };
            let input = match below(input, keys, fetch)? {
                Some(limited) => limited,
                None => LogicalPlan::Sort(Sort { expr: keys.to_vec(), input: Arc::new(input.clone()), fetch: Some(fetch) }),
            };
            let apply = apply.with_exprs_and_inputs(Vec::new(), vec![input])?;
            Ok(Some(LogicalPlan::Extension(Extension { node: Arc::new(apply) })))
        }
    }
}

fn unaliased(expr: &Expr) -> Expr {
    expr.clone().unalias_nested().data
}

/// The keys in terms of what a node's columns are given by; `None` where one is not the same each time, or of no such column.
fn renamed(keys: &[Key], given: &HashMap<Column, Expr>) -> Result<Option<Vec<Key>>> {
    let mut renamed = Vec::with_capacity(keys.len());
    for key in keys {
        if !key.expr.column_refs().into_iter().all(|column| given.contains_key(column)) {
            return Ok(None);
        }
        let expr = key.expr.clone().transform_up(|expr| match &expr {
            Expr::Column(column) => {
                Ok(given.get(column).map_or_else(|| Transformed::no(expr.clone()), |of| Transformed::yes(of.clone())))
            }
            _ => Ok(Transformed::no(expr)),
        });
        let expr = expr?.data;
        if expr.is_volatile() {
            return Ok(None);
        }
        renamed.push(Key { expr, ..key.clone() });
    }
    Ok(Some(renamed))
}
