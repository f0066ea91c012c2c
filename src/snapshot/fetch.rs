//! Fetching: an object's bytes as a file on this machine, read once and of one version. Local files stay where they are.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use futures::TryStreamExt;
use object_store::GetResultPayload;
use sha2::{Digest, Sha256};

use super::stop::Stop;
use crate::error::{Error, Kind, Result};
use crate::store::{Object, source_error};

/// How long ago a local file must have been written to: a write sets the file's time when it begins, so that in its middle the file looks
/// as it does at its end.
const SETTLED: Duration = Duration::from_millis(20);

/// What tells that a local file is still the one that was opened, and was not written to. Its own times can be set to anything; on Unix
/// the inode tells another file, and the time of its last change can't be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: SystemTime,
    #[cfg(unix)]
    inode: (u64, u64),
    #[cfg(unix)]
    changed: (i64, i64),
}

impl Stamp {
    fn of(meta: &std::fs::Metadata) -> std::io::Result<Self> {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Ok(Self {
            bytes: meta.len(),
            modified: meta.modified()?,
            #[cfg(unix)]
            inode: (meta.dev(), meta.ino()),
            #[cfg(unix)]
            changed: (meta.ctime(), meta.ctime_nsec()),
        })
    }
}

/// The raw bytes of one published file.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) url: String,
    pub(super) path: PathBuf,
    /// Of the raw bytes; `None` for a local file, whose bytes are hashed while they are read.
    pub(super) sha256: Option<String>,
    pub(super) bytes: u64,
    /// Of a local file when it was opened: it must be the same at the end.
    modified: Option<Stamp>,
}

impl Raw {
    /// A file that was kept when it was read before.
    pub(super) fn kept(url: String, path: PathBuf, sha256: String, bytes: u64) -> Self {
        Self { url, path, sha256: Some(sha256), bytes, modified: None }
    }

    /// The last part of the URL, unescaped: what `_source_file` holds.
    pub(super) fn file_name(&self) -> String {
        file_name(&self.url)
    }

    /// An error when a local file is not what it was when its reading began.
    pub(super) fn check_unchanged(&self) -> Result<()> {
        let Some(opened) = self.modified else { return Ok(()) };
        match std::fs::metadata(&self.path).and_then(|now| Stamp::of(&now)) {
            Ok(now) if now == opened => Ok(()),
            Ok(_) => Err(changed(&self.url)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(changed(&self.url)),
            Err(e) => Err(Error::from(e).within(self.path.display())),
        }
    }

    /// The SHA-256 of the raw bytes, in hex.
    pub(super) fn hash(&self, stop: &Stop) -> Result<String> {
        if let Some(hash) = &self.sha256 {
            return Ok(hash.clone());
        }
        let named = |e: std::io::Error| Error::from(e).within(self.path.display());
        let mut file = File::open(&self.path).map_err(named)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            stop.check()?;
            match file.read(&mut buffer).map_err(named)? {
                0 => return Ok(hex(&hasher.finalize())),
                n => hasher.update(&buffer[..n]),
            }
        }
    }
}

/// The last part of a path or URL, unescaped.
pub(super) fn file_name(url: &str) -> String {
    let is_url = url.contains("://");
    let path = if is_url { url.split(['?', '#']).next().unwrap_or(url) } else { url };
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
    if is_url { unescaped(last) } else { last.to_owned() }
}

/// `%20` and the like as bytes; the text itself when those are not UTF-8.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| std::str::from_utf8(after.get(..2)?).ok()).flatten();
        match code.and_then(|c| u8::from_str_radix(c, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &after[2..];
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// Bytes as lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        // Writing to a String does not fail.
        let _ = write!(out, "{b:02x}");
        out
    })
}

fn changed(url: &str) -> Error {
    Error::new(Kind::SourceChanged, format!("{url} changed while it was read")).with_hint("Ask again to read it as it is now.")
}

/// Whether the object is a file of this machine.
pub(super) fn is_local(object: &Object) -> bool {
    object.store_url.starts_with("file:")
}

