//! Text of `float4` and `float8`: the shortest digits that read back as the same number (`extra_float_digits` above 0), or a
//! fixed count of digits as C's `%g` has them.

use std::io::Write;

use super::Slot;
use super::binary::Binary;
use super::values::appended;
use crate::error::Result;

/// Appends a `float8`.
#[inline]
pub(super) fn double(value: f64, extra_digits: i32, out: &mut Vec<u8>) -> Result<()> {
    if special(value, out) {
        return Ok(());
    }
    if extra_digits <= 0 {
        let digits = (15 + extra_digits).max(1);
        Shown::new(format_args!("{value:.*e}", digits as usize - 1)).lay_out(digits, out);
        return Ok(());
    }
    let float = Binary::from(value);
    let mut shown = Shown::shortest(value);
    shown.settle(&float, |digits| Shown::new(format_args!("{value:.digits$e}")));
    shown.lay_out(15, out);
    Ok(())
}

/// Appends a `float4`.
#[inline]
pub(super) fn single(value: f32, extra_digits: i32, out: &mut Vec<u8>) -> Result<()> {
    if special(f64::from(value), out) {
        return Ok(());
    }
    if extra_digits <= 0 {
        let digits = (6 + extra_digits).max(1);
        Shown::new(format_args!("{value:.*e}", digits as usize - 1)).lay_out(digits, out);
        return Ok(());
    }
    let float = Binary::from(value);
    let mut shown = Shown::shortest(value);
    shown.settle(&float, |digits| Shown::new(format_args!("{value:.digits$e}")));
    shown.lay_out(6, out);
    Ok(())
}

/// [`double`] put into a slot.
#[inline]
pub(super) fn put_double(value: f64, extra_digits: i32, slot: &mut Slot) -> Result<usize> {
    if extra_digits > 0 && (1e-4..1e15).contains(&value.abs()) {
        let float = Binary::from(value);
        let mut buffer = zmij::Buffer::new();
        if let Some(length) = put_plain(buffer.format_finite(value).as_bytes(), &float, slot) {
            return Ok(length);
        }
    }
    appended(slot, |out| double(value, extra_digits, out))
}

/// [`single`] put into a slot.
#[inline]
pub(super) fn put_single(value: f32, extra_digits: i32, slot: &mut Slot) -> Result<usize> {
    if extra_digits > 0 && (1e-4..1e6).contains(&value.abs()) {
        let float = Binary::from(value);
        let mut buffer = zmij::Buffer::new();
        if let Some(length) = put_plain(buffer.format_finite(value).as_bytes(), &float, slot) {
            return Ok(length);
        }
    }
    appended(slot, |out| single(value, extra_digits, out))
}

/// The last place of a number that is not below 1e-4 and has 17 digits, and one more.
const LAST_PLACE: i32 = -22;

/// Puts the shortest digits of a number that is laid out plainly and has a point; `None` where PostgreSQL's may be others. In the range where
/// it lays numbers out plainly these are ties alone: borders are beyond.
#[inline]
fn put_plain(text: &[u8], float: &Binary, slot: &mut Slot) -> Option<usize> {
    // An integer has its own digits, all of them.
    let text = match text.strip_suffix(b".0") {
        Some(whole) => whole,
        None => {
            let is_long = float.exponent + (float.mantissa.trailing_zeros() as i32) < LAST_PLACE;
            let place = || text.iter().rposition(|byte| *byte == b'.').map(|point| (point + 1) as i32 - text.len() as i32);
            if !is_long && float.is_tie(place()?) {
                return None;
            }
            text
        }
    };
    slot[..text.len()].copy_from_slice(text);
    Some(text.len())
}

