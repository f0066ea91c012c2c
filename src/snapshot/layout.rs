//! Layout: how a column is laid out in Parquet for scans, chosen by the type of its values and by how they repeat and follow each
//! other in a sample; the choices are explained in `docs/decisions/017-layout.md`. What a column means is not known here.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Field, FieldRef, Float64Type, Int64Type, Schema, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType,
};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};

use super::write::parquet_error;
use crate::error::{Error, Kind, Result};

/// Rows of a row group, about: it ends with the batch that reaches them.
pub(super) const GROUP_ROWS: usize = 1 << 20;

/// Bytes of text that make a row group, about, when its rows are long.
pub(super) const GROUP_TEXT: u64 = 256 << 20;

/// Rows of a data page, at most: what a reader with the page index can pass over at once.
const PAGE_ROWS: usize = 5_000;

/// The same where values stand as they are: a codec finds what they share only within a page.
const PLAIN_PAGE_ROWS: usize = 20_000;

/// The share of false answers of a bloom filter: a row group too many is decoded faster than larger filters of all are read.
const FALSE_POSITIVES: f64 = 0.05;

/// The fewest values of a sample that say anything about a column.
pub(super) const TELLING: usize = 1000;

/// What is chosen for one column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ColumnLayout {
    /// Hardly any value comes twice: a dictionary would only be built to be thrown away.
    pub(super) distinct: bool,
    /// Values never descend: smallest and largest values already tell row groups and pages apart.
    pub(super) ascending: bool,
}

impl ColumnLayout {
    /// The layout for a column that has these values in a sample of rows that follow each other.
    pub(super) fn of(sample: &ArrayRef) -> Self {
        let values = sample.len() - sample.null_count();
        if values < TELLING {
            return Self::default();
        }
        let (distinct, ascending) = match sample.data_type() {
            DataType::Int64 => facts(sample.as_primitive::<Int64Type>().iter().flatten()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                facts(sample.as_primitive::<TimestampMicrosecondType>().iter().flatten())
            }
            DataType::Date32 => facts(sample.as_primitive::<Date32Type>().iter().flatten()),
            DataType::Time64(TimeUnit::Microsecond) => facts(sample.as_primitive::<Time64MicrosecondType>().iter().flatten()),
            DataType::Float64 => facts(sample.as_primitive::<Float64Type>().iter().flatten().map(f64::to_bits)),
            DataType::Utf8View => facts(sample.as_string_view().iter().flatten()),
            _ => return Self::default(),
        };
        Self { distinct: distinct * 2 > values, ascending }
    }

    /// The layout for numbers that grow by about the same from row to row.
    pub(super) fn counting() -> Self {
        Self { distinct: true, ascending: true }
    }

    /// Whether single values are likely to be looked for, and a filter is what finds their row group.
    fn is_key(self, kind: &DataType) -> bool {
        self.distinct && !self.ascending && matches!(kind, DataType::Int64 | DataType::Utf8View)
    }

    fn properties(self, kind: &DataType) -> WriterPropertiesBuilder {
        let properties = file_properties().set_data_page_row_count_limit(PAGE_ROWS);
        if !self.distinct {
            return properties;
        }
        let properties = properties.set_dictionary_enabled(false);
        if !matches!(kind, DataType::Int64 | DataType::Timestamp(..) | DataType::Date32 | DataType::Time64(_)) {
            return properties.set_data_page_row_count_limit(PLAIN_PAGE_ROWS);
        }
        let properties = properties.set_encoding(Encoding::DELTA_BINARY_PACKED);
        // Packed bits that follow no order hold little more to press out, and ZSTD takes long to find that.
        if self.ascending { properties } else { properties.set_compression(Compression::LZ4_RAW) }
    }

    /// What makes the writers of one column's chunks.
    pub(super) fn writers(self, field: &Field) -> Result<ColumnWriters> {
        let field: FieldRef = Arc::new(field.clone());
        let plain = self.properties(field.data_type());
        let later = self
            .is_key(field.data_type())
            .then(|| plain.clone().set_bloom_filter_enabled(true).set_bloom_filter_fpp(FALSE_POSITIVES).build());
        let first = factory(&field, plain.build())?;
        Ok(ColumnWriters { first, later: later.map(|properties| factory(&field, properties)).transpose()? })
    }
}

/// Makes the writers of one column's chunks.
pub(super) struct ColumnWriters {
    first: ArrowRowGroupWriterFactory,
    /// For the row groups behind the first of a part, when those have a bloom filter.
    later: Option<ArrowRowGroupWriterFactory>,
}

impl ColumnWriters {
    /// A writer for the row group `nth` of its part, counted from 0. The first group has no bloom filter: most parts have no other,
    /// and there to read the filter takes what it takes to read the column, and to make it up to a quarter of the ingest.
    pub(super) fn writer(&self, nth: usize) -> Result<ArrowColumnWriter> {
        let factory = self.later.as_ref().filter(|_| nth > 0).unwrap_or(&self.first);
        let mut new = factory.create_column_writers(0).map_err(parquet_error)?;
        let one = new.pop().filter(|_| new.is_empty());
        one.ok_or_else(|| Error::new(Kind::Internal, "a column has not one writer"))
    }
}

