//! How many bytes rows take once each has values of its own. Dictionaries, runs and views let many rows point at one value: a batch of
//! a few megabytes may unfold to gigabytes, so it is taken in slices that do not.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, UnionArray, downcast_run_array};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, UnionMode};
use arrow::record_batch::RecordBatch;

use super::BATCH;

/// Bytes that a slice of more than one row may unfold to.
const MAX_SLICE: u64 = 64 << 20;

/// A batch in slices of at most [`BATCH`] rows and [`MAX_SLICE`] bytes, in its order. A single row is never cut.
pub(super) struct Slices {
    batch: RecordBatch,
    at: usize,
    /// Rows to try next.
    rows: usize,
}

impl Slices {
    pub(super) fn of(batch: RecordBatch) -> Self {
        Self { batch, at: 0, rows: BATCH }
    }

    /// The next slice, and the bytes that it unfolds to; `None` at the end.
    pub(super) fn next(&mut self) -> Option<(RecordBatch, u64)> {
        let left = self.batch.num_rows() - self.at;
        if left == 0 {
            return None;
        }
        // What did not fit before may now, and is tried again slice by slice.
        let mut rows = (2 * self.rows).min(BATCH).min(left);
        loop {
            let slice = self.batch.slice(self.at, rows);
            let bytes = slice.columns().iter().fold(0, |sum: u64, column| sum.saturating_add(extent(column)));
            if rows == 1 || bytes <= MAX_SLICE {
                (self.at, self.rows) = (self.at + rows, rows);
                return Some((slice, bytes));
            }
            rows /= 2;
        }
    }
}

/// The bytes of an array's values when none is shared. What holds no values takes one for each row.
fn extent(array: &ArrayRef) -> u64 {
    let rows = array.len() as u64;
    let span = |first: i64, last: i64| u64::try_from(last - first).unwrap_or(0);
    match array.data_type() {
        DataType::Utf8 => bytes_between(array.as_string::<i32>().value_offsets()),
        DataType::LargeUtf8 => bytes_between(array.as_string::<i64>().value_offsets()),
        DataType::Binary => bytes_between(array.as_binary::<i32>().value_offsets()),
        DataType::LargeBinary => bytes_between(array.as_binary::<i64>().value_offsets()),
        DataType::Utf8View => of_views(array.as_string_view().views()),
        DataType::BinaryView => of_views(array.as_binary_view().views()),
        DataType::FixedSizeBinary(size) => rows * u64::try_from(*size).unwrap_or(0),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let values = dictionary.values();
            if values.is_empty() {
                return rows;
            }
            let keys = dictionary.normalized_keys();
            let valid = (0..keys.len()).filter(|row| array.is_valid(*row)).map(|row| (keys[row], 1));
            of_parts(values, valid).saturating_add(rows)
        }
        DataType::RunEndEncoded(..) => downcast_run_array!(
            array => {
                let place = |row: usize| (array.get_physical_index(row), 1);
                of_parts(array.values(), (0..array.len()).map(place))
            },
            _ => rows
        ),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let (first, last) = (list.value_offsets()[0], list.value_offsets()[list.len()]);
            extent(&list.values().slice(usize_of(span(0, first.into())), usize_of(span(first.into(), last.into()))))
                .saturating_add(rows)
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let (first, last) = (list.value_offsets()[0], list.value_offsets()[list.len()]);
            extent(&list.values().slice(usize_of(span(0, first)), usize_of(span(first, last)))).saturating_add(rows)
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let (first, last) = (map.value_offsets()[0], map.value_offsets()[map.len()]);
            let entries = map.entries().slice(usize_of(span(0, first.into())), usize_of(span(first.into(), last.into())));
            entries.columns().iter().fold(rows, |sum, column| sum.saturating_add(extent(column)))
        }
        DataType::ListView(_) => {
            let list = array.as_list_view::<i32>();
            let place = |row: usize| (list.value_offset(row) as u64, list.value_size(row) as u64);
            of_parts(list.values(), (0..list.len()).map(place).map(|(at, n)| (usize_of(at), usize_of(n)))).saturating_add(rows)
        }
        DataType::LargeListView(_) => {
            let list = array.as_list_view::<i64>();
            let place = |row: usize| (list.value_offset(row) as u64, list.value_size(row) as u64);
            of_parts(list.values(), (0..list.len()).map(place).map(|(at, n)| (usize_of(at), usize_of(n)))).saturating_add(rows)
        }
        DataType::FixedSizeList(_, size) => {
            let list = array.as_fixed_size_list();
            let first = usize_of(u64::try_from(list.value_offset(0)).unwrap_or(0));
            let size = usize_of(u64::try_from(*size).unwrap_or(0));
            extent(&list.values().slice(first, list.len() * size)).saturating_add(rows)
        }
        DataType::Struct(_) => array.as_struct().columns().iter().fold(rows, |sum, column| sum.saturating_add(extent(column))),
        DataType::Union(_, UnionMode::Sparse) => {
            let union = array.as_union();
            ids(union).into_iter().fold(rows, |sum, id| sum.saturating_add(extent(union.child(id))))
        }
        DataType::Union(_, UnionMode::Dense) => {
            let union = array.as_union();
            let of_branch = |id: i8| {
                let rows = (0..union.len()).filter(|row| union.type_id(*row) == id);
                of_parts(union.child(id), rows.map(|row| (union.value_offset(row), 1)))
            };
            ids(union).into_iter().fold(rows, |sum, id| sum.saturating_add(of_branch(id)))
        }
        other => rows * other.primitive_width().map_or(1, |width| width as u64),
    }
}

