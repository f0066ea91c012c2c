//! Functions of whole numbers that decimals have too: remainders, divisors, factorials; and what a decimal's scale is.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal256Array, Int32Array};
use arrow::compute::cast;
use arrow::compute::kernels::arity::try_binary;
use arrow::datatypes::{DataType, Decimal256Type, Field, FieldRef, Int16Type, Int32Type, Int64Type, i256};
use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::Operator;

use super::super::{decimal, types};
use super::{Call, Function, decimals, whole_or_decimals};
use crate::error::{Error, Kind};
use crate::table::pg_type::PgType;
use crate::table::pg_value::{ShownScale, Special};

pub const FUNCTIONS: &[Function] = &[
    Function {
        name: "mod",
        takes: whole_or_decimals::<2>,
        gives: of_two,
        body: |call| two(call, remainder, Some(Operator::Modulo)),
    },
    Function { name: "gcd", takes: whole_or_decimals::<2>, gives: of_two, body: |call| two(call, divisor, None) },
    Function { name: "lcm", takes: whole_or_decimals::<2>, gives: of_two, body: |call| two(call, multiple, None) },
    Function { name: "div", takes: decimals::<2>, gives: whole_number, body: |call| two(call, quotient, Some(Operator::Divide)) },
    Function { name: "factorial", takes: one_whole, gives: whole_number, body: factorial },
    Function { name: "scale", takes: decimals::<1>, gives: int4, body: |call| scales(call, false) },
    Function { name: "min_scale", takes: decimals::<1>, gives: int4, body: |call| scales(call, true) },
    Function { name: "trim_scale", takes: decimals::<1>, gives: trimmed, body: |call| Ok(Arc::clone(call.argument(0)?)) },
];

fn one_whole(arguments: &[DataType]) -> Option<Vec<DataType>> {
    match arguments {
        [argument] if types::plain(argument)?.is_integer() => Some(vec![DataType::Int64]),
        _ => None,
    }
}

fn of_two(fields: &[FieldRef], _: &[Option<&ScalarValue>]) -> Option<Field> {
    let [left, right] = fields else { return None };
    if types::decimal(left.data_type()).is_none() {
        return Some(Field::new("", left.data_type().clone(), true));
    }
    let field = Field::new("", types::holding(left.data_type(), right.data_type())?, true);
    Some(match types::shown_of_sum(left, right) {
        Some(shown) => shown.mark(field),
        None => field,
    })
}

fn whole_number(_: &[FieldRef], _: &[Option<&ScalarValue>]) -> Option<Field> {
    Some(Field::new("", DataType::Decimal256(types::WIDEST, 0), true))
}

fn int4(_: &[FieldRef], _: &[Option<&ScalarValue>]) -> Option<Field> {
    Some(Field::new("", DataType::Int32, true))
}

fn trimmed(fields: &[FieldRef], _: &[Option<&ScalarValue>]) -> Option<Field> {
    Some(ShownScale::Trimmed { least: 0 }.mark(Field::new("", fields.first()?.data_type().clone(), true)))
}

/// A whole number of two, at the scale that both are brought to; `None` when it does not fit.
type OfTwo = fn(i256, i256, i32) -> Result<Option<i256>>;

