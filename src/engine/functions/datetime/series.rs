//! `generate_series` of moments: in `FROM` as batches that are made when they are asked for, elsewhere as an array of bounded size. Series
//! of numbers stay DataFusion's.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, ListArray, TimestampMicrosecondArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, IntervalMonthDayNanoType, Schema, SchemaRef, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::catalog::{TableFunction, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::session_state::SessionState;
use datafusion::execution::{FunctionRegistry, SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlanBuilder, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;

use crate::engine::functions::function::{SessionValues, Type as T, outward};
use crate::error::{Error, Kind};
use crate::table::pg_time::calendar::{is_finite, midnight};
use crate::table::pg_time::{Interval, Range, Zone, read_interval};

const NAME: &str = "generate_series";

/// The most moments that an array may have.
const MAX_VALUES: usize = 8 << 20;

/// Puts them in place of the registered ones, for all arguments but moments to go on to these.
pub fn register(state: &mut SessionState) -> Result<()> {
    if let Some(inner) = state.table_functions().get(NAME).cloned() {
        state.register_udtf(NAME, Arc::new(OfTable { inner }));
    }
    let inner = state.udf(NAME)?;
    let of = OfArray { inner, signature: Signature::user_defined(Volatility::Immutable) };
    state.register_udf(Arc::new(ScalarUDF::from(of)))?;
    Ok(())
}

/// A series.
#[derive(Clone, Debug)]
struct Steps {
    next: i64,
    end: i64,
    step: Interval,
    /// Where its clocks are, for moments.
    zone: Option<Zone>,
    done: bool,
}

impl Steps {
    /// [`Kind::InvalidParameter`] for a step that leads nowhere.
    fn new(start: i64, end: i64, step: Interval, zone: Option<Zone>) -> Result<Self, Error> {
        if step.span() == 0 {
            return Err(no_step());
        }
        Ok(Self { next: start, end, step, zone, done: false })
    }

    fn take(&mut self) -> Result<Option<i64>, Error> {
        let past = if self.step.span() > 0 { self.next > self.end } else { self.next < self.end };
        if self.done || past {
            return Ok(None);
        }
        let value = self.next;
        if is_finite(value) {
            self.next = self.zone.map_or_else(|| self.step.after(value), |zone| self.step.after_in(value, zone))?;
        } else {
            // Infinity plus a step is infinity.
            return Err(Error::new(Kind::DatetimeOverflow, "timestamp out of range"));
        }
        Ok(Some(value))
    }
}

/// The function in `FROM`.
struct OfTable {
    inner: Arc<TableFunction>,
}

impl fmt::Debug for OfTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
    }
}

impl TableFunctionImpl for OfTable {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let literals: Option<Vec<&ScalarValue>> =
            args.exprs().iter().map(|e| if let Expr::Literal(value, _) = e { Some(value) } else { None }).collect();
        let types = literals.iter().flatten().map(|v| v.data_type()).collect::<Vec<_>>();
        let numbers = || {
            let wide: Vec<Expr> = args.exprs().iter().map(widened).collect();
            self.inner.create_table_provider_with_args(TableFunctionArgs::new(&wide, args.session()))
        };
        let Some(t) = moments(&types) else {
            if literals.as_deref().and_then(|all| all.get(2)).is_some_and(|step| is_zero(step)) {
                return Err(outward(no_step()));
            }
            let is_known = types.len() == args.exprs().len();
            return if is_known && are_integers(&types) { as_integers(numbers()?) } else { numbers() };
        };
        let Some([start, end, step]) = literals.as_deref() else { return numbers() };
        let Some(session) = SessionValues::of(args.session().config_options()).cloned() else { return numbers() };
        let schema = Arc::new(Schema::new(vec![Field::new("value", arrow(t), true)]));
        let read = (read_moment(&session, start, t)?, read_moment(&session, end, t)?, interval(&session, step)?);
        let steps = match read {
            (Some(start), Some(end), Some(step)) => {
                Some(Steps::new(start, end, step, (t == T::Timestamptz).then(|| session.zone())).map_err(outward)?)
            }
            _ => None,
        };
        Ok(Arc::new(StreamingTable::try_new(Arc::clone(&schema), vec![Arc::new(Series { schema, steps })])?))
    }
}

fn no_step() -> Error {
    Error::new(Kind::InvalidParameter, "step size cannot equal zero")
}

fn is_zero(step: &ScalarValue) -> bool {
    matches!(step, ScalarValue::Int16(Some(0)) | ScalarValue::Int32(Some(0)) | ScalarValue::Int64(Some(0)))
}

