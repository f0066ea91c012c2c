//! The minus before a number.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::kernels::numeric::neg;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::{in_postgres_words, types_differ};
use crate::engine::numeric::types;

/// `- operand`.
pub fn negated(operand: Expr) -> Expr {
    ScalarUDF::from(Negation { signature: Signature::any(1, Volatility::Immutable) }).call(vec![operand])
}

/// The minus before a number.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Negation {
    signature: Signature,
}

impl ScalarUDFImpl for Negation {
    fn name(&self) -> &str {
        "-"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        arguments.first().cloned().ok_or_else(types_differ)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let field = args.arg_fields.first().ok_or_else(types_differ)?;
        let plain = Field::new(self.name(), field.data_type().clone(), true);
        Ok(Arc::new(match types::shown(field).0 {
            Some(shown) => shown.mark(plain),
            None => plain,
        }))
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(arguments.first().map_or_else(|| "-".to_owned(), |operand| format!("(- {operand})")))
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(arguments.first().map_or_else(|| "-".to_owned(), |operand| format!("(- {})", operand.schema_name())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [operand] = args.args.as_slice() else { return Err(types_differ()) };
        let negate = |array: &ArrayRef| neg(array).map_err(|e| in_postgres_words(e.into(), args.return_type()));
        match operand {
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(negate(array)?)),
            ColumnarValue::Scalar(value) => {
                let done = negate(&value.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&done, 0)?))
            }
        }
    }
}
