//! `coalesce` of arrays: a quoted constant beside them is one too.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::functions::core::coalesce;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};

/// DataFusion's function, which takes texts beside arrays; their cast reads them.
pub fn function() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Coalesce { of: coalesce() }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Coalesce {
    of: Arc<ScalarUDF>,
}

impl ScalarUDFImpl for Coalesce {
    fn name(&self) -> &str {
        self.of.name()
    }

    fn signature(&self) -> &Signature {
        self.of.signature()
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let list = types.iter().find(|t| matches!(t, DataType::List(_)));
        match list {
            Some(list) if types.iter().all(|t| t == list || t.is_string() || t.is_null()) => Ok(vec![list.clone(); types.len()]),
            _ => self.of.inner().coerce_types(types),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.of.inner().return_type(types)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        self.of.inner().return_field_from_args(arguments)
    }

    fn simplify(&self, arguments: Vec<Expr>, context: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.of.inner().simplify(arguments, context)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.of.invoke_with_args(arguments)
    }

    fn conditional_arguments<'a>(&self, arguments: &'a [Expr]) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.of.inner().conditional_arguments(arguments)
    }

    fn short_circuits(&self) -> bool {
        self.of.inner().short_circuits()
    }
}
