//! How rows are written: one [`Sink`] for each format, each of which must pass the same tests.

mod arrow_file;
mod csv;
mod expanded;
mod json;
mod parquet_file;
mod table;
mod text;

use std::io::Write;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::error::{Error, Kind, Result};
use crate::table::pg_value;

/// Takes one result, a batch at a time, and holds no more of it than its format needs.
pub trait Sink {
    /// The columns, once and first.
    fn begin(&mut self, schema: &SchemaRef) -> Result<()>;
    /// Some rows.
    fn batch(&mut self, batch: &RecordBatch) -> Result<()>;
    /// The end; what was not written is dropped without it.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// A way to write rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns, as psql shows them.
    Table,
    /// RFC 4180 with a header; NULL is an empty field, the empty text `""`.
    Csv,
    /// An array of objects.
    Json,
    /// An object a line.
    NdJson,
    /// Parquet, compressed with zstd.
    Parquet,
    /// Arrow IPC's file form (Feather v2).
    Arrow,
}

impl Format {
    /// The names that [`Self::from_name`] takes, in words.
    pub const NAMES: &'static str = "table, csv, json, ndjson, parquet or arrow";

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        ALL.into_iter().find(|f| f.name() == name)
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::NdJson => "ndjson",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }

    /// Whether it is bytes that no person reads.
    pub fn is_binary(self) -> bool {
        match self {
            Self::Parquet | Self::Arrow => true,
            Self::Table | Self::Csv | Self::Json | Self::NdJson => false,
        }
    }

    /// Whether an output of this format is exactly one result.
    pub fn is_single(self) -> bool {
        match self {
            Self::Json | Self::NdJson | Self::Parquet | Self::Arrow => true,
            Self::Table | Self::Csv => false,
        }
    }
}

const ALL: [Format; 6] = [Format::Table, Format::Csv, Format::Json, Format::NdJson, Format::Parquet, Format::Arrow];

/// A format and, for tables, which way up they stand.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub format: Format,
    /// Tables have a line for each column of each row (psql's `\x`).
    pub expanded: bool,
}

impl Style {
    /// A format, tables the usual way up.
    pub fn new(format: Format) -> Self {
        Self { format, expanded: false }
    }

    /// Whether the tags of statements without rows are shown, as psql does.
    pub fn shows_tags(self) -> bool {
        self.format == Format::Table
    }

    /// A sink for one result. `values` is how the session wants values written where they are PostgreSQL's texts, in tables and CSV.
    pub fn sink<'a>(self, values: pg_value::Style, out: &'a mut (dyn Write + Send)) -> Box<dyn Sink + 'a> {
        match self.format {
            Format::Table if self.expanded => Box::new(expanded::Expanded::new(values, out)),
            Format::Table => Box::new(table::Table::new(values, out)),
            Format::Csv => Box::new(csv::Csv::new(values, out)),
            Format::Json => Box::new(json::Json::array(out)),
            Format::NdJson => Box::new(json::Json::lines(out)),
            Format::Parquet => Box::new(parquet_file::ParquetFile::new(out)),
            Format::Arrow => Box::new(arrow_file::ArrowFile::new(out)),
        }
    }
}

/// An error of Arrow's writers: the output's own, or a type that the format can't hold.
fn write_error(format: Format, e: ArrowError) -> Error {
    match e {
        ArrowError::IoError(_, io) => Error::from(io),
        other => Error::new(Kind::Unsupported, format!("the format {} can't hold this result: {other}", format.name()))
            .with_hint("Cast the column to text in the query, or take another format."),
    }
}

/// The error for rows before [`Sink::begin`], which [`Sink`]'s contract rules out.
fn not_begun() -> Error {
    Error::new(Kind::Internal, "rows were written before their columns")
}

#[cfg(test)]
mod tests;