fn factory(field: &FieldRef, properties: WriterProperties) -> Result<ArrowRowGroupWriterFactory> {
    let schema = Arc::new(Schema::new(vec![Arc::clone(field)]));
    let writer = ArrowWriter::try_new(std::io::sink(), schema, Some(properties)).map_err(parquet_error)?;
    Ok(writer.into_serialized_writer().map_err(parquet_error)?.1)
}

/// How many different values there are, and whether none is less than the one before.
fn facts<T: Hash + PartialOrd>(values: impl Iterator<Item = T>) -> (usize, bool) {
    let mut seen = HashSet::new();
    let mut ascending = true;
    let mut last: Option<T> = None;
    for value in values {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        seen.insert(hasher.finish());
        ascending &= last.is_none_or(|last| last <= value);
        last = Some(value);
    }
    (seen.len(), ascending)
}

/// What holds for a whole file, whatever its columns.
pub(super) fn file_properties() -> WriterPropertiesBuilder {
    let level = ZstdLevel::try_new(1).expect("zstd has a level 1");
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_created_by(concat!("stoa ", env!("CARGO_PKG_VERSION")).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringViewArray};
    use parquet::arrow::arrow_writer::compute_leaves;
    use parquet::schema::types::ColumnPath;

    const ZSTD: &str = "ZSTD";
    const LZ4: &str = "LZ4_RAW";

    #[test]
    fn layouts() {
        let ints = |f: fn(i64) -> i64| Arc::new((0..2000).map(f).collect::<Int64Array>()) as ArrayRef;
        let texts = |f: fn(i64) -> String| Arc::new(StringViewArray::from_iter_values((0..2000).map(f))) as ArrayRef;
        for (sample, distinct, ascending, key, codec, page) in [
            (ints(|i| i), true, true, false, ZSTD, PAGE_ROWS),
            (ints(|i| i / 100), false, true, false, ZSTD, PAGE_ROWS),
            (ints(|i| i % 100), false, false, false, ZSTD, PAGE_ROWS),
            (ints(|i| (i * 7919) % 2003), true, false, true, LZ4, PAGE_ROWS),
            (texts(|i| format!("{:x}", i * 7919)), true, false, true, ZSTD, PLAIN_PAGE_ROWS),
            (texts(|i| format!("S{}", i % 7)), false, false, false, ZSTD, PAGE_ROWS),
            (Arc::new(Int64Array::from(vec![3, 1, 2])), false, false, false, ZSTD, PAGE_ROWS),
        ] {
            let layout = ColumnLayout::of(&sample);
            assert_eq!((layout.distinct, layout.ascending), (distinct, ascending));
            assert_eq!(layout.is_key(sample.data_type()), key);
            let properties = layout.properties(sample.data_type()).build();
            let path = ColumnPath::from("x");
            assert_eq!(properties.dictionary_enabled(&path), !distinct);
            assert!(properties.compression(&path).to_string().starts_with(codec), "{codec}");
            assert_eq!(properties.data_page_row_count_limit(), page);
        }
    }

    #[test]
    fn keys_have_a_filter_behind_the_first_row_group() {
        let key = ColumnLayout { distinct: true, ascending: false };
        for (layout, kind, nth, filtered) in [
            (key, DataType::Utf8View, 0, false),
            (key, DataType::Utf8View, 1, true),
            (key, DataType::Int64, 2, true),
            (key, DataType::Float64, 1, false),
            (ColumnLayout::counting(), DataType::Int64, 1, false),
            (ColumnLayout::default(), DataType::Utf8View, 1, false),
        ] {
            let field = Field::new("x", kind.clone(), true);
            let mut writer = layout.writers(&field).expect("writers").writer(nth).expect("a writer");
            let values = arrow::compute::cast(&Int64Array::from(vec![7, 8, 9]), &kind).expect("as the kind");
            for leaf in compute_leaves(&field, &values).expect("one leaf") {
                writer.write(&leaf).expect("is written");
            }
            let schema = Arc::new(Schema::new(vec![field]));
            let mut out = Vec::new();
            let file = ArrowWriter::try_new(&mut out, schema, None).and_then(ArrowWriter::into_serialized_writer);
            let (mut file, _) = file.expect("a file");
            let mut group = file.next_row_group().expect("a group");
            writer.close().and_then(|chunk| chunk.append_to_row_group(&mut group)).expect("is written");
            group.close().expect("is written");
            let footer = file.finish().expect("is written");
            let told = footer.row_group(0).column(0).bloom_filter_offset();
            assert_eq!(told.is_some(), filtered, "{kind}, group {nth}");
        }
    }
}
