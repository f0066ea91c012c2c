//! Values kept by group, as columns in the order they came; given out by group, in the order that is asked for.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, StructArray, UInt32Array, new_empty_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{SortOptions, concat, filter, is_not_null, take};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::error::{DataFusionError, Result};

/// What is kept of each row: the columns of these types, of which the first ones are an aggregate's arguments and the others what it is
/// ordered by.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub types: Vec<DataType>,
    pub arguments: usize,
    /// How each column behind the arguments is sorted.
    pub order: Vec<SortOptions>,
    pub distinct: bool,
    /// Whether rows whose first argument is NULL are left out.
    pub known: bool,
}

/// The rows of all groups.
#[derive(Debug)]
pub(super) struct Store {
    layout: Layout,
    batches: Vec<Batch>,
    groups: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Batch {
    columns: Vec<ArrayRef>,
    group: UInt32Array,
}

/// Columns whose rows stand group behind group.
pub(super) struct Grouped {
    pub columns: Vec<ArrayRef>,
    /// Where each group begins, and where the last one ends.
    pub offsets: Vec<usize>,
}

impl Grouped {
    pub fn groups(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The rows of a group.
    pub fn range(&self, group: usize) -> Range<usize> {
        self.offsets[group]..self.offsets[group + 1]
    }
}

fn too_many() -> DataFusionError {
    DataFusionError::Execution("an aggregate of more than 4294967295 groups or rows".to_owned())
}

impl Store {
    pub fn new(layout: Layout) -> Self {
        Self { layout, batches: Vec::new(), groups: 0, bytes: 0 }
    }

    /// Adds rows, each to a group; of the rows that a condition holds for.
    pub fn add(&mut self, columns: &[ArrayRef], groups: &[usize], condition: Option<&BooleanArray>, total: usize) -> Result<()> {
        self.groups = self.groups.max(total);
        let group = groups.iter().map(|g| u32::try_from(*g).ok()).collect::<Option<Vec<u32>>>().ok_or_else(too_many)?;
        let columns = columns.get(..self.layout.types.len()).unwrap_or(columns);
        let (columns, group) = self.wanted(columns, UInt32Array::from(group), condition)?;
        if !group.is_empty() {
            self.push(Batch { columns, group });
        }
        Ok(())
    }

    fn push(&mut self, batch: Batch) {
        self.bytes += batch.columns.iter().map(|c| c.get_array_memory_size()).sum::<usize>() + batch.group.len() * 4;
        self.batches.push(batch);
    }

    /// The rows that count.
    fn wanted(
        &self,
        columns: &[ArrayRef],
        group: UInt32Array,
        condition: Option<&BooleanArray>,
    ) -> Result<(Vec<ArrayRef>, UInt32Array)> {
        let known = if self.layout.known { columns.first().map(|c| is_not_null(c)).transpose()? } else { None };
        let mask = match (condition, known) {
            (Some(condition), Some(known)) => Some(arrow::compute::and(condition, &known)?),
            (Some(condition), None) => Some(condition.clone()),
            (None, known) => known,
        };
        let Some(mask) = mask.filter(|mask| mask.true_count() < mask.len()) else {
            return Ok((columns.iter().map(compact).collect(), group));
        };
        let columns = columns.iter().map(|c| Ok(compact(&filter(c, &mask)?))).collect::<Result<_>>()?;
        Ok((columns, filter(&group, &mask)?.as_primitive().clone()))
    }

    /// Takes the rows that came first away again, as many as count of these.
    pub fn retract(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let rows = columns.first().map_or(0, |c| c.len());
        let (_, gone) = self.wanted(columns, UInt32Array::from(vec![0; rows]), None)?;
        let mut left = gone.len();
        let batches = std::mem::take(&mut self.batches);
        self.bytes = 0;
        for batch in batches {
            let skipped = left.min(batch.group.len());
            left -= skipped;
            let rest = batch.group.len() - skipped;
            if rest > 0 {
                let columns = batch.columns.iter().map(|c| c.slice(skipped, rest)).collect();
                self.push(Batch { columns, group: batch.group.slice(skipped, rest) });
            }
        }
        Ok(())
    }

    /// The memory that the rows take, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes + self.batches.capacity() * size_of::<Batch>()
    }

