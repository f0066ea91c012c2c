//! PostgreSQL's functions of numbers. Each is for whole numbers, decimals or floats as its arguments are: what a name takes and gives stands here,
//! how it is computed in the files below.

mod decimals;
mod floats;
mod powers;
mod special;
mod transcendental;
mod whole;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::types;
use crate::error::{Error, Kind};
use crate::table::pg_type::PgType;

/// Puts these in place of DataFusion's of the same names.
pub fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for family in [floats::FUNCTIONS, decimals::FUNCTIONS, whole::FUNCTIONS, special::FUNCTIONS] {
        for function in family {
            registry.register_udf(Arc::new(ScalarUDF::from(Math::of(function))))?;
        }
    }
    Ok(())
}

/// A function: its names, the types that its arguments are brought to, what it gives, and how.
pub struct Function {
    name: &'static str,
    /// The arguments' types of a call; `None` where there is no such function.
    takes: fn(&[DataType]) -> Option<Vec<DataType>>,
    /// The result's field, given the arguments' and which of them are constants.
    gives: fn(&[FieldRef], &[Option<&ScalarValue>]) -> Option<Field>,
    body: fn(&Call) -> Result<ArrayRef>,
}

/// The arguments of a call, arrays of one length, and the field that is asked for.
pub struct Call {
    arrays: Vec<ArrayRef>,
    fields: Vec<FieldRef>,
    result: FieldRef,
}

impl Call {
    fn argument(&self, i: usize) -> Result<&ArrayRef> {
        self.arrays.get(i).ok_or_else(|| DataFusionError::Internal("a function without its arguments".to_owned()))
    }
}

#[derive(Clone)]
struct Math {
    function: &'static Function,
    signature: Signature,
}

impl Math {
    fn of(function: &'static Function) -> Self {
        Self { function, signature: Signature::user_defined(Volatility::Immutable) }
    }

    fn missing(&self, types: &[DataType]) -> DataFusionError {
        let types: Vec<&str> = types.iter().map(|t| PgType::of(t).sql_name).collect();
        types::outward(
            Error::new(Kind::UndefinedFunction, format!("function {}({}) does not exist", self.function.name, types.join(", ")))
                .with_hint("No function matches the given name and argument types. You might need to add explicit type casts."),
        )
    }
}

impl std::fmt::Debug for Math {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Math").field(&self.function.name).finish()
    }
}

impl PartialEq for Math {
    fn eq(&self, other: &Self) -> bool {
        self.function.name == other.function.name
    }
}

impl Eq for Math {}

impl Hash for Math {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
    }
}

impl ScalarUDFImpl for Math {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        (self.function.takes)(arguments).ok_or_else(|| self.missing(arguments))
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let fields: Vec<FieldRef> = arguments.iter().map(|t| Arc::new(Field::new("", t.clone(), true))).collect();
        let constants = vec![None; fields.len()];
        let field = (self.function.gives)(&fields, &constants).ok_or_else(|| self.missing(arguments))?;
        Ok(field.data_type().clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|f| f.data_type().clone()).collect();
        let coerced = self.coerce_types(&types)?;
        let fields: Vec<FieldRef> =
            args.arg_fields.iter().zip(coerced).map(|(f, t)| Arc::new(f.as_ref().clone().with_data_type(t))).collect();
        let field = (self.function.gives)(&fields, args.scalar_arguments).ok_or_else(|| self.missing(&types))?;
        Ok(Arc::new(field))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let arrays = args.args.iter().map(|a| a.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let done = (self.function.body)(&Call { arrays, fields: args.arg_fields, result: args.return_field })?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&done, 0)?));
        }
        Ok(ColumnarValue::Array(done))
    }
}

/// The type of an argument that is a number, or nothing in particular yet: PostgreSQL prefers `double precision` for those.
fn number(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Null | DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => Some(DataType::Float64),
        other => types::plain(other),
    }
}

/// So many floats.
fn floats<const N: usize>(arguments: &[DataType]) -> Option<Vec<DataType>> {
    let found: Option<Vec<DataType>> = arguments.iter().map(number).collect();
    (found?.len() == N).then(|| vec![DataType::Float64; N])
}

/// So many decimals when one is a decimal and the others are no floats, else so many floats.
fn decimals_or_floats<const N: usize>(arguments: &[DataType]) -> Option<Vec<DataType>> {
    let found: Vec<DataType> = arguments.iter().map(number).collect::<Option<_>>()?;
    if found.len() != N {
        return None;
    }
    if found.iter().any(|t| types::decimal(t).is_some()) && !found.iter().any(DataType::is_floating) {
        return found.iter().map(types::as_decimal).collect();
    }
    Some(vec![DataType::Float64; N])
}

/// So many decimals, but never floats.
fn decimals<const N: usize>(arguments: &[DataType]) -> Option<Vec<DataType>> {
    (arguments.len() == N).then(|| arguments.iter().map(|t| types::as_decimal(&types::plain(t)?)).collect())?
}

/// So many whole numbers of one type, or decimals.
fn whole_or_decimals<const N: usize>(arguments: &[DataType]) -> Option<Vec<DataType>> {
    let found: Vec<DataType> = arguments.iter().map(types::plain).collect::<Option<_>>()?;
    if found.len() != N {
        return None;
    }
    let common = found.iter().skip(1).try_fold(found.first()?.clone(), |a, b| types::for_operator(&a, b))?;
    match common {
        DataType::Float32 | DataType::Float64 => None,
        DataType::Decimal128(..) | DataType::Decimal256(..) => found.iter().map(types::as_decimal).collect(),
        whole => Some(vec![whole; N]),
    }
}

/// A float.
fn float(_: &[FieldRef], _: &[Option<&ScalarValue>]) -> Option<Field> {
    Some(Field::new("", DataType::Float64, true))
}
