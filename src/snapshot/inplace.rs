//! Published Parquet and Arrow files: they are scanned where they stand, and here only their schemas and row counts are read, with
//! a distrust of what their footers claim.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::MessageHeader;
use bytes::Bytes;
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::ParquetMetaDataReader;

use crate::error::{Error, Kind, Result};
use crate::name::quoted;
use crate::store::{Object, pinned, source_error};

/// Files whose footers are read at the same time.
const AT_ONCE: usize = 8;

/// The longest footer that is believed, in bytes.
const MAX_FOOTER: u64 = 256 << 20;

/// The schema that all `objects` have, and their rows.
pub(super) async fn parquet(objects: &[Object]) -> Result<(SchemaRef, u64)> {
    shared(objects, parquet_footer).await
}

/// The schema that all `objects` have, and their rows.
pub(super) async fn arrow(objects: &[Object]) -> Result<(SchemaRef, u64)> {
    shared(objects, arrow_footer).await
}

/// Reads every file's footer with `read` and compares their schemas; a panic of a reader is an error of the file.
async fn shared<'a, F>(objects: &'a [Object], read: impl Fn(Version<'a>) -> F) -> Result<(SchemaRef, u64)>
where
    F: Future<Output = Result<(SchemaRef, u64)>> + 'a,
{
    let footers = objects.iter().map(|object| {
        let version = Version::of(object);
        let footer = AssertUnwindSafe(read(version)).catch_unwind();
        async move { footer.await.unwrap_or_else(|_| Err(invalid(object, "its metadata makes no sense"))) }
    });
    let footers: Vec<_> = footers.collect();
    let mut footers = futures::stream::iter(footers).buffered(AT_ONCE);
    let Some((schema, mut rows)) = footers.try_next().await? else {
        return Err(Error::new(Kind::SourceMissing, "there is no file to read"));
    };
    let mut index = 1;
    while let Some((other, more)) = footers.try_next().await? {
        if let Some(difference) = difference(&schema, &other) {
            let message = format!("{} and {} are not of one shape: {difference}", objects[0].url, objects[index].url);
            return Err(Error::new(Kind::SourceInvalid, message).with_hint("Describe them as distributions of their own."));
        }
        rows += more;
        index += 1;
    }
    Ok((schema, rows))
}

/// What sets two schemas apart, beside their metadata and whether values may be absent.
fn difference(a: &Schema, b: &Schema) -> Option<String> {
    for field in a.fields() {
        match b.field_with_name(field.name()) {
            Ok(other) if other.data_type() == field.data_type() => {}
            Ok(other) => {
                return Some(format!("column {} is {} and {}", quoted(field.name()), field.data_type(), other.data_type()));
            }
            Err(_) => return Some(format!("only the first has column {}", quoted(field.name()))),
        }
    }
    let added = b.fields().iter().find(|f| a.field_with_name(f.name()).is_err())?;
    Some(format!("only the second has column {}", quoted(added.name())))
}

fn invalid(object: &Object, what: impl std::fmt::Display) -> Error {
    // What follows the first line is where in the metadata the verifier stood.
    let what = what.to_string();
    Error::new(Kind::SourceInvalid, format!("{} can't be read: {}", object.url, what.lines().next().unwrap_or_default()))
}

/// One object, each read of which is of the version that was looked up.
struct Version<'a> {
    object: &'a Object,
    store: Arc<dyn ObjectStore>,
}

impl<'a> Version<'a> {
    fn of(object: &'a Object) -> Self {
        let store = pinned(std::slice::from_ref(object)).expect("one object is of one store");
        Self { object, store }
    }

    async fn bytes(&self, range: std::ops::Range<u64>) -> Result<Bytes> {
        let read = self.store.get_range(&self.object.meta.location, range).await;
        read.map_err(|e| source_error(&self.object.url, e))
    }
}

