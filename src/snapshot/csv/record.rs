//! Records of a piece of text that is looked at whole: of the head, to find out how a file is written, and of the tail, for its footer. They
//! hold their fields as text, which the rows of a table never do.

use super::tokenize::{End, Scan, Syntax};

/// The records of a piece, as one syntax reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Records {
    pub(super) all: Vec<Record>,
    /// Fields with text behind their closing quote.
    pub(super) odd: usize,
    /// Lines that are left out, since a quote is opened in them and never closed.
    pub(super) cut: usize,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::snapshot) struct Record {
    /// The 1-based line on which it starts.
    pub(in crate::snapshot) line: u64,
    /// Where it is in the text, its line end included.
    pub(in crate::snapshot) start: usize,
    pub(in crate::snapshot) end: usize,
    /// A blank line stands before it.
    pub(in crate::snapshot) apart: bool,
    /// At least one.
    pub(in crate::snapshot) fields: Vec<String>,
}

impl Syntax {
    /// The records at the head of a text, at most `limit`; those without any field that holds text and without a delimiter are left
    /// out. A line that begins with `line_start` is read to its end without looking at quotes.
    pub(super) fn records(&self, text: &[u8], last: bool, limit: usize, line_start: Option<&str>) -> Records {
        let mut found = Records { all: Vec::new(), odd: 0, cut: 0 };
        let bare = Self { quote: None, ..self.clone() };
        let (mut at, mut line) = (0, 1);
        let mut made = Vec::new();
        let mut apart = false;
        'records: while at < text.len() && found.all.len() < limit {
            let mut record = Record { line, start: at, end: at, apart, fields: Vec::new() };
            let syntax = if line_start.is_some_and(|s| text[at..].starts_with(s.as_bytes())) { &bare } else { self };
            loop {
                made.clear();
                match syntax.field(text, at, last, &mut made) {
                    Scan::Field { start, len, made: is_made, next, end, lines, odd } => {
                        let bytes = if is_made { &made[start..start + len] } else { &text[start..start + len] };
                        record.fields.push(String::from_utf8_lossy(bytes).into_owned());
                        found.odd += usize::from(odd);
                        at = next;
                        line += lines;
                        if end != End::Delimiter {
                            break;
                        }
                    }
                    // As the reader does, the line is left out.
                    Scan::Incomplete | Scan::Unclosed => {
                        let Some(next) = self.line(text, record.start, last).filter(|_| last) else { return found };
                        found.cut += 1;
                        (at, line) = (next, record.line + 1);
                        continue 'records;
                    }
                }
            }
            line += 1;
            record.end = at;
            apart = record.fields.len() == 1 && record.fields[0].trim_ascii().is_empty();
            if !apart {
                found.all.push(record);
            }
        }
        found
    }
}
