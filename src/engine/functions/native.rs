//! How a function of ours is written: a name, what it takes and gives, and a closure over its arguments. What the functions do
//! stands in the other files.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignature, Volatility};

use crate::error::Error;

type Body = dyn Fn(&Arguments) -> Result<ArrayRef> + Send + Sync;

/// A scalar function of ours. Two are equal when their names are: a session has one function of a name.
#[derive(Clone)]
pub(super) struct Native {
    name: &'static str,
    signature: Signature,
    returns: DataType,
    body: Arc<Body>,
}

/// A call's arguments as arrays of one length; none is longer than `rows`.
pub(super) struct Arguments {
    arrays: Vec<ArrayRef>,
    pub rows: usize,
}

impl Native {
    /// A function of any of these numbers of arguments, of any types, whose answer is the session's or the catalog's and holds
    /// for the statement.
    pub fn stable(
        name: &'static str,
        arguments: &[usize],
        returns: DataType,
        body: impl Fn(&Arguments) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, arguments, returns, Volatility::Stable, body)
    }

    /// The same for a function that only depends on its arguments.
    pub fn pure(
        name: &'static str,
        arguments: &[usize],
        returns: DataType,
        body: impl Fn(&Arguments) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, arguments, returns, Volatility::Immutable, body)
    }

    /// The same for a function that does something.
    pub fn acting(
        name: &'static str,
        arguments: &[usize],
        returns: DataType,
        body: impl Fn(&Arguments) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, arguments, returns, Volatility::Volatile, body)
    }

    fn new(
        name: &'static str,
        arguments: &[usize],
        returns: DataType,
        volatility: Volatility,
        body: impl Fn(&Arguments) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Self {
        let kinds = arguments.iter().map(|n| if *n == 0 { TypeSignature::Nullary } else { TypeSignature::Any(*n) });
        Self { name, signature: Signature::one_of(kinds.collect(), volatility), returns, body: Arc::new(body) }
    }
}

impl Arguments {
    /// The arguments of a test's call.
    #[cfg(test)]
    pub fn of(arrays: Vec<ArrayRef>) -> Self {
        let rows = arrays.first().map_or(1, |a| a.len());
        Self { arrays, rows }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.arrays.len()
    }

    /// An argument as it came.
    pub fn array(&self, i: usize) -> &ArrayRef {
        &self.arrays[i]
    }

    /// An argument as text.
    pub fn texts(&self, i: usize) -> Result<StringArray> {
        Ok(cast(&self.arrays[i], &DataType::Utf8)?.as_string::<i32>().clone())
    }

    /// An argument as whole numbers; text that is no number is null.
    pub fn numbers(&self, i: usize) -> Result<Vec<Option<i64>>> {
        Ok(cast(&self.arrays[i], &DataType::Int64)?.as_primitive::<Int64Type>().iter().collect())
    }

    /// An argument as booleans.
    pub fn booleans(&self, i: usize) -> Result<BooleanArray> {
        Ok(cast(&self.arrays[i], &DataType::Boolean)?.as_boolean().clone())
    }

    /// Gives a text for each row from the numbers of argument `i`; null where that is null.
    pub fn map_numbers(&self, i: usize, f: impl Fn(i64) -> Option<String>) -> Result<ArrayRef> {
        Ok(Arc::new(self.numbers(i)?.into_iter().map(|n| n.and_then(&f)).collect::<StringArray>()))
    }

    /// The same text for each row.
    pub fn same_text(&self, text: Option<&str>) -> Result<ArrayRef> {
        Ok(Arc::new(std::iter::repeat_n(text, self.rows).collect::<StringArray>()))
    }

    /// The same flag for each row.
    pub fn same_flag(&self, flag: bool) -> Result<ArrayRef> {
        Ok(Arc::new(BooleanArray::from(vec![flag; self.rows])))
    }
}

/// An error of ours on its way through DataFusion.
pub(super) fn outward(e: Error) -> DataFusionError {
    DataFusionError::External(Box::new(e))
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Native").field(&self.name).finish()
    }
}

impl PartialEq for Native {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Native {}

impl Hash for Native {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Native {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let arrays = args.args.iter().map(|a| a.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let answer = (self.body)(&Arguments { arrays, rows })?;
        if constant && self.signature.volatility != Volatility::Volatile {
            return Ok(ColumnarValue::Scalar(datafusion::common::ScalarValue::try_from_array(&answer, 0)?));
        }
        if answer.len() == args.number_rows {
            return Ok(ColumnarValue::Array(answer));
        }
        Ok(ColumnarValue::Scalar(datafusion::common::ScalarValue::try_from_array(&answer, 0)?))
    }
}
