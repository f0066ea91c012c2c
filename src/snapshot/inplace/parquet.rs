//! Parquet files: what their footers must agree on before anything believes them. Where a footer may lie without the file's size
//! giving it away, the scan's own checks hold (see [`super::pages`]).

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{SchemaRef, TimeUnit};
use datafusion::datasource::physical_plan::parquet::Int96Coercer;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};

use super::logical::told;
use super::thrift::{Compact, LIST, STRUCT};
use super::{Footer, MAX_FOOTER, Version, each, rows, united};
use crate::error::{Error, Kind, Result};
use crate::name::quoted;
use crate::snapshot::columnar::fault;
use crate::store::Object;

/// Groups within each other that a schema may have.
const MAX_DEPTH: usize = 100;

/// Row groups that a file may have: the decoder numbers them in 16 bits.
const MAX_GROUPS: usize = 1 << 15;

/// The fields of a footer that are the schema, and the row groups (parquet.thrift, `FileMetaData`).
const SCHEMA: i16 = 2;
const ROW_GROUPS: i16 = 4;

/// The columns of all `objects`, their rows, and how long the longest footer is. Times of 96 bits are read to the microsecond: 64 bits of
/// nanoseconds end in 2262.
pub(in crate::snapshot) async fn footers(objects: &[Object]) -> Result<(SchemaRef, u64, u64)> {
    let footers = each(objects, footer).await?;
    let longest = footers.iter().map(|footer| footer.bytes).max().unwrap_or_default();
    Ok((united(objects, &footers)?, rows(&footers), longest))
}

/// Checks what the last bytes claim, before anything believes it, then reads the footer and holds it against the file.
async fn footer(version: Version<'_>) -> Result<Footer> {
    let object = version.object;
    let unreadable = |e: Error| {
        if e.kind() == Kind::SourceInvalid { e.within(format!("{} can't be read", object.url)) } else { e }
    };
    let size = object.meta.size;
    check_size(size).map_err(unreadable)?;
    let claimed = claimed(size, &version.bytes(size - 8..size).await?).map_err(unreadable)?;
    let _room = version.room(claimed).await?;
    let bytes = version.bytes(size - 8 - claimed..size - 8).await?;
    let footer = ParquetFooter::believed(size, &bytes).map_err(unreadable)?;
    Ok(Footer { schema: footer.told(), rows: footer.rows, bytes: claimed })
}

/// A footer that was held against its file.
pub(in crate::snapshot) struct ParquetFooter {
    pub(in crate::snapshot) metadata: ArrowReaderMetadata,
    pub(in crate::snapshot) rows: u64,
    /// The columns as they are read: see [`micros`].
    pub(in crate::snapshot) schema: SchemaRef,
}

impl ParquetFooter {
    /// Where a file of `size` bytes has its footer; `read` gives bytes from a place on.
    pub(in crate::snapshot) fn place(size: u64, mut read: impl FnMut(u64, u64) -> Result<Vec<u8>>) -> Result<Range<u64>> {
        check_size(size)?;
        let claimed = claimed(size, &read(size - 8, 8)?)?;
        Ok(size - 8 - claimed..size - 8)
    }

    /// Decodes the footer of a file of `size` bytes, and holds it to what it can know. Errors do not name the file.
    pub(in crate::snapshot) fn believed(size: u64, bytes: &[u8]) -> Result<Self> {
        if depth(bytes).is_none_or(|depth| depth > MAX_DEPTH) {
            return Err(fault(format!("its schema makes no sense, or is nested more than {MAX_DEPTH} deep")));
        }
        let metadata = ParquetMetaDataReader::decode_metadata(bytes).map_err(fault)?;
        let rows = check(&metadata, size - 8 - bytes.len() as u64).map_err(fault)?;
        let metadata = ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new()).map_err(fault)?;
        let schema = micros(&metadata).unwrap_or_else(|| Arc::clone(metadata.schema()));
        distinct(&schema)?;
        Ok(Self { metadata, rows, schema })
    }

    /// The columns with what the file says of their values, beside their types.
    pub(in crate::snapshot) fn told(&self) -> SchemaRef {
        told(self.metadata.metadata(), &self.schema)
    }
}

