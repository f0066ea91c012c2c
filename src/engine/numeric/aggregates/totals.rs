//! Counts, sums and sums of squares, exact: of 128 bits where the values are, else of 256. A total that outgrows them is an error.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, ListArray, PrimitiveArray, UInt64Array};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, Int16Type, Int32Type, Int64Type, UInt64Type, i256};
use datafusion::common::{Result, ScalarValue, internal_datafusion_err};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator, Operator};

use super::super::{decimal, types};
use super::Plan;
use crate::table::pg_value::Special;

/// The integers that totals are kept in.
pub trait Wide: arrow::datatypes::ArrowNativeType + Copy + Default + Eq + Hash + Send + Sync + std::fmt::Debug + 'static {
    /// The decimals of such integers.
    type Arrow: ArrowPrimitiveType<Native = Self>;

    fn data_type(scale: i32) -> DataType;
    fn add(self, other: Self) -> (Self, bool);
    fn subtract(self, other: Self) -> (Self, bool);
    fn wide(self) -> i256;

    /// What it is if it is no number of digits.
    fn special(self) -> Option<Special>;

    /// Calls `f` with each value that is not NULL and that `keep` lets through, and its row.
    fn each(array: &ArrayRef, keep: Option<&BooleanArray>, f: impl FnMut(usize, Self)) -> Result<()>;
}

impl Wide for i128 {
    type Arrow = Decimal128Type;

    fn data_type(scale: i32) -> DataType {
        DataType::Decimal128(types::WIDE, i8::try_from(scale).unwrap_or(0))
    }

    fn add(self, other: Self) -> (Self, bool) {
        self.overflowing_add(other)
    }

    fn subtract(self, other: Self) -> (Self, bool) {
        self.overflowing_sub(other)
    }

    fn wide(self) -> i256 {
        i256::from_i128(self)
    }

    #[inline]
    fn special(self) -> Option<Special> {
        None
    }

    fn each(array: &ArrayRef, keep: Option<&BooleanArray>, f: impl FnMut(usize, Self)) -> Result<()> {
        match array.data_type() {
            DataType::Int16 => values(array.as_primitive::<Int16Type>(), keep, i128::from, f),
            DataType::Int32 => values(array.as_primitive::<Int32Type>(), keep, i128::from, f),
            DataType::Int64 => values(array.as_primitive::<Int64Type>(), keep, i128::from, f),
            DataType::Decimal128(..) => values(array.as_primitive::<Decimal128Type>(), keep, |v| v, f),
            other => return Err(internal_datafusion_err!("a total of {other}")),
        }
        Ok(())
    }
}

impl Wide for i256 {
    type Arrow = Decimal256Type;

    fn data_type(scale: i32) -> DataType {
        DataType::Decimal256(types::WIDEST, i8::try_from(scale).unwrap_or(0))
    }

    fn add(self, other: Self) -> (Self, bool) {
        match decimal::special(self, Operator::Plus, other) {
            Some(special) => (special, false),
            None => self.overflowing_add(other),
        }
    }

    fn subtract(self, other: Self) -> (Self, bool) {
        self.overflowing_sub(other)
    }

    fn wide(self) -> i256 {
        self
    }

    #[inline]
    fn special(self) -> Option<Special> {
        Special::of(self)
    }

    fn each(array: &ArrayRef, keep: Option<&BooleanArray>, f: impl FnMut(usize, Self)) -> Result<()> {
        match array.data_type() {
            DataType::Decimal256(..) => values(array.as_primitive::<Decimal256Type>(), keep, |v| v, f),
            other => return Err(internal_datafusion_err!("a total of {other}")),
        }
        Ok(())
    }
}

#[inline]
fn values<T: ArrowPrimitiveType, W>(
    array: &PrimitiveArray<T>,
    keep: Option<&BooleanArray>,
    widen: impl Fn(T::Native) -> W,
    mut f: impl FnMut(usize, W),
) {
    let kept = keep.map(kept);
    match NullBuffer::union(array.nulls(), kept.as_ref()).filter(|n| n.null_count() > 0) {
        None => array.values().iter().enumerate().for_each(|(row, v)| f(row, widen(*v))),
        Some(nulls) => nulls.valid_indices().for_each(|row| f(row, widen(array.values()[row]))),
    }
}

/// The rows that a filter lets through, as those that are valid.
fn kept(filter: &BooleanArray) -> NullBuffer {
    let (values, nulls) = filter.clone().into_parts();
    NullBuffer::new(match nulls {
        Some(nulls) => nulls.inner() & &values,
        None => values,
    })
}

/// The totals of each group.
#[derive(Debug)]
pub struct GroupTotals<W> {
    plan: Plan,
    sums: Vec<W>,
    counts: Vec<u64>,
    /// Empty when the result needs none.
    squares: Vec<i256>,
}

