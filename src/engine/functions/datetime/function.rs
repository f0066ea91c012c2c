//! How a function over dates and times is written: overloads by PostgreSQL's types, of which one is chosen as PostgreSQL chooses, and a
//! loop over columns of exactly those types.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, StringArray, StringBuilder, make_array,
    new_null_array,
};
use arrow::datatypes::{DataType, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::Times;
use crate::engine::functions::native::outward;
use crate::error::{Error, Kind};
use crate::table::pg_time::Interval;
use crate::table::pg_type::PgType;

/// A type that an argument is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum T {
    Text,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Interval,
    Bool,
    /// Of 32 bits, for results.
    Int4,
    /// Whole numbers of any width.
    Int,
    Float,
}

impl T {
    /// The type of an Arrow type; `None` for those that no function here takes. A null may be any.
    pub fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Time32(_) | DataType::Time64(_) => Self::Time,
            DataType::Timestamp(_, None) => Self::Timestamp,
            DataType::Timestamp(_, Some(_)) => Self::Timestamptz,
            DataType::Interval(_) | DataType::Duration(_) => Self::Interval,
            DataType::Boolean => Self::Bool,
            t if t.is_integer() => Self::Int,
            t if t.is_floating() || t.is_decimal() => Self::Float,
            DataType::Dictionary(_, value) => Self::of(value)?,
            _ => return None,
        })
    }

    /// The Arrow type that columns of it have here.
    pub fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Timestamptz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
            Self::Bool => DataType::Boolean,
            Self::Int4 => DataType::Int32,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
        }
    }

    /// Whether values of it are dates, times or intervals.
    pub fn is_temporal(self) -> bool {
        matches!(self, Self::Date | Self::Time | Self::Timestamp | Self::Timestamptz | Self::Interval)
    }

    /// What it costs to read a value of this type as another: nothing for its own, less for the types that PostgreSQL prefers.
    fn cost(self, to: Self) -> Option<u32> {
        let preferred = if matches!(to, Self::Timestamptz | Self::Interval | Self::Float | Self::Text) { 10 } else { 11 };
        match (self, to) {
            (a, b) if a == b => Some(0),
            (Self::Int | Self::Int4, Self::Int | Self::Int4) => Some(1),
            (Self::Int | Self::Int4, Self::Float)
            | (Self::Date, Self::Timestamp | Self::Timestamptz)
            | (Self::Timestamp, Self::Timestamptz)
            | (Self::Time, Self::Interval)
            | (Self::Text, Self::Date | Self::Time | Self::Timestamp | Self::Timestamptz | Self::Interval | Self::Float) => {
                Some(preferred)
            }
            (Self::Text, Self::Int | Self::Bool) => Some(preferred),
            _ => None,
        }
    }
}

/// One of a function's forms.
pub struct Overload {
    pub takes: &'static [T],
    pub gives: T,
    pub body: Body,
}

/// What a form does: gives a column of its type from columns of its arguments' types.
pub type Body = fn(&Times, &Columns) -> Result<ArrayRef>;

/// The form for these types, as PostgreSQL's rules choose; `None` where there is none.
pub fn choose<'a>(overloads: &'a [Overload], types: &[Option<T>]) -> Option<&'a Overload> {
    let cost = |o: &Overload| {
        (o.takes.len() == types.len()).then_some(())?;
        // A null or an unknown parameter is whatever is asked for.
        types.iter().zip(o.takes).map(|(given, taken)| given.map_or(Some(0), |given| given.cost(*taken))).sum::<Option<u32>>()
    };
    overloads.iter().filter_map(|o| Some((cost(o)?, o))).min_by_key(|(cost, _)| *cost).map(|(_, o)| o)
}

/// A function of a session. Two are equal when their names are: a session has one function of a name.
#[derive(Clone)]
pub struct Function {
    name: &'static str,
    signature: Signature,
    overloads: &'static [Overload],
    times: Arc<Times>,
}