fn check_size(size: u64) -> Result<()> {
    if size < 12 { Err(fault(format!("{size} bytes are too few for a Parquet file"))) } else { Ok(()) }
}

/// The length of a footer by the last eight bytes of the file.
fn claimed(size: u64, end: &[u8]) -> Result<u64> {
    match &end[4..] {
        b"PAR1" => {}
        b"PARE" => return Err(fault("it is an encrypted Parquet file").with_hint("Publish it without encryption.")),
        _ => return Err(fault("it does not end as a Parquet file")),
    }
    let claimed = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
    if claimed == 0 {
        return Err(fault("its footer has 0 bytes"));
    }
    if claimed > size - 12 || claimed > MAX_FOOTER {
        return Err(fault(format!("its footer claims {claimed} of {size} bytes")));
    }
    Ok(claimed)
}

/// The file's schema with its times of 96 bits in microseconds; `None` when it has none.
pub(in crate::snapshot) fn micros(metadata: &ArrowReaderMetadata) -> Option<SchemaRef> {
    let parquet = metadata.metadata().file_metadata().schema_descr();
    Int96Coercer::new(parquet, metadata.schema(), &TimeUnit::Microsecond).coerce().map(Arc::new)
}

/// SQL can't tell two columns of one name apart, and a scan finds columns by name.
fn distinct(schema: &SchemaRef) -> Result<()> {
    let twice = schema.fields().iter().enumerate().find(|(i, f)| schema.fields()[..*i].iter().any(|g| g.name() == f.name()));
    match twice {
        None => Ok(()),
        Some((_, field)) => {
            let e = fault(format!("two of its columns are called {}", quoted(field.name())));
            Err(e.with_hint("Publish it with a name of its own for each column."))
        }
    }
}

/// How deep the schema of a footer is nested, looked up without a step for each level: the decoder takes one, and its stack ends.
/// `None` when it makes no sense.
fn depth(footer: &[u8]) -> Option<usize> {
    let mut reader = Compact::new(footer);
    let mut deepest = None;
    reader
        .structure(|reader, id, kind| {
            // The decoder does not look at the type that a field is said to be of, and sets memory aside for as many row groups as are claimed.
            match (id, kind) {
                (SCHEMA, LIST) => {}
                (ROW_GROUPS, LIST) => {
                    let mut ahead = *reader;
                    return (ahead.list()?.1 <= MAX_GROUPS).then_some(false);
                }
                (SCHEMA | ROW_GROUPS, _) => return None,
                _ => return Some(false),
            }
            let (STRUCT, elements) = reader.list()? else { return None };
            // How many children of each open group are still to come.
            let mut open: Vec<i32> = Vec::new();
            let mut most = 0;
            for _ in 0..elements {
                let mut children = 0;
                reader.structure(|reader, id, _| {
                    if id == 5 {
                        children = reader.int()?;
                    }
                    Some(id == 5)
                })?;
                while open.last() == Some(&0) {
                    open.pop();
                }
                if let Some(left) = open.last_mut() {
                    *left -= 1;
                }
                if children > 0 {
                    open.push(children);
                }
                most = most.max(open.len());
                if most > MAX_DEPTH {
                    break;
                }
            }
            deepest = Some(most);
            // A schema that is too deep is all that needs to be known.
            if most > MAX_DEPTH { None } else { Some(true) }
        })
        .or_else(|| deepest.filter(|d| *d > MAX_DEPTH).map(|_| ()))?;
    deepest
}

