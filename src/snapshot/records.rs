//! Records: which format a table's files are in, and the one way to read any of them as batches of cells.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use super::cells::Cells;
use super::csv;
use super::decode::Text;
use crate::descriptor::{Dialect, Distribution, Format};
use crate::error::{Error, Kind, Result};

/// The form that text is read in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Csv,
}

impl Form {
    /// As declared; else as the first file's first character tells.
    pub(super) fn of(distribution: &Distribution, text: &Text) -> Result<Self> {
        match distribution.format {
            Some(Format::Csv) => Ok(Self::Csv),
            Some(Format::Json | Format::NdJson | Format::GeoJson) => Err(Error::new(Kind::Unsupported, "JSON is not read yet")),
            Some(Format::Parquet | Format::Arrow) => Err(Error::new(Kind::Internal, "Parquet and Arrow are not read as text")),
            None => {
                let mut head = [0; 64];
                let mut file = File::open(&text.path)?;
                file.seek(SeekFrom::Start(text.skip))?;
                let _ = file.read(&mut head)?;
                Ok(Self::Csv)
            }
        }
    }

    /// Whether the format says of each value what it is.
    pub(super) fn is_typed(&self) -> bool {
        match self {
            Self::Csv => false,
        }
    }
}

/// Reads one file.
pub(super) enum Reader<'a> {
    Csv(csv::Reader<'a>),
}

impl<'a> Reader<'a> {
    /// Opens the file. `declared` names the columns of delimited text without a header; a field is at most `max_field` bytes.
    pub(super) fn open(
        form: &Form,
        text: &'a Text,
        url: &'a str,
        index: usize,
        dialect: &Dialect,
        declared: &[String],
        max_field: usize,
    ) -> Result<Self> {
        match form {
            Form::Csv => csv::Reader::open(text, url, index, dialect, declared, max_field).map(Self::Csv),
        }
    }

    /// The columns known when the file was opened.
    pub(super) fn names(&self) -> &Arc<Vec<String>> {
        match self {
            Self::Csv(r) => r.names(),
        }
    }

    /// The published names, of those columns that are called otherwise.
    pub(super) fn originals(&self) -> &[Option<String>] {
        match self {
            Self::Csv(r) => r.originals(),
        }
    }

    /// The next batch; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Cells>> {
        match self {
            Self::Csv(r) => r.next(),
        }
    }
}
