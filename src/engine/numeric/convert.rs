//! Casts from and to numbers that Arrow does otherwise than PostgreSQL: floats round to the even whole number and decimals away from zero, what
//! does not fit its type is an error with PostgreSQL's words, and text may have spaces around it. All other casts are DataFusion's.

mod digits;
mod text;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Decimal128Type, Decimal256Type, DecimalType, Field, FieldRef, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, i256,
};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
    cast as planned_cast,
};

use self::digits::{from_float, to_float};
use self::text::{decimal_of, float, whole};
use super::{decimal, literals, operators, shown, types};
use crate::error::{Error, Kind};
use crate::table::pg_type::PgType;
use crate::table::pg_value::{self, Format, ShownScale, Special, Style, Values};

/// The type of a `numeric` that neither declares a scale nor comes from a decimal: 38 digits on either side of the point.
pub(super) const UNCONSTRAINED: DataType = DataType::Decimal256(types::WIDEST, 38);

/// The significant digits of floats that become decimals.
const FLOAT8_DIGITS: usize = 15;
const FLOAT4_DIGITS: usize = 6;

/// A cast that the statement asks for; `None` when DataFusion's does the same.
pub fn explicit(expr: &Expr, from: &DataType, to: &DataType) -> Option<Expr> {
    let is_text = matches!(from, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let source = types::plain(from);
    if !is_text && source.is_none() {
        return None;
    }
    let target = match to {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => match source {
            Some(DataType::Float32 | DataType::Float64 | DataType::Decimal128(..) | DataType::Decimal256(..)) => to,
            _ => return None,
        },
        DataType::Int16 | DataType::Int32 | DataType::Int64 if *from == *to => return None,
        DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::Float32 | DataType::Float64 => to,
        DataType::Decimal128(..) | DataType::Decimal256(..) => return Some(converted(expr.clone(), to.clone(), Scale::Declared)),
        _ => return None,
    };
    Some(converted(expr.clone(), target.clone(), Scale::OfType))
}

/// A change to the type that an operator works in, which holds all values unless one is too long.
pub fn implicit(expr: Expr, from: &DataType, to: &DataType) -> Expr {
    let exact = match (types::plain(from), to) {
        (Some(DataType::Int16 | DataType::Int32 | DataType::Int64), _) => !matches!(to, DataType::Int16 | DataType::Int32),
        (Some(DataType::Float32), _) | (_, DataType::Decimal128(..)) => true,
        _ => false,
    };
    let narrow = matches!((from, to), (DataType::Int16 | DataType::Int8 | DataType::UInt8 | DataType::UInt16, DataType::Int32));
    if from.is_numeric() && (exact || narrow) {
        return planned_cast(expr, to.clone());
    }
    converted(expr, to.clone(), Scale::OfType)
}

/// A number as text, where DataFusion would write it otherwise.
pub fn to_text(expr: Expr, data_type: &DataType) -> Expr {
    match types::plain(data_type) {
        Some(DataType::Float32 | DataType::Float64 | DataType::Decimal128(..) | DataType::Decimal256(..)) => {
            converted(expr, DataType::Utf8, Scale::OfType)
        }
        _ => expr,
    }
}

/// `x::numeric`.
pub fn to_numeric(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let field = expr.to_field(schema)?.1;
    Ok(match types::plain(field.data_type()) {
        Some(DataType::Float32 | DataType::Float64) => converted(expr, UNCONSTRAINED, Scale::Trimmed),
        Some(whole @ (DataType::Int16 | DataType::Int32 | DataType::Int64)) => {
            planned_cast(expr, types::as_decimal(&whole).unwrap_or(UNCONSTRAINED))
        }
        Some(_) if field.data_type().is_null() => planned_cast(expr, UNCONSTRAINED),
        // The scale is no longer what was declared, and stays what is shown.
        Some(data_type) => {
            let (found, scale) = types::shown(&field);
            match found {
                Some(_) => expr,
                None if pg_value::is_declared(&field) => {
                    shown::as_found(expr, Some(ShownScale::Trimmed { least: scale }), &data_type)
                }
                None => expr,
            }
        }
        None if field.data_type().is_null() => planned_cast(expr, UNCONSTRAINED),
        None => converted(expr, UNCONSTRAINED, Scale::Trimmed),
    })
}

/// The function that stands for `x::numeric` until the type of `x` is known.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct ToNumeric {
    signature: Signature,
}

