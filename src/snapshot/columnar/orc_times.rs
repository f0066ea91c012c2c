//! ORC's times: how finely they are kept, and what a file's statistics say of them.

use std::ops::RangeInclusive;

use arrow::array::AsArray;
use arrow::compute::{max, min};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType};
use arrow::record_batch::RecordBatch;
use orc_rust::TimestampPrecision;
use orc_rust::reader::metadata::FileMetadata;
use orc_rust::schema::NamedColumn;
use orc_rust::statistics::TypeStatistics;

use super::fault;
use crate::error::Result;
use crate::name::quoted;

/// Nanoseconds, which ORC keeps, unless the file's statistics say that a time lies outside of the years 1678 to 2261, which is all that
/// 64 bits of nanoseconds hold: then microseconds.
pub(super) fn precision(metadata: &FileMetadata) -> TimestampPrecision {
    let narrow = i64::MIN / 1_000_000 + 1_000..i64::MAX / 1_000_000 - 1_000;
    let outside = metadata.column_file_statistics().iter().any(|column| match column.type_statistics() {
        Some(TypeStatistics::Timestamp { min, max, min_utc, max_utc }) => {
            [min, max, min_utc, max_utc].into_iter().any(|millis| !narrow.contains(millis))
        }
        Some(_) | None => false,
    });
    if outside { TimestampPrecision::Microsecond } else { TimestampPrecision::Nanosecond }
}

/// Within which bounds the times of a column are, by the file's statistics. Arrow's writer keeps fractions of seconds before 1970 as
/// numbers below zero, which the decoder takes for other times, years off.
pub(super) struct Times {
    /// The column's place among all.
    column: usize,
    /// In milliseconds.
    bounds: RangeInclusive<i64>,
}

impl Times {
    /// Of the columns whose statistics tell them.
    pub(super) fn of(metadata: &FileMetadata) -> Vec<Self> {
        let statistics = metadata.column_file_statistics();
        let columns = metadata.root_data_type().children().iter().enumerate();
        let of_column = |(column, named): (usize, &NamedColumn)| {
            let bounds = Self::bounds(statistics.get(named.data_type().column_index())?.type_statistics()?)?;
            Some(Self { column, bounds })
        };
        columns.filter_map(of_column).collect()
    }

    /// A day of leeway for time zones. `None` for statistics that tell no bound, which the decoder shows as zeros.
    fn bounds(statistics: &TypeStatistics) -> Option<RangeInclusive<i64>> {
        const DAY: i64 = 86_400_000;
        match statistics {
            TypeStatistics::Timestamp { min: 0, max: 0, min_utc: 0, max_utc: 0 } => None,
            TypeStatistics::Timestamp { min, max, min_utc, max_utc } => {
                Some((*min.min(min_utc)).saturating_sub(DAY)..=(*max.max(max_utc)).saturating_add(DAY))
            }
            _ => None,
        }
    }

    pub(super) fn check(&self, batch: &RecordBatch) -> Result<()> {
        let column = batch.column(self.column);
        let (extremes, scale) = match column.data_type() {
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                let times = column.as_primitive::<TimestampNanosecondType>();
                ([min(times), max(times)], 1_000_000)
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                let times = column.as_primitive::<TimestampMicrosecondType>();
                ([min(times), max(times)], 1_000)
            }
            _ => return Ok(()),
        };
        if extremes.into_iter().flatten().all(|time| self.bounds.contains(&time.div_euclid(scale))) {
            return Ok(());
        }
        let name = quoted(batch.schema_ref().field(self.column).name());
        Err(fault(format!("the times of column {name} are not those that its statistics tell"))
            .with_hint("Arrow writes times before 1970 with fractions of seconds so: publish it as Parquet."))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, TimestampNanosecondArray};

    use super::*;

    #[test]
    fn times_are_held_to_their_statistics() {
        let told = |min, max| Times::bounds(&TypeStatistics::Timestamp { min: 0, max: 0, min_utc: min, max_utc: max });
        assert_eq!(told(0, 0), None);
        assert_eq!(told(-1, 1), Some(-86_400_001..=86_400_001));
        let times = Times { column: 0, bounds: -86_400_000..=86_400_000 };
        let batch = |times: [Option<i64>; 2]| {
            let times: ArrayRef = Arc::new(TimestampNanosecondArray::from_iter(times));
            RecordBatch::try_from_iter([("T", times)]).expect("a column")
        };
        assert!(times.check(&batch([Some(-1), None])).is_ok());
        assert!(times.check(&batch([None, None])).is_ok());
        // What becomes of a nanosecond before 1970.
        let e = times.check(&batch([Some(0), Some((1 << 61) - 1)])).expect_err("it is years off");
        assert_eq!(e.message(), "the times of column \"T\" are not those that its statistics tell");
    }
}
