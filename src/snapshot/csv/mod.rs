//! Delimited text: from a decoded file to batches of cells. How a file is written is found out once, in `layout`; fields are found in
//! `tokenize`; types are unknown here.

mod footer;
pub(super) mod header;
mod layout;
pub(super) mod look;
pub(super) mod preface;
mod record;
mod refuse;
mod sniff;
mod tokenize;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

pub(super) use self::layout::Layout;
use self::preface::Comment;
pub(super) use self::record::Record;
use self::tokenize::{End, Scan};
use super::cells::{CellKind, Cells, Fault, MAX_CELLS, MAX_SPAN, RAW_LIMIT, Span};
use super::decode::{Bad, Text};
use crate::error::{Error, Kind, Result};

/// Bytes of a batch.
const CHUNK: usize = 1 << 20;

/// Reads one file of delimited text.
pub(super) struct Reader<'a> {
    text: &'a Text,
    url: &'a str,
    index: usize,
    file: File,
    layout: &'a Layout,
    max_field: usize,
    buffer: Vec<u8>,
    /// Where the buffer starts in the text, behind its mark.
    base: u64,
    ended: bool,
    /// The 1-based line at the start of the buffer.
    line: u64,
    /// Records before the header that are no rows, until a batch takes them.
    before: &'a [Fault],
}

impl<'a> Reader<'a> {
    /// Opens the file at its first row.
    pub(super) fn open(text: &'a Text, url: &'a str, index: usize, layout: &'a Layout, max_field: usize) -> Result<Self> {
        let mut file = File::open(&text.path)?;
        file.seek(SeekFrom::Start(text.skip + layout.start))?;
        Ok(Self {
            text,
            url,
            index,
            file,
            layout,
            max_field: max_field.min(MAX_SPAN),
            buffer: Vec::with_capacity(CHUNK + 1),
            base: layout.start,
            ended: false,
            line: layout.line,
            before: &layout.before,
        })
    }

    /// The file's columns.
    pub(super) fn names(&self) -> &Arc<Vec<String>> {
        &self.layout.names
    }

    /// The name in the file, of those columns that are called otherwise.
    pub(super) fn originals(&self) -> &[Option<String>] {
        &self.layout.originals
    }

