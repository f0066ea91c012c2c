//! Parameters in binary: PostgreSQL's receive functions for base types.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array,
    IntervalMonthDayNanoArray, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, IntervalMonthDayNano};

use crate::error::{Error, Kind, Result};
use crate::table::geometry;
use crate::table::pg_time::calendar::{date, is_finite, is_finite_date};
use crate::table::pg_time::{DAY, out_of_range};
use crate::table::pg_type::{self, PgType, arrow_type};

use super::super::framing::utf8;
use super::text::stored;
use crate::table::pg_value::{EPOCH_DAYS, EPOCH_MICROS};

/// Reads the binary form of a base type.
pub(super) fn decode(pg: &'static PgType, bytes: &[u8]) -> Result<ArrayRef> {
    let target = arrow_type(pg);
    Ok(match &target {
        DataType::Boolean => Arc::new(BooleanArray::from(vec![u8::from_be_bytes(exact(bytes)?) != 0])),
        DataType::Int16 => Arc::new(Int16Array::from(vec![i16::from_be_bytes(exact(bytes)?)])),
        DataType::Int32 => Arc::new(Int32Array::from(vec![i32::from_be_bytes(exact(bytes)?)])),
        DataType::Int64 if pg.is_number_of_object() => {
            Arc::new(Int64Array::from(vec![i64::from(u32::from_be_bytes(exact(bytes)?))]))
        }
        DataType::Int64 => Arc::new(Int64Array::from(vec![i64::from_be_bytes(exact(bytes)?)])),
        DataType::Float32 => Arc::new(Float32Array::from(vec![f32::from_be_bytes(exact(bytes)?)])),
        DataType::Float64 => Arc::new(Float64Array::from(vec![f64::from_be_bytes(exact(bytes)?)])),
        DataType::Binary => Arc::new(BinaryArray::from_vec(vec![bytes])),
        DataType::Date32 => {
            let days = i32::from_be_bytes(exact(bytes)?);
            let days =
                if is_finite_date(days) { date(i64::from(days) + EPOCH_DAYS).ok_or_else(|| out_of_range("date"))? } else { days };
            Arc::new(Date32Array::from(vec![days]))
        }
        DataType::Time64(_) => {
            let micros = i64::from_be_bytes(exact(bytes)?);
            let is_time = (0..=DAY).contains(&micros);
            Arc::new(Time64MicrosecondArray::from(vec![is_time.then_some(micros).ok_or_else(|| out_of_range("time"))?]))
        }
        DataType::Timestamp(_, zone) => {
            let micros = i64::from_be_bytes(exact(bytes)?);
            let micros = if is_finite(micros) {
                micros.checked_add(EPOCH_MICROS).ok_or_else(|| out_of_range("timestamp"))?
            } else {
                micros
            };
            Arc::new(TimestampMicrosecondArray::from(vec![micros]).with_timezone_opt(zone.clone()))
        }
        DataType::Interval(_) => Arc::new(IntervalMonthDayNanoArray::from(vec![interval(bytes)?])),
        // The first byte of a jsonb is its version.
        _ if pg.oid == pg_type::JSONB.oid => match bytes {
            [1, json @ ..] => Arc::new(StringArray::from(vec![stored(pg, utf8(json)?)?])),
            _ => return Err(incorrect()),
        },
        _ if pg.oid == pg_type::UUID.oid => Arc::new(StringArray::from(vec![uuid(exact(bytes)?)])),
        _ if pg.oid == pg_type::GEOMETRY.oid => {
            let (shape, mut hex) = (geometry::from_ewkb(bytes)?, Vec::new());
            geometry::put_hex(&shape, &mut hex);
            Arc::new(StringArray::from(vec![utf8(&hex)?]))
        }
        _ => Arc::new(StringArray::from(vec![stored(pg, utf8(bytes)?)?])),
    })
}

/// Microseconds, days and months.
fn interval(bytes: &[u8]) -> Result<IntervalMonthDayNano> {
    let bytes: [u8; 16] = exact(bytes)?;
    let (micros, rest) = bytes.split_at(8);
    let (days, months) = rest.split_at(4);
    let nanos = i64::from_be_bytes(exact(micros)?).checked_mul(1000);
    let nanos = nanos.ok_or_else(|| out_of_range("interval"))?;
    Ok(IntervalMonthDayNano::new(i32::from_be_bytes(exact(months)?), i32::from_be_bytes(exact(days)?), nanos))
}

fn uuid(bytes: [u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Bytes of a fixed length.
fn exact<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| if bytes.len() < N { short() } else { incorrect() })
}

/// The same for what ends too early.
fn short() -> Error {
    Error::new(Kind::Protocol, "insufficient data left in message")
}

/// PostgreSQL's words for binary of a wrong form.
pub(super) fn incorrect() -> Error {
    Error::new(Kind::Protocol, "incorrect binary data format in bind parameter")
}
