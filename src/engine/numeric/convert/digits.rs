//! Between floats and decimals: a float's own digits, and the float nearest to a decimal.

use std::fmt::Write;

use arrow::datatypes::i256;
use datafusion::common::Result;

use super::super::{decimal, types};
use crate::table::pg_value::Special;

/// A float's first digits, as many as PostgreSQL takes to be its own.
pub(super) fn from_float(value: f64, digits: usize) -> Result<(i256, i32)> {
    if value.is_nan() {
        return Ok((Special::NotANumber.value(), 0));
    }
    if value.is_infinite() {
        return Ok((if value > 0.0 { Special::Infinity } else { Special::MinusInfinity }.value(), 0));
    }
    // `d.ddde-dd`: on the stack, for there is one for each row.
    let mut text = Digits::default();
    let written = write!(text, "{value:.*e}", digits - 1);
    let (mantissa, exponent) = written.ok().and_then(|()| text.parts()).ok_or_else(types::too_long)?;
    let scale = i32::try_from(digits).unwrap_or(0) - 1 - exponent;
    let (value, scale) = decimal::without_zeros(i256::from_i128(i128::from(mantissa)), scale);
    if scale < 0 { Ok((decimal::rescale(value, scale, 0).ok_or_else(types::too_long)?, 0)) } else { Ok((value, scale)) }
}

/// A short text on the stack.
#[derive(Default)]
struct Digits {
    bytes: [u8; 32],
    length: usize,
}

impl Write for Digits {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(std::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

impl Digits {
    /// The digits as a whole number, and the exponent.
    fn parts(&self) -> Option<(i64, i32)> {
        let text = self.bytes.get(..self.length)?;
        let e = text.iter().position(|b| *b == b'e')?;
        let exponent = std::str::from_utf8(text.get(e + 1..)?).ok()?.parse().ok()?;
        let mantissa = text.get(..e)?.iter().filter(|b| b.is_ascii_digit()).fold(0_i64, |n, b| n * 10 + i64::from(b - b'0'));
        Some((if text.first() == Some(&b'-') { -mantissa } else { mantissa }, exponent))
    }
}

/// The float nearest to a decimal.
pub(super) fn to_float(value: i256, scale: i32) -> f64 {
    match Special::of(value) {
        Some(Special::NotANumber) => return f64::NAN,
        Some(Special::Infinity) => return f64::INFINITY,
        Some(Special::MinusInfinity) => return f64::NEG_INFINITY,
        None => {}
    }
    // Both exact, so that their quotient is the nearest.
    if let Some(small) = value.to_i128().filter(|v| v.unsigned_abs() < 1 << 53)
        && (0..=22).contains(&scale)
    {
        return small as f64 / 10_f64.powi(scale);
    }
    format!("{value}e{}", -scale).parse().unwrap_or(f64::NAN)
}
