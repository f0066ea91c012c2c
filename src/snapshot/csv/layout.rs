//! Layouts: all that reading a delimited file takes to know, found out once: its syntax, and what stands above and below its rows. Its columns
//! are told in `columns`, its cells are read elsewhere.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use super::look::Look;
use super::preface::{self, Comment, Head, Header};
use super::record::Record;
use super::sniff::{self, LOOK};
use super::tokenize::{LineEnds, Syntax};
use super::{CHUNK, fill, footer, front, header, raw, refuse, stacked, unparted, width};
use crate::descriptor::Dialect;
use crate::error::{Error, Kind, Result};
use crate::snapshot::cells::Fault;
use crate::snapshot::decode::{Bad, Text};
use crate::snapshot::stop::Stop;

/// Bytes of the head that are looked at first; more when they are odd.
const FIRST_LOOK: usize = 1 << 18;

/// The most bytes of the head that are looked at; a header must end within them.
const LAST_LOOK: usize = 4 << 20;

/// How one delimited file is written. A reader needs this, an offset where a record starts and the line there, and nothing else.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::snapshot) struct Layout {
    pub(super) syntax: Syntax,
    pub(super) comment: Option<Comment>,
    /// Lines that are declared to be comments.
    pub(super) comment_lines: HashSet<u64>,
    /// The columns, and the published names of those that are called otherwise.
    pub(super) names: Arc<Vec<String>>,
    pub(super) originals: Vec<Option<String>>,
    /// Fields that rows usually have, where that is fewer than there are columns.
    pub(super) usual: usize,
    /// What the values of the columns look like in the head.
    pub(super) looks: Vec<Option<Look>>,
    /// Where the first row starts in the text behind its mark, and the 1-based line there.
    pub(super) start: u64,
    pub(super) line: u64,
    /// Where the footer starts, when there is one.
    pub(super) end: Option<u64>,
    /// Records before the first row that are no rows.
    pub(super) before: Vec<Fault>,
    /// The header's lines, without their ends, where its names stand over values for sure: a row that is one of them is none.
    pub(super) headers: Vec<Vec<u8>>,
    /// What is declared and what was found out, as a descriptor would say it.
    dialect: Dialect,
}

