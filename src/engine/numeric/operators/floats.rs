//! `+ - * / %` of floats, whose overflow, underflow and division by zero are errors.

use arrow::array::{Array, ArrowPrimitiveType, AsArray};
use arrow::compute::kernels::numeric::{add_wrapping, div, mul_wrapping, rem, sub_wrapping};
use arrow::datatypes::ArrowNativeTypeOp;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Operator};
use datafusion::physical_expr_common::datum::apply;

use crate::engine::numeric::types;
use crate::error::{Error, Kind};

/// Floats by Arrow's kernels, then a look at what came out: only where something is infinite or zero are the operands looked at too.
pub fn floats<T>(left: &ColumnarValue, right: &ColumnarValue, op: Operator) -> Result<ColumnarValue>
where
    T: ArrowPrimitiveType,
    T::Native: ArrowNativeTypeOp + Into<f64> + Copy,
{
    let done = match op {
        Operator::Plus => apply(left, right, add_wrapping)?,
        Operator::Minus => apply(left, right, sub_wrapping)?,
        Operator::Multiply => apply(left, right, mul_wrapping)?,
        Operator::Divide => apply(left, right, div)?,
        _ => apply(left, right, rem)?,
    };
    let result = done.to_array(1)?;
    let result = result.as_primitive::<T>();
    let is_odd = |v: &T::Native| {
        let v: f64 = (*v).into();
        !v.is_finite() || v == 0.0
    };
    if !result.values().iter().any(is_odd) {
        return Ok(done);
    }
    let rows = result.len();
    let (l, r) = (left.to_array(rows)?, right.to_array(rows)?);
    let (l, r) = (l.as_primitive::<T>(), r.as_primitive::<T>());
    for row in (0..rows).filter(|row| result.is_valid(*row)) {
        let (a, b, v): (f64, f64, f64) = (l.value(row).into(), r.value(row).into(), result.value(row).into());
        if b == 0.0 && matches!(op, Operator::Divide | Operator::Modulo) && !a.is_nan() {
            return Err(types::by_zero());
        }
        if v.is_infinite() && a.is_finite() && b.is_finite() {
            return Err(overflow());
        }
        let vanished = match op {
            Operator::Multiply => a != 0.0 && b != 0.0,
            Operator::Divide => a != 0.0 && !b.is_infinite(),
            _ => false,
        };
        if v == 0.0 && vanished {
            return Err(underflow());
        }
    }
    Ok(done)
}

/// The error of a float that became too large.
pub fn overflow() -> DataFusionError {
    types::outward(Error::new(Kind::OutOfRange, "value out of range: overflow"))
}

/// The error of a float that became too small to be told from zero.
pub fn underflow() -> DataFusionError {
    types::outward(Error::new(Kind::OutOfRange, "value out of range: underflow"))
}
