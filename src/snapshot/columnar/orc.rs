//! ORC: the rows of a file as record batches. The decoder unpacks what it is given without a bound and stumbles over chunks that end
//! early, so every chunk is looked at before it gets there (ORC v1, "Compression").

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use orc_rust::compression::{Compression, CompressionType, Decompressor};
use orc_rust::reader::ChunkReader;
use orc_rust::reader::metadata::read_metadata;
use orc_rust::{ArrowReader, ArrowReaderBuilder};

use super::orc_tail::{Postscript, varint, with_decimals};
use super::orc_times::{Times, precision};
use super::orc_types::{check_footer, check_statistics};
use super::{BATCH, arrow_fault, fault};
use crate::error::Result;

/// The largest chunk that is unpacked, in bytes. A chunk's length is told in 23 bits, and its unpacked form is one of them again.
const MAX_CHUNK: u64 = 16 << 20;

/// What a chunk may unpack to that is not looked into, by the most that its packing makes of a byte.
const UNLOOKED: u64 = 256 << 20;

/// The most that deflate makes of a byte.
const DEFLATE_RATIO: u64 = 1032;

/// The longest footer that is believed, in bytes.
const MAX_FOOTER: u64 = 64 << 20;

/// The most bytes that a footer, or the statistics before it, may unpack to: they are held whole.
const MAX_UNPACKED_FOOTER: u64 = 64 << 20;

/// A footer of one type, a struct (`Type.kind` 12) without fields.
const NO_COLUMNS: &[u8] = &[4 << 3 | 2, 2, 1 << 3, 12];

/// Rows that a file may have beyond [`ROWS_OF_A_BYTE`]: a column of structures without fields takes no bytes.
const FREE_ROWS: u64 = 1 << 24;

/// Rows that a byte may stand for: runs of 512 values, packed.
const ROWS_OF_A_BYTE: u64 = 1 << 20;

/// The rows of one file.
pub(in crate::snapshot) struct Rows {
    reader: ArrowReader<Chunks>,
    schema: SchemaRef,
    /// Of the columns that are times.
    times: Vec<Times>,
    claimed: u64,
    read: Arc<AtomicU64>,
}

impl Rows {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let chunks = Chunks::open(path)?;
        let size = chunks.len();
        let (read, packing) = (Arc::clone(&chunks.read), Arc::clone(&chunks.packing));
        let builder = ArrowReaderBuilder::try_new(chunks).map_err(fault)?;
        let metadata = builder.file_metadata();
        if metadata.root_data_type().children().is_empty() {
            return Err(fault("it has no columns"));
        }
        let (precision, times) = (precision(metadata), Times::of(metadata));
        let stripes = metadata.stripe_metadatas().iter();
        let claimed = stripes.fold(0_u64, |sum, s| sum.saturating_add(s.number_of_rows()));
        if claimed != metadata.number_of_rows() {
            return Err(fault(format!("it says that it has {} rows, and its stripes {claimed}", metadata.number_of_rows())));
        }
        if claimed > FREE_ROWS.saturating_add(size.saturating_mul(ROWS_OF_A_BYTE)) {
            return Err(fault(format!("it claims {claimed} rows in {size} bytes")));
        }
        // From here on, each read begins with a chunk.
        packing.set(metadata.compression()).expect("nothing else sets it");
        let builder = builder.with_batch_size(BATCH).with_timestamp_precision(precision);
        let schema = builder.schema();
        if schema.flattened_fields().iter().any(|f| matches!(f.data_type(), DataType::Decimal128(0, _))) {
            return Err(fault("its decimals tell no precision").with_hint("Write it with Hive 0.12 or later."));
        }
        Ok(Self { reader: builder.build(), schema, times, claimed, read })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>> {
        let batch = self.reader.next().transpose().map_err(arrow_fault)?;
        batch.iter().try_for_each(|batch| self.times.iter().try_for_each(|times| times.check(batch)))?;
        Ok(batch)
    }

    pub(super) fn claimed(&self) -> u64 {
        self.claimed
    }

