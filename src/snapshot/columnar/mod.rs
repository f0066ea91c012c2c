//! Columnar: Avro and ORC files, and Arrow and Parquet that are not scanned where they stand, are read once, batch by batch, and written as a
//! snapshot's Parquet. Their types are known before their rows, so there is one pass and no cell is rejected: what can't be read is an
//! error of the file. How each format is read, and what becomes of its types, is in the files below.

mod arrow_ipc;
mod avro;
mod claims;
mod container;
mod extent;
mod orc;
mod orc_tail;
mod orc_times;
mod orc_types;
mod parquet_file;
mod shape;
mod unite;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use arrow::array::{ArrayRef, StringViewArray};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::Options;
use super::archive::{self, Guard, Plain};
use super::build::{Built, BuiltPart, Orders};
use super::fetch::Raw;
use super::foreign;
use super::partitions::{self, Partition, partitions};
use super::stop::Stop;
use super::write::Sink;
use crate::descriptor::{Distribution, Format, members};
use crate::error::{Error, Kind, Result};

pub(super) use arrow_ipc::claimed_rows;
pub use claims::is_believable;
pub(super) use shape::{EXTENSION_TYPE_NAME_KEY, is_json, is_uuid};
pub(super) use unite::{said, widened, wider};

/// Rows that are converted and written at a time.
const BATCH: usize = 8192;

/// Batches that wait between the reading and the writing thread.
const WAITING: usize = 4;

/// The formats that are read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Avro,
    Orc,
    /// An IPC stream, or a file that can't be scanned in place.
    Arrow,
    /// Packed, or in an archive.
    Parquet,
}

impl Form {
    /// The form of a declared format; `None` when that is not read here.
    pub(super) fn of(format: Option<Format>) -> Option<Self> {
        match format? {
            Format::Avro => Some(Self::Avro),
            Format::Orc => Some(Self::Orc),
            Format::Arrow => Some(Self::Arrow),
            Format::Parquet => Some(Self::Parquet),
            Format::Csv
            | Format::Json
            | Format::NdJson
            | Format::GeoJson
            | Format::Workbook
            | Format::Shapefile
            | Format::Kml => None,
        }
    }

    /// The form of the files of a distribution: the declared one; where none is, what their bytes say, or the name of what is meant in
    /// an archive.
    pub(super) fn of_files(raws: &[&Raw], distribution: &Distribution, options: &Options) -> Option<Self> {
        if distribution.format.is_some() {
            return Self::of(distribution.format);
        }
        if let Some(member) = &distribution.member {
            return Self::of(members::format_of(member));
        }
        let first = raws.first()?;
        // What can't be listed is told of when it is read.
        let format = match archive::list(&first.path, options).ok()? {
            Some(names) => match members::sort(names.iter().map(String::as_str)).data.as_slice() {
                [only] => members::format_of(only),
                _ => None,
            },
            None => archive::told(&first.path).ok()?,
        };
        Self::of(format)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Avro => "Avro",
            Self::Orc => "ORC",
            Self::Arrow => "Arrow",
            Self::Parquet => "Parquet",
        }
    }
}

/// The rows of one file as they were published.
pub(super) enum Rows {
    Avro(Box<avro::Rows>),
    Orc(Box<orc::Rows>),
    Arrow(arrow_ipc::Rows),
    Parquet(Box<parquet_file::Rows>),
}

impl Rows {
    pub(super) fn open(form: Form, path: &Path) -> Result<Self> {
        Ok(match form {
            Form::Avro => Self::Avro(Box::new(avro::Rows::open(path)?)),
            Form::Orc => Self::Orc(Box::new(orc::Rows::open(path)?)),
            Form::Arrow => Self::Arrow(arrow_ipc::Rows::open(path)?),
            Form::Parquet => Self::Parquet(Box::new(parquet_file::Rows::open(path)?)),
        })
    }

