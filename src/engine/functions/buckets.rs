//! `width_bucket`: the bucket of a value, of equal ones or between bounds.

use arrow::array::{Array, ArrayRef, Decimal256Array, Int32Array, make_comparator};
use arrow::compute::{SortOptions, cast};
use arrow::datatypes::{DataType, i256};
use datafusion::error::Result;
use datafusion::logical_expr::type_coercion::binary::comparison_coercion;

use super::function::{Call, Column, Function, Gives, Type::*, outward, undefined};
use crate::error::{Error, Kind};

pub(super) fn functions() -> Vec<Function> {
    vec![Function::new("width_bucket", &[&[Number, Number, Number, Int], &[Any, List]], Gives::Int4, |call| {
        if call.len() == 2 { among(call) } else { width_bucket(call) }
    })]
}

/// How many of the bounds, which are in order, are not above the value.
fn among(call: &Call) -> Result<ArrayRef> {
    let (values, lists) = (call.array(0)?, call.ranges(1)?);
    let (left, right) = (values.data_type(), lists.values().data_type());
    let undefined = || outward(undefined("width_bucket", &call.fields));
    let common = if left == right { Some(left.clone()) } else { comparison_coercion(left, right) }.ok_or_else(undefined)?;
    let (values, bounds) = (cast(&values, &common)?, cast(lists.values(), &common)?);
    let compare = make_comparator(&bounds, &values, SortOptions::default())?;
    call.collect::<i32, Int32Array>(|row| {
        let range = lists.range(row);
        if range.clone().any(|i| bounds.is_null(i)) {
            return Err(outward(Error::new(Kind::NullNotAllowed, "thresholds array must not contain NULLs")));
        }
        let (mut low, mut high) = (range.start, range.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if compare(middle, row).is_le() { low = middle + 1 } else { high = middle }
        }
        Ok(i32::try_from(low - range.start).ok())
    })
}

/// The bucket of a decimal, exact.
fn exact(value: i256, low: i256, high: i256, count: i64) -> Option<i64> {
    let (value, width) = if low < high {
        (value.checked_sub(low)?, high.checked_sub(low)?)
    } else {
        (low.checked_sub(value)?, low.checked_sub(high)?)
    };
    if value.is_negative() {
        return Some(0);
    }
    if value >= width {
        return count.checked_add(1);
    }
    let bucket = value.checked_mul(i256::from_i128(i128::from(count)))?.checked_div(width)?;
    i64::try_from(bucket.to_i128()?).ok()?.checked_add(1)
}

/// The arguments as decimals of one scale, where they are decimals and whole numbers.
fn decimals(call: &Call) -> Result<Option<[Column<Decimal256Array>; 3]>> {
    let scale = |i: usize| match call.data_type(i) {
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => Some(*scale),
        t if t.is_integer() => Some(0),
        _ => None,
    };
    let scales: Option<Vec<i8>> = (0..3).map(scale).collect();
    let Some(scale) = scales.and_then(|s| s.into_iter().max()) else { return Ok(None) };
    if !(0..3).any(|i| call.data_type(i).is_decimal()) {
        return Ok(None);
    }
    let to = DataType::Decimal256(76, scale);
    Ok(Some([call.decimals(0, &to)?, call.decimals(1, &to)?, call.decimals(2, &to)?]))
}

fn width_bucket(call: &Call) -> Result<ArrayRef> {
    let wrong = |message: &str| outward(Error::new(Kind::InvalidBucket, message));
    let (values, exactly) = (call.floats(0)?, decimals(call)?);
    let (lows, highs, counts) = (call.floats(1)?, call.floats(2)?, call.ints(3)?);
    call.collect::<i32, Int32Array>(|row| {
        let (value, low, high, count) = (values.value(row), lows.value(row), highs.value(row), counts.value(row));
        if count <= 0 || i32::try_from(count).is_err() {
            return Err(wrong("count must be greater than zero"));
        }
        if value.is_nan() || low.is_nan() || high.is_nan() {
            return Err(wrong("operand, lower bound, and upper bound cannot be NaN"));
        }
        if !low.is_finite() || !high.is_finite() {
            return Err(wrong("lower and upper bounds must be finite"));
        }
        if low == high {
            return Err(wrong("lower bound cannot equal upper bound"));
        }
        let (below, above) = if low < high { (value < low, value >= high) } else { (value > low, value <= high) };
        if above && count == i64::from(i32::MAX) {
            return Err(outward(Error::new(Kind::OutOfRange, "integer out of range")));
        }
        if let Some([values, lows, highs]) = &exactly {
            let bucket = exact(values.value(row), lows.value(row), highs.value(row), count);
            let bucket = bucket.ok_or_else(|| outward(Error::new(Kind::OutOfRange, "value overflows numeric format")))?;
            return Ok(i32::try_from(bucket).ok());
        }
        let share = (value - low) / (high - low);
        let bucket = if below {
            0
        } else if above {
            count + 1
        } else {
            ((share * count as f64) as i64 + 1).min(count)
        };
        Ok(i32::try_from(bucket).ok())
    })
}
