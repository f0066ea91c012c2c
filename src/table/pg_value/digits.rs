//! Decimal digits of integers without the formatting machinery: two at a time appended, or eight at a time put into a slot.

use super::Slot;

/// `00` to `99`.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
};

/// Appends a signed integer.
#[inline]
pub(super) fn signed(value: i64, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    unsigned(value.unsigned_abs(), out);
}

/// Appends an unsigned integer.
#[inline]
pub(super) fn unsigned(value: u64, out: &mut Vec<u8>) {
    let mut scratch = [0; 20];
    let start = fill(value, &mut scratch);
    out.extend_from_slice(&scratch[start..]);
}

/// Appends a number below 100 as two digits.
#[inline]
pub(super) fn two(value: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&PAIRS[value as usize % 100]);
}

/// Writes a wide integer's digits at the end of `scratch`, which has room for 39, and tells where they begin.
#[inline]
pub(super) fn wide(mut value: u128, scratch: &mut [u8]) -> usize {
    const STEP: u128 = 10_000_000_000_000_000_000;
    let mut end = scratch.len();
    while value >= STEP {
        let (rest, low) = (value / STEP, (value % STEP) as u64);
        let mut part = [0; 20];
        let start = fill(low, &mut part);
        let digits = &part[start..];
        scratch[end - 19..end].fill(b'0');
        scratch[end - digits.len()..end].copy_from_slice(digits);
        end -= 19;
        value = rest;
    }
    let mut part = [0; 20];
    let start = fill(value as u64, &mut part);
    let digits = &part[start..];
    scratch[end - digits.len()..end].copy_from_slice(digits);
    end - digits.len()
}

/// The eight digits of a number below 10^8 as numbers 0 to 9, the first in the lowest byte.
#[inline]
fn eight(value: u32) -> u64 {
    // Two halves of four digits, each of these two pairs, each of these two digits: all of a step divided at once. The factors are
    // 2^20 / 100 and 2^10 / 10, rounded up, which is exact for numbers so small.
    let fours = u64::from(value / 10_000) | u64::from(value % 10_000) << 32;
    let hundreds = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let pairs = hundreds | (fours - hundreds * 100) << 16;
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | (pairs - tens * 10) << 8
}

/// The numbers 0 to 9 of eight bytes as ASCII.
const ASCII: u64 = 0x3030_3030_3030_3030;

/// Numbers below it have eight digits at most.
const EIGHT: u64 = 100_000_000;

/// Puts the first bytes of `digits` at `at`; the slot has eight bytes from there on.
#[inline]
fn put_eight(digits: u64, at: usize, slot: &mut Slot) {
    slot[at..at + 8].copy_from_slice(&(digits | ASCII).to_le_bytes());
}

/// Puts a number below 10^8 without zeros in front at `at`, and tells where it ends.
#[inline]
fn put_short(value: u32, at: usize, slot: &mut Slot) -> usize {
    let digits = eight(value);
    // The last digit stays, be it zero.
    let zeros = ((digits | 1 << 56).trailing_zeros() / 8) as usize;
    put_eight(digits >> (8 * zeros), at, slot);
    at + 8 - zeros
}

/// Puts an unsigned integer at `at`, which is 20 at most, and tells where it ends.
#[inline]
pub(super) fn put_unsigned(value: u64, at: usize, slot: &mut Slot) -> usize {
    if value < EIGHT {
        return put_short(value as u32, at, slot);
    }
    let (rest, last) = (value / EIGHT, (value % EIGHT) as u32);
    let at = if rest < EIGHT {
        put_short(rest as u32, at, slot)
    } else {
        let at = put_short((rest / EIGHT) as u32, at, slot);
        put_eight(eight((rest % EIGHT) as u32), at, slot);
        at + 8
    };
    put_eight(eight(last), at, slot);
    at + 8
}

/// Puts a signed integer at the start of the slot, and tells how long it is.
#[inline]
pub(super) fn put_signed(value: i64, slot: &mut Slot) -> usize {
    slot[0] = b'-';
    put_unsigned(value.unsigned_abs(), usize::from(value < 0), slot)
}

/// Puts a number below 10^`count` at `at` with zeros in front, `count` digits in all, 1 to 19; `at` is 20 at most.
pub(super) fn put_padded(value: u64, count: usize, at: usize, slot: &mut Slot) -> usize {
    if count <= 8 {
        put_eight(eight(value as u32) >> (8 * (8 - count)), at, slot);
        return at + count;
    }
    let middle = put_padded(value / EIGHT, count - 8, at, slot);
    put_eight(eight((value % EIGHT) as u32), middle, slot);
    middle + 8
}

/// Puts a number below 100 as two digits.
#[inline]
pub(super) fn put_two(value: u32, at: usize, slot: &mut Slot) {
    slot[at..at + 2].copy_from_slice(&PAIRS[value as usize % 100]);
}

/// Puts the six digits of a number below 10^6 at `at`, but for zeros at the end, and tells where they end.
#[inline]
pub(super) fn put_decimals(value: u32, at: usize, slot: &mut Slot) -> usize {
    let digits = eight(value) >> 16;
    put_eight(digits, at, slot);
    at + 8 - (digits.leading_zeros() / 8) as usize
}

/// Writes the digits at the end of `scratch` and tells where they begin.
#[inline]
fn fill(mut value: u64, scratch: &mut [u8; 20]) -> usize {
    let mut at = scratch.len();
    while value >= 100 {
        at -= 2;
        scratch[at..at + 2].copy_from_slice(&PAIRS[(value % 100) as usize]);
        value /= 100;
    }
    if value >= 10 {
        at -= 2;
        scratch[at..at + 2].copy_from_slice(&PAIRS[value as usize]);
    } else {
        at -= 1;
        scratch[at] = b'0' + value as u8;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_std() {
        for value in [0, 1, 9, 10, 99, 100, 101, 12345, -1, -10, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            signed(value, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), value.to_string());
        }
        for value in
            (0..100_000).step_by(7).chain((0..64).flat_map(|bit| [1 << bit, (1 << bit) - 1, 10u64.wrapping_pow(bit / 3)]))
        {
            let mut slot = [0; 48];
            let end = put_unsigned(value, 3, &mut slot);
            assert_eq!(String::from_utf8_lossy(&slot[3..end]), value.to_string());
            let end = put_padded(value % 10u64.pow(17), 17, 0, &mut slot);
            assert_eq!(String::from_utf8_lossy(&slot[..end]), format!("{:017}", value % 10u64.pow(17)));
            let end = put_padded(value % 1000, 3, 0, &mut slot);
            assert_eq!(String::from_utf8_lossy(&slot[..end]), format!("{:03}", value % 1000));
            let end = put_signed((value as i64).wrapping_neg(), &mut slot);
            assert_eq!(String::from_utf8_lossy(&slot[..end]), (value as i64).wrapping_neg().to_string());
            let (micros, mut slot) = ((value % 1_000_000) as u32, [0; 48]);
            let end = put_decimals(micros, 0, &mut slot);
            assert_eq!(String::from_utf8_lossy(&slot[..end]), format!("{micros:06}").trim_end_matches('0'));
        }
        for value in [0, 7, u128::from(u64::MAX), 10u128.pow(19) - 1, 10u128.pow(19), 10u128.pow(38) + 5, u128::MAX] {
            let mut scratch = [0; 39];
            let start = wide(value, &mut scratch);
            assert_eq!(String::from_utf8_lossy(&scratch[start..]), value.to_string());
        }
    }
}
