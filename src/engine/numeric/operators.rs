//! `+ - * / %` of numbers and the minus before one, as PostgreSQL calculates: what does not fit is an error (22003), so is a division by zero
//! (22012), also of floats; quotients of decimals have at least 16 digits. The planner puts these functions in place of the operators
//! when the types on both sides are settled (`settle`).

mod floats;
mod negation;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::compute::kernels::arity::try_binary;
use arrow::compute::kernels::numeric::{add, div, mul, rem, sub};
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, Field, FieldRef, Float32Type, Float64Type, i256};
use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr_common::datum::apply;

pub use self::floats::{overflow, underflow};
pub use self::negation::negated;

use self::floats::floats;
use super::{decimal, types};
use crate::table::pg_type::PgType;

/// The largest scale of a product: what 256 bits hold besides 28 digits before the point.
const LARGEST_PRODUCT_SCALE: i32 = 48;

/// `left op right` of two integers or two floats of one type, or of any two decimals. A chain to the left, as `a + b + c` is, is one call: the type
/// and the name of each call are asked for over and over, and are made of those of its operands.
pub fn call(left: Expr, op: Operator, right: Expr) -> Expr {
    let (mut ops, mut operands) = match left {
        Expr::ScalarFunction(call) => match call.func.inner().downcast_ref::<Arithmetic>() {
            Some(before) => (before.ops.clone(), call.args),
            None => (Vec::new(), vec![Expr::ScalarFunction(call)]),
        },
        other => (Vec::new(), vec![other]),
    };
    ops.push(op);
    operands.push(right);
    let signature = Signature::any(operands.len(), Volatility::Immutable);
    ScalarUDF::from(Arithmetic { ops, signature }).call(operands)
}

/// Operations from left to right.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Arithmetic {
    /// Each stands before the operand behind the first.
    ops: Vec<Operator>,
    signature: Signature,
}

