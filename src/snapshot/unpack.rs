//! Unpacking: gzip, zstd and one-member zip files, told by their first bytes whatever they are called, and bounded in size. Kinds
//! of file that can't be read here are refused by name.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::stop::Stop;
use crate::error::{Error, Kind, Result};

/// A packed file may be this many times smaller than what is in it; beyond, it is taken for a bomb.
const MAX_RATIO: u64 = 2000;

/// Below this size the ratio does not matter.
const RATIO_FREE: u64 = 64 << 20;

/// What a file's first bytes say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
    Zip,
}

/// Unpacks `packed` to `target`; `None` when it is not packed and can be read as it is.
pub(super) fn unpack(packed: &Path, url: &str, target: &Path, max_bytes: u64, stop: &Stop) -> Result<Option<()>> {
    let mut file = File::open(packed)?;
    let packed_bytes = file.metadata()?.len();
    let mut head = [0; 8];
    let mut len = 0;
    while len < head.len() {
        match file.read(&mut head[len..])? {
            0 => break,
            n => len += n,
        }
    }
    file.seek(SeekFrom::Start(0))?;
    let limit = Limit { url, packed_bytes, max_bytes, stop };
    match packing(&head[..len], url)? {
        Packing::Plain => return Ok(None),
        Packing::Gzip => limit.copy(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(1 << 18, file)), target)?,
        Packing::Zstd => limit.copy(zstd::stream::read::Decoder::new(file)?, target)?,
        Packing::Zip => {
            let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|e| invalid(url, &e))?;
            let member = only_member(&mut archive, url)?;
            limit.copy(archive.by_index(member).map_err(|e| invalid(url, &e))?, target)?;
        }
    }
    Ok(Some(()))
}

fn packing(head: &[u8], url: &str) -> Result<Packing> {
    let refused = |what: &str, hint: &str| {
        Err(Error::new(Kind::SourceInvalid, format!("{url} is {what}, which is not read as text")).with_hint(hint))
    };
    match head {
        [0x1f, 0x8b, ..] => Ok(Packing::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Ok(Packing::Zstd),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Ok(Packing::Zip),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => refused("a bzip2 file", "Publish it as gzip or zstd."),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => refused("an xz file", "Publish it as gzip or zstd."),
        [b'7', b'z', 0xbc, 0xaf, ..] => refused("a 7z archive", "Publish it as zip or gzip."),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => refused("an old Excel workbook", "Publish its sheet as CSV."),
        [b'P', b'A', b'R', b'1' | b'E', ..] => refused("a Parquet file", "Declare its format as parquet."),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => refused("an Arrow file", "Declare its format as arrow."),
        [b'%', b'P', b'D', b'F', ..] => refused("a PDF", "Publish its tables as CSV."),
        _ => Ok(Packing::Plain),
    }
}

/// The one file in an archive; folders and what macOS adds do not count.
fn only_member(archive: &mut zip::ZipArchive<BufReader<File>>, url: &str) -> Result<usize> {
    let mut members = Vec::new();
    for i in 0..archive.len() {
        let member = archive.by_index_raw(i).map_err(|e| invalid(url, &e))?;
        let name = member.name().map_err(|e| invalid(url, &e))?.into_owned();
        if name == "[Content_Types].xml" || name == "mimetype" {
            return Err(Error::new(Kind::SourceInvalid, format!("{url} is an office document, which is not read as text"))
                .with_hint("Publish its sheet as CSV."));
        }
        if member.is_file() && !name.starts_with("__MACOSX/") {
            if member.encrypted() {
                return Err(Error::new(Kind::SourceInvalid, format!("{url}: {name} is encrypted")));
            }
            members.push((i, name));
        }
    }
    match members.as_slice() {
        [(index, _)] => Ok(*index),
        [] => Err(Error::new(Kind::SourceInvalid, format!("{url} is a zip archive without a file in it"))),
        many => {
            let names: Vec<&str> = many.iter().take(20).map(|(_, n)| n.as_str()).collect();
            let message = format!("{url} is a zip archive of {} files, and a table is made of one", many.len());
            Err(Error::new(Kind::SourceInvalid, message).with_detail(format!("It holds {}.", names.join(", "))))
        }
    }
}

fn invalid(url: &str, e: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::SourceInvalid, format!("{url} can't be unpacked: {e}"))
}

