//! How many decimals a `numeric` shows where its column declares none. PostgreSQL keeps that number beside each value; a column of decimals has
//! one scale for all, and metadata on its field that says what to do with the zeros at the end.

use arrow::datatypes::{Field, i256};

/// The metadata key: `trimmed 2`, `quotient 2 0`.
const KEY: &str = "stoa.shown_scale";

/// The key on a field of a declared precision and scale, which clients are told.
const DECLARED: &str = "stoa.declared_scale";

/// Decimals in one of PostgreSQL's base-10000 digits.
const STEP: i32 = 4;

/// The significant digits that PostgreSQL computes a quotient to (`NUMERIC_MIN_SIG_DIGITS`).
pub const SIGNIFICANT: i32 = 16;

/// How the scale of each value is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShownScale {
    /// Zeros at the end are left out, down to so many decimals.
    Trimmed { least: i32 },
    /// Those that a constant is written with, of a few of them; any other number is as if trimmed.
    Listed { least: i32, constants: Constants },
    /// So many, but none for zero: of what is zero where there is nothing, as in `coalesce(sum(x), 0)`.
    OrZero { scale: i32 },
    /// As many as division gives (`select_div_scale`): [`SIGNIFICANT`] digits or somewhat more, `least` decimals at least; and `extra` ones for
    /// what it was multiplied by.
    Quotient { least: i32, extra: i32 },
    /// Those of a quotient: an average.
    Mean { least: i32 },
    /// As many as the quotient has that something was added to; how many those are is not known, and an average is most likely one or more.
    Sum { least: i32, of_mean: bool },
    /// As many as a variance has, or its root: those of a quotient, none for zero.
    Deviation { least: i32, root: bool },
    /// As many as a square root has.
    Root { least: i32 },
    /// As many as give [`SIGNIFICANT`] digits: those of exponentials and logarithms.
    Significant { least: i32 },
}

impl ShownScale {
    /// What a field's metadata says; `None` where its type's scale is shown.
    pub fn of(field: &Field) -> Option<Self> {
        let mut words = field.metadata().get(KEY)?.split(' ');
        let kind = words.next()?;
        let mut number = || words.next()?.parse().ok();
        match kind {
            "orzero" => Some(Self::OrZero { scale: number()? }),
            "trimmed" => Some(Self::Trimmed { least: number()? }),
            "listed" => {
                let least = number()?;
                Some(Self::Listed { least, constants: Constants(words.next()?.parse().ok()?) })
            }
            "variance" => Some(Self::Deviation { least: number()?, root: false }),
            "deviation" => Some(Self::Deviation { least: number()?, root: true }),
            "mean" => Some(Self::Mean { least: number()? }),
            "sum" => Some(Self::Sum { least: number()?, of_mean: false }),
            "meansum" => Some(Self::Sum { least: number()?, of_mean: true }),
            "root" => Some(Self::Root { least: number()? }),
            "significant" => Some(Self::Significant { least: number()? }),
            "quotient" => Some(Self::Quotient { least: number()?, extra: number()? }),
            _ => None,
        }
    }

    /// The field with this in its metadata.
    pub fn mark(self, field: Field) -> Field {
        let text = match self {
            Self::OrZero { scale } => format!("orzero {scale}"),
            Self::Trimmed { least } => format!("trimmed {least}"),
            Self::Listed { least, constants: Constants(list) } => format!("listed {least} {list}"),
            Self::Quotient { least, extra } => format!("quotient {least} {extra}"),
            Self::Mean { least } => format!("mean {least}"),
            Self::Sum { least, of_mean: false } => format!("sum {least}"),
            Self::Sum { least, of_mean: true } => format!("meansum {least}"),
            Self::Deviation { least, root: false } => format!("variance {least}"),
            Self::Root { least } => format!("root {least}"),
            Self::Significant { least } => format!("significant {least}"),
            Self::Deviation { least, root: true } => format!("deviation {least}"),
        };
        let mut metadata = field.metadata().clone();
        metadata.insert(KEY.to_owned(), text);
        field.with_metadata(metadata)
    }