    fn schema(&self) -> SchemaRef {
        match self {
            Self::Avro(r) => r.schema(),
            Self::Orc(r) => r.schema(),
            Self::Arrow(r) => r.schema(),
            Self::Parquet(r) => r.schema(),
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>> {
        match self {
            Self::Avro(r) => r.next(),
            Self::Orc(r) => r.next(),
            Self::Arrow(r) => r.next(),
            Self::Parquet(r) => r.next(),
        }
    }

    /// The rows that the file said it has, as far as it was read.
    fn claimed(&self) -> u64 {
        match self {
            Self::Avro(r) => r.claimed(),
            Self::Orc(r) => r.claimed(),
            Self::Arrow(r) => r.claimed(),
            Self::Parquet(r) => r.claimed(),
        }
    }

    /// Bytes of the file that were read.
    fn bytes(&self) -> u64 {
        match self {
            Self::Avro(r) => r.bytes(),
            Self::Orc(r) => r.bytes(),
            Self::Arrow(r) => r.bytes(),
            Self::Parquet(r) => r.bytes(),
        }
    }
}

/// A fault of a file's bytes, before the file's name is known.
pub(super) fn fault(what: impl std::fmt::Display) -> Error {
    let what = what.to_string();
    Error::new(Kind::SourceInvalid, what.lines().next().unwrap_or_default().to_owned())
}

fn arrow_fault(e: ArrowError) -> Error {
    fault(e)
}

/// Names the file in an error of its bytes; what else went wrong stays as it is.
fn named(url: &str, form: Form, e: Error) -> Error {
    if e.kind() == Kind::SourceInvalid { e.within(format!("{url} can't be read as {}", form.name())) } else { e }
}

/// Runs a step of a decoder. The decoders are others' work and may panic on bytes that make no sense: that is a fault of the file.
fn guarded<T>(url: &str, form: Form, step: impl FnOnce() -> Result<T>) -> Result<T> {
    foreign::step(step).unwrap_or_else(|_| Err(fault("its content makes no sense"))).map_err(|e| named(url, form, e))
}

/// Reads `raws` and writes parts.
pub(super) fn build(raws: &[&Raw], orders: &Orders<'_>) -> Result<Built> {
    let Orders { distribution, options, stop, scratch, target, heard } = *orders;
    let form = Form::of_files(raws, distribution, options);
    let form = form.ok_or_else(|| Error::new(Kind::Internal, "a format that is no columnar one is not read here"))?;
    std::thread::scope(|scope| {
        let hashes = scope.spawn(|| raws.iter().map(|raw| raw.hash(stop)).collect::<Result<Vec<_>>>());
        let mut warnings = Vec::new();
        let (plains, told) = plains(raws, distribution, options, stop, scratch, &mut warnings)?;
        let mut schemas: Vec<(&str, SchemaRef)> = Vec::with_capacity(plains.len());
        for plain in &plains {
            stop.check()?;
            let schema = guarded(&plain.label, form, || Ok(Rows::open(form, &plain.path)?.schema()))?;
            schemas.push((&plain.label, schema));
        }
        let is_told = |column: &str| told.iter().flatten().any(|partition| partition.key == column);
        let mut table = unite::unite(&schemas, distribution, options.max_columns, &is_told, &mut warnings)?;
        let told: Vec<(&str, Vec<Partition>)> = plains.iter().map(|plain| plain.label.as_str()).zip(told).collect();
        let mut drift = Vec::new();
        if let Some(columns) = partitions::columns(distribution, &told, &table.schema, options)? {
            warnings.extend(columns.warnings);
            drift = columns.drift;
            table = table.with_partitions(columns.values);
        }
        let (parts, rows) =
            Job { plains: &plains, form, table: &table, most: options.max_archive_bytes, stop }.write(target, heard)?;
        for raw in raws {
            raw.check_unchanged()?;
        }
        let written: u64 = parts.iter().map(|p| p.rows).sum();
        if written != rows {
            return Err(Error::new(Kind::Internal, format!("{rows} rows were read, but {written} written")));
        }
        let hashes = hashes.join().map_err(|_| Error::new(Kind::Internal, "hashing the source failed"))??;
        Ok(Built {
            parts: parts.into_iter().map(BuiltPart::Written).collect(),
            rows,
            rows_read: rows,
            rejected_rows: 0,
            rejects: 0,
            hashes: hashes.into_iter().map(Some).collect(),
            warnings,
            drift,
            read: Vec::new(),
            required: Vec::new(),
        })
    })
}

/// The files themselves, or what is packed in them, and for each what its folders tell.
fn plains(
    raws: &[&Raw],
    distribution: &Distribution,
    options: &Options,
    stop: &Stop,
    scratch: &Path,
    warnings: &mut Vec<String>,
) -> Result<(Vec<Plain>, Vec<Vec<Partition>>)> {
    let (mut plains, mut told) = (Vec::with_capacity(raws.len()), Vec::with_capacity(raws.len()));
    for (i, raw) in raws.iter().enumerate() {
        if raw.bytes > options.max_file_bytes {
            return Err(archive::too_large(&raw.url, options.max_file_bytes));
        }
        if raw.bytes == 0 {
            return Err(Error::new(Kind::SourceInvalid, format!("{} is empty", raw.url)));
        }
        let guard = Guard::new(&raw.url, raw.bytes, i, options, stop, scratch);
        let wanted = distribution.member.as_deref();
        let mut opened = archive::open(&raw.path, &raw.url, &raw.file_name(), wanted, &guard, warnings)?;
        told.extend(opened.iter().map(|plain| partitions(&raw.url, &plain.name)));
        plains.append(&mut opened);
    }
    Ok((plains, told))
}

struct Job<'a> {
    plains: &'a [Plain],
    form: Form,
    table: &'a unite::Table,
    /// Bytes that all values together may take.
    most: u64,
    stop: &'a Stop,
}

impl Job<'_> {
    /// Reads all files in order and writes their rows; the parts, and how many rows were read.
    fn write(&self, target: &Path, heard: &(dyn Fn(u64, u64) + Sync)) -> Result<(Vec<super::WrittenFile>, u64)> {
        let mut sink = Sink::new(target, Arc::clone(&self.table.schema))?;
        std::thread::scope(|scope| {
            let (batches, to_write): (SyncSender<RecordBatch>, Receiver<RecordBatch>) = sync_channel(WAITING);
            let writer = scope.spawn(move || {
                for batch in to_write {
                    sink.write(&batch)?;
                }
                sink.finish()
            });
            let read = self.read(&batches, heard);
            drop(batches);
            let written = writer.join().map_err(|_| Error::new(Kind::Internal, "writing the snapshot failed"))?;
            match (read, written) {
                // When the writer stops first, its error is the one that says why.
                (Ok(Sent { stopped: true, .. }), Ok(_)) => Err(Error::new(Kind::Internal, "the writer stopped")),
                (Ok(Sent { rows, .. }), Ok(parts)) => Ok((parts, rows)),
                (Ok(_), Err(e)) | (Err(e), Ok(_) | Err(_)) => Err(e),
            }
        })
    }

