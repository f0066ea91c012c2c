//! ORC: the rows of a file as record batches. The decoder unpacks what it is given without a bound and stumbles over chunks that end
//! early, so every chunk is looked at before it gets there (ORC v1, "Compression").

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use orc_rust::compression::{Compression, CompressionType};
use orc_rust::reader::ChunkReader;
use orc_rust::reader::metadata::FileMetadata;
use orc_rust::statistics::TypeStatistics;
use orc_rust::{ArrowReader, ArrowReaderBuilder, TimestampPrecision};

use super::{BATCH, arrow_fault, fault};
use crate::error::Result;

/// The largest chunk that is unpacked, in bytes.
const MAX_CHUNK: u64 = 256 << 20;

/// The most that deflate makes of a byte.
const DEFLATE_RATIO: u64 = 1032;

/// The field of a postscript that tells the length of the stripe statistics.
const METADATA_LENGTH: u8 = 5;

/// The longest footer that is believed, in bytes.
const MAX_FOOTER: u64 = 64 << 20;

/// The rows of one file.
pub(super) struct Rows {
    reader: ArrowReader<Chunks>,
    schema: SchemaRef,
    claimed: u64,
    read: Arc<AtomicU64>,
}

impl Rows {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let chunks = Chunks::open(path)?;
        let (read, packing) = (Arc::clone(&chunks.read), Arc::clone(&chunks.packing));
        let builder = ArrowReaderBuilder::try_new(chunks).map_err(fault)?;
        let metadata = builder.file_metadata();
        if metadata.root_data_type().children().is_empty() {
            return Err(fault("it has no columns"));
        }
        let precision = precision(metadata);
        let claimed = metadata.stripe_metadatas().iter().map(|s| s.number_of_rows()).sum();
        if claimed != metadata.number_of_rows() {
            return Err(fault(format!("it says that it has {} rows, and its stripes {claimed}", metadata.number_of_rows())));
        }
        // From here on, each read begins with a chunk.
        let _ = packing.set(metadata.compression());
        let builder = builder.with_batch_size(BATCH).with_timestamp_precision(precision);
        let schema = builder.schema();
        Ok(Self { reader: builder.build(), schema, claimed, read })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>> {
        self.reader.next().transpose().map_err(arrow_fault)
    }

    pub(super) fn claimed(&self) -> u64 {
        self.claimed
    }

    pub(super) fn bytes(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// Nanoseconds, which ORC keeps, unless the file's statistics say that a time lies outside of the years 1678 to 2261, which is all that
/// 64 bits of nanoseconds hold: then microseconds.
fn precision(metadata: &FileMetadata) -> TimestampPrecision {
    let narrow = i64::MIN / 1_000_000 + 1_000..i64::MAX / 1_000_000 - 1_000;
    let outside = metadata.column_file_statistics().iter().any(|column| match column.type_statistics() {
        Some(TypeStatistics::Timestamp { min, max, min_utc, max_utc }) => {
            [min, max, min_utc, max_utc].into_iter().any(|millis| !narrow.contains(millis))
        }
        Some(_) | None => false,
    });
    if outside { TimestampPrecision::Microsecond } else { TimestampPrecision::Nanosecond }
}

/// The file, read within its bounds and chunk by chunk checked.
struct Chunks {
    file: Arc<File>,
    /// Where `tail` stands in place of the file's own bytes.
    end: u64,
    /// The last bytes: the postscript and its length.
    tail: Vec<u8>,
    /// How chunks are packed, once the footer told.
    packing: Arc<OnceLock<Option<Compression>>>,
    read: Arc<AtomicU64>,
}

impl Chunks {
    fn open(path: &Path) -> Result<Self> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        if size < 4 {
            return Err(fault(format!("{size} bytes are too few")));
        }
        let mut tail = vec![0; usize::try_from(size.min(256)).expect("256 at most")];
        file.seek(SeekFrom::Start(size - tail.len() as u64))?;
        file.read_exact(&mut tail)?;
        let length = usize::from(tail[tail.len() - 1]);
        let postscript = (tail.len() - 1).checked_sub(length).map(|start| &tail[start..tail.len() - 1]);
        let postscript = postscript.filter(|p| p.ends_with(b"ORC")).ok_or_else(|| fault("it does not end as an ORC file"))?;
        let fields = Postscript::parse(postscript).ok_or_else(|| fault("its postscript makes no sense"))?;
        let claimed = fields.footer.saturating_add(fields.metadata);
        if claimed > size - 1 - length as u64 || claimed > MAX_FOOTER {
            return Err(fault(format!("its footer claims {claimed} of {size} bytes")));
        }
        if fields.block > MAX_CHUNK {
            return Err(fault(format!("it claims chunks of {} bytes", fields.block)));
        }
        let end = size - 1 - length as u64;
        let mut tail = postscript.to_vec();
        if !fields.has_metadata {
            // Files of before Hive 0.12 have no stripe statistics and say nothing of their length; the decoder wants to hear that it is 0.
            tail.extend_from_slice(&[METADATA_LENGTH << 3, 0]);
        }
        tail.push(u8::try_from(tail.len()).map_err(|_| fault("its postscript is too long"))?);
        let this = Self { file: Arc::new(file), end, tail, packing: Arc::default(), read: Arc::default() };
        if let Some(kind) = fields.kind {
            for (start, length) in [(end - fields.footer, fields.footer), (end - claimed, fields.metadata)] {
                check(&this.bytes(start, length)?, kind).map_err(|e| e.within("its footer"))?;
            }
        }
        Ok(this)
    }

    fn bytes(&self, offset: u64, length: u64) -> io::Result<Bytes> {
        let outside = || io::Error::other(format!("{length} bytes at {offset} lie outside of the file"));
        let stop = offset.checked_add(length).filter(|stop| *stop <= self.len()).ok_or_else(outside)?;
        let own = stop.min(self.end).saturating_sub(offset);
        let mut bytes = vec![0; usize::try_from(own).map_err(io::Error::other)?];
        let mut file = self.file.as_ref();
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut bytes)?;
        let place = |at: u64| usize::try_from(at.saturating_sub(self.end)).map_err(io::Error::other);
        bytes.extend_from_slice(&self.tail[place(offset)?..place(stop)?]);
        Ok(bytes.into())
    }
}

