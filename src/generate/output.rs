//! Files under the output folder: how they are packed, what is counted, who hears of it. What stands in them is unknown here.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Error, Kind, Result};

/// Rows between two reports of progress.
const REPORT_EVERY: u64 = 100_000;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub datasets: u64,
    /// Data files, not counting descriptors.
    pub files: u64,
    /// Data rows over all files.
    pub rows: u64,
    /// Bytes of all files as they stand on disk, descriptors included.
    pub bytes: u64,
}

/// How far one file is.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The file, relative to the output folder.
    pub file: &'a Path,
    /// Data rows written so far.
    pub rows: u64,
    /// Whether this was the file's last report.
    pub done: bool,
}

/// The output folder, and what was written to it so far.
pub(super) struct Output<'a> {
    dir: &'a Path,
    progress: &'a dyn Fn(Step<'_>),
    summary: Summary,
}

/// How a data file is packed.
#[derive(Clone, Copy)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
    /// A zip archive whose one member has this name.
    Zip(&'static str),
}

impl<'a> Output<'a> {
    pub(super) fn new(dir: &'a Path, progress: &'a dyn Fn(Step<'_>)) -> Self {
        Self { dir, progress, summary: Summary::default() }
    }

    pub(super) fn summary(&self) -> Summary {
        self.summary
    }

    /// Writes one data file; `fill` writes the rows and calls [`Rows::row`] once after each.
    pub(super) fn file(
        &mut self,
        path: &str,
        packing: Packing,
        fill: impl FnOnce(&mut Rows<'_>) -> io::Result<()>,
    ) -> Result<()> {
        let path = Path::new(path);
        let full = self.dir.join(path);
        let place = |e: io::Error| cant_write(&full, e);
        let file = BufWriter::with_capacity(1 << 18, create(&full)?);
        let report = |rows, done| (self.progress)(Step { file: path, rows, done });
        report(0, false);
        let mut rows = Rows { sink: Sink::open(file, packing).map_err(place)?, rows: 0, report: &report };
        fill(&mut rows).map_err(place)?;
        let count = rows.rows;
        rows.sink.close().and_then(|mut file| file.flush()).map_err(place)?;
        report(count, true);
        self.count(&full, count)
    }

    /// Writes one data file that `fill` makes whole, such as a Parquet file; `fill` gives the number of its rows.
    pub(super) fn whole(&mut self, path: &str, fill: impl FnOnce(BufWriter<File>) -> io::Result<u64>) -> Result<()> {
        let path = Path::new(path);
        let full = self.dir.join(path);
        (self.progress)(Step { file: path, rows: 0, done: false });
        let rows = fill(BufWriter::new(create(&full)?)).map_err(|e| cant_write(&full, e))?;
        (self.progress)(Step { file: path, rows, done: true });
        self.count(&full, rows)
    }

    /// Writes a dataset's descriptor beside its files.
    pub(super) fn descriptor(&mut self, folder: &str, descriptor: &Value) -> Result<()> {
        let full = self.dir.join(folder).join("datapackage.json");
        let mut text = serde_json::to_string_pretty(descriptor).expect("a JSON value always prints");
        text.push('\n');
        create(&full)?.write_all(text.as_bytes()).map_err(|e| cant_write(&full, e))?;
        self.summary.datasets += 1;
        self.summary.bytes += text.len() as u64;
        Ok(())
    }

    fn count(&mut self, full: &Path, rows: u64) -> Result<()> {
        self.summary.files += 1;
        self.summary.rows += rows;
        self.summary.bytes += fs::metadata(full).map_err(|e| cant_write(full, e))?.len();
        Ok(())
    }
}

/// The rows of one file on their way out.
pub(super) struct Rows<'a> {
    sink: Sink,
    rows: u64,
    report: &'a dyn Fn(u64, bool),
}

impl Rows<'_> {
    /// Counts one row as written.
    pub(super) fn row(&mut self) {
        self.rows += 1;
        if self.rows.is_multiple_of(REPORT_EVERY) {
            (self.report)(self.rows, false);
        }
    }
}

impl Write for Rows<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Plain(w) => w.write(bytes),
            Sink::Gzip(w) => w.write(bytes),
            Sink::Zstd(w) => w.write(bytes),
            Sink::Zip(w) => w.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        // Nothing reads along, and a flush in mid-file would change what a packer writes.
        Ok(())
    }
}

/// A file behind its packer. Levels and times are fixed, since they are part of the bytes.
enum Sink {
    Plain(BufWriter<File>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
    Zip(Box<zip::ZipWriter<BufWriter<File>>>),
}

impl Sink {
    fn open(file: BufWriter<File>, packing: Packing) -> io::Result<Self> {
        Ok(match packing {
            Packing::Plain => Self::Plain(file),
            Packing::Gzip => {
                Self::Gzip(flate2::GzBuilder::new().mtime(0).operating_system(255).write(file, flate2::Compression::new(6)))
            }
            Packing::Zstd => Self::Zstd(zstd::Encoder::new(file, 9)?),
            Packing::Zip(member) => {
                let mut zip = zip::ZipWriter::new(file);
                let options = zip::write::SimpleFileOptions::default()
                    .compression_method(zip::CompressionMethod::Deflated)
                    .last_modified_time(zip::DateTime::DEFAULT)
                    .unix_permissions(0o644);
                zip.start_file(member, options)?;
                Self::Zip(Box::new(zip))
            }
        })
    }

    fn close(self) -> io::Result<BufWriter<File>> {
        match self {
            Self::Plain(file) => Ok(file),
            Self::Gzip(w) => w.finish(),
            Self::Zstd(w) => w.finish(),
            Self::Zip(w) => Ok(w.finish()?),
        }
    }
}

fn create(full: &PathBuf) -> Result<File> {
    full.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| File::create(full)).map_err(|e| cant_write(full, e))
}

fn cant_write(full: &Path, error: io::Error) -> Error {
    let (kind, hint) = match error.kind() {
        io::ErrorKind::StorageFull => (Kind::DiskFull, "Free some space, or take a smaller --scale."),
        _ => (Kind::Io, "Give a folder that can be written to."),
    };
    Error::new(kind, format!("can't write {}: {error}", full.display())).with_hint(hint).caused_by(error)
}
