//! A number whose field says how many decimals it shows, in expressions that lose that: choices between numbers of several scales.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::types;
use crate::table::pg_value::ShownScale;

/// The scale that one of several expressions shows, as far as they differ.
pub fn of_choices(choices: &[Expr], schema: &DFSchema) -> Option<ShownScale> {
    let fields: Vec<FieldRef> = choices.iter().filter_map(|e| e.to_field(schema).ok().map(|(_, field)| field)).collect();
    let is_zero = |e: &&Expr| {
        matches!(e, Expr::Literal(ScalarValue::Int16(Some(0)) | ScalarValue::Int32(Some(0)) | ScalarValue::Int64(Some(0)), _))
    };
    // A choice that is zero shows no decimals, and all others are as if it were not there.
    let others: Vec<Expr> = choices.iter().filter(|e| !is_zero(e)).cloned().collect();
    if others.len() < choices.len() && !others.iter().all(|e| matches!(e, Expr::Literal(..))) {
        let fields: Vec<FieldRef> = others.iter().filter_map(|e| e.to_field(schema).ok().map(|(_, field)| field)).collect();
        let scale = || fields.iter().filter_map(|f| types::decimal(f.data_type())).map(|(_, scale)| i32::from(scale)).max();
        return match of_fields(&fields) {
            Some(ShownScale::Quotient { least, extra: 0 }) => Some(ShownScale::Deviation { least, root: false }),
            Some(found) => Some(found),
            None => scale().map(|scale| ShownScale::OrZero { scale }),
        };
    }
    of_fields(&fields)
}

/// The scale that a value of one of several fields shows, as far as they differ.
pub fn of_fields(fields: &[FieldRef]) -> Option<ShownScale> {
    let mut found: Option<ShownScale> = None;
    let mut scales = Vec::new();
    for field in fields.iter().filter(|f| types::plain(f.data_type()).is_some()) {
        let (shown, scale) = types::shown(field);
        match shown {
            Some(ShownScale::Trimmed { least }) => scales.push(least),
            Some(quotient) => found = Some(quotient),
            None => scales.push(scale),
        }
    }
    if found.is_some() {
        return found;
    }
    let (least, most) = (scales.iter().min()?, scales.iter().max()?);
    let trimmed = fields.iter().any(|f| ShownScale::of(f).is_some());
    (trimmed || least < most).then_some(ShownScale::Trimmed { least: *least })
}

/// The expression with that scale shown, when it is a decimal.
pub fn as_found(expr: Expr, scale: Option<ShownScale>, data_type: &DataType) -> Expr {
    match scale.filter(|_| types::decimal(data_type).is_some()) {
        Some(scale) => ScalarUDF::from(Shown { scale, signature: Signature::any(1, Volatility::Immutable) }).call(vec![expr]),
        None => expr,
    }
}

/// Its argument, of a field that says how it is shown.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Shown {
    scale: ShownScale,
    signature: Signature,
}

impl ScalarUDFImpl for Shown {
    fn name(&self) -> &str {
        "shown"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        arguments.first().cloned().ok_or_else(|| DataFusionError::Internal("nothing to show".to_owned()))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|f| f.data_type().clone()).collect();
        Ok(Arc::new(self.scale.mark(Field::new(self.name(), self.return_type(&types)?, true))))
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(arguments.first().map(ToString::to_string).unwrap_or_default())
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(arguments.first().map(|e| e.schema_name().to_string()).unwrap_or_default())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        args.args.into_iter().next().ok_or_else(|| DataFusionError::Internal("nothing to show".to_owned()))
    }
}
