//! Parameters of type `numeric`, read exactly: a digit that the plan's type has no room for is an error, since a comparison with the
//! rounded number would find other rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal256Array, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, i256};

use crate::error::{Error, Kind, Result};
use crate::table::pg_type;

use super::binary::incorrect;
use super::invalid;

/// The largest exponent either way; beyond it no decimal has room.
const LARGEST_EXPONENT: i32 = 1000;

/// The most digits of a 256-bit decimal.
const WIDEST: u8 = 76;

/// Reads a number into a decimal, or whatever number the plan wants.
pub(super) fn decode(text: &str, target: &DataType) -> Result<ArrayRef> {
    let number = Number::parse(text)?;
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let (DataType::Decimal32(_, scale)
    | DataType::Decimal64(_, scale)
    | DataType::Decimal128(_, scale)
    | DataType::Decimal256(_, scale)) = target
    else {
        let plain: ArrayRef = Arc::new(StringArray::from(vec![text.trim()]));
        return cast_with_options(&plain, target, &strict).map_err(|e| no_room(text, target).caused_by(e));
    };
    let scaled = number.at_scale(i32::from(*scale)).ok_or_else(|| no_room(text, target))?;
    let scaled = i256::from_string(&scaled).ok_or_else(|| no_room(text, target))?;
    let wide = Decimal256Array::from(vec![scaled])
        .with_precision_and_scale(WIDEST, *scale)
        .map_err(|e| no_room(text, target).caused_by(e))?;
    let wide: ArrayRef = Arc::new(wide);
    cast_with_options(&wide, target, &strict).map_err(|e| no_room(text, target).caused_by(e))
}

/// `numeric_recv`'s form as text: count, weight, sign and scale, then digits of base 10000.
pub(super) fn from_binary(bytes: &[u8]) -> Result<String> {
    let mut words = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let mut word = || words.next().ok_or_else(incorrect);
    let (count, weight, sign, _scale) = (word()?, word()? as i16, word()?, word()?);
    if bytes.len() != 8 + 2 * usize::from(count) {
        return Err(incorrect());
    }
    let mut text = match sign {
        0 => String::new(),
        0x4000 => "-".to_owned(),
        0xc000 | 0xd000 | 0xf000 => return Err(not_a_number()),
        _ => return Err(incorrect()),
    };
    if count == 0 {
        return Ok("0".to_owned());
    }
    for digit in words {
        if digit > 9999 {
            return Err(incorrect());
        }
        text.push_str(&format!("{digit:04}"));
    }
    // The last digit stands for 10000^(weight - count + 1).
    let exponent = 4 * (i32::from(weight) - i32::from(count) + 1);
    Ok(format!("{text}e{exponent}"))
}

/// `±digits * 10^exponent`.
struct Number {
    negative: bool,
    /// Without zeros at either end; empty for zero.
    digits: String,
    exponent: i32,
}

impl Number {
    fn parse(text: &str) -> Result<Self> {
        let wrong = || invalid(&pg_type::NUMERIC, text);
        let number = text.trim();
        let lower = number.trim_start_matches(['+', '-']).to_ascii_lowercase();
        if ["nan", "inf", "infinity"].contains(&lower.as_str()) {
            return Err(not_a_number());
        }
        let (mantissa, exponent) = match number.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| wrong())?),
            None => (number, 0),
        };
        if exponent.abs() > LARGEST_EXPONENT * 100 {
            return Err(Error::new(Kind::OutOfRange, "value overflows numeric format"));
        }
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let significant = all.trim_end_matches('0');
        let exponent = exponent - fraction.len() as i32 + (all.len() - significant.len()) as i32;
        Ok(Self { negative, digits: significant.trim_start_matches('0').to_owned(), exponent })
    }

    /// The integer `number * 10^scale`; `None` when it is none, or far too long.
    fn at_scale(&self, scale: i32) -> Option<String> {
        if self.digits.is_empty() {
            return Some("0".to_owned());
        }
        let zeros = usize::try_from(self.exponent + scale).ok().filter(|zeros| *zeros < usize::from(WIDEST))?;
        Some(format!("{}{}{}", if self.negative { "-" } else { "" }, self.digits, "0".repeat(zeros)))
    }
}

fn no_room(text: &str, target: &DataType) -> Error {
    Error::new(Kind::OutOfRange, format!("the numeric parameter {} does not fit {target}", text.trim()))
        .with_hint("Cast the parameter to a numeric with more digits, as in $1::numeric(38, 20).")
}

fn not_a_number() -> Error {
    Error::new(Kind::Unsupported, "numeric NaN and infinities are not supported")
}