impl ScalarUDFImpl for Arithmetic {
    fn name(&self) -> &str {
        match self.ops.last() {
            Some(Operator::Plus) => "+",
            Some(Operator::Minus) => "-",
            Some(Operator::Multiply) => "*",
            Some(Operator::Divide) => "/",
            _ => "%",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let fields: Vec<FieldRef> = arguments.iter().map(|t| Arc::new(Field::new("", t.clone(), true))).collect();
        Ok(self.result(&fields)?.data_type().clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.result(args.arg_fields)
    }

    /// As the operator is shown, which also is what a column is called.
    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(chain(&self.ops, arguments, &|operand| operand.to_string()).unwrap_or_else(|| self.name().to_owned()))
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(chain(&self.ops, arguments, &|operand| operand.schema_name().to_string()).unwrap_or_else(|| self.name().to_owned()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (Some((first, others)), Some((field, fields))) = (args.args.split_first(), args.arg_fields.split_first()) else {
            return Err(types_differ());
        };
        let (mut left, mut left_field) = (first.clone(), Arc::clone(field));
        for (place, ((op, right), field)) in self.ops.iter().zip(others).zip(fields).enumerate() {
            let to = if place + 1 == self.ops.len() {
                Arc::clone(&args.return_field)
            } else {
                Arc::new(result(*op, &left_field, field)?)
            };
            let sides = Sides { left: &left, right, fields: [&left_field, field] };
            left = operate(*op, &sides, to.data_type())?;
            left_field = to;
        }
        Ok(left)
    }
}

impl Arithmetic {
    /// The field of the last operation's result.
    fn result(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        let (first, others) =
            fields.split_first().filter(|(_, others)| others.len() == self.ops.len()).ok_or_else(types_differ)?;
        self.ops.iter().zip(others).try_fold(Arc::clone(first), |left, (op, right)| Ok(Arc::new(result(*op, &left, right)?)))
    }
}

/// What an operation is done with.
struct Sides<'a> {
    left: &'a ColumnarValue,
    right: &'a ColumnarValue,
    fields: [&'a FieldRef; 2],
}

/// `left op right` as a value of type `to`.
fn operate(op: Operator, sides: &Sides<'_>, to: &DataType) -> Result<ColumnarValue> {
    let Sides { left, right, .. } = *sides;
    if types::decimal(&left.data_type()).is_some() {
        return decimals(op, sides, to);
    }
    let checked = |op: fn(&dyn arrow::array::Datum, &dyn arrow::array::Datum) -> Result<ArrayRef, ArrowError>| {
        apply(left, right, op).map_err(|e| in_postgres_words(e, to))
    };
    match (to, op) {
        (DataType::Float64, _) => floats::<Float64Type>(left, right, op),
        (DataType::Float32, _) => floats::<Float32Type>(left, right, op),
        (_, Operator::Plus) => checked(add),
        (_, Operator::Minus) => checked(sub),
        (_, Operator::Multiply) => checked(mul),
        (_, Operator::Divide) => checked(div),
        (_, _) => checked(rem),
    }
}

/// The field of `left op right`.
fn result(op: Operator, left: &Field, right: &Field) -> Result<Field> {
    const NAME: &str = "result";
    let (Some((p1, s1)), Some((p2, s2))) = (types::decimal(left.data_type()), types::decimal(right.data_type())) else {
        return Ok(Field::new(NAME, left.data_type().clone(), true));
    };
    let of = [left.data_type(), right.data_type()];
    let (p1, p2) = (i32::from(p1), i32::from(p2));
    let scale = s1.max(s2);
    let whole = (p1 - i32::from(s1)).max(p2 - i32::from(s2));
    let (data_type, shown) = match op {
        Operator::Plus | Operator::Minus => {
            (types::sized(whole + i32::from(scale) + 1, scale, of), types::shown_of_sum(left, right))
        }
        Operator::Multiply => {
            let both = i32::from(s1) + i32::from(s2);
            let scale = both.min(LARGEST_PRODUCT_SCALE.max(i32::from(scale)));
            let scale = i8::try_from(scale).unwrap_or(i8::MAX);
            (types::sized(p1 + p2, scale, of), types::shown_of_product(left, right))
        }
        Operator::Divide => return Ok(types::quotient(NAME, left, right)),
        _ => (types::sized(whole + i32::from(scale), scale, of), types::shown_of_sum(left, right)),
    };
    let field = Field::new(NAME, data_type, true);
    Ok(match shown {
        Some(shown) => shown.mark(field),
        None => field,
    })
}

fn decimals(op: Operator, sides: &Sides<'_>, to: &DataType) -> Result<ColumnarValue> {
    let Sides { left, right, fields } = *sides;
    let (Some((_, s1)), Some((_, s2)), Some((_, s))) =
        (types::decimal(&left.data_type()), types::decimal(&right.data_type()), types::decimal(to))
    else {
        return Err(types_differ());
    };
    let (s1, s2, s) = (i32::from(s1), i32::from(s2), i32::from(s));
    if matches!(to, DataType::Decimal128(..)) {
        let (by1, by2) = (unit(s - s1), unit(s - s2));
        let limit = 10_i128.pow(u32::from(types::WIDE));
        let fits = |v: Option<i128>| v.filter(|v| v.unsigned_abs() < limit.unsigned_abs()).ok_or_else(too_long);
        let scaled = |a: i128, b: i128| Some((a.checked_mul(by1?)?, b.checked_mul(by2?)?));
        return match op {
            Operator::Plus => {
                primitive::<Decimal128Type>(left, right, to, |a, b| fits(scaled(a, b).and_then(|(a, b)| a.checked_add(b))))
            }
            Operator::Minus => {
                primitive::<Decimal128Type>(left, right, to, |a, b| fits(scaled(a, b).and_then(|(a, b)| a.checked_sub(b))))
            }
            Operator::Multiply => primitive::<Decimal128Type>(left, right, to, |a, b| fits(a.checked_mul(b))),
            _ => primitive::<Decimal128Type>(left, right, to, |a, b| {
                let (a, b) = scaled(a, b).ok_or_else(too_long)?;
                if b == 0 { Err(ArrowError::DivideByZero) } else { Ok(a.wrapping_rem(b)) }
            }),
        };
    }
    let (left, right) = (widest(left)?, widest(right)?);
    let special = |a: i256, b: i256| decimal::special(a, op, b);
    let at = move |v: i256, from: i32| decimal::rescale(v, from, s).ok_or_else(too_long);
    match op {
        Operator::Plus => primitive::<Decimal256Type>(&left, &right, to, |a, b| match special(a, b) {
            Some(done) => Ok(done),
            None => at(a, s1)?.checked_add(at(b, s2)?).ok_or_else(too_long),
        }),
        Operator::Minus => primitive::<Decimal256Type>(&left, &right, to, |a, b| match special(a, b) {
            Some(done) => Ok(done),
            None => at(a, s1)?.checked_sub(at(b, s2)?).ok_or_else(too_long),
        }),
        Operator::Multiply => primitive::<Decimal256Type>(&left, &right, to, |a, b| {
            special(a, b).or_else(|| product((a, s1), (b, s2), s)).ok_or_else(too_long)
        }),
        Operator::Divide => {
            let [shown1, shown2] = fields.map(|f| types::shown(f).0);
            primitive::<Decimal256Type>(&left, &right, to, |a, b| {
                if let Some(done) = special(a, b) {
                    return Ok(done);
                }
                if b == i256::ZERO {
                    return Err(ArrowError::DivideByZero);
                }
                let least1 = shown1.map_or(s1, |shown| shown.shown(a, s1));
                let least2 = shown2.map_or(s2, |shown| shown.shown(b, s2));
                decimal::quotient((a, s1), (b, s2), least1.max(least2), s).ok_or_else(too_long)
            })
        }
        _ => primitive::<Decimal256Type>(&left, &right, to, |a, b| {
            if let Some(done) = special(a, b) {
                return Ok(done);
            }
            let (a, b) = (at(a, s1)?, at(b, s2)?);
            if b == i256::ZERO { Err(ArrowError::DivideByZero) } else { Ok(a.wrapping_rem(b)) }
        }),
    }
}

/// A product at scale `to`. What 256 bits have no room for at the full scale is tried again without the zeros at the end.
fn product((a, s1): (i256, i32), (b, s2): (i256, i32), to: i32) -> Option<i256> {
    let whole = a.checked_mul(b).and_then(|product| decimal::rescale(product, s1 + s2, to));
    whole.or_else(|| {
        let ((a, s1), (b, s2)) = (decimal::without_zeros(a, s1), decimal::without_zeros(b, s2));
        decimal::rescale(a.checked_mul(b)?, s1 + s2, to)
    })
}

fn unit(exponent: i32) -> Option<i128> {
    10_i128.checked_pow(u32::try_from(exponent).ok()?)
}

/// A decimal as one of 256 bits and the same scale.
fn widest(value: &ColumnarValue) -> Result<ColumnarValue> {
    match types::decimal(&value.data_type()) {
        Some((_, scale)) if !matches!(value.data_type(), DataType::Decimal256(..)) => {
            value.cast_to(&DataType::Decimal256(types::WIDEST, scale), None)
        }
        _ => Ok(value.clone()),
    }
}

/// Applies `op` to each pair of values, with a constant on either side.
fn primitive<T: ArrowPrimitiveType>(
    left: &ColumnarValue,
    right: &ColumnarValue,
    to: &DataType,
    op: impl Fn(T::Native, T::Native) -> Result<T::Native, ArrowError>,
) -> Result<ColumnarValue> {
    let array = |value: &ColumnarValue| -> Result<ArrayRef> { value.to_array(1) };
    let (l, r) = (array(left)?, array(right)?);
    let (l, r) = (l.as_primitive::<T>(), r.as_primitive::<T>());
    let constant = |a: &PrimitiveArray<T>| (a.len() == 1 && a.is_valid(0)).then(|| a.value(0));
    let is_constant = |v: &ColumnarValue| matches!(v, ColumnarValue::Scalar(_));
    let done: Result<PrimitiveArray<T>, ArrowError> = match (is_constant(left), is_constant(right)) {
        (true, false) => match constant(l) {
            Some(a) => r.try_unary(|b| op(a, b)),
            None => Ok(PrimitiveArray::new_null(r.len())),
        },
        (false, true) => match constant(r) {
            Some(b) => l.try_unary(|a| op(a, b)),
            None => Ok(PrimitiveArray::new_null(l.len())),
        },
        (true, true) | (false, false) => try_binary(l, r, op),
    };
    let done = done.map_err(|e| in_postgres_words(e.into(), to))?;
    let done: ArrayRef = Arc::new(done.with_data_type(to.clone()));
    if is_constant(left) && is_constant(right) {
        return Ok(ColumnarValue::Scalar(datafusion::common::ScalarValue::try_from_array(&done, 0)?));
    }
    Ok(ColumnarValue::Array(done))
}

/// The text of operations from left to right.
fn chain(ops: &[Operator], operands: &[Expr], name: &dyn Fn(&Expr) -> String) -> Option<String> {
    let (mut first, others) = operands.split_first()?;
    let mut rest: Vec<(Operator, &Expr)> = ops.iter().copied().zip(others).rev().collect();
    // What stands first may have become such operations too.
    while let Some((before, operands)) = operation(first) {
        let (next, others) = operands.split_first()?;
        rest.extend(before.iter().copied().zip(others).rev());
        first = next;
    }
    let mut text = name(first);
    let adds = |op: Operator| matches!(op, Operator::Plus | Operator::Minus);
    let mut last = None;
    for (op, right) in rest.into_iter().rev() {
        if last.is_some_and(adds) && !adds(op) {
            text = format!("({text})");
        }
        last = Some(op);
        let operand = name(right);
        // What is on the right is one operand.
        let operand = if operation(right).is_some() { format!("({operand})") } else { operand };
        text.push_str(&format!(" {op} {operand}"));
    }
    Some(text)
}

/// The operators and the operands of an expression that is such operations.
fn operation(expr: &Expr) -> Option<(&[Operator], &[Expr])> {
    let Expr::ScalarFunction(call) = expr else { return None };
    let arithmetic = call.func.inner().downcast_ref::<Arithmetic>()?;
    Some((&arithmetic.ops, &call.args))
}

fn too_long() -> ArrowError {
    ArrowError::ExternalError(Box::new(types::too_long()))
}

fn types_differ() -> DataFusionError {
    DataFusionError::Internal("an operator on numbers whose types are not settled".to_owned())
}

/// What a kernel says, as PostgreSQL says it.
fn in_postgres_words(e: DataFusionError, to: &DataType) -> DataFusionError {
    match e.find_root() {
        DataFusionError::ArrowError(e, _) if matches!(**e, ArrowError::ArithmeticOverflow(_)) => {
            types::out_of_range(PgType::of(to).sql_name)
        }
        DataFusionError::ArrowError(e, _) if matches!(**e, ArrowError::DivideByZero) => types::by_zero(),
        _ => e,
    }
}