    fn read(&self, out: &SyncSender<RecordBatch>, heard: &(dyn Fn(u64, u64) + Sync)) -> Result<Sent> {
        let size = |plain: &Plain| std::fs::metadata(&plain.path).map(|m| m.len());
        let sizes = self.plains.iter().map(size).collect::<std::io::Result<Vec<_>>>()?;
        let all = sizes.iter().sum();
        let (mut rows, mut done, mut unpacked) = (0, 0, 0_u64);
        for (file, plain) in self.plains.iter().enumerate() {
            let url = plain.label.as_str();
            let mut reader = guarded(url, self.form, || Rows::open(self.form, &plain.path))?;
            let mut of_file = 0;
            while let Some(batch) = guarded(url, self.form, || reader.next())? {
                of_file += batch.num_rows() as u64;
                let mut slices = extent::Slices::of(batch);
                while let Some((slice, bytes)) = guarded(url, self.form, || Ok(slices.next()))? {
                    self.stop.check()?;
                    unpacked = unpacked.saturating_add(bytes);
                    if unpacked > self.most {
                        let e = fault(format!("its values take more than {} bytes once each row has its own", self.most));
                        return Err(named(url, self.form, e.with_hint("Raise the limit with --max-archive-size.")));
                    }
                    let fitted = guarded(url, self.form, || self.fitted(file, &slice))?;
                    if out.send(fitted).is_err() {
                        return Ok(Sent { rows, stopped: true });
                    }
                }
                heard(done + reader.bytes().min(sizes[file]), all);
            }
            if of_file != reader.claimed() {
                let e = fault(format!("it says that it has {} rows, and {of_file} are in it", reader.claimed()));
                return Err(named(url, self.form, e));
            }
            rows += of_file;
            done += sizes[file];
            heard(done, all);
        }
        Ok(Sent { rows, stopped: false })
    }

    /// A file's rows in the table's columns.
    fn fitted(&self, file: usize, batch: &RecordBatch) -> Result<RecordBatch> {
        let schema = &self.table.schema;
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
        for (field, place) in schema.fields().iter().zip(&self.table.places[file]) {
            columns.push(match place {
                Some(place) => {
                    let array = shape::keep(batch.column(*place), batch.schema_ref().field(*place))?;
                    unite::widened(&array, field.data_type())?
                }
                None => arrow::array::new_null_array(field.data_type(), batch.num_rows()),
            });
        }
        if let Some(values) = &self.table.partitions {
            for column in 0..values.num_columns() {
                columns.push(partitions::repeated(values, column, file, batch.num_rows())?);
            }
        }
        if self.table.has_source_file {
            let name = std::iter::repeat_n(Some(self.plains[file].name.as_str()), batch.num_rows());
            columns.push(Arc::new(name.collect::<StringViewArray>()));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(arrow_fault)
    }
}

/// What a reading thread sent.
struct Sent {
    rows: u64,
    /// Nobody listened any more.
    stopped: bool,
}
