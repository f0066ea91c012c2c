//! Sums and averages of intervals, beside DataFusion's of numbers, which are left as they are.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, SetMonotonicity, Signature, Volatility,
};

use crate::engine::functions::function::outward;
use crate::engine::wrapped::{self, AsItIs};
use crate::table::pg_time::Interval;

/// Puts them in place of the registered ones, for all arguments but intervals to go on to these.
pub fn register(state: &mut SessionState) -> Result<()> {
    for name in ["sum", "avg"] {
        let inner = state.udaf(name)?;
        let of = OfIntervals { inner, signature: Signature::user_defined(Volatility::Immutable), mean: name == "avg" };
        state.register_udaf(Arc::new(AggregateUDF::from(of)))?;
    }
    Ok(())
}

/// `sum` or `avg`.
#[derive(Clone, Debug)]
struct OfIntervals {
    inner: Arc<AggregateUDF>,
    signature: Signature,
    mean: bool,
}

impl PartialEq for OfIntervals {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for OfIntervals {}

impl Hash for OfIntervals {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

fn interval() -> DataType {
    DataType::Interval(IntervalUnit::MonthDayNano)
}

fn of_interval(types: &[DataType]) -> bool {
    matches!(types, [t] if matches!(t, DataType::Interval(_)))
}

fn fields_of_interval(fields: &[FieldRef]) -> bool {
    matches!(fields, [f] if matches!(f.data_type(), DataType::Interval(_)))
}

impl AggregateUDFImpl for OfIntervals {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        if of_interval(types) {
            return Ok(vec![interval()]);
        }
        let fields: Vec<FieldRef> = types.iter().map(|t| Arc::new(Field::new("", t.clone(), true))).collect();
        let coerced = datafusion::logical_expr::type_coercion::functions::fields_with_udf(&fields, self.inner.as_ref())?;
        Ok(coerced.iter().map(|f| f.data_type().clone()).collect())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        if of_interval(types) { Ok(interval()) } else { self.inner.return_type(types) }
    }

    /// The field's metadata says how a number is shown, which the type alone would lose.
    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        if fields_of_interval(fields) {
            return Ok(Arc::new(Field::new(self.name(), interval(), true)));
        }
        self.inner.return_field(fields)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if !matches!(args.return_field.data_type(), DataType::Interval(_)) {
            return self.inner.accumulator(args);
        }
        Ok(Box::new(Total { sum: Interval::default(), count: 0, mean: self.mean }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        if !fields_of_interval(args.input_fields) {
            return self.inner.state_fields(args);
        }
        let field = |name: &str, t: DataType| Arc::new(Field::new(format!("{}[{name}]", args.name), t, true));
        Ok(vec![field("sum", interval()), field("count", DataType::Int64)])
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        !matches!(args.return_field.data_type(), DataType::Interval(_)) && self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        self.inner.create_groups_accumulator(args)
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if matches!(args.return_field.data_type(), DataType::Interval(_)) {
            return self.accumulator(args);
        }
        self.inner.create_sliding_accumulator(args)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }
}

/// A sum with how many there were.
#[derive(Debug)]
struct Total {
    sum: Interval,
    count: i64,
    mean: bool,
}

impl Total {
    fn add(&mut self, span: Interval, sign: i64) -> Result<()> {
        let sum = if sign > 0 { self.sum.plus(span) } else { self.sum.minus(span) };
        self.sum = sum.map_err(outward)?;
        Ok(())
    }

    fn each(&mut self, values: &[ArrayRef], sign: i64) -> Result<()> {
        for span in values.iter().flat_map(|v| v.as_primitive::<IntervalMonthDayNanoType>().iter()).flatten() {
            self.add(span.into(), sign)?;
            self.count += sign;
        }
        Ok(())
    }
}

impl Accumulator for Total {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.each(values, 1)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.each(values, -1)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.count == 0 {
            return Ok(ScalarValue::IntervalMonthDayNano(None));
        }
        let value = if self.mean { self.sum.divided(self.count as f64) } else { Ok(self.sum) };
        let value = value.and_then(Interval::to_arrow).map_err(outward)?;
        Ok(ScalarValue::IntervalMonthDayNano(Some(value)))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let sum = self.sum.to_arrow().map_err(outward)?;
        Ok(vec![ScalarValue::IntervalMonthDayNano(Some(sum)), ScalarValue::Int64(Some(self.count))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [sums, counts] = states else { return Ok(()) };
        let (sums, counts) = (sums.as_primitive::<IntervalMonthDayNanoType>(), counts.as_primitive::<Int64Type>());
        for (sum, count) in sums.iter().zip(counts.iter()).filter_map(|(sum, count)| sum.zip(count)) {
            self.add(sum.into(), 1)?;
            self.count += count;
        }
        Ok(())
    }
}

/// `min` or `max` of intervals by their length, in place of DataFusion's, which compares months first.
pub fn extreme(name: &str) -> Option<Arc<AggregateUDF>> {
    let (name, largest) = match name {
        "min" => ("min", false),
        "max" => ("max", true),
        _ => return None,
    };
    let signature = Signature::exact(vec![interval()], Volatility::Immutable);
    Some(wrapped::aggregate(Arc::new(AggregateUDF::from(Extreme { name, largest, signature })), AsItIs))
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Extreme {
    name: &'static str,
    largest: bool,
    signature: Signature,
}

impl AggregateUDFImpl for Extreme {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(interval())
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Best { largest: self.largest, best: None }))
    }
}

/// The longest or shortest so far.
#[derive(Debug)]
struct Best {
    largest: bool,
    best: Option<Interval>,
}

impl Accumulator for Best {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for span in values.iter().flat_map(|v| v.as_primitive::<IntervalMonthDayNanoType>().iter()).flatten() {
            let span = Interval::from(span);
            let better = |best: &Interval| if self.largest { span.compare(*best).is_gt() } else { span.compare(*best).is_lt() };
            if self.best.as_ref().is_none_or(better) {
                self.best = Some(span);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let best = self.best.map(Interval::to_arrow).transpose().map_err(outward)?;
        Ok(ScalarValue::IntervalMonthDayNano(best))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }
}
