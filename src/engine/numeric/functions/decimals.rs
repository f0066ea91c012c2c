//! Functions that decimals and floats have alike: rounding, signs, powers, roots and logarithms. Those of decimals are exact, or have the digits
//! that PostgreSQL computes.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal256Array, Float64Array};
use arrow::compute::cast;
use arrow::compute::kernels::arity::try_binary;
use arrow::compute::kernels::numeric::neg;
use arrow::datatypes::{
    DataType, Decimal256Type, Field, FieldRef, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, i256,
};
use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Result, ScalarValue};

use super::super::{decimal, types};
use super::powers::{exp, logarithm, power, square_root};
use super::{Call, Function, decimals, decimals_or_floats, floats::map, number};
use crate::error::{Error, Kind};
use crate::table::pg_type::PgType;
use crate::table::pg_value::{SIGNIFICANT, ShownScale, Special};

pub const FUNCTIONS: &[Function] = &[
    Function { name: "abs", takes: same, gives: like_first, body: abs },
    Function { name: "sign", takes: decimals_or_floats::<1>, gives: whole_part, body: sign },
    Function { name: "ceil", takes: decimals_or_floats::<1>, gives: whole_part, body: |call| rounded(call, Rounding::Up) },
    Function { name: "ceiling", takes: decimals_or_floats::<1>, gives: whole_part, body: |call| rounded(call, Rounding::Up) },
    Function { name: "floor", takes: decimals_or_floats::<1>, gives: whole_part, body: |call| rounded(call, Rounding::Down) },
    Function { name: "round", takes: to_digits, gives: with_digits, body: |call| rounded(call, Rounding::Nearest) },
    Function { name: "trunc", takes: to_digits, gives: with_digits, body: |call| rounded(call, Rounding::ToZero) },
    Function { name: "sqrt", takes: decimals_or_floats::<1>, gives: root, body: square_root },
    Function { name: "exp", takes: decimals_or_floats::<1>, gives: significant, body: exp },
    Function { name: "ln", takes: decimals_or_floats::<1>, gives: significant, body: |call| logarithm(call, None) },
    Function { name: "log", takes: logarithms, gives: significant, body: |call| logarithm(call, Some(10)) },
    Function { name: "log10", takes: decimals_or_floats::<1>, gives: significant, body: |call| logarithm(call, Some(10)) },
    Function { name: "power", takes: decimals_or_floats::<2>, gives: raised_field, body: power },
    Function { name: "pow", takes: decimals_or_floats::<2>, gives: raised_field, body: power },
];

#[derive(Clone, Copy)]
enum Rounding {
    Up,
    Down,
    Nearest,
    ToZero,
}

/// One number, of its own type.
fn same(arguments: &[DataType]) -> Option<Vec<DataType>> {
    match arguments {
        [argument] => Some(vec![number(argument)?]),
        _ => None,
    }
}

/// A number, and to how many decimals: a decimal then, though a float is rounded too.
fn to_digits(arguments: &[DataType]) -> Option<Vec<DataType>> {
    match arguments {
        [_] => decimals_or_floats::<1>(arguments),
        [value, digits] if *digits == DataType::Null || types::plain(digits)?.is_integer() => match number(value)? {
            DataType::Float32 | DataType::Float64 => Some(vec![DataType::Float64, DataType::Int32]),
            other => Some(vec![types::as_decimal(&other)?, DataType::Int32]),
        },
        _ => None,
    }
}

/// A logarithm to ten, or of two decimals: to a base.
fn logarithms(arguments: &[DataType]) -> Option<Vec<DataType>> {
    match arguments {
        [_] => decimals_or_floats::<1>(arguments),
        _ => decimals::<2>(arguments),
    }
}

fn like_first(fields: &[FieldRef], _: &[Option<&ScalarValue>]) -> Option<Field> {
    let field = fields.first()?;
    let plain = Field::new("", field.data_type().clone(), true);
    Some(match types::shown(field).0 {
        Some(shown) => shown.mark(plain),
        None => plain,
    })
}

/// A decimal without decimals.
fn whole_part(fields: &[FieldRef], _: &[Option<&ScalarValue>]) -> Option<Field> {
    let first = fields.first()?.data_type();
    Some(Field::new("", decimal_of_scale(first, 0), true))
}

fn with_digits(fields: &[FieldRef], constants: &[Option<&ScalarValue>]) -> Option<Field> {
    let first = fields.first()?;
    let Some((_, scale)) = types::decimal(first.data_type()) else { return Some(Field::new("", DataType::Float64, true)) };
    let digits = match (fields.len(), constants.get(1).copied().flatten()) {
        (1, _) => Some(0),
        (_, Some(constant)) => match constant.cast_to(&DataType::Int32).ok()? {
            ScalarValue::Int32(Some(digits)) => Some(digits),
            _ => Some(0),
        },
        (_, None) => None,
    };
    Some(match digits.and_then(|d| i8::try_from(d.clamp(0, 70)).ok()) {
        Some(scale) => Field::new("", decimal_of_scale(first.data_type(), scale), true),
        None => ShownScale::Trimmed { least: 0 }.mark(Field::new("", decimal_of_scale(first.data_type(), scale), true)),
    })
}

