//! Numbers in text: their shape, what they need to be kept exactly, and their values. Columns are unknown here.

use std::io::Write;

/// How a number is written, as far as choosing a type needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// An integer: no point, no exponent, not `-0`.
    pub(super) integer: bool,
    /// Digits before the point without leading zeros.
    pub(super) whole: usize,
    /// Digits after the point.
    pub(super) scale: usize,
    pub(super) exponent: bool,
    /// An exponent behind digits alone, without a sign: `12E4` is as often a code.
    pub(super) may_be_code: bool,
    /// Digits from the first to the last that is not zero.
    pub(super) significant: usize,
}

/// The most digits of a number that any double of that many significant digits is within: DBL_MAX_10_EXP is 308, DBL_MIN_10_EXP -307.
const MOST_DIGITS: usize = 300;

/// The most significant digits that a double is printed with to see whether it comes back.
const MOST_PRINTED: usize = 128;

impl Shape {
    /// Whether a double holds it for certain: up to 15 significant digits always survive (IEEE 754, DBL_DIG), within the range of doubles.
    pub(super) fn is_surely_double(self) -> bool {
        self.significant <= 15 && !self.exponent && self.whole + self.scale <= MOST_DIGITS
    }
}

/// The shape of `text` when it is a number that keeps all it says as one: no `+`, no leading zero (`007` is a code), no blank.
pub(super) fn shape(text: &[u8]) -> Option<Shape> {
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, text),
    };
    let whole_len = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if whole_len > 1 && digits[0] == b'0' {
        return None;
    }
    let mut at = whole_len;
    let mut fraction: &[u8] = &[];
    let point = digits.get(at) == Some(&b'.');
    if point {
        let rest = &digits[at + 1..];
        fraction = &rest[..rest.iter().take_while(|b| b.is_ascii_digit()).count()];
        at += 1 + fraction.len();
    }
    if whole_len + fraction.len() == 0 {
        return None;
    }
    let exponent = matches!(digits.get(at), Some(b'e' | b'E'));
    let mut may_be_code = false;
    if exponent {
        let rest = &digits[at + 1..];
        let signed = matches!(rest.first(), Some(b'+' | b'-'));
        let power = &rest[usize::from(signed)..];
        if power.is_empty() || power.len() > 3 || !power.iter().all(u8::is_ascii_digit) {
            return None;
        }
        may_be_code = !(point || signed || negative);
        at = digits.len();
    }
    if at != digits.len() {
        return None;
    }
    let whole = &digits[..whole_len];
    let zero = whole == b"0" || whole.is_empty();
    let significant = significant_digits(whole, fraction);
    Some(Shape {
        integer: !(point || exponent || (negative && zero)),
        whole: if zero { 0 } else { whole_len },
        scale: fraction.len(),
        exponent,
        may_be_code,
        significant,
    })
}

fn significant_digits(whole: &[u8], fraction: &[u8]) -> usize {
    let total = whole.len() + fraction.len();
    let leading = whole.iter().chain(fraction).take_while(|b| **b == b'0').count();
    let trailing = fraction.iter().rev().chain(whole.iter().rev()).take_while(|b| **b == b'0').count();
    total.saturating_sub(leading + trailing)
}

/// Whether a double loses nothing of what is written: up to 15 significant digits always survive; more do when the double, printed with as
/// many, gives them again, since then a program printed a double.
pub(super) fn fits_double(text: &str, shape: Shape) -> bool {
    if shape.is_surely_double() {
        return true;
    }
    let Ok(value) = text.parse::<f64>() else { return false };
    if value == 0.0 {
        return shape.significant == 0;
    }
    let is_short = shape.significant <= 15 && value.is_normal();
    value.is_finite() && (is_short || prints_as(value, text, shape.significant))
}

/// Whether the nearest double prints as the same number when both are cut to 15 significant digits: so it is within the range
/// of normal doubles, whose relative error is at most 2^-53 (IEEE 754, DBL_DIG).
pub(super) fn near_double(text: &str, shape: Shape) -> bool {
    text.parse::<f64>().is_ok_and(|value| value.is_normal() || (value == 0.0 && shape.significant == 0))
}

/// Whether the double nearest to `text`, printed with so many significant digits, has the digits of `text`.
fn prints_as(value: f64, text: &str, digits: usize) -> bool {
    if digits > MOST_PRINTED {
        return false;
    }
    // A point and an exponent of two signs and three digits stand beside the digits.
    let mut printed = [0; MOST_PRINTED + 6];
    let written = write!(printed.as_mut_slice(), "{:.*e}", digits.saturating_sub(1), value.abs()).is_ok();
    let mantissa = |text: &[u8]| text.iter().position(|b| matches!(b, b'e' | b'E')).unwrap_or(text.len());
    let of = text.as_bytes();
    let theirs = of[..mantissa(of)].iter().filter(|b| b.is_ascii_digit()).skip_while(|b| **b == b'0').take(digits);
    let ours = printed[..mantissa(&printed)].iter().filter(|b| b.is_ascii_digit());
    written && theirs.eq(ours)
}

/// An integer; `None` when it is none or does not fit 64 bits.
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    if digits.len() > 18 {
        return std::str::from_utf8(text).ok()?.parse().ok();
    }
    let mut value = 0_i64;
    for b in digits {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// A double; `None` beyond their range. `inf` and `nan` in words count only when `special` is set (Table Schema's `INF`, `-INF`, `NaN`,
/// PostgreSQL's `Infinity`).
pub(super) fn double(text: &str, special: bool) -> Option<f64> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match text.as_bytes().last()? {
        b'0'..=b'9' | b'.' => text.parse().ok().filter(|value: &f64| value.is_finite() && (*value != 0.0 || is_zero(text))),
        _ if !special => None,
        _ if is("inf") || is("infinity") => Some(f64::INFINITY),
        _ if is("-inf") || is("-infinity") => Some(f64::NEG_INFINITY),
        _ if is("nan") => Some(f64::NAN),
        _ => None,
    }
}

