//! Prefaces: which of a table's first records are comments, titles and header, by what is declared and else by how they show. Workbooks
//! ask this too.

use std::ops::Range;

use super::header;
use super::look::Look;
use super::record::Record;
use super::sniff::width_of_most;
use super::titles::TOP;
use crate::descriptor::Dialect;

/// What stands before a table's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::snapshot) struct Head {
    pub(in crate::snapshot) comment: Option<Comment>,
    pub(in crate::snapshot) header: Header,
    /// Records before the header or the first row that are titles and notes, where no header is declared.
    pub(in crate::snapshot) preamble: usize,
    /// Records between the header and the first row that are neither: a rule, or keys with their values.
    pub(in crate::snapshot) between: usize,
}

/// What begins a comment, where the first line begins with it.
const MARKS: [&str; 3] = ["#", "//", "%"];

/// Which lines are comments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::snapshot) struct Comment {
    pub(in crate::snapshot) start: String,
    /// When it was not declared, the table's width: a record of that width is no comment all the same.
    pub(in crate::snapshot) sniffed: Option<usize>,
}

/// Which records are the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::snapshot) enum Header {
    None,
    /// Those of these lines, joined by the text where there are several; what stands before the last of them is no data.
    Records(Vec<usize>, String),
}

impl Comment {
    /// Whether a record that starts with `first` and has `fields` fields is a comment.
    pub(in crate::snapshot) fn covers(&self, first: &str, fields: usize) -> bool {
        first.starts_with(&self.start) && self.sniffed != Some(fields)
    }
}

/// What the first records of a table are. The comments among them are taken out, and returned.
pub(in crate::snapshot) fn head(dialect: &Dialect, records: &mut Vec<Record>) -> (Head, Vec<Record>) {
    records.retain(|r| !dialect.comment_rows.contains(&(r.line as usize)));
    let comment = match &dialect.comment_char {
        Some(start) if start.is_empty() => None,
        Some(start) => Some(Comment { start: start.clone(), sniffed: None }),
        None => sniff_comment(records),
    };
    let mut notes = Vec::new();
    if let Some(comment) = &comment {
        (notes, *records) = std::mem::take(records).into_iter().partition(|r| comment.covers(&r.fields[0], r.fields.len()));
    }
    let (preamble, header, between) = find_header(dialect, records);
    (Head { comment, header, preamble, between }, notes)
}

/// What may begin comments in a text: as declared, where an empty mark says that nothing does, else as its first line begins
/// and not all do.
pub(super) fn mark<'a>(dialect: &'a Dialect, text: &[u8]) -> Option<&'a str> {
    let lines = || text.split(|b| matches!(b, b'\n' | b'\r')).filter(|line| !line.is_empty());
    let is_mark = |mark: &&str| text.starts_with(mark.as_bytes()) && lines().any(|line| !line.starts_with(mark.as_bytes()));
    let found = || MARKS.into_iter().find(is_mark).unwrap_or(MARKS[0]);
    Some(dialect.comment_char.as_deref().unwrap_or_else(found)).filter(|mark| !mark.is_empty())
}

/// How many records are titles, which are the header, and how many behind it are no rows: as declared, else as they show.
fn find_header(dialect: &Dialect, records: &[Record]) -> (usize, Header, usize) {
    let joint = dialect.header_join.clone().unwrap_or_else(|| " ".to_owned());
    if dialect.header == Some(false) {
        return (0, Header::None, 0);
    }
    if !dialect.header_rows.is_empty() && dialect.header_rows != [1] {
        return (0, Header::Records(dialect.header_rows.clone(), joint), 0);
    }
    let lines = |of: &[Record]| of.iter().map(|r| r.line as usize).collect::<Vec<_>>();
    if dialect.header == Some(true) || !dialect.header_rows.is_empty() || records.is_empty() {
        return (0, Header::Records(lines(&records[..records.len().min(1)]), joint), 0);
    }
    // A rule is none of the rows that tell, and belongs to what stands above it when that is the header.
    if let Some(rule) = records.iter().take(TOP).position(is_rule) {
        let others: Vec<Record> = records.iter().enumerate().filter(|(i, _)| *i != rule).map(|(_, r)| r.clone()).collect();
        let (titles, header, between) = shown(&others);
        if header.start < header.end && header.end == rule {
            return (titles, Header::Records(lines(&records[header]), joint), between + 1);
        }
    }
    let (mut titles, mut header, between) = shown(records);
    // A note that begins as comments do and has delimiters in it is no row of the header.
    if header.len() > 1 && is_note(&records[header.start]) {
        (titles, header) = (titles + 1, header.start + 1..header.end);
    }
    if header.is_empty() { (titles, Header::None, 0) } else { (titles, Header::Records(lines(&records[header]), joint), between) }
}