impl Default for ToNumeric {
    fn default() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for ToNumeric {
    fn name(&self) -> &str {
        literals::TO_NUMERIC
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let whole = arguments.first().and_then(types::plain).and_then(|t| types::as_decimal(&t));
        Ok(whole.unwrap_or(UNCONSTRAINED))
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(arguments.first().map(|e| e.schema_name().to_string()).unwrap_or_default())
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(DataFusionError::Internal("a cast to numeric that was not planned".to_owned()))
    }
}

fn converted(expr: Expr, to: DataType, scale: Scale) -> Expr {
    ScalarUDF::from(Convert { to, scale, signature: Signature::any(1, Volatility::Immutable) }).call(vec![expr])
}

/// What a decimal that comes out shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Scale {
    /// What its type says.
    OfType,
    /// The same, and clients are told of it.
    Declared,
    /// What each value needs.
    Trimmed,
}

/// The cast to a type.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Convert {
    to: DataType,
    scale: Scale,
    signature: Signature,
}

impl ScalarUDFImpl for Convert {
    fn name(&self) -> &str {
        "cast"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let field = Field::new(self.name(), self.to.clone(), true);
        let found = args.arg_fields.first().and_then(|f| types::shown(f).0);
        Ok(Arc::new(match self.scale {
            Scale::Declared => pg_value::declared(field),
            Scale::Trimmed => ShownScale::Trimmed { least: 0 }.mark(field),
            Scale::OfType => match found.filter(|_| types::decimal(&self.to).is_some()) {
                Some(found) => found.mark(field),
                None => field,
            },
        }))
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(arguments.first().map(|e| format!("CAST({e} AS {})", self.to)).unwrap_or_default())
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(arguments.first().map(|e| format!("CAST({} AS {})", e.schema_name(), self.to)).unwrap_or_default())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ([value], [field]) = (args.args.as_slice(), args.arg_fields.as_slice()) else {
            return Err(DataFusionError::Internal("a cast of one value".to_owned()));
        };
        match value {
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(self.convert(array, field)?)),
            ColumnarValue::Scalar(value) => {
                let done = self.convert(&value.to_array()?, field)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&done, 0)?))
            }
        }
    }
}

impl Convert {
    fn convert(&self, array: &ArrayRef, field: &Field) -> Result<ArrayRef> {
        let Some(plain) = types::plain(array.data_type()) else {
            let texts = cast(array, &DataType::Utf8)?;
            return self.of_text(texts.as_string::<i32>());
        };
        let array = if plain == *array.data_type() { Arc::clone(array) } else { cast(array, &plain)? };
        if matches!(self.to, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8) {
            return Ok(cast(&as_text(&array, field)?, &self.to)?);
        }
        match &plain {
            DataType::Float64 => self.of_floats::<Float64Type>(&array, FLOAT8_DIGITS),
            DataType::Float32 => self.of_floats::<Float32Type>(&array, FLOAT4_DIGITS),
            DataType::Decimal128(_, scale) => self.of_decimals::<Decimal128Type>(&array, i32::from(*scale), i256::from_i128),
            DataType::Decimal256(_, scale) => self.of_decimals::<Decimal256Type>(&array, i32::from(*scale), |v| v),
            _ => {
                let array = cast(&array, &DataType::Int64)?;
                match &self.to {
                    DataType::Int16 | DataType::Int32 | DataType::Int64 => self.to_whole(array.as_primitive::<Int64Type>(), Some),
                    DataType::Decimal128(..) | DataType::Decimal256(..) => {
                        self.to_decimal(array.as_primitive::<Int64Type>(), |v| Ok((i256::from_i128(i128::from(v)), 0)))
                    }
                    _ => Ok(cast(&array, &self.to)?),
                }
            }
        }
    }

