//! The dialect of a delimited file: as declared, and what is not declared from the head of the file. Types are never taken from
//! here; a column's type needs the whole file.

use super::tokenize::{Record, Syntax};
use crate::descriptor::Dialect;
use crate::error::{Error, Kind, Result};

/// Delimiters that are looked for, in the order in which equals are preferred.
const DELIMITERS: &[u8] = b",;\t|";

/// How many records of the head are looked at.
const LOOK: usize = 1000;

/// All that reading a file needs to know of how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) syntax: Syntax,
    pub(super) comment: Option<Comment>,
    pub(super) header: Header,
    /// Records before the header or the first row that are titles and notes, where no header is declared.
    pub(super) preamble: usize,
}

/// What stands before a table's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::snapshot) struct Head {
    pub(in crate::snapshot) comment: Option<Comment>,
    pub(in crate::snapshot) header: Header,
    /// As [`Resolved::preamble`].
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
    /// 1-based records, joined by the text where there are several; what stands before the last of them is no data.
    Records(Vec<usize>, String),
}

/// What is declared, completed by what `head` shows. `last` says that the head is the whole text.
pub(super) fn resolve(dialect: &Dialect, head: &[u8], last: bool) -> Result<Resolved> {
    let mut syntax = Syntax {
        delimiter: dialect.delimiter.map(|c| ascii(c, "delimiter")).transpose()?.unwrap_or(b','),
        quote: match dialect.quote {
            Some(c) => Some(ascii(c, "quote character")?),
            None => Some(b'"'),
        },
        double_quote: dialect.double_quote.unwrap_or(true),
        escape: dialect.escape.map(|c| ascii(c, "escape character")).transpose()?,
        carriage_returns: match dialect.line_terminator.as_deref() {
            Some(end) => end == "\r",
            None => !head.contains(&b'\n') && head.contains(&b'\r'),
        },
        skip_initial_space: dialect.skip_initial_space.unwrap_or(false),
    };
    if dialect.delimiter.is_none() {
        let declared = dialect.comment_char.as_deref().unwrap_or("#");
        syntax.delimiter = sniff_delimiter(&syntax, head, last, declared);
    }
    let mut records = syntax.records(head, last, LOOK);
    let Head { comment, header, preamble } = self::head(dialect, &mut records);
    Ok(Resolved { syntax, comment, header, preamble })
}

/// What the first records of a table are, by what is declared and what they look like. Comments are taken out of `records`.
/// Spreadsheets ask this too.
pub(in crate::snapshot) fn head(dialect: &Dialect, records: &mut Vec<Record>) -> Head {
    let comment = match &dialect.comment_char {
        Some(start) if start.is_empty() => None,
        Some(start) => Some(Comment { start: start.clone(), sniffed: None }),
        None => sniff_comment(records),
    };
    if let Some(comment) = &comment {
        records.retain(|r| !comment.covers(&r.fields[0], r.fields.len()));
    }
    let mut preamble = 0;
    let header = if dialect.header == Some(false) {
        Header::None
    } else if !dialect.header_rows.is_empty() {
        Header::Records(dialect.header_rows.clone(), dialect.header_join.clone().unwrap_or_else(|| " ".to_owned()))
    } else if dialect.header == Some(true) {
        Header::Records(vec![1], String::new())
    } else {
        preamble = titles(records);
        if has_header(&records[preamble..]) { Header::Records(vec![1], String::new()) } else { Header::None }
    };
    Head { comment, header, preamble }
}

impl Comment {
    /// Whether a record that starts with `first` and has `fields` fields is a comment.
    pub(in crate::snapshot) fn covers(&self, first: &str, fields: usize) -> bool {
        first.starts_with(&self.start) && self.sniffed != Some(fields)
    }
}

fn ascii(c: char, what: &str) -> Result<u8> {
    u8::try_from(c).ok().filter(u8::is_ascii).ok_or_else(|| {
        Error::new(Kind::Descriptor, format!("the {what} \"{c}\" is not an ASCII character"))
            .with_hint("Declare a single ASCII character in the dialect.")
    })
}

/// The delimiter under which most records have one width, more than one, and the first record has it too.
fn sniff_delimiter(syntax: &Syntax, head: &[u8], last: bool, comment: &str) -> u8 {
    let mut best = (0.0, b',');
    for delimiter in DELIMITERS {
        let candidate = Syntax { delimiter: *delimiter, ..syntax.clone() };
        let mut records = candidate.records(head, last, LOOK);
        records.retain(|r| !r.fields[0].starts_with(comment));
        let width = width_of_most(records.iter());
        if width < 2 {
            continue;
        }
        let regular = records.iter().filter(|r| r.fields.len() == width).count();
        let first = f64::from(u8::from(records.first().is_some_and(|r| r.fields.len() == width)));
        let score = regular as f64 / records.len() as f64 + first / 2.0 + width.min(50) as f64 / 1000.0;
        if score > best.0 {
            best = (score, *delimiter);
        }
    }
    best.1
}

/// The most frequent number of fields; of equally frequent ones the larger. 0 when there are no records.
fn width_of_most<'a>(records: impl Iterator<Item = &'a Record>) -> usize {
    let mut counts = std::collections::BTreeMap::<usize, usize>::new();
    for record in records {
        *counts.entry(record.fields.len()).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(width, count)| (*count, *width)).map_or(0, |(width, _)| width)
}

