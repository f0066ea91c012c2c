//! `numeric`: text with the column's scale, and the binary form of base-10000 digits (`numeric_send`).

use arrow::datatypes::i256;

use crate::error::Result;

use super::scale::ShownScale;
use super::values::appended;
use super::{Slot, digits};

/// What decimals of 256 bits stand for beside numbers. All are beyond the 76 digits that a number may have, and in the order that PostgreSQL
/// sorts them in (decision 055).
pub const NOT_A_NUMBER: i256 = i256::MAX;
pub const INFINITY: i256 = i256::from_parts(u128::MAX - 1, i128::MAX);
pub const MINUS_INFINITY: i256 = i256::from_parts(2, i128::MIN);

/// A value that is no number of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    NotANumber,
    Infinity,
    MinusInfinity,
}

impl Special {
    /// What a decimal of 256 bits stands for, if for no number.
    #[inline]
    pub fn of(value: i256) -> Option<Self> {
        // The least value is what a NaN becomes that was negated.
        const NEGATED: i256 = i256::from_parts(1, i128::MIN);
        match value {
            NOT_A_NUMBER | NEGATED => Some(Self::NotANumber),
            INFINITY => Some(Self::Infinity),
            MINUS_INFINITY => Some(Self::MinusInfinity),
            _ => None,
        }
    }

    /// The decimal that stands for it.
    pub fn value(self) -> i256 {
        match self {
            Self::NotANumber => NOT_A_NUMBER,
            Self::Infinity => INFINITY,
            Self::MinusInfinity => MINUS_INFINITY,
        }
    }

    fn text(self) -> &'static [u8] {
        match self {
            Self::NotANumber => b"NaN",
            Self::Infinity => b"Infinity",
            Self::MinusInfinity => b"-Infinity",
        }
    }

    /// Count, weight, sign and scale as `numeric_send` has them.
    fn binary(self) -> [u8; 8] {
        match self {
            Self::NotANumber => [0, 0, 0, 0, 0xc0, 0, 0, 0],
            Self::Infinity => [0, 0, 0, 0, 0xd0, 0, 0, 0x20],
            Self::MinusInfinity => [0, 0, 0, 0, 0xf0, 0, 0, 0x20],
        }
    }
}

/// Sign and digits of an integer, on the stack.
pub(super) struct Decimal {
    special: Option<Special>,
    negative: bool,
    /// Room for the 77 digits of 256 bits.
    scratch: [u8; 80],
    start: usize,
}

impl Decimal {
    #[inline]
    pub(super) fn from_signed(value: impl Into<i128>) -> Self {
        let value = value.into();
        Self::new(value < 0, value.unsigned_abs())
    }

    #[inline]
    pub(super) fn from_unsigned(value: u64) -> Self {
        Self::new(false, u128::from(value))
    }

    pub(super) fn from_wide(value: i256) -> Self {
        if let Some(value) = value.to_i128() {
            return Self::from_signed(value);
        }
        if let Some(special) = Special::of(value) {
            return Self { special: Some(special), negative: false, scratch: [0; 80], start: 80 };
        }
        let shown = value.to_string();
        let digits = shown.strip_prefix('-').unwrap_or(&shown).as_bytes();
        let mut scratch = [0; 80];
        let start = scratch.len() - digits.len();
        scratch[start..].copy_from_slice(digits);
        Self { special: None, negative: digits.len() < shown.len(), scratch, start }
    }

    #[inline]
    fn new(negative: bool, value: u128) -> Self {
        let mut scratch = [0; 80];
        let start = digits::wide(value, &mut scratch);
        Self { special: None, negative, scratch, start }
    }

    fn digits(&self) -> &[u8] {
        &self.scratch[self.start..]
    }
}

/// The digits that `value / 10^scale` shows, and how many of them are decimals.
pub(super) fn shown(value: i256, scale: i32, shown: ShownScale) -> (Decimal, i32) {
    if Special::of(value).is_some() {
        return (Decimal::from_wide(value), 0);
    }
    let kept = shown.shown(value, scale).clamp(0, scale.max(0));
    let unit = i256::from_i128(10).checked_pow((scale - kept).unsigned_abs()).unwrap_or(i256::ONE);
    (Decimal::from_wide(value.checked_div(unit).unwrap_or(value)), kept)
}