impl ChunkReader for Chunks {
    type T = BufReader<File>;

    fn len(&self) -> u64 {
        self.end + self.tail.len() as u64
    }

    fn get_read(&self, offset: u64) -> io::Result<Self::T> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(BufReader::new(file))
    }

    fn get_bytes(&self, offset: u64, length: u64) -> io::Result<Bytes> {
        let bytes = self.bytes(offset, length)?;
        if let Some(Some(packing)) = self.packing.get() {
            check(&bytes, packing.compression_type())
                .map_err(|e| io::Error::other(format!("the stream at byte {offset}: {e}")))?;
        }
        self.read.fetch_add(length, Ordering::Relaxed);
        Ok(bytes)
    }
}

/// What the last bytes say of the footer (`orc_proto.proto`, `PostScript`).
#[derive(Debug, Default)]
struct Postscript {
    footer: u64,
    metadata: u64,
    has_metadata: bool,
    block: u64,
    kind: Option<CompressionType>,
}

impl Postscript {
    fn parse(mut bytes: &[u8]) -> Option<Self> {
        let mut found = Self::default();
        while !bytes.is_empty() {
            let key = varint(&mut bytes)?;
            match key & 7 {
                0 => {
                    let value = varint(&mut bytes)?;
                    match key >> 3 {
                        1 => found.footer = value,
                        2 => {
                            found.kind = match value {
                                0 => None,
                                1 => Some(CompressionType::Zlib),
                                2 => Some(CompressionType::Snappy),
                                3 => Some(CompressionType::Lzo),
                                4 => Some(CompressionType::Lz4),
                                5 => Some(CompressionType::Zstd),
                                _ => return None,
                            }
                        }
                        3 => found.block = value,
                        id if id == u64::from(METADATA_LENGTH) => (found.metadata, found.has_metadata) = (value, true),
                        _ => {}
                    }
                }
                2 => {
                    let length = usize::try_from(varint(&mut bytes)?).ok()?;
                    bytes = bytes.get(length..)?;
                }
                _ => return None,
            }
        }
        Some(found)
    }
}

/// Takes a base-128 number off the front.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Checks that a stream is made of whole chunks of which none unpacks to more than [`MAX_CHUNK`].
fn check(mut stream: &[u8], kind: CompressionType) -> Result<()> {
    while !stream.is_empty() {
        let (head, rest) = stream.split_at_checked(3).ok_or_else(|| fault("a chunk ends within its header"))?;
        let head = u32::from_le_bytes([head[0], head[1], head[2], 0]);
        let (length, original) = (head >> 1, head & 1 == 1);
        let (chunk, rest) = usize::try_from(length)
            .ok()
            .and_then(|length| rest.split_at_checked(length))
            .ok_or_else(|| fault(format!("a chunk claims {length} bytes, and {} are left", rest.len())))?;
        stream = rest;
        if original {
            continue;
        }
        let packed = chunk.len() as u64;
        let fits = match kind {
            CompressionType::Zlib => packed * DEFLATE_RATIO <= MAX_CHUNK || is_bounded(flate2::read::DeflateDecoder::new(chunk))?,
            CompressionType::Zstd => is_bounded(zstd::stream::read::Decoder::with_buffer(chunk)?)?,
            CompressionType::Snappy => varint(&mut &*chunk).is_some_and(|claimed| claimed <= MAX_CHUNK),
            // A byte of LZO repeats at most 255 bytes.
            CompressionType::Lzo => packed * 255 <= MAX_CHUNK,
            // Bounded by the block size, which was looked at.
            CompressionType::Lz4 => true,
        };
        if !fits {
            return Err(fault(format!("a chunk of {packed} bytes unpacks to more than {MAX_CHUNK}")));
        }
    }
    Ok(())
}

/// Whether `from` gives no more than [`MAX_CHUNK`] bytes. What can't be unpacked is left to the decoder.
fn is_bounded(from: impl Read) -> Result<bool> {
    match io::copy(&mut from.take(MAX_CHUNK + 1), &mut io::sink()) {
        Ok(bytes) => Ok(bytes <= MAX_CHUNK),
        Err(e) => Err(fault(format!("a chunk can't be unpacked: {e}"))),
    }
}
