//! Avro's object container (Avro 1.12, "Object Container Files"): its header and blocks, checked and unpacked before the decoder sees
//! them. The decoder would unpack a block of any size, read over a marker that is not the file's, and take a cut file for a whole one.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{fault, is_believable};
use crate::error::{Error, Kind, Result};
use crate::snapshot::spool::put_number;

/// The longest header that is believed, in bytes.
const MAX_HEADER: u64 = 64 << 20;

/// The largest block that is taken, packed or not, in bytes: it is held packed, unpacked and decoded. Writers cut blocks at some 64 KB
/// (Avro) to 16 MB.
const MAX_BLOCK: u64 = 64 << 20;

/// Rows of no bytes (every column is `null`) that a block may have beyond one for each of its bytes.
const EMPTY_ROWS: u64 = 1 << 20;

/// How blocks are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    Null,
    Deflate,
    Snappy,
    Zstd,
    Bzip2,
    Xz,
}

impl Codec {
    fn named(name: &[u8]) -> Result<Self> {
        Ok(match name {
            b"null" | b"" => Self::Null,
            b"deflate" => Self::Deflate,
            b"snappy" => Self::Snappy,
            b"zstandard" => Self::Zstd,
            b"bzip2" => Self::Bzip2,
            b"xz" => Self::Xz,
            other => return Err(fault(format!("its codec {:?} is not known", String::from_utf8_lossy(other)))),
        })
    }
}

/// What the blocks that were read so far say.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    /// Why the container could not be read further.
    pub(super) failure: Option<Error>,
}

/// A container as the decoder gets it: the same schema and rows, in blocks that are not packed, but for Snappy's, whose checksum the
/// decoder tests.
#[derive(Debug)]
pub(super) struct Container {
    file: BufReader<File>,
    size: u64,
    at: u64,
    codec: Codec,
    marker: [u8; 16],
    /// What was rewritten, and how much of it was taken.
    out: Vec<u8>,
    taken: usize,
    progress: Arc<Mutex<Progress>>,
}

