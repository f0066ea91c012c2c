//! `generate_series` of numerics, as an array that the dialect unfolds.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Decimal128Builder, ListBuilder};
use arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef};
use datafusion::error::Result;

use crate::engine::functions::function::{Call, Function, Gives, Type::*, invalid, outward};
use crate::error::{Error, Kind};

/// The most numbers of one batch of rows.
const MAX_NUMBERS: usize = 4 << 20;

/// Digits of a decimal.
const PRECISION: u8 = 38;

pub(super) fn functions() -> Vec<Function> {
    vec![Function::new("numeric_series", &[&[Number, Number], &[Number, Number, Number]], Gives::Of(gives), series)]
}

/// Decimals with as many places as the argument with most has.
fn gives(fields: &[FieldRef]) -> Result<FieldRef> {
    let scale = |f: &FieldRef| match f.data_type() {
        DataType::Decimal32(_, s) | DataType::Decimal64(_, s) | DataType::Decimal128(_, s) | DataType::Decimal256(_, s) => {
            (*s).max(0)
        }
        t if t.is_floating() => 6,
        _ => 0,
    };
    let item = DataType::Decimal128(PRECISION, fields.iter().map(scale).max().unwrap_or(0));
    Ok(Arc::new(Field::new("", DataType::List(Arc::new(Field::new_list_field(item, true))), true)))
}

fn series(call: &Call) -> Result<ArrayRef> {
    let DataType::List(item) = call.gives.data_type() else { return Err(invalid("a series is an array")) };
    let DataType::Decimal128(_, scale) = item.data_type() else { return Err(invalid("a series is of decimals")) };
    let columns = call.arrays()?.iter().map(|a| arrow::compute::cast(a, item.data_type())).collect::<Result<Vec<_>, _>>()?;
    let value = |i: usize, row: usize| columns[i].as_primitive::<Decimal128Type>().value(row);
    let one = 10i128.pow(u32::from(scale.unsigned_abs()));
    let known = call.known();
    let mut out = ListBuilder::new(Decimal128Builder::new().with_data_type(item.data_type().clone()));
    let mut left = MAX_NUMBERS;
    for row in 0..call.rows {
        if known.as_ref().is_none_or(|k| k.is_valid(row)) {
            let (start, stop) = (value(0, row), value(1, row));
            let step = if columns.len() > 2 { value(2, row) } else { one };
            if step == 0 {
                return Err(invalid("step size cannot equal zero"));
            }
            let mut next = start;
            while if step > 0 { next <= stop } else { next >= stop } {
                left = left.checked_sub(1).ok_or_else(|| {
                    let message = format!("generate_series() of numerics gives at most {MAX_NUMBERS} at a time");
                    outward(Error::new(Kind::TooComplex, message).with_hint("Use whole numbers and divide them."))
                })?;
                out.values().append_value(next);
                let Some(after) = next.checked_add(step) else { break };
                next = after;
            }
        }
        out.append(true);
    }
    Ok(Arc::new(out.finish()))
}
