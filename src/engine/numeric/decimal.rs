//! Arithmetic of decimals beyond what Arrow's kernels do: rounding, quotients to the digits that PostgreSQL gives, and changes of scale. Values
//! are integers that stand for `value / 10^scale`.

use std::cmp::Ordering;
use std::sync::LazyLock;

use arrow::datatypes::i256;
use datafusion::logical_expr::Operator;

use crate::table::pg_value::{SIGNIFICANT, Special};

/// Decimals in a base-10000 digit.
const STEP: i32 = 4;

/// `10^exponent`; `None` beyond what 256 bits hold.
pub fn power_of_ten(exponent: i32) -> Option<i256> {
    static POWERS: LazyLock<Vec<i256>> =
        LazyLock::new(|| (0..=76).filter_map(|exponent| i256::from_i128(10).checked_pow(exponent)).collect());
    POWERS.get(usize::try_from(exponent).ok()?).copied()
}

/// The same number at another scale, halves rounded away from zero; `None` when it does not fit.
pub fn rescale(value: i256, from: i32, to: i32) -> Option<i256> {
    if Special::of(value).is_some() {
        return Some(value);
    }
    match to.cmp(&from) {
        Ordering::Equal => Some(value),
        Ordering::Greater => value.checked_mul(power_of_ten(to - from)?),
        Ordering::Less => match power_of_ten(from - to) {
            Some(unit) => divide_rounding(value, unit),
            None => Some(i256::ZERO),
        },
    }
}

/// `a op b` where one of them is no number of digits: as floats do it, but that what is divided by infinity keeps what it has. `None` of two
/// numbers, and of a division by zero.
#[inline]
pub fn special(a: i256, op: Operator, b: i256) -> Option<i256> {
    if Special::of(a).is_none() && Special::of(b).is_none() {
        return None;
    }
    let float = |v: i256| match Special::of(v) {
        Some(Special::NotANumber) => f64::NAN,
        Some(Special::Infinity) => f64::INFINITY,
        Some(Special::MinusInfinity) => f64::NEG_INFINITY,
        None if v == i256::ZERO => 0.0,
        None if v.is_negative() => -1.0,
        None => 1.0,
    };
    let (x, y) = (float(a), float(b));
    let result = match op {
        Operator::Plus => x + y,
        Operator::Minus => x - y,
        Operator::Multiply => x * y,
        Operator::Divide | Operator::Modulo if y == 0.0 && !x.is_nan() => return None,
        Operator::Divide => x / y,
        _ if x.is_finite() && y.is_infinite() => return Some(a),
        _ => x % y,
    };
    Some(if result.is_nan() {
        Special::NotANumber.value()
    } else if result.is_finite() {
        i256::ZERO
    } else if result > 0.0 {
        Special::Infinity.value()
    } else {
        Special::MinusInfinity.value()
    })
}

/// `dividend / divisor`, halves rounded away from zero; `None` for a division by zero.
pub fn divide_rounding(dividend: i256, divisor: i256) -> Option<i256> {
    if let (Some(a), Some(b)) = (dividend.to_i128(), divisor.to_i128()) {
        return divide_rounding_128(a, b).map(i256::from_i128);
    }
    let quotient = dividend.checked_div(divisor)?;
    let rest = dividend.checked_rem(divisor)?.wrapping_abs();
    let away = rest >= divisor.wrapping_abs().checked_sub(rest)?;
    if !away {
        return Some(quotient);
    }
    let one = if dividend.is_negative() == divisor.is_negative() { i256::ONE } else { i256::MINUS_ONE };
    quotient.checked_add(one)
}

fn divide_rounding_128(dividend: i128, divisor: i128) -> Option<i128> {
    let quotient = dividend.checked_div(divisor)?;
    let rest = dividend.checked_rem(divisor)?.unsigned_abs();
    if rest < divisor.unsigned_abs() - rest {
        return Some(quotient);
    }
    quotient.checked_add(if (dividend < 0) == (divisor < 0) { 1 } else { -1 })
}

/// The weight of a number's first base-10000 digit, and that digit; both zero for zero.
fn first_digit(value: i256, scale: i32) -> (i32, i32) {
    let size = value.wrapping_abs();
    if size == i256::ZERO {
        return (0, 0);
    }
    let Some(last) = size.checked_ilog10().and_then(|d| i32::try_from(d).ok()) else { return (0, 0) };
    let weight = (last - scale).div_euclid(STEP);
    // What is left when all that stands behind that digit is cut off.
    let behind = weight * STEP + scale;
    let digit = match behind.cmp(&0) {
        Ordering::Less => power_of_ten(-behind).and_then(|unit| size.checked_mul(unit)),
        Ordering::Equal => Some(size),
        Ordering::Greater => power_of_ten(behind).and_then(|unit| size.checked_div(unit)),
    };
    (weight, digit.and_then(i256::to_i128).and_then(|d| i32::try_from(d).ok()).unwrap_or(0))
}

