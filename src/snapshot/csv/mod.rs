//! Delimited text: from a decoded file to batches of cells. Dialects are resolved in `dialect`, fields are found in `tokenize`;
//! types are unknown here.

mod dialect;
mod tokenize;

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use self::dialect::Resolved;
pub(super) use self::dialect::{Comment, Header, head, is_name};
pub(super) use self::tokenize::Record;
use self::tokenize::{End, Scan};
use super::cells::{CellKind, Cells, Fault, MAX_CELLS, MAX_SPAN, Span};
use super::decode::Text;
use super::names;
use crate::descriptor::Dialect;
use crate::error::{Error, Kind, Result};

/// Bytes of a batch, and of the head that is looked at for what is not declared.
const CHUNK: usize = 1 << 20;

/// How much of a record that can't be read is kept in its reject.
const RAW_LIMIT: usize = 2000;

/// Reads one file of delimited text.
pub(super) struct Reader<'a> {
    text: &'a Text,
    url: &'a str,
    index: usize,
    file: File,
    resolved: Resolved,
    /// Lines that are declared to be comments.
    comment_lines: HashSet<u64>,
    names: Arc<Vec<String>>,
    originals: Vec<Option<String>>,
    max_field: usize,
    buffer: Vec<u8>,
    /// Where the buffer starts in the text, behind its mark.
    base: u64,
    ended: bool,
    /// The 1-based line at the start of the buffer.
    line: u64,
    /// Records before the header that are no rows, until a batch takes them.
    preamble: Vec<Fault>,
}

impl<'a> Reader<'a> {
    /// Opens the file and reads its header. `declared` names the columns of a file without one.
    pub(super) fn open(
        text: &'a Text,
        url: &'a str,
        index: usize,
        dialect: &Dialect,
        declared: &[String],
        max_field: usize,
    ) -> Result<Self> {
        let mut file = File::open(&text.path)?;
        file.seek(SeekFrom::Start(text.skip))?;
        let mut buffer = Vec::with_capacity(CHUNK + 1);
        let ended = fill(&mut file, &mut buffer, CHUNK)?;
        let resolved = dialect::resolve(dialect, &buffer, ended).map_err(|e| e.within(url))?;
        let mut reader = Self {
            text,
            url,
            index,
            file,
            resolved,
            comment_lines: dialect.comment_rows.iter().map(|r| *r as u64).collect(),
            names: Arc::default(),
            originals: Vec::new(),
            max_field: max_field.min(MAX_SPAN),
            buffer,
            base: 0,
            ended,
            line: 1,
            preamble: Vec::new(),
        };
        reader.read_header(declared)?;
        Ok(reader)
    }

    /// The file's columns.
    pub(super) fn names(&self) -> &Arc<Vec<String>> {
        &self.names
    }

    /// The name in the file, of those columns that are called otherwise.
    pub(super) fn originals(&self) -> &[Option<String>] {
        &self.originals
    }

    fn read_header(&mut self, declared: &[String]) -> Result<()> {
        let syntax = &self.resolved.syntax;
        let wanted = match &self.resolved.header {
            Header::None => 0,
            Header::Records(rows, _) => rows.iter().copied().max().unwrap_or(1),
        };
        let records = syntax.records(&self.buffer, self.ended, wanted + 1000);
        let mut records =
            records.iter().filter(|r| !self.comment_lines.contains(&r.line)).filter(|r| match &self.resolved.comment {
                Some(comment) => !comment.covers(&r.fields[0], r.fields.len()),
                None => true,
            });
        let mut end = 0;
        for title in records.by_ref().take(self.resolved.preamble) {
            end = title.end;
            self.preamble.push(Fault {
                line: title.line,
                column: None,
                raw: raw(&self.buffer[title.start..title.end]),
                expected: "a header".to_owned(),
                reason: "the row stands before the header".to_owned(),
            });
        }
        let header: Vec<String> = match &self.resolved.header {
            Header::None => {
                let Some(first) = records.next() else { return Err(self.without("a record")) };
                (0..first.fields.len()).map(|i| declared.get(i).cloned().unwrap_or_default()).collect()
            }
            Header::Records(rows, joint) => {
                let chosen: Vec<_> = if rows == &[1] {
                    records.next().into_iter().collect()
                } else {
                    records.filter(|r| rows.contains(&(r.line as usize))).collect()
                };
                let Some(last) = chosen.last() else { return Err(self.without("a header")) };
                end = last.end;
                let width = chosen.iter().map(|r| r.fields.len()).max().unwrap_or(0);
                let cell = |i: usize| {
                    let parts = chosen.iter().filter_map(|r| r.fields.get(i)).map(|f| f.trim_ascii()).filter(|f| !f.is_empty());
                    parts.collect::<Vec<_>>().join(joint)
                };
                if let [only] = chosen.as_slice() { only.fields.clone() } else { (0..width).map(cell).collect() }
            }
        };
        self.line += memchr::memchr_iter(self.resolved.syntax.line_end(), &self.buffer[..end]).count() as u64;
        self.base += end as u64;
        self.buffer.drain(..end);
        let (names, originals) = names::unique(&header);
        self.names = Arc::new(names);
        self.originals = originals;
        Ok(())
    }