/// Holds row groups against each other and against the file, of which `end` bytes stand before the footer; the rows of the file.
fn check(metadata: &ParquetMetaData, end: u64) -> Result<u64, String> {
    let claimed = metadata.file_metadata().num_rows();
    let rows = u64::try_from(claimed).map_err(|_| format!("it claims {claimed} rows"))?;
    let mut sum = 0_u64;
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let of_group = check_group(group, end).map_err(|what| format!("row group {number}: {what}"))?;
        sum = sum.saturating_add(of_group);
    }
    if sum != rows {
        return Err(format!("it says that it has {rows} rows, and its row groups {sum}"));
    }
    Ok(rows)
}

fn check_group(group: &RowGroupMetaData, end: u64) -> Result<u64, String> {
    let rows = u64::try_from(group.num_rows()).map_err(|_| format!("it claims {} rows", group.num_rows()))?;
    for column in group.columns() {
        let name = column.column_path().string();
        let start = column.dictionary_page_offset().map_or(column.data_page_offset(), |d| d.min(column.data_page_offset()));
        let inside = |start: i64, length: i64| {
            let place = u64::try_from(start).ok().zip(u64::try_from(length).ok());
            place.and_then(|(start, length)| start.checked_add(length)).is_some_and(|stop| stop <= end)
        };
        if !inside(start, column.compressed_size()) || column.dictionary_page_offset().is_some_and(|d| !inside(d, 0)) {
            return Err(format!("column {} is said to lie outside of the file", quoted(&name)));
        }
        let indexes = [
            (column.column_index_offset(), column.column_index_length()),
            (column.offset_index_offset(), column.offset_index_length()),
            (column.bloom_filter_offset(), column.bloom_filter_length()),
        ];
        if indexes.iter().any(|(start, length)| start.is_some_and(|s| !inside(s, i64::from(length.unwrap_or(0))))) {
            return Err(format!("an index of column {} is said to lie outside of the file", quoted(&name)));
        }
        let values =
            u64::try_from(column.num_values()).map_err(|_| format!("column {} claims less than no values", quoted(&name)))?;
        let flat = column.column_descr().max_rep_level() == 0;
        if (flat && values != rows) || values < rows {
            return Err(format!("it has {rows} rows, and column {} {values} values", quoted(&name)));
        }
        if column.uncompressed_size() < 0 {
            return Err(format!("column {} claims less than no bytes", quoted(&name)));
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::thrift::tests::number;
    use super::*;

    /// A footer of a schema whose groups stand within each other, each of which says that it has `children`, and what follows the schema.
    fn footer(depth: usize, children: i64, then: &[u8]) -> Vec<u8> {
        // The field 2, a list of so many structures; in each, the field 5.
        let mut out = vec![0x29, 0xf0 | STRUCT];
        let elements = u8::try_from(depth).expect("few");
        out.extend(if elements < 0x80 { vec![elements] } else { vec![elements | 0x80, 1] });
        for _ in 0..depth {
            out.push(0x55);
            out.extend(number(children));
            out.push(0);
        }
        out.extend_from_slice(then);
        out.push(0);
        out
    }

    #[test]
    fn a_footer_is_seen_as_the_decoder_sees_it() {
        for (bytes, want) in [
            (footer(3, 1, &[]), Some(3)),
            (footer(101, 1, &[]), Some(101)),
            // Negative in 64 bits, and 1 in the 32 that the decoder takes.
            (footer(101, 1 - (1 << 40), &[]), Some(101)),
            // Row groups: two empty ones, more than there are bytes, and a list that is said to be a number.
            (footer(3, 1, &[0x29, 0x2c, 0, 0]), Some(3)),
            (footer(3, 1, &[0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07]), None),
            (footer(3, 1, &[0x26, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07]), None),
            // The same in the field 65540, which is 4 in 16 bits.
            (footer(3, 1, &[&[0x06][..], &number(65_540), &[0xfc, 0xff, 0xff, 0xff, 0xff, 0x07]].concat()), None),
        ] {
            assert_eq!(depth(&bytes), want, "{bytes:x?}");
        }
    }
}
