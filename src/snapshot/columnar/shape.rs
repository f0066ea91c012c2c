//! Shapes: which type a snapshot keeps a published column in, and its values in that type. Parquet has no unions, dictionaries of its
//! own or list views, and SQL no way into some of them; what can't be kept is said in another form and never dropped.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBufferBuilder, Int32Array, ListArray, MapArray, StringViewArray, StructArray, UnionArray,
    new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{CastOptions, cast_with_options, take};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, IntervalUnit, UnionFields};

use super::{arrow_fault, fault};
use crate::error::Result;
use crate::snapshot::{field_key, names};

/// The column that a snapshot keeps for a published one:
/// - dictionaries and runs as their values; text and bytes as views;
/// - list views and lists of a fixed length as lists;
/// - a union as a struct with a column for each of its branches, of which at most one is not NULL; a union of one branch and `null` as
///   that branch, and one of `null` alone as that;
/// - a struct without fields as the JSON text `{}`;
/// - decimals as numeric of 38 digits, wider ones (to 76 digits) as they are;
/// - intervals of months, days and nanoseconds as text that `::interval` takes;
/// - 16 bytes that are said to be a UUID as its text, and text that is said to be JSON as that;
/// - everything else as it is. A time without a zone stays without.
pub(in crate::snapshot) fn kept(field: &Field) -> Field {
    let name = field.name().clone();
    let plain = |data_type: DataType| Field::new(name.clone(), data_type, true);
    let logical = |data_type: DataType, logical: &str| {
        plain(data_type).with_metadata(HashMap::from([(field_key::LOGICAL.to_owned(), logical.to_owned())]))
    };
    match field.data_type() {
        DataType::FixedSizeBinary(16) if is_uuid(field) => logical(DataType::Utf8View, "uuid"),
        DataType::Struct(fields) if fields.is_empty() => logical(DataType::Utf8View, "json"),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View if is_json(field) => logical(DataType::Utf8View, "json"),
        other => plain(kept_type(other)),
    }
}

fn kept_type(published: &DataType) -> DataType {
    let child = |field: &FieldRef| Arc::new(kept(field));
    match published {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        DataType::Dictionary(_, values) => kept_type(values),
        DataType::RunEndEncoded(_, values) => kept_type(values.data_type()),
        DataType::Decimal32(digits, scale) | DataType::Decimal64(digits, scale) => DataType::Decimal128(*digits, *scale),
        DataType::Decimal256(digits, scale) if *digits <= 38 => DataType::Decimal128(*digits, *scale),
        DataType::Interval(IntervalUnit::MonthDayNano) => DataType::Utf8View,
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => DataType::List(Arc::new(kept(item).with_name(Field::LIST_FIELD_DEFAULT_NAME))),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => map_of(&kept(&fields[0]), &kept(&fields[1])),
            other => other.clone(),
        },
        DataType::Struct(fields) if fields.is_empty() => DataType::Utf8View,
        DataType::Struct(fields) => DataType::Struct(renamed(fields.iter().map(child).collect())),
        DataType::Union(branches, _) => match only_branch(branches) {
            Some((_, only)) => kept(only).data_type().clone(),
            None if real_branches(branches).next().is_none() => DataType::Null,
            None => DataType::Struct(renamed(real_branches(branches).map(|(_, f)| child(f)).collect())),
        },
        DataType::Null
        | DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Utf8View
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_)
        | DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Timestamp(..)
        | DataType::Duration(_)
        | DataType::Interval(IntervalUnit::YearMonth | IntervalUnit::DayTime)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => published.clone(),
    }
}

/// A map of these keys and values, named as Parquet names them.
pub(super) fn map_of(key: &Field, value: &Field) -> DataType {
    let key = key.clone().with_name("key").with_nullable(false);
    let entries = Fields::from(vec![key, value.clone().with_name("value")]);
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
}

/// Arrow's metadata key of an extension type's name.
pub(in crate::snapshot) const EXTENSION_TYPE_NAME_KEY: &str = "ARROW:extension:name";

/// Whether a field's metadata say that its bytes are a UUID, as Avro and Arrow have it.
pub(in crate::snapshot) fn is_uuid(field: &Field) -> bool {
    says(field, "logicalType", "uuid") || says(field, EXTENSION_TYPE_NAME_KEY, "arrow.uuid")
}

/// Whether a field's metadata say that its text is JSON, as Arrow has it.
pub(in crate::snapshot) fn is_json(field: &Field) -> bool {
    says(field, EXTENSION_TYPE_NAME_KEY, "arrow.json")
}

fn says(field: &Field, key: &str, value: &str) -> bool {
    field.metadata().get(key).is_some_and(|v| v == value)
}