impl<W: Wide> GroupTotals<W> {
    pub fn new(plan: Plan) -> Self {
        Self { plan, sums: Vec::new(), counts: Vec::new(), squares: Vec::new() }
    }

    fn resize(&mut self, groups: usize) {
        self.sums.resize(groups, W::default());
        self.counts.resize(groups, 0);
        if self.plan.has_squares() {
            self.squares.resize(groups, i256::ZERO);
        }
    }
}

impl<W: Wide> GroupsAccumulator for GroupTotals<W> {
    fn update_batch(
        &mut self,
        arrays: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.resize(total_num_groups);
        let Some(array) = arrays.first() else { return Err(internal_datafusion_err!("a total of nothing")) };
        let (sums, counts, squares) = (&mut self.sums, &mut self.counts, &mut self.squares);
        let mut overflowed = false;
        if self.plan.has_squares() {
            W::each(array, filter, |row, value| {
                let group = groups[row];
                let (sum, over) = sums[group].add(value);
                sums[group] = sum;
                counts[group] += 1;
                overflowed |= over;
                // The deviation of what is no number needs none.
                if value.special().is_none() {
                    let square = value.wide().checked_mul(value.wide()).and_then(|v| squares[group].checked_add(v));
                    overflowed |= square.is_none();
                    squares[group] = square.unwrap_or_default();
                }
            })?;
        } else {
            W::each(array, filter, |row, value| {
                let group = groups[row];
                let (sum, over) = sums[group].add(value);
                overflowed |= over;
                sums[group] = sum;
                counts[group] += 1;
            })?;
        }
        if overflowed { Err(types::too_long()) } else { Ok(()) }
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let sums = emit_to.take_needed(&mut self.sums);
        let counts = emit_to.take_needed(&mut self.counts);
        let squares = if self.plan.has_squares() { emit_to.take_needed(&mut self.squares) } else { Vec::new() };
        let results = sums
            .iter()
            .zip(&counts)
            .enumerate()
            .map(|(i, (sum, count))| self.plan.result(sum.wide(), squares.get(i).copied().unwrap_or_default(), *count))
            .collect::<Result<Vec<_>>>()?;
        self.plan.array(results)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let sums = emit_to.take_needed(&mut self.sums);
        let counts = emit_to.take_needed(&mut self.counts);
        let sums = PrimitiveArray::<W::Arrow>::new(sums.into(), None).with_data_type(W::data_type(self.plan.scale));
        let mut state: Vec<ArrayRef> = vec![Arc::new(sums), Arc::new(UInt64Array::from(counts))];
        if self.plan.has_squares() {
            let squares = emit_to.take_needed(&mut self.squares);
            let squares = PrimitiveArray::<Decimal256Type>::new(squares.into(), None);
            state.push(Arc::new(squares.with_data_type(i256::data_type(0))));
        }
        Ok(state)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total_num_groups: usize) -> Result<()> {
        self.resize(total_num_groups);
        let [sums, counts, squares @ ..] = states else { return Err(internal_datafusion_err!("a state of nothing")) };
        let (sums, counts) = (sums.as_primitive::<W::Arrow>(), counts.as_primitive::<UInt64Type>());
        let squares = squares.first().map(|s| s.as_primitive::<Decimal256Type>());
        for (row, group) in groups.iter().copied().enumerate().filter(|(row, _)| sums.is_valid(*row)) {
            let (sum, over) = self.sums[group].add(sums.value(row));
            self.sums[group] = sum;
            self.counts[group] += counts.value(row);
            let mut overflowed = over;
            if let Some(squares) = squares {
                let square = self.squares[group].checked_add(squares.value(row));
                overflowed |= square.is_none();
                self.squares[group] = square.unwrap_or_default();
            }
            if overflowed {
                return Err(types::too_long());
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, arrays: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let Some(array) = arrays.first() else { return Err(internal_datafusion_err!("a total of nothing")) };
        let rows = array.len();
        let mut one = Self::new(self.plan.clone());
        one.update_batch(arrays, &(0..rows).collect::<Vec<_>>(), filter, rows)?;
        one.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<W>()
            + self.counts.capacity() * size_of::<u64>()
            + self.squares.capacity() * size_of::<i256>()
    }
}

/// The totals of one group, or of a window's frame.
#[derive(Debug)]
pub struct Total<W> {
    plan: Plan,
    /// Of the numbers alone.
    sum: W,
    count: u64,
    squares: i256,
    /// How many values are no numbers: a frame that has left them behind has a total again.
    specials: Vec<(W, u64)>,
    /// The values met, where each counts once.
    distinct: Option<HashSet<W>>,
}

impl<W: Wide> Total<W> {
    pub fn new(plan: Plan, is_distinct: bool) -> Self {
        let distinct = is_distinct.then(HashSet::new);
        Self { plan, sum: W::default(), count: 0, squares: i256::ZERO, specials: Vec::new(), distinct }
    }

    /// The sum of all.
    fn sum(&self) -> W {
        self.specials.iter().filter(|(_, count)| *count > 0).fold(self.sum, |sum, (special, _)| sum.add(*special).0)
    }

    fn change(&mut self, array: &ArrayRef, change: fn(W, W) -> (W, bool), grows: bool) -> Result<()> {
        let (mut sum, mut count, mut squares, mut overflowed) = (self.sum, 0_u64, self.squares, false);
        let has_squares = self.plan.has_squares();
        let specials = &mut self.specials;
        W::each(array, None, |_, value| {
            if value.special().is_some() {
                count += 1;
                match specials.iter_mut().find(|(known, _)| *known == value) {
                    Some((_, met)) => *met = if grows { *met + 1 } else { met.saturating_sub(1) },
                    None => specials.push((value, u64::from(grows))),
                }
                return;
            }
            let (changed, over) = change(sum, value);
            sum = changed;
            overflowed |= over;
            count += 1;
            if has_squares {
                let square = value.wide().checked_mul(value.wide());
                let changed = square.and_then(|v| if grows { squares.checked_add(v) } else { squares.checked_sub(v) });
                overflowed |= changed.is_none();
                squares = changed.unwrap_or_default();
            }
        })?;
        if overflowed {
            return Err(types::too_long());
        }
        self.sum = sum;
        self.squares = squares;
        self.count = if grows { self.count + count } else { self.count - count };
        Ok(())
    }

    fn of_distinct(&self, values: &HashSet<W>) -> Result<Self> {
        let array = PrimitiveArray::<W::Arrow>::from_iter_values(values.iter().copied());
        let array: ArrayRef = Arc::new(array.with_data_type(W::data_type(self.plan.scale)));
        let mut total = Self::new(self.plan.clone(), false);
        total.change(&array, W::add, true)?;
        Ok(total)
    }
}

impl<W: Wide> Accumulator for Total<W> {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let Some(array) = arrays.first() else { return Err(internal_datafusion_err!("a total of nothing")) };
        match &mut self.distinct {
            Some(values) => W::each(array, None, |_, value| {
                values.insert(value);
            }),
            None => self.change(array, W::add, true),
        }
    }

    fn retract_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let Some(array) = arrays.first() else { return Err(internal_datafusion_err!("a total of nothing")) };
        self.change(array, W::subtract, false)
    }

