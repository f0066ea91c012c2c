//! Guards: which kind of workbook a file is, by its bytes, and whether it may be handed to its reader, which believes what a workbook
//! says of its own size and holds shared texts and the cells of some kinds in memory. `biff` does the same for xls.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use zip::ZipArchive;

use super::book::Region;
use super::{Source, biff};
use crate::error::{Error, Kind, Result};
use crate::snapshot::tags::{Tag, Tags};

/// The largest part of a package that its reader holds in memory (shared texts, styles), in bytes.
const MAX_HELD: u64 = 512 << 20;

/// What is unpacked below this size is no bomb, however small it was packed.
const RATIO_FREE: u64 = 64 << 20;

/// The most cells of a workbook whose reader holds them all, blank ones between them included.
pub(super) const MAX_HELD_CELLS: u64 = 1 << 23;

/// What such a reader holds for a blank cell and its formula, in bytes.
const CELL_BYTES: u64 = 56;

/// As sheets have them (ECMA-376 part 1, 18.3.1.73; LibreOffice).
pub(super) const MAX_ROWS: u32 = 1 << 20;
pub(super) const MAX_COLUMNS: u32 = 1 << 14;

/// Runs of blanks in OpenDocument's texts are counted, not written.
const MAX_BLANKS: u64 = 1 << 16;

/// What the `mimetype` of an OpenDocument file starts with, and that of its spreadsheets.
const OPEN_DOCUMENT: &[u8] = b"application/vnd.oasis.opendocument.";
const SPREADSHEET: &[u8] = b"application/vnd.oasis.opendocument.spreadsheet";

/// The kinds of workbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::snapshot) enum Office {
    /// Office Open XML: xlsx, xlsm.
    Xlsx,
    Xlsb,
    /// BIFF in a compound file; an encrypted workbook of any kind is one too.
    Xls,
    Ods,
}

/// What a zip archive as a whole is a file of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::snapshot) enum Document {
    Workbook(Office),
    /// Another office document: what it is.
    Other(&'static str),
}

/// Whether the archive of these files is one document, of Office Open XML (ECMA-376 part 2) or OpenDocument (part 3, 3.3), whose names
/// are in either case. `mimetype` reads the start of the file of that name.
pub(in crate::snapshot) fn document<'a>(
    names: impl Iterator<Item = &'a str>,
    mimetype: impl FnOnce() -> Result<Vec<u8>>,
) -> Result<Option<Document>> {
    let parts: Vec<String> = names.map(str::to_ascii_lowercase).collect();
    let has = |name: &str| parts.iter().any(|p| p == name);
    let ends = |name: &str| parts.iter().any(|p| p.rsplit('/').next() == Some(name));
    let starts = |folder: &str| parts.iter().any(|p| p.starts_with(folder));
    if has("[content_types].xml") {
        return Ok(Some(if ends("workbook.xml") {
            Document::Workbook(Office::Xlsx)
        } else if ends("workbook.bin") {
            Document::Workbook(Office::Xlsb)
        } else if starts("word/") {
            Document::Other("a text document")
        } else if starts("ppt/") {
            Document::Other("a presentation")
        } else {
            Document::Other("an office document")
        }));
    }
    if !has("mimetype") {
        return Ok(None);
    }
    let start = mimetype()?;
    Ok(if start.starts_with(SPREADSHEET) && has("content.xml") {
        Some(Document::Workbook(Office::Ods))
    } else if start.starts_with(OPEN_DOCUMENT) {
        Some(Document::Other("an office document"))
    } else {
        None
    })
}

/// Which kind of workbook a file is; `None` when it is none. The file's name does not matter.
pub(in crate::snapshot) fn office(path: &Path) -> Result<Option<Office>> {
    let mut head = [0; 8];
    let mut file = File::open(path)?;
    let mut len = 0;
    while len < head.len() {
        match file.read(&mut head[len..])? {
            0 => break,
            n => len += n,
        }
    }
    if head == [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1] {
        return Ok(Some(Office::Xls));
    }
    if !head.starts_with(b"PK\x03\x04") {
        return Ok(None);
    }
    // An archive that can't be listed is told by those who unpack it.
    let Ok(mut archive) = ZipArchive::new(BufReader::new(File::open(path)?)) else { return Ok(None) };
    let mut parts: Vec<String> = Vec::new();
    for i in 0..archive.len() {
        let name = archive.by_index_raw(i).ok().and_then(|part| part.name().ok().map(|n| n.into_owned()));
        parts.push(name.unwrap_or_default());
    }
    let mimetype = || {
        let mut start = Vec::new();
        if let Some(Ok(part)) = parts.iter().position(|p| p.eq_ignore_ascii_case("mimetype")).map(|i| archive.by_index(i)) {
            part.take(100).read_to_end(&mut start)?;
        }
        Ok(start)
    };
    Ok(match document(parts.iter().map(String::as_str), mimetype)? {
        Some(Document::Workbook(office)) => Some(office),
        // Those who unpack it say what it is.
        Some(Document::Other(_)) | None => None,
    })
}