/// The fields under names that are not empty and not given twice.
fn renamed(fields: Vec<FieldRef>) -> Fields {
    let published: Vec<String> = fields.iter().map(|f| f.name().clone()).collect();
    let (unique, _) = names::unique(&published);
    fields.iter().zip(unique).map(|(f, name)| Arc::new(f.as_ref().clone().with_name(name))).collect()
}

/// The branches that hold values.
fn real_branches(branches: &UnionFields) -> impl Iterator<Item = (i8, &FieldRef)> {
    branches.iter().filter(|(_, f)| *f.data_type() != DataType::Null)
}

/// The one branch that holds values, when there is one only.
fn only_branch(branches: &UnionFields) -> Option<(i8, &FieldRef)> {
    let mut real = real_branches(branches);
    real.next().filter(|_| real.next().is_none())
}

/// The values of a published column in the type that is kept.
pub(super) fn keep(array: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    let target = kept(field);
    let target = target.data_type();
    if array.data_type() == target {
        return Ok(Arc::clone(array));
    }
    match array.data_type() {
        DataType::FixedSizeBinary(16) => Ok(uuids(array)),
        DataType::Dictionary(_, values) => {
            let plain = cast(array, values)?;
            keep(&plain, &field.clone().with_data_type(values.as_ref().clone()))
        }
        DataType::RunEndEncoded(_, values) => {
            let plain = cast(array, values.data_type())?;
            keep(&plain, &field.clone().with_data_type(values.data_type().clone()))
        }
        DataType::List(item) => {
            let list = array.as_list::<i32>();
            let DataType::List(kept_item) = target else { return Err(misfit(array, target)) };
            let (values, offsets) = own(list.offsets());
            let values = keep(&list.values().slice(values.start, values.len()), item)?;
            let list = ListArray::try_new(Arc::clone(kept_item), offsets, values, list.nulls().cloned());
            Ok(Arc::new(list.map_err(arrow_fault)?))
        }
        DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => {
            let list = cast(array, &DataType::List(Arc::clone(item)))?;
            keep(&list, &field.clone().with_data_type(DataType::List(Arc::clone(item))))
        }
        DataType::Map(entries, _) => {
            let map = array.as_map();
            let (DataType::Map(kept_entries, _), DataType::Struct(fields)) = (target, entries.data_type()) else {
                return Err(misfit(array, target));
            };
            let DataType::Struct(kept_fields) = kept_entries.data_type() else { return Err(misfit(array, target)) };
            let (values, offsets) = own(map.offsets());
            let part = |all: &ArrayRef| all.slice(values.start, values.len());
            let columns = vec![keep(&part(map.keys()), &fields[0])?, keep(&part(map.values()), &fields[1])?];
            let entries = StructArray::try_new(kept_fields.clone(), columns, None).map_err(arrow_fault)?;
            let map = MapArray::try_new(Arc::clone(kept_entries), offsets, entries, map.nulls().cloned(), false);
            Ok(Arc::new(map.map_err(arrow_fault)?))
        }
        DataType::Struct(fields) if fields.is_empty() => {
            let there = (0..array.len()).map(|i| array.is_valid(i).then_some("{}"));
            Ok(Arc::new(there.collect::<StringViewArray>()))
        }
        DataType::Struct(fields) => {
            let DataType::Struct(kept_fields) = target else { return Err(misfit(array, target)) };
            let structs = array.as_struct();
            let columns = fields.iter().zip(structs.columns()).map(|(f, c)| keep(c, f)).collect::<Result<Vec<_>>>()?;
            let structs = StructArray::try_new(kept_fields.clone(), columns, structs.nulls().cloned());
            Ok(Arc::new(structs.map_err(arrow_fault)?))
        }
        DataType::Union(branches, _) => union(array.as_union(), branches, target),
        _ => cast(array, target),
    }
}

/// Which values lists of these offsets have, and their offsets within those. A part of a batch has the values of all of it behind it,
/// which would be converted again for each part.
pub(super) fn own(offsets: &OffsetBuffer<i32>) -> (Range<usize>, OffsetBuffer<i32>) {
    let place = |offset: i32| usize::try_from(offset).expect("offsets are not negative");
    let last = offsets[offsets.len() - 1];
    (place(offsets[0])..place(last), OffsetBuffer::from_lengths(offsets.lengths()))
}