/// A whole number as `bigint`, of which DataFusion's series are, and NULL of no type.
fn widened(argument: &Expr) -> Expr {
    match argument {
        Expr::Literal(value, metadata) if value.is_null() => Expr::Literal(ScalarValue::Null, metadata.clone()),
        Expr::Literal(whole @ (ScalarValue::Int16(_) | ScalarValue::Int32(_)), metadata) => {
            Expr::Literal(whole.cast_to(&DataType::Int64).unwrap_or(ScalarValue::Int64(None)), metadata.clone())
        }
        other => other.clone(),
    }
}

/// The series as `integer`, which PostgreSQL gives where all arguments are: DataFusion's are of `bigint`.
fn as_integers(series: Arc<dyn TableProvider>) -> Result<Arc<dyn TableProvider>> {
    let scan = LogicalPlanBuilder::scan(NAME, provider_as_source(series), None)?;
    let values: Vec<Expr> = scan
        .schema()
        .columns()
        .into_iter()
        .map(|column| {
            let name = column.name.clone();
            datafusion::logical_expr::cast(Expr::Column(column), DataType::Int32).alias(name)
        })
        .collect();
    Ok(Arc::new(ViewTable::new(scan.project(values)?.build()?, None)))
}

fn are_integers(types: &[DataType]) -> bool {
    !types.is_empty() && types.iter().all(|t| matches!(t, DataType::Int16 | DataType::Int32))
}

fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(item, true)))
}

fn arrow(t: T) -> DataType {
    t.of_temporal().unwrap_or(DataType::Null)
}

/// What the series is of: moments where an argument is one, or a date.
fn moments(types: &[DataType]) -> Option<T> {
    let [start, end, step] = types else { return None };
    let kinds = [T::of(start), T::of(end)];
    let spans = matches!(T::of(step), Some(T::Interval | T::Text)) || step.is_null();
    if !spans || !kinds.iter().flatten().any(|t| t.of_temporal().is_some()) {
        return None;
    }
    Some(if kinds.contains(&Some(T::Timestamptz)) || kinds.contains(&Some(T::Date)) { T::Timestamptz } else { T::Timestamp })
}

/// The moment of a constant.
fn read_moment(session: &SessionValues, value: &ScalarValue, t: T) -> Result<Option<i64>> {
    let (reader, zone) = (session.reader(), session.zone());
    let zoned = t == T::Timestamptz;
    if value.is_null() {
        return Ok(None);
    }
    if let Some(text) = value.try_as_str().flatten() {
        let read = if zoned { reader.timestamptz(text) } else { reader.timestamp(text) };
        return read.map(Some).map_err(outward);
    }
    let local = |at: i64| if zoned && is_finite(at) { zone.moment(at) } else { at };
    if let ScalarValue::Date32(Some(days)) = value {
        let start = midnight(*days).ok_or_else(|| outward(crate::table::pg_time::out_of_range("timestamp")))?;
        return Ok(Some(local(start)));
    }
    let is_local = T::of(&value.data_type()) == Some(T::Timestamp);
    let array = cast(&value.to_array()?, &arrow(T::Timestamp))?;
    let at = array.as_primitive::<TimestampMicrosecondType>().value(0);
    Ok(Some(if is_local { local(at) } else { at }))
}

/// The step of a constant.
fn interval(session: &SessionValues, value: &ScalarValue) -> Result<Option<Interval>> {
    if value.is_null() {
        return Ok(None);
    }
    if let Some(text) = value.try_as_str().flatten() {
        return read_interval(text, Range::FULL, session.style().reads_sql_intervals()).map(Some).map_err(outward);
    }
    let array = cast(&value.to_array()?, &arrow(T::Interval))?;
    Ok(Some(array.as_primitive::<IntervalMonthDayNanoType>().value(0).into()))
}

/// A series as batches of one column; none where an argument was null.
#[derive(Debug)]
struct Series {
    schema: SchemaRef,
    steps: Option<Steps>,
}

impl PartitionStream for Series {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (schema, rows) = (Arc::clone(&self.schema), context.session_config().batch_size());
        let batches = futures::stream::iter(self.steps.clone().into_iter().flat_map(move |mut steps| {
            let schema = Arc::clone(&schema);
            std::iter::from_fn(move || batch(&mut steps, &schema, rows).transpose())
        }));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}