/// `#` starts a comment when the first line starts with it and is not of the table's width.
fn sniff_comment(records: &[Record]) -> Option<Comment> {
    let width = width_of_most(records.iter().filter(|r| !r.fields[0].starts_with('#')));
    let first = records.first()?;
    (first.fields[0].starts_with('#') && width > 0 && first.fields.len() != width)
        .then(|| Comment { start: "#".to_owned(), sniffed: Some(width) })
}

/// How many records at the head are titles and notes: they fill at most one field of a table that has several, and a record
/// that fills at least half of its fields comes after them.
fn titles(records: &[Record]) -> usize {
    let width = width_of_most(records.iter());
    let filled = |r: &Record| r.fields.iter().filter(|f| !f.trim_ascii().is_empty()).count();
    let is_title = |r: &Record| (filled(r) <= 1 && width > 2) || (r.fields.len() == 1 && width == 2);
    let count = records.iter().take_while(|r| is_title(r)).count();
    match records.get(count) {
        Some(next) if filled(next) * 2 >= width && count + 1 < records.len() => count,
        Some(_) | None => 0,
    }
}

/// Whether the first record names the columns: yes when some column has something else over values that are all of one kind, or
/// years over anything; no when the first record holds values itself; else yes, as most files have a header.
fn has_header(records: &[Record]) -> bool {
    let Some((first, rest)) = records.split_first() else { return true };
    let rest = &rest[..rest.len().min(100)];
    let mut values = 0;
    let mut years = 0;
    for (i, name) in first.fields.iter().enumerate() {
        let name = name.trim_ascii();
        let kind = Look::of(name);
        values += usize::from(kind != Look::Word);
        years += usize::from(is_year(name));
        let mut below =
            rest.iter().filter_map(|r| r.fields.get(i)).map(|f| f.trim_ascii()).filter(|f| !f.is_empty()).map(Look::of);
        let Some(of_first) = below.next() else { continue };
        let named = !name.is_empty() && name != "\\N" && of_first != Look::Word && of_first != kind;
        if named && below.all(|k| k == of_first) {
            return true;
        }
    }
    values == 0 || (years == values && years > 1 && years < first.fields.len())
}

/// What a field looks like, for telling names from values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Word,
    Number,
    Moment,
    Boolean,
}

impl Look {
    fn of(text: &str) -> Self {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let others = |of: &str| text.bytes().all(|b| b.is_ascii_digit() || of.as_bytes().contains(&b));
        if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
            Self::Boolean
        } else if digits == 0 {
            Self::Word
        } else if text.trim_end_matches('%').parse::<f64>().is_ok() {
            Self::Number
        } else if others("-+./: TZ") {
            Self::Moment
        } else {
            Self::Word
        }
    }
}

/// Whether a text could name a column: a word, a year, or nothing.
pub(in crate::snapshot) fn is_name(text: &str) -> bool {
    Look::of(text) == Look::Word || is_year(text)
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && matches!(text.parse(), Ok(1500..=2200))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str) -> Resolved {
        resolve(&Dialect::default(), text.as_bytes(), true).expect("an undeclared dialect is never wrong")
    }

    #[test]
    fn delimiters() {
        for (text, want) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2,5\n3,5;1\n", b';'),
            ("a\tb\n1\t2\n", b'\t'),
            ("a|b|c\n1, x|2|3\n", b'|'),
            ("one\ntwo\n", b','),
            ("", b','),
            ("\"a;b\",c\n\"d;e\",f\n", b','),
        ] {
            assert_eq!(resolved(text).syntax.delimiter, want, "{text:?}");
        }
    }

    #[test]
    fn headers() {
        for (text, header) in [
            ("id,name\n1,x\n", true),
            ("name,city\nx,y\n", true),
            ("1,x\n2,y\n", false),
            ("100022,b\n1,2\n", true),
            ("Country,1/22/20,1/23/20\nIT,0,1\n", true),
            ("03/12/20|03/13/20||PDT\n03/12/20|03/13/20||PDT\n", false),
            ("a,b\n", true),
            ("id,100022\nid1,TRUE\n", true),
            ("Country,2010,2011\nIT,0.5,1\n", true),
            ("2B,410,AER,2965\n2B,410,ASF,2966\n", false),
            ("id\n01\n002\n", true),
        ] {
            assert_eq!(resolved(text).header != Header::None, header, "{text:?}");
        }
    }

    #[test]
    fn preambles() {
        for (text, titles) in [
            ("Title,,\n,,\na,b,c\n1,2,3\n", 2),
            ("Title\na,b\n1,2\n", 1),
            ("a,b,c\n1,2,3\n", 0),
            ("a,,\n1,2,3\n", 0),
            ("Title,,\n", 0),
        ] {
            assert_eq!(resolved(text).preamble, titles, "{text:?}");
        }
    }

    #[test]
    fn comments() {
        for (text, comment) in [("# made by x\na,b\n1,2\n", true), ("#id,b\n1,2\n", false), ("a,b\n#1,2\n", false)] {
            assert_eq!(resolved(text).comment.is_some(), comment, "{text:?}");
        }
    }

    #[test]
    fn a_delimiter_that_is_no_ascii_character_is_named() {
        let dialect = Dialect { delimiter: Some('；'), ..Dialect::default() };
        let e = resolve(&dialect, b"", true).expect_err("not ASCII");
        assert_eq!((e.kind(), e.message()), (Kind::Descriptor, "the delimiter \"；\" is not an ASCII character"));
    }
}
