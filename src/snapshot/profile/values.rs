//! The sketch of a column's values, gathered while a profile is made. How values are compared is told by the catalog; which Arrow types are
//! keys, here.

use arrow::array::types::{Date32Type, Int64Type, TimestampMicrosecondType};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, TimeUnit};

use super::measure::internal;
use crate::catalog::{Gatherer, Sketch, ValueKind};
use crate::error::Result;
use crate::snapshot::field_key;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Slots of the values that were seen lately, by their hash: what repeats is not written in its normal form again.
const LATELY: usize = 4096;

/// Gathers the sketch of a column from its batches.
pub(super) struct Values {
    gatherer: Gatherer,
    kind: ValueKind,
    lately: Vec<u64>,
}

/// A batch's values as they are read.
pub(super) struct Batch(ArrayRef);

/// What the values of a column are compared as; `None` for types that are no keys.
fn kind(field: &Field) -> Option<ValueKind> {
    let plain = match field.data_type() {
        DataType::Dictionary(_, values) => values.as_ref(),
        other => other,
    };
    match plain {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            match field.metadata().get(field_key::LOGICAL).map(String::as_str) {
                None => Some(ValueKind::Text),
                Some("uuid") => Some(ValueKind::Uuid),
                Some(_) => None,
            }
        }
        DataType::Decimal128(_, 0) | DataType::Decimal256(_, 0) => Some(ValueKind::Integer),
        integer if integer.is_integer() => Some(ValueKind::Integer),
        DataType::Date32 | DataType::Date64 => Some(ValueKind::Date),
        DataType::Timestamp(_, None) => Some(ValueKind::Timestamp),
        DataType::Timestamp(_, Some(_)) => Some(ValueKind::Instant),
        _ => None,
    }
}

impl Values {
    /// `None` for a column that is no key.
    pub(super) fn new(field: &Field) -> Option<Self> {
        let kind = kind(field)?;
        Some(Self { gatherer: Gatherer::new(kind), kind, lately: vec![0; LATELY] })
    }

    /// A batch of the column, to be given value by value.
    pub(super) fn batch(&self, array: &ArrayRef) -> Result<Batch> {
        let to = match (self.kind, array.data_type()) {
            (ValueKind::Text | ValueKind::Uuid, _) => DataType::Utf8View,
            (ValueKind::Integer, DataType::UInt64 | DataType::Decimal128(..) | DataType::Decimal256(..)) => DataType::Utf8View,
            (ValueKind::Integer, _) => DataType::Int64,
            (ValueKind::Date, _) => DataType::Date32,
            (ValueKind::Timestamp | ValueKind::Instant, DataType::Timestamp(_, zone)) => {
                DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
            }
            (ValueKind::Timestamp | ValueKind::Instant, _) => DataType::Timestamp(TimeUnit::Microsecond, None),
        };
        Ok(Batch(if *array.data_type() == to { ArrayRef::clone(array) } else { cast(array, &to).map_err(internal)? }))
    }

    /// The value of a row, which is none that is NULL; `hash` tells it from others of its column.
    pub(super) fn add(&mut self, batch: &Batch, row: usize, hash: u64) {
        let slot = &mut self.lately[hash as usize % LATELY];
        if std::mem::replace(slot, hash) == hash || batch.0.is_null(row) {
            return;
        }
        let (array, to) = (&batch.0, &mut self.gatherer);
        match array.data_type() {
            DataType::Utf8View if self.kind == ValueKind::Integer => {
                let text = array.as_string_view().value(row);
                match text.parse() {
                    Ok(n) => to.integer(n),
                    Err(_) => to.long_integer(text),
                }
            }
            DataType::Utf8View => to.text(array.as_string_view().value(row)),
            DataType::Int64 => to.integer(array.as_primitive::<Int64Type>().value(row)),
            DataType::Date32 => to.instant(i64::from(array.as_primitive::<Date32Type>().value(row)) * DAY),
            DataType::Timestamp(..) => to.instant(array.as_primitive::<TimestampMicrosecondType>().value(row)),
            _ => {}
        }
    }

    /// See [`Gatherer::finish`].
    pub(super) fn finish(self) -> Option<Sketch> {
        self.gatherer.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use arrow::array::{Date32Array, Decimal128Array, Float64Array, Int32Array, StringArray, TimestampSecondArray, UInt64Array};

    use super::*;

    fn of(array: ArrayRef, metadata: &[(&str, &str)]) -> Option<Sketch> {
        let metadata: HashMap<String, String> = metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let field = Field::new("x", array.data_type().clone(), true).with_metadata(metadata);
        let mut values = Values::new(&field)?;
        let batch = values.batch(&array).expect("is read");
        (0..array.len()).for_each(|row| values.add(&batch, row, row as u64 + 1));
        values.finish()
    }

    #[test]
    fn values_of_different_types_meet() {
        let hashes = |array: ArrayRef, metadata: &[(&str, &str)]| of(array, metadata).map(|s| s.hashes);
        let text = |values: Vec<&str>| hashes(Arc::new(StringArray::from(values)), &[]);
        let number = text(vec!["310104"]);
        assert!(number.is_some());
        assert_eq!(hashes(Arc::new(Int32Array::from(vec![Some(310_104), None])), &[]), number);
        assert_eq!(hashes(Arc::new(UInt64Array::from(vec![310_104])), &[]), number);
        let decimals = Decimal128Array::from(vec![310_104]).with_precision_and_scale(20, 0).expect("fits");
        assert_eq!(hashes(Arc::new(decimals), &[]), number);
        let date = text(vec!["2020-01-01"]);
        assert_eq!(hashes(Arc::new(Date32Array::from(vec![18_262])), &[]), date);
        assert_eq!(hashes(Arc::new(TimestampSecondArray::from(vec![18_262 * 86_400])), &[]), date);
        let uuid: ArrayRef = Arc::new(StringArray::from(vec!["ABABABAB-abab-abab-abab-abababababab"]));
        let kind = of(uuid, &[(field_key::LOGICAL, "uuid")]).map(|s| (s.kind, s.distinct()));
        assert_eq!(kind, Some((ValueKind::Uuid, 1)));
    }

    #[test]
    fn fractions_and_documents_are_no_keys() {
        assert_eq!(of(Arc::new(Float64Array::from(vec![1.0])), &[]), None);
        assert_eq!(of(Arc::new(StringArray::from(vec!["{}"])), &[(field_key::LOGICAL, "json")]), None);
    }
}
