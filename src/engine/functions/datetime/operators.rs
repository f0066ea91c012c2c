//! Operators of dates, times and intervals, planned as functions: which one is meant PostgreSQL's types decide, and unknown literals are read
//! as what stands on the other side.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::expr::Placeholder;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, cast};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::arithmetic::{DIVIDE, MINUS, PLUS, TIMES};
use crate::engine::expressions::type_of;
use crate::engine::functions::function::{Given, Overload, Type as T, choose, outward};
use crate::engine::functions::named;
use crate::error::{Error, Kind};
use crate::table::pg_type::PgType;

/// Plans them.
#[derive(Debug)]
pub struct Operators;

/// The function that an operator becomes, and its forms.
fn function(op: &BinaryOperator) -> Option<(&'static str, &'static [Overload])> {
    Some(match op {
        BinaryOperator::Plus => ("datetime_plus", PLUS),
        BinaryOperator::Minus => ("datetime_minus", MINUS),
        BinaryOperator::Multiply => ("interval_times", TIMES),
        BinaryOperator::Divide => ("interval_divide", DIVIDE),
        _ => return None,
    })
}

/// What an operand is: a literal in quotes, a null or a parameter without a type is unknown.
fn operand(expr: &Expr, schema: &DFSchema) -> Given {
    match expr {
        Expr::Literal(ScalarValue::Utf8(_) | ScalarValue::Utf8View(_) | ScalarValue::Null, _) => return Given::Unknown,
        Expr::Placeholder(Placeholder { field: None, .. }) => return Given::Unknown,
        _ => {}
    }
    match type_of(expr, schema) {
        Ok(DataType::Null) | Err(_) => Given::Unknown,
        Ok(DataType::Utf8) => Given::Text,
        Ok(t) => Given::of_type(&t),
    }
}

/// The form that operands mean: an unknown one is first taken for what stands on the other side.
fn chosen(overloads: &'static [Overload], left: Given, right: Given) -> Option<&'static Overload> {
    let or = |a: Given, b: Given| if a == Given::Unknown { b } else { a };
    let among = |given: [Given; 2]| choose(overloads.iter().map(|o| o.takes), &given).and_then(|n| overloads.get(n));
    among([or(left, right), or(right, left)]).or_else(|| among([left, right]))
}

/// The operand as a value of a type.
fn read_as(expr: Expr, t: T) -> Expr {
    let Some(data_type) = t.of_parameter() else { return expr };
    match expr {
        Expr::Placeholder(Placeholder { id, field: None }) => {
            Expr::Placeholder(Placeholder { id, field: Some(Arc::new(Field::new("", data_type, true))) })
        }
        other => cast(other, data_type),
    }
}

/// PostgreSQL's error of an operator that does not exist for such types.
fn no_operator(expr: &RawBinaryExpr, schema: &DFSchema) -> Error {
    let shown = |side: &Expr| match (operand(side, schema), side) {
        (Given::Unknown, _) => "unknown",
        (_, Expr::Literal(ScalarValue::Int64(Some(n)), _)) if i32::try_from(*n).is_ok() => "integer",
        _ => side.get_type(schema).map_or("unknown", |t| PgType::of(&t).sql_name),
    };
    let message = format!("operator does not exist: {} {} {}", shown(&expr.left), expr.op, shown(&expr.right));
    Error::new(Kind::UndefinedFunction, message)
        .with_hint("No operator matches the given name and argument types. You might need to add explicit type casts.")
}

fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, mut expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let sides = (operand(&expr.left, schema), operand(&expr.right, schema));
        let temporal = |side: Given| matches!(side, Given::Temporal(_));
        if !temporal(sides.0) && !temporal(sides.1) {
            return Ok(PlannerResult::Original(expr));
        }
        if is_comparison(&expr.op) {
            match sides {
                (Given::Temporal(t), Given::Unknown) => expr.right = read_as(expr.right, t),
                (Given::Unknown, Given::Temporal(t)) => expr.left = read_as(expr.left, t),
                (Given::Temporal(left), Given::Temporal(right)) => {
                    // Both as moments, in the session's zone where one has one.
                    let both = match (left, right) {
                        (T::Date, T::Timestamp | T::Timestamptz) | (T::Timestamp, T::Timestamptz) => right,
                        (T::Timestamp | T::Timestamptz, T::Date) | (T::Timestamptz, T::Timestamp) => left,
                        (T::Time, T::Interval) | (T::Interval, T::Time) => T::Interval,
                        _ => return Ok(PlannerResult::Original(expr)),
                    };
                    if left == both { expr.right = read_as(expr.right, both) } else { expr.left = read_as(expr.left, both) }
                }
                _ => {}
            }
            return Ok(PlannerResult::Original(expr));
        }
        if expr.op == BinaryOperator::StringConcat {
            // As text, where the other side is one.
            let text = |side: Given| matches!(side, Given::Text | Given::Unknown);
            if temporal(sides.0) && text(sides.1) {
                expr.left = cast(expr.left, DataType::Utf8);
            } else if temporal(sides.1) && text(sides.0) {
                expr.right = cast(expr.right, DataType::Utf8);
            }
            return Ok(PlannerResult::Original(expr));
        }
        let Some((name, overloads)) = function(&expr.op) else { return Ok(PlannerResult::Original(expr)) };
        if matches!(sides.0, Given::Other | Given::List | Given::Row)
            || matches!(sides.1, Given::Other | Given::List | Given::Row)
        {
            return Ok(PlannerResult::Original(expr));
        }
        let Some(chosen) = chosen(overloads, sides.0, sides.1) else { return Err(outward(no_operator(&expr, schema))) };
        let ([left_type, right_type], Some(function)) = (chosen.takes, named(name)) else {
            return Ok(PlannerResult::Original(expr));
        };
        let left = if sides.0 == Given::Unknown { read_as(expr.left, *left_type) } else { expr.left };
        let right = if sides.1 == Given::Unknown { read_as(expr.right, *right_type) } else { expr.right };
        Ok(PlannerResult::Planned(function.call(vec![left, right])))
    }
}