impl Layout {
    /// Finds out how the text is written. `declared` names the columns of a file without a header. What the user should know goes to
    /// `warnings`. [`Kind::SourceInvalid`] when the text is no table.
    pub(in crate::snapshot) fn of(
        text: &Text,
        url: &str,
        dialect: &Dialect,
        declared: &[String],
        max_field: usize,
        stop: &Stop,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let mut file = text.open(url, 0)?;
        let mut head = Vec::new();
        let mut size = FIRST_LOOK;
        let (sniffed, front, mark, ended) = loop {
            let ended = fill(&mut file, &mut head, size)?;
            let front = front::matter(&head);
            let mark = preface::mark(dialect, &head[front..]);
            let sniffed = sniff::sniff(dialect, &head[front..], ended, mark).map_err(|e| e.within(url))?;
            let few = sniffed.syntax.records(&head[front..], ended, 2, mark).all.len() < 2;
            if ended || size >= LAST_LOOK || !(few || sniffed.regular < 800) {
                break (sniffed, front, mark, ended);
            }
            size *= 4;
        };
        refuse::documents(&head, ended, url)?;
        refuse::binary(&head, url)?;
        let bads = &text.bad[..text.bad.partition_point(|b| b.at < head.len() as u64)];
        let named = if sniffed.named { sniff::named_delimiter(&head[front..]) } else { None };
        let skipped = front + named.map_or(0, |(_, len)| len);
        let lines_skipped = sniffed.syntax.line_ends.count(&head[..skipped]);
        let mut records = sniffed.syntax.records(&head[skipped..], ended, LOOK, mark).all;
        for record in &mut records {
            record.start += skipped;
            record.end += skipped;
            record.line += lines_skipped;
        }
        let (Head { comment, header, preamble: titles, between }, notes) = preface::head(dialect, &mut records);
        if dialect.delimiter.is_none() && !sniffed.named {
            refuse::irregular(&sniffed, records.len(), url)?;
            refuse::several_tables(&records[..titles], &head, &sniffed.syntax, url)?;
        }
        let (body, published) = match &header {
            Header::None => (titles, None),
            Header::Records(lines, joint) => {
                let is_header = |r: &&Record| lines.contains(&(r.line as usize));
                let chosen: Vec<&Record> = records.iter().filter(is_header).collect();
                let last = records.iter().rposition(|r| is_header(&r));
                let Some(last) = last else {
                    return Err(match records.last() {
                        Some(last) => without_rows(lines, last.line, url),
                        None => without("a header", url, head.len(), ended),
                    });
                };
                (last + 1 + between, Some(header_names(&chosen, joint, bads)))
            }
        };
        if records.is_empty() {
            return Err(without("a record", url, head.len(), ended));
        }
        let behind = &records[body - between..body];
        // Blank lines and comments are passed over again where nothing stands before the first row.
        let start = if body == 0 { skipped } else { records[body - 1].end };
        let out_of_table = |records: &[Record], expected: &str, reason: &str| -> Vec<Fault> {
            let raw = |r: &Record| Bad::written_out(&raw(&head[r.start..r.end]), &mut within(r, bads).iter());
            let fault = |r: &Record| Fault {
                line: r.line,
                column: None,
                raw: raw(r),
                expected: expected.to_owned(),
                reason: reason.to_owned(),
            };
            records.iter().map(fault).collect()
        };
        let mut this = Self {
            line: 1 + sniffed.syntax.line_ends.count(&head[..start]),
            start: start as u64,
            syntax: sniffed.syntax,
            comment,
            comment_lines: dialect.comment_rows.iter().map(|r| *r as u64).collect(),
            names: Arc::default(),
            originals: Vec::new(),
            usual: 0,
            looks: Vec::new(),
            end: None,
            before: [
                out_of_table(&records[..titles], "a header", "the row stands before the header"),
                out_of_table(behind, "a row", "the row stands between the header and the first row"),
            ]
            .concat(),
            headers: Vec::new(),
            dialect: dialect.clone(),
        };
        this.name_columns(published.as_deref(), declared, &records[body..], url, warnings);
        let named = this.names.len();
        let of_header: Vec<&Record> = match &header {
            Header::None => Vec::new(),
            Header::Records(lines, _) => records[..body].iter().filter(|r| lines.contains(&(r.line as usize))).collect(),
        };
        let repeats = |r: &&Record| of_header.iter().any(|header| header.fields == r.fields);
        let rows = records[body..].iter().filter(|r| !repeats(r));
        let rows: Vec<Vec<&str>> = rows.map(|r| r.fields.iter().map(String::as_str).collect()).collect();
        this.looks = header::profiles(&rows, named).iter().map(header::Profile::look).collect();
        this.find_footer(text, &mut file)?;
        let first = this.drop_empty(text, url, max_field, named, stop)?;
        if let Some(first) = first.filter(|_| this.names.len() > named) {
            let wide = this.names.len();
            warnings.push(format!(
                "{url}: rows have {wide} fields at the end, the first in line {first}, and the head has {named} columns; those behind are {}, \
                 and names may not be those of the values below",
                this.appended(named)
            ));
        }
        this.headers = proven(&of_header, &this.looks, &head);
        if let Some(shown) = stacked::second(&of_header, &records[body..]) {
            warnings.push(format!("{url}: {shown}: if tables stand one below the other in it, they are read as one"));
        }
        if this.syntax.wrapped {
            warnings.push(format!("{url}: its lines are quoted as a whole; the table is what stands within these quotes"));
        }
        if front > 0 {
            let lines = this.syntax.line_ends.count(&head[..front]);
            warnings.push(format!("{url}: its first {lines} lines are YAML front matter, which is left out"));
        }
        if let Some(shown) = unparted::shown(&records, &head, &this.syntax) {
            warnings.push(format!("{url}: {shown}"));
        }
        let left_out = records[..titles].iter().chain(behind).map(|r| r.line);
        this.describe(&records, left_out, &header, &notes);
        if let (Some(Comment { sniffed: Some(_), start }), Some(first)) = (&this.comment, notes.first()) {
            let (line, said) = (first.line, raw(&head[first.start..first.end]));
            let said = crate::name::clip(&said, 80);
            warnings.push(format!("{url}: lines that begin with {start} are left out as comments, as line {line}: {said}"));
        }
        if let Some(bad) = bads.iter().find(|b| header != Header::None && b.at < this.start) {
            let escaped = bad.escaped();
            let message =
                format!("{url}: the header holds bytes that can't be decoded; the names have {escaped} and the like for them");
            warnings.push(message);
        }
        Ok(this)
    }

    /// How many columns the file has.
    pub(in crate::snapshot) fn width(&self) -> usize {
        self.names.len()
    }