/// Checks what the last bytes claim, before anything believes it, then reads the footer.
async fn parquet_footer(version: Version<'_>) -> Result<(SchemaRef, u64)> {
    let object = version.object;
    let size = object.meta.size;
    if size < 12 {
        return Err(invalid(object, format!("{size} bytes are too few for a Parquet file")));
    }
    let end = version.bytes(size - 8..size).await?;
    match &end[4..] {
        b"PAR1" => {}
        b"PARE" => return Err(invalid(object, "it is encrypted")),
        _ => return Err(invalid(object, "it does not end as a Parquet file")),
    }
    let claimed = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
    if claimed > size - 12 || claimed > MAX_FOOTER {
        return Err(invalid(object, format!("its footer claims {claimed} of {size} bytes")));
    }
    let footer = version.bytes(size - 8 - claimed..size - 8).await?;
    let footer = ParquetMetaDataReader::decode_metadata(&footer).map_err(|e| invalid(object, e))?;
    let footer = ArrowReaderMetadata::try_new(Arc::new(footer), ArrowReaderOptions::new()).map_err(|e| invalid(object, e))?;
    let rows = footer.metadata().file_metadata().num_rows();
    let rows = u64::try_from(rows).map_err(|_| invalid(object, format!("it claims {rows} rows")))?;
    Ok((Arc::clone(footer.schema()), rows))
}

/// Reads an Arrow file's footer, and of each batch the few bytes that tell its rows.
async fn arrow_footer(version: Version<'_>) -> Result<(SchemaRef, u64)> {
    let object = version.object;
    let size = object.meta.size;
    if size < 16 {
        return Err(invalid(object, format!("{size} bytes are too few for an Arrow file")));
    }
    let end = version.bytes(size - 10..size).await?;
    if &end[4..] != b"ARROW1" {
        let start = version.bytes(0..8).await?;
        let stream = start[..4] == [0xff; 4];
        let what = if stream { "it is an Arrow stream, not a file" } else { "it does not end as an Arrow file" };
        return Err(invalid(object, what).with_hint("Write it in the IPC file format (Feather v2)."));
    }
    let claimed = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
    if claimed > size - 16 || claimed > MAX_FOOTER {
        return Err(invalid(object, format!("its footer claims {claimed} of {size} bytes")));
    }
    let footer = version.bytes(size - 10 - claimed..size - 10).await?;
    let footer = arrow::ipc::root_as_footer(&footer).map_err(|e| invalid(object, e))?;
    let schema = footer.schema().ok_or_else(|| invalid(object, "its footer has no schema"))?;
    let schema = arrow::ipc::convert::fb_to_schema(schema);
    let blocks = footer.recordBatches();
    let blocks = blocks.iter().flatten().map(|b| (b.offset(), b.metaDataLength())).collect::<Vec<_>>();
    let mut rows = 0;
    for (offset, length) in blocks {
        rows += batch_rows(&version, offset, length).await?;
    }
    Ok((Arc::new(schema), rows))
}

/// The rows that a batch's message header tells.
async fn batch_rows(version: &Version<'_>, offset: i64, length: i32) -> Result<u64> {
    let object = version.object;
    let nonsense = || invalid(object, "a batch is said to lie outside of the file");
    let start = u64::try_from(offset).map_err(|_| nonsense())?;
    let end = u64::try_from(length).ok().and_then(|l| start.checked_add(l)).filter(|e| *e <= object.meta.size);
    let header = version.bytes(start..end.ok_or_else(nonsense)?).await?;
    // A message starts with its length, since 0.15 behind four bytes of ones (Arrow's "Encapsulated message format").
    let prefix = if header.starts_with(&[0xff; 4]) { 8 } else { 4 };
    let message = header.get(prefix..).ok_or_else(nonsense)?;
    let message = arrow::ipc::root_as_message(message).map_err(|e| invalid(object, e))?;
    match (message.header_type(), message.header_as_record_batch()) {
        (MessageHeader::RecordBatch, Some(batch)) => u64::try_from(batch.length()).map_err(|_| nonsense()),
        _ => Err(invalid(object, "a batch has no header")),
    }
}
