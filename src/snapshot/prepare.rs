//! Preparing: published files, unpacked and decoded, become inputs that can be read. What they hold is not looked at.

use std::io::Read;
use std::path::Path;

use super::archive::{self, Guard, Plain};
use super::decode::{self, Text};
use super::fetch::Raw;
use super::nontext::Looker;
use super::partitions::{Partition, partitions};
use super::records::Form;
use super::spool::Spool;
use super::stop::Stop;
use super::{Options, ReadAs};
use crate::descriptor::{Compression, Distribution, Format};
use crate::error::{Error, Kind, Result};

/// Bytes that are looked at where a packed file is expected and none is there.
const HEAD: u64 = 512;

/// One file, ready to be read as text.
pub(super) struct Input {
    pub(super) text: Text,
    pub(super) form: Form,
    /// Where it was published: its URL, and behind a slash the member of an archive. What messages and rejects name.
    pub(super) label: String,
    /// What `_source_file` holds.
    pub(super) name: String,
    /// Which of the published files it is of.
    pub(super) source: usize,
    /// What the folders tell that it stands in.
    pub(super) partitions: Vec<Partition>,
}

impl Input {
    /// A file whose rows were taken out of it.
    fn of_rows(plain: Plain, spool: Spool, source: usize, partitions: Vec<Partition>) -> Self {
        let (text, form) = (Text::of_spool(&spool), Form::Spooled(spool));
        Self { text, form, label: plain.label, name: plain.name, source, partitions }
    }

    /// How the file is read.
    pub(super) fn read_as(&self) -> ReadAs {
        let encoding = match self.form {
            Form::Csv(_) | Form::Json(_) => Some(self.text.encoding.to_ascii_lowercase()),
            Form::Spooled(_) => None,
        };
        ReadAs { file: self.label.clone(), encoding, guessed: self.text.guessed, dialect: self.form.dialect() }
    }
}

/// Unpacks and decodes what needs it. Empty files among others are left out with a warning. `warnings` has a place for each of `raws`.
pub(super) fn prepare(
    raws: &[&Raw],
    distribution: &Distribution,
    options: &Options,
    stop: &Stop,
    scratch: &Path,
    warnings: &mut [Vec<String>],
) -> Result<Vec<Input>> {
    let mut plains = Vec::with_capacity(raws.len());
    let mut sources = Vec::with_capacity(raws.len());
    for (i, raw) in raws.iter().enumerate() {
        if raw.bytes > options.max_file_bytes {
            return Err(archive::too_large(&raw.url, options.max_file_bytes));
        }
        let guard = Guard::new(&raw.url, raw.bytes, i, options, stop, scratch);
        let wanted = distribution.member.as_deref();
        let mut opened = archive::open(&raw.path, &raw.url, &raw.file_name(), wanted, &guard, &mut warnings[i])?;
        if let ([plain], Some(packing)) = (opened.as_slice(), distribution.compression)
            && plain.path == raw.path
            && !plain.is_certain
        {
            check_is_served_plain(plain, packing)?;
        }
        plains.append(&mut opened);
        sources.resize(plains.len(), i);
    }
    let several = plains.len() > 1;
    let mut inputs = Vec::with_capacity(plains.len());
    for (i, (plain, source)) in plains.into_iter().zip(sources).enumerate() {
        let (label, warnings) = (&plain.label, &mut warnings[source]);
        let partitions = partitions(&raws[source].url, &plain.name);
        let looker = Looker { label, distribution, options, stop, target: scratch.join(format!("spooled-{i}")) };
        if let Some(spool) = looker.file(&plain, warnings)? {
            inputs.push(Input::of_rows(plain, spool, source, partitions));
            continue;
        }
        check_is_text(&plain, distribution)?;
        let decoded = scratch.join(format!("decoded-{i}"));
        let text = decode::decode(&plain.path, label, distribution.encoding.as_deref(), &decoded, stop, warnings)?;
        if text.bytes == text.skip {
            if !several {
                return Err(Error::new(Kind::SourceInvalid, format!("{label} is empty")));
            }
            warnings.push(format!("{label} is empty and left out"));
            continue;
        }
        if let Some(spool) = looker.text(&text, warnings)? {
            inputs.push(Input::of_rows(plain, spool, source, partitions));
            continue;
        }
        let form = Form::of(format(&plain, distribution), distribution, &text, label, options, stop, warnings)?;
        inputs.push(Input { text, form, label: plain.label, name: plain.name, source, partitions });
    }
    if inputs.is_empty() {
        let first = raws.first().map_or("", |r| r.url.as_str());
        return Err(Error::new(Kind::SourceInvalid, format!("{first} and all files beside it are empty")));
    }
    Ok(inputs)
}

/// An error when a file that is said to be packed is something else that is no data, such as the page of a portal in place of its
/// download. Text in place of packed text is taken: servers unpack on the way.
fn check_is_served_plain(plain: &Plain, packing: Compression) -> Result<()> {
    let mut head = Vec::new();
    std::fs::File::open(&plain.path)?.take(HEAD).read_to_end(&mut head)?;
    let is_page = head.trim_ascii_start().first() == Some(&b'<');
    let is_text = !head.contains(&0) && std::str::from_utf8(&head).map_or_else(|e| e.error_len().is_none(), |_| true);
    let what = match packing {
        Compression::Zip => "a zip archive",
        Compression::Tar => "a tar archive",
        Compression::Gzip | Compression::Zstd | Compression::Bzip2 | Compression::Xz if is_text && !is_page => return Ok(()),
        Compression::Gzip => "packed by gzip",
        Compression::Zstd => "packed by zstd",
        Compression::Bzip2 => "packed by bzip2",
        Compression::Xz => "packed by xz",
    };
    let hint = if is_page {
        "It looks like a web page: see whether the address still leads to the file."
    } else {
        "Correct the descriptor."
    };
    let start = head.get(..40).unwrap_or(&head).escape_ascii();
    Err(Error::new(Kind::SourceInvalid, format!("{} is said to be {what} and is not", plain.label))
        .with_detail(format!("It starts with \"{start}\"."))
        .with_hint(hint))
}

/// The format of a file: as its bytes tell beyond doubt, else as declared, else as its name within an archive tells; `None` leaves it to
/// its text.
fn format(plain: &Plain, distribution: &Distribution) -> Option<Format> {
    if plain.is_certain { plain.format } else { distribution.format.or(plain.format) }
}

/// An error for the formats that are not text.
fn check_is_text(plain: &Plain, distribution: &Distribution) -> Result<()> {
    let (what, hint) = match format(plain, distribution) {
        None | Some(Format::Csv | Format::Json | Format::NdJson | Format::GeoJson | Format::Kml) => return Ok(()),
        // A text under a workbook's name, as portals export them.
        Some(Format::Workbook) if !plain.is_certain => return Ok(()),
        Some(Format::Parquet) => ("a Parquet file", "Declare its \"format\" as \"parquet\"."),
        Some(Format::Arrow) => ("an Arrow file", "Declare its \"format\" as \"arrow\"."),
        Some(Format::Avro) => ("an Avro file", "Declare its \"format\" as \"avro\"."),
        Some(Format::Orc) => ("an ORC file", "Declare its \"format\" as \"orc\"."),
        Some(Format::Workbook) => ("a workbook", "Publish its sheet as CSV."),
        Some(Format::Shapefile) => ("declared to be a Shapefile", "Publish its parts in a zip archive, or as GeoJSON."),
    };
    Err(Error::new(Kind::SourceInvalid, format!("{} is {what}, which is not read as text", plain.label)).with_hint(hint))
}
