//! Decimal digits of integers, two at a time, without the formatting machinery.

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
        for value in [0, 7, u128::from(u64::MAX), 10u128.pow(19) - 1, 10u128.pow(19), 10u128.pow(38) + 5, u128::MAX] {
            let mut scratch = [0; 39];
            let start = wide(value, &mut scratch);
            assert_eq!(String::from_utf8_lossy(&scratch[start..]), value.to_string());
        }
    }
}
