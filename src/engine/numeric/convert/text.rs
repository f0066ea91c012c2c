//! Numbers as texts have them, and PostgreSQL's words for those that are none.

use arrow::datatypes::i256;
use datafusion::common::{Result, ScalarValue};

use super::super::{literals, types};
use super::{digits, out_of_float, out_of_integer};

/// A whole number as text has it.
pub(super) fn whole(text: &str, name: &str) -> Result<i128> {
    let number = text.trim_matches(is_space);
    let digits = number.strip_prefix(['-', '+']).unwrap_or(number);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(types::invalid(name, text));
    }
    number.parse().map_err(|_| out_of_integer(text, name))
}

/// A float as text has it. [`str::parse`] takes no more than PostgreSQL does but for the words, which it takes in any case too.
pub(super) fn float<T: std::str::FromStr + Into<f64> + Copy>(text: &str, name: &str) -> Result<T> {
    let number = text.trim_matches(is_space);
    let value: T = number.parse().map_err(|_| types::invalid(name, text))?;
    let wide: f64 = value.into();
    let is_word = number.bytes().any(|b| b.is_ascii_alphabetic() && !matches!(b, b'e' | b'E'));
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let vanished = wide == 0.0 && mantissa.bytes().any(|b| (b'1'..=b'9').contains(&b));
    if (wide.is_infinite() && !is_word) || vanished {
        return Err(out_of_float(number, name));
    }
    Ok(value)
}

pub(super) fn decimal_of(text: &str) -> Result<(i256, i32)> {
    let number = text.trim_matches(is_space);
    match literals::decimal(number) {
        Some(ScalarValue::Decimal128(Some(value), _, scale)) => Ok((i256::from_i128(value), i32::from(scale))),
        Some(ScalarValue::Decimal256(Some(value), _, scale)) => Ok((value, i32::from(scale))),
        _ if number.parse::<f64>().is_ok_and(f64::is_finite) => Err(types::too_long()),
        _ => match number.parse::<f64>() {
            Ok(float) => digits::from_float(float, 1),
            Err(_) => Err(types::invalid("numeric", text)),
        },
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}