    /// The columns of the file.
    #[cfg(test)]
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// How the file is written, as a descriptor would say it: with this declared it is read the same way.
    pub(in crate::snapshot) fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// Looks at the end of the text for notes, and for more columns than the head has.
    fn find_footer(&mut self, text: &Text, file: &mut File) -> Result<()> {
        let len = text.bytes - text.skip;
        let from = self.start.max(len.saturating_sub(footer::TAIL));
        file.seek(SeekFrom::Start(text.skip + from))?;
        let mut tail = Vec::new();
        file.take(footer::TAIL).read_to_end(&mut tail)?;
        let whole = from == self.start;
        let records = footer::records(&self.syntax, &tail, whole);
        if let Some(width) = width::of_tail(&records, self.names.len()) {
            self.append(width);
        }
        let begin = footer::begin(&records, whole, self.names.len());
        self.end = begin.map(|at| from + at as u64);
        Ok(())
    }

    /// Writes down what was found out.
    fn describe(&mut self, records: &[Record], left_out: impl Iterator<Item = u64>, header: &Header, notes: &[Record]) {
        let Self { syntax, dialect, .. } = self;
        dialect.delimiter = Some(char::from(syntax.delimiter));
        dialect.quote = Some(syntax.quote.map_or('\0', char::from));
        dialect.double_quote = dialect.double_quote.filter(|d| !d);
        dialect.escape = syntax.escape.map(char::from);
        if syntax.line_ends == LineEnds::Returns {
            dialect.line_terminator = Some("\r".to_owned());
        }
        let lines_of = |line: u64| {
            let next = records.iter().map(|o| o.line).find(|l| *l > line).unwrap_or(line + 1);
            (line..next).map(|l| l as usize)
        };
        match header {
            Header::None => dialect.header = Some(false),
            Header::Records(lines, _) => {
                dialect.header = Some(true);
                dialect.header_rows = if lines == &[1] { Vec::new() } else { lines.clone() };
            }
        }
        dialect.comment_rows.extend(left_out.flat_map(lines_of));
        if let Some(Comment { start, sniffed: Some(_) }) = &self.comment {
            // A record of the table's width that starts so is none.
            if records.iter().any(|r| r.fields[0].starts_with(start.as_str())) {
                dialect.comment_rows.extend(notes.iter().map(|r| r.line as usize));
            } else {
                dialect.comment_char = Some(start.clone());
            }
        }
        dialect.comment_rows.sort_unstable();
        dialect.comment_rows.dedup();
    }
}

/// The lines of a header, without their ends, where names stand over values: these are no row of the table for sure.
fn proven(header: &[&Record], looks: &[Option<Look>], head: &[u8]) -> Vec<Vec<u8>> {
    let over_values =
        |r: &&&Record| r.fields.iter().zip(looks).any(|(name, look)| look.is_some() && Look::of(name) == Look::Word);
    let several = header.iter().filter(|r| header::filled(&r.fields) > 1);
    several.filter(over_values).map(|r| head[r.start..r.end].trim_ascii_end().to_vec()).collect()
}

fn without(what: &str, url: &str, head: usize, ended: bool) -> Error {
    if !ended && head >= CHUNK {
        let message = format!("{url}: {what} does not end within the first {head} bytes");
        return Error::new(Kind::SourceInvalid, message).with_hint("Declare the delimiter and the quote character.");
    }
    Error::new(Kind::SourceInvalid, format!("{url} is empty: it has no {}", what.trim_start_matches("a ")))
}

/// The error for declared rows of a header none of which is there; `last` is the line of the last record that was looked at.
fn without_rows(lines: &[usize], last: u64, url: &str) -> Error {
    let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
    let message = format!("{url} has no record in line {}, where its header is declared to be", lines.join(" or "));
    Error::new(Kind::SourceInvalid, message)
        .with_detail(format!("Looked at are the first {LOOK} records at most, the last of them in line {last}."))
        .with_hint("Correct the dialect's headerRows; blank lines and comments count, and are no header.")
}

/// The names in the header records, with bytes that could not be decoded written out.
fn header_names(records: &[&Record], joint: &str, bads: &[Bad]) -> Vec<String> {
    let sound = |record: &&Record| {
        let mut left = within(record, bads).iter();
        record.fields.iter().map(|f| Bad::written_out(f, &mut left)).collect::<Vec<String>>()
    };
    let rows: Vec<Vec<String>> = records.iter().map(sound).collect();
    match rows.as_slice() {
        [only] => only.clone(),
        several => header::join(several, joint),
    }
}

/// What of `bads` stands in a record.
fn within<'a>(record: &Record, bads: &'a [Bad]) -> &'a [Bad] {
    let at = |offset: usize| bads.partition_point(|b| b.at < offset as u64);
    &bads[at(record.start)..at(record.end)]
}
