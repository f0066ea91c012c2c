//! DataFusion's functions whose result is as large as a number says, refused before it fills memory that no pool counts: each works
//! without a pause, so that neither a cancel nor a timeout would reach it. The functions themselves are DataFusion's.

use std::hash::{Hash, Hasher};

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use crate::engine::wrapped;
use crate::error::{Error, Kind};

/// The largest result for one batch of rows, in bytes.
const MAX_BYTES: u128 = 64 << 20;

/// Of one value of an array, about.
const ELEMENT_BYTES: u128 = 8;

/// The bytes that a row's result takes, of the row's arguments; none of them is NULL.
type Size = fn(&[Argument], usize) -> Option<u128>;

const FUNCTIONS: [(&str, Size); 6] = [
    ("repeat", repeated),
    ("replace", replaced),
    ("range", counted),
    ("generate_series", counted),
    ("array_repeat", elements),
    ("array_resize", elements),
];

/// The error of a function whose result for one batch of rows would be too large.
pub fn check(name: &str, bytes: u128) -> Result<()> {
    if bytes <= MAX_BYTES {
        return Ok(());
    }
    let message = format!("the result of {name}() would have more than {MAX_BYTES} bytes");
    let error = Error::new(Kind::TooComplex, message).with_hint("Ask for less of it, or for fewer rows at a time.");
    Err(DataFusionError::External(Box::new(error)))
}

/// Puts a bound on each of them, where the registry has it.
pub fn bound(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for (name, size) in FUNCTIONS {
        let bounded = wrapped::scalar(registry.udf(name)?, Bounded(size));
        registry.register_udf(bounded)?;
    }
    Ok(())
}

/// Looks at a function's arguments before it runs. The function's name says how, so that two are equal when their functions are.
#[derive(Clone, Debug)]
struct Bounded(Size);

impl PartialEq for Bounded {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Bounded {}

impl Hash for Bounded {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl wrapped::Scalar for Bounded {
    fn invoke(&self, of: &ScalarUDF, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = arguments.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let rows = if constant { 1 } else { arguments.number_rows };
        let read = arrays.iter().map(Argument::of).collect::<Result<Vec<_>>>()?;
        let mut bytes = 0;
        for row in (0..rows).filter(|row| arrays.iter().all(|a| *row < a.len() && a.is_valid(*row))) {
            bytes += (self.0)(&read, row).unwrap_or(0);
            check(of.name(), bytes)?;
        }
        of.invoke_with_args(arguments)
    }
}

/// An argument's values, read once for all rows.
enum Argument {
    Number(Int64Array),
    Text(StringViewArray),
    Other,
}

impl Argument {
    fn of(array: &ArrayRef) -> Result<Self> {
        Ok(match array.data_type() {
            t if t.is_integer() => Self::Number(cast(array, &DataType::Int64)?.as_primitive::<Int64Type>().clone()),
            t if t.is_string() => Self::Text(cast(array, &DataType::Utf8View)?.as_string_view().clone()),
            _ => Self::Other,
        })
    }

    fn signed(&self, row: usize) -> Option<i128> {
        match self {
            Self::Number(numbers) => Some(i128::from(numbers.value(row))),
            Self::Text(_) | Self::Other => None,
        }
    }

    /// A number that is not below zero.
    fn number(&self, row: usize) -> Option<u128> {
        self.signed(row).and_then(|n| u128::try_from(n).ok())
    }

    fn text(&self, row: usize) -> Option<&str> {
        match self {
            Self::Text(texts) => Some(texts.value(row)),
            Self::Number(_) | Self::Other => None,
        }
    }
}

/// `repeat(text, times)`.
fn repeated(arguments: &[Argument], row: usize) -> Option<u128> {
    let [text, times] = arguments else { return None };
    Some(text.text(row)?.len() as u128 * times.number(row)?)
}

/// `replace(text, what, with)`.
fn replaced(arguments: &[Argument], row: usize) -> Option<u128> {
    let [text, what, with] = arguments else { return None };
    let (text, what, with) = (text.text(row)?, what.text(row)?, with.text(row)?);
    // What can't be much needs no counting.
    if with.len() <= 16 || what.is_empty() {
        return Some(text.len() as u128);
    }
    Some(text.len() as u128 + text.matches(what).count() as u128 * with.len() as u128)
}

/// `range(stop)`, `range(start, stop)`, `range(start, stop, step)` of whole numbers; those of dates are bounded by the calendar.
fn counted(arguments: &[Argument], row: usize) -> Option<u128> {
    let all: Vec<i128> = arguments.iter().map(|a| a.signed(row)).collect::<Option<_>>()?;
    let (start, stop, step) = match all.as_slice() {
        [stop] => (0, *stop, 1),
        [start, stop] => (*start, *stop, 1),
        [start, stop, step] => (*start, *stop, *step),
        _ => return None,
    };
    // A step of zero is the function's own error.
    let count = (stop - start).checked_div(step).filter(|count| *count > 0)?;
    Some(count.unsigned_abs() * ELEMENT_BYTES)
}

/// `array_repeat(value, times)`, `array_resize(array, length, ..)`.
fn elements(arguments: &[Argument], row: usize) -> Option<u128> {
    Some(arguments.get(1)?.number(row)? * ELEMENT_BYTES)
}
