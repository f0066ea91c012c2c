//! Which type of number an operation is done in and gives, by PostgreSQL's rules. Scales of decimals are static here; what a `numeric` shows is
//! `table::pg_value::ShownScale`.

use arrow::datatypes::{DataType, Field};
use datafusion::common::DataFusionError;

use crate::error::{Error, Kind};
use crate::table::pg_type::PgType;
use crate::table::pg_value::ShownScale;

/// The most digits of decimals of 128 and 256 bits.
pub const WIDE: u8 = 38;
pub const WIDEST: u8 = 76;

/// Decimals of a quotient, as computed and kept: enough for 16 digits of what is more than 10^-16.
pub const QUOTIENT_SCALE: i8 = 32;

/// The most decimals a number of 38 digits may have and still be trusted to hold all products of published columns, whose precision
/// says nothing: it always is 38.
const ROOMY_SCALE: i8 = 20;

/// The type that clients see an Arrow type of numbers as: no unsigned ones, and decimals of 128 or 256 bits. `None` for what is no number.
pub fn plain(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => DataType::Int16,
        DataType::UInt16 | DataType::Int32 => DataType::Int32,
        DataType::UInt32 | DataType::Int64 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s) => DataType::Decimal128(*p, *s),
        DataType::Decimal256(p, s) => DataType::Decimal256(*p, *s),
        DataType::Float16 | DataType::Float32 => DataType::Float32,
        DataType::Float64 => DataType::Float64,
        DataType::Dictionary(_, values) => plain(values)?,
        _ => return None,
    })
}

/// Precision and scale of a decimal.
pub fn decimal(data_type: &DataType) -> Option<(u8, i8)> {
    match data_type {
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s) | DataType::Decimal256(p, s) => {
            Some((*p, *s))
        }
        _ => None,
    }
}

/// The decimal that holds all numbers of a [`plain`] integer type, or a decimal itself.
pub fn as_decimal(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::Int16 => DataType::Decimal128(5, 0),
        DataType::Int32 => DataType::Decimal128(10, 0),
        DataType::Int64 => DataType::Decimal128(19, 0),
        DataType::Decimal128(..) | DataType::Decimal256(..) => data_type.clone(),
        _ => return None,
    })
}

/// The type two [`plain`] numbers are compared in, or calculated with: whole numbers in the wider type, decimals as decimals, and all else
/// as `double precision`.
pub fn for_operator(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::{Float32, Float64, Int16, Int32, Int64};
    Some(match (left, right) {
        (l, r) if l == r => l.clone(),
        (Float32 | Float64, _) | (_, Float32 | Float64) => Float64,
        (Int16 | Int32 | Int64, Int16 | Int32 | Int64) => wider(left, right),
        _ => holding(&as_decimal(left)?, &as_decimal(right)?)?,
    })
}

/// The type that `CASE`, `UNION` and the like give of two [`plain`] numbers.
pub fn for_result(left: &DataType, right: &DataType) -> Option<DataType> {
    match (left, right) {
        (DataType::Float64, _) | (_, DataType::Float64) => Some(DataType::Float64),
        (DataType::Float32, _) | (_, DataType::Float32) => Some(DataType::Float32),
        _ => for_operator(left, right),
    }
}

fn wider(left: &DataType, right: &DataType) -> DataType {
    let rank = |t: &DataType| match t {
        DataType::Int16 => 0,
        DataType::Int32 => 1,
        _ => 2,
    };
    if rank(left) >= rank(right) { left.clone() } else { right.clone() }
}

/// The decimal that holds what two decimals hold.
pub fn holding(left: &DataType, right: &DataType) -> Option<DataType> {
    let ((p1, s1), (p2, s2)) = (decimal(left)?, decimal(right)?);
    let scale = s1.max(s2);
    let whole = (i32::from(p1) - i32::from(s1)).max(i32::from(p2) - i32::from(s2));
    Some(sized(whole + i32::from(scale), scale, [left, right]))
}

/// The decimal of a precision and scale: of 128 bits where that is enough for it, or where the precision is a guess.
pub fn sized(precision: i32, scale: i8, of: [&DataType; 2]) -> DataType {
    let is_256 = of.iter().any(|t| matches!(t, DataType::Decimal256(..)));
    let is_guess = of.iter().any(|t| matches!(t, DataType::Decimal128(WIDE, _)));
    let clamp = |most: u8| u8::try_from(precision.clamp(1, i32::from(most))).unwrap_or(most).max(scale.unsigned_abs());
    if !is_256 && (precision <= i32::from(WIDE) || (is_guess && scale <= ROOMY_SCALE)) {
        DataType::Decimal128(clamp(WIDE), scale)
    } else {
        DataType::Decimal256(clamp(WIDEST), scale)
    }
}

/// Whether a field's numbers show a scale of their own, and which; of the others the least scale is that of the type.
pub fn shown(field: &Field) -> (Option<ShownScale>, i32) {
    let shown = match ShownScale::of(field) {
        // What is made of constants is none of them.
        Some(ShownScale::Listed { least, .. }) => Some(ShownScale::Trimmed { least }),
        other => other,
    };
    (shown, decimal(field.data_type()).map_or(0, |(_, scale)| i32::from(scale)))
}

/// What an operand shows, as far as an operation's result follows from it.
#[derive(Clone, Copy)]
enum Operand {
    /// Each number shows these decimals.
    Fixed(i32),
    /// [`ShownScale::Trimmed`].
    Trimmed { least: i32 },
    /// [`ShownScale::Quotient`]: a mean, a variance or a root is a quotient like any other.
    Quotient { least: i32, extra: i32 },
}