/// What `f` gives of two numbers, and `op` of what is none; without an `op` that is no number either.
fn two(call: &Call, f: OfTwo, op: Option<Operator>) -> Result<ArrayRef> {
    let (a, b) = (call.argument(0)?, call.argument(1)?);
    let result = call.result.data_type();
    macro_rules! integers {
        ($arrow:ty, $native:ty) => {{
            let too_large = || types::out_of_range(PgType::of(result).sql_name);
            let of = |a: $native, b: $native| {
                let wide = |v: $native| i256::from_i128(i128::from(v));
                let done = f(wide(a), wide(b), 0)?.and_then(i256::to_i128);
                done.and_then(|v| <$native>::try_from(v).ok()).ok_or_else(too_large)
            };
            let outward = |e| ArrowError::ExternalError(Box::new(e));
            let (a, b) = (a.as_primitive::<$arrow>(), b.as_primitive::<$arrow>());
            Ok(Arc::new(try_binary::<_, _, _, $arrow>(a, b, |a, b| of(a, b).map_err(outward))?))
        }};
    }
    match a.data_type() {
        DataType::Int16 => integers!(Int16Type, i16),
        DataType::Int32 => integers!(Int32Type, i32),
        DataType::Int64 => integers!(Int64Type, i64),
        _ => {
            let scale_of = |array: &ArrayRef| types::decimal(array.data_type()).map_or(0, |(_, s)| s);
            let scale = scale_of(a).max(scale_of(b));
            let wide = |array: &ArrayRef| -> Result<Decimal256Array> {
                let from = scale_of(array);
                let wide = cast(array, &DataType::Decimal256(types::WIDEST, from))?;
                let at = |v: i256| decimal::rescale(v, i32::from(from), i32::from(scale)).ok_or_else(types::too_long);
                wide.as_primitive::<Decimal256Type>().try_unary::<_, Decimal256Type, DataFusionError>(at)
            };
            let of = |a: i256, b: i256| {
                if Special::of(a).is_some() || Special::of(b).is_some() {
                    let none = Some(Special::NotANumber.value());
                    return op.map_or(none, |op| decimal::special(a, op, b)).ok_or_else(types::by_zero);
                }
                f(a, b, i32::from(scale))?.ok_or_else(types::too_long)
            };
            let outward = |e: DataFusionError| ArrowError::ExternalError(Box::new(e));
            let done: Decimal256Array = try_binary(&wide(a)?, &wide(b)?, |a, b| of(a, b).map_err(outward))?;
            let done = done.with_precision_and_scale(types::WIDEST, if is_whole(result) { 0 } else { scale })?;
            if done.data_type() == result { Ok(Arc::new(done)) } else { Ok(cast(&done, result)?) }
        }
    }
}

/// Whether a type is that of [`whole_number`].
fn is_whole(data_type: &DataType) -> bool {
    *data_type == DataType::Decimal256(types::WIDEST, 0)
}

fn remainder(a: i256, b: i256, _: i32) -> Result<Option<i256>> {
    if b == i256::ZERO { Err(types::by_zero()) } else { Ok(Some(a.wrapping_rem(b))) }
}

fn quotient(a: i256, b: i256, _: i32) -> Result<Option<i256>> {
    if b == i256::ZERO { Err(types::by_zero()) } else { Ok(a.checked_div(b)) }
}

fn divisor(a: i256, b: i256, _: i32) -> Result<Option<i256>> {
    let (mut a, mut b) = (a.wrapping_abs(), b.wrapping_abs());
    while b != i256::ZERO {
        (a, b) = (b, a.wrapping_rem(b));
    }
    Ok(Some(a))
}

fn multiple(a: i256, b: i256, scale: i32) -> Result<Option<i256>> {
    if a == i256::ZERO || b == i256::ZERO {
        return Ok(Some(i256::ZERO));
    }
    let divisor = divisor(a, b, scale)?;
    Ok(divisor.and_then(|d| a.wrapping_abs().checked_div(d)).and_then(|v| v.checked_mul(b.wrapping_abs())))
}

fn factorial(call: &Call) -> Result<ArrayRef> {
    let values = call.argument(0)?.as_primitive::<Int64Type>();
    let done: Decimal256Array = values.try_unary::<_, Decimal256Type, DataFusionError>(|n| {
        if n < 0 {
            return Err(types::outward(Error::new(Kind::OutOfRange, "factorial of a negative number is undefined")));
        }
        (2..=n.min(100))
            .try_fold(i256::ONE, |product, n| product.checked_mul(i256::from_i128(i128::from(n))))
            .ok_or_else(types::too_long)
    })?;
    Ok(Arc::new(done.with_data_type(call.result.data_type().clone())))
}

/// The decimals that each number shows, or that it needs.
fn scales(call: &Call, needed: bool) -> Result<ArrayRef> {
    let array = call.argument(0)?;
    let scale = types::decimal(array.data_type()).map_or(0, |(_, s)| i32::from(s));
    let shown = if needed { Some(ShownScale::Trimmed { least: 0 }) } else { call.fields.first().and_then(|f| ShownScale::of(f)) };
    let wide = cast(array, &DataType::Decimal256(types::WIDEST, i8::try_from(scale).unwrap_or(0)))?;
    let of = |v: i256| Special::of(v).is_none().then(|| shown.map_or(scale, |shown| shown.shown(v, scale)));
    let done: Int32Array = wide.as_primitive::<Decimal256Type>().unary_opt(of);
    Ok(Arc::new(done))
}
