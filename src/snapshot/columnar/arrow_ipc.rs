//! Arrow IPC: the rows of a stream, or of a file that is not scanned in place, message by message (Arrow Columnar Format, "Encapsulated
//! message format"). Each message's claims are held against its bytes before a decoder sets memory aside for them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::buffer::Buffer;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::reader::{read_dictionary, read_record_batch};
use arrow::ipc::{self, Endianness, Message, MessageHeader};
use arrow::record_batch::RecordBatch;

use super::{arrow_fault, fault, is_believable};
use crate::error::{Error, Result};

/// The longest message header or footer that is believed, in bytes.
const MAX_HEADER: u64 = 256 << 20;

/// Rows that a batch may have beyond one for each bit of its body: runs and nulls take none.
const FREE_ROWS: u64 = 1 << 24;

/// Bytes that a packed batch may unpack to whatever it is packed in.
const FREE_BATCH: u64 = 256 << 20;

/// The rows of one file or stream.
pub(in crate::snapshot) struct Rows {
    file: BufReader<File>,
    size: u64,
    at: u64,
    schema: SchemaRef,
    dictionaries: HashMap<i64, ArrayRef>,
    /// Where a file's footer says that its messages are, the next one last; a stream's follow each other.
    places: Option<Vec<u64>>,
    claimed: u64,
}

/// One message, with its body.
struct Encapsulated {
    header: Vec<u8>,
    body: Buffer,
}

impl Rows {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let file = BufReader::with_capacity(1 << 18, file);
        let schema = Arc::new(Schema::empty());
        let mut this = Self { file, size, at: 0, schema, dictionaries: HashMap::new(), places: None, claimed: 0 };
        if size >= 8 && this.take(6)?.starts_with(b"ARROW1") {
            this.footer()?;
            return Ok(this);
        }
        this.seek(0)?;
        if size >= 4 && this.take(4)?.starts_with(b"FEA1") {
            return Err(fault("it is Feather of version 1, which is not read").with_hint("Write it as Feather of version 2."));
        }
        this.seek(0)?;
        let first = this.message().map_err(|_| fault("it is neither an Arrow file nor a stream"))?;
        let first = first.ok_or_else(|| fault("it has no schema"))?;
        let message = first.message()?;
        let schema = message.header_as_schema().ok_or_else(|| fault("it does not begin with a schema"))?;
        this.schema = readable(schema)?;
        Ok(this)
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            match &mut self.places {
                Some(places) => match places.pop() {
                    Some(place) => self.seek(place)?,
                    None => return Ok(None),
                },
                // A stream may end without its mark.
                None if self.at == self.size => return Ok(None),
                None => {}
            }
            let start = self.at;
            let place = |e: Error| e.within(format!("the message at byte {start}"));
            let Some(encapsulated) = self.message().map_err(place)? else { return Ok(None) };
            if let Some(batch) = self.decode(&encapsulated).map_err(place)? {
                return Ok(Some(batch));
            }
        }
    }

    pub(super) fn claimed(&self) -> u64 {
        self.claimed
    }

    pub(super) fn bytes(&self) -> u64 {
        self.at
    }

    /// A message's rows; `None` when it has none of its own.
    fn decode(&mut self, encapsulated: &Encapsulated) -> Result<Option<RecordBatch>> {
        let message = encapsulated.message()?;
        let version = message.version();
        match message.header_type() {
            MessageHeader::RecordBatch => {
                let header = message.header_as_record_batch().ok_or_else(|| fault("a batch has no header"))?;
                self.claimed = self.claimed.saturating_add(check(&header, &encapsulated.body)?);
                let schema = Arc::clone(&self.schema);
                read_record_batch(&encapsulated.body, header, schema, &self.dictionaries, None, &version)
                    .map(Some)
                    .map_err(arrow_fault)
            }
            MessageHeader::DictionaryBatch => {
                let header = message.header_as_dictionary_batch().ok_or_else(|| fault("a dictionary has no header"))?;
                check(&header.data().ok_or_else(|| fault("a dictionary has no values"))?, &encapsulated.body)?;
                let (schema, dictionaries) = (&self.schema, &mut self.dictionaries);
                read_dictionary(&encapsulated.body, header, schema, dictionaries, &version).map_err(arrow_fault)?;
                Ok(None)
            }
            MessageHeader::NONE => Ok(None),
            other => Err(fault(format!("a message of kind {other:?} is out of place"))),
        }
    }

    /// Reads a file's schema, and where its messages are: dictionaries first, as batches refer to them wherever they stand.
    fn footer(&mut self) -> Result<()> {
        let size = self.size;
        if size < 24 {
            return Err(fault(format!("{size} bytes are too few")));
        }
        self.seek(size - 10)?;
        let end = self.take(10)?;
        if &end[4..] != b"ARROW1" {
            return Err(fault("it does not end as an Arrow file"));
        }
        let claimed = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
        if claimed > size - 18 || claimed > MAX_HEADER {
            return Err(fault(format!("its footer claims {claimed} of {size} bytes")));
        }
        self.seek(size - 10 - claimed)?;
        let footer = self.take(claimed)?;
        let footer = ipc::root_as_footer(&footer).map_err(fault)?;
        self.schema = readable(footer.schema().ok_or_else(|| fault("its footer has no schema"))?)?;
        let blocks = footer.dictionaries().into_iter().flatten().chain(footer.recordBatches().into_iter().flatten());
        let outside = || fault("a message is said to lie outside of the file");
        let mut places = blocks
            .map(|b| u64::try_from(b.offset()).ok().filter(|o| *o < size).ok_or_else(outside))
            .collect::<Result<Vec<_>>>()?;
        places.reverse();
        self.places = Some(places);
        Ok(())
    }

    /// The next message; `None` at the mark of the end.
    fn message(&mut self) -> Result<Option<Encapsulated>> {
        let mut length = self.length()?;
        if length == u32::MAX {
            // Since version 0.15, four bytes of ones stand before the length.
            length = self.length()?;
        }
        if length == 0 {
            return Ok(None);
        }
        let length = u64::from(length);
        if length > MAX_HEADER {
            return Err(fault(format!("its header claims {length} bytes")));
        }
        let header = self.take(length)?;
        let body = ipc::root_as_message(&header).map_err(fault)?.bodyLength();
        let body = u64::try_from(body).map_err(|_| fault("it claims less than no bytes"))?;
        let body = Buffer::from_vec(self.take(body)?);
        Ok(Some(Encapsulated { header, body }))
    }

    fn length(&mut self) -> Result<u32> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn take(&mut self, bytes: u64) -> Result<Vec<u8>> {
        if bytes > self.size - self.at {
            return Err(fault(format!("{bytes} bytes at {} lie outside of the file", self.at)));
        }
        let mut taken = vec![0; usize::try_from(bytes).map_err(|_| fault("it is too large"))?];
        self.file.read_exact(&mut taken)?;
        self.at += bytes;
        Ok(taken)
    }

    fn seek(&mut self, to: u64) -> Result<()> {
        self.file.seek(SeekFrom::Start(to))?;
        self.at = to;
        Ok(())
    }
}

