//! Lines that are quoted as a whole: a text of one column, or what some tools make of a table when they quote each line again.

use memchr::{memchr, memchr2, memmem, memrchr2};

use super::look::Look;
use super::record::Record;
use super::sniff::{LOOK, NEVER};
use super::tokenize::{End, Scan, Syntax};

/// What lines are of which each is one quoted text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    /// Texts, with delimiters or without.
    Texts,
    /// The lines of a table, which this syntax reads.
    Lines(Syntax),
}

/// What the lines of a text are when most of them are one quoted text each, and none is anything else that has delimiters. `None` when
/// they are not; `syntax` says how they end and what quotes them.
pub(super) fn whole(syntax: &Syntax, delimiters: &[u8], text: &[u8], last: bool, comment: Option<&str>) -> Option<Whole> {
    let read = |syntax: &Syntax| {
        let mut records = syntax.records(text, last, LOOK, comment);
        records.all.retain(|r| !comment.is_some_and(|c| r.fields[0].starts_with(c)));
        records
    };
    let records = read(&Syntax { delimiter: NEVER, ..syntax.clone() });
    let is_quoted = |r: &&Record| syntax.quote.is_some_and(|quote| text.get(r.start) == Some(&quote));
    let quoted = records.all.iter().filter(is_quoted).count();
    if records.odd + records.cut > 0 || quoted < 2 || quoted * 2 < records.all.len() {
        return None;
    }
    let of_lines = delimiters.iter().map(|d| Syntax { delimiter: *d, wrapped: true, ..syntax.clone() });
    let is_table = |syntax: &Syntax| {
        let records = read(syntax);
        records.odd + records.cut == 0 && are_rows(&records.all)
    };
    if let Some(lines) = of_lines.clone().find(is_table) {
        return Some(Whole::Lines(lines));
    }
    let is_parted = |r: &Record| delimiters.iter().any(|d| r.fields[0].as_bytes().contains(d));
    let are_texts = !records.all.iter().any(|r| !is_quoted(&r) && is_parted(r));
    are_texts.then_some(Whole::Texts)
}

/// Whether records are rows of a table, and no texts that happen to hold a delimiter each: they have one width, and three fields or more, or
/// names above values. Prose has a blank behind its commas.
fn are_rows(records: &[Record]) -> bool {
    let Some((first, below)) = records.split_first() else { return false };
    let width = first.fields.len();
    let is_prose = |r: &&Record| r.fields[1..].iter().any(|f| f.starts_with(' '));
    let has_value = |r: &Record| r.fields.iter().any(|f| Look::of(f).is_value());
    width > 1
        && !below.is_empty()
        && below.iter().all(|r| r.fields.len() == width)
        && records.iter().filter(is_prose).count() * 2 < records.len()
        && (width > 2 || !has_value(first) && below.iter().all(has_value))
}

