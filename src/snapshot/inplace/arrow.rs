//! Arrow files: which can be scanned where they stand, and what their footers and message headers must agree on. A scan reads whole
//! batches by the footer's word, so a file it would stumble over is left to be written as a snapshot instead.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::{self, MessageHeader};

use super::{Footer, MAX_FOOTER, Version, each, invalid, rows, same_columns, united};
use crate::error::Result;
use crate::snapshot::columnar::claimed_rows;
use crate::store::Object;

/// The columns that all `objects` have, and their rows; `None` when they can't be scanned in place: a stream, which has no footer; packed
/// bodies, whose word on their size only a reader of the whole can check; unions, list views and runs; names that are empty or given
/// twice; files of different columns.
pub(in crate::snapshot) async fn footers(objects: &[Object]) -> Result<Option<(SchemaRef, u64)>> {
    let footers = each(objects, footer).await?;
    let Some(footers) = footers.into_iter().collect::<Option<Vec<Footer>>>() else { return Ok(None) };
    if !footers.iter().all(|f| same_columns(&footers[0].schema, &f.schema)) {
        return Ok(None);
    }
    Ok(Some((united(objects, &footers)?, rows(&footers))))
}

/// Reads a file's footer, and of each batch the few bytes that tell its rows; `None` when a scan can't read the file.
async fn footer(version: Version<'_>) -> Result<Option<Footer>> {
    let object = version.object;
    let size = object.meta.size;
    if size < 24 || &version.bytes(size - 6..size).await?[..] != b"ARROW1" {
        return Ok(None);
    }
    let end = version.bytes(size - 10..size - 6).await?;
    let claimed = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
    if claimed > size - 18 || claimed > MAX_FOOTER {
        return Err(invalid(object, format!("its footer claims {claimed} of {size} bytes")));
    }
    let _room = version.room(claimed).await?;
    let footer = version.bytes(size - 10 - claimed..size - 10).await?;
    let footer = ipc::root_as_footer(&footer).map_err(|e| invalid(object, e))?;
    let schema = footer.schema().ok_or_else(|| invalid(object, "its footer has no schema"))?;
    if schema.endianness() != ipc::Endianness::Little {
        return Ok(None);
    }
    let schema = ipc::convert::fb_to_schema(schema);
    if !has_names(&schema) || !schema.fields().iter().all(|f| is_scanned(f.data_type())) {
        return Ok(None);
    }
    let place = |b: &ipc::Block| (b.offset(), b.metaDataLength(), b.bodyLength());
    let dictionaries: Vec<_> = footer.dictionaries().iter().flatten().map(place).collect();
    let batches: Vec<_> = footer.recordBatches().iter().flatten().map(place).collect();
    for block in dictionaries {
        if message(&version, block).await?.is_none() {
            return Ok(None);
        }
    }
    let mut rows = 0_u64;
    for block in batches {
        let Some(of_batch) = message(&version, block).await? else { return Ok(None) };
        rows = rows.saturating_add(of_batch);
    }
    Ok(Some(Footer { schema: Arc::new(schema), rows, bytes: 0 }))
}

/// The rows that a batch's message header tells, once it and its columns are seen to lie in the file; `None` when its body is packed.
async fn message(version: &Version<'_>, (offset, length, body): (i64, i32, i64)) -> Result<Option<u64>> {
    let object = version.object;
    let nonsense = || invalid(object, "a batch is said to lie outside of the file");
    let start = u64::try_from(offset).map_err(|_| nonsense())?;
    let end = u64::try_from(length).ok().and_then(|l| start.checked_add(l)).filter(|e| *e <= object.meta.size);
    let end = end.ok_or_else(nonsense)?;
    let body = u64::try_from(body).ok().filter(|b| *b <= object.meta.size - end).ok_or_else(nonsense)?;
    let header = version.bytes(start..end).await?;
    // A message starts with its length, since 0.15 behind four bytes of ones (Arrow's "Encapsulated message format").
    let prefix = if header.starts_with(&[0xff; 4]) { 8 } else { 4 };
    let message = header.get(prefix..).ok_or_else(nonsense)?;
    let message = ipc::root_as_message(message).map_err(|e| invalid(object, e))?;
    let batch = match message.header_type() {
        MessageHeader::RecordBatch => message.header_as_record_batch(),
        MessageHeader::DictionaryBatch => message.header_as_dictionary_batch().and_then(|d| d.data()),
        _ => None,
    };
    let batch = batch.ok_or_else(|| invalid(object, "a batch has no header"))?;
    if batch.compression().is_some() {
        return Ok(None);
    }
    claimed_rows(&batch, body).map(Some).map_err(|e| invalid(object, e))
}

fn has_names(schema: &Schema) -> bool {
    let named = |(i, field): (usize, &Arc<Field>)| {
        !field.name().trim_ascii().is_empty() && schema.fields()[..i].iter().all(|f| f.name() != field.name())
    };
    schema.fields().iter().enumerate().all(named)
}

/// Whether SQL and the wire take the type as it is. The others are kept in another form ([`crate::snapshot::columnar`]).
fn is_scanned(data_type: &DataType) -> bool {
    match data_type {
        DataType::Union(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::RunEndEncoded(..)
        | DataType::Decimal32(..)
        | DataType::Decimal64(..) => false,
        // Nothing has less than no bytes, or values: the other reader has the words for that.
        DataType::FixedSizeBinary(size) => *size >= 0,
        DataType::FixedSizeList(item, size) => *size >= 0 && is_scanned(item.data_type()),
        DataType::List(item) | DataType::LargeList(item) => is_scanned(item.data_type()),
        DataType::Map(entries, _) => is_scanned(entries.data_type()),
        DataType::Struct(fields) => {
            !fields.is_empty() && has_names(&Schema::new(fields.clone())) && fields.iter().all(|f| is_scanned(f.data_type()))
        }
        DataType::Dictionary(_, values) => !values.is_nested() && is_scanned(values),
        _ => true,
    }
}
