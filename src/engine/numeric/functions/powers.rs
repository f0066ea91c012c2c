//! Powers, roots, exponentials and logarithms of decimals and floats.

use arrow::array::ArrayRef;
use arrow::datatypes::i256;
use datafusion::common::Result;

use super::super::{decimal, operators, types};
use super::Call;
use super::decimals::{each, each_two, invalid_logarithm, invalid_power, is_float, scale_of, shown};
use super::floats::{map, pair};
use super::transcendental::{self, SCALE};
use crate::table::pg_value::{ShownScale, Special};

pub(super) fn square_root(call: &Call) -> Result<ArrayRef> {
    let negative = || invalid_power("cannot take square root of a negative number");
    if is_float(call)? {
        return map(call, |v| {
            if v < 0.0 { Err(invalid_power("cannot take square root of a negative number")) } else { Ok(v.sqrt()) }
        });
    }
    let to = scale_of(call.result.data_type());
    let least = match ShownScale::of(&call.result) {
        Some(ShownScale::Root { least }) => least,
        _ => 0,
    };
    each(call, |v, scale| {
        if v.is_negative() {
            return Err(negative());
        }
        if Special::of(v).is_some() {
            return Ok(v);
        }
        let decimals = ShownScale::root(v, scale).max(least).clamp(0, to);
        let shift = 2 * decimals - scale;
        let scaled =
            decimal::rescale(v, 0, shift.max(0)).and_then(|v| if shift < 0 { decimal::rescale(v, -shift, 0) } else { Some(v) });
        scaled.and_then(decimal::square_root).and_then(|r| decimal::rescale(r, decimals, to)).ok_or_else(types::too_long)
    })
}

pub(super) fn exp(call: &Call) -> Result<ArrayRef> {
    if is_float(call)? {
        return map(call, |v| {
            let done = v.exp();
            match (done.is_infinite() && v.is_finite(), done == 0.0 && v.is_finite()) {
                (true, _) => Err(operators::overflow()),
                (_, true) => Err(operators::underflow()),
                _ => Ok(done),
            }
        });
    }
    each(call, |v, scale| {
        match Special::of(v) {
            Some(Special::MinusInfinity) => return Ok(i256::ZERO),
            Some(Special::Infinity | Special::NotANumber) => return Ok(v),
            None => {}
        }
        let power = decimal::rescale(v, scale, SCALE).ok_or_else(types::too_long)?;
        raised(power, call)
    })
}

/// `e` to the power of a number at [`SCALE`], as the result shows it.
fn raised(power: i256, call: &Call) -> Result<i256> {
    // As many decimals as there is room for.
    let found = [SCALE, 20, 0].into_iter().find_map(|scale| Some((transcendental::exp(power, scale)?, scale)));
    let (value, scale) = found.ok_or_else(types::too_long)?;
    shown(value, scale, call)
}

pub(super) fn logarithm(call: &Call, base: Option<i32>) -> Result<ArrayRef> {
    if is_float(call)? {
        let f: fn(f64) -> Result<f64> = match base {
            None => |v| positive(v).map(f64::ln),
            Some(_) => |v| positive(v).map(f64::log10),
        };
        return map(call, f);
    }
    let ln = |v: i256, scale: i32| match transcendental::ln(v, scale) {
        Some(done) => Ok(done),
        None if v == i256::ZERO => Err(invalid_logarithm("cannot take logarithm of zero")),
        None => Err(invalid_logarithm("cannot take logarithm of a negative number")),
    };
    let divided = |value: i256, by: i256| {
        let scaled = decimal::power_of_ten(SCALE).and_then(|unit| value.checked_mul(unit));
        match scaled.filter(|_| by != i256::ZERO).and_then(|v| decimal::divide_rounding(v, by)) {
            Some(done) => Ok(done),
            None if by == i256::ZERO => Err(types::by_zero()),
            None => Err(types::too_long()),
        }
    };
    if call.arrays.len() == 2 {
        return each_two(call, |(base, s1), (v, s2)| {
            let base = ln(base, s1)?;
            shown(divided(ln(v, s2)?, base)?, SCALE, call)
        });
    }
    each(call, |v, scale| {
        if Special::of(v) == Some(Special::Infinity) {
            return Ok(v);
        }
        let value = ln(v, scale)?;
        match base {
            None => shown(value, SCALE, call),
            Some(base) => shown(divided(value, ln(i256::from_i128(i128::from(base)), 0)?)?, SCALE, call),
        }
    })
}