impl Syntax {
    /// The field at `at` of a line that is quoted as a whole; one that is not is read as any other.
    pub(super) fn unwrapped(&self, text: &[u8], at: usize, last: bool, made: &mut Vec<u8>) -> Scan {
        let (feed, other) = self.line_ends.bytes();
        let quote = self.quote.unwrap_or(b'"');
        let stop = memchr2(feed, other, &text[at..]).map(|i| at + i);
        let next = match stop {
            Some(stop) => self.behind(text, stop, last),
            None => last.then_some(text.len()),
        };
        let Some(next) = next else { return Scan::Incomplete };
        let line = memrchr2(feed, other, &text[..at]).map_or(0, |i| i + 1);
        let end = line + self.without_return(&text[line..stop.unwrap_or(text.len())]);
        if end < line + 2 || text[line] != quote || text[end - 1] != quote {
            return Self { wrapped: false, ..self.clone() }.field(text, at, last, made);
        }
        let (from, to) = (at.max(line + 1), end - 1);
        let pair = [quote, quote];
        let ended = |at: usize| match stop {
            _ if at < to => (at + 1, End::Delimiter),
            Some(_) => (next, End::Line),
            None => (next, End::Text),
        };
        let begin = made.len();
        if !text[from..to].starts_with(&pair) {
            let end = memchr(self.delimiter, &text[from..to]).map_or(to, |i| from + i);
            let (next, ending) = ended(end);
            if memmem::find(&text[from..end], &pair).is_none() {
                return Scan::Field { start: from, len: end - from, made: false, next, end: ending, lines: 0, odd: false };
            }
            self.once(&text[from..end], made);
            return Scan::Field { start: begin, len: made.len() - begin, made: true, next, end: ending, lines: 0, odd: false };
        }
        // Within the field, a quote is written as two quotes, and so as four.
        let mut look = from + 2;
        let close = loop {
            let Some(hit) = memmem::find(&text[look..to], &pair).map(|i| look + i) else { break None };
            made.extend_from_slice(&text[look..hit]);
            if !text[hit + 2..to].starts_with(&pair) {
                break Some(hit + 2);
            }
            made.push(quote);
            look = hit + 4;
        };
        let Some(close) = close else {
            // It is not closed in its line: it is taken as it stands.
            made.truncate(begin);
            self.once(&text[from..to], made);
            let (next, end) = ended(to);
            return Scan::Field { start: begin, len: made.len() - begin, made: true, next, end, lines: 0, odd: true };
        };
        let stop = memchr(self.delimiter, &text[close..to]).map_or(to, |i| close + i);
        let odd = !text[close..stop].trim_ascii().is_empty();
        if odd {
            self.once(&text[close..stop], made);
        }
        let (next, end) = ended(stop);
        Scan::Field { start: begin, len: made.len() - begin, made: true, next, end, lines: 0, odd }
    }

    /// Makes one quote of each two.
    fn once(&self, text: &[u8], made: &mut Vec<u8>) {
        let quote = self.quote.unwrap_or(b'"');
        let mut from = 0;
        while let Some(hit) = memmem::find(&text[from..], &[quote, quote]) {
            made.extend_from_slice(&text[from..=from + hit]);
            from += hit + 2;
        }
        made.extend_from_slice(&text[from..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_quoted() {
        for (text, want) in [
            ("\"id,name,v\"\n\"1,a,5\"\n\"2,\"\"b,c\"\",6\"\n", "id|name|v/1|a|5/2|b,c|6"),
            ("\"a;b\"\r\n\"1;\"\"\"\"\"\"\"\"\"\r\n\"2;x\"\"y\"", "a|b/1|\"/2|x\"y"),
            ("\"a,b,c\"\n\"1,\"\"x\"\"\"\"y\"\",\"\n\",2,\"\"\"\"\"", "a|b|c/1|x\"y|/|2|"),
            ("\"a,b\"\n\"1,2\"\n", "a|b/1|2"),
            ("a,b,c\n\"1,2,3\"\n\"4,5,6\"\n", "a|b|c/1|2|3/4|5|6"),
            ("title\n\"Smith, John\"\n\"Doe, Jane\"\n", "texts"),
            ("\"Smith, John\"\n\"Doe, Jane\"\n", "texts"),
            ("\"Wert\"\n\"1,5\"\n\"2,5\"\n", "texts"),
            ("\"a\",\"b\"\n\"1\",\"2\"\n", "none"),
            ("name,place\n\"Smith, John\"\n\"Doe, Jane\"\n", "none"),
            ("a,b\n1,2\n", "none"),
        ] {
            let found = match whole(&Syntax::default(), b",;\t|", text.as_bytes(), true, None) {
                Some(Whole::Lines(syntax)) => {
                    let records = syntax.records(text.as_bytes(), true, 100, None).all;
                    records.iter().map(|r| r.fields.join("|")).collect::<Vec<_>>().join("/")
                }
                Some(Whole::Texts) => "texts".to_owned(),
                None => "none".to_owned(),
            };
            assert_eq!(found, want, "{text:?}");
        }
    }

    #[test]
    fn a_line_that_ends_late_is_incomplete() {
        let syntax = Syntax { wrapped: true, ..Syntax::default() };
        let text = b"\"ab,\"\"c,d\"\",e\"\r\n";
        for cut in 0..text.len() {
            assert_eq!(syntax.field(&text[..cut], 0, false, &mut Vec::new()), Scan::Incomplete, "{cut}");
        }
    }
}
