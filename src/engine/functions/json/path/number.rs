//! Numbers of JSON in paths: what operators and methods make of their digits.

use arrow::datatypes::i256;

use crate::engine::numeric::{quotient, quotient_scale, rescale};
use crate::error::{Error, Kind, Result};

/// A number as so many of 10^-scale.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    value: i256,
    scale: i32,
}

/// An operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Plus,
    Minus,
    Times,
    Divide,
    Modulo,
}

impl Operator {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
        }
    }
}

fn too_long() -> Error {
    Error::new(Kind::OutOfRange, "value overflows numeric format")
}

impl Number {
    /// The number of these digits. [`Kind::OutOfRange`] for more than there is room for.
    pub fn read(text: &str) -> Result<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent: i32 = exponent.parse().map_err(|_| too_long())?;
        let value = i256::from_string(&format!("{whole}{fraction}")).ok_or_else(too_long)?;
        let scale = i32::try_from(fraction.len()).map_err(|_| too_long())?.checked_sub(exponent).ok_or_else(too_long)?;
        if scale >= 0 {
            return Ok(Self { value, scale });
        }
        Ok(Self { value: rescale(value, 0, -scale).ok_or_else(too_long)?, scale: 0 })
    }

    /// Its digits.
    pub fn text(self) -> String {
        let digits = self.value.wrapping_abs().to_string();
        let sign = if self.value.is_negative() { "-" } else { "" };
        let Some(scale) = usize::try_from(self.scale).ok().filter(|scale| *scale > 0) else { return format!("{sign}{digits}") };
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        format!("{sign}{whole}.{fraction}")
    }

    /// `self op other`. [`Kind::DivisionByZero`], [`Kind::OutOfRange`].
    pub fn calculate(self, op: Operator, other: Self) -> Result<Self> {
        let scale = self.scale.max(other.scale);
        let at = |number: Self| rescale(number.value, number.scale, scale).ok_or_else(too_long);
        if matches!(op, Operator::Divide | Operator::Modulo) && other.value == i256::ZERO {
            return Err(Error::new(Kind::DivisionByZero, "division by zero"));
        }
        let (value, scale) = match op {
            Operator::Plus => (at(self)?.checked_add(at(other)?), scale),
            Operator::Minus => (at(self)?.checked_sub(at(other)?), scale),
            Operator::Times => (self.value.checked_mul(other.value), self.scale + other.scale),
            Operator::Divide => {
                let (left, right) = ((self.value, self.scale), (other.value, other.scale));
                let to = quotient_scale(left, right, scale);
                (quotient(left, right, scale, to), to)
            }
            Operator::Modulo => (at(self)?.checked_rem(at(other)?), scale),
        };
        Ok(Self { value: value.ok_or_else(too_long)?, scale })
    }

    /// The same below zero, or above.
    pub fn negated(self) -> Self {
        Self { value: self.value.wrapping_neg(), ..self }
    }

    /// How far it is from zero.
    pub fn size(self) -> Self {
        Self { value: self.value.wrapping_abs(), ..self }
    }

    /// The next whole number above, or below.
    pub fn whole(self, above: bool) -> Self {
        let Some(unit) = rescale(i256::ONE, 0, self.scale) else { return Self { value: i256::ZERO, scale: 0 } };
        let (value, rest) = (self.value.wrapping_div(unit), self.value.wrapping_rem(unit));
        let value = match (above, rest.is_positive(), rest.is_negative()) {
            (true, true, _) => value.wrapping_add(i256::ONE),
            (false, _, true) => value.wrapping_sub(i256::ONE),
            _ => value,
        };
        Self { value, scale: 0 }
    }

    /// The whole number that it is, cut off. `None` beyond what subscripts are.
    pub fn place(self) -> Option<i64> {
        let unit = rescale(i256::ONE, 0, self.scale)?;
        let place = self.value.checked_div(unit)?.to_i128()?;
        i32::try_from(place).ok().map(i64::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_calculated_by_their_digits() {
        for (left, op, right, want) in [
            ("7", Operator::Divide, "2", "3.5000000000000000"),
            ("1.50", Operator::Plus, "2", "3.50"),
            ("-1.5", Operator::Times, "0.2", "-0.30"),
            ("7.5", Operator::Modulo, "2", "1.5"),
            ("1e3", Operator::Minus, "1", "999"),
        ] {
            let number = |text| Number::read(text).expect(text);
            assert_eq!(number(left).calculate(op, number(right)).map(Number::text).ok().as_deref(), Some(want), "{left}");
        }
        let whole = |text: &str, above| Number::read(text).map(|n| n.whole(above).text()).ok();
        assert_eq!((whole("-1.5", true), whole("-1.5", false)), (Some("-1".to_owned()), Some("-2".to_owned())));
    }
}