/// How many decimals PostgreSQL computes a quotient to (`select_div_scale`); `least` is the larger of the scales that the two show.
pub fn quotient_scale((dividend, s1): (i256, i32), (divisor, s2): (i256, i32), least: i32) -> i32 {
    let ((w1, d1), (w2, d2)) = (first_digit(dividend, s1), first_digit(divisor, s2));
    let weight = w1 - w2 - i32::from(d1 <= d2);
    (SIGNIFICANT - weight * STEP).max(least).max(0)
}

/// A quotient rounded as PostgreSQL rounds it, at scale `to`; `None` when it does not fit. The divisor is not zero.
pub fn quotient(left: (i256, i32), right: (i256, i32), least: i32, to: i32) -> Option<i256> {
    let rounded_to = quotient_scale(left, right, least).min(to);
    let shift = rounded_to + right.1 - left.1;
    let (dividend, divisor) = if shift >= 0 {
        (left.0.checked_mul(power_of_ten(shift)?), Some(right.0))
    } else {
        (Some(left.0), right.0.checked_mul(power_of_ten(-shift)?))
    };
    rescale(divide_rounding(dividend?, divisor?)?, rounded_to, to)
}

/// The variance of `count` values whose sum and sum of squares are `totals` (of scales `scale` and twice that), or its root, at scale `to`. `by` is
/// what `count * squares - sum * sum` is divided by. `None` when it does not fit.
pub fn deviation(
    (sum, squares): (i256, i256),
    count: i256,
    by: Option<i256>,
    scale: i32,
    least: i32,
    to: i32,
    root: bool,
) -> Option<i256> {
    let spread = (count.checked_mul(squares)?.checked_sub(sum.checked_mul(sum)?)?, 2 * scale);
    if !spread.0.is_positive() {
        return Some(i256::ZERO);
    }
    let by = (by?, 0);
    let rounded_to = quotient_scale(spread, by, least).min(to);
    let variance = quotient(spread, by, least, rounded_to)?;
    let result = if root { square_root(variance.checked_mul(power_of_ten(rounded_to)?)?)? } else { variance };
    rescale(result, rounded_to, to)
}

/// The whole number nearest to a square root; `None` of what is negative.
pub fn square_root(value: i256) -> Option<i256> {
    if value.is_negative() {
        return None;
    }
    if value == i256::ZERO {
        return Some(value);
    }
    // Newton's steps from a power of two above the root.
    let bits = 256 - value.leading_zeros();
    let mut root = i256::from_i128(2).checked_pow(bits / 2 + 1)?;
    loop {
        let next = root.checked_add(value.checked_div(root)?)?.checked_div(i256::from_i128(2))?;
        if next >= root {
            break;
        }
        root = next;
    }
    let rest = value.checked_sub(root.checked_mul(root)?)?;
    if rest > root { root.checked_add(i256::ONE) } else { Some(root) }
}

/// A number without zeros at its end, and the scale that leaves it with; no scale goes below zero.
pub fn without_zeros(mut value: i256, mut scale: i32) -> (i256, i32) {
    for step in [8, 4, 1] {
        let Some(unit) = power_of_ten(step) else { continue };
        while scale >= step && value.checked_rem(unit) == Some(i256::ZERO) {
            value = value.wrapping_div(unit);
            scale -= step;
        }
    }
    (value, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_have_postgres_digits() {
        // (dividend, its scale, divisor, its scale, decimals)
        for (a, s1, b, s2, want) in [
            (1, 0, 3, 0, 20),
            (2, 0, 1, 0, 16),
            (1, 0, 1, 0, 20),
            (10, 0, 40, 1, 16),
            (15_000, 0, 10_000, 0, 20),
            (0, 0, 3, 0, 20),
            (1, 0, 12_345, 0, 24),
            (123_456_789, 0, 3, 0, 12),
        ] {
            let scale = quotient_scale((i256::from_i128(a), s1), (i256::from_i128(b), s2), s1.max(s2));
            assert_eq!(scale, want, "{a}/{b}");
        }
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (value, from, to, want) in
            [(25, 1, 0, 3), (-25, 1, 0, -3), (24, 1, 0, 2), (15, 0, -1, 2), (4, 0, -1, 0), (7, 0, 2, 700)]
        {
            let rescaled = rescale(i256::from_i128(value), from, to);
            assert_eq!(rescaled, Some(i256::from_i128(want)), "{value}");
        }
        assert_eq!(power_of_ten(76).and_then(|most| rescale(most, 0, 1)), None);
    }
}
