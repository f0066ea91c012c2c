//! Preparing: published files, unpacked and decoded, become inputs that can be read. What they hold is not looked at.

use std::path::Path;

use super::Options;
use super::archive::{self, Guard, Plain};
use super::decode::{self, Text};
use super::fetch::Raw;
use super::records::Form;
use super::stop::Stop;
use crate::descriptor::{Distribution, Format};
use crate::error::{Error, Kind, Result};

/// One file, ready to be read as text.
pub(super) struct Input {
    pub(super) text: Text,
    pub(super) form: Form,
    /// Where it was published: its URL, and behind a slash the member of an archive. What messages and rejects name.
    pub(super) label: String,
    /// What `_source_file` holds.
    pub(super) name: String,
}

/// Unpacks and decodes what needs it. Empty files among others are left out with a warning.
pub(super) fn prepare(
    raws: &[Raw],
    distribution: &Distribution,
    options: &Options,
    stop: &Stop,
    scratch: &Path,
    warnings: &mut Vec<String>,
) -> Result<Vec<Input>> {
    let mut plains = Vec::with_capacity(raws.len());
    for (i, raw) in raws.iter().enumerate() {
        if raw.bytes > options.max_file_bytes {
            return Err(archive::too_large(&raw.url, options.max_file_bytes));
        }
        let guard = Guard::new(&raw.url, raw.bytes, i, options, stop, scratch);
        let wanted = distribution.member.as_deref();
        plains.append(&mut archive::open(&raw.path, &raw.url, &raw.file_name(), wanted, &guard, warnings)?);
    }
    let several = plains.len() > 1;
    let mut inputs = Vec::with_capacity(plains.len());
    for (i, plain) in plains.into_iter().enumerate() {
        let label = &plain.label;
        check_is_text(&plain, distribution)?;
        let decoded = scratch.join(format!("decoded-{i}"));
        let text = decode::decode(&plain.path, label, distribution.encoding.as_deref(), &decoded, stop)?;
        if text.bytes == text.skip {
            if !several {
                return Err(Error::new(Kind::SourceInvalid, format!("{label} is empty")));
            }
            warnings.push(format!("{label} is empty and left out"));
            continue;
        }
        if text.guessed {
            let message = format!("{label} declares no encoding and is not UTF-8: it is read as {}, a guess", text.encoding);
            warnings.push(message);
        }
        if !text.bad.is_empty() {
            let places = if text.bad.len() == 1 { "place that is" } else { "places that are" };
            warnings.push(format!("{label} holds {} {places} not {}", text.bad.len(), text.encoding));
        }
        let form = Form::of(format(&plain, distribution), distribution.dialect.property.as_deref(), &text, label)?;
        inputs.push(Input { text, form, label: plain.label, name: plain.name });
    }
    if inputs.is_empty() {
        let first = raws.first().map_or("", |r| r.url.as_str());
        return Err(Error::new(Kind::SourceInvalid, format!("{first} and all files beside it are empty")));
    }
    Ok(inputs)
}

/// The format of a file: as its bytes tell beyond doubt, else as declared, else as its name within an archive tells; `None` leaves it to
/// its text.
fn format(plain: &Plain, distribution: &Distribution) -> Option<Format> {
    if plain.is_certain { plain.format } else { distribution.format.or(plain.format) }
}

/// An error for the formats that are not text.
fn check_is_text(plain: &Plain, distribution: &Distribution) -> Result<()> {
    let (what, hint) = match format(plain, distribution) {
        None | Some(Format::Csv | Format::Json | Format::NdJson | Format::GeoJson) => return Ok(()),
        // A text under a workbook's name, as portals export them.
        Some(Format::Workbook) if !plain.is_certain => return Ok(()),
        Some(Format::Parquet) => ("a Parquet file", "Declare its format as parquet, and publish it unpacked."),
        Some(Format::Arrow) => ("an Arrow file", "Declare its format as arrow, and publish it unpacked."),
        Some(Format::Avro) => ("an Avro file", "Publish it as Parquet or CSV."),
        Some(Format::Orc) => ("an ORC file", "Publish it as Parquet or CSV."),
        Some(Format::Workbook) => ("a workbook", "Publish its sheet as CSV."),
        Some(Format::Shapefile) => ("a Shapefile", "Publish it as GeoJSON."),
        Some(Format::Kml) => ("a KML file", "Publish it as GeoJSON."),
    };
    Err(Error::new(Kind::SourceInvalid, format!("{} is {what}, which is not read as text", plain.label)).with_hint(hint))
}
