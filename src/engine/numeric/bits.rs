//! Operators on the bits of integers that Arrow does otherwise than PostgreSQL: shifts by more than the width come round.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::kernels::arity::binary;
use arrow::datatypes::{DataType, Int16Type, Int32Type, Int64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

/// `left << right` or `left >> right`.
pub fn shifted(left: Expr, op: Operator, right: Expr) -> Expr {
    let function = Bits { op: Some(op), signature: Signature::any(2, Volatility::Immutable) };
    ScalarUDF::from(function).call(vec![left, right])
}

/// The function of `~`.
pub fn not() -> ScalarUDF {
    let integers = [DataType::Int16, DataType::Int32, DataType::Int64];
    let signature = Signature::uniform(1, integers.to_vec(), Volatility::Immutable);
    let signature = Signature::new(TypeSignature::OneOf(vec![signature.type_signature]), Volatility::Immutable);
    ScalarUDF::from(Bits { op: None, signature })
}

/// A shift; without an operator, the complement.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bits {
    op: Option<Operator>,
    signature: Signature,
}

impl ScalarUDFImpl for Bits {
    fn name(&self) -> &str {
        match self.op {
            Some(Operator::BitwiseShiftLeft) => "<<",
            Some(_) => ">>",
            None => "stoa_bitwise_not",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        arguments.first().cloned().ok_or_else(|| DataFusionError::Internal("bits of nothing".to_owned()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let arrays =
            args.args.iter().map(|a| a.to_array(if constant { 1 } else { args.number_rows })).collect::<Result<Vec<_>>>()?;
        let value = arrays.first().ok_or_else(|| DataFusionError::Internal("bits of nothing".to_owned()))?;
        // As C does it on the machines that PostgreSQL runs on: the distance counts modulo 32 or 64.
        macro_rules! bits {
            ($arrow:ty, $wide:ty, $native:ty) => {{
                let values = value.as_primitive::<$arrow>();
                let shift = |f: fn($wide, u32) -> $wide| -> Result<ArrayRef> {
                    let by = arrays.get(1).ok_or_else(|| DataFusionError::Internal("a shift by nothing".to_owned()))?;
                    let by = by.as_primitive::<Int32Type>();
                    Ok(Arc::new(binary::<_, _, _, $arrow>(values, by, |v, by| f(<$wide>::from(v), by as u32) as $native)?))
                };
                match self.op {
                    Some(Operator::BitwiseShiftLeft) => shift(<$wide>::wrapping_shl)?,
                    Some(_) => shift(<$wide>::wrapping_shr)?,
                    None => Arc::new(values.unary::<_, $arrow>(|v| !v)),
                }
            }};
        }
        let done: ArrayRef = match value.data_type() {
            DataType::Int16 => bits!(Int16Type, i32, i16),
            DataType::Int32 => bits!(Int32Type, i32, i32),
            DataType::Int64 => bits!(Int64Type, i64, i64),
            other => return Err(DataFusionError::Plan(format!("bits of {other} are not supported"))),
        };
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&done, 0)?));
        }
        Ok(ColumnarValue::Array(done))
    }
}