    /// The next batch; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Cells>> {
        loop {
            if !self.ended && self.buffer.len() < CHUNK {
                self.ended = fill(&mut self.file, &mut self.buffer, CHUNK)?;
            }
            let mut cells =
                Cells { width: self.names().len(), file: self.index, names: Arc::clone(self.names()), ..Cells::default() };
            cells.commas_free = self.layout.syntax.delimiter != b',';
            if self.buffer.is_empty() {
                cells.faults = std::mem::take(&mut self.before).to_vec();
                return Ok((!cells.faults.is_empty()).then_some(cells));
            }
            let (consumed, made) = self.tokenize(&mut cells, false);
            let (consumed, made) = if consumed == 0 && !self.ended {
                if self.buffer.len() <= self.max_field {
                    let more = (self.buffer.len() * 2).min(self.max_field + 1);
                    self.ended = fill(&mut self.file, &mut self.buffer, more)?;
                    continue;
                }
                self.tokenize(&mut cells, true)
            } else {
                (consumed, made)
            };
            if consumed == 0 {
                let message = format!("{}, line {}: a line is longer than {} bytes", self.url, self.line, self.max_field);
                return Err(Error::new(Kind::SourceInvalid, message)
                    .with_hint("Declare the dialect's lineTerminator, or raise the limit with --max-field-size."));
            }
            self.finish(&mut cells, consumed, made)?;
            cells.faults.splice(0..0, std::mem::take(&mut self.before).iter().cloned());
            if cells.rows() > 0 || !cells.faults.is_empty() {
                return Ok(Some(cells));
            }
        }
    }

    /// Gives the batch its text and moves on behind it.
    fn finish(&mut self, cells: &mut Cells, consumed: usize, made: Vec<u8>) -> Result<()> {
        let mut rest = Vec::with_capacity(CHUNK + 1);
        rest.extend_from_slice(&self.buffer[consumed..]);
        self.buffer.truncate(consumed);
        let text = std::mem::replace(&mut self.buffer, rest);
        let changed = |_| Error::new(Kind::SourceChanged, format!("{} changed while it was read", self.url));
        cells.text = String::from_utf8(text).map_err(changed)?;
        cells.made = String::from_utf8(made).map_err(changed)?;
        let end = self.base + consumed as u64;
        if !self.text.bad.is_empty() {
            let within = self.text.bad.partition_point(|b| b.at < self.base)..self.text.bad.partition_point(|b| b.at < end);
            let bad = self.text.bad[within].iter().map(|b| b.moved(self.base, 0)).collect();
            cells.mark_undecodable(bad, self.text.encoding);
        }
        self.base = end;
        cells.bytes_read = end;
        Ok(())
    }

    /// Reads the whole records of the buffer into `cells`; the bytes they take, and the text that had to be made. With `give_up`, a
    /// first record that does not end is rejected.
    fn tokenize(&mut self, cells: &mut Cells, give_up: bool) -> (usize, Vec<u8>) {
        let text = self.buffer.as_slice();
        let syntax = &self.layout.syntax;
        let width = cells.width;
        let rows_end =
            self.layout.end.map_or(usize::MAX, |end| usize::try_from(end.saturating_sub(self.base)).unwrap_or(usize::MAX));
        let mut made = Vec::new();
        let mut at = 0;
        'records: while at < text.len() {
            let start = at;
            if let Some(skipped) = self.skipped(text, at) {
                match skipped {
                    Some(next) => at = next,
                    None => break,
                }
                self.line += 1;
                continue;
            }
            let (spans_before, made_before) = (cells.spans.len(), made.len());
            // Short rows are filled up: a wide table's batch ends before its text does.
            if at > 0 && spans_before + width > MAX_CELLS {
                break;
            }
            let (mut fields, mut surplus, mut lines) = (0, false, 0);
            loop {
                match syntax.field(text, at, self.ended, &mut made) {
                    Scan::Field { start, len, made, next, end, lines: passed, odd: _ } => {
                        if fields < width {
                            cells.spans.push(Span::new(start, len, made, CellKind::Plain));
                        } else {
                            surplus |= len > 0;
                        }
                        fields += 1;
                        lines += passed;
                        at = next;
                        if end != End::Delimiter {
                            break;
                        }
                    }
                    Scan::Incomplete if !(give_up && start == 0) => {
                        cells.spans.truncate(spans_before);
                        made.truncate(made_before);
                        return (start, made);
                    }
                    Scan::Incomplete | Scan::Unclosed => {
                        cells.spans.truncate(spans_before);
                        made.truncate(made_before);
                        let Some(next) = syntax.line(text, start, self.ended).or(self.ended.then_some(text.len())) else {
                            return (0, made);
                        };
                        cells.faults.push(Fault {
                            line: self.line,
                            column: None,
                            raw: self.told(&text[start..next], start),
                            expected: "a closing quote".to_owned(),
                            reason: "a quote is opened and never closed".to_owned(),
                        });
                        self.line += 1;
                        at = next;
                        continue 'records;
                    }
                }
            }
            let line = self.line;
            self.line += 1 + lines;
            let record = &text[start..at];
            if fields == width && start < rows_end {
                cells.lines.push(line);
                continue;
            }
            let is_blank = fields == 1 && record.iter().all(u8::is_ascii_whitespace);
            if is_blank {
                cells.spans.truncate(spans_before);
                made.truncate(made_before);
                continue;
            }
            // Made where it is needed only: in some files every row is shorter, or has an empty field more, than the header.
            let fault = |column: Option<usize>| Fault {
                line,
                column,
                raw: self.told(record, start),
                expected: format!("{width} fields"),
                reason: format!("the row has {fields} fields"),
            };
            if start >= rows_end {
                cells.spans.truncate(spans_before);
                made.truncate(made_before);
                let (expected, reason) = ("a row".to_owned(), "the row stands below the table".to_owned());
                cells.faults.push(Fault { line, column: None, raw: self.told(record, start), expected, reason });
            } else if fields < width {
                cells.spans.resize(spans_before + width, Span::ABSENT);
                cells.lines.push(line);
                if fields != self.layout.usual {
                    cells.faults.push(fault(Some(fields)));
                }
            } else if surplus {
                cells.spans.truncate(spans_before);
                made.truncate(made_before);
                cells.faults.push(fault(None));
            } else {
                cells.lines.push(line);
            }
        }
        (at, made)
    }

    /// A record of the buffer for its reject, with the bytes that could not be decoded.
    fn told(&self, record: &[u8], start: usize) -> String {
        let first = self.text.bad.partition_point(|b| b.at < self.base + start as u64);
        Bad::written_out(&raw(record), &mut self.text.bad[first..].iter())
    }

    /// Where the line at `at` ends when it is empty or a comment, inner `None` when the buffer ends first; `None` when it is a row's.
    fn skipped(&self, text: &[u8], at: usize) -> Option<Option<usize>> {
        let syntax = &self.layout.syntax;
        let rest = &text[at..];
        let to_end = || syntax.line(text, at, self.ended).or(self.ended.then_some(text.len()));
        if syntax.is_line_end(rest[0]) || rest.starts_with(b"\r\n") || (self.ended && rest == b"\r") {
            return Some(to_end());
        }
        if !self.layout.comment_lines.is_empty() && self.layout.comment_lines.contains(&self.line) {
            return Some(to_end());
        }
        match &self.layout.comment {
            Some(Comment { start, sniffed }) if rest.starts_with(start.as_bytes()) => {
                let Some(width) = sniffed else { return Some(to_end()) };
                let Some(end) = to_end() else { return Some(None) };
                let fields = 1 + memchr::memchr_iter(syntax.delimiter, &text[at..end]).count();
                (fields != *width).then_some(Some(end))
            }
            Some(_) | None => None,
        }
    }
}

/// Reads until the buffer has `size` bytes; whether the file ended.
fn fill(file: &mut File, buffer: &mut Vec<u8>, size: usize) -> Result<bool> {
    let missing = size.saturating_sub(buffer.len()) as u64;
    let n = file.take(missing).read_to_end(buffer)?;
    Ok((n as u64) < missing)
}

/// A record as published, without its line end and not longer than is useful.
fn raw(record: &[u8]) -> String {
    let text = String::from_utf8_lossy(record);
    let text = text.trim_end_matches(['\r', '\n']);
    crate::name::clip(text, RAW_LIMIT).to_owned()
}

#[cfg(test)]
mod tests;