impl Function {
    pub fn new(name: &'static str, volatility: Volatility, overloads: &'static [Overload], times: &Arc<Times>) -> Self {
        let nullary = overloads.iter().all(|o| o.takes.is_empty());
        let signature = if nullary { Signature::nullary(volatility) } else { Signature::user_defined(volatility) };
        Self { name, signature, overloads, times: Arc::clone(times) }
    }

    pub fn udf(self) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::from(self))
    }

    fn chosen(&self, types: &[DataType]) -> Result<&'static Overload> {
        let known = |t: &DataType| if t.is_null() { Some(None) } else { T::of(t).map(Some) };
        let all: Option<Vec<Option<T>>> = types.iter().map(known).collect();
        all.and_then(|all| choose(self.overloads, &all)).ok_or_else(|| outward(no_function(self.name, types)))
    }
}

/// PostgreSQL's error of a function that does not exist for such types.
pub fn no_function(name: &str, types: &[DataType]) -> Error {
    let shown = |t: &DataType| if t.is_null() || t.is_string() { "unknown" } else { PgType::of(t).sql_name };
    let types: Vec<&str> = types.iter().map(shown).collect();
    Error::new(Kind::UndefinedFunction, format!("function {name}({}) does not exist", types.join(", ")))
        .with_hint("No function matches the given name and argument types. You might need to add explicit type casts.")
}

/// A call's arguments.
pub struct Columns {
    columns: Vec<(ArrayRef, bool)>,
    pub rows: usize,
}

/// One argument: a column, or one value for all rows.
#[derive(Clone, Copy)]
pub struct Column<'a, A> {
    array: &'a A,
    constant: bool,
}

impl<T: ArrowPrimitiveType> Column<'_, PrimitiveArray<T>> {
    #[inline]
    pub fn get(&self, row: usize) -> Option<T::Native> {
        let row = if self.constant { 0 } else { row };
        self.array.is_valid(row).then(|| self.array.value(row))
    }
}

impl<'a> Column<'a, StringArray> {
    #[inline]
    pub fn get(&self, row: usize) -> Option<&'a str> {
        let row = if self.constant { 0 } else { row };
        self.array.is_valid(row).then(|| self.array.value(row))
    }
}

impl Columns {
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    pub fn array(&self, i: usize) -> &ArrayRef {
        &self.columns[i].0
    }

    /// An argument as a column of its primitive type.
    pub fn of<T: ArrowPrimitiveType>(&self, i: usize) -> Column<'_, PrimitiveArray<T>> {
        let (array, constant) = &self.columns[i];
        Column { array: array.as_primitive::<T>(), constant: *constant }
    }

    pub fn text(&self, i: usize) -> Column<'_, StringArray> {
        let (array, constant) = &self.columns[i];
        Column { array: array.as_string::<i32>(), constant: *constant }
    }

    /// The value of an argument that is the same for all rows.
    pub fn constant_text(&self, i: usize) -> Option<&str> {
        let (array, constant) = &self.columns[i];
        (*constant && array.is_valid(0)).then(|| array.as_string::<i32>().value(0))
    }

    /// Gives a value for each row where the argument is not null.
    pub fn map<A: ArrowPrimitiveType, O: ArrowPrimitiveType>(
        &self,
        f: impl Fn(A::Native) -> crate::error::Result<O::Native>,
    ) -> Result<ArrayRef> {
        let column = self.of::<A>(0);
        self.rows::<O>(|row| column.get(row).map(&f).transpose())
    }

    /// The same of two arguments.
    pub fn map2<A: ArrowPrimitiveType, B: ArrowPrimitiveType, O: ArrowPrimitiveType>(
        &self,
        f: impl Fn(A::Native, B::Native) -> crate::error::Result<O::Native>,
    ) -> Result<ArrayRef> {
        let (a, b) = (self.of::<A>(0), self.of::<B>(1));
        self.rows::<O>(|row| a.get(row).zip(b.get(row)).map(|(a, b)| f(a, b)).transpose())
    }

    /// Gives a value for each row.
    pub fn rows<O: ArrowPrimitiveType>(
        &self,
        f: impl FnMut(usize) -> crate::error::Result<Option<O::Native>>,
    ) -> Result<ArrayRef> {
        let values = (0..self.rows).map(f).collect::<crate::error::Result<PrimitiveArray<O>>>();
        Ok(Arc::new(values.map_err(outward)?))
    }

    /// Gives an interval for each row.
    pub fn intervals(&self, f: impl Fn(usize) -> crate::error::Result<Option<Interval>>) -> Result<ArrayRef> {
        self.rows::<IntervalMonthDayNanoType>(|row| f(row)?.map(Interval::to_arrow).transpose())
    }

    /// Gives a flag for each row.
    pub fn flags(&self, f: impl Fn(usize) -> Option<bool>) -> Result<ArrayRef> {
        Ok(Arc::new((0..self.rows).map(f).collect::<BooleanArray>()))
    }

    /// Gives a text for each row; `write` tells whether there is one.
    pub fn texts(&self, mut write: impl FnMut(usize, &mut String) -> crate::error::Result<bool>) -> Result<ArrayRef> {
        let mut texts = StringBuilder::with_capacity(self.rows, self.rows * 16);
        let mut text = String::new();
        for row in 0..self.rows {
            text.clear();
            if write(row, &mut text).map_err(outward)? { texts.append_value(&text) } else { texts.append_null() }
        }
        Ok(Arc::new(texts.finish()))
    }
}

