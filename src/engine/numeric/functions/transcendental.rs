//! Exponentials and logarithms of decimals, to 30 digits and more: fixed-point series over 256 bits.

use arrow::datatypes::i256;

use super::super::decimal::{divide_rounding, power_of_ten, rescale};

/// The scale that is computed at: products of two numbers below ten fit 256 bits.
pub const SCALE: i32 = 36;

/// The natural logarithm of two, and of ten, at [`SCALE`].
const LN_2: i128 = 693_147_180_559_945_309_417_232_121_458_176_568;
const LN_10: i128 = 2_302_585_092_994_045_684_017_991_454_684_364_208;

fn fixed(value: i128) -> i256 {
    i256::from_i128(value)
}

fn one() -> i256 {
    power_of_ten(SCALE).unwrap_or(i256::ONE)
}

fn multiply(a: i256, b: i256) -> Option<i256> {
    divide_rounding(a.checked_mul(b)?, one())
}

/// The natural logarithm of `value / 10^scale`, at [`SCALE`]; `None` of what is not positive.
pub fn ln(value: i256, scale: i32) -> Option<i256> {
    if !value.is_positive() {
        return None;
    }
    // value = m * 10^k with m from 1 to 10, then m halved to below 1.5.
    let digits = i32::try_from(value.checked_ilog10()?).ok()?;
    let mut mantissa = rescale(value, digits, SCALE)?;
    let tens = fixed(i128::from(digits - scale));
    let limit = one().checked_mul(fixed(3))?.checked_div(fixed(2))?;
    let mut twos = 0;
    while mantissa > limit {
        mantissa = divide_rounding(mantissa, fixed(2))?;
        twos += 1;
    }
    // ln m = 2 artanh((m - 1) / (m + 1)).
    let above = mantissa.checked_sub(one())?;
    let ratio = divide_rounding(above.checked_mul(one())?, mantissa.checked_add(one())?)?;
    let square = multiply(ratio, ratio)?;
    let (mut term, mut sum, mut n) = (ratio, ratio, 1);
    while term != i256::ZERO {
        term = multiply(term, square)?;
        n += 2;
        sum = sum.checked_add(divide_rounding(term, fixed(n))?)?;
    }
    let logarithm = sum.checked_mul(fixed(2))?.checked_add(fixed(LN_2).checked_mul(fixed(twos))?)?;
    logarithm.checked_add(fixed(LN_10).checked_mul(tens)?)
}

/// `e` to the power of `value / 10^SCALE`, at scale `to`; `None` when it does not fit.
pub fn exp(value: i256, to: i32) -> Option<i256> {
    // e^x = 10^k * e^r, with r between -ln(10)/2 and ln(10)/2.
    let tens = divide_rounding(value, fixed(LN_10))?;
    let rest = value.checked_sub(tens.checked_mul(fixed(LN_10))?)?;
    let tens = i32::try_from(tens.to_i128()?).ok()?;
    let (mut term, mut sum, mut n) = (one(), one(), 0);
    while term != i256::ZERO {
        n += 1;
        term = divide_rounding(multiply(term, rest)?, fixed(n))?;
        sum = sum.checked_add(term)?;
    }
    // sum * 10^tens at scale SCALE is sum at scale SCALE - tens.
    rescale(sum, SCALE - tens, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_and_exponentials_are_exact_to_thirty_digits() {
        let two = ln(fixed(2), 0).and_then(|v| rescale(v, SCALE, 30));
        assert_eq!(two, Some(fixed(693_147_180_559_945_309_417_232_121_458)));
        let e = exp(one(), 30);
        assert_eq!(e, Some(fixed(2_718_281_828_459_045_235_360_287_471_353)));
        assert_eq!(ln(fixed(1), 0), Some(i256::ZERO));
        assert_eq!(ln(i256::ZERO, 0), None);
        assert_eq!(exp(i256::ZERO, 3), Some(fixed(1000)));
    }
}
