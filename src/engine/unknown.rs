//! Texts of no type yet, as PostgreSQL takes a quoted constant: beside an operator it is of the other side's type. Four places settle them, each
//! for the types it knows: beside numbers `numeric` (arithmetic in `literals` when planned, comparisons in `settle` when analysed), beside
//! dates, times and intervals `functions::datetime` (operators when planned; `BETWEEN` and `IN`, which no planner is asked for, when analysed),
//! beside arrays, JSON, UUIDs and bytes `operators`, for a function's arguments `functions::function`. Booleans are left for this one.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, lit};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::expressions::type_of;
use crate::error::{Error, Kind};

/// Gives them their type.
#[derive(Debug)]
pub struct Unknown;

impl ExprPlanner for Unknown {
    fn plan_binary_op(&self, mut expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        match (text(&expr.left), text(&expr.right)) {
            (None, Some(text)) => {
                if let Some(typed) = typed(text, &type_of(&expr.left, schema)?, &expr.op)? {
                    expr.right = typed;
                }
            }
            (Some(text), None) => {
                if let Some(typed) = typed(text, &type_of(&expr.right, schema)?, &expr.op)? {
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

/// The constant as a boolean beside one; what stands beside other types was settled by its planners before.
fn typed(text: &str, other: &DataType, op: &BinaryOperator) -> Result<Option<Expr>> {
    use BinaryOperator as Op;
    let compares = matches!(op, Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq | Op::And | Op::Or);
    if *other != DataType::Boolean || !compares {
        return Ok(None);
    }
    boolean(text).map(|value| Some(lit(value)))
}

/// PostgreSQL's `boolin`: any prefix that tells the words apart.
pub fn boolean(text: &str) -> Result<bool> {
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