/// What a guard saw beside: the merged cells of each of an ods file's sheets, by the sheet's name. Empty for the other kinds.
pub(super) type Seen = Vec<(String, Vec<Region>)>;

/// Passes a workbook that its reader can be trusted with.
pub(super) fn check(source: Source<'_>, office: Office) -> Result<Seen> {
    match office {
        Office::Xls => biff::check(source.path, source.url).map(|()| Vec::new()),
        Office::Xlsx | Office::Xlsb => package(source).map(|()| Vec::new()),
        Office::Ods => {
            package(source)?;
            let mut archive = open(source)?;
            let content = archive.by_name("content.xml").map_err(|e| damaged(source.url, &e))?;
            spread(BufReader::with_capacity(1 << 16, content), source)
        }
    }
}

fn open(source: Source<'_>) -> Result<ZipArchive<BufReader<File>>> {
    ZipArchive::new(BufReader::new(File::open(source.path)?)).map_err(|e| damaged(source.url, &e))
}

fn damaged(url: &str, e: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::SourceInvalid, format!("{url} can't be unpacked: {e}"))
}

/// Unpacks every part to nowhere: their sizes as they are, not as they are said to be.
fn package(source: Source<'_>) -> Result<()> {
    let Source { url, options, stop, .. } = source;
    let packed = std::fs::metadata(source.path)?.len();
    let mut archive = open(source)?;
    let mut all = 0_u64;
    let mut buffer = vec![0; 1 << 18];
    for i in 0..archive.len() {
        let mut part = archive.by_index(i).map_err(|e| damaged(url, &e))?;
        let name = part.name().map_err(|e| damaged(url, &e))?.to_ascii_lowercase();
        let is_streamed = name.contains("worksheets/") || name == "content.xml";
        let mut bytes = 0_u64;
        loop {
            stop.check()?;
            let n = part.read(&mut buffer).map_err(|e| damaged(url, &e))?;
            if n == 0 {
                break;
            }
            bytes += n as u64;
            all += n as u64;
            if all > options.max_file_bytes {
                let message = format!("{url} unpacks to more than {} bytes", options.max_file_bytes);
                return Err(Error::new(Kind::SourceInvalid, message).with_hint("Raise the limit with --max-file-size."));
            }
            if all > RATIO_FREE && all / packed.max(1) > options.max_ratio {
                let message = format!("{url} unpacks to more than {} times its size and is taken for a bomb", options.max_ratio);
                return Err(
                    Error::new(Kind::SourceInvalid, message).with_hint("When it is none, raise the limit with --max-ratio.")
                );
            }
            if bytes > MAX_HELD && !is_streamed {
                return Err(Error::new(Kind::SourceInvalid, format!("{url}: {name} in it is larger than {MAX_HELD} bytes"))
                    .with_hint("Publish the sheet as CSV."));
            }
        }
        drop(part);
        if name.ends_with("sharedstrings.xml") {
            let texts = archive.by_index(i).map_err(|e| damaged(url, &e))?;
            let claimed = claimed_texts(BufReader::with_capacity(1 << 16, texts), url)?;
            // An empty text takes five bytes: `<si/>`.
            if claimed > bytes / 5 {
                let message = format!("{url} says that it has {claimed} shared texts, in {bytes} bytes");
                return Err(Error::new(Kind::SourceInvalid, message).with_hint("Open the workbook and save it anew."));
            }
        }
    }
    Ok(())
}

/// What the root element of the shared texts says of their number, wherever it stands: their reader makes room for as many.
fn claimed_texts(texts: impl BufRead, url: &str) -> Result<u64> {
    let mut tags = Tags::new(texts, url);
    while let Some(tag) = tags.next()? {
        if tag.local_name() == b"sst" {
            return Ok(tag.attribute("uniqueCount").and_then(|count| count.trim().parse().ok()).unwrap_or(0));
        }
    }
    Ok(0)
}

