//! Packings without names: gzip, zstd, bzip2 and xz, each of as many members as were written one behind the other. A file that is cut
//! short is an error, and so is what stands behind the last member.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek};

use flate2::bufread::GzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

/// A packing of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
}

/// The memory that an xz decoder may take, in bytes: twice what the highest preset needs, where a hostile header could ask for 4 GB.
const XZ_MEMORY: u64 = 128 << 20;

/// The largest window of a zstd frame, as a power of two: what the format's specification asks decoders to take is 8 MB, the
/// command line's `--long` makes 128 MB.
const ZSTD_WINDOW: u32 = 27;

const BUFFER: usize = 1 << 18;

/// The unpacked bytes of a file.
pub(super) fn decoder(codec: Codec, file: File) -> io::Result<Box<dyn Read>> {
    let file = BufReader::with_capacity(BUFFER, file);
    Ok(match codec {
        Codec::Gzip => Box::new(Gzip { state: State::Between(file), first: true }),
        Codec::Zstd => Box::new(zstd(file)?),
        Codec::Bzip2 => Box::new(bzip2(file)),
        Codec::Xz => Box::new(xz(file)?),
    })
}

/// The frames of a zstd file (RFC 8878).
pub(super) fn zstd<R: BufRead>(from: R) -> io::Result<impl Read> {
    let mut decoder = ::zstd::stream::read::Decoder::with_buffer(from)?;
    decoder.window_log_max(ZSTD_WINDOW)?;
    Ok(decoder)
}

/// The streams of a bzip2 file.
pub(super) fn bzip2<R: BufRead>(from: R) -> impl Read {
    ::bzip2::bufread::MultiBzDecoder::new(from)
}

/// The streams of an xz file.
pub(super) fn xz<R: BufRead>(from: R) -> io::Result<impl Read> {
    let stream = Stream::new_stream_decoder(XZ_MEMORY, CONCATENATED)?;
    Ok(XzDecoder::new_stream(from, stream))
}

/// A gzip file of any number of members (RFC 1952, 2.2), behind which zeros may stand, as tapes have them. Other bytes there are an
/// error with their place; flate2's own reader of members takes zeros for one.
struct Gzip {
    state: State,
    first: bool,
}

enum State {
    Between(BufReader<File>),
    Within(Box<GzDecoder<BufReader<File>>>),
    Ended,
}

impl Read for Gzip {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Ok(0),
                State::Within(mut member) => {
                    let n = member.read(out)?;
                    if n > 0 {
                        self.state = State::Within(member);
                        return Ok(n);
                    }
                    self.state = State::Between((*member).into_inner());
                }
                State::Between(mut file) => {
                    let next = file.fill_buf()?;
                    if self.first || next.first() == Some(&0x1f) {
                        self.first = false;
                        self.state = State::Within(Box::new(GzDecoder::new(file)));
                    } else {
                        only_zeros(file)?;
                    }
                }
            }
        }
    }
}

fn only_zeros(mut file: BufReader<File>) -> io::Result<()> {
    loop {
        let start = file.stream_position()?;
        let rest = file.fill_buf()?;
        if rest.is_empty() {
            return Ok(());
        }
        if let Some(at) = rest.iter().position(|b| *b != 0) {
            let message = format!("at byte {} stands something that is not gzip", start + at as u64);
            return Err(io::Error::new(ErrorKind::InvalidData, message));
        }
        let read = rest.len();
        file.consume(read);
    }
}
