//! Records: which form a table's files are in, and the one way to read any of them as batches of cells.

use std::io::Read;
use std::sync::Arc;

use super::cells::Cells;
use super::columns::too_many_columns;
use super::decode::Text;
use super::spool::{self, Spool};
use super::stop::Stop;
use super::{Options, csv, json};
use crate::descriptor::datapackage::to_dialect;
use crate::descriptor::{Distribution, Format};
use crate::error::{Error, Kind, Result};

/// Bytes of a text that are looked at to see what it is.
const LOOK: u64 = 1 << 16;

/// The form that text is read in.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    Csv(Box<csv::Layout>),
    Json(json::Shape),
    /// Rows that were taken out of a workbook, a shapefile or KML.
    Spooled(Spool),
}

impl Form {
    /// The form of one file of this format, where its bytes do not tell beyond doubt that it is another; where it has none, as its first
    /// character tells. What the user should know of how it is read goes to `warnings`.
    pub(super) fn of(
        format: Option<Format>,
        distribution: &Distribution,
        text: &Text,
        url: &str,
        options: &Options,
        stop: &Stop,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let Distribution { dialect, schema, .. } = distribution;
        let csv = |warnings: &mut Vec<String>| {
            let declared: Vec<String> = schema.columns.iter().map(|c| c.name.clone()).collect();
            csv::Layout::of(text, url, dialect, &declared, options.max_field_bytes, stop, warnings)
                .map(|l| Self::Csv(Box::new(l)))
        };
        let json = |warnings: &mut Vec<String>| json::Shape::of(text, url, distribution, options.max_field_bytes, stop, warnings);
        let mut head = Vec::new();
        text.open(url, 0)?.take(LOOK).read_to_end(&mut head)?;
        let start = json::Start::of(&head, text.bytes - text.skip <= LOOK);
        let other = |said: Format, is: Format| {
            let (said, is) = (said.name(), is.name());
            format!("{url}: it is said to be {said} and is {is}, and is read as that; declare \"format\": \"{is}\"")
        };
        match format {
            Some(Format::Csv) if start.is_json() => {
                warnings.push(other(Format::Csv, Format::Json));
                let shape = json(warnings)?;
                // A server's message, mostly.
                if shape.is_one() { Err(csv::object(&head, url)) } else { Ok(Self::Json(shape)) }
            }
            Some(Format::Csv) => csv(warnings),
            Some(said @ (Format::NdJson | Format::Json | Format::GeoJson)) if start.is_delimited() => {
                warnings.push(other(said, Format::Csv));
                csv(warnings)
            }
            Some(Format::NdJson) if start.is_over_lines() => {
                warnings.push(other(Format::NdJson, Format::Json));
                json(warnings).map(Self::Json)
            }
            Some(Format::NdJson) => Ok(Self::Json(json::Shape::lines(distribution))),
            Some(Format::Json) => json(warnings).map(Self::Json),
            Some(Format::GeoJson) => Ok(Self::Json(json(warnings)?.of_features())),
            Some(other @ (Format::Parquet | Format::Arrow | Format::Avro | Format::Orc)) => {
                Err(Error::new(Kind::Internal, format!("{} is not read as text", other.name())))
            }
            // A workbook is told by its bytes before it comes here: this is a text under a workbook's name, as portals export them.
            Some(Format::Workbook | Format::Shapefile | Format::Kml) | None => match head.trim_ascii_start().first() {
                // A record separator begins each text of a sequence (RFC 7464).
                Some(b'{' | b'[' | 0x1e) => json(warnings).map(Self::Json),
                Some(b'<') if format == Some(Format::Workbook) => match marked_up(&head) {
                    Some(what) => Err(no_workbook(url, what)),
                    None => csv(warnings),
                },
                Some(_) | None => csv(warnings),
            },
        }
    }

    /// The dialect that delimited text is written in, as a descriptor declares it.
    pub(super) fn dialect(&self) -> Option<serde_json::Value> {
        match self {
            Self::Csv(layout) => Some(to_dialect(layout.dialect())),
            Self::Json(_) | Self::Spooled(_) => None,
        }
    }

    /// How many columns delimited text has.
    pub(super) fn width(&self) -> Option<usize> {
        match self {
            Self::Csv(layout) => Some(layout.width()),
            Self::Json(_) | Self::Spooled(_) => None,
        }
    }

    /// Gives delimited text the columns that its rows turned out to have. What the user should know goes to `warnings`.
    pub(super) fn widen(&mut self, wider: &csv::Wider, url: &str, warnings: &mut Vec<String>) {
        match self {
            Self::Csv(layout) => layout.widen(wider, url, warnings),
            Self::Json(_) | Self::Spooled(_) => {}
        }
    }

