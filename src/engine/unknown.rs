//! Texts of no type yet, as PostgreSQL takes a quoted constant: beside an operator it is of the other side's type.

use datafusion::arrow::datatypes::{DataType, IntervalUnit};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, cast, lit};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::error::{Error, Kind};

/// Gives them their type.
#[derive(Debug)]
pub struct Unknown;

impl ExprPlanner for Unknown {
    fn plan_binary_op(&self, mut expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        match (text(&expr.left), text(&expr.right)) {
            (None, Some(text)) => {
                if let Some(typed) = typed(text, &expr.left.get_type(schema)?, &expr.op)? {
                    expr.right = typed;
                }
            }
            (Some(text), None) => {
                if let Some(typed) = typed(text, &expr.right.get_type(schema)?, &expr.op)? {
                    expr.left = typed;
                }
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
        Ok(PlannerResult::Original(expr))
    }
}

/// The text of a constant that no cast gave a type.
fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), _) => Some(text),
        _ => None,
    }
}

fn typed(text: &str, other: &DataType, op: &BinaryOperator) -> Result<Option<Expr>> {
    use BinaryOperator as Op;
    let arithmetic = matches!(op, Op::Plus | Op::Minus | Op::Multiply | Op::Divide | Op::Modulo);
    let compares = matches!(op, Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq | Op::And | Op::Or);
    if *other == DataType::Boolean && compares {
        return boolean(text).map(|value| Some(lit(value)));
    }
    if !arithmetic {
        return Ok(None);
    }
    let constant = || lit(text);
    Ok(match other {
        numeric if numeric.is_numeric() => Some(cast(constant(), numeric.clone())),
        DataType::Timestamp(..) | DataType::Interval(_) if *op == Op::Plus => {
            Some(cast(constant(), DataType::Interval(IntervalUnit::MonthDayNano)))
        }
        DataType::Timestamp(..) | DataType::Interval(_) | DataType::Date32 if *op == Op::Minus => {
            Some(cast(constant(), other.clone()))
        }
        _ => None,
    })
}

/// PostgreSQL's `boolin`: any prefix that tells the words apart.
fn boolean(text: &str) -> Result<bool> {
    let word = text.trim().to_ascii_lowercase();
    let starts = |full: &str, least: usize| word.len() >= least && full.starts_with(&word);
    if starts("true", 1) || starts("yes", 1) || starts("on", 2) || word == "1" {
        Ok(true)
    } else if starts("false", 1) || starts("no", 1) || starts("off", 2) || word == "0" {
        Ok(false)
    } else {
        let message = format!("invalid input syntax for type boolean: \"{text}\"");
        Err(DataFusionError::External(Box::new(Error::new(Kind::InvalidText, message))))
    }
}
