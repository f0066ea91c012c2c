//! Parameters as text: PostgreSQL's input functions for base types.

use std::sync::Arc;
use std::time::SystemTime;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array,
    IntervalMonthDayNanoArray, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::datatypes::DataType;

use crate::engine::{read_json, read_uuid};
use crate::error::{Error, Kind, Result};
use crate::table::geometry;
use crate::table::pg_time::{Range, Reader, read_interval};
use crate::table::pg_type::{self, PgType, arrow_type};
use crate::table::pg_value::Style;

use super::invalid;

/// Reads the text of a base type.
pub(super) fn decode(pg: &'static PgType, text: &str, style: &Style) -> Result<ArrayRef> {
    let target = arrow_type(pg);
    Ok(match &target {
        DataType::Boolean => Arc::new(BooleanArray::from(vec![boolean(text).ok_or_else(|| invalid(pg, text))?])),
        DataType::Int16 => Arc::new(Int16Array::from(vec![integer::<i16>(pg, text)?])),
        DataType::Int32 => Arc::new(Int32Array::from(vec![integer::<i32>(pg, text)?])),
        DataType::Int64 => Arc::new(Int64Array::from(vec![integer::<i64>(pg, text)?])),
        DataType::Float32 => {
            let value: f32 = text.trim().parse().map_err(|_| invalid(pg, text))?;
            Arc::new(Float32Array::from(vec![finite(pg, text, value, value.is_infinite())?]))
        }
        DataType::Float64 => {
            let value: f64 = text.trim().parse().map_err(|_| invalid(pg, text))?;
            Arc::new(Float64Array::from(vec![finite(pg, text, value, value.is_infinite())?]))
        }
        DataType::Binary => Arc::new(BinaryArray::from_vec(vec![bytea(pg, text)?.as_slice()])),
        DataType::Date32 => Arc::new(Date32Array::from(vec![reader(style).date(text)?])),
        DataType::Time64(_) => Arc::new(Time64MicrosecondArray::from(vec![reader(style).time(text)?])),
        DataType::Timestamp(_, None) => Arc::new(TimestampMicrosecondArray::from(vec![reader(style).timestamp(text)?])),
        DataType::Timestamp(_, zone @ Some(_)) => {
            let at = reader(style).timestamptz(text)?;
            Arc::new(TimestampMicrosecondArray::from(vec![at]).with_timezone_opt(zone.clone()))
        }
        DataType::Interval(_) => {
            let value = read_interval(text, Range::FULL, style.reads_sql_intervals())?;
            Arc::new(IntervalMonthDayNanoArray::from(vec![value.to_arrow()?]))
        }
        _ => Arc::new(StringArray::from(vec![stored(pg, text)?])),
    })
}

/// What a text of a type that Arrow has no word for is kept as: `jsonb` in its one form, all others as written. [`Kind::InvalidText`] for what is
/// none.
pub(super) fn stored(pg: &'static PgType, text: &str) -> Result<String> {
    match pg.oid {
        oid if oid == pg_type::JSON.oid => read_json(text, false),
        oid if oid == pg_type::JSONB.oid => read_json(text, true),
        oid if oid == pg_type::UUID.oid => read_uuid(text),
        oid if oid == pg_type::GEOMETRY.oid => geometry::read(text, 0).map(|_| text.trim().to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// Reads times as the session does; a parameter's `now` is that of its arrival.
fn reader(style: &Style) -> Reader {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_micros() as i64);
    Reader { zone: style.zone(), order: style.order(), now }
}

/// The words of `boolin`, and any beginning of them that is not shared.
fn boolean(text: &str) -> Option<bool> {
    let word = text.trim().to_ascii_lowercase();
    let begins = |whole: &str, least: usize| word.len() >= least && whole.starts_with(&word);
    if begins("true", 1) || begins("yes", 1) || begins("on", 2) || word == "1" {
        Some(true)
    } else if begins("false", 1) || begins("no", 1) || begins("off", 2) || word == "0" {
        Some(false)
    } else {
        None
    }
}

fn integer<T: std::str::FromStr<Err = std::num::ParseIntError>>(pg: &PgType, text: &str) -> Result<T> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    text.trim().parse().map_err(|e: std::num::ParseIntError| match e.kind() {
        PosOverflow | NegOverflow => {
            Error::new(Kind::OutOfRange, format!("value \"{text}\" is out of range for type {}", pg.sql_name))
        }
        _ => invalid(pg, text),
    })
}

/// An infinity must have been written as one.
fn finite<T>(pg: &PgType, text: &str, value: T, infinite: bool) -> Result<T> {
    if infinite && text.bytes().any(|b| b.is_ascii_digit()) {
        return Err(Error::new(Kind::OutOfRange, format!("\"{text}\" is out of range for type {}", pg.sql_name)));
    }
    Ok(value)
}

/// `byteain`: hex behind `\x`, else the escape form.
fn bytea(pg: &PgType, text: &str) -> Result<Vec<u8>> {
    if let Some(hex) = text.strip_prefix("\\x") {
        let digits = hex
            .chars()
            .filter(|c| !c.is_ascii_whitespace())
            .map(|c| {
                c.to_digit(16)
                    .map(|d| d as u8)
                    .ok_or_else(|| Error::new(Kind::InvalidParameter, format!("invalid hexadecimal digit: \"{c}\"")))
            })
            .collect::<Result<Vec<u8>>>()?;
        if digits.len() % 2 != 0 {
            return Err(Error::new(Kind::InvalidParameter, "invalid hexadecimal data: odd number of digits"));
        }
        return Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        rest = match tail {
            [b'\\', tail @ ..] => {
                bytes.push(b'\\');
                tail
            }
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                tail
            }
            _ => return Err(Error::new(Kind::InvalidText, format!("invalid input syntax for type {}", pg.sql_name))),
        };
    }
    Ok(bytes)
}
