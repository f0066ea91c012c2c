//! Totals of floats as PostgreSQL keeps them (`float8_accum`): in the order of the rows, and over a window's moving frame anew for each row, for what
//! is added to a float can't be taken out again.

use std::collections::VecDeque;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, UInt64Type};
use datafusion::common::{Result, ScalarValue, internal_datafusion_err, internal_err};
use datafusion::logical_expr::Accumulator;

use super::Statistic;
use crate::engine::numeric::operators;

/// How many floats, their sum, and the sum of the squares of what they differ from their mean.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    /// Adds those of others.
    fn merge(&mut self, other: &Self) {
        if self.count == 0.0 {
            *self = *other;
            return;
        }
        let count = self.count + other.count;
        let distance = self.sum / self.count - other.sum / other.count;
        self.squares += other.squares + self.count * other.count * distance * distance / count;
        (self.sum, self.count) = (self.sum + other.sum, count);
    }

    fn add(&mut self, value: f64) -> Result<()> {
        let before = *self;
        self.count += 1.0;
        self.sum += value;
        if before.count > 0.0 {
            let distance = value * self.count - self.sum;
            self.squares += distance * distance / (self.count * before.count);
            if self.sum.is_infinite() || self.squares.is_infinite() {
                if before.sum.is_finite() && value.is_finite() {
                    return Err(operators::overflow());
                }
                self.squares = f64::NAN;
            }
        } else if !value.is_finite() {
            self.squares = f64::NAN;
        }
        Ok(())
    }
}

/// Totals of floats in the order that they come, as PostgreSQL has them: DataFusion's add several at a time, which gives other last digits. Its
/// states are those of DataFusion's, whose grouped totals have the same.
#[derive(Debug)]
pub struct InOrder {
    statistic: Statistic,
    total: Moments,
}

impl InOrder {
    /// Of no values.
    pub fn new(statistic: Statistic) -> Self {
        Self { statistic, total: Moments::default() }
    }

    fn mean(&self) -> f64 {
        if self.total.count == 0.0 { 0.0 } else { self.total.sum / self.total.count }
    }
}

impl Accumulator for InOrder {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let values = floats(arrays)?;
        let values = values.as_primitive::<Float64Type>();
        if matches!(self.statistic, Statistic::Deviation { .. }) {
            return values.iter().flatten().try_for_each(|value| self.total.add(value));
        }
        let before = self.total.sum;
        let sum = values.iter().flatten().fold(before, |sum, value| sum + value);
        if sum.is_infinite() && before.is_finite() && values.iter().flatten().all(f64::is_finite) {
            return Err(operators::overflow());
        }
        self.total.sum = sum;
        self.total.count += (values.len() - values.null_count()) as f64;
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(self.statistic.of(&self.total)))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        // A count of rows has no more digits than a float holds.
        let count = ScalarValue::UInt64(Some(self.total.count as u64));
        let sum = ScalarValue::Float64((self.total.count > 0.0).then_some(self.total.sum));
        Ok(match self.statistic {
            Statistic::Sum => vec![sum],
            Statistic::Average => vec![count, sum],
            Statistic::Deviation { .. } => {
                vec![count, ScalarValue::Float64(Some(self.mean())), ScalarValue::Float64(Some(self.total.squares))]
            }
        })
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let float = |place: usize| states[place].as_primitive::<Float64Type>();
        let rows = states.first().map_or(0, |state| state.len());
        for row in 0..rows {
            let other = match self.statistic {
                Statistic::Sum if states[0].is_null(row) => continue,
                Statistic::Sum => Moments { count: 1.0, sum: float(0).value(row), squares: 0.0 },
                Statistic::Average | Statistic::Deviation { .. } => {
                    let count = states[0].as_primitive::<UInt64Type>().value(row) as f64;
                    if count == 0.0 {
                        continue;
                    }
                    let (second, is_mean) = (float(1).value(row), matches!(self.statistic, Statistic::Deviation { .. }));
                    let (sum, squares) = if is_mean { (second * count, float(2).value(row)) } else { (second, 0.0) };
                    Moments { count, sum, squares }
                }
            };
            self.total.merge(&other);
        }
        Ok(())
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// The floats of a window's frame.
#[derive(Debug)]
pub struct Frame {
    statistic: Statistic,
    values: VecDeque<f64>,
}

impl Statistic {
    /// What it is of floats; `None` for NULL.
    fn of(self, total: &Moments) -> Option<f64> {
        let Moments { count, sum, squares } = *total;
        match self {
            _ if count == 0.0 => None,
            Self::Sum => Some(sum),
            Self::Average => Some(sum / count),
            Self::Deviation { sample: true, .. } if count == 1.0 => None,
            Self::Deviation { sample, root } => {
                let variance = squares / if sample { count - 1.0 } else { count };
                Some(if root { variance.sqrt() } else { variance })
            }
        }
    }
}

impl Frame {
    /// An empty one.
    pub fn new(statistic: Statistic) -> Self {
        Self { statistic, values: VecDeque::new() }
    }

    fn total(&self) -> Result<Moments> {
        let mut total = Moments::default();
        if matches!(self.statistic, Statistic::Deviation { .. }) {
            self.values.iter().try_for_each(|value| total.add(*value))?;
            return Ok(total);
        }
        (total.sum, total.count) = (self.values.iter().sum(), self.values.len() as f64);
        if total.sum.is_infinite() && self.values.iter().all(|v| v.is_finite()) { Err(operators::overflow()) } else { Ok(total) }
    }
}

fn floats(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    Ok(cast(arrays.first().ok_or_else(|| internal_datafusion_err!("a total of nothing"))?, &DataType::Float64)?)
}

impl Accumulator for Frame {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        self.values.extend(floats(arrays)?.as_primitive::<Float64Type>().iter().flatten());
        Ok(())
    }

    fn retract_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let gone = floats(arrays)?;
        self.values.drain(..(gone.len() - gone.null_count()).min(self.values.len()));
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(self.statistic.of(&self.total()?)))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        internal_err!("totals of moving frames are not merged")
    }

    fn merge_batch(&mut self, _: &[ArrayRef]) -> Result<()> {
        internal_err!("totals of moving frames are not merged")
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<f64>()
    }
}