    /// The decimals that `value / 10^scale` shows, `scale` at most.
    pub fn shown(self, value: i256, scale: i32) -> i32 {
        let zeros = if value == i256::ZERO { scale } else { trailing_zeros(value, scale) };
        let needed = scale - zeros;
        match self {
            Self::OrZero { .. } if value == i256::ZERO => 0,
            Self::OrZero { scale: shown } => shown.max(needed).min(scale),
            Self::Trimmed { least } => needed.max(least).min(scale),
            Self::Listed { least, constants } => {
                let written = constants.decimals(Constants::key(value, scale)).unwrap_or(least);
                needed.max(written).min(scale)
            }
            Self::Quotient { least, extra } => {
                up_to((SIGNIFICANT - STEP * quotient_weight(value, scale)).max(least).max(0) + extra, needed).min(scale)
            }
            Self::Mean { least } => Self::Quotient { least, extra: 0 }.shown(value, scale),
            Self::Sum { least, of_mean } => {
                // A number that needs many decimals is no exact one: they are all that there are, but for the last few zeros.
                let least_weight = if of_mean || needed > SIGNIFICANT - STEP { 0 } else { -1 };
                let weight = quotient_weight(value, scale).max(least_weight);
                up_to((SIGNIFICANT - STEP * weight).max(least).max(0), needed).min(scale)
            }
            Self::Root { least } => {
                let weight = if value == i256::ZERO { 0 } else { square_weight(value, scale) };
                up_to(root_scale(weight).max(least).max(0), needed).min(scale)
            }
            Self::Significant { least } => Self::significant(value, scale).max(least).max(needed).clamp(0, scale.max(0)),
            Self::Deviation { .. } if value == i256::ZERO => 0,
            Self::Deviation { least, root } => {
                let weight = if root { square_weight(value, scale) } else { quotient_weight(value, scale) };
                up_to((SIGNIFICANT - STEP * weight).max(least).max(0), needed).min(scale)
            }
        }
    }
}

impl ShownScale {
    /// The decimals that give a number [`SIGNIFICANT`] digits.
    pub fn significant(value: i256, scale: i32) -> i32 {
        let digits = value.wrapping_abs().checked_ilog10().map_or(0, |d| d as i32) - scale;
        // Cut off towards zero, as PostgreSQL does with the logarithm: 0.5 counts as 1.
        SIGNIFICANT
            - if value == i256::ZERO {
                0
            } else if digits < 0 {
                digits + 1
            } else {
                digits
            }
    }

    /// The decimals of the square root of a number.
    pub fn root(value: i256, scale: i32) -> i32 {
        let digits = value.wrapping_abs().checked_ilog10().map_or(0, |d| d as i32);
        root_scale(if value == i256::ZERO { 0 } else { (digits - scale).div_euclid(STEP) })
    }
}

/// Constants with the decimals that they are written with: a byte of their digits and half a one for the decimals, ten of them in 120 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Constants(u128);

impl Constants {
    const MOST: u32 = 10;
    const BITS: u32 = 12;

    /// Those of numbers as they are written; `None` for too many, or where two can't be told apart.
    pub fn of(written: &[(i256, i32)]) -> Option<Self> {
        let mut all = Self(0);
        for (value, scale) in written {
            let (key, decimals) = (Self::key(*value, *scale), u8::try_from(*scale).ok().filter(|scale| *scale < 15)?);
            match all.decimals(key) {
                Some(known) if known == *scale => {}
                Some(_) => return None,
                None => {
                    // One more than the decimals, so that no entry is zero.
                    let entry = u128::from(key) << 4 | u128::from(decimals + 1);
                    let place = (0..Self::MOST).find(|place| all.entry(*place) == 0)?;
                    all.0 |= entry << (place * Self::BITS);
                }
            }
        }
        Some(all)
    }

    fn entry(self, place: u32) -> u128 {
        self.0 >> (place * Self::BITS) & 0xfff
    }

    /// A byte that tells a number from others, whatever zeros it is written with.
    fn key(value: i256, scale: i32) -> u8 {
        let zeros = if value == i256::ZERO { scale } else { trailing_zeros(value, scale) };
        let unit = i256::from_i128(10).checked_pow(zeros.unsigned_abs()).unwrap_or(i256::ONE);
        let short = value.wrapping_div(unit).to_le_bytes();
        let first = (scale - zeros).to_le_bytes()[0];
        short.into_iter().fold(first, |key, byte| key.wrapping_mul(31).wrapping_add(byte))
    }

    fn decimals(self, key: u8) -> Option<i32> {
        let entries = (0..Self::MOST).map(|place| self.entry(place)).filter(|entry| *entry != 0);
        let found = entries.into_iter().find(|entry| entry >> 4 == u128::from(key))?;
        i32::try_from(found & 0xf).ok().map(|decimals| decimals - 1)
    }
}

/// The decimals of the square root of a number whose first base-10000 digit stands at `weight`.
fn root_scale(weight: i32) -> i32 {
    SIGNIFICANT - ((weight + 1) * STEP / 2 - 1)
}

/// A scale in steps of PostgreSQL's digits, until it shows all decimals that are needed.
fn up_to(scale: i32, needed: i32) -> i32 {
    if scale >= needed { scale } else { scale + (needed - scale + STEP - 1) / STEP * STEP }
}

/// The field with its precision and scale declared.
pub fn declared(field: Field) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(DECLARED.to_owned(), String::new());
    field.with_metadata(metadata)
}

/// Whether a field's precision and scale are declared.
pub fn is_declared(field: &Field) -> bool {
    field.metadata().contains_key(DECLARED)
}