/// The object's bytes as a file: the file itself when it is one of this machine, else a copy at `spool`. `heard` is told of each
/// arrival's bytes. Either is of the version that the look-up found, which the store holds it to.
pub(super) async fn fetch(object: &Object, spool: &Path, heard: impl Fn(u64) + Send) -> Result<Raw> {
    if is_local(object)
        && let Some(raw) = in_place(object).await?
    {
        return Ok(raw);
    }
    let mut chunks = object.read().await?;
    let named = |e: std::io::Error| Error::from(e).within(spool.display());
    let mut file = File::create(spool).map_err(named)?;
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    while let Some(chunk) = chunks.try_next().await? {
        hasher.update(&chunk);
        file.write_all(&chunk).map_err(named)?;
        bytes += chunk.len() as u64;
        heard(chunk.len() as u64);
    }
    let sha256 = Some(hex(&hasher.finalize()));
    Ok(Raw { url: object.url.clone(), path: spool.to_owned(), sha256, bytes, modified: None })
}

/// The file that a local object is; `None` when its store does not tell.
async fn in_place(object: &Object) -> Result<Option<Raw>> {
    let age = chrono::Utc::now() - object.meta.last_modified;
    if age.to_std().is_ok_and(|age| age < SETTLED) {
        tokio::time::sleep(SETTLED).await;
    }
    let opened = object.store.get_opts(&object.meta.location, object.get_options()).await;
    let opened = opened.map_err(|e| source_error(&object.url, e))?;
    if opened.meta.size != object.meta.size {
        return Err(changed(&object.url));
    }
    match opened.payload {
        GetResultPayload::File(file, path) => {
            let meta = file.metadata()?;
            let (bytes, modified) = (meta.len(), Some(Stamp::of(&meta)?));
            Ok(Some(Raw { url: object.url.clone(), path, sha256: None, bytes, modified }))
        }
        GetResultPayload::Stream(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_name_is_the_last_part() {
        for (url, want) in [
            ("/data/Table With Data.csv", "Table With Data.csv"),
            ("/data/PLA_6%Talc.csv", "PLA_6%Talc.csv"),
            ("https://example.org/a%20b/c%20d.csv?download=1", "c d.csv"),
            ("https://example.org/%E4%BA%A4%E9%80%9A.csv", "交通.csv"),
        ] {
            let raw = Raw { url: url.into(), path: PathBuf::new(), sha256: None, bytes: 0, modified: None };
            assert_eq!(raw.file_name(), want);
        }
    }

    #[tokio::test]
    async fn a_local_file_that_is_touched_while_it_is_read_is_seen() {
        /// What somebody does to the file at this path.
        type Deed = fn(&Path);
        let deeds: &[(&str, Deed, bool)] = &[
            ("nothing", |_| {}, true),
            ("more bytes", |path| std::fs::write(path, "a\n1\n2\n").expect("writes"), false),
            ("as many bytes", |path| std::fs::write(path, "a\n2\n").expect("writes"), false),
            ("gone", |path| std::fs::remove_file(path).expect("removes"), false),
            (
                "another file with the same size and time",
                |path| {
                    let modified = path.metadata().and_then(|m| m.modified()).expect("has a time");
                    let other = path.with_extension("other");
                    std::fs::write(&other, "a\n2\n").expect("writes");
                    File::options().append(true).open(&other).and_then(|f| f.set_modified(modified)).expect("sets it");
                    std::fs::rename(&other, path).expect("renames");
                },
                !cfg!(unix),
            ),
            (
                "other bytes with the time set back",
                |path| {
                    let modified = path.metadata().and_then(|m| m.modified()).expect("has a time");
                    std::fs::write(path, "a\n2\n").expect("writes");
                    File::options().append(true).open(path).and_then(|f| f.set_modified(modified)).expect("sets it");
                },
                !cfg!(unix),
            ),
        ];
        for (what, deed, unchanged) in deeds {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let path = dir.path().join("t.csv");
            std::fs::write(&path, "a\n1\n").expect("writes");
            let stores = crate::store::Stores::new(crate::store::Options::default()).expect("opens");
            let objects = stores.resolve(path.to_str().expect("UTF-8")).await.expect("is there");
            // The kernel's clock for files ticks every few milliseconds.
            std::thread::sleep(SETTLED);
            let raw = fetch(&objects[0], &dir.path().join("spool"), |_| {}).await.expect("is opened");
            deed(&path);
            assert_eq!(
                raw.check_unchanged().map_err(|e| e.kind()),
                if *unchanged { Ok(()) } else { Err(Kind::SourceChanged) },
                "{what}"
            );
        }
    }
}