    fn of_floats<T: ArrowPrimitiveType>(&self, array: &ArrayRef, digits: usize) -> Result<ArrayRef>
    where
        T::Native: Into<f64> + Copy,
    {
        let values = array.as_primitive::<T>();
        match &self.to {
            DataType::Float32 => {
                let narrow = |v: T::Native| {
                    let wide: f64 = v.into();
                    let narrow = wide as f32;
                    if narrow.is_infinite() && wide.is_finite() {
                        Err(operators::overflow())
                    } else if narrow == 0.0 && wide != 0.0 {
                        Err(operators::underflow())
                    } else {
                        Ok(narrow)
                    }
                };
                Ok(Arc::new(try_map::<T, Float32Type>(values, narrow)?))
            }
            DataType::Float64 => Ok(cast(array, &DataType::Float64)?),
            DataType::Decimal128(..) | DataType::Decimal256(..) => self.to_decimal(values, |v| from_float(v.into(), digits)),
            _ => self.to_whole(values, |v| {
                let rounded: f64 = Into::<f64>::into(v).round_ties_even();
                // 2^63 is the first that is too large; all below it are exact.
                (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded).then_some(rounded as i64)
            }),
        }
    }

    fn of_decimals<T: DecimalType>(&self, array: &ArrayRef, scale: i32, wide: fn(T::Native) -> i256) -> Result<ArrayRef> {
        let values = array.as_primitive::<T>();
        match &self.to {
            DataType::Float64 => Ok(Arc::new(values.unary::<_, Float64Type>(|v| to_float(wide(v), scale)))),
            DataType::Float32 => {
                let narrow = |v: T::Native| {
                    let value = to_float(wide(v), scale) as f32;
                    let is_lost = value.is_infinite() || (value == 0.0 && wide(v) != i256::ZERO);
                    if is_lost { Err(out_of_float(&decimal_text(wide(v), scale), "real")) } else { Ok(value) }
                };
                Ok(Arc::new(try_map::<T, Float32Type>(values, narrow)?))
            }
            DataType::Decimal128(..) | DataType::Decimal256(..) => self.to_decimal(values, |v| Ok((wide(v), scale))),
            _ => self.to_whole(values, |v| {
                decimal::rescale(wide(v), scale, 0).and_then(i256::to_i128).and_then(|v| i64::try_from(v).ok())
            }),
        }
    }

    /// Whole numbers of the type, where `whole` gives those that 64 bits hold.
    fn to_whole<T: ArrowPrimitiveType>(
        &self,
        values: &PrimitiveArray<T>,
        whole: impl Fn(T::Native) -> Option<i64>,
    ) -> Result<ArrayRef> {
        let out_of_range = || types::out_of_range(PgType::of(&self.to).sql_name);
        Ok(match &self.to {
            DataType::Int16 => Arc::new(try_map::<T, Int16Type>(values, |v| {
                whole(v).and_then(|v| i16::try_from(v).ok()).ok_or_else(out_of_range)
            })?),
            DataType::Int32 => Arc::new(try_map::<T, Int32Type>(values, |v| {
                whole(v).and_then(|v| i32::try_from(v).ok()).ok_or_else(out_of_range)
            })?),
            _ => Arc::new(try_map::<T, Int64Type>(values, |v| whole(v).ok_or_else(out_of_range))?),
        })
    }

    /// Decimals of the type from numbers and their scales.
    fn to_decimal<T: ArrowPrimitiveType>(
        &self,
        values: &PrimitiveArray<T>,
        number: impl Fn(T::Native) -> Result<(i256, i32)>,
    ) -> Result<ArrayRef> {
        let Some((precision, scale)) = types::decimal(&self.to) else {
            return Err(DataFusionError::Internal(format!("a cast to {}", self.to)));
        };
        let limit = decimal::power_of_ten(i32::from(precision)).unwrap_or(i256::MAX);
        let number = |v: T::Native| {
            let (value, from) = number(v)?;
            // What is no number of digits fits a numeric of no precision; a NaN fits any that has the bits for it.
            let fits = |v: &i256| match Special::of(*v) {
                None => v.wrapping_abs() < limit,
                Some(special) => self.scale != Scale::Declared || special == Special::NotANumber,
            };
            let value = decimal::rescale(value, from, i32::from(scale)).filter(fits);
            value.ok_or_else(|| if self.scale == Scale::Declared { field_overflow(precision, scale) } else { types::too_long() })
        };
        Ok(match &self.to {
            DataType::Decimal128(..) => Arc::new(
                try_map::<T, Decimal128Type>(values, |v| number(v)?.to_i128().ok_or_else(types::too_long))?
                    .with_data_type(self.to.clone()),
            ),
            _ => Arc::new(try_map::<T, Decimal256Type>(values, number)?.with_data_type(self.to.clone())),
        })
    }