/// Whether all digits of a number are zero; one that is not may be too small for a double.
fn is_zero(text: &str) -> bool {
    text.bytes().take_while(|b| !matches!(b, b'e' | b'E')).all(|b| !matches!(b, b'1'..=b'9'))
}

/// A decimal as a whole number of units of 10^-`scale`; `None` when it needs more digits than 38 or than `scale` gives.
pub(super) fn decimal(text: &[u8], scale: usize) -> Option<i128> {
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let mut value = 0_i128;
    let mut after = None;
    let mut seen = 0;
    for b in digits {
        match b {
            b'0'..=b'9' => {
                let digit = i128::from(b - b'0');
                match after {
                    Some(n) if n == scale => {
                        if digit != 0 {
                            return None;
                        }
                        continue;
                    }
                    Some(n) => after = Some(n + 1),
                    None => {}
                }
                value = value.checked_mul(10)?.checked_add(digit)?;
                seen += 1;
            }
            b'.' if after.is_none() => after = Some(0),
            _ => return None,
        }
    }
    if seen == 0 {
        return None;
    }
    let missing = u32::try_from(scale - after.unwrap_or(0)).ok()?;
    let value = value.checked_mul(10_i128.checked_pow(missing)?)?;
    (value < 10_i128.pow(38)).then_some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_not_numbers() {
        for code in ["", "-", ".", "007", "00.5", "+5", "1 000", "1,5", "0x1f", "1.2.3", "1e", "inf", "nan", "--1"] {
            assert_eq!(shape(code.as_bytes()), None, "{code}");
        }
    }

    #[test]
    fn some_numbers_may_be_codes() {
        for (text, want) in [("1E5", true), ("12e4", true), ("1.2e4", false), ("1e+5", false), ("-1e5", false), ("15", false)] {
            assert_eq!(shape(text.as_bytes()).map(|s| s.may_be_code), Some(want), "{text}");
        }
    }

    #[test]
    fn shapes() {
        for (text, integer, whole, scale, significant) in [
            ("0", true, 0, 0, 0),
            ("-12", true, 2, 0, 2),
            ("-0", false, 0, 0, 0),
            ("1200", true, 4, 0, 2),
            (".001586", false, 0, 6, 4),
            ("0.50", false, 0, 2, 1),
            ("12.", false, 2, 0, 2),
            ("3E+3", false, 1, 0, 1),
            ("1.71257e+006", false, 1, 5, 6),
        ] {
            let s = shape(text.as_bytes()).expect(text);
            assert_eq!((s.integer, s.whole, s.scale, s.significant), (integer, whole, scale, significant), "{text}");
        }
    }

    #[test]
    fn doubles_that_come_back() {
        for (text, fits) in [
            ("0.1", true),
            ("40.63980103", true),
            ("-73.77869999999999", true),
            // As printed with more digits than needed: to 17 of them, to 18 decimals, and as a float is in full.
            ("0.10000000000000001", true),
            ("-74.933601379394531250", true),
            ("0.1000000000000000055511151231257827021181583404541015625", true),
            ("3.0518509475997192000e1", true),
            ("1.0000000000000000000000000000001", false),
            ("5e-324", true),
            ("1.23456e-320", false),
            ("0.1234567890123456789", false),
            ("12345678901234567.5", false),
            ("9007199254740993", false),
            ("1e-400", false),
            ("1.5e-300", true),
            ("-1.2345678901234568e-300", true),
            ("-0.000012345678901234560000", true),
            (&format!("1{}.0", "0".repeat(400)), false),
            (&format!("0.{}1", "0".repeat(400)), false),
        ] {
            let s = shape(text.as_bytes()).expect(text);
            assert_eq!(fits_double(text, s), fits, "{text}");
        }
    }

    #[test]
    fn doubles_that_come_near() {
        for (text, near) in
            [("0.1234567890123456789", true), ("0.000", true), ("1e-400", false), ("1e-310", false), ("1e999", false)]
        {
            let s = shape(text.as_bytes()).expect(text);
            assert_eq!(near_double(text, s), near, "{text}");
        }
    }

    #[test]
    fn values() {
        assert_eq!(
            ["0e5", "-0.00", "1e-400", "0.5e-323", "1e999"].map(|t| double(t, true).is_some()),
            [true, true, false, true, false]
        );
        for (text, want) in
            [("12", Some(12)), ("-9223372036854775808", Some(i64::MIN)), ("9223372036854775808", None), ("1x", None), ("-", None)]
        {
            assert_eq!(integer(text.as_bytes()), want, "{text}");
        }
        for (text, scale, want) in [
            ("1.5", 2, Some(150)),
            ("-1.50", 1, Some(-15)),
            ("1.55", 1, None),
            (".5", 1, Some(5)),
            ("7", 0, Some(7)),
            ("1e3", 0, None),
            ("", 0, None),
            ("99999999999999999999999999999999999999", 0, Some(10_i128.pow(38) - 1)),
            ("999999999999999999999999999999999999999", 0, None),
        ] {
            assert_eq!(decimal(text.as_bytes(), scale), want, "{text}");
        }
        assert_eq!(double("-INF", true), Some(f64::NEG_INFINITY));
        assert_eq!((double("inf", false), double("1e5", false), double("1e999", true)), (None, Some(1e5), None));
    }
}
