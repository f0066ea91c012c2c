//! Zip archives: their members by the directory at the end, and one member's bytes, held to the size and the checksum that the
//! directory declares. Which members are read is not decided here.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use zip::{CompressionMethod, ZipArchive};

use super::guard::{Guard, invalid, too_many_members};
use super::member::{Link, Member, check_unique, checked, decoded};
use super::stream;
use crate::error::{Error, Result};
use crate::snapshot::Options;
use crate::snapshot::sheet::{Document, document};

/// A directory's bytes for each member that is allowed, about: 46 and the name's, with what zip64 and times add.
const ENTRY: u64 = 1024;

/// An open archive.
pub(super) struct Zip {
    archive: ZipArchive<BufReader<Budget>>,
    pub(super) members: Vec<Member>,
    /// Symbolic links, which are not followed.
    pub(super) links: Vec<Link>,
}

impl Zip {
    /// Reads the directory, and nothing of the members.
    pub(super) fn open(path: &Path, label: &str, options: &Options) -> Result<Self> {
        let most = (options.max_members as u64).saturating_mul(ENTRY).saturating_add(1 << 20);
        let left = Rc::new(Cell::new(Some(most)));
        let file = BufReader::new(Budget { file: File::open(path)?, left: Rc::clone(&left) });
        let archive = ZipArchive::new(file).map_err(|e| match left.get() {
            Some(0) => {
                let max = options.max_members;
                invalid(label, format!("its directory is damaged, or longer than the {most} bytes that {max} members take"))
                    .with_hint("Compare the file with its publisher's; for more members, raise the limit with --max-members.")
            }
            Some(_) | None => unreadable(label, &e),
        })?;
        left.set(None);
        if let Some(e) = too_many_members(label, archive.len(), options) {
            return Err(e);
        }
        if archive.has_duplicate_names() {
            return Err(invalid(label, "two of its members have the same name"));
        }
        let mut zip = Self { archive, members: Vec::new(), links: Vec::new() };
        (zip.members, zip.links) = zip.list(label)?;
        check_unique(label, &zip.members)?;
        Ok(zip)
    }

    fn list(&self, label: &str) -> Result<(Vec<Member>, Vec<Link>)> {
        let raw: Vec<&[u8]> = self.archive.file_names_raw().collect();
        let names = decoded(&raw);
        let (mut members, mut links) = (Vec::with_capacity(names.len()), Vec::new());
        for (i, name) in names.iter().enumerate() {
            let name = checked(label, name)?;
            let entry = self.archive.by_index_data(i).map_err(|e| unreadable(label, &e))?;
            if entry.is_symlink() {
                links.push(Link { name, target: None });
                continue;
            }
            if entry.is_dir() {
                continue;
            }
            let obstacle = if entry.encrypted() {
                Some("is encrypted".to_owned())
            } else {
                packing(entry.compression()).err().map(|how| format!("is packed by {how}"))
            };
            members.push(Member { name, bytes: entry.size(), place: i as u64, obstacle });
        }
        Ok((members, links))
    }

    /// An error when two members share bytes: then a small archive unpacks to a large one by its directory alone. (D. Fifield, "A better
    /// zip bomb", WOOT 2019.)
    pub(super) fn check_overlap(&mut self, label: &str) -> Result<()> {
        match self.archive.has_overlapping_entries() {
            Ok(false) => Ok(()),
            Ok(true) => Err(invalid(label, "its members overlap, as those of a zip bomb do")),
            Err(e) => Err(unreadable(label, &e)),
        }
    }

    /// What the archive as a whole is a file of; `None` for an archive of files.
    pub(super) fn document(&mut self, label: &str) -> Result<Option<Document>> {
        let Self { archive, members, .. } = self;
        let mimetype = || {
            let is_it = |member: &&Member| member.name.eq_ignore_ascii_case("mimetype") && member.obstacle.is_none();
            let Some(member) = members.iter().find(is_it) else { return Ok(Vec::new()) };
            let mut start = Vec::new();
            let member = archive.by_index(member.place as usize).map_err(|e| unreadable(label, &e))?;
            member.take(100).read_to_end(&mut start).map_err(|e| super::guard::failed(label, &e))?;
            Ok(start)
        };
        document(members.iter().map(|member| member.name.as_str()), mimetype)
    }

    /// Writes a member's bytes to a scratch file.
    pub(super) fn unpack(&mut self, member: &Member, label: &str, guard: &Guard<'_>) -> Result<PathBuf> {
        let raw = self.archive.by_index_raw(member.place as usize).map_err(|e| unreadable(label, &e))?;
        let (crc, method) = (raw.crc32(), packing(raw.compression()));
        let raw = BufReader::with_capacity(1 << 18, raw);
        let plain: Box<dyn Read + '_> = match method {
            Ok(Packing::Stored) => Box::new(raw),
            Ok(Packing::Deflated) => Box::new(flate2::bufread::DeflateDecoder::new(raw)),
            Ok(Packing::Bzip2) => Box::new(stream::bzip2(raw)),
            Ok(Packing::Zstd) => Box::new(stream::zstd(raw)?),
            Ok(Packing::Xz) => Box::new(stream::xz(raw)?),
            Err(how) => return Err(invalid(label, format!("it is packed by {how}"))),
        };
        let mut plain = flate2::CrcReader::new(plain);
        let path = guard.write(label, &mut plain, Some(member.bytes))?;
        if plain.crc().sum() == crc {
            Ok(path)
        } else {
            Err(invalid(label, "its checksum (CRC-32) is another one than is declared"))
        }
    }
}

/// How a member is packed.
enum Packing {
    Stored,
    Deflated,
    Bzip2,
    Zstd,
    Xz,
}

/// `Err` names a method that is not read.
fn packing(method: CompressionMethod) -> Result<Packing, &'static str> {
    match method {
        CompressionMethod::STORE => Ok(Packing::Stored),
        CompressionMethod::DEFLATE => Ok(Packing::Deflated),
        CompressionMethod::BZIP2 => Ok(Packing::Bzip2),
        CompressionMethod::ZSTD => Ok(Packing::Zstd),
        CompressionMethod::XZ => Ok(Packing::Xz),
        CompressionMethod::DEFLATE64 => Err("Deflate64, which is not read; pack it by Deflate"),
        CompressionMethod::LZMA => Err("LZMA, which is not read; pack it by Deflate"),
        CompressionMethod::PPMD => Err("PPMd, which is not read; pack it by Deflate"),
        _ => Err("a method that is not read; pack it by Deflate"),
    }
}

fn unreadable(label: &str, e: &zip::result::ZipError) -> Error {
    match e {
        zip::result::ZipError::Io(e) => super::guard::failed(label, e),
        zip::result::ZipError::InvalidArchive(what) if what.contains("Could not find EOCD") => {
            invalid(label, "the directory at its end is missing: it is cut short, or no zip archive")
        }
        zip::result::ZipError::InvalidArchive(what) if what.contains("Unexpected end of") => {
            invalid(label, "the directory at its end is cut short")
        }
        e => invalid(label, e),
    }
}

/// A file of which only so many bytes are read while `left` says so: a directory is held in memory.
struct Budget {
    file: File,
    left: Rc<Cell<Option<u64>>>,
}

impl Read for Budget {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(left) = self.left.get() else { return self.file.read(buffer) };
        if left == 0 {
            return Err(io::Error::new(ErrorKind::InvalidData, "its directory is too long"));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let n = self.file.read(&mut buffer[..most])?;
        self.left.set(Some(left - n as u64));
        Ok(n)
    }
}

impl Seek for Budget {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