    fn of_text(&self, texts: &StringArray) -> Result<ArrayRef> {
        fn each<T: ArrowPrimitiveType>(
            texts: &StringArray,
            read: impl Fn(&str) -> Result<T::Native>,
        ) -> Result<PrimitiveArray<T>> {
            texts.iter().map(|text| text.map(&read).transpose()).collect()
        }
        let name = PgType::of(&self.to).sql_name;
        Ok(match &self.to {
            DataType::Int16 => {
                Arc::new(each::<Int16Type>(texts, |t| i16::try_from(whole(t, name)?).map_err(|_| out_of_integer(t, name)))?)
            }
            DataType::Int32 => {
                Arc::new(each::<Int32Type>(texts, |t| i32::try_from(whole(t, name)?).map_err(|_| out_of_integer(t, name)))?)
            }
            DataType::Int64 => {
                Arc::new(each::<Int64Type>(texts, |t| i64::try_from(whole(t, name)?).map_err(|_| out_of_integer(t, name)))?)
            }
            DataType::Float32 => Arc::new(each::<Float32Type>(texts, |t| float::<f32>(t, name))?),
            DataType::Float64 => Arc::new(each::<Float64Type>(texts, |t| float::<f64>(t, name))?),
            _ => {
                let wide = each::<Decimal256Type>(texts, |t| {
                    let (value, scale) = decimal_of(t)?;
                    // Read at the scale that keeps most, then brought to the one that is asked for.
                    decimal::rescale(value, scale, READ_SCALE).ok_or_else(types::too_long)
                })?;
                self.to_decimal(&wide, |v| Ok((v, READ_SCALE)))?
            }
        })
    }
}

/// The scale that texts are read at before they are brought to their type's.
const READ_SCALE: i32 = 38;

fn try_map<T: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    values: &PrimitiveArray<T>,
    op: impl Fn(T::Native) -> Result<O::Native>,
) -> Result<PrimitiveArray<O>> {
    values.try_unary::<_, O, DataFusionError>(op)
}

fn decimal_text(value: i256, scale: i32) -> String {
    format!("{}", to_float(value, scale))
}

/// Numbers as their type's output function writes them.
fn as_text(array: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    let mut values = Values::default();
    let field = field.clone().with_data_type(array.data_type().clone());
    pg_value::encode(array, &field, PgType::of(array.data_type()), Format::Text, &Style::default(), &mut values)
        .map_err(types::outward)?;
    let texts = (0..array.len()).map(|row| values.get(row).map(String::from_utf8_lossy));
    Ok(Arc::new(texts.collect::<StringArray>()))
}

fn out_of_integer(text: &str, name: &str) -> DataFusionError {
    types::outward(Error::new(Kind::OutOfRange, format!("value \"{text}\" is out of range for type {name}")))
}

fn out_of_float(text: &str, name: &str) -> DataFusionError {
    types::outward(Error::new(Kind::OutOfRange, format!("\"{text}\" is out of range for type {name}")))
}

fn field_overflow(precision: u8, scale: i8) -> DataFusionError {
    let whole = i32::from(precision) - i32::from(scale);
    let limit = if whole == 0 { "1".to_owned() } else { format!("10^{whole}") };
    types::outward(Error::new(Kind::OutOfRange, "numeric field overflow").with_detail(format!(
        "A field with precision {precision}, scale {scale} must round to an absolute value less than {limit}."
    )))
}