    /// The rows of the first groups, in order and without those that are there already; they stay.
    pub fn sorted(&self, groups: usize) -> Result<Grouped> {
        let (columns, group) = self.all()?;
        let columns = columns.as_slice();
        let mut places = by_group(&group, groups)?;
        let offsets = offsets(&group, groups);
        let (arguments, order) = columns.split_at(self.layout.arguments.min(columns.len()));
        let order = rows(order, &self.layout.order)?;
        let arguments = if self.layout.distinct { rows(arguments, &[])? } else { None };
        let compare = |rows: &Option<Rows>, a: u32, b: u32| {
            rows.as_ref().map_or(Ordering::Equal, |rows| rows.row(a as usize).cmp(&rows.row(b as usize)))
        };
        if order.is_some() || arguments.is_some() {
            for group in 0..groups {
                places[offsets[group]..offsets[group + 1]]
                    .sort_by(|a, b| compare(&order, *a, *b).then_with(|| compare(&arguments, *a, *b)));
            }
        }
        let (places, offsets) = match arguments.is_some() {
            true => distinct(&places, &offsets, |a, b| compare(&arguments, a, b).is_eq()),
            false => (places, offsets),
        };
        let places = UInt32Array::from(places);
        let columns = columns.iter().map(|c| take(c, &places, None)).collect::<Result<_, _>>()?;
        Ok(Grouped { columns, offsets })
    }

    /// The rows of the first groups as one list of structs for each; they stay.
    pub fn state(&self, groups: usize) -> Result<ArrayRef> {
        let (columns, group) = self.all()?;
        let places = UInt32Array::from(by_group(&group, groups)?);
        let columns = columns.iter().map(|c| take(c, &places, None)).collect::<Result<Vec<_>, _>>()?;
        listed(&self.layout, columns, offsets(&group, groups))
    }

    /// Adds the rows of states, each to a group.
    pub fn merge(&mut self, states: &ArrayRef, groups: &[usize], total: usize) -> Result<()> {
        let lists = states.as_list::<i32>();
        let bounds = lists.value_offsets();
        let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else { return Ok(()) };
        let values = lists.values().slice(*first as usize, (*last - *first) as usize);
        let mut group = Vec::with_capacity(values.len());
        for (of, bounds) in groups.iter().zip(bounds.windows(2)) {
            group.extend(std::iter::repeat_n(*of, (bounds[1] - bounds[0]) as usize));
        }
        self.add(values.as_struct().columns(), &group, None, total)
    }

    /// Forgets the first groups; those behind them move to the front.
    pub fn forget(&mut self, groups: usize) -> Result<()> {
        let batches = std::mem::take(&mut self.batches);
        self.bytes = 0;
        self.groups = self.groups.saturating_sub(groups);
        let gone = u32::try_from(groups).map_err(|_| too_many())?;
        for batch in batches {
            let stays = BooleanArray::from_unary(&batch.group, |g| g >= gone);
            if stays.true_count() == 0 {
                continue;
            }
            let columns = batch.columns.iter().map(|c| filter(c, &stays)).collect::<Result<_, _>>()?;
            let left = filter(&batch.group, &stays)?;
            let group = left.as_primitive::<arrow::datatypes::UInt32Type>().unary(|g| g - gone);
            self.push(Batch { columns, group });
        }
        Ok(())
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.groups
    }

    fn all(&self) -> Result<(Vec<ArrayRef>, UInt32Array)> {
        if self.batches.is_empty() {
            let columns = self.layout.types.iter().map(new_empty_array).collect();
            return Ok((columns, UInt32Array::from(Vec::<u32>::new())));
        }
        let column = |i: usize| {
            let parts: Vec<&dyn Array> = self.batches.iter().map(|b| b.columns[i].as_ref()).collect();
            concat(&parts)
        };
        let columns = (0..self.layout.types.len()).map(column).collect::<Result<_, _>>()?;
        let group: Vec<&dyn Array> = self.batches.iter().map(|b| &b.group as &dyn Array).collect();
        Ok((columns, concat(&group)?.as_primitive().clone()))
    }
}

/// Each row as a state of its own; rows that do not count have an empty one.
pub(super) fn single_states(layout: &Layout, columns: &[ArrayRef], condition: Option<&BooleanArray>) -> Result<ArrayRef> {
    let rows = columns.first().map_or(0, |c| c.len());
    let mut store = Store::new(layout.clone());
    store.add(columns, &(0..rows).collect::<Vec<_>>(), condition, rows)?;
    store.state(rows)
}

/// The type of a state.
pub(super) fn state_type(types: impl Iterator<Item = DataType>) -> DataType {
    DataType::List(item(types))
}

fn item(types: impl Iterator<Item = DataType>) -> FieldRef {
    let fields: Fields = types.enumerate().map(|(n, t)| Field::new(format!("f{n}"), t, true)).collect();
    Arc::new(Field::new_list_field(DataType::Struct(fields), true))
}

fn listed(layout: &Layout, columns: Vec<ArrayRef>, offsets: Vec<usize>) -> Result<ArrayRef> {
    let item = item(layout.types.iter().cloned());
    let DataType::Struct(fields) = item.data_type().clone() else { return Err(too_many()) };
    let rows = columns.first().map_or(0, |c| c.len());
    let values = StructArray::try_new_with_length(fields, columns, None, rows)?;
    let lengths = OffsetBuffer::from_lengths(offsets.windows(2).map(|w| w[1] - w[0]));
    Ok(Arc::new(ListArray::try_new(item, lengths, Arc::new(values), None::<NullBuffer>)?))
}

/// Views that hold no more than what they show.
fn compact(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Utf8View => Arc::new(column.as_string_view().gc()),
        DataType::BinaryView => Arc::new(column.as_binary_view().gc()),
        _ => Arc::clone(column),
    }
}