impl Operand {
    fn of(field: &Field) -> Self {
        use ShownScale::{Deviation, Listed, Mean, OrZero, Quotient, Root, Significant, Sum, Trimmed};
        let (shown, scale) = shown(field);
        match shown {
            None | Some(OrZero { .. }) => Self::Fixed(scale),
            Some(Trimmed { least } | Listed { least, .. }) => Self::Trimmed { least },
            Some(Quotient { least, extra }) => Self::Quotient { least, extra },
            Some(Deviation { least, .. } | Root { least } | Significant { least } | Mean { least } | Sum { least, .. }) => {
                Self::Quotient { least, extra: 0 }
            }
        }
    }
}

/// How the sum or difference of two fields is shown.
pub fn shown_of_sum(left: &Field, right: &Field) -> Option<ShownScale> {
    use Operand::{Fixed, Quotient, Trimmed};
    let (least, extra) = match (Operand::of(left), Operand::of(right)) {
        (Fixed(_), Fixed(_)) => return None,
        (Trimmed { least: a }, Trimmed { least: b } | Fixed(b)) | (Fixed(a), Trimmed { least: b }) => {
            return Some(ShownScale::Trimmed { least: a.max(b) });
        }
        (Quotient { least: a, extra }, Trimmed { least: b } | Fixed(b))
        | (Trimmed { least: a } | Fixed(a), Quotient { least: b, extra }) => (a.max(b), extra),
        (Quotient { least: a, extra: x }, Quotient { least: b, extra: y }) => (a.max(b), x.max(y)),
    };
    if extra > 0 {
        return Some(ShownScale::Quotient { least, extra });
    }
    let is_mean = |f: &&Field| matches!(ShownScale::of(f), Some(ShownScale::Mean { .. } | ShownScale::Sum { of_mean: true, .. }));
    Some(ShownScale::Sum { least, of_mean: [left, right].iter().any(is_mean) })
}

/// How the product of two fields is shown.
pub fn shown_of_product(left: &Field, right: &Field) -> Option<ShownScale> {
    use Operand::{Fixed, Quotient, Trimmed};
    Some(match (Operand::of(left), Operand::of(right)) {
        (Fixed(_), Fixed(_)) => return None,
        (Trimmed { least: a }, Trimmed { least: b } | Fixed(b)) | (Fixed(a), Trimmed { least: b }) => {
            ShownScale::Trimmed { least: a + b }
        }
        (Quotient { least, extra }, Trimmed { least: other } | Fixed(other))
        | (Trimmed { least: other } | Fixed(other), Quotient { least, extra }) => {
            ShownScale::Quotient { least, extra: extra + other }
        }
        (Quotient { least: a, extra: x }, Quotient { least: b, extra: y }) => {
            ShownScale::Quotient { least: a.max(b), extra: x + y + crate::table::pg_value::SIGNIFICANT }
        }
    })
}

/// The field of a quotient of two fields.
pub fn quotient(name: &str, left: &Field, right: &Field) -> Field {
    let least = |field: &Field| match shown(field) {
        (None, scale) => scale,
        (Some(ShownScale::Trimmed { least } | ShownScale::Listed { least, .. } | ShownScale::OrZero { scale: least }), _) => {
            least
        }
        (
            Some(
                ShownScale::Deviation { least, .. }
                | ShownScale::Root { least }
                | ShownScale::Significant { least }
                | ShownScale::Mean { least }
                | ShownScale::Sum { least, .. },
            ),
            _,
        ) => least.max(crate::table::pg_value::SIGNIFICANT),
        (Some(ShownScale::Quotient { least, extra }), _) => least.max(crate::table::pg_value::SIGNIFICANT) + extra,
    };
    let field = Field::new(name, DataType::Decimal256(WIDEST, QUOTIENT_SCALE), true);
    ShownScale::Quotient { least: least(left).max(least(right)), extra: 0 }.mark(field)
}

/// The error for a text that is no number of a type.
pub fn invalid(sql_name: &str, text: &str) -> DataFusionError {
    outward(Error::new(Kind::InvalidText, format!("invalid input syntax for type {sql_name}: \"{text}\"")))
}

/// The error for a result that its type can't hold, such as `integer out of range`.
pub fn out_of_range(what: &str) -> DataFusionError {
    outward(Error::new(Kind::OutOfRange, format!("{what} out of range")))
}

/// The error for a decimal that has more digits than there is room for.
pub fn too_long() -> DataFusionError {
    outward(Error::new(Kind::OutOfRange, "value overflows numeric format").with_hint(
        "A numeric has up to 76 digits here; cast to double precision or to a numeric(p, s) of fewer decimals before.",
    ))
}

/// The error for an operator that there is none of for these types.
pub fn no_operator(left: &DataType, op: &str, right: &DataType) -> DataFusionError {
    let (left, right) = (PgType::of(left).sql_name, PgType::of(right).sql_name);
    outward(
        Error::new(Kind::UndefinedFunction, format!("operator does not exist: {left} {op} {right}"))
            .with_hint("No operator matches the given name and argument types. You might need to add explicit type casts."),
    )
}

/// The error for a division by zero.
pub fn by_zero() -> DataFusionError {
    outward(Error::new(Kind::DivisionByZero, "division by zero"))
}

/// An error of ours on its way through DataFusion.
pub fn outward(e: Error) -> DataFusionError {
    DataFusionError::External(Box::new(e))
}