/// Appends the number `value / 10^scale` as text.
pub(super) fn text(value: &Decimal, scale: i32, out: &mut Vec<u8>) -> Result<()> {
    if let Some(special) = value.special {
        out.extend_from_slice(special.text());
        return Ok(());
    }
    let digits = value.digits();
    if value.negative {
        out.push(b'-');
    }
    if scale <= 0 {
        out.extend_from_slice(digits);
        if digits != b"0" {
            out.extend(std::iter::repeat_n(b'0', scale.unsigned_abs() as usize));
        }
        return Ok(());
    }
    let scale = scale as usize;
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(scale));
    out.extend_from_slice(if whole.is_empty() { b"0" } else { whole });
    out.push(b'.');
    out.extend(std::iter::repeat_n(b'0', scale - fraction.len()));
    out.extend_from_slice(fraction);
    Ok(())
}

/// Appends the number `value / 10^scale` as `numeric_send` does: count of base-10000 digits, weight of the first, sign, scale
/// shown, digits without leading or trailing zeros.
pub(super) fn binary(value: &Decimal, scale: i32, out: &mut Vec<u8>) -> Result<()> {
    if let Some(special) = value.special {
        out.extend_from_slice(&special.binary());
        return Ok(());
    }
    let digits = value.digits();
    // The decimal place of the last digit, moved down to a border between base-10000 digits.
    let padding = scale.rem_euclid(4);
    let padding = (4 - padding) % 4;
    let length = digits.len() as i32 + padding;
    let groups = (length + 3) / 4;
    let weight_of_last = -(scale + padding) / 4;

    let head = out.len();
    out.extend_from_slice(&[0; 8]);
    let (mut count, mut first, mut kept) = (0i32, 0i32, out.len());
    let mut at = 0usize;
    for group in 0..groups {
        // The first group may be short; digits past the end are the zeros of the padding.
        let size = if group == 0 { length - (groups - 1) * 4 } else { 4 };
        let mut value = 0i16;
        for _ in 0..size {
            value = value * 10 + digits.get(at).map_or(0, |d| i16::from(d - b'0'));
            at += 1;
        }
        if value == 0 && count == 0 {
            continue;
        }
        if count == 0 {
            first = weight_of_last + groups - 1 - group;
        }
        count += 1;
        out.extend_from_slice(&value.to_be_bytes());
        if value != 0 {
            kept = out.len();
        }
    }
    out.truncate(kept);
    let count = ((kept - head - 8) / 2) as u16;
    let sign: u16 = if value.negative && count > 0 { 0x4000 } else { 0 };
    out[head..head + 2].copy_from_slice(&count.to_be_bytes());
    out[head + 2..head + 4].copy_from_slice(&(first as i16).to_be_bytes());
    out[head + 4..head + 6].copy_from_slice(&sign.to_be_bytes());
    out[head + 6..head + 8].copy_from_slice(&(scale.max(0) as u16).to_be_bytes());
    Ok(())
}

/// Decimals that a slot has room for, with as many digits as 128 bits have.
pub(super) const SLOT_SCALE: i32 = 38;

/// Powers of ten that 64 bits can hold.
const TENS: [u64; 20] = {
    let mut tens = [1; 20];
    let mut power = 1;
    while power < tens.len() {
        tens[power] = tens[power - 1] * 10;
        power += 1;
    }
    tens
};

/// [`text()`] put into a slot, for a scale of 0 to [`SLOT_SCALE`].
#[inline]
pub(super) fn put_text(value: i128, scale: i32, slot: &mut Slot) -> Result<usize> {
    let (Ok(number), decimals @ 0..=18) = (u64::try_from(value.unsigned_abs()), scale as usize) else {
        return appended(slot, |out| text(&Decimal::from_signed(value), scale, out));
    };
    slot[0] = b'-';
    let at = usize::from(value < 0);
    if decimals == 0 {
        return Ok(digits::put_unsigned(number, at, slot));
    }
    let unit = TENS[decimals];
    let at = digits::put_unsigned(number / unit, at, slot);
    slot[at] = b'.';
    Ok(digits::put_padded(number % unit, decimals, at + 1, slot))
}

