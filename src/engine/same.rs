//! The function that gives its first argument on, of which a field or a name tells something else than DataFusion would: once for all rules that
//! need such.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DataFusionError, ScalarValue, internal_datafusion_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The name of the one that may be NULL.
pub const OR_NONE: &str = "or_none";

/// The expression, of a field with this metadata and no other. `name` is what a plan shows.
pub fn with_metadata(expr: Expr, name: &'static str, metadata: &HashMap<String, String>) -> Expr {
    let told = Told::Metadata(metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect());
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::from(Same { name, told, signature }).call(vec![expr])
}

/// The expression, of which it is not said that it is never NULL. Volatile, so that one of a constant is no constant.
pub fn or_none(expr: Expr) -> Expr {
    let signature = Signature::any(1, Volatility::Volatile);
    ScalarUDF::from(Same { name: OR_NONE, told: Told::Nullable, signature }).call(vec![expr])
}

/// The function `name(x, text)`, which gives x the text as the name of its column.
pub fn named(name: &'static str) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Same { name, told: Told::Name, signature: Signature::any(2, Volatility::Immutable) }))
}

/// What is told of the argument.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Told {
    /// This of its field.
    Metadata(BTreeMap<String, String>),
    /// It may be NULL.
    Nullable,
    /// The column is called as the second argument says.
    Name,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Same {
    name: &'static str,
    told: Told,
    signature: Signature,
}

impl Same {
    fn nothing(&self) -> DataFusionError {
        internal_datafusion_err!("{}() of nothing", self.name)
    }
}

impl ScalarUDFImpl for Same {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        types.first().cloned().ok_or_else(|| self.nothing())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let field = args.arg_fields.first().ok_or_else(|| self.nothing())?.as_ref().clone();
        Ok(Arc::new(match &self.told {
            Told::Metadata(metadata) => field.with_metadata(metadata.clone().into_iter().collect()),
            Told::Nullable => field.with_nullable(true),
            Told::Name => field,
        }))
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        let of = arguments.first().ok_or_else(|| self.nothing())?.schema_name();
        Ok(match (&self.told, arguments) {
            (Told::Name, [_, Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _)]) => {
                text.clone()
            }
            (Told::Nullable | Told::Name, _) => format!("{}({of})", self.name),
            (Told::Metadata(_), _) => of.to_string(),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        args.args.into_iter().next().ok_or_else(|| self.nothing())
    }
}