/// The exponent behind an `e`: digits, perhaps with a sign.
fn signed(text: &[u8]) -> i32 {
    let (below, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let number = digits.iter().fold(0, |n, d| n * 10 + i32::from(d - b'0'));
    if below { -number } else { number }
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

/// Sign, significant digits and decimal exponent, on the stack.
struct Shown {
    negative: bool,
    digits: [u8; 32],
    length: usize,
    exponent: i32,
}

impl Shown {
    /// The shortest digits that read back as this number, of those the nearest to it.
    #[inline]
    fn shortest(value: impl zmij::Float) -> Self {
        let mut buffer = zmij::Buffer::new();
        let mut shown = Self { negative: false, digits: [0; 32], length: 0, exponent: 0 };
        // The place of the first digit that is none of the zeros in front: counted from those before the point, or behind it.
        let (mut behind_point, mut place, mut power) = (false, 0, 0);
        let text = buffer.format_finite(value).as_bytes();
        for (at, &byte) in text.iter().enumerate() {
            match byte {
                b'-' => shown.negative = true,
                b'.' => behind_point = true,
                b'e' => {
                    power = signed(&text[at + 1..]);
                    break;
                }
                b'0' if shown.length == 0 => place -= i32::from(behind_point),
                digit => {
                    shown.digits[shown.length] = digit;
                    shown.length += 1;
                    place += i32::from(!behind_point);
                }
            }
        }
        shown.exponent = power + place - 1;
        while shown.length > 1 && shown.digits[shown.length - 1] == b'0' {
            shown.length -= 1;
        }
        if shown.length == 0 {
            (shown.digits[0], shown.length, shown.exponent) = (b'0', 1, 0);
        }
        shown
    }

    /// From Rust's `{:e}`, such as `-1.25e-7`.
    fn new(text: std::fmt::Arguments<'_>) -> Self {
        let mut scratch = [0; 40];
        let mut rest = &mut scratch[..];
        rest.write_fmt(text).expect("a float of at most 22 digits has less than 40 characters");
        let length = 40 - rest.len();
        let mut shown = Self { negative: false, digits: [0; 32], length: 0, exponent: 0 };
        let (mut in_exponent, mut below_one) = (false, false);
        for &byte in &scratch[..length] {
            match byte {
                b'-' if in_exponent => below_one = true,
                b'-' => shown.negative = true,
                b'e' => in_exponent = true,
                b'.' => {}
                digit if in_exponent => shown.exponent = shown.exponent * 10 + i32::from(digit - b'0'),
                digit => {
                    shown.digits[shown.length] = digit;
                    shown.length += 1;
                }
            }
        }
        if below_one {
            shown.exponent = -shown.exponent;
        }
        shown
    }

    /// Where PostgreSQL's shortest digits (`d2s.c`) differ from Rust's: they lie strictly inside the borders to the neighbouring
    /// floats (its `acceptBounds` is false), so 1e23 is 9.999999999999999e+22; and of two that are as near the even one is taken.
    #[inline]
    fn settle(&mut self, float: &Binary, with: impl Fn(usize) -> Self) {
        if float.is_border(self.significant(), self.place()) {
            // One digit more, and not the same number with zeros behind.
            for precision in self.length..20 {
                *self = with(precision);
                if self.digits[self.length - 1] != b'0' {
                    break;
                }
            }
        }
        let place = self.place();
        let last = &mut self.digits[self.length - 1];
        if *last % 2 == 1 && float.is_tie(place) && float.has_room_below(place) {
            *last -= 1;
        }
    }

    fn significant(&self) -> &[u8] {
        &self.digits[..self.length]
    }

    /// The power of ten that the last digit stands for.
    fn place(&self) -> i32 {
        self.exponent - (self.length as i32 - 1)
    }

    /// Appends the number as PostgreSQL lays it out: plain from 1e-4 up to `10^limit`, else with an exponent of two digits or more.
    fn lay_out(&self, limit: i32, out: &mut Vec<u8>) {
        let significant = self.significant();
        let digits = match significant.iter().rposition(|d| *d != b'0') {
            Some(last) => &significant[..=last],
            None => &significant[..1],
        };
        if self.negative {
            out.push(b'-');
        }
        if !(-4..limit).contains(&self.exponent) {
            out.push(digits[0]);
            if digits.len() > 1 {
                out.push(b'.');
                out.extend_from_slice(&digits[1..]);
            }
            out.extend_from_slice(if self.exponent < 0 { b"e-" } else { b"e+" });
            let exponent = self.exponent.unsigned_abs();
            if exponent < 10 {
                out.push(b'0');
            }
            super::digits::unsigned(u64::from(exponent), out);
        } else if self.exponent < 0 {
            out.extend_from_slice(b"0.");
            out.extend(std::iter::repeat_n(b'0', self.exponent.unsigned_abs() as usize - 1));
            out.extend_from_slice(digits);
        } else {
            let whole = self.exponent as usize + 1;
            if digits.len() <= whole {
                out.extend_from_slice(digits);
                out.extend(std::iter::repeat_n(b'0', whole - digits.len()));
            } else {
                out.extend_from_slice(&digits[..whole]);
                out.push(b'.');
                out.extend_from_slice(&digits[whole..]);
            }
        }
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
    #[expect(clippy::excessive_precision, reason = "the digits of a tie are the point")]
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
            (1_125_899_906_842_624.25, 1, "1.1258999068426242e+15"),
            (9.5367431640625e-07, 1, "9.5367431640625e-07"),
            (1.0 / 16_777_216.0, 1, "5.960464477539063e-08"),
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
            (123_456_789.123_456_79, 0, "123456789.123457"),
            (1e-5, 0, "1e-05"),
            (123.4, -15, "1e+02"),
            (1e-300, -15, "1e-300"),
        ];
        for (value, extra, expected) in cases {
            assert_eq!(shown(|out| double(*value, *extra, out)), *expected);
        }
    }

    #[test]
    #[expect(clippy::excessive_precision, reason = "the digits of a tie are the point")]
    fn singles_are_written_as_postgres_15_writes_them() {
        let cases: &[(f32, i32, &str)] = &[
            (0.1, 1, "0.1"),
            (100_000.0, 1, "100000"),
            (1_000_000.0, 1, "1e+06"),
            (16_777_216.0, 1, "1.6777216e+07"),
            (123_456.7, 1, "123456.7"),
            (2_262_924.25, 1, "2.2629242e+06"),
            (-46_787.312_5, 1, "-46787.312"),
            (0.000_244_140_63, 1, "0.00024414062"),
            (0.1, 0, "0.1"),
            (123_456.7, 0, "123457"),
            (1_234_567.0, 0, "1.23457e+06"),
        ];
        for (value, extra, expected) in cases {
            assert_eq!(shown(|out| single(*value, *extra, out)), *expected);
        }
    }

    #[test]
    fn numbers_put_in_place_are_those_appended() {
        let (mut bits, mut slot) = (0x9e37_79b9_7f4a_7c15_u64, [0; 48]);
        for round in 0..200_000 {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            // Any, those that have few decimals, and halves of powers of two, among which the ties are.
            let value = match round % 3 {
                0 => f64::from_bits(bits),
                1 => (bits >> 20) as f64 / 10f64.powi((bits % 20) as i32),
                _ => (bits >> 10) as f64 / 2f64.powi((bits % 60) as i32),
            };
            for digits in [1, 0] {
                let end = put_double(value, digits, &mut slot).expect("every float has a text");
                assert_eq!(String::from_utf8_lossy(&slot[..end]), shown(|out| double(value, digits, out)));
                let end = put_single(value as f32, digits, &mut slot).expect("every float has a text");
                assert_eq!(String::from_utf8_lossy(&slot[..end]), shown(|out| single(value as f32, digits, out)));
            }
        }
    }

    #[test]
    fn shortest_digits_are_settled_as_those_that_rust_finds() {
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..100_000 {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            let (double, single) = (f64::from_bits(bits), f32::from_bits(bits as u32));
            let (fraction, small) = (Binary::from(double), Binary::from(single));
            let doubles = (Shown::shortest(double), Shown::new(format_args!("{double:e}")));
            let singles = (Shown::shortest(single), Shown::new(format_args!("{single:e}")));
            for (finite, float, (mut ours, mut theirs)) in
                [(double.is_finite(), &fraction, doubles), (single.is_finite(), &small, singles)]
            {
                if !finite {
                    continue;
                }
                // Of two that are as near either may be found; which one is PostgreSQL's is settled behind.
                let exact = |digits: usize| {
                    if float.mantissa == fraction.mantissa {
                        format!("{double:.digits$e}")
                    } else {
                        format!("{single:.digits$e}")
                    }
                };
                for shown in [&mut ours, &mut theirs] {
                    shown.settle(float, |digits| Shown::new(format_args!("{}", exact(digits))));
                }
                let all = |s: &Shown| (s.negative, s.significant().to_vec(), s.exponent);
                assert_eq!(all(&ours), all(&theirs), "{bits:x}");
            }
        }
    }
}