/// [`binary`] put into a slot, for a scale of 0 to [`SLOT_SCALE`].
#[inline]
pub(super) fn put_binary(value: i128, scale: i32, slot: &mut Slot) -> Result<usize> {
    let padding = (4 - scale % 4) % 4;
    let number = u64::try_from(value.unsigned_abs()).ok().and_then(|number| number.checked_mul(TENS[padding as usize]));
    let Some(mut number) = number else {
        return appended(slot, |out| binary(&Decimal::from_signed(value), scale, out));
    };
    // From the last digit to the first, as many as 64 bits give.
    let mut digits = [0u16; 5];
    let (mut first, mut weight) = (digits.len(), -(scale + padding) / 4 - 1);
    while number > 0 {
        first -= 1;
        weight += 1;
        digits[first] = (number % 10_000) as u16;
        number /= 10_000;
    }
    let end = digits.iter().rposition(|digit| *digit != 0).map_or(first, |last| last + 1);
    if first == end {
        weight = 0;
    }
    let sign: u16 = if value < 0 { 0x4000 } else { 0 };
    for (at, part) in [(end - first) as u16, weight as u16, sign, scale as u16].into_iter().enumerate() {
        slot[2 * at..2 * at + 2].copy_from_slice(&part.to_be_bytes());
    }
    for (at, digit) in digits[first..end].iter().enumerate() {
        slot[8 + 2 * at..10 + 2 * at].copy_from_slice(&digit.to_be_bytes());
    }
    Ok(8 + 2 * (end - first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_put_in_place_are_those_appended() {
        for value in
            (0..39).flat_map(|power| [10i128.wrapping_pow(power), -10i128.wrapping_pow(power) + 1]).chain([i128::MIN, i128::MAX])
        {
            for value in [value, (value / 7).wrapping_mul(100)] {
                for scale in 0..=SLOT_SCALE {
                    let (mut slot, mut out, decimal) = ([0; 48], Vec::new(), Decimal::from_signed(value));
                    text(&decimal, scale, &mut out).expect("never fails");
                    let end = put_text(value, scale, &mut slot).expect("never fails");
                    assert_eq!(slot[..end], out, "{value} {scale}");
                    out.clear();
                    binary(&decimal, scale, &mut out).expect("never fails");
                    let end = put_binary(value, scale, &mut slot).expect("never fails");
                    assert_eq!(slot[..end], out, "{value} {scale}");
                }
            }
        }
    }

    #[test]
    fn numbers_are_written_as_postgres_writes_them() {
        // (digits, scale, text, ndigits, weight, sign, dscale, digits)
        type Case = (i128, i32, &'static str, i16, u16, u16, &'static [i16]);
        let cases: &[Case] = &[
            (0, 0, "0", 0, 0, 0, &[]),
            (0, 2, "0.00", 0, 0, 2, &[]),
            (1, 0, "1", 0, 0, 0, &[1]),
            (10_000, 0, "10000", 1, 0, 0, &[1]),
            (12_345_678, 0, "12345678", 1, 0, 0, &[1234, 5678]),
            (150, 2, "1.50", 0, 0, 2, &[1, 5000]),
            (-150, 2, "-1.50", 0, 0x4000, 2, &[1, 5000]),
            (1, 4, "0.0001", -1, 0, 4, &[1]),
            (1, 5, "0.00001", -2, 0, 5, &[1000]),
            (123_456, 5, "1.23456", 0, 0, 5, &[1, 2345, 6000]),
            (100_000_000, 2, "1000000.00", 1, 0, 2, &[100]),
            (5, -3, "5000", 0, 0, 0, &[5000]),
            (5, -5, "500000", 1, 0, 0, &[50]),
        ];
        for (value, scale, expected, weight, sign, dscale, digits) in cases {
            let number = *value;
            let value = Decimal::from_signed(number);
            let mut out = Vec::new();
            text(&value, *scale, &mut out).expect("never fails");
            assert_eq!(String::from_utf8_lossy(&out), *expected);

            out.clear();
            binary(&value, *scale, &mut out).expect("never fails");
            let mut wanted = Vec::new();
            wanted.extend((digits.len() as u16).to_be_bytes());
            wanted.extend(weight.to_be_bytes());
            wanted.extend(sign.to_be_bytes());
            wanted.extend(dscale.to_be_bytes());
            wanted.extend(digits.iter().flat_map(|d| d.to_be_bytes()));
            assert_eq!(out, wanted, "{expected}");
            if *scale >= 0 {
                let mut slot = [0; 48];
                let end = put_text(number, *scale, &mut slot).expect("never fails");
                assert_eq!(String::from_utf8_lossy(&slot[..end]), *expected);
                let end = put_binary(number, *scale, &mut slot).expect("never fails");
                assert_eq!(slot[..end], wanted, "{expected}");
            }
        }
    }
}
