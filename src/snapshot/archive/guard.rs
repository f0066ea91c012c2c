//! Guards: what may come out of one published file, in bytes, times its size, files and nesting; and the one loop that writes
//! unpacked bytes. Nothing is ever written under a name that a file chose.

use std::cell::Cell;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::super::Options;
use super::super::stop::Stop;
use crate::error::{Error, Kind, Result};

/// What is unpacked below this size is no bomb, however small it was packed.
const RATIO_FREE: u64 = 64 << 20;

const CHUNK: usize = 1 << 18;

/// The guards over one published file, whatever it is packed in: all that is unpacked of it counts together.
pub(in crate::snapshot) struct Guard<'a> {
    pub(super) url: &'a str,
    /// The published file's size.
    packed: u64,
    pub(super) options: &'a Options,
    pub(super) stop: &'a Stop,
    /// Where unpacked bytes go, under numbers.
    scratch: &'a Path,
    /// Tells this file's scratch files from those of the others.
    number: usize,
    made: Cell<usize>,
    unpacked: Cell<u64>,
}

impl<'a> Guard<'a> {
    /// Over the `number`th file of a table, which is called `url` and has `packed` bytes.
    pub(in crate::snapshot) fn new(
        url: &'a str,
        packed: u64,
        number: usize,
        options: &'a Options,
        stop: &'a Stop,
        scratch: &'a Path,
    ) -> Self {
        Self { url, packed, options, stop, scratch, number, made: Cell::new(0), unpacked: Cell::new(0) }
    }

    /// Where in the published file `label` lies; empty for that itself.
    pub(super) fn place<'l>(&self, label: &'l str) -> &'l str {
        label.strip_prefix(self.url).map_or("", |rest| rest.trim_start_matches('/'))
    }

    /// Writes all of `from`, which is called `label`, to a new scratch file. `declared`: as many bytes as it must have.
    pub(super) fn write(&self, label: &str, mut from: impl Read, declared: Option<u64>) -> Result<PathBuf> {
        let limit = self.options.max_file_bytes;
        let target = self.scratch.join(format!("unpacked-{}-{}", self.number, self.made.replace(self.made.get() + 1)));
        let mut out = File::create(&target)?;
        let mut buffer = vec![0; CHUNK];
        let mut bytes = 0;
        loop {
            self.stop.check()?;
            let n = from.read(&mut buffer).map_err(|e| failed(label, &e))?;
            if n == 0 {
                break;
            }
            bytes += n as u64;
            if bytes > limit {
                return Err(too_large(label, limit));
            }
            if let Some(declared) = declared.filter(|declared| bytes > *declared) {
                return Err(other_size(label, declared, "more"));
            }
            self.count(n as u64)?;
            out.write_all(&buffer[..n])?;
        }
        if let Some(declared) = declared.filter(|declared| bytes < *declared) {
            return Err(other_size(label, declared, &bytes.to_string()));
        }
        Ok(target)
    }

    fn count(&self, more: u64) -> Result<()> {
        let all = self.unpacked.get().saturating_add(more);
        self.unpacked.set(all);
        self.check(all)
    }

    /// Holds what a directory declares to the limits, before anything of it is unpacked.
    pub(super) fn check(&self, unpacked: u64) -> Result<()> {
        let Options { max_archive_bytes, max_ratio, .. } = *self.options;
        if unpacked > max_archive_bytes {
            let message = format!("{} unpacks to more than {max_archive_bytes} bytes", self.url);
            return Err(Error::new(Kind::SourceInvalid, message).with_hint("Raise the limit with --max-archive-size."));
        }
        if unpacked > RATIO_FREE && unpacked / self.packed.max(1) > max_ratio {
            let message = format!("{} unpacks to more than {max_ratio} times its size and is taken for a bomb", self.url);
            return Err(Error::new(Kind::SourceInvalid, message).with_hint("When it is none, raise the limit with --max-ratio."));
        }
        Ok(())
    }

    /// An error when `label` lies in more packings than may be opened.
    pub(super) fn check_depth(&self, label: &str, depth: usize) -> Result<()> {
        let max = self.options.max_nesting;
        if depth < max {
            return Ok(());
        }
        let message = format!("{label} is packed more than {max} times over");
        Err(Error::new(Kind::SourceInvalid, message)
            .with_hint("Publish it in fewer packings, or raise the limit with --max-nesting."))
    }

    /// Removes a scratch file that has served; the published file itself stays.
    pub(super) fn discard(&self, path: &Path) {
        if path.starts_with(self.scratch) && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("unpacked-"))
        {
            // What stays goes with its folder.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The error for an archive of more members than may be opened.
pub(super) fn too_many_members(label: &str, members: usize, options: &Options) -> Option<Error> {
    let max = options.max_members;
    (members > max).then(|| {
        Error::new(Kind::SourceInvalid, format!("{label} holds more than {max} members"))
            .with_hint("Raise the limit with --max-members.")
    })
}

/// The error for a file beyond the limit.
pub(in crate::snapshot) fn too_large(label: &str, max_bytes: u64) -> Error {
    Error::new(Kind::SourceInvalid, format!("{label} is larger than {max_bytes} bytes"))
        .with_hint("Raise the limit with --max-file-size.")
}

fn other_size(label: &str, declared: u64, found: &str) -> Error {
    invalid(label, format!("it is said to have {declared} bytes and has {found}"))
}

/// The error for packed bytes that can't be read to their end.
pub(super) fn failed(label: &str, e: &std::io::Error) -> Error {
    match e.kind() {
        ErrorKind::UnexpectedEof => invalid(label, "it is cut short"),
        _ => invalid(label, e),
    }
}

/// The error for a packed file that is not as its format has it.
pub(super) fn invalid(label: &str, what: impl std::fmt::Display) -> Error {
    Error::new(Kind::SourceInvalid, format!("{label} can't be unpacked: {what}"))
}
