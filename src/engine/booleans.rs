//! Quoted constants beside a `boolean` in `IN`, `BETWEEN` and `CASE x WHEN`, which no planner is asked for: they are of its type, as
//! beside an operator ([`super::unknown`]).

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Between, Case, InList};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, lit};
use datafusion::optimizer::AnalyzerRule;

use super::{expressions, unknown};

/// The rule; it stands before those that take offence at texts.
#[derive(Debug, Default)]
pub struct Booleans;

impl AnalyzerRule for Booleans {
    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        expressions::changed(plan, |expr, schema, _| settled(expr, schema))
    }

    fn name(&self) -> &str {
        "booleans"
    }
}

fn settled(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let is_boolean = |e: &Expr| e.get_type(schema).is_ok_and(|t| t == DataType::Boolean);
    match expr {
        Expr::InList(InList { expr, list, negated }) if is_boolean(&expr) && list.iter().any(is_text) => {
            let list = list.into_iter().map(constant).collect::<Result<_>>()?;
            Ok(Transformed::yes(Expr::InList(InList::new(expr, list, negated))))
        }
        Expr::Between(Between { expr, negated, low, high }) if is_boolean(&expr) && (is_text(&low) || is_text(&high)) => {
            let (low, high) = (Box::new(constant(*low)?), Box::new(constant(*high)?));
            Ok(Transformed::yes(Expr::Between(Between::new(expr, negated, low, high))))
        }
        Expr::Case(Case { expr: Some(expr), when_then_expr, else_expr })
            if is_boolean(&expr) && when_then_expr.iter().any(|(when, _)| is_text(when)) =>
        {
            let branches = when_then_expr.into_iter().map(|(when, then)| Ok((Box::new(constant(*when)?), then)));
            Ok(Transformed::yes(Expr::Case(Case::new(Some(expr), branches.collect::<Result<_>>()?, else_expr))))
        }
        other => Ok(Transformed::no(other)),
    }
}

fn is_text(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Utf8(Some(_)), _))
}

/// A text as a boolean, anything else as it is.
fn constant(expr: Expr) -> Result<Expr> {
    match &expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), _) => unknown::boolean(text).map(lit),
        _ => Ok(expr),
    }
}