/// Where the first base-10000 digit of a number stands, as PostgreSQL guesses it for a quotient: equal first digits, as of a number divided by
/// itself, count as less than one.
fn quotient_weight(value: i256, scale: i32) -> i32 {
    let Some(one) = i256::from_i128(10).checked_pow(scale.unsigned_abs()) else { return 0 };
    if value == i256::ZERO || value.wrapping_abs() == one {
        return -1;
    }
    plain_weight(value, scale)
}

/// Where the first base-10000 digit of a number stands.
fn plain_weight(value: i256, scale: i32) -> i32 {
    let digits = value.wrapping_abs().checked_ilog10().map_or(0, |d| d as i32);
    (digits - scale).div_euclid(STEP)
}

/// The same of a number's square.
fn square_weight(value: i256, scale: i32) -> i32 {
    let size = value.wrapping_abs();
    let digits = size.checked_ilog10().unwrap_or(0) + 1;
    // What is squared has 38 digits at most, so that its square has room.
    let cut = digits.saturating_sub(38);
    let Some(square) = i256::from_i128(10).checked_pow(cut).and_then(|unit| {
        let short = size.checked_div(unit)?;
        short.checked_mul(short)
    }) else {
        return 0;
    };
    plain_weight(square, 2 * (scale - cut as i32))
}

/// How many zeros a number ends with, `most` at most.
fn trailing_zeros(value: i256, most: i32) -> i32 {
    let (mut value, mut zeros) = (value, 0);
    // Eight at a time, as long as there are, for most values end with many.
    for step in [8, 4, 1] {
        let Some(unit) = i256::from_i128(10).checked_pow(step) else { continue };
        while zeros + step as i32 <= most && value.checked_rem(unit) == Some(i256::ZERO) {
            value = value.wrapping_div(unit);
            zeros += step as i32;
        }
    }
    zeros
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::DataType;

    #[test]
    fn values_show_the_decimals_that_postgres_gives_them() {
        let trimmed = ShownScale::Trimmed { least: 1 };
        let quotient = ShownScale::Quotient { least: 0, extra: 0 };
        let variance = ShownScale::Deviation { least: 0, root: false };
        // (value, its scale, how, decimals)
        for (value, scale, how, want) in [
            (1_500, 3, trimmed, 1),
            (1_505, 3, trimmed, 3),
            (0, 3, ShownScale::OrZero { scale: 2 }, 0),
            (150, 2, ShownScale::OrZero { scale: 2 }, 2),
            (25 * 10_i128.pow(29), 30, quotient, 16),
            (10_i128.pow(30), 30, quotient, 20),
            (333_333_333_333_333_333_330_000_000_000, 30, quotient, 20),
            (0, 30, quotient, 20),
            (0, 30, variance, 0),
            (-4 * 10_i128.pow(29), 30, ShownScale::Sum { least: 0, of_mean: true }, 16),
            (464_285_714_285_714_300_000_000_000_000, 30, ShownScale::Sum { least: 0, of_mean: true }, 16),
            (75 * 10_i128.pow(28), 30, ShownScale::Sum { least: 0, of_mean: false }, 20),
            (2 * 10_i128.pow(30), 30, ShownScale::Root { least: 0 }, 15),
            (12 * 10_i128.pow(30), 30, ShownScale::Significant { least: 0 }, 15),
        ] {
            assert_eq!(how.shown(i256::from_i128(value), scale), want, "{value} {scale} {how:?}");
        }
    }

    #[test]
    fn constants_show_the_decimals_that_they_are_written_with() {
        let number = i256::from_i128;
        let written = [(number(150), 2), (number(25), 1), (number(3), 0), (number(0), 2)];
        let listed = ShownScale::Listed { least: 0, constants: Constants::of(&written).expect("few") };
        for (value, want) in [(1_500, 2), (2_500, 1), (3_000, 0), (0, 2), (-1_500, 1)] {
            assert_eq!(listed.shown(number(value), 3), want, "{value}");
        }
        assert_eq!(ShownScale::of(&listed.mark(Field::new("x", DataType::Decimal256(76, 32), true))), Some(listed));
        // The same number with other zeros.
        assert_eq!(Constants::of(&[(number(150), 2), (number(15), 1)]), None);
    }

    #[test]
    fn metadata_says_what_was_put_there() {
        let field = || Field::new("x", DataType::Decimal256(76, 32), true);
        for shown in [
            ShownScale::Trimmed { least: 2 },
            ShownScale::OrZero { scale: 3 },
            ShownScale::Quotient { least: 4, extra: 1 },
            ShownScale::Mean { least: 2 },
            ShownScale::Sum { least: 2, of_mean: true },
            ShownScale::Sum { least: 2, of_mean: false },
            ShownScale::Deviation { least: 0, root: true },
            ShownScale::Deviation { least: 0, root: false },
            ShownScale::Root { least: 1 },
            ShownScale::Significant { least: 1 },
        ] {
            assert_eq!(ShownScale::of(&shown.mark(field())), Some(shown));
        }
        assert_eq!(ShownScale::of(&field()), None);
        assert!(is_declared(&declared(field())) && !is_declared(&field()));
    }
}