struct Limit<'a> {
    url: &'a str,
    packed_bytes: u64,
    max_bytes: u64,
    stop: &'a Stop,
}

impl Limit<'_> {
    fn copy(&self, mut from: impl Read, target: &Path) -> Result<()> {
        let mut out = File::create(target)?;
        let mut buffer = vec![0; 1 << 18];
        let mut bytes = 0;
        loop {
            self.stop.check()?;
            let n = from.read(&mut buffer).map_err(|e| invalid(self.url, &e))?;
            if n == 0 {
                return Ok(());
            }
            bytes += n as u64;
            if bytes > self.max_bytes {
                return Err(too_large(self.url, self.max_bytes));
            }
            if bytes > RATIO_FREE && bytes / self.packed_bytes.max(1) > MAX_RATIO {
                let message = format!("{} unpacks to more than {MAX_RATIO} times its size", self.url);
                return Err(Error::new(Kind::SourceInvalid, message).with_hint("Publish it less tightly packed."));
            }
            out.write_all(&buffer[..n])?;
        }
    }
}

/// The error for a file beyond the limit.
pub(super) fn too_large(url: &str, max_bytes: u64) -> Error {
    Error::new(Kind::SourceInvalid, format!("{url} is larger than {max_bytes} bytes")).with_hint("Raise the limit on file sizes.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(kind: &str) -> Vec<u8> {
        let text = b"a,b\n1,2\n";
        match kind {
            "gzip of two members" => {
                let half = |t: &[u8]| {
                    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                    e.write_all(t).and_then(|()| e.finish()).expect("writes to memory")
                };
                [half(&text[..4]), half(&text[4..])].concat()
            }
            "zstd" => zstd::encode_all(&text[..], 1).expect("writes to memory"),
            "zip" | "zip of two" => {
                let mut z = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
                let names: &[&str] = if kind == "zip" { &["d/a.csv"] } else { &["a.csv", "b.csv"] };
                for name in names {
                    z.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a new name");
                    z.write_all(text).expect("writes to memory");
                }
                z.finish().expect("writes to memory").into_inner()
            }
            "bzip2" => b"BZh91AY".to_vec(),
            "cut gzip" => packed("gzip of two members")[..30].to_vec(),
            _ => text.to_vec(),
        }
    }

    #[test]
    fn by_the_first_bytes() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for (kind, want) in [
            ("gzip of two members", "a,b\n1,2\n"),
            ("zstd", "a,b\n1,2\n"),
            ("zip", "a,b\n1,2\n"),
            ("zip of two", "error: f.csv is a zip archive of 2 files, and a table is made of one"),
            ("bzip2", "error: f.csv is a bzip2 file, which is not read as text"),
            ("plain", "plain"),
        ] {
            let (from, to) = (dir.path().join("from"), dir.path().join("to"));
            std::fs::write(&from, packed(kind)).expect("writes");
            let got = match unpack(&from, "f.csv", &to, 1 << 20, &Stop::default()) {
                Ok(Some(())) => std::fs::read_to_string(&to).expect("reads"),
                Ok(None) => "plain".to_owned(),
                Err(e) => format!("error: {e}"),
            };
            assert_eq!(got, want, "{kind}");
        }
    }

    #[test]
    fn limits_and_cut_files_are_errors() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        std::fs::write(&from, packed("zstd")).expect("writes");
        assert_eq!(unpack(&from, "f", &to, 4, &Stop::default()).expect_err("too large").message(), "f is larger than 4 bytes");
        std::fs::write(&from, packed("cut gzip")).expect("writes");
        assert_eq!(unpack(&from, "f", &to, 1 << 20, &Stop::default()).expect_err("cut").kind(), Kind::SourceInvalid);
    }
}
