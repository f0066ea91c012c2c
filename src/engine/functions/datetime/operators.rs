//! Operators of dates, times and intervals, planned as functions: which one is meant PostgreSQL's types decide, and unknown literals are read
//! as what stands on the other side.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::expr::Placeholder;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, ScalarUDF, Volatility, cast};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::Times;
use super::arithmetic::{DIVIDE, MINUS, PLUS, TIMES};
use super::function::{Function, Overload, T, choose};
use crate::engine::functions::native::outward;
use crate::error::{Error, Kind};
use crate::table::pg_type::PgType;

/// Plans them.
pub struct Operators {
    plus: Arc<ScalarUDF>,
    minus: Arc<ScalarUDF>,
    times: Arc<ScalarUDF>,
    divide: Arc<ScalarUDF>,
}

impl std::fmt::Debug for Operators {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Operators")
    }
}

impl Operators {
    pub fn new(times: &Arc<Times>) -> Self {
        let of = |name, overloads| Function::new(name, Volatility::Immutable, overloads, times).udf();
        Self {
            plus: of("datetime_plus", PLUS),
            minus: of("datetime_minus", MINUS),
            times: of("interval_times", TIMES),
            divide: of("interval_divide", DIVIDE),
        }
    }

    fn of(&self, op: &BinaryOperator) -> Option<(&Arc<ScalarUDF>, &'static [Overload])> {
        Some(match op {
            BinaryOperator::Plus => (&self.plus, PLUS),
            BinaryOperator::Minus => (&self.minus, MINUS),
            BinaryOperator::Multiply => (&self.times, TIMES),
            BinaryOperator::Divide => (&self.divide, DIVIDE),
            _ => return None,
        })
    }
}

/// What an operand is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operand {
    Known(T),
    /// A literal in quotes, a null or a parameter without a type.
    Unknown,
    Other,
}

fn operand(expr: &Expr, schema: &DFSchema) -> Operand {
    match expr {
        Expr::Literal(ScalarValue::Utf8(_) | ScalarValue::Utf8View(_) | ScalarValue::Null, _) => return Operand::Unknown,
        Expr::Placeholder(Placeholder { field: None, .. }) => return Operand::Unknown,
        _ => {}
    }
    match expr.get_type(schema) {
        Ok(DataType::Null) | Err(_) => Operand::Unknown,
        Ok(t) => T::of(&t).map_or(Operand::Other, Operand::Known),
    }
}

/// The operand as a value of a type.
pub fn read_as(expr: Expr, t: T) -> Expr {
    match expr {
        Expr::Placeholder(Placeholder { id, field: None }) => {
            Expr::Placeholder(Placeholder { id, field: Some(Arc::new(Field::new("", t.arrow(), true))) })
        }
        other => cast(other, t.arrow()),
    }
}

/// PostgreSQL's error of an operator that does not exist for such types.
fn no_operator(expr: &RawBinaryExpr, schema: &DFSchema) -> Error {
    let shown = |side: &Expr| match (operand(side, schema), side) {
        (Operand::Unknown, _) => "unknown",
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
        let temporal = |side: Operand| matches!(side, Operand::Known(t) if t.is_temporal());
        if !temporal(sides.0) && !temporal(sides.1) {
            return Ok(PlannerResult::Original(expr));
        }
        if is_comparison(&expr.op) {
            match sides {
                (Operand::Known(t), Operand::Unknown) => expr.right = read_as(expr.right, t),
                (Operand::Unknown, Operand::Known(t)) => expr.left = read_as(expr.left, t),
                (Operand::Known(left), Operand::Known(right)) => {
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
            let text = |side: Operand| matches!(side, Operand::Known(T::Text) | Operand::Unknown);
            if temporal(sides.0) && text(sides.1) {
                expr.left = cast(expr.left, DataType::Utf8);
            } else if temporal(sides.1) && text(sides.0) {
                expr.right = cast(expr.right, DataType::Utf8);
            }
            return Ok(PlannerResult::Original(expr));
        }
        let Some((function, overloads)) = self.of(&expr.op) else { return Ok(PlannerResult::Original(expr)) };
        let known = |side: Operand| match side {
            Operand::Known(t) => Some(Some(t)),
            Operand::Unknown => Some(None),
            Operand::Other => None,
        };
        let (Some(left), Some(right)) = (known(sides.0), known(sides.1)) else { return Ok(PlannerResult::Original(expr)) };
        // An unknown is first taken for what stands on the other side.
        let alike = [left.or(right), right.or(left)];
        let chosen = choose(overloads, &alike).or_else(|| choose(overloads, &[left, right]));
        let Some(chosen) = chosen else { return Err(outward(no_operator(&expr, schema))) };
        let [left_type, right_type] = chosen.takes else { return Ok(PlannerResult::Original(expr)) };
        let left = if sides.0 == Operand::Unknown { read_as(expr.left, *left_type) } else { expr.left };
        let right = if sides.1 == Operand::Unknown { read_as(expr.right, *right_type) } else { expr.right };
        Ok(PlannerResult::Planned(function.call(vec![left, right])))
    }
}