    pub(super) fn bytes(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
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
        let mut this = Self { file: Arc::new(file), end: size, tail: Vec::new(), packing: Arc::default(), read: Arc::default() };
        let footer = this.bytes(end - fields.footer, fields.footer)?;
        let statistics = this.bytes(end - claimed, fields.metadata)?;
        let packing = match fields.kind {
            Some(kind) => {
                check_whole(&footer, kind).map_err(|e| e.within("its footer"))?;
                check_whole(&statistics, kind).map_err(|e| e.within("its statistics"))?;
                packing(postscript)?
            }
            None => None,
        };
        check_statistics(&plain(statistics, packing)?)?;
        let footer = plain(footer, packing)?;
        check_footer(&footer)?;
        let changed = with_decimals(&footer);
        let changed = changed.map(|plain| if fields.kind.is_some() { chunked(&plain) } else { plain });
        let postscript = fields.completed(postscript, changed.as_ref().map(Vec::len));
        let length = u8::try_from(postscript.len()).map_err(|_| fault("its postscript is too long"))?;
        this.end = if changed.is_some() { end - fields.footer } else { end };
        this.tail = [changed.unwrap_or_default(), postscript, vec![length]].concat();
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

/// Takes a chunk off the front of a stream, and whether it is not packed; `None` at the end.
fn next_chunk<'a>(stream: &mut &'a [u8]) -> Result<Option<(&'a [u8], bool)>> {
    if stream.is_empty() {
        return Ok(None);
    }
    let (head, rest) = stream.split_at_checked(3).ok_or_else(|| fault("a chunk ends within its header"))?;
    let head = u32::from_le_bytes([head[0], head[1], head[2], 0]);
    let (length, original) = (head >> 1, head & 1 == 1);
    let (chunk, rest) = usize::try_from(length)
        .ok()
        .and_then(|length| rest.split_at_checked(length))
        .ok_or_else(|| fault(format!("a chunk claims {length} bytes, and {} are left", rest.len())))?;
    *stream = rest;
    Ok(Some((chunk, original)))
}

/// Checks that a stream is made of whole chunks of which none unpacks to more than [`MAX_CHUNK`].
fn check(mut stream: &[u8], kind: CompressionType) -> Result<()> {
    while let Some((chunk, original)) = next_chunk(&mut stream)? {
        if original {
            continue;
        }
        let packed = chunk.len() as u64;
        let fits = match kind {
            CompressionType::Zlib => packed * DEFLATE_RATIO <= UNLOOKED || is_bounded(flate2::read::DeflateDecoder::new(chunk))?,
            CompressionType::Zstd => is_bounded(zstd::stream::read::Decoder::with_buffer(chunk)?)?,
            CompressionType::Snappy => varint(&mut &*chunk).is_some_and(|claimed| claimed <= MAX_CHUNK),
            // A byte of LZO repeats at most 255 bytes.
            CompressionType::Lzo => packed * 255 <= UNLOOKED,
            // Bounded by the block size, which was looked at.
            CompressionType::Lz4 => true,
        };
        if !fits {
            return Err(fault(format!("a chunk of {packed} bytes unpacks to more than {MAX_CHUNK}")));
        }
    }
    Ok(())
}

/// The same, and that all chunks together unpack to no more than [`MAX_UNPACKED_FOOTER`].
fn check_whole(stream: &[u8], kind: CompressionType) -> Result<()> {
    check(stream, kind)?;
    let (mut rest, mut all) = (stream, 0_u64);
    while let Some((chunk, original)) = next_chunk(&mut rest)? {
        let packed = chunk.len() as u64;
        let left = MAX_UNPACKED_FOOTER - all;
        all += match kind {
            _ if original => packed,
            CompressionType::Zlib => unpacked(flate2::read::DeflateDecoder::new(chunk), left),
            CompressionType::Zstd => unpacked(zstd::stream::read::Decoder::with_buffer(chunk)?, left),
            CompressionType::Snappy => varint(&mut &*chunk).unwrap_or_default(),
            // A byte repeats at most 255 bytes.
            CompressionType::Lzo | CompressionType::Lz4 => packed * 255,
        };
        if all > MAX_UNPACKED_FOOTER {
            return Err(fault(format!("{} bytes unpack to more than {MAX_UNPACKED_FOOTER}", stream.len())));
        }
    }
    Ok(())
}

/// The bytes that come before the end or a fault, which is left to the decoder; one more than `most` when there are more than that.
fn unpacked(from: impl Read, most: u64) -> u64 {
    let mut from = from.take(most + 1);
    // What was taken till then is counted all the same.
    let _ = io::copy(&mut from, &mut io::sink());
    most + 1 - from.limit()
}

/// How the decoder unpacks what this postscript is of. It tells that only of a file, so it is given one that ends as this one does and has
/// no columns.
fn packing(postscript: &[u8]) -> Result<Option<Compression>> {
    let footer = chunked(NO_COLUMNS);
    let postscript = Postscript::completed_alone(postscript, footer.len());
    let length = u8::try_from(postscript.len()).map_err(|_| fault("its postscript is too long"))?;
    let mut file = Bytes::from([footer, postscript, vec![length]].concat());
    Ok(read_metadata(&mut file).map_err(fault)?.compression())
}

/// A footer or statistics without their packing, whose size was looked at.
fn plain(packed: Bytes, packing: Option<Compression>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    match packing {
        Some(_) => Decompressor::new(packed, packing, Vec::new()).read_to_end(&mut out)?,
        None => packed.as_ref().read_to_end(&mut out)?,
    };
    Ok(out)
}

/// Bytes as chunks that are not packed.
fn chunked(bytes: &[u8]) -> Vec<u8> {
    let chunk = |chunk: &[u8]| {
        let head = u32::try_from(chunk.len() << 1 | 1).expect("a chunk is of 64 KiB at most").to_le_bytes();
        [&head[..3], chunk].concat()
    };
    bytes.chunks(1 << 16).flat_map(chunk).collect()
}

/// Whether `from` gives no more than [`MAX_CHUNK`] bytes. What can't be unpacked is left to the decoder.
fn is_bounded(from: impl Read) -> Result<bool> {
    match io::copy(&mut from.take(MAX_CHUNK + 1), &mut io::sink()) {
        Ok(bytes) => Ok(bytes <= MAX_CHUNK),
        Err(e) => Err(fault(format!("a chunk can't be unpacked: {e}"))),
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::snapshot::spool::put_number;

    #[test]
    fn a_footer_is_unpacked_within_reason() {
        let zeros = |bytes: usize| zstd::stream::encode_all(&vec![0; bytes][..], 1).expect("is packed");
        let chunk = |packed: &[u8]| {
            let head = u32::try_from(packed.len() << 1).expect("small").to_le_bytes();
            [&head[..3], packed].concat()
        };
        let megabytes = |n: usize| chunk(&zeros(1 << 20)).repeat(n);
        assert!(check_whole(&megabytes(64), CompressionType::Zstd).is_ok());
        let error = check_whole(&megabytes(65), CompressionType::Zstd).expect_err("it is too large");
        assert!(error.message().ends_with("unpack to more than 67108864"), "{error}");
        assert!(check(&megabytes(65), CompressionType::Zstd).is_ok(), "a stream is unpacked chunk by chunk");
        // Each claims the largest chunk.
        let claim = chunk(&[0x80, 0x80, 0x80, 0x08]);
        assert!(check_whole(&claim.repeat(4), CompressionType::Snappy).is_ok());
        assert!(check_whole(&claim.repeat(5), CompressionType::Snappy).is_err());
        assert!(check(&chunk(&[0x81, 0x80, 0x80, 0x08]), CompressionType::Snappy).is_err());
        assert!(check_whole(&[1, 0], CompressionType::Snappy).is_err());
    }

    /// A file of this footer and no stripes, its footer in one chunk that is packed by snappy's plainest form where `packed`.
    fn file(footer: &[u8], packed: bool) -> Vec<u8> {
        let varint = |n: usize| {
            let mut out = Vec::new();
            put_number(&mut out, n as u64);
            out
        };
        let footer = if packed {
            // Snappy: the length, and literals of up to 60 bytes.
            let literals = footer.chunks(60).flat_map(|part| [&[((part.len() - 1) << 2) as u8][..], part].concat());
            chunk_of(&[varint(footer.len()), literals.collect()].concat())
        } else {
            footer.to_vec()
        };
        let postscript = [vec![8], varint(footer.len()), vec![16, if packed { 2 } else { 0 }], vec![0x28, 0]].concat();
        let magic = [&[0x82, 0xf4, 3, 3][..], b"ORC"].concat();
        let length = vec![(postscript.len() + magic.len()) as u8];
        [b"ORC".to_vec(), footer, postscript, magic, length].concat()
    }

    fn chunk_of(packed: &[u8]) -> Vec<u8> {
        let head = u32::try_from(packed.len() << 1).expect("small").to_le_bytes();
        [&head[..3], packed].concat()
    }

    #[test]
    fn types_that_lead_in_circles_or_too_deep_are_refused() {
        use super::super::orc_types::tests::footer;
        let children: Vec<Vec<u64>> = (1..60_000).map(|n| vec![n]).collect();
        let mut deep: Vec<(u8, &[u64])> = children.iter().map(|c| (10, c.as_slice())).collect();
        deep[0].0 = 12;
        deep.push((4, &[]));
        let dir = tempfile::tempdir().expect("a temporary folder");
        for (types, want) in [
            (&deep[..], "its types are nested more than 100 deep"),
            (&[(12, &[1][..]), (10, &[1])], "its type 1 is said to hold type 1"),
            (&[(12, &[1][..]), (12, &[2]), (12, &[1])], "its type 2 is said to hold type 1"),
            (&[(12, &[][..])], "it has no columns"),
        ] {
            for packed in [false, true] {
                let path = dir.path().join("a.orc");
                std::fs::write(&path, file(&footer(types), packed)).expect("writes");
                let e = Rows::open(&path).err().unwrap_or_else(|| panic!("{want}: it is refused"));
                assert_eq!(e.message(), want, "packed: {packed}");
            }
        }
    }
}
