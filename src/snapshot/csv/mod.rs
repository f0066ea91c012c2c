//! Delimited text: from a decoded file to batches of cells. How a file is written is found out once, in `layout`; fields are found in
//! `tokenize`; types are unknown here.

mod columns;
mod footer;
mod front;
pub(super) mod header;
mod layout;
pub(super) mod look;
pub(super) mod preface;
mod record;
mod refuse;
mod sniff;
pub(super) mod stacked;
mod titles;
mod tokenize;
mod unparted;
mod width;
mod wrapped;

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

pub(super) use self::layout::Layout;
use self::preface::Comment;
pub(super) use self::record::Record;
pub(super) use self::refuse::object;
use self::tokenize::{End, Scan};
pub(super) use self::width::{Wider, Widths};
use super::cells::{CellKind, Cells, Fault, MAX_CELLS, MAX_SPAN, RAW_LIMIT, Span};
use super::decode::{Bad, Text};
use crate::error::{Error, Kind, Result};

/// Bytes of a batch.
const CHUNK: usize = 1 << 20;

/// Rows within a cell that are looked at, to see whether they are rows.
const LOOK_ROWS: usize = 64;

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
    widths: Widths,
}

impl<'a> Reader<'a> {
    /// Opens the file at its first row.
    pub(super) fn open(text: &'a Text, url: &'a str, index: usize, layout: &'a Layout, max_field: usize) -> Result<Self> {
        Ok(Self {
            text,
            url,
            index,
            file: text.open(url, layout.start)?,
            layout,
            max_field: max_field.min(MAX_SPAN),
            buffer: Vec::with_capacity(CHUNK + 1),
            base: layout.start,
            ended: false,
            line: layout.line,
            before: &layout.before,
            widths: Widths::default(),
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

    /// How many rows so far have more fields than there are columns.
    pub(super) fn into_widths(self) -> Widths {
        self.widths
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
            cells.mark_undecodable(bad, self.text.encoding, None);
        }
        self.widths.hold(cells.rows());
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
            let (mut fields, mut lines, mut swallows) = (0, 0, false);
            // The first field behind the columns, and whether any there holds something.
            let (mut beyond, mut surplus) = (None, false);
            loop {
                match syntax.field(text, at, self.ended, &mut made) {
                    Scan::Field { start, len, made: is_made, next, end, lines: passed, odd } => {
                        if fields < width {
                            cells.spans.push(Span::new(start, len, is_made, CellKind::Plain));
                        } else if len > 0 {
                            let span = Span::new(start, len, is_made, CellKind::Plain);
                            surplus |= !span.bytes(text, &made).trim_ascii().is_empty();
                            beyond = beyond.or((fields == width).then_some(span));
                        }
                        fields += 1;
                        lines += passed;
                        swallows |= odd && passed > 0;
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
            let record = &text[start..at];
            if swallows {
                cells.spans.truncate(spans_before);
                made.truncate(made_before);
                // What the quote took in is read on its own when it shows that it are rows.
                let first = syntax.line(text, start, true).filter(|next| self.are_rows(text, *next, at));
                let reason = match first {
                    Some(_) => "a quote is opened and not closed before rows that follow".to_owned(),
                    None => format!("text stands behind the closing quote of a cell that begins {lines} lines before"),
                };
                let raw = self.told(&text[start..first.unwrap_or(at)], start);
                cells.faults.push(Fault { line, column: None, raw, expected: "a closing quote".to_owned(), reason });
                self.line += first.map_or(1 + lines, |_| 1);
                at = first.unwrap_or(at);
                continue;
            }
            self.line += 1 + lines;
            if self.layout.headers.iter().any(|header| is_line(record, header)) {
                cells.spans.truncate(spans_before);
                made.truncate(made_before);
                let (expected, reason) = ("a row".to_owned(), "the row repeats the header".to_owned());
                cells.faults.push(Fault { line, column: None, raw: self.told(record, start), expected, reason });
                continue;
            }
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
                cells.faults.push(fault(None));
                let own = &cells.spans[spans_before..];
                let all = || own.iter().chain(&beyond).map(|s| String::from_utf8_lossy(s.bytes(text, &made))).collect();
                let before = self.widths.rows + cells.lines.len() as u64;
                self.widths.add((fields, line), before, &self.layout.looks, all);
                cells.spans.truncate(spans_before);
                made.truncate(made_before);
            } else {
                cells.lines.push(line);
            }
        }
        (at, made)
    }

    /// Whether the lines from `at` to `end`, which a cell took in, are rows of the table: each has its fields, and a quote stands where a field
    /// begins. Only the first of them are looked at.
    fn are_rows(&self, text: &[u8], at: usize, end: usize) -> bool {
        let Layout { syntax, usual, names, .. } = self.layout;
        let (mut at, mut made) = (at, Vec::new());
        for _ in 0..LOOK_ROWS {
            if at >= end {
                break;
            }
            let (line, mut fields) = (at, 0);
            loop {
                made.clear();
                match syntax.field(text, at, self.ended, &mut made) {
                    // Another one of the kind, which is met in its turn.
                    Scan::Field { odd: true, lines: 1.., .. } | Scan::Incomplete | Scan::Unclosed => return true,
                    Scan::Field { start, len, made: is_made, next, end, odd, .. } => {
                        let is_quoted = is_made || odd || start > line && syntax.quote == Some(text[start - 1]);
                        if !is_quoted && syntax.quote.is_some_and(|quote| text[start..start + len].contains(&quote)) {
                            return false;
                        }
                        fields += 1;
                        at = next;
                        if end != End::Delimiter {
                            break;
                        }
                    }
                }
            }
            let is_blank = || fields == 1 && text[line..at].trim_ascii().is_empty();
            if fields != names.len() && fields != *usual && !is_blank() {
                return false;
            }
        }
        true
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

/// Whether a record is this line, whatever ends it.
fn is_line(record: &[u8], line: &[u8]) -> bool {
    record.strip_prefix(line).is_some_and(|end| end.trim_ascii_end().is_empty())
}

/// A record as published, without its line end and not longer than is useful.
fn raw(record: &[u8]) -> String {
    let text = String::from_utf8_lossy(record);
    let text = text.trim_end_matches(['\r', '\n']);
    crate::name::clip(text, RAW_LIMIT).to_owned()
}

#[cfg(test)]
mod tests;
