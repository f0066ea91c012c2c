//! The arguments of an aggregate with a FILTER are calculated for the rows that it lets through alone: `sum(1 / x) FILTER (WHERE x <> 0)` divides by no
//! zero. DataFusion calculates them for all rows first; in a CASE it does not.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{Case, WindowFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;

use super::same;

/// The rule; it stands behind all that change types.
#[derive(Debug, Default)]
pub struct Filtered;

impl AnalyzerRule for Filtered {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let changed = plan.transform_up_with_subqueries(|node| {
            if !matches!(node, LogicalPlan::Aggregate(_) | LogicalPlan::Window(_)) {
                return Ok(Transformed::no(node));
            }
            let (schema, names) = (merge_schema(&node.inputs()), NamePreserver::new(&node));
            node.map_expressions(|expr| {
                let name = names.save(&expr);
                let done = expr.transform_up(|expr| call(expr, &schema))?;
                Ok(done.update_data(|expr| name.restore(expr)))
            })
        })?;
        Ok(changed.data)
    }

    fn name(&self) -> &str {
        "filtered"
    }
}

fn call(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::AggregateFunction(mut call) => {
            let Some(filter) = call.params.filter.clone() else { return Ok(Transformed::no(Expr::AggregateFunction(call))) };
            let mut changed = false;
            for argument in call.params.args.iter_mut().chain(call.params.order_by.iter_mut().map(|by| &mut by.expr)) {
                changed |= only_where(&filter, argument, schema)?;
            }
            Ok(Transformed::new_transformed(Expr::AggregateFunction(call), changed))
        }
        Expr::WindowFunction(mut call) => {
            let WindowFunction { params, .. } = call.as_mut();
            let Some(filter) = params.filter.clone() else { return Ok(Transformed::no(Expr::WindowFunction(call))) };
            let mut changed = false;
            for argument in &mut params.args {
                changed |= only_where(&filter, argument, schema)?;
            }
            Ok(Transformed::new_transformed(Expr::WindowFunction(call), changed))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// Whether an expression never fails, so that it may be calculated for any row.
fn is_safe(expr: &Expr) -> bool {
    match expr {
        Expr::Column(_) | Expr::Literal(..) | Expr::Placeholder(_) => true,
        Expr::Alias(alias) => is_safe(&alias.expr),
        Expr::Not(of) | Expr::IsNull(of) | Expr::IsNotNull(of) => is_safe(of),
        _ => false,
    }
}

/// The argument where the filter holds, elsewhere NULL.
fn only_where(filter: &Expr, argument: &mut Expr, schema: &DFSchema) -> Result<bool> {
    if is_safe(argument) {
        return Ok(false);
    }
    let (_, field) = argument.to_field(schema)?;
    let then = std::mem::take(argument);
    let case = Expr::Case(Case::new(None, vec![(Box::new(filter.clone()), Box::new(then))], None));
    // Which it has otherwise forgotten.
    *argument = if field.metadata().is_empty() { case } else { same::with_metadata(case, "same", field.metadata()) };
    Ok(true)
}
