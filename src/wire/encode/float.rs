//! Text of `float4` and `float8`: the shortest digits that read back as the same number (`extra_float_digits` above 0), or a
//! fixed count of digits as C's `%g` has them.

use std::io::Write;

use crate::error::Result;

/// Appends a `float8`.
#[inline]
pub(super) fn double(value: f64, extra_digits: i32, out: &mut Vec<u8>) -> Result<()> {
    if special(value, out) {
        return Ok(());
    }
    if extra_digits <= 0 {
        let digits = (15 + extra_digits).max(1);
        return scientific(&mut Scratch::new(format_args!("{value:.*e}", digits as usize - 1)), digits, out);
    }
    let mut text = Scratch::new(format_args!("{value:e}"));
    if value.abs() >= (1u64 << f64::MANTISSA_DIGITS) as f64 {
        let bits = value.to_bits();
        let (mantissa, exponent) = ((bits & ((1 << 52) - 1)) | (1 << 52), ((bits >> 52) & 0x7ff) as i32 - 1075);
        if on_border(text.bytes(), mantissa, exponent, 1 << 52) {
            text = more_digits(text.bytes(), |digits| Scratch::new(format_args!("{value:.digits$e}")));
        }
    }
    scientific(&mut text, 15, out)
}

/// Appends a `float4`.
#[inline]
pub(super) fn single(value: f32, extra_digits: i32, out: &mut Vec<u8>) -> Result<()> {
    if special(f64::from(value), out) {
        return Ok(());
    }
    if extra_digits <= 0 {
        let digits = (6 + extra_digits).max(1);
        return scientific(&mut Scratch::new(format_args!("{value:.*e}", digits as usize - 1)), digits, out);
    }
    let mut text = Scratch::new(format_args!("{value:e}"));
    if value.abs() >= (1u32 << f32::MANTISSA_DIGITS) as f32 {
        let bits = value.to_bits();
        let (mantissa, exponent) = ((bits & ((1 << 23) - 1)) | (1 << 23), ((bits >> 23) & 0xff) as i32 - 150);
        if on_border(text.bytes(), u64::from(mantissa), exponent, 1 << 23) {
            text = more_digits(text.bytes(), |digits| Scratch::new(format_args!("{value:.digits$e}")));
        }
    }
    scientific(&mut text, 6, out)
}

/// Appends what is no number of digits.
fn special(value: f64, out: &mut Vec<u8>) -> bool {
    let text: &[u8] = if value.is_nan() {
        b"NaN"
    } else if value == f64::INFINITY {
        b"Infinity"
    } else if value == f64::NEG_INFINITY {
        b"-Infinity"
    } else {
        return false;
    };
    out.extend_from_slice(text);
    true
}

/// Rust's shortest digits may lie on the border between two floats where the even one wins; PostgreSQL's lie strictly inside
/// (`acceptBounds` is false in its `d2s.c`), so 1e23 is 9.999999999999999e+22 there. `value` is `mantissa * 2^exponent`, an
/// integer; below 2^53 no short text can be on a border.
fn on_border(text: &[u8], mantissa: u64, exponent: i32, lowest: u64) -> bool {
    let (_, digits, e) = parts(text);
    let decimals = e - (digits.len() as i32 - 1);
    // A border is an odd multiple of a power of two below 2^55, so it holds at most 23 factors of five.
    if mantissa % 2 == 1 || !(0..=23).contains(&decimals) {
        return false;
    }
    let number = digits.iter().fold(0u128, |n, d| n * 10 + u128::from(d - b'0'));
    let odd = number * 5u128.pow(decimals as u32);
    let (odd, twos) = (odd >> odd.trailing_zeros(), odd.trailing_zeros() as i32 + decimals);
    let mantissa = u128::from(mantissa);
    let above = (2 * mantissa + 1, exponent - 1);
    // Below a power of two the floats stand twice as close.
    let below = if mantissa == u128::from(lowest) { (4 * mantissa - 1, exponent - 2) } else { (2 * mantissa - 1, exponent - 1) };
    (odd, twos) == above || (odd, twos) == below
}

/// The nearest text with one digit more than `text`.
fn more_digits(text: &[u8], with: impl Fn(usize) -> Scratch) -> Scratch {
    let (_, digits, _) = parts(text);
    let mut precision = digits.len();
    loop {
        let longer = with(precision);
        let (_, found, _) = parts(longer.bytes());
        // Zeros behind the old digits are the same number.
        if found.last() != Some(&b'0') || precision > 20 {
            return longer;
        }
        precision += 1;
    }
}