/// Whether a record is a mark, words, and a blank behind each delimiter: `# Provisional, see below`.
fn is_note(record: &Record) -> bool {
    let first = record.fields[0].trim();
    let said = MARKS.into_iter().find_map(|mark| first.strip_prefix(mark));
    said.is_some_and(|said| said.starts_with(' ')) && record.fields[1..].iter().all(|f| f.starts_with(' '))
}

/// How many records are titles, which are the header, and how many behind it are no rows, as they show.
fn shown(records: &[Record]) -> (usize, Range<usize>, usize) {
    // A blank line is a row without cells.
    let mut rows: Vec<Vec<&str>> = Vec::with_capacity(records.len());
    for record in records {
        if record.apart && !rows.is_empty() {
            rows.push(Vec::new());
        }
        rows.push(record.fields.iter().map(String::as_str).collect());
    }
    let header::Head { titles, header, between } = header::head(&rows, width(records));
    let of_records = |to: usize| rows[..to].iter().filter(|r| !r.is_empty()).count();
    let (first, behind, body) = (of_records(titles), of_records(titles + header), of_records(titles + header + between));
    (first, first..behind, body - behind)
}

/// Whether a record is a rule under the names, as databases and text editors draw it: `---,-----` or `|---|:--|`.
fn is_rule(record: &Record) -> bool {
    let cells = || record.fields.iter().map(|f| f.trim()).filter(|f| !f.is_empty());
    let is_drawn = |cell: &str| cell.contains(['-', '=']) && cell.bytes().all(|b| b"-=+:| ".contains(&b));
    let drawn: usize = cells().map(str::len).sum();
    drawn > 2 && cells().all(is_drawn) && cells().any(|cell| cell.len() > 1) && cells().count() + 2 >= record.fields.len()
}

/// How many cells the rows of the table have: as most have, but not those of a table with more that stands below pairs of a key and a value,
/// behind a blank line or with as many rows as there are pairs.
fn width(records: &[Record]) -> usize {
    let most = width_of_most(records);
    let is_pair = |r: &Record| r.fields.len() <= 3 && header::filled(&r.fields) <= 2 && Look::of(&r.fields[0]) == Look::Word;
    let pairs = records.iter().take_while(|r| is_pair(r)).count();
    let below = &records[pairs..];
    let Some(first) = below.first().filter(|_| pairs > 0 && below.len() > 1) else { return most };
    let width = first.fields.len();
    let regular = below.iter().filter(|r| r.fields.len() == width).count();
    let is_table = width > most.max(2) && regular * 2 > below.len() && (first.apart || below.len() >= pairs);
    if is_table { width } else { most }
}

/// A mark starts comments when the first line starts with it and is not of the table's width.
fn sniff_comment(records: &[Record]) -> Option<Comment> {
    let first = records.first()?;
    let start = MARKS.into_iter().find(|mark| first.fields[0].starts_with(mark))?;
    let others: Vec<Record> = records.iter().filter(|r| !r.fields[0].starts_with(start)).cloned().collect();
    let width = width_of_most(&others);
    (width > 0 && first.fields.len() != width).then(|| Comment { start: start.to_owned(), sniffed: Some(width) })
}

#[cfg(test)]
mod tests {
    use super::super::tokenize::Syntax;
    use super::*;

    #[test]
    fn rules_are_told_from_missing_values() {
        for (line, want) in [
            ("--,----,-", true),
            ("---", true),
            ("----+------+---", true),
            (",---,:--,", true),
            ("===,===", true),
            ("-,-", false),
            ("-,-,-", false),
            ("--,,,", false),
            ("---,x", false),
            ("***,***", false),
        ] {
            let records = Syntax::default().records(line.as_bytes(), true, 1, None).all;
            assert_eq!(is_rule(&records[0]), want, "{line}");
        }
    }
}
