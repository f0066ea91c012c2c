//! Preparing: published files, unpacked and decoded, become inputs that can be read as text. What they hold is not looked at.

use std::path::Path;

use super::decode::{self, Text};
use super::fetch::Raw;
use super::nontext::{Found, Looker};
use super::records::Form;
use super::spool::Spool;
use super::stop::Stop;
use super::{Options, unpack};
use crate::descriptor::Distribution;
use crate::error::{Error, Kind, Result};

/// One file, ready to be read as text.
pub(super) struct Input<'a> {
    pub(super) raw: &'a Raw,
    pub(super) text: Text,
    pub(super) form: Form,
    pub(super) name: String,
}

impl<'a> Input<'a> {
    /// A file whose rows were taken out of it.
    fn of_rows(raw: &'a Raw, spool: Spool) -> Self {
        Self { raw, text: Text::of_spool(&spool), form: Form::Spooled(spool), name: raw.file_name() }
    }
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
        let looker = Looker { label: &raw.url, distribution, options, stop, target: scratch.join(format!("spooled-{i}")) };
        let mut plain = raw.path.clone();
        let mut found = looker.file(&plain, warnings)?;
        if matches!(found, Found::Other) {
            let unpacked = scratch.join(format!("unpacked-{i}"));
            if unpack::unpack(&plain, &raw.url, &unpacked, options.max_file_bytes, stop)?.is_some() {
                found = looker.file(&unpacked, warnings)?;
                plain = unpacked;
            }
        }
        match found {
            Found::Rows(spool) => {
                inputs.push(Input::of_rows(raw, spool));
                continue;
            }
            Found::Inner(inner) => plain = inner,
            Found::Other => {}
        }
        let decoded = scratch.join(format!("decoded-{i}"));
        let text = decode::decode(&plain, &raw.url, distribution.encoding.as_deref(), &decoded, stop)?;
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
        if let Some(spool) = looker.text(&text)? {
            inputs.push(Input::of_rows(raw, spool));
            continue;
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