fn positive(v: f64) -> Result<f64> {
    if v == 0.0 {
        Err(invalid_logarithm("cannot take logarithm of zero"))
    } else if v < 0.0 {
        Err(invalid_logarithm("cannot take logarithm of a negative number"))
    } else {
        Ok(v)
    }
}

pub(super) fn power(call: &Call) -> Result<ArrayRef> {
    if is_float(call)? {
        return pair(call, |base, exponent| {
            if base == 0.0 && exponent < 0.0 {
                return Err(invalid_power("zero raised to a negative power is undefined"));
            }
            if base < 0.0 && exponent.is_finite() && exponent.fract() != 0.0 && base.is_finite() {
                return Err(invalid_power("a negative number raised to a non-integer power yields a complex result"));
            }
            let done = base.powf(exponent);
            if done.is_infinite() && base.is_finite() && exponent.is_finite() {
                return Err(operators::overflow());
            }
            if done == 0.0 && base != 0.0 && base.is_finite() && exponent.is_finite() {
                return Err(operators::underflow());
            }
            Ok(done)
        });
    }
    each_two(call, |base, exponent| {
        if Special::of(base.0).is_some() || Special::of(exponent.0).is_some() {
            return Err(invalid_power("powers of infinity are not supported"));
        }
        let zero = base.0 == i256::ZERO;
        if zero && exponent.0.is_negative() {
            return Err(invalid_power("zero raised to a negative power is undefined"));
        }
        let whole = decimal::without_zeros(exponent.0, exponent.1);
        let whole = (whole.1 == 0).then(|| whole.0.to_i128().and_then(|v| i32::try_from(v).ok())).flatten();
        if let Some(value) = whole.and_then(|n| whole_power(base, n)) {
            return shown(value.0, value.1, call);
        }
        if zero {
            return Ok(i256::ZERO);
        }
        if base.0.is_negative() && whole.is_none() {
            return Err(invalid_power("a negative number raised to a non-integer power yields a complex result"));
        }
        let logarithm = transcendental::ln(base.0.wrapping_abs(), base.1).ok_or_else(types::too_long)?;
        let (factor, scale) = decimal::without_zeros(exponent.0, exponent.1);
        let power = logarithm.checked_mul(factor).and_then(|v| decimal::rescale(v, SCALE + scale, SCALE));
        let value = raised(power.ok_or_else(types::too_long)?, call)?;
        let odd = whole.is_some_and(|n| n % 2 != 0);
        Ok(if base.0.is_negative() && odd { value.wrapping_neg() } else { value })
    })
}

/// A whole power, exact; `None` when 256 bits do not hold it.
fn whole_power((base, scale): (i256, i32), exponent: i32) -> Option<(i256, i32)> {
    let (base, scale) = decimal::without_zeros(base, scale);
    let size = exponent.unsigned_abs();
    let value = base.checked_pow(size)?;
    let scale = scale.checked_mul(i32::try_from(size).ok()?)?;
    if exponent >= 0 {
        // More decimals than a power of ten can cut off are left to logarithms.
        return (scale <= 70).then_some((value, scale));
    }
    let decimals = 36;
    let dividend = decimal::power_of_ten(decimals + scale)?;
    Some((decimal::divide_rounding(dividend, value)?, decimals))
}
