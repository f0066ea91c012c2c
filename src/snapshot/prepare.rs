//! Preparing: published files, unpacked and decoded, become inputs that can be read as text. What they hold is not looked at.

use std::path::Path;

use super::decode::{self, Text};
use super::fetch::Raw;
use super::records::Form;
use super::spool::Spool;
use super::stop::Stop;
use super::{Options, sheet, unpack};
use crate::descriptor::Distribution;
use crate::error::{Error, Kind, Result};

/// One file, ready to be read as text.
pub(super) struct Input<'a> {
    pub(super) raw: &'a Raw,
    pub(super) text: Text,
    pub(super) form: Form,
    pub(super) name: String,
}

/// Unpacks and decodes what needs it. Empty files among others are left out with a warning.
pub(super) fn prepare<'a>(
    raws: &'a [Raw],
    distribution: &Distribution,
    options: &Options,
    stop: &Stop,
    scratch: &Path,
    warnings: &mut Vec<String>,
) -> Result<Vec<Input<'a>>> {
    let mut inputs = Vec::with_capacity(raws.len());
    for (i, raw) in raws.iter().enumerate() {
        if raw.bytes > options.max_file_bytes {
            return Err(unpack::too_large(&raw.url, options.max_file_bytes));
        }
        let spooled = scratch.join(format!("spooled-{i}"));
        let spool = spool_of(&raw.path, raw, distribution, options, stop, &spooled, warnings)?;
        if let Some(spool) = spool {
            inputs.push(Input { raw, text: Text::of_spool(&spool), form: Form::Spooled(spool), name: raw.file_name() });
            continue;
        }
        let unpacked = scratch.join(format!("unpacked-{i}"));
        let plain = match unpack::unpack(&raw.path, &raw.url, &unpacked, options.max_file_bytes, stop)? {
            Some(()) => unpacked.as_path(),
            None => &raw.path,
        };
        if plain != raw.path
            && let Some(spool) = spool_of(plain, raw, distribution, options, stop, &spooled, warnings)?
        {
            inputs.push(Input { raw, text: Text::of_spool(&spool), form: Form::Spooled(spool), name: raw.file_name() });
            continue;
        }
        let decoded = scratch.join(format!("decoded-{i}"));
        let text = decode::decode(plain, &raw.url, distribution.encoding.as_deref(), &decoded, stop)?;
        if text.bytes == text.skip {
            if raws.len() == 1 {
                return Err(Error::new(Kind::SourceInvalid, format!("{} is empty", raw.url)));
            }
            warnings.push(format!("{} is empty and left out", raw.url));
            continue;
        }
        if text.guessed {
            let message = format!("{} declares no encoding and is not UTF-8: it is read as {}, a guess", raw.url, text.encoding);
            warnings.push(message);
        }
        if !text.bad.is_empty() {
            let places = if text.bad.len() == 1 { "place that is" } else { "places that are" };
            warnings.push(format!("{} holds {} {places} not {}", raw.url, text.bad.len(), text.encoding));
        }
        let form = Form::of(distribution, &text, &raw.url)?;
        inputs.push(Input { raw, text, form, name: raw.file_name() });
    }
    if inputs.is_empty() {
        let first = raws.first().map_or("", |r| r.url.as_str());
        return Err(Error::new(Kind::SourceInvalid, format!("{first} and all files beside it are empty")));
    }
    Ok(inputs)
}

/// The spool of a file that is no text, whatever it is called: a workbook.
fn spool_of(
    path: &Path,
    raw: &Raw,
    distribution: &Distribution,
    options: &Options,
    stop: &Stop,
    target: &Path,
    warnings: &mut Vec<String>,
) -> Result<Option<Spool>> {
    let Some(office) = sheet::office(path)? else { return Ok(None) };
    let source = sheet::Source { path, url: &raw.url, options, stop };
    sheet::spool(source, office, distribution, target, warnings).map(Some)
}
