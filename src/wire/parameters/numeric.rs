//! Parameters of type `numeric`, read exactly: each is a decimal of the scale that it is written with, so that it keeps its zeros at the end.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Decimal128Array, Decimal256Array, StringArray};
use arrow::compute::{CastOptions, cast_with_options, concat};
use arrow::datatypes::{DataType, i256};
use arrow::error::ArrowError;

use crate::error::{Error, Kind, Result};
use crate::table::pg_type;
use crate::table::pg_value::{INFINITY, MINUS_INFINITY, NOT_A_NUMBER};

use super::binary::incorrect;
use super::invalid;

/// The largest exponent either way; beyond it no decimal has room.
const LARGEST_EXPONENT: u32 = 100_000;

/// The most digits of decimals of 128 and 256 bits.
const WIDE: usize = 38;
const WIDEST: usize = 76;

/// Reads a number into a decimal of its own scale, or whatever else the plan wants.
pub(super) fn decode(text: &str, target: &DataType) -> Result<ArrayRef> {
    let number = Number::parse(text)?;
    if target.is_decimal() {
        return number.array(text);
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let plain: ArrayRef = Arc::new(StringArray::from(vec![text.trim()]));
    cast_with_options(&plain, target, &strict).map_err(|e| no_room(text).caused_by(e))
}

/// Numbers of several scales in one array, of the largest: an array's elements have one. `None` of what is no numbers.
pub(super) fn alike(parts: &[&dyn Array]) -> Option<std::result::Result<ArrayRef, ArrowError>> {
    let scale = |t: &DataType| match t {
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => Some(*scale),
        _ => None,
    };
    let scales = parts.iter().map(|part| scale(part.data_type())).collect::<Option<Vec<_>>>()?;
    let to = DataType::Decimal256(WIDEST as u8, *scales.iter().max()?);
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let cast = parts.iter().map(|part| cast_with_options(*part, &to, &strict)).collect::<std::result::Result<Vec<_>, _>>();
    Some(cast.and_then(|parts| concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<_>>())))
}

/// `numeric_recv`'s form as text: count, weight, sign and scale, then digits of base 10000.
pub(super) fn from_binary(bytes: &[u8]) -> Result<String> {
    let mut words = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let mut word = || words.next().ok_or_else(incorrect);
    let (count, weight, sign, scale) = (word()?, word()? as i16, word()?, word()?);
    if bytes.len() != 8 + 2 * usize::from(count) {
        return Err(incorrect());
    }
    let sign = match sign {
        0 => "",
        0x4000 => "-",
        0xc000 => return Ok("NaN".to_owned()),
        0xd000 => return Ok("Infinity".to_owned()),
        0xf000 => return Ok("-Infinity".to_owned()),
        _ => return Err(incorrect()),
    };
    let digits: Vec<u16> = words.collect();
    if scale > MOST_SCALE || digits.iter().any(|digit| *digit > 9999) {
        return Err(incorrect());
    }
    let digit = |at: i32| usize::try_from(at).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0);
    let mut text = sign.to_owned();
    for at in 0..=i32::from(weight) {
        text.push_str(&format!("{:04}", digit(at)));
    }
    if weight < 0 {
        text.push('0');
    }
    if scale > 0 {
        text.push('.');
        let start = text.len();
        for at in 0..(i32::from(scale) + 3) / 4 {
            text.push_str(&format!("{:04}", digit(i32::from(weight) + 1 + at)));
        }
        text.truncate(start + usize::from(scale));
    }
    Ok(text)
}

/// The most decimals that PostgreSQL's binary form can tell of.
const MOST_SCALE: u16 = 0x3fff;

/// A number as text has it.
enum Number {
    /// `digits / 10^scale`.
    Decimal { negative: bool, digits: String, scale: usize },
    /// What stands for no number of digits.
    Special(i256),
}

impl Number {
    fn parse(text: &str) -> Result<Self> {
        let wrong = || invalid(&pg_type::NUMERIC, text);
        let number = text.trim();
        let lower = number.trim_start_matches('+').to_ascii_lowercase();
        match lower.as_str() {
            "nan" => return Ok(Self::Special(NOT_A_NUMBER)),
            "inf" | "infinity" => return Ok(Self::Special(INFINITY)),
            "-inf" | "-infinity" => return Ok(Self::Special(MINUS_INFINITY)),
            _ => {}
        }
        let (mantissa, exponent) = match number.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| wrong())?),
            None => (number, 0),
        };
        if exponent.unsigned_abs() > LARGEST_EXPONENT {
            return Err(Error::new(Kind::OutOfRange, "value overflows numeric format"));
        }
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let scale = fraction.len() as i64 - i64::from(exponent);
        if scale < 0 {
            let zeros = usize::try_from(-scale).ok().filter(|zeros| *zeros <= WIDEST).ok_or_else(|| no_room(text))?;
            digits.push_str(&"0".repeat(zeros));
        }
        Ok(Self::Decimal { negative, digits, scale: usize::try_from(scale).unwrap_or(0) })
    }

    /// An array of it; [`Kind::OutOfRange`] when it has more digits than there is room for.
    fn array(&self, text: &str) -> Result<ArrayRef> {
        let (negative, digits, scale) = match self {
            Self::Decimal { negative, digits, scale } => (*negative, digits.trim_start_matches('0'), *scale),
            Self::Special(value) => return wide(*value, 0, text),
        };
        let precision = digits.len().max(scale).max(1);
        let sign = if negative { "-" } else { "" };
        let value =
            i256::from_string(&format!("{sign}0{digits}")).filter(|_| precision <= WIDEST).ok_or_else(|| no_room(text))?;
        let narrow = value.to_i128().filter(|_| precision <= WIDE);
        let Some(value) = narrow else { return wide(value, scale, text) };
        let array = Decimal128Array::from(vec![value]).with_precision_and_scale(precision as u8, scale as i8);
        Ok(Arc::new(array.map_err(|e| no_room(text).caused_by(e))?))
    }
}

fn wide(value: i256, scale: usize, text: &str) -> Result<ArrayRef> {
    let array = Decimal256Array::from(vec![value]).with_precision_and_scale(WIDEST as u8, scale as i8);
    Ok(Arc::new(array.map_err(|e| no_room(text).caused_by(e))?))
}

fn no_room(text: &str) -> Error {
    let shown: String = text.trim().chars().take(100).collect();
    Error::new(Kind::OutOfRange, format!("the numeric parameter {shown} has more than {WIDEST} digits"))
        .with_hint("Give fewer digits, or a double precision.")
}