/// Appends `d.ddde±x` as PostgreSQL lays it out: plain from 1e-4 up to `10^limit`, else with an exponent of two digits or more.
fn scientific(text: &mut Scratch, limit: i32, out: &mut Vec<u8>) -> Result<()> {
    let (negative, digits, exponent) = parts(text.bytes());
    let digits = match digits.iter().rposition(|d| *d != b'0') {
        Some(last) => &digits[..=last],
        None => &digits[..1],
    };
    if negative {
        out.push(b'-');
    }
    if !(-4..limit).contains(&exponent) {
        out.push(digits[0]);
        if digits.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        let exponent = exponent.unsigned_abs();
        if exponent < 10 {
            out.push(b'0');
        }
        super::digits::unsigned(u64::from(exponent), out);
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', exponent.unsigned_abs() as usize - 1));
        out.extend_from_slice(digits);
    } else {
        let whole = exponent as usize + 1;
        if digits.len() <= whole {
            out.extend_from_slice(digits);
            out.extend(std::iter::repeat_n(b'0', whole - digits.len()));
        } else {
            out.extend_from_slice(&digits[..whole]);
            out.push(b'.');
            out.extend_from_slice(&digits[whole..]);
        }
    }
    Ok(())
}

/// Sign, digits without the point, and exponent of Rust's `{:e}`.
fn parts(text: &[u8]) -> (bool, Digits, i32) {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let e = text.iter().position(|b| *b == b'e').expect("Rust writes an exponent");
    let (mantissa, exponent) = (&text[..e], &text[e + 1..]);
    let mut digits = Digits { bytes: [0; 32], length: 0 };
    for &byte in mantissa.iter().filter(|b| **b != b'.') {
        digits.bytes[digits.length] = byte;
        digits.length += 1;
    }
    let (below, exponent) = match exponent.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, exponent),
    };
    let exponent = exponent.iter().fold(0, |n, d| n * 10 + i32::from(d - b'0'));
    (negative, digits, if below { -exponent } else { exponent })
}

/// Significant digits, at most 32.
struct Digits {
    bytes: [u8; 32],
    length: usize,
}

impl std::ops::Deref for Digits {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// A short text on the stack.
struct Scratch {
    bytes: [u8; 40],
    length: usize,
}

impl Scratch {
    fn new(text: std::fmt::Arguments<'_>) -> Self {
        let mut bytes = [0; 40];
        let mut rest = &mut bytes[..];
        rest.write_fmt(text).expect("a float of at most 22 digits has less than 40 characters");
        let length = 40 - rest.len();
        Self { bytes, length }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).expect("every float has a text");
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn doubles_are_written_as_postgres_15_writes_them() {
        let cases: &[(f64, i32, &str)] = &[
            (0.0, 1, "0"),
            (-0.0, 1, "-0"),
            (0.1, 1, "0.1"),
            (1e15, 1, "1e+15"),
            (1e14, 1, "100000000000000"),
            (123_456_789_012_345.0, 1, "123456789012345"),
            (0.0001, 1, "0.0001"),
            (0.00001, 1, "1e-05"),
            (1e23, 1, "9.999999999999999e+22"),
            (9.5367431640625e-07, 1, "9.5367431640625e-07"),
            (5e-324, 1, "5e-324"),
            (5.684341886080801e-14, 1, "5.684341886080801e-14"),
            (f64::MAX, 1, "1.7976931348623157e+308"),
            (f64::NAN, 1, "NaN"),
            (f64::INFINITY, 1, "Infinity"),
            (f64::NEG_INFINITY, 0, "-Infinity"),
            (0.1 + 0.2, 1, "0.30000000000000004"),
            (0.1 + 0.2, 0, "0.3"),
            (1e15, 0, "1e+15"),
            (1e14, 0, "100000000000000"),
            (123456789.123456789, 0, "123456789.123457"),
            (1e-5, 0, "1e-05"),
            (123.4, -15, "1e+02"),
            (1e-300, -15, "1e-300"),
        ];
        for (value, extra, expected) in cases {
            assert_eq!(shown(|out| double(*value, *extra, out)), *expected);
        }
    }

    #[test]
    fn singles_are_written_as_postgres_15_writes_them() {
        let cases: &[(f32, i32, &str)] = &[
            (0.1, 1, "0.1"),
            (100_000.0, 1, "100000"),
            (1_000_000.0, 1, "1e+06"),
            (16_777_216.0, 1, "1.6777216e+07"),
            (123_456.7, 1, "123456.7"),
            (0.1, 0, "0.1"),
            (123_456.7, 0, "123457"),
            (1_234_567.0, 0, "1.23457e+06"),
        ];
        for (value, extra, expected) in cases {
            assert_eq!(shown(|out| single(*value, *extra, out)), *expected);
        }
    }
}