/// A decimal of this scale for numbers of a type.
fn decimal_of_scale(data_type: &DataType, scale: i8) -> DataType {
    let Some((precision, from)) = types::decimal(data_type) else { return data_type.clone() };
    let precision = i32::from(precision) - i32::from(from) + i32::from(scale) + 1;
    // What is rounded to few decimals seldom has more than 38 digits, though its type could.
    if scale <= 15 {
        DataType::Decimal128(u8::try_from(precision.clamp(1, 38)).unwrap_or(38).max(scale.unsigned_abs()), scale)
    } else {
        types::sized(precision, scale, [data_type, data_type])
    }
}

fn wide_or_float(fields: &[FieldRef], shown: impl Fn(i32) -> ShownScale) -> Option<Field> {
    let mut least = 0;
    for field in fields {
        let (found, scale) = types::shown(field);
        types::decimal(field.data_type())?;
        least = least.max(if found.is_some() { 0 } else { scale });
    }
    Some(shown(least).mark(Field::new("", DataType::Decimal256(types::WIDEST, types::QUOTIENT_SCALE), true)))
}

fn root(fields: &[FieldRef], constants: &[Option<&ScalarValue>]) -> Option<Field> {
    wide_or_float(fields, |least| ShownScale::Root { least }).or_else(|| super::float(fields, constants))
}

fn significant(fields: &[FieldRef], constants: &[Option<&ScalarValue>]) -> Option<Field> {
    wide_or_float(fields, |least| ShownScale::Significant { least }).or_else(|| super::float(fields, constants))
}

/// A power: of a constant whole exponent it has [`SIGNIFICANT`] decimals, whatever its size.
fn raised_field(fields: &[FieldRef], constants: &[Option<&ScalarValue>]) -> Option<Field> {
    let whole = constants.get(1).copied().flatten().is_some_and(|constant| match constant {
        ScalarValue::Decimal128(Some(v), _, s) => decimal::without_zeros(i256::from_i128(*v), i32::from(*s)).1 == 0,
        other => other.data_type().is_integer(),
    });
    let scale = match types::decimal(fields.first()?.data_type()) {
        Some((_, scale)) if whole && ShownScale::of(fields.first()?).is_none() => i32::from(scale).max(SIGNIFICANT),
        _ => return significant(fields, constants),
    };
    Some(Field::new("", DataType::Decimal256(types::WIDEST, i8::try_from(scale).ok()?), true))
}

fn abs(call: &Call) -> Result<ArrayRef> {
    let array = call.argument(0)?;
    macro_rules! checked {
        ($arrow:ty) => {{
            let too_large = || types::out_of_range(PgType::of(array.data_type()).sql_name);
            Arc::new(array.as_primitive::<$arrow>().try_unary::<_, $arrow, _>(|v| v.checked_abs().ok_or_else(too_large))?)
        }};
    }
    Ok(match array.data_type() {
        DataType::Int16 => checked!(Int16Type),
        DataType::Int32 => checked!(Int32Type),
        DataType::Int64 => checked!(Int64Type),
        DataType::Float32 => Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(f32::abs)),
        DataType::Float64 => Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::abs)),
        _ => {
            let negative = wide(array)?;
            let flags: Vec<bool> = negative.values().iter().map(|v| v.is_negative()).collect();
            arrow::compute::kernels::zip::zip(&arrow::array::BooleanArray::from(flags), &neg(array)?, array)?
        }
    })
}

/// A decimal array of 256 bits.
fn wide(array: &ArrayRef) -> Result<Decimal256Array> {
    let Some((_, scale)) = types::decimal(array.data_type()) else {
        return Err(DataFusionError::Internal(format!("a decimal function of {}", array.data_type())));
    };
    Ok(cast(array, &DataType::Decimal256(types::WIDEST, scale))?.as_primitive::<Decimal256Type>().clone())
}

pub(super) fn scale_of(data_type: &DataType) -> i32 {
    types::decimal(data_type).map_or(0, |(_, scale)| i32::from(scale))
}

/// Decimals as the type that is asked for; those with more digits than it has are an error.
fn finished(wide: Decimal256Array, to: &DataType) -> Result<ArrayRef> {
    let DataType::Decimal128(precision, _) = to else { return Ok(Arc::new(wide.with_data_type(to.clone()))) };
    let limit = decimal::power_of_ten(i32::from(*precision).max(38)).unwrap_or(i256::MAX);
    let narrow = wide.try_unary::<_, arrow::datatypes::Decimal128Type, DataFusionError>(|v| {
        v.to_i128().filter(|_| v.wrapping_abs() < limit).ok_or_else(types::too_long)
    })?;
    Ok(Arc::new(narrow.with_data_type(to.clone())))
}

/// The decimals of each decimal; what is no number stays so.
pub(super) fn each(call: &Call, f: impl Fn(i256, i32) -> Result<i256>) -> Result<ArrayRef> {
    let array = call.argument(0)?;
    let scale = scale_of(array.data_type());
    let of = |v: i256| if is_nan(v) { Ok(v) } else { f(v, scale) };
    let done = wide(array)?.try_unary::<_, Decimal256Type, DataFusionError>(of)?;
    finished(done, call.result.data_type())
}

