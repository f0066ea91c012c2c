//! `width_bucket`: the bucket of a value, of equal ones or between bounds.

use arrow::array::{ArrayRef, AsArray, Int32Array};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result;

use super::function::{Call, Function, Gives, Type::*, outward};
use crate::error::{Error, Kind};

pub(super) fn functions() -> Vec<Function> {
    vec![Function::new("width_bucket", &[&[Number, Number, Number, Int], &[Number, List]], Gives::Int4, width_bucket)]
}

fn width_bucket(call: &Call) -> Result<ArrayRef> {
    let wrong = |message: &str| outward(Error::new(Kind::InvalidBucket, message));
    let values = call.floats(0)?;
    if call.len() == 2 {
        let lists = call.lists(1)?;
        let bounds = arrow::compute::cast(lists.values(), &DataType::Float64)?;
        let bounds = bounds.as_primitive::<Float64Type>();
        return call.collect::<i32, Int32Array>(|row| {
            let range = lists.value_offsets()[row] as usize..lists.value_offsets()[row + 1] as usize;
            let bounds = bounds.values().get(range).unwrap_or_default();
            Ok(i32::try_from(bounds.partition_point(|b| *b <= values.value(row))).ok())
        });
    }
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
