//! A correlated subquery as a value, where DataFusion makes a join with groups of it: `few(x)` keeps two values of a group at most, `only(..)` is
//! the one of them. Told apart after the join, for PostgreSQL minds a second row only of groups that the query asks for.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, UInt32Array, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, ScalarValue, internal_datafusion_err};
use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, EmitTo, GroupsAccumulator, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::{Error, Kind};

/// The names that the dialect writes.
pub const FEW: &str = "few_rows";
/// See [`FEW`].
pub const ONLY: &str = "only_row";

/// How many are kept: one more than there may be.
const KEPT: usize = 2;

/// Registers both.
pub fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    registry.register_udf(Arc::new(ScalarUDF::from(Only { signature: Signature::any(1, Volatility::Volatile) })))?;
    registry.register_udaf(Arc::new(AggregateUDF::from(Few { signature: Signature::any(1, Volatility::Immutable) })))?;
    Ok(())
}

/// The error of a second row.
pub fn several() -> DataFusionError {
    let message = "more than one row returned by a subquery used as an expression";
    DataFusionError::External(Box::new(Error::new(Kind::Cardinality, message)))
}

/// The element of a list of one; NULL of none, an error of more. Volatile, so that no filter by it comes before the join.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Only {
    signature: Signature,
}

impl ScalarUDFImpl for Only {
    fn name(&self) -> &str {
        ONLY
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(element(arguments.first())?.data_type().clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let list = args.arg_fields.first();
        let element = element(list.map(|f| f.data_type()))?;
        let metadata = list.map(|list| list.metadata().clone()).unwrap_or_default();
        Ok(Arc::new(Field::new(ONLY, element.data_type().clone(), true).with_metadata(metadata)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let lists = args.args.into_iter().next().ok_or_else(|| internal_datafusion_err!("only_row() of nothing"))?;
        let lists = lists.into_array(args.number_rows)?;
        let lists = lists.as_list::<i32>();
        let mut rows = UInt32Array::builder(lists.len());
        for (i, ends) in lists.offsets().windows(2).enumerate() {
            match ends[1] - ends[0] {
                _ if lists.is_null(i) => rows.append_null(),
                0 => rows.append_null(),
                1 => rows.append_value(ends[0].unsigned_abs()),
                _ => return Err(several()),
            }
        }
        Ok(ColumnarValue::Array(take(lists.values(), &rows.finish(), None)?))
    }
}

fn element(list: Option<&DataType>) -> Result<&FieldRef> {
    match list {
        Some(DataType::List(element)) => Ok(element),
        other => Err(internal_datafusion_err!("only_row() of {other:?}")),
    }
}

/// Two values of a group at most, NULLs among them.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Few {
    signature: Signature,
}

/// The list's element. What the argument's field tells of its type stands in the field of the list: plans differ in what they keep of it,
/// and arrays must be of one type in all.
fn item(argument: Option<&FieldRef>) -> Result<FieldRef> {
    let argument = argument.ok_or_else(|| internal_datafusion_err!("few_rows() of nothing"))?;
    Ok(Arc::new(Field::new_list_field(argument.data_type().clone(), true)))
}

impl AggregateUDFImpl for Few {
    fn name(&self) -> &str {
        FEW
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let argument = arguments.first().ok_or_else(|| internal_datafusion_err!("few_rows() of nothing"))?;
        Ok(DataType::new_list(argument.clone(), true))
    }

    fn return_field(&self, arguments: &[FieldRef]) -> Result<FieldRef> {
        let metadata = arguments.first().map(|argument| argument.metadata().clone()).unwrap_or_default();
        Ok(Arc::new(Field::new(FEW, DataType::List(item(arguments.first())?), true).with_metadata(metadata)))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(args.name, DataType::List(item(args.input_fields.first())?), true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(OfOne(Groups::new(item(args.expr_fields.first())?))))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::new(item(args.expr_fields.first())?)))
    }
}

/// Where a value stands: the chunk and the row in it.
type Place = (usize, usize);

/// The values of each group.
#[derive(Debug)]
struct Groups {
    item: FieldRef,
    /// What was kept of each batch.
    chunks: Vec<ArrayRef>,
    places: Vec<[Option<Place>; KEPT]>,
}

impl Groups {
    fn new(item: FieldRef) -> Self {
        Self { item, chunks: Vec::new(), places: Vec::new() }
    }