/// Each branch as a column of its own.
fn union(array: &UnionArray, branches: &UnionFields, target: &DataType) -> Result<ArrayRef> {
    let branch = |id: i8, field: &FieldRef| {
        let rows = (0..array.len()).map(|row| {
            let of_this = array.type_id(row) == id;
            of_this.then(|| i32::try_from(array.value_offset(row)).ok()).flatten()
        });
        let values = take(array.child(id), &rows.collect::<Int32Array>(), None).map_err(arrow_fault)?;
        keep(&values, field)
    };
    if let Some((id, field)) = only_branch(branches) {
        return branch(id, field);
    }
    if *target == DataType::Null {
        return Ok(new_null_array(target, array.len()));
    }
    let DataType::Struct(fields) = target else { return Err(misfit(array, target)) };
    let columns = real_branches(branches).map(|(id, field)| branch(id, field)).collect::<Result<Vec<_>>>()?;
    let mut valid = BooleanBufferBuilder::new(array.len());
    let null_branches: Vec<i8> = branches.iter().filter(|(_, f)| *f.data_type() == DataType::Null).map(|(id, _)| id).collect();
    (0..array.len()).for_each(|row| valid.append(!null_branches.contains(&array.type_id(row))));
    let structs = StructArray::try_new(fields.clone(), columns, Some(NullBuffer::new(valid.finish())));
    Ok(Arc::new(structs.map_err(arrow_fault)?))
}

/// UUIDs in their text form of 36 characters (RFC 9562).
fn uuids(array: &ArrayRef) -> ArrayRef {
    let text = |bytes: &[u8]| {
        let hex = super::super::fetch::hex(bytes);
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    };
    Arc::new(array.as_fixed_size_binary().iter().map(|b| b.map(text)).collect::<StringViewArray>())
}

/// A cast that fails rather than lose a value.
pub(super) fn cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    cast_with_options(array, to, &CastOptions { safe: false, ..CastOptions::default() }).map_err(arrow_fault)
}

fn misfit(array: &dyn Array, target: &DataType) -> crate::error::Error {
    fault(format!("a column of type {} can't be kept as {target}", array.data_type()))
}

#[cfg(test)]
mod tests {
    use arrow::array::LargeStringArray;
    use arrow::buffer::ScalarBuffer;

    use super::*;

    #[test]
    fn a_part_of_a_list_is_kept_with_its_own_values() {
        let item = Arc::new(Field::new("item", DataType::LargeUtf8, true));
        let values: ArrayRef = Arc::new(LargeStringArray::from_iter_values((0..10).map(|i| i.to_string())));
        let offsets = OffsetBuffer::new(ScalarBuffer::from(vec![0, 2, 2, 7, 10]));
        let list: ArrayRef = Arc::new(ListArray::try_new(Arc::clone(&item), offsets, values, None).expect("fits"));
        let field = Field::new("a", DataType::List(item), true);
        let part = keep(&list.slice(1, 2), &field).expect("is kept");
        let part = part.as_list::<i32>();
        assert_eq!((part.len(), part.value_length(0), part.value_length(1), part.values().len()), (2, 0, 5, 5));
        assert_eq!(part.value(1).as_string_view().iter().flatten().collect::<Vec<_>>(), ["2", "3", "4", "5", "6"]);
    }

    #[test]
    fn a_union_of_no_values_is_kept_as_nulls() {
        let branches = UnionFields::try_new([0], [Field::new("none", DataType::Null, true)]).expect("one branch");
        let child = new_null_array(&DataType::Null, 3);
        let array = UnionArray::try_new(branches.clone(), ScalarBuffer::from(vec![0_i8; 3]), None, vec![child]).expect("fits");
        let field = Field::new("a", DataType::Union(branches, arrow::datatypes::UnionMode::Sparse), true);
        assert_eq!(*kept(&field).data_type(), DataType::Null);
        let array: ArrayRef = Arc::new(array);
        assert_eq!(keep(&array, &field).expect("is kept").len(), 3);
    }

    #[test]
    fn text_is_no_uuid_when_one_file_says_nothing_of_it() {
        let uuid = Field::new("a", DataType::FixedSizeBinary(16), true)
            .with_metadata([("logicalType".to_owned(), "uuid".to_owned())].into());
        let (text, null) = (Field::new("a", DataType::Utf8, true), Field::new("a", DataType::Null, true));
        for (fields, says) in [
            ([&uuid, &uuid], true),
            ([&uuid, &text], false),
            ([&text, &uuid], false),
            ([&null, &uuid], true),
            ([&uuid, &null], true),
        ] {
            let schemas = fields.map(|f| ("u", Arc::new(arrow::datatypes::Schema::new(vec![f.clone()]))));
            let distribution = crate::descriptor::Distribution::default();
            let table = super::super::unite::unite(&schemas, &distribution, 10, &|_| false, &mut Vec::new()).expect("are united");
            assert_eq!(table.schema.field(0).metadata().contains_key(field_key::LOGICAL), says, "{fields:?}");
        }
    }
}