impl Container {
    /// Reads the header. [`Kind::SourceInvalid`] when the file is no Avro container.
    pub(super) fn open(path: &Path, progress: Arc<Mutex<Progress>>) -> Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let mut this = Self {
            file: BufReader::with_capacity(1 << 18, file),
            size,
            at: 0,
            codec: Codec::Null,
            marker: [0; 16],
            out: Vec::new(),
            taken: 0,
            progress,
        };
        this.header()?;
        Ok(this)
    }

    fn header(&mut self) -> Result<()> {
        if self.size < 4 || self.array::<4>()? != *b"Obj\x01" {
            return Err(fault("it does not begin as an Avro container"));
        }
        let (mut schema, mut codec) = (None, Vec::new());
        loop {
            let mut entries = self.number()?;
            if entries == 0 {
                break;
            }
            if entries < 0 {
                // A negative count is followed by the bytes of its entries, which are read all the same.
                self.number()?;
                entries = entries.checked_neg().ok_or_else(|| fault("its header makes no sense"))?;
            }
            for _ in 0..entries {
                let key = self.bytes()?;
                let value = self.bytes()?;
                match key.as_slice() {
                    b"avro.schema" => schema = Some(value),
                    b"avro.codec" => codec = value,
                    _ => {}
                }
            }
        }
        self.marker = self.array()?;
        self.codec = Codec::named(&codec)?;
        let schema = schema.ok_or_else(|| fault("its header has no schema"))?;
        let given: &[u8] = if self.codec == Codec::Snappy { b"snappy" } else { b"null" };
        self.out.extend_from_slice(b"Obj\x01");
        put_zigzag(&mut self.out, 2);
        for part in [&b"avro.schema"[..], &schema, b"avro.codec", given] {
            put_zigzag(&mut self.out, part.len() as u64);
            self.out.extend_from_slice(part);
        }
        put_zigzag(&mut self.out, 0);
        self.out.extend_from_slice(&self.marker);
        Ok(())
    }

    /// Rewrites the next block; false at the end of the file.
    fn block(&mut self) -> Result<bool> {
        if self.at == self.size {
            return Ok(false);
        }
        let start = self.at;
        let place = |e: Error| if e.kind() == Kind::SourceInvalid { e.within(format!("the block at byte {start}")) } else { e };
        self.block_at().map_err(place)?;
        self.progress().bytes = self.at;
        Ok(true)
    }

    fn block_at(&mut self) -> Result<()> {
        let rows = u64::try_from(self.number()?).map_err(|_| fault("it claims less than no rows"))?;
        let packed = u64::try_from(self.number()?).map_err(|_| fault("it claims less than no bytes"))?;
        if packed > MAX_BLOCK {
            return Err(fault(format!("it has {packed} bytes, and more than {MAX_BLOCK} are not taken at once"))
                .with_hint("Publish it in smaller blocks."));
        }
        if packed > self.size - self.at {
            return Err(fault(format!("it claims {packed} bytes, and {} are left of the file", self.size - self.at)));
        }
        let mut data = vec![0; usize::try_from(packed).map_err(|_| fault("it is too large"))?];
        self.fill(&mut data)?;
        if self.array::<16>()? != self.marker {
            return Err(fault("it does not end with the file's marker"));
        }
        let (data, unpacked) = self.unpacked(data)?;
        if rows > EMPTY_ROWS.saturating_add(unpacked) {
            return Err(fault(format!("it claims {rows} rows in {unpacked} bytes")));
        }
        self.out.clear();
        self.taken = 0;
        put_zigzag(&mut self.out, rows);
        put_zigzag(&mut self.out, data.len() as u64);
        self.out.extend_from_slice(&data);
        self.out.extend_from_slice(&self.marker);
        let mut progress = self.progress();
        progress.rows = progress.rows.saturating_add(rows);
        Ok(())
    }

    /// A block as the decoder takes it, and its bytes when it is not packed.
    fn unpacked(&self, data: Vec<u8>) -> Result<(Vec<u8>, u64)> {
        let packed = data.len() as u64;
        let cannot = |e: io::Error| fault(format!("it can't be unpacked: {e}"));
        let data = match self.codec {
            Codec::Null => data,
            Codec::Deflate => bounded(flate2::read::DeflateDecoder::new(&data[..]), packed)?,
            Codec::Zstd => bounded(zstd::stream::read::Decoder::with_buffer(&data[..]).map_err(cannot)?, packed)?,
            Codec::Bzip2 => bounded(bzip2::read::BzDecoder::new(&data[..]), packed)?,
            Codec::Xz => bounded(liblzma::read::XzDecoder::new(&data[..]), packed)?,
            Codec::Snappy => {
                // The unpacked size as a varint, the data, and four bytes of checksum.
                let claimed = varint(&data).ok_or_else(|| fault("it is no Snappy block"))?;
                if packed < 5 || !is_believable(packed, claimed) || claimed > MAX_BLOCK {
                    return Err(fault(format!("it claims {claimed} bytes in {packed}")));
                }
                return Ok((data, claimed));
            }
        };
        let bytes = data.len() as u64;
        Ok((data, bytes))
    }

    /// A `long`: zigzag, base 128, least significant first.
    fn number(&mut self) -> Result<i64> {
        let mut bits = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array::<1>()?;
            bits |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(i64::try_from(bits >> 1).expect("63 bits fit") ^ -i64::from(byte_sign(bits)));
            }
        }
        Err(fault("a number in it does not end"))
    }

    fn bytes(&mut self) -> Result<Vec<u8>> {
        let length = u64::try_from(self.number()?).map_err(|_| fault("its header makes no sense"))?;
        if length > self.size - self.at || length > MAX_HEADER {
            return Err(fault(format!("its header claims {length} of {} bytes", self.size)));
        }
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| fault("its header is too large"))?];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        if bytes.len() as u64 > self.size - self.at {
            return Err(fault(format!("the file ends within it, after {} bytes", self.size)));
        }
        self.file.read_exact(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        // Each lock is held for single assignments.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BufRead for Container {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.taken == self.out.len() {
            match self.block() {
                Ok(true) => {}
                Ok(false) => return Ok(&[]),
                Err(e) => {
                    let said = io::Error::other(e.to_string());
                    self.progress().failure = Some(e);
                    return Err(said);
                }
            }
        }
        Ok(&self.out[self.taken..])
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount;
    }
}

impl Read for Container {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

/// The lowest bit, which is a zigzag number's sign.
fn byte_sign(bits: u64) -> bool {
    bits & 1 == 1
}

fn put_zigzag(out: &mut Vec<u8>, value: u64) {
    put_number(out, value << 1);
}

/// Snappy's preamble.
fn varint(data: &[u8]) -> Option<u64> {
    let mut value = 0;
    for (i, byte) in data.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// All that `from` gives, unless that is more than `packed` bytes can hold.
fn bounded(mut from: impl Read, packed: u64) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let n = from.read(&mut chunk).map_err(|e| fault(format!("it can't be unpacked: {e}")))?;
        if n == 0 {
            return Ok(out);
        }
        out.extend_from_slice(&chunk[..n]);
        let unpacked = out.len() as u64;
        if !is_believable(packed, unpacked) || unpacked > MAX_BLOCK {
            return Err(fault(format!("it unpacks {packed} bytes to more than {unpacked}"))
                .with_hint("Publish it in smaller blocks, or less tightly packed."));
        }
    }
}