    fn supports_retract_batch(&self) -> bool {
        self.distinct.is_none()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let distinct = self.distinct.as_ref().map(|values| self.of_distinct(values)).transpose()?;
        let total = distinct.as_ref().unwrap_or(self);
        let result = total.plan.result(total.sum().wide(), total.squares, total.count)?;
        ScalarValue::try_from_array(&self.plan.array(vec![result])?, 0)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let data_type = W::data_type(self.plan.scale);
        let scalar = |array: ArrayRef| ScalarValue::try_from_array(&array, 0);
        if let Some(values) = &self.distinct {
            let values = PrimitiveArray::<W::Arrow>::from_iter_values(values.iter().copied()).with_data_type(data_type);
            let scalars = (0..values.len()).map(|i| ScalarValue::try_from_array(&values, i)).collect::<Result<Vec<_>>>()?;
            return Ok(vec![ScalarValue::List(ScalarValue::new_list_nullable(&scalars, values.data_type()))]);
        }
        let sum = PrimitiveArray::<W::Arrow>::from_iter_values([self.sum()]).with_data_type(data_type);
        let mut state = vec![scalar(Arc::new(sum))?, ScalarValue::UInt64(Some(self.count))];
        if self.plan.has_squares() {
            state.push(ScalarValue::Decimal256(Some(self.squares), types::WIDEST, 0));
        }
        Ok(state)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        if let Some(values) = &mut self.distinct {
            let Some(lists) = states.first() else { return Err(internal_datafusion_err!("a state of nothing")) };
            let lists: &ListArray = lists.as_list::<i32>();
            return lists.iter().flatten().try_for_each(|list| {
                let list = cast(&list, &W::data_type(self.plan.scale))?;
                W::each(&list, None, |_, value| {
                    values.insert(value);
                })
            });
        }
        let mut merged = GroupTotals::<W>::new(self.plan.clone());
        let rows = states.first().map_or(0, |s| s.len());
        merged.merge_batch(states, &vec![0; rows], 1)?;
        let (sum, over) = self.sum.add(merged.sums[0]);
        let squares = self.squares.checked_add(merged.squares.first().copied().unwrap_or_default());
        let Some(squares) = squares.filter(|_| !over) else { return Err(types::too_long()) };
        (self.sum, self.squares, self.count) = (sum, squares, self.count + merged.counts[0]);
        Ok(())
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.distinct.as_ref().map_or(0, |values| values.capacity() * size_of::<W>())
    }
}