impl Encapsulated {
    fn message(&self) -> Result<Message<'_>> {
        ipc::root_as_message(&self.header).map_err(fault)
    }
}

/// A schema whose numbers can be read here.
fn readable(schema: ipc::Schema<'_>) -> Result<SchemaRef> {
    if schema.endianness() != Endianness::Little {
        return Err(fault("its numbers are big-endian").with_hint("Write it on a little-endian machine."));
    }
    Ok(Arc::new(ipc::convert::fb_to_schema(schema)))
}

/// Holds what a batch's header claims against its body of `size` bytes, before it is unpacked; the rows that it has.
pub(in crate::snapshot) fn claimed_rows(batch: &ipc::RecordBatch<'_>, size: u64) -> Result<u64> {
    let most = FREE_ROWS.saturating_add(size.saturating_mul(8));
    let rows = u64::try_from(batch.length()).map_err(|_| fault("it claims less than no rows"))?;
    if rows > most {
        return Err(fault(format!("it claims {rows} rows in {size} bytes")));
    }
    for node in batch.nodes().into_iter().flatten() {
        if node.length() < 0 || node.null_count() < 0 || node.null_count() > node.length() {
            return Err(fault("a column in it has less than no values"));
        }
        // Values of lists too: those of a column without bytes are set aside memory for when they take another type.
        if u64::try_from(node.length()).is_ok_and(|values| values > most) {
            return Err(fault(format!("a column in it claims {} values in {size} bytes", node.length())));
        }
    }
    for buffer in batch.buffers().into_iter().flatten() {
        let place = u64::try_from(buffer.offset()).ok().zip(u64::try_from(buffer.length()).ok());
        if place.and_then(|(start, length)| start.checked_add(length)).is_none_or(|end| end > size) {
            return Err(fault("a column in it is said to lie outside of it"));
        }
    }
    Ok(rows)
}

/// The same, and holds what is packed in the body against what it is said to unpack to.
fn check(batch: &ipc::RecordBatch<'_>, body: &[u8]) -> Result<u64> {
    let rows = claimed_rows(batch, body.len() as u64)?;
    if batch.compression().is_none() {
        return Ok(rows);
    }
    let mut all = 0_u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let bytes = usize::try_from(buffer.offset()).ok().zip(usize::try_from(buffer.length()).ok());
        let bytes = bytes.and_then(|(start, length)| body.get(start..)?.get(..length));
        let bytes = bytes.ok_or_else(|| fault("a column in it is said to lie outside of it"))?;
        if bytes.is_empty() {
            continue;
        }
        let prefix = bytes.first_chunk::<8>().ok_or_else(|| fault("a packed column in it has no length"))?;
        match i64::from_le_bytes(*prefix) {
            // It is not packed after all.
            -1 => {}
            claimed => {
                let believed = u64::try_from(claimed).ok().filter(|claimed| is_believable(bytes.len() as u64, *claimed));
                let believed =
                    believed.ok_or_else(|| fault(format!("a column in it claims {claimed} bytes in {}", bytes.len())))?;
                all = all.saturating_add(believed);
            }
        }
    }
    // Each column alone may be small enough to be believed, and a batch is unpacked whole.
    if all > FREE_BATCH && !is_believable(body.len() as u64, all) {
        return Err(fault(format!("its columns claim {all} bytes in {}", body.len())));
    }
    Ok(rows)
}
