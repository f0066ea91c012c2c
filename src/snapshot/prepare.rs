//! Preparing: published files, unpacked and decoded, become inputs that can be read as text. What they hold is not looked at.

use std::path::Path;

use super::decode::{self, Text};
use super::fetch::Raw;
use super::records::Form;
use super::stop::Stop;
use super::{Options, ReadAs, unpack};
use crate::descriptor::Distribution;
use crate::error::{Error, Kind, Result};

/// One file, ready to be read as text.
pub(super) struct Input<'a> {
    pub(super) raw: &'a Raw,
    pub(super) text: Text,
    pub(super) form: Form,
    pub(super) name: String,
}

impl Input<'_> {
    /// How the file is read.
    pub(super) fn read_as(&self) -> ReadAs {
        ReadAs {
            file: self.raw.url.clone(),
            encoding: self.text.encoding.to_ascii_lowercase(),
            guessed: self.text.guessed,
            dialect: self.form.dialect(),
        }
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
        let unpacked = scratch.join(format!("unpacked-{i}"));
        let plain = match unpack::unpack(&raw.path, &raw.url, &unpacked, options.max_file_bytes, stop)? {
            Some(()) => unpacked.as_path(),
            None => &raw.path,
        };
        let decoded = scratch.join(format!("decoded-{i}"));
        let text = decode::decode(plain, &raw.url, distribution.encoding.as_deref(), &decoded, stop, warnings)?;
        if text.bytes == text.skip {
            if raws.len() == 1 {
                return Err(Error::new(Kind::SourceInvalid, format!("{} is empty", raw.url)));
            }
            warnings.push(format!("{} is empty and left out", raw.url));
            continue;
        }
        let form = Form::of(distribution.format, distribution, &text, &raw.url, options, warnings)?;
        inputs.push(Input { raw, text, form, name: raw.file_name() });
    }
    if inputs.is_empty() {
        let first = raws.first().map_or("", |r| r.url.as_str());
        return Err(Error::new(Kind::SourceInvalid, format!("{first} and all files beside it are empty")));
    }
    Ok(inputs)
}
