//! Statistics of pairs of floats, as PostgreSQL computes them (`float8_regr_accum`, after Youngs and Cramer).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{Result, ScalarValue, internal_err, not_impl_err};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature};

use crate::engine::numeric::operators;
use crate::engine::wrapped::{self, AsItIs};

/// Puts these in place of DataFusion's.
pub fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for (name, gives) in PAIRS {
        let signature = registry.udaf(name)?.signature().clone();
        let pairs = AggregateUDF::from(Pairs { name, gives, signature });
        registry.register_udaf(wrapped::aggregate(Arc::new(pairs), AsItIs))?;
    }
    Ok(())
}

/// What is made of the totals of pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Gives {
    Correlation,
    PopulationCovariance,
    SampleCovariance,
    MeanX,
    MeanY,
    Count,
    Intercept,
    Slope,
    /// The square of the correlation.
    Determination,
    SquaresX,
    SquaresY,
    Products,
}

/// The aggregates of `(y, x)`.
const PAIRS: [(&str, Gives); 12] = [
    ("corr", Gives::Correlation),
    ("covar_pop", Gives::PopulationCovariance),
    ("covar_samp", Gives::SampleCovariance),
    ("regr_avgx", Gives::MeanX),
    ("regr_avgy", Gives::MeanY),
    ("regr_count", Gives::Count),
    ("regr_intercept", Gives::Intercept),
    ("regr_r2", Gives::Determination),
    ("regr_slope", Gives::Slope),
    ("regr_sxx", Gives::SquaresX),
    ("regr_sxy", Gives::Products),
    ("regr_syy", Gives::SquaresY),
];

#[derive(Debug, PartialEq, Eq, Hash)]
struct Pairs {
    name: &'static str,
    gives: Gives,
    signature: Signature,
}

impl AggregateUDFImpl for Pairs {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(if self.gives == Gives::Count { DataType::Int64 } else { DataType::Float64 })
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return not_impl_err!("{}(DISTINCT ..) is not supported", self.name);
        }
        Ok(Box::new(OfPairs { gives: self.gives, totals: Totals::default() }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let field = |part: &str| Arc::new(Field::new(format!("{}[{part}]", args.name), DataType::Float64, true));
        Ok(["count", "x", "xx", "y", "yy", "xy"].into_iter().map(field).collect())
    }

    fn default_value(&self, _: &DataType) -> Result<ScalarValue> {
        Ok(if self.gives == Gives::Count { ScalarValue::Int64(Some(0)) } else { ScalarValue::Float64(None) })
    }
}

/// Sums of pairs, and of the squares and products of what they differ from their means.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    count: f64,
    x: f64,
    xx: f64,
    y: f64,
    yy: f64,
    xy: f64,
}

impl Totals {
    fn add(&mut self, y: f64, x: f64) -> Result<()> {
        let before = *self;
        self.count += 1.0;
        self.x += x;
        self.y += y;
        if before.count > 0.0 {
            let (far_x, far_y) = (x * self.count - self.x, y * self.count - self.y);
            let scale = 1.0 / (self.count * before.count);
            self.xx += far_x * far_x * scale;
            self.yy += far_y * far_y * scale;
            self.xy += far_x * far_y * scale;
            let too_large = |sum: f64, was: f64, value: f64| sum.is_infinite() && was.is_finite() && value.is_finite();
            if too_large(self.x, before.x, x)
                || too_large(self.y, before.y, y)
                || too_large(self.xx, before.x, x)
                || too_large(self.yy, before.y, y)
                || (too_large(self.xy, before.x, x) && before.y.is_finite() && y.is_finite())
            {
                return Err(operators::overflow());
            }
            for sum in [&mut self.xx, &mut self.yy, &mut self.xy] {
                if sum.is_infinite() {
                    *sum = f64::NAN;
                }
            }
        } else {
            if !x.is_finite() {
                (self.xx, self.xy) = (f64::NAN, f64::NAN);
            }
            if !y.is_finite() {
                (self.yy, self.xy) = (f64::NAN, f64::NAN);
            }
        }
        Ok(())
    }

    /// Adds those of other pairs.
    fn merge(&mut self, other: &Self) {
        if other.count == 0.0 {
            return;
        }
        if self.count == 0.0 {
            *self = *other;
            return;
        }
        let count = self.count + other.count;
        let (far_x, far_y) = (self.x / self.count - other.x / other.count, self.y / self.count - other.y / other.count);
        let weight = self.count * other.count / count;
        *self = Self {
            count,
            x: self.x + other.x,
            xx: self.xx + other.xx + weight * far_x * far_x,
            y: self.y + other.y,
            yy: self.yy + other.yy + weight * far_y * far_y,
            xy: self.xy + other.xy + weight * far_x * far_y,
        };
    }

    fn result(&self, gives: Gives) -> Option<f64> {
        let Self { count, x, xx, y, yy, xy } = *self;
        if count < 1.0 {
            return None;
        }
        match gives {
            Gives::Count => Some(count),
            Gives::MeanX => Some(x / count),
            Gives::MeanY => Some(y / count),
            Gives::SquaresX => Some(xx),
            Gives::SquaresY => Some(yy),
            Gives::Products => Some(xy),
            Gives::PopulationCovariance => Some(xy / count),
            Gives::SampleCovariance => (count >= 2.0).then(|| xy / (count - 1.0)),
            Gives::Correlation => (xx != 0.0 && yy != 0.0).then(|| xy / (xx * yy).sqrt()),
            Gives::Determination if xx == 0.0 => None,
            Gives::Determination => Some(if yy == 0.0 { 1.0 } else { (xy * xy) / (xx * yy) }),
            Gives::Slope => (xx != 0.0).then(|| xy / xx),
            Gives::Intercept => (xx != 0.0).then(|| (y - x * xy / xx) / count),
        }
    }
}

#[derive(Debug)]
struct OfPairs {
    gives: Gives,
    totals: Totals,
}

impl Accumulator for OfPairs {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let [y, x] = arrays else { return internal_err!("pairs of {} values", arrays.len()) };
        let (y, x) = (cast(y, &DataType::Float64)?, cast(x, &DataType::Float64)?);
        let pairs = y.as_primitive::<Float64Type>().iter().zip(x.as_primitive::<Float64Type>());
        for (y, x) in pairs {
            if let (Some(y), Some(x)) = (y, x) {
                self.totals.add(y, x)?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let result = self.totals.result(self.gives);
        // A count of rows has no more digits than a float holds.
        let count = || ScalarValue::Int64(Some(result.map_or(0, |count| count as i64)));
        Ok(if self.gives == Gives::Count { count() } else { ScalarValue::Float64(result) })
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let Totals { count, x, xx, y, yy, xy } = self.totals;
        Ok([count, x, xx, y, yy, xy].map(|v| ScalarValue::Float64(Some(v))).to_vec())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [count, x, xx, y, yy, xy] = states else { return internal_err!("a state of {} columns", states.len()) };
        let [count, x, xx, y, yy, xy] = [count, x, xx, y, yy, xy].map(|column| column.as_primitive::<Float64Type>());
        for row in (0..count.len()).filter(|row| count.is_valid(*row)) {
            self.totals.merge(&Totals {
                count: count.value(row),
                x: x.value(row),
                xx: xx.value(row),
                y: y.value(row),
                yy: yy.value(row),
                xy: xy.value(row),
            });
        }
        Ok(())
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}
