//! Prefaces: which of a table's first records are comments, titles and header, by what is declared and else by how they show. Workbooks
//! ask this too.

use super::header;
use super::look::Look;
use super::record::Record;
use super::sniff::width_of_most;
use crate::descriptor::Dialect;

/// What stands before a table's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::snapshot) struct Head {
    pub(in crate::snapshot) comment: Option<Comment>,
    pub(in crate::snapshot) header: Header,
    /// Records before the header or the first row that are titles and notes, where no header is declared.
    pub(in crate::snapshot) preamble: usize,
}

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
    let (preamble, header) = find_header(dialect, records);
    (Head { comment, header, preamble }, notes)
}

/// How many records are titles, and which are the header: as declared, else as they show.
fn find_header(dialect: &Dialect, records: &[Record]) -> (usize, Header) {
    let joint = dialect.header_join.clone().unwrap_or_else(|| " ".to_owned());
    if dialect.header == Some(false) {
        return (0, Header::None);
    }
    if !dialect.header_rows.is_empty() && dialect.header_rows != [1] {
        return (0, Header::Records(dialect.header_rows.clone(), joint));
    }
    let lines = |of: &[Record]| of.iter().map(|r| r.line as usize).collect::<Vec<_>>();
    if dialect.header == Some(true) || !dialect.header_rows.is_empty() || records.is_empty() {
        return (0, Header::Records(lines(&records[..records.len().min(1)]), joint));
    }
    // A blank line is a row without cells.
    let mut rows: Vec<Vec<&str>> = Vec::with_capacity(records.len());
    for record in records {
        if record.apart && !rows.is_empty() {
            rows.push(Vec::new());
        }
        rows.push(record.fields.iter().map(String::as_str).collect());
    }
    let head = header::head(&rows, width(records));
    let of_records = |rows: &[Vec<&str>]| rows.iter().filter(|r| !r.is_empty()).count();
    let (titles, body) = (of_records(&rows[..head.titles]), of_records(&rows[..head.titles + head.header]));
    if titles == body { (titles, Header::None) } else { (titles, Header::Records(lines(&records[titles..body]), joint)) }
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

/// `#` starts a comment when the first line starts with it and is not of the table's width.
fn sniff_comment(records: &[Record]) -> Option<Comment> {
    let first = records.first().filter(|r| r.fields[0].starts_with('#'))?;
    let others: Vec<Record> = records.iter().filter(|r| !r.fields[0].starts_with('#')).cloned().collect();
    let width = width_of_most(&others);
    (width > 0 && first.fields.len() != width).then(|| Comment { start: "#".to_owned(), sniffed: Some(width) })
}
