//! `width_bucket`, and the seed of `random`, whose numbers are not PostgreSQL's whatever it is.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int32Type};
use datafusion::common::{DataFusionError, Result, ScalarValue};

use super::super::types;
use super::{Call, Function, floats, number};
use crate::error::{Error, Kind};

pub const FUNCTIONS: &[Function] = &[
    Function { name: "width_bucket", takes: buckets, gives: int4, body: width_bucket },
    Function { name: "setseed", takes: floats::<1>, gives: void, body: setseed },
];

fn buckets(arguments: &[DataType]) -> Option<Vec<DataType>> {
    match arguments {
        [value, low, high, count] if *count == DataType::Null || types::plain(count)?.is_integer() => {
            for bound in [value, low, high] {
                number(bound)?;
            }
            Some(vec![DataType::Float64, DataType::Float64, DataType::Float64, DataType::Int32])
        }
        [value, DataType::List(thresholds)] => {
            number(value)?;
            number(thresholds.data_type())?;
            let list = Field::new_list_field(DataType::Float64, true);
            Some(vec![DataType::Float64, DataType::List(Arc::new(list))])
        }
        _ => None,
    }
}

fn int4(_: &[FieldRef], _: &[Option<&ScalarValue>]) -> Option<Field> {
    Some(Field::new("", DataType::Int32, true))
}

fn void(_: &[FieldRef], _: &[Option<&ScalarValue>]) -> Option<Field> {
    Some(Field::new("", DataType::Utf8, true))
}

fn width_bucket(call: &Call) -> Result<ArrayRef> {
    let values = call.argument(0)?.as_primitive::<Float64Type>();
    if call.arrays.len() == 2 {
        let lists = call.argument(1)?.as_list::<i32>();
        let of = |row: usize| -> Option<i32> {
            if values.is_null(row) || lists.is_null(row) {
                return None;
            }
            let thresholds = lists.value(row);
            let thresholds = thresholds.as_primitive::<Float64Type>();
            let value = values.value(row);
            let at = thresholds.values().partition_point(|t| *t <= value || value.is_nan());
            i32::try_from(at).ok()
        };
        return Ok(Arc::new((0..values.len()).map(of).collect::<Int32Array>()));
    }
    let bound = |i: usize| -> Result<_> { Ok(call.argument(i)?.as_primitive::<Float64Type>()) };
    let (low, high) = (bound(1)?, bound(2)?);
    let counts = call.argument(3)?.as_primitive::<Int32Type>();
    let of = |row: usize| -> Result<Option<i32>> {
        if values.is_null(row) || low.is_null(row) || high.is_null(row) || counts.is_null(row) {
            return Ok(None);
        }
        bucket(values.value(row), low.value(row), high.value(row), counts.value(row)).map(Some)
    };
    Ok(Arc::new((0..values.len()).map(of).collect::<Result<Int32Array>>()?))
}

fn bucket(value: f64, low: f64, high: f64, count: i32) -> Result<i32> {
    if count <= 0 {
        return Err(invalid("count must be greater than zero"));
    }
    if value.is_nan() || low.is_nan() || high.is_nan() {
        return Err(invalid("operand, lower bound, and upper bound cannot be NaN"));
    }
    if !low.is_finite() || !high.is_finite() {
        return Err(invalid("lower and upper bounds must be finite"));
    }
    if low == high {
        return Err(invalid("lower bound cannot equal upper bound"));
    }
    let (from, to, value) = if low < high { (low, high, value) } else { (-low, -high, -value) };
    if value < from {
        return Ok(0);
    }
    if value >= to {
        return count.checked_add(1).ok_or_else(|| types::out_of_range("integer"));
    }
    let at = ((value - from) / (to - from) * f64::from(count)) as i32;
    Ok(at.min(count - 1) + 1)
}

fn setseed(call: &Call) -> Result<ArrayRef> {
    let seeds = call.argument(0)?.as_primitive::<Float64Type>();
    if let Some(seed) = seeds.iter().flatten().find(|seed| !(-1.0..=1.0).contains(seed)) {
        let message = format!("setseed parameter {seed} is out of allowed range [-1,1]");
        return Err(types::outward(Error::new(Kind::InvalidParameter, message)));
    }
    Ok(Arc::new(StringArray::from(vec![""; seeds.len()])))
}

fn invalid(message: &str) -> DataFusionError {
    types::outward(Error::new(Kind::InvalidBucket, message))
}