/// The columns as comparable bytes; `None` for no columns.
fn rows(columns: &[ArrayRef], options: &[SortOptions]) -> Result<Option<Rows>> {
    if columns.is_empty() {
        return Ok(None);
    }
    let option = |i: usize| options.get(i).copied().unwrap_or(SortOptions { descending: false, nulls_first: false });
    let fields = columns.iter().enumerate().map(|(i, c)| SortField::new_with_options(c.data_type().clone(), option(i)));
    Ok(Some(RowConverter::new(fields.collect())?.convert_columns(columns)?))
}

/// How many rows come before each group's.
fn offsets(group: &UInt32Array, groups: usize) -> Vec<usize> {
    let mut offsets = vec![0; groups + 1];
    for g in group.values() {
        if let Some(count) = offsets.get_mut(*g as usize + 1) {
            *count += 1;
        }
    }
    for g in 0..groups {
        offsets[g + 1] += offsets[g];
    }
    offsets
}

/// The places of rows group behind group, in the order they came; of the first groups.
fn by_group(group: &UInt32Array, groups: usize) -> Result<Vec<u32>> {
    let count = u32::try_from(group.len()).map_err(|_| too_many())?;
    let mut next = offsets(group, groups);
    let mut places = vec![0; next[groups]];
    for (place, g) in (0..count).zip(group.values()) {
        if (*g as usize) < groups {
            places[next[*g as usize]] = place;
            next[*g as usize] += 1;
        }
    }
    Ok(places)
}

/// The first of each row of places that are the same.
fn distinct(places: &[u32], offsets: &[usize], same: impl Fn(u32, u32) -> bool) -> (Vec<u32>, Vec<usize>) {
    let (mut kept, mut ends) = (Vec::with_capacity(places.len()), vec![0]);
    for bounds in offsets.windows(2) {
        let start = kept.len();
        for place in &places[bounds[0]..bounds[1]] {
            if kept.len() == start || !kept.last().is_some_and(|last| same(*last, *place)) {
                kept.push(*place);
            }
        }
        ends.push(kept.len());
    }
    (kept, ends)
}

#[cfg(test)]
mod tests {
    use arrow::array::Int32Array;

    use super::*;

    fn layout(distinct: bool) -> Layout {
        Layout {
            types: vec![DataType::Int32, DataType::Int32],
            arguments: 1,
            order: vec![SortOptions { descending: true, nulls_first: true }],
            distinct,
            known: true,
        }
    }

    fn column(values: &[Option<i32>]) -> ArrayRef {
        Arc::new(Int32Array::from(values.to_vec()))
    }

    fn told(store: &Store, groups: usize) -> Vec<Vec<i32>> {
        let grouped = store.sorted(groups).expect("values");
        let values = grouped.columns[0].as_primitive::<arrow::datatypes::Int32Type>().values().to_vec();
        (0..grouped.groups()).map(|g| values[grouped.range(g)].to_vec()).collect()
    }

    #[test]
    fn values_come_by_group_and_in_order() {
        let mut store = Store::new(layout(false));
        let values = [column(&[Some(1), Some(2), None, Some(3)]), column(&[Some(1), Some(2), Some(3), Some(9)])];
        store.add(&values, &[0, 0, 0, 2], None, 3).expect("values");
        store.add(&values, &[2, 0, 1, 1], Some(&BooleanArray::from(vec![true, true, true, false])), 3).expect("values");
        assert_eq!(told(&store, 3), [vec![2, 2, 1], vec![], vec![3, 1]]);
        let mut merged = Store::new(layout(true));
        let states = store.state(3).expect("a state");
        merged.merge(&states, &[1, 0, 0], 2).expect("a state");
        assert_eq!(told(&merged, 2), [vec![3, 1], vec![2, 1]]);
        store.forget(1).expect("values");
        assert_eq!((told(&store, 2), store.groups()), (vec![vec![], vec![3, 1]], 2));
        assert!(store.bytes() > 0);
        let none = Store::new(layout(true));
        assert_eq!(told(&none, 2), [Vec::<i32>::new(), Vec::new()]);
    }
}