fn is_nan(v: i256) -> bool {
    Special::of(v) == Some(Special::NotANumber)
}

/// The decimals of each two decimals, of which neither is something else than a number.
pub(super) fn each_two(call: &Call, f: impl Fn((i256, i32), (i256, i32)) -> Result<i256>) -> Result<ArrayRef> {
    let (a, b) = (call.argument(0)?, call.argument(1)?);
    let (s1, s2) = (scale_of(a.data_type()), scale_of(b.data_type()));
    let outward = |e| ArrowError::ExternalError(Box::new(e));
    let of = |a: i256, b: i256| {
        if is_nan(a) || is_nan(b) { Ok(Special::NotANumber.value()) } else { f((a, s1), (b, s2)).map_err(outward) }
    };
    let done: Decimal256Array = try_binary(&wide(a)?, &wide(b)?, of)?;
    finished(done, call.result.data_type())
}

pub(super) fn is_float(call: &Call) -> Result<bool> {
    Ok(*call.argument(0)?.data_type() == DataType::Float64)
}

fn sign(call: &Call) -> Result<ArrayRef> {
    if is_float(call)? {
        return map(call, |v| Ok(if v == 0.0 || v.is_nan() { v } else { v.signum() }));
    }
    each(call, |v, _| Ok(v.signum()))
}

fn rounded(call: &Call, rounding: Rounding) -> Result<ArrayRef> {
    let digits = call.arrays.get(1).map(|digits| digits.as_primitive::<Int32Type>());
    if is_float(call)? {
        let round = |v: f64| match rounding {
            Rounding::Up => v.ceil(),
            Rounding::Down => v.floor(),
            Rounding::Nearest => v.round_ties_even(),
            Rounding::ToZero => v.trunc(),
        };
        let values = call.argument(0)?.as_primitive::<Float64Type>();
        let Some(digits) = digits else { return Ok(Arc::new(values.unary::<_, Float64Type>(round))) };
        let done: Float64Array = arrow::compute::kernels::arity::binary(values, digits, |v, digits| {
            let unit = 10_f64.powi(digits.clamp(-308, 308));
            let done = round(v * unit) / unit;
            if done.is_finite() { done } else { v }
        })?;
        return Ok(Arc::new(done));
    }
    let to = scale_of(call.result.data_type());
    let round = |value: i256, from: i32, digits: i32| {
        if Special::of(value).is_some() {
            return Ok(value);
        }
        // At the scale asked for first, which may cut off digits before the point, then at the result's.
        let at = if digits >= from { Some(value) } else { at_digits(value, from - digits, rounding) };
        let at_scale = digits.min(from);
        at.and_then(|v| decimal::rescale(v, at_scale, to)).ok_or_else(types::too_long)
    };
    match digits {
        None => each(call, |v, from| round(v, from, 0)),
        Some(digits) => {
            let array = call.argument(0)?;
            let from = scale_of(array.data_type());
            let outward = |e| ArrowError::ExternalError(Box::new(e));
            let done: Decimal256Array =
                try_binary(&wide(array)?, digits, |v, digits| round(v, from, digits.max(-100)).map_err(outward))?;
            finished(done, call.result.data_type())
        }
    }
}

/// `value / 10^cut` as a whole number.
fn at_digits(value: i256, cut: i32, rounding: Rounding) -> Option<i256> {
    let Some(unit) = decimal::power_of_ten(cut) else {
        let beyond = matches!((rounding, value.is_negative(), value == i256::ZERO), (Rounding::Up, false, false));
        return Some(if beyond { i256::ONE } else { i256::ZERO });
    };
    let (whole, rest) = (value.checked_div(unit)?, value.checked_rem(unit)?);
    match rounding {
        Rounding::ToZero => Some(whole),
        Rounding::Nearest => decimal::divide_rounding(value, unit),
        Rounding::Up if rest.is_positive() => whole.checked_add(i256::ONE),
        Rounding::Down if rest.is_negative() => whole.checked_sub(i256::ONE),
        Rounding::Up | Rounding::Down => Some(whole),
    }
}

/// Brings a value to the result's scale, rounded to the decimals that PostgreSQL gives.
pub(super) fn shown(value: i256, from: i32, call: &Call) -> Result<i256> {
    let to = scale_of(call.result.data_type());
    let decimals = match ShownScale::of(&call.result) {
        Some(ShownScale::Significant { least }) => ShownScale::significant(value, from).max(least).max(0),
        _ => to,
    };
    let rounded = decimal::rescale(value, from, decimals.min(to)).and_then(|v| decimal::rescale(v, decimals.min(to), to));
    rounded.ok_or_else(types::too_long)
}

pub(super) fn invalid_power(message: &str) -> DataFusionError {
    types::outward(Error::new(Kind::InvalidPower, message))
}

pub(super) fn invalid_logarithm(message: &str) -> DataFusionError {
    types::outward(Error::new(Kind::InvalidLogarithm, message))
}