    /// Whether the form says of each value what it is.
    pub(super) fn is_typed(&self) -> bool {
        match self {
            Self::Csv(_) => false,
            Self::Json(_) | Self::Spooled(_) => true,
        }
    }

    /// The coordinate reference system of the file's geometries, in well-known text, where the file tells one.
    pub(super) fn crs(&self) -> Option<&str> {
        match self {
            Self::Spooled(spool) => spool.crs.as_deref(),
            Self::Json(shape) => shape.crs.as_deref(),
            Self::Csv(_) => None,
        }
    }
}

/// What a text of markup is that holds a table: a page, or the XML that Excel 2003 wrote. `None` for another, which may be a server's message.
fn marked_up(head: &[u8]) -> Option<&'static str> {
    let head = head.to_ascii_lowercase();
    let has = |mark: &[u8]| memchr::memmem::find(&head, mark).is_some();
    if has(b"urn:schemas-microsoft-com:office:spreadsheet") {
        Some("a table in the XML of Excel 2003")
    } else {
        has(b"<table").then_some("a table in HTML")
    }
}

/// The error for markup under a workbook's name.
fn no_workbook(url: &str, what: &str) -> Error {
    let message = format!("{url} is no workbook but {what}, which spreadsheet programs open all the same");
    Error::new(Kind::SourceInvalid, message)
        .with_hint("Open it in a spreadsheet program, save it as xlsx or CSV, and publish that.")
}

/// Reads one file.
pub(super) enum Reader<'a> {
    Csv(csv::Reader<'a>),
    Json(Box<json::Reader<'a>>),
    Spooled(spool::Reader<'a>),
}

impl<'a> Reader<'a> {
    /// Opens the file. [`Kind::SourceInvalid`] when the file has more columns than `options` allow; no cell of such a file is held.
    pub(super) fn open(form: &'a Form, text: &'a Text, url: &'a str, index: usize, options: &Options) -> Result<Self> {
        let (max_field, max_columns) = (options.max_field_bytes, options.max_columns);
        let reader = match form {
            Form::Csv(layout) => Self::Csv(csv::Reader::open(text, url, index, layout, max_field)?),
            Form::Json(shape) => Self::Json(Box::new(json::Reader::open(shape, text, url, index, max_field, max_columns)?)),
            Form::Spooled(spool) => Self::Spooled(spool::Reader::open(spool, url, index)?),
        };
        if reader.names().len() > max_columns {
            return Err(too_many_columns(url, max_columns));
        }
        if let Some(name) = reader.names().iter().find(|name| name.len() > max_field) {
            let start: String = name.chars().take(40).collect();
            let message = format!("{url}: the column \"{start}...\" has a name of more than {max_field} bytes");
            return Err(Error::new(Kind::SourceInvalid, message)
                .with_hint("Declare that the file has no header, or raise the limit with --max-field-size."));
        }
        Ok(reader)
    }

    /// The columns known so far.
    pub(super) fn names(&self) -> &Arc<Vec<String>> {
        match self {
            Self::Csv(r) => r.names(),
            Self::Json(r) => r.names(),
            Self::Spooled(r) => r.names(),
        }
    }

    /// The published names, of those columns that are called otherwise.
    pub(super) fn originals(&self) -> &[Option<String>] {
        match self {
            Self::Csv(r) => r.originals(),
            Self::Json(_) => &[],
            Self::Spooled(r) => r.originals(),
        }
    }

    /// How many of the records read so far have another width than the columns, where the format has widths.
    pub(super) fn into_widths(self) -> Option<csv::Widths> {
        match self {
            Self::Csv(r) => Some(r.into_widths()),
            Self::Json(_) | Self::Spooled(_) => None,
        }
    }

    /// The next batch; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Cells>> {
        match self {
            Self::Csv(r) => r.next(),
            Self::Json(r) => r.next(),
            Self::Spooled(r) => r.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_that_holds_a_table() {
        for (head, want) in [
            (&b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'><body>\n<TABLE border=1>"[..], Some("a table in HTML")),
            (
                b"<?xml version='1.0'?>\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
                Some("a table in the XML of Excel 2003"),
            ),
            (b"<!DOCTYPE html><title>404</title>", None),
            (b"<?xml version='1.0'?><Error/>", None),
        ] {
            assert_eq!(marked_up(head), want, "{}", head.escape_ascii());
        }
    }
}