    fn without(&self, what: &str) -> Error {
        if self.buffer.len() >= CHUNK {
            let message = format!("{}: {what} does not end within the first {CHUNK} bytes", self.url);
            return Error::new(Kind::SourceInvalid, message).with_hint("Declare the delimiter and the quote character.");
        }
        Error::new(Kind::SourceInvalid, format!("{} is empty: it has no {}", self.url, what.trim_start_matches("a ")))
    }

    /// The next batch; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Cells>> {
        loop {
            if !self.ended && self.buffer.len() < CHUNK {
                self.ended = fill(&mut self.file, &mut self.buffer, CHUNK)?;
            }
            let mut cells =
                Cells { width: self.names.len(), file: self.index, names: Arc::clone(&self.names), ..Cells::default() };
            cells.commas_free = self.resolved.syntax.delimiter != b',';
            if self.buffer.is_empty() {
                cells.faults = std::mem::take(&mut self.preamble);
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
                return Err(
                    Error::new(Kind::SourceInvalid, message).with_hint("Declare the line end, or raise the limit on fields.")
                );
            }
            self.finish(&mut cells, consumed, made)?;
            cells.faults.splice(0..0, self.preamble.drain(..));
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
            let within = self.text.bad.partition_point(|b| *b < self.base)..self.text.bad.partition_point(|b| *b < end);
            let bad: Vec<usize> = self.text.bad[within].iter().map(|b| (*b - self.base) as usize).collect();
            cells.mark_undecodable(&bad);
        }
        self.base = end;
        cells.bytes_read = end;
        Ok(())
    }

    /// Reads the whole records of the buffer into `cells`; the bytes they take, and the text that had to be made. With `give_up`, a
    /// first record that does not end is rejected.
    fn tokenize(&mut self, cells: &mut Cells, give_up: bool) -> (usize, Vec<u8>) {
        let text = self.buffer.as_slice();
        let syntax = &self.resolved.syntax;
        let width = cells.width;
        let mut made = Vec::new();
        let mut at = 0;
        'records: while at < text.len() {
            let start = at;
            if self.is_skipped(text, at) {
                match syntax.line(text, at) {
                    Some(next) => at = next,
                    None if self.ended => at = text.len(),
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
                    Scan::Field { start, len, made, next, end, lines: passed } => {
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
                        let Some(next) = syntax.line(text, start).or(self.ended.then_some(text.len())) else { return (0, made) };
                        cells.faults.push(Fault {
                            line: self.line,
                            column: None,
                            raw: raw(&text[start..next]),
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
            let is_blank = fields == 1 && width > 1 && record.iter().all(u8::is_ascii_whitespace);
            if is_blank || self.is_sniffed_comment(record, fields) {
                cells.spans.truncate(spans_before);
                made.truncate(made_before);
                continue;
            }
            if fields == width {
                cells.lines.push(line);
                continue;
            }
            let mut fault = Fault {
                line,
                column: None,
                raw: raw(record),
                expected: format!("{width} fields"),
                reason: format!("the row has {fields} fields"),
            };
            if fields < width {
                cells.spans.resize(spans_before + width, Span::ABSENT);
                cells.lines.push(line);
                fault.column = Some(fields);
                cells.faults.push(fault);
            } else if surplus {
                cells.spans.truncate(spans_before);
                cells.faults.push(fault);
            } else {
                cells.lines.push(line);
            }
        }
        (at, made)
    }

    /// An empty line, or a declared comment.
    fn is_skipped(&self, text: &[u8], at: usize) -> bool {
        let syntax = &self.resolved.syntax;
        let rest = &text[at..];
        if rest[0] == syntax.line_end() || rest.starts_with(b"\r\n") || (self.ended && rest == b"\r") {
            return true;
        }
        if !self.comment_lines.is_empty() && self.comment_lines.contains(&self.line) {
            return true;
        }
        matches!(&self.resolved.comment, Some(Comment { start, sniffed: None }) if rest.starts_with(start.as_bytes()))
    }

    fn is_sniffed_comment(&self, record: &[u8], fields: usize) -> bool {
        match &self.resolved.comment {
            Some(Comment { start, sniffed: Some(width) }) => *width != fields && record.starts_with(start.as_bytes()),
            Some(_) | None => false,
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
