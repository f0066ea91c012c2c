//! Records: which form a table's files are in, and the one way to read any of them as batches of cells.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use super::cells::Cells;
use super::columns::too_many_columns;
use super::decode::Text;
use super::{Options, csv, json};
use crate::descriptor::datapackage::to_dialect;
use crate::descriptor::{Distribution, Format};
use crate::error::{Error, Kind, Result};

/// The form that text is read in.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    Csv(Box<csv::Layout>),
    Json(json::Shape),
}

impl Form {
    /// The form of one file of this format; where it has none, as its first character tells. What the user should know of how it is
    /// read goes to `warnings`.
    pub(super) fn of(
        format: Option<Format>,
        distribution: &Distribution,
        text: &Text,
        url: &str,
        options: &Options,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let Distribution { dialect, schema, .. } = distribution;
        let property = dialect.property.as_deref();
        let mut csv = || {
            let declared: Vec<String> = schema.columns.iter().map(|c| c.name.clone()).collect();
            csv::Layout::of(text, url, dialect, &declared, options.max_field_bytes, warnings).map(|l| Self::Csv(Box::new(l)))
        };
        match format {
            Some(Format::Csv) => csv(),
            Some(Format::NdJson) => Ok(Self::Json(json::Shape::lines())),
            Some(Format::Json) => json::Shape::of(text, url, property).map(Self::Json),
            Some(Format::GeoJson) => Ok(Self::Json(json::Shape::of(text, url, property)?.of_features())),
            Some(other @ (Format::Parquet | Format::Arrow | Format::Avro | Format::Orc)) => {
                Err(Error::new(Kind::Internal, format!("{} is not read as text", other.name())))
            }
            Some(other @ (Format::Workbook | Format::Shapefile | Format::Kml)) => {
                Err(Error::new(Kind::Internal, format!("{} is not read as text", other.name())))
            }
            None => {
                let mut head = Vec::new();
                let mut file = File::open(&text.path)?;
                file.seek(SeekFrom::Start(text.skip))?;
                file.take(4096).read_to_end(&mut head)?;
                match head.trim_ascii_start().first() {
                    Some(b'{' | b'[') => json::Shape::of(text, url, property).map(Self::Json),
                    Some(_) | None => csv(),
                }
            }
        }
    }

    /// The dialect that delimited text is written in, as a descriptor declares it.
    pub(super) fn dialect(&self) -> Option<serde_json::Value> {
        match self {
            Self::Csv(layout) => Some(to_dialect(layout.dialect())),
            Self::Json(_) => None,
        }
    }

    /// Whether the form says of each value what it is.
    pub(super) fn is_typed(&self) -> bool {
        match self {
            Self::Csv(_) => false,
            Self::Json(_) => true,
        }
    }
}

/// Reads one file.
pub(super) enum Reader<'a> {
    Csv(csv::Reader<'a>),
    Json(json::Reader<'a>),
}

impl<'a> Reader<'a> {
    /// Opens the file. [`Kind::SourceInvalid`] when the file has more columns than `options` allow; no cell of such a file is held.
    pub(super) fn open(form: &'a Form, text: &'a Text, url: &'a str, index: usize, options: &Options) -> Result<Self> {
        let (max_field, max_columns) = (options.max_field_bytes, options.max_columns);
        let reader = match form {
            Form::Csv(layout) => Self::Csv(csv::Reader::open(text, url, index, layout, max_field)?),
            Form::Json(shape) => Self::Json(json::Reader::open(shape, text, url, index, max_field, max_columns)?),
        };
        if reader.names().len() > max_columns { Err(too_many_columns(url, max_columns)) } else { Ok(reader) }
    }

    /// The columns known so far.
    pub(super) fn names(&self) -> &Arc<Vec<String>> {
        match self {
            Self::Csv(r) => r.names(),
            Self::Json(r) => r.names(),
        }
    }

    /// The published names, of those columns that are called otherwise.
    pub(super) fn originals(&self) -> &[Option<String>] {
        match self {
            Self::Csv(r) => r.originals(),
            Self::Json(_) => &[],
        }
    }

    /// The next batch; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Cells>> {
        match self {
            Self::Csv(r) => r.next(),
            Self::Json(r) => r.next(),
        }
    }
}