/// Adds up what the reader of an ods file would hold: cells and rows there are written once and counted.
fn spread(content: impl BufRead, source: Source<'_>) -> Result<Seen> {
    let url = source.url;
    let mut tags = Tags::new(content, url);
    let mut seen = Seen::new();
    let mut sheet = Sheet::default();
    let mut before = 0_u64;
    loop {
        source.stop.check()?;
        let Some(tag) = tags.next()? else { break };
        let is_cell = matches!(tag.name(), b"table:table-cell" | b"table:covered-table-cell");
        let (closing, empty) = (tag.closing, tag.empty);
        if is_cell && !closing {
            let filled = ["office:value-type", "office:value", "office:string-value", "table:formula", "calcext:value-type"];
            let is_filled = filled.iter().any(|name| tag.attribute(name).is_some());
            let (rows, columns) = (count(&tag, "table:number-rows-spanned"), count(&tag, "table:number-columns-spanned"));
            if let (Some((_, regions)), true) = (seen.last_mut(), is_filled && (rows > 1 || columns > 1)) {
                regions.extend(sheet.region(rows, columns));
            }
            sheet.times = count(&tag, "table:number-columns-repeated").min(u64::from(MAX_COLUMNS));
            sheet.is_filled = is_filled;
            sheet.spaces = 0;
        } else if tag.name() == b"table:table" && !closing {
            before += sheet.bytes();
            sheet = Sheet::default();
            seen.push((tag.attribute("table:name").unwrap_or_default().to_owned(), Vec::new()));
        } else if tag.name() == b"table:table-row" {
            if !closing {
                sheet.repeated = count(&tag, "table:number-rows-repeated").min(u64::from(MAX_ROWS));
            }
            if closing || empty {
                sheet.end_row();
            }
        } else if tag.name() == b"text:s" && !closing {
            let blanks = count(&tag, "text:c");
            if blanks > MAX_BLANKS {
                let message = format!("{url} has a cell with more than {MAX_BLANKS} blanks in a row");
                return Err(Error::new(Kind::SourceInvalid, message).with_hint("Open the workbook and take them out."));
            }
            sheet.spaces += blanks;
        }
        let offset = tags.offset();
        if is_cell && !closing {
            sheet.began = offset;
        }
        if is_cell && (closing || empty) {
            sheet.end_cell(offset - sheet.began);
        }
        if before + sheet.bytes() > MAX_HELD_CELLS * CELL_BYTES {
            let name = seen.last().map(|(name, _)| name.clone());
            return Err(too_many_cells(url, &name.unwrap_or_default()));
        }
    }
    Ok(seen)
}

/// What is known of one sheet of an ods file so far.
#[derive(Default)]
struct Sheet {
    /// Rows before the one at hand, and how often that one stands there.
    rows: u64,
    repeated: u64,
    /// Of the row at hand: columns up to the last filled cell, blank ones behind it, bytes of its texts.
    columns: u64,
    blanks: u64,
    texts: u64,
    /// Of the cell at hand: how often it stands there, whether it holds anything, where its content begins, and blanks in that which
    /// are counted and not written.
    times: u64,
    is_filled: bool,
    began: u64,
    spaces: u64,
    /// Rows up to the last filled one, the widest row, and the cells and texts of the rows as they are written and as they repeat.
    filled_rows: u64,
    width: u64,
    written: u64,
    repeated_texts: u64,
}

impl Sheet {
    fn end_cell(&mut self, content: u64) {
        if !self.is_filled {
            self.blanks += self.times;
            return;
        }
        self.columns = (self.columns + self.blanks + self.times).min(u64::from(MAX_COLUMNS));
        self.blanks = 0;
        self.texts += (content + self.spaces) * self.times;
    }

    fn end_row(&mut self) {
        self.rows = (self.rows + self.repeated).min(u64::from(MAX_ROWS));
        if self.columns > 0 {
            self.filled_rows = self.rows;
            self.width = self.width.max(self.columns);
            self.written += self.columns;
            self.repeated_texts += self.texts * self.repeated;
        }
        (self.columns, self.blanks, self.texts) = (0, 0, 0);
    }

    /// What its reader holds of it at most: the rows as written, and all cells of the smallest block around those that are filled.
    fn bytes(&self) -> u64 {
        let block = self.filled_rows.saturating_mul(self.width).max(self.written + self.columns);
        block.saturating_mul(CELL_BYTES).saturating_add(self.repeated_texts).saturating_add(self.texts)
    }

    /// The merged cells that begin at the cell at hand.
    fn region(&self, rows: u64, columns: u64) -> Option<Region> {
        let (top, left) = (u32::try_from(self.rows).ok()?, u32::try_from(self.columns + self.blanks).ok()?);
        let bottom = top.checked_add(u32::try_from(rows.checked_sub(1)?).ok()?)?;
        let right = left.checked_add(u32::try_from(columns.checked_sub(1)?).ok()?)?;
        Some(Region { top, left, bottom, right })
    }
}

/// The error for a workbook whose reader would hold too much.
pub(super) fn too_many_cells(url: &str, sheet: &str) -> Error {
    let place = if sheet.is_empty() { String::new() } else { format!(" in sheet \"{sheet}\"") };
    let message = format!("{url} has too many cells{place}: more than {MAX_HELD_CELLS}, blank ones between the others included");
    Error::new(Kind::SourceInvalid, message).with_hint("Publish it as xlsx or CSV, or take out what stands far from the table.")
}

fn count(tag: &Tag<'_>, name: &str) -> u64 {
    tag.attribute(name).and_then(|text| text.trim().parse().ok()).unwrap_or(1)
}