/// Runs a form over a call's arguments, which have its types.
pub fn invoke(overload: &Overload, times: &Times, args: &ScalarFunctionArgs, volatile: bool) -> Result<ColumnarValue> {
    let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
    let rows = if constant && !(volatile && args.args.is_empty()) { 1 } else { args.number_rows };
    let column = |value: &ColumnarValue| -> Result<(ArrayRef, bool)> {
        Ok(match value {
            ColumnarValue::Array(array) => (Arc::clone(array), false),
            ColumnarValue::Scalar(scalar) => (scalar.to_array_of_size(1)?, true),
        })
    };
    let columns = args.args.iter().map(column).collect::<Result<Vec<_>>>()?;
    let wanted = args.return_field.data_type();
    for ((array, _), taken) in columns.iter().zip(overload.takes) {
        if T::of(array.data_type()).is_none_or(|t| t != *taken && !(t == T::Int && *taken == T::Int4)) {
            return Err(DataFusionError::Internal(format!("an argument of type {}", array.data_type())));
        }
    }
    let answer = (overload.body)(times, &Columns { columns, rows })?;
    let answer = typed(answer, wanted)?;
    if constant && rows == 1 && answer.len() == 1 {
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answer, 0)?));
    }
    Ok(ColumnarValue::Array(answer))
}

/// The same values with a type of the same layout, such as moments with their zone's name.
fn typed(array: ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    if array.data_type() == wanted {
        return Ok(array);
    }
    if array.data_type().is_null() {
        return Ok(new_null_array(wanted, array.len()));
    }
    let same_layout =
        array.data_type().primitive_width().is_some() && array.data_type().primitive_width() == wanted.primitive_width();
    if !same_layout {
        return Ok(arrow::compute::cast(&array, wanted)?);
    }
    Ok(make_array(array.to_data().into_builder().data_type(wanted.clone()).build()?))
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Function").field(&self.name).finish()
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(self.chosen(types)?.takes.iter().map(|t| t.arrow()).collect())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(self.chosen(types)?.gives.arrow())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let types: Vec<DataType> = args.args.iter().map(ColumnarValue::data_type).collect();
        invoke(self.chosen(&types)?, &self.times, &args, self.signature.volatility == Volatility::Volatile)
    }

    fn preimage(
        &self,
        args: &[datafusion::logical_expr::Expr],
        literal: &datafusion::logical_expr::Expr,
        info: &datafusion::logical_expr::simplify::SimplifyContext,
    ) -> Result<datafusion::logical_expr::preimage::PreimageResult> {
        super::preimage::of(self.name, args, literal, info, &self.times)
    }
}