/// The next batch of a series; an error ends it.
fn batch(steps: &mut Steps, schema: &SchemaRef, rows: usize) -> Result<Option<RecordBatch>> {
    let mut values = Vec::with_capacity(rows);
    while values.len() < rows {
        match steps.take() {
            Ok(Some(value)) => values.push(value),
            Ok(None) => break,
            Err(e) => {
                steps.done = true;
                return Err(outward(e));
            }
        }
    }
    if values.is_empty() {
        return Ok(None);
    }
    let zone = match schema.field(0).data_type() {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    };
    let array: ArrayRef = Arc::new(TimestampMicrosecondArray::from(values).with_timezone_opt(zone));
    Ok(Some(RecordBatch::try_new(Arc::clone(schema), vec![array])?))
}

/// The function in an expression, whose rows the dialect unnests.
#[derive(Clone)]
struct OfArray {
    inner: Arc<ScalarUDF>,
    signature: Signature,
}

impl fmt::Debug for OfArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
    }
}

impl PartialEq for OfArray {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for OfArray {}

impl Hash for OfArray {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl OfArray {
    /// DataFusion's series, of `integer` where all arguments are.
    fn of_numbers(&self, mut args: ScalarFunctionArgs, types: &[DataType]) -> Result<ColumnarValue> {
        if !are_integers(types) {
            return self.inner.invoke_with_args(args);
        }
        args.args = args.args.iter().map(|a| a.cast_to(&DataType::Int64, None)).collect::<Result<_>>()?;
        args.arg_fields = args.arg_fields.iter().map(|f| Arc::new(Field::new(f.name(), DataType::Int64, true))).collect();
        args.return_field = Arc::new(Field::new(NAME, list_of(DataType::Int64), true));
        self.inner.invoke_with_args(args)?.cast_to(&list_of(DataType::Int32), None)
    }
}

impl ScalarUDFImpl for OfArray {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        if let Some(t) = moments(types) {
            return Ok(vec![arrow(t), arrow(t), arrow(T::Interval)]);
        }
        if are_integers(types) {
            return Ok(vec![DataType::Int32; types.len()]);
        }
        let fields: Vec<FieldRef> = types.iter().map(|t| Arc::new(Field::new("", t.clone(), true))).collect();
        Ok(fields_with_udf(&fields, self.inner.as_ref())?.iter().map(|f| f.data_type().clone()).collect())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match moments(types) {
            Some(t) => Ok(list_of(arrow(t))),
            None if are_integers(types) => Ok(list_of(DataType::Int32)),
            None => self.inner.return_type(types),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|f| f.data_type().clone()).collect();
        match moments(&types) {
            Some(_) => Ok(Arc::new(Field::new(NAME, self.return_type(&types)?, true))),
            None if are_integers(&types) => Ok(Arc::new(Field::new(NAME, list_of(DataType::Int32), true))),
            None => self.inner.return_field_from_args(args),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let types: Vec<DataType> = args.args.iter().map(ColumnarValue::data_type).collect();
        let Some(t) = moments(&types) else { return self.of_numbers(args, &types) };
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [starts, ends, steps] = arrays.as_slice() else {
            return Err(DataFusionError::Internal("a series of three".to_owned()));
        };
        let (starts, ends) = (starts.as_primitive::<TimestampMicrosecondType>(), ends.as_primitive::<TimestampMicrosecondType>());
        let session = SessionValues::of(&args.config_options);
        let zone = (t == T::Timestamptz).then(|| session.map_or(Zone::Utc, SessionValues::zone));
        let (mut values, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
        for ((start, end), step) in starts.iter().zip(ends.iter()).zip(steps.as_primitive::<IntervalMonthDayNanoType>().iter()) {
            let before = values.len();
            let known = (start, end, step);
            if let (Some(start), Some(end), Some(step)) = known {
                let mut series = Steps::new(start, end, step.into(), zone).map_err(outward)?;
                while let Some(value) = series.take().map_err(outward)? {
                    values.push(value);
                    if values.len() > MAX_VALUES {
                        let e = Error::new(
                            Kind::TooComplex,
                            format!("the result of {NAME}() would have more than {MAX_VALUES} values"),
                        );
                        return Err(outward(e.with_hint("Call it in FROM, where it is made as it is read.")));
                    }
                }
            }
            lengths.push(values.len() - before);
            valid.push(matches!(known, (Some(_), Some(_), Some(_))));
        }
        let DataType::Timestamp(_, name) = arrow(t) else {
            return Err(DataFusionError::Internal("a series of moments".to_owned()));
        };
        let items: ArrayRef = Arc::new(TimestampMicrosecondArray::from(values).with_timezone_opt(name));
        let field = Arc::new(Field::new_list_field(arrow(t), true));
        let list = ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), items, Some(NullBuffer::from(valid)))?;
        if args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_))) {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&list, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::new(list)))
    }
}