/// A place that a valid array has is one that memory has.
fn usize_of(place: u64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

fn ids(union: &UnionArray) -> Vec<i8> {
    match union.data_type() {
        DataType::Union(branches, _) => branches.iter().map(|(id, _)| id).collect(),
        _ => Vec::new(),
    }
}

/// Parts of `values`, each as often as it is named. Those that were measured are known.
fn of_parts(values: &ArrayRef, parts: impl Iterator<Item = (usize, usize)>) -> u64 {
    let mut known: HashMap<(usize, usize), u64> = HashMap::new();
    parts.fold(0, |sum: u64, (at, rows)| {
        let bytes = *known.entry((at, rows)).or_insert_with(|| extent(&values.slice(at, rows)));
        sum.saturating_add(bytes)
    })
}

fn bytes_between<T: Copy + Into<i64>>(offsets: &[T]) -> u64 {
    let at = |offset: Option<&T>| offset.map_or(0, |offset| (*offset).into());
    u64::try_from(at(offsets.last()) - at(offsets.first())).unwrap_or(0).saturating_add(offsets.len() as u64)
}

/// A view's first four bytes are its length (Arrow Columnar Format, "Variable-size Binary View Layout").
fn of_views(views: &ScalarBuffer<u128>) -> u64 {
    views.iter().map(|view| u64::from(*view as u32)).sum::<u64>() + views.len() as u64
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        BinaryViewArray, DictionaryArray, Int32Array, Int64Array, ListArray, ListViewArray, RunArray, StringArray, StructArray,
    };
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::{Field, Int32Type};

    use super::*;

    fn dictionary(rows: usize, bytes: usize) -> ArrayRef {
        let values: ArrayRef = Arc::new(StringArray::from_iter_values(["x".repeat(bytes), "y".to_owned()]));
        let keys = Int32Array::from_iter((0..rows).map(|row| (row % 4 > 0).then_some(i32::from(row % 4 == 1))));
        Arc::new(DictionaryArray::<Int32Type>::try_new(keys, values).expect("fits"))
    }

    #[test]
    fn values_that_are_shared_count_for_each_row() {
        const LONG: u64 = 1 << 20;
        let long = "x".repeat(1 << 20);
        let text: ArrayRef = Arc::new(StringArray::from_iter_values([long.as_str(), "y"]));
        let ends = Int32Array::from(vec![100, 200]);
        let runs: ArrayRef = Arc::new(RunArray::<Int32Type>::try_new(&ends, &text).expect("fits"));
        let mut views = arrow::array::BinaryViewBuilder::new();
        let block = views.append_block(long.clone().into_bytes().into());
        (0..10).for_each(|_| views.try_append_view(block, 0, 1 << 20).expect("lies within"));
        let views: BinaryViewArray = views.finish();
        let item = Arc::new(Field::new("item", DataType::Utf8, true));
        let view = ListViewArray::new(Arc::clone(&item), vec![0; 10].into(), vec![2; 10].into(), Arc::clone(&text), None);
        let list = ListArray::new(
            Arc::new(Field::new("item", dictionary(1, 1).data_type().clone(), true)),
            OffsetBuffer::from_lengths([4, 4]),
            dictionary(8, 1 << 20),
            None,
        );
        let inside = StructArray::from(vec![(Arc::new(Field::new("a", runs.data_type().clone(), true)), Arc::clone(&runs))]);
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        for (array, want) in [
            (dictionary(8, 1 << 20), 4 * LONG),
            (dictionary(8, 1 << 20).slice(0, 2), 0),
            (Arc::clone(&text), LONG),
            (Arc::clone(&runs), 100 * LONG),
            (runs.slice(99, 3), LONG),
            (Arc::new(views), 10 * LONG),
            (Arc::new(view), 10 * LONG),
            (Arc::new(list.clone()), 4 * LONG),
            (Arc::new(list.slice(1, 1)), 2 * LONG),
            (Arc::new(inside), 100 * LONG),
            (numbers, 0),
        ] {
            let bytes = extent(&array);
            assert!((want..want + 4096).contains(&bytes), "{bytes} and not {want}: {}", array.data_type());
        }
    }

    #[test]
    fn a_batch_is_cut_where_it_unfolds_to_much() {
        let count = |array: ArrayRef| {
            let batch = RecordBatch::try_from_iter([("a", array)]).expect("a column");
            let (mut slices, mut rows, mut all) = (Slices::of(batch), 0, 0);
            while let Some((slice, bytes)) = slices.next() {
                assert!(slice.num_rows() == 1 || bytes <= MAX_SLICE, "{} rows, {bytes} bytes", slice.num_rows());
                (rows, all) = (rows + slice.num_rows(), all + 1);
            }
            (rows, all)
        };
        assert_eq!(count(dictionary(3 * BATCH, 10)), (3 * BATCH, 3));
        assert_eq!(count(dictionary(0, 10)), (0, 0));
        let (rows, slices) = count(dictionary(BATCH, 10 << 20));
        // Half of the rows have 10 MB: 40 GB in slices of some 60 MB.
        assert!(rows == BATCH && (600..2000).contains(&slices), "{rows} {slices}");
        assert_eq!(count(dictionary(4, 100 << 20)).0, 4);
    }
}
