//! Tar archives: their members by their headers, and where each one's bytes are. An archive that ends without its end mark
//! was cut short, and one that goes on behind it is two.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::guard::{Guard, failed, invalid, too_many_members};
use super::magic::is_tar;
use super::member::{Link, Member, check_unique, checked, decoded};
use crate::error::Result;
use crate::snapshot::Options;
use crate::snapshot::stop::Stop;

/// The most that one member's headers may take, long names and extensions included, in bytes.
const HEADERS: u64 = 1 << 20;

/// An archive's file and what is in it.
pub(super) struct Tar {
    path: PathBuf,
    pub(super) members: Vec<Member>,
    /// Hard and symbolic links, which are not followed.
    pub(super) links: Vec<Link>,
}

impl Tar {
    /// Reads the headers, and nothing of the members.
    pub(super) fn open(path: &Path, label: &str, options: &Options, stop: &Stop) -> Result<Self> {
        let file = BufReader::with_capacity(4096, File::open(path)?);
        Self::read(file, path, label, options, stop)
    }

    /// The same of the archive that `unpacked` gives, whose members are passed over: they can be listed, and not unpacked.
    pub(super) fn list(unpacked: impl Read, path: &Path, label: &str, options: &Options) -> Result<Self> {
        Self::read(Forward { from: unpacked, at: 0 }, path, label, options, &Stop::default())
    }

    fn read(file: impl Read + Seek, path: &Path, label: &str, options: &Options, stop: &Stop) -> Result<Self> {
        let state = Rc::new(Reading { left: Cell::new(HEADERS), ended: Cell::new(false) });
        let mut archive = tar::Archive::new(Headers { file, state: Rc::clone(&state) });
        let (mut raw, mut members, mut raw_links) = (Vec::new(), Vec::new(), Vec::new());
        let mut entries = archive.entries_with_seek().map_err(|e| failed(label, &e))?;
        loop {
            stop.check()?;
            state.left.set(HEADERS);
            let Some(entry) = entries.next() else { break };
            let mut entry = entry.map_err(|e| failed(label, &e))?;
            let kind = entry.header().entry_type();
            if kind.is_hard_link() || kind.is_symlink() {
                let target = entry.link_name_bytes().unwrap_or_default();
                raw_links.push((entry.path_bytes().into_owned(), target.into_owned()));
                if let Some(e) = too_many_members(label, members.len() + raw_links.len(), options) {
                    return Err(e);
                }
                continue;
            }
            if !(kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse()) {
                continue;
            }
            // Before POSIX there was no mark for folders but the slash (tar(5), "Old-Style Archive Format").
            if entry.header().as_ustar().is_none() && entry.header().as_gnu().is_none() && entry.path_bytes().ends_with(b"/") {
                continue;
            }
            let is_sparse = kind.is_gnu_sparse() || has_sparse_map(&mut entry).map_err(|e| failed(label, &e))?;
            raw.push(entry.path_bytes().into_owned());
            members.push(Member {
                name: String::new(),
                bytes: entry.size(),
                place: entry.raw_file_position(),
                obstacle: is_sparse.then(|| "is a sparse file, which is not read".to_owned()),
            });
            if let Some(e) = too_many_members(label, members.len() + raw_links.len(), options) {
                return Err(e);
            }
        }
        if state.ended.get() {
            return Err(invalid(label, "it ends without the mark of its end: it is cut short"));
        }
        check_end(archive.into_inner().file, label, stop)?;
        let names = decoded(&raw.iter().map(Vec::as_slice).collect::<Vec<_>>());
        for (member, name) in members.iter_mut().zip(names) {
            member.name = checked(label, &name)?;
        }
        check_unique(label, &members)?;
        let (names, targets): (Vec<_>, Vec<_>) = raw_links.iter().map(|(n, t)| (n.as_slice(), t.as_slice())).unzip();
        let (names, targets) = (decoded(&names), decoded(&targets));
        let link = |(name, target): (&String, String)| Ok(Link { name: checked(label, name)?, target: Some(target) });
        let links = names.iter().zip(targets).map(link).collect::<Result<Vec<_>>>()?;
        Ok(Self { path: path.to_owned(), members, links })
    }

    /// Writes a member's bytes to a scratch file.
    pub(super) fn unpack(&self, member: &Member, label: &str, guard: &Guard<'_>) -> Result<PathBuf> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(member.place))?;
        guard.write(label, file.take(member.bytes), Some(member.bytes))
    }
}

/// Whether pax extensions say that the member's bytes start with a map of its holes.
fn has_sparse_map<R: Read>(entry: &mut tar::Entry<'_, R>) -> io::Result<bool> {
    let Some(extensions) = entry.pax_extensions()? else { return Ok(false) };
    for extension in extensions {
        if extension?.key_bytes().starts_with(b"GNU.sparse.") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Behind the end mark stands nothing, or what fills the last record up; but no further archive.
fn check_end(mut file: impl Read, label: &str, stop: &Stop) -> Result<()> {
    let mut block = [0; 512];
    loop {
        stop.check()?;
        match file.read_exact(&mut block) {
            Ok(()) if is_tar(&block) => {
                return Err(invalid(label, "behind its end stands another archive")
                    .with_hint("Publish them as two files, or as one archive."));
            }
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Err(e) => return Err(e.into()),
        }
    }
}

/// How reading headers goes.
struct Reading {
    /// Bytes that the next member's headers may still take: their names are held in memory.
    left: Cell<u64>,
    /// The file's end was met where a header was to be.
    ended: Cell<bool>,
}

/// The file, of which only headers are read.
struct Headers<R> {
    file: R,
    state: Rc<Reading>,
}

impl<R: Read> Read for Headers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.state.left.get();
        if left == 0 {
            return Err(io::Error::new(ErrorKind::InvalidData, format!("a member's headers are longer than {HEADERS} bytes")));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let n = self.file.read(&mut buffer[..most])?;
        self.state.ended.set(n == 0 && !buffer.is_empty());
        self.state.left.set(left - n as u64);
        Ok(n)
    }
}

impl<R: Seek> Seek for Headers<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Bytes that can only be read on: what is sought before them is passed over.
struct Forward<R> {
    from: R,
    at: u64,
}

impl<R: Read> Read for Forward<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(buffer)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl<R: Read> Seek for Forward<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let ahead = match to {
            SeekFrom::Start(place) => place.checked_sub(self.at),
            SeekFrom::Current(by) => u64::try_from(by).ok(),
            SeekFrom::End(_) => None,
        };
        let ahead = ahead.ok_or_else(|| io::Error::from(ErrorKind::NotSeekable))?;
        if io::copy(&mut self.by_ref().take(ahead), &mut io::sink())? < ahead {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(self.at)
    }
}