    /// Keeps those of `values` whose group has room.
    fn keep(&mut self, values: &ArrayRef, rows: impl Iterator<Item = (usize, usize)>) -> Result<()> {
        let mut kept: Vec<u32> = Vec::new();
        for (row, group) in rows {
            let slot = self.places.get_mut(group).and_then(|places| places.iter_mut().find(|place| place.is_none()));
            if let Some(slot) = slot {
                *slot = Some((self.chunks.len(), kept.len()));
                kept.push(u32::try_from(row).map_err(|_| internal_datafusion_err!("a batch of {} rows", values.len()))?);
            }
        }
        if !kept.is_empty() {
            self.chunks.push(take(values, &UInt32Array::from(kept), None)?);
        }
        Ok(())
    }

    fn make_room(&mut self, groups: usize) {
        if self.places.len() < groups {
            self.places.resize(groups, [None; KEPT]);
        }
    }

    fn lists(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let emitted = emit_to.take_needed(&mut self.places);
        let lengths = emitted.iter().map(|places| places.iter().flatten().count());
        let offsets = OffsetBuffer::from_lengths(lengths);
        let rows: Vec<Place> = emitted.iter().flatten().flatten().copied().collect();
        let chunks: Vec<&dyn Array> = self.chunks.iter().map(AsRef::as_ref).collect();
        let values = if rows.is_empty() { new_empty_array(self.item.data_type()) } else { interleave(&chunks, &rows)? };
        if self.places.is_empty() {
            self.chunks.clear();
        }
        Ok(Arc::new(ListArray::try_new(Arc::clone(&self.item), offsets, values, None)?))
    }

    fn bytes(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(|chunk| chunk.get_array_memory_size()).sum();
        chunks + self.places.capacity() * size_of::<[Option<Place>; KEPT]>()
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, total: usize) -> Result<()> {
        self.make_room(total);
        let rows = groups.iter().copied().enumerate();
        let rows = rows.filter(|(row, _)| filter.is_none_or(|filter| filter.is_valid(*row) && filter.value(*row)));
        values.first().map_or(Ok(()), |values| self.keep(values, rows))
    }

    fn merge_batch(&mut self, lists: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.make_room(total);
        let Some(lists) = lists.first().map(|lists| lists.as_list::<i32>()) else { return Ok(()) };
        let ends = lists.offsets().windows(2).zip(groups).enumerate();
        let rows = ends.filter(|(i, _)| lists.is_valid(*i)).flat_map(|(_, (ends, group))| {
            let (start, end) = (ends[0].unsigned_abs() as usize, ends[1].unsigned_abs() as usize);
            (start..end).map(move |row| (row, *group))
        });
        self.keep(lists.values(), rows)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.lists(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.lists(emit_to)?])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |values| values.len());
        let mut each = Self::new(Arc::clone(&self.item));
        each.update_batch(values, &(0..rows).collect::<Vec<_>>(), filter, rows)?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.bytes()
    }
}

/// All rows as one group.
#[derive(Debug)]
struct OfOne(Groups);

impl Accumulator for OfOne {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.make_room(1);
        // More than there is room for are never kept.
        values.first().map_or(Ok(()), |values| self.0.keep(values, (0..values.len().min(KEPT)).map(|row| (row, 0))))
    }

    fn merge_batch(&mut self, lists: &[ArrayRef]) -> Result<()> {
        let groups = vec![0; lists.first().map_or(0, |lists| lists.len())];
        GroupsAccumulator::merge_batch(&mut self.0, lists, &groups, 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.make_room(1);
        ScalarValue::try_from_array(&self.0.lists(EmitTo::All)?, 0)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![Accumulator::evaluate(self)?])
    }

    fn size(&self) -> usize {
        self.0.bytes()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Int32Array;
    use arrow::datatypes::Int32Type;

    use super::*;

    fn groups() -> Groups {
        Groups::new(Arc::new(Field::new_list_field(DataType::Int32, true)))
    }

    #[test]
    fn two_of_each_group_are_kept() {
        let mut all = groups();
        let batch = |values: Vec<Option<i32>>| vec![Arc::new(Int32Array::from(values)) as ArrayRef];
        all.update_batch(&batch(vec![Some(1), None, Some(3), Some(4)]), &[0, 1, 0, 0], None, 3).expect("a batch");
        let mut other = groups();
        other.update_batch(&batch(vec![Some(5), Some(6)]), &[1, 1], None, 3).expect("a batch");
        let state = other.state(EmitTo::All).expect("a state");
        all.merge_batch(&state, &[0, 1, 2], 3).expect("a merge");
        let lists = GroupsAccumulator::evaluate(&mut all, EmitTo::All).expect("lists");
        let want = ListArray::from_iter_primitive::<Int32Type, _, _>([
            Some(vec![Some(1), Some(3)]),
            Some(vec![None, Some(5)]),
            Some(vec![]),
        ]);
        assert_eq!(lists.as_list::<i32>(), &want);
    }
}
