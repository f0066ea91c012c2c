//! `named(x, text)` is `x` under a name of its own, while names are resolved: DataFusion leaves casts and parentheses out of a column's name, and
//! takes `sum(a - (b - c))` and `sum(a - b - c)` for one. `dialect::apart` writes it, and [`unnamed`] takes it out of the plan, whose columns keep
//! the names.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, ScalarUDF};

use super::same;

/// The function's name.
pub const NAMED: &str = "stoa_named";

/// The function.
pub fn function() -> Arc<ScalarUDF> {
    same::named(NAMED)
}

/// The plan without the function, once all names are resolved.
pub fn unnamed(plan: LogicalPlan) -> Result<LogicalPlan> {
    if !super::apply::holds(&plan, &is_named)? {
        return Ok(plan);
    }
    let plan = plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        let node = node.map_expressions(|expr| {
            let name = names.save(&expr);
            let grouped = expr.transform_down(grouped)?;
            let bare = grouped.transform_data(|expr| expr.transform_up(|expr| Ok(without(expr, |inner, _| inner))))?;
            Ok(bare.update_data(|expr| name.restore(expr)))
        })?;
        node.map_data(LogicalPlan::recompute_schema)
    })?;
    Ok(plan.data)
}

/// The columns of grouping sets keep their names, and so do those that `grouping` asks for: they are told by them.
fn grouped(expr: Expr) -> Result<Transformed<Expr>> {
    let asks = matches!(&expr, Expr::AggregateFunction(call) if call.func.name() == "grouping");
    if !asks && !matches!(expr, Expr::GroupingSet(_)) {
        return Ok(Transformed::no(expr));
    }
    expr.transform_up(|expr| Ok(without(expr, |inner, name| inner.alias(name))))
}

/// What `then` makes of the function's argument and of the name that it gives.
fn without(expr: Expr, then: impl Fn(Expr, String) -> Expr) -> Transformed<Expr> {
    match expr {
        Expr::ScalarFunction(mut call) if call.func.name() == NAMED => {
            let name = call.func.inner().schema_name(&call.args).unwrap_or_else(|_| NAMED.to_owned());
            Transformed::yes(then(call.args.swap_remove(0), name))
        }
        other => Transformed::no(other),
    }
}

fn is_named(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(ScalarFunction { func, .. }) if func.name() == NAMED)
}
