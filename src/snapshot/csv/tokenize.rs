//! The tokenizer: where the fields of delimited text are. It works on a buffer that may end in mid-record, makes no text but
//! where quotes or escapes must be taken out, and knows neither columns nor types.

use memchr::{memchr, memchr_iter, memchr2, memchr3};

/// How delimited text is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Syntax {
    pub(super) delimiter: u8,
    pub(super) quote: Option<u8>,
    /// Two quotes inside quotes are one.
    pub(super) double_quote: bool,
    pub(super) escape: Option<u8>,
    /// Lines end in CR alone.
    pub(super) carriage_returns: bool,
    /// Blanks before a field are not part of it.
    pub(super) skip_initial_space: bool,
}

impl Default for Syntax {
    fn default() -> Self {
        Self {
            delimiter: b',',
            quote: Some(b'"'),
            double_quote: true,
            escape: None,
            carriage_returns: false,
            skip_initial_space: false,
        }
    }
}

/// What ended a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Delimiter,
    Line,
    Text,
}

/// What stands at a place of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// A field: its bytes, in the made text when `made`; where the next one starts; line ends passed within.
    Field { start: usize, len: usize, made: bool, next: usize, end: End, lines: u64 },
    /// The buffer ends before the field does.
    Incomplete,
    /// The text ends inside quotes.
    Unclosed,
}

/// Below this length a plain loop beats a call into memchr.
const SHORT: usize = 16;

impl Syntax {
    /// The byte that ends lines.
    pub(super) fn line_end(&self) -> u8 {
        if self.carriage_returns { b'\r' } else { b'\n' }
    }

    /// The field at `at`. With `last`, the buffer's end is the text's.
    pub(super) fn field(&self, text: &[u8], at: usize, last: bool, made: &mut Vec<u8>) -> Scan {
        let mut at = at;
        let first = text.get(at);
        if first.is_some() && first == self.quote.as_ref() {
            return self.quoted(text, at, last, made);
        }
        if first == Some(&b' ') && self.delimiter != b' ' {
            let blanks = text[at..].iter().take_while(|b| **b == b' ').count();
            match text.get(at + blanks) {
                // Blanks between a delimiter and a quote belong to neither.
                Some(b) if Some(*b) == self.quote => return self.quoted(text, at + blanks, last, made),
                None if !last => return Scan::Incomplete,
                Some(_) | None if self.skip_initial_space => at += blanks,
                Some(_) | None => {}
            }
        }
        if self.escape.is_some() {
            return self.escaped(text, at, last, made);
        }
        match self.stop(text, at) {
            Some(stop) => self.ended(text, at, stop),
            None if last => {
                Scan::Field { start: at, len: text.len() - at, made: false, next: text.len(), end: End::Text, lines: 0 }
            }
            None => Scan::Incomplete,
        }
    }

    /// The next delimiter or line end.
    fn stop(&self, text: &[u8], at: usize) -> Option<usize> {
        let (delimiter, line_end) = (self.delimiter, self.line_end());
        let near = &text[at..text.len().min(at + SHORT)];
        for (i, b) in near.iter().enumerate() {
            if *b == delimiter || *b == line_end {
                return Some(at + i);
            }
        }
        let from = at + near.len();
        memchr2(delimiter, line_end, &text[from..]).map(|i| from + i)
    }

    /// A plain field from `start` to the delimiter or line end at `stop`.
    fn ended(&self, text: &[u8], start: usize, stop: usize) -> Scan {
        let (len, end) = if text[stop] == self.delimiter {
            (stop - start, End::Delimiter)
        } else {
            (self.without_return(&text[start..stop]), End::Line)
        };
        Scan::Field { start, len, made: false, next: stop + 1, end, lines: 0 }
    }

    fn without_return(&self, field: &[u8]) -> usize {
        let has_return = !self.carriage_returns && field.last() == Some(&b'\r');
        field.len() - usize::from(has_return)
    }

    /// A field in quotes that start at `at`.
    fn quoted(&self, text: &[u8], at: usize, last: bool, made: &mut Vec<u8>) -> Scan {
        let Some(quote) = self.quote else { return Scan::Incomplete };
        let open = if last { Scan::Unclosed } else { Scan::Incomplete };
        let (made_start, mut copied) = (made.len(), false);
        let start = at + 1;
        let mut from = start;
        let mut look = start;
        let close = loop {
            let hit = match self.escape.filter(|e| *e != quote) {
                Some(escape) => memchr2(quote, escape, &text[look..]),
                None => memchr(quote, &text[look..]),
            };
            let Some(hit) = hit.map(|i| look + i) else {
                made.truncate(made_start);
                return open;
            };
            if text[hit] != quote {
                // An escape: the next character stands for itself.
                if hit + 1 >= text.len() {
                    made.truncate(made_start);
                    return open;
                }
                made.extend_from_slice(&text[from..hit]);
                copied = true;
                from = hit + 1;
                look = hit + 2;
            } else if self.double_quote && text.get(hit + 1) == Some(&quote) {
                made.extend_from_slice(&text[from..=hit]);
                copied = true;
                from = hit + 2;
                look = from;
            } else {
                break hit;
            }
        };
        if close + 1 >= text.len() && !last {
            made.truncate(made_start);
            return Scan::Incomplete;
        }
        let lines = memchr_iter(self.line_end(), &text[start..close]).count() as u64;
        if copied {
            made.extend_from_slice(&text[from..close]);
        }
        let field = |made: &[u8], next, end| {
            if copied {
                Scan::Field { start: made_start, len: made.len() - made_start, made: true, next, end, lines }
            } else {
                Scan::Field { start, len: close - start, made: false, next, end, lines }
            }
        };
        match text.get(close + 1) {
            Some(b) if *b == self.delimiter => return field(made, close + 2, End::Delimiter),
            Some(b) if *b == self.line_end() => return field(made, close + 2, End::Line),
            Some(_) | None => {}
        }
        // Blanks after the quote are passed over; anything else is taken as it stands, quotes and all.
        let (stop, end, next) = match self.stop(text, close + 1) {
            Some(stop) if text[stop] == self.delimiter => (stop, End::Delimiter, stop + 1),
            Some(stop) => (close + 1 + self.without_return(&text[close + 1..stop]), End::Line, stop + 1),
            None if last => (text.len(), End::Text, text.len()),
            None => {
                made.truncate(made_start);
                return Scan::Incomplete;
            }
        };
        let tail = &text[close + 1..stop.max(close + 1)];
        if tail.iter().all(|b| *b == b' ' || *b == b'\t') {
            return field(made, next, end);
        }
        if !copied {
            made.extend_from_slice(&text[start..close]);
        }
        made.extend_from_slice(tail);
        Scan::Field { start: made_start, len: made.len() - made_start, made: true, next, end, lines }
    }

    /// A field without quotes in a dialect with an escape character.
    fn escaped(&self, text: &[u8], start: usize, last: bool, made: &mut Vec<u8>) -> Scan {
        let escape = self.escape.unwrap_or(b'\\');
        let (made_start, mut from, mut look) = (made.len(), start, start);
        loop {
            let hit = memchr3(self.delimiter, self.line_end(), escape, &text[look..]).map(|i| look + i);
            let (stop, end, next) = match hit {
                Some(i) if text[i] == escape && i + 1 < text.len() => {
                    made.extend_from_slice(&text[from..i]);
                    from = i + 1;
                    look = i + 2;
                    continue;
                }
                Some(i) if text[i] == self.delimiter => (i, End::Delimiter, i + 1),
                Some(i) if text[i] == self.line_end() => (i, End::Line, i + 1),
                Some(_) | None if last => (text.len(), End::Text, text.len()),
                Some(_) | None => {
                    made.truncate(made_start);
                    return Scan::Incomplete;
                }
            };
            let tail = &text[from..stop];
            let len = if end == End::Line { self.without_return(tail) } else { tail.len() };
            if made.len() == made_start && from == start {
                return Scan::Field { start, len, made: false, next, end, lines: 0 };
            }
            made.extend_from_slice(&tail[..len]);
            return Scan::Field { start: made_start, len: made.len() - made_start, made: true, next, end, lines: 0 };
        }
    }

    /// Where the line at `at` ends, its line end included; `None` when the buffer ends first.
    pub(super) fn line(&self, text: &[u8], at: usize) -> Option<usize> {
        memchr(self.line_end(), &text[at..]).map(|i| at + i + 1)
    }

    /// The records of a text that is whole, for looking at the head of a file; at most `limit`. A record that is never closed is
    /// left out. Each comes with its 1-based line and the offset of its end.
    pub(super) fn records(&self, text: &[u8], last: bool, limit: usize) -> Vec<Record> {
        let mut out = Vec::new();
        let (mut at, mut line) = (0, 1);
        let mut made = Vec::new();
        while at < text.len() && out.len() < limit {
            let mut record = Record { line, start: at, end: at, fields: Vec::new() };
            loop {
                made.clear();
                let Scan::Field { start, len, made: is_made, next, end, lines } = self.field(text, at, last, &mut made) else {
                    return out;
                };
                let bytes = if is_made { &made[start..start + len] } else { &text[start..start + len] };
                record.fields.push(String::from_utf8_lossy(bytes).into_owned());
                at = next;
                line += lines;
                if end != End::Delimiter {
                    break;
                }
            }
            line += 1;
            record.end = at;
            if record.fields.len() > 1 || !record.fields[0].trim_ascii().is_empty() {
                out.push(record);
            }
        }
        out
    }
}

/// A record of the head of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::snapshot) struct Record {
    pub(in crate::snapshot) line: u64,
    pub(in crate::snapshot) start: usize,
    pub(in crate::snapshot) end: usize,
    pub(in crate::snapshot) fields: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records as `field|field`, one a line.
    fn show(syntax: &Syntax, text: &str) -> Vec<String> {
        syntax.records(text.as_bytes(), true, 100).into_iter().map(|r| r.fields.join("|")).collect()
    }

    #[test]
    fn fields() {
        let plain = Syntax::default();
        let escape = Syntax { escape: Some(b'\\'), ..Syntax::default() };
        let returns = Syntax { carriage_returns: true, ..Syntax::default() };
        let trimmed = Syntax { skip_initial_space: true, ..Syntax::default() };
        let bare = Syntax { quote: None, ..Syntax::default() };
        for (syntax, text, want) in [
            (&plain, "a,b\r\n1,2\r\n", &["a|b", "1|2"][..]),
            (&plain, "a,b\n1,", &["a|b", "1|"]),
            (&plain, "\"a\nb\",c", &["a\nb|c"]),
            (&plain, "\"a\"\"b\",\"\",\"\"\"\"", &["a\"b||\""]),
            (&plain, "1, \"x, y\" ,3\n", &["1|x, y|3"]),
            (&plain, "1,a \"b\" c,3\n", &["1|a \"b\" c|3"]),
            (&plain, "\"a\"b,c\r\n", &["ab|c"]),
            (&plain, "\"a\"\r\nb\r\n", &["a", "b"]),
            (&plain, "\n\na,b\n \nc,d", &["a|b", "c|d"]),
            (&plain, "a,\"b", &[]),
            (&plain, " a, b\n", &[" a| b"]),
            (&trimmed, " a, b\n", &["a|b"]),
            (&escape, "a\\,b,\"c\\\"d\"\n", &["a,b|c\"d"]),
            (&returns, "a,b\r\"1\r2\",3\r", &["a|b", "1\r2|3"]),
            (&bare, "\"a,b\"\n", &["\"a|b\""]),
            (&plain, "一,二\n", &["一|二"]),
        ] {
            assert_eq!(show(syntax, text), want, "{text:?}");
        }
    }

    #[test]
    fn a_buffer_that_ends_early_is_incomplete_at_every_place() {
        let syntax = Syntax { escape: Some(b'\\'), ..Syntax::default() };
        let text = b"ab,\"c\"\"d\\\"e\" ,f\r\n";
        let mut made = Vec::new();
        for cut in 0..text.len() {
            let (mut at, mut fields) = (0, 0);
            while let Scan::Field { next, .. } = syntax.field(&text[..cut], at, false, &mut made) {
                at = next;
                fields += 1;
            }
            assert!(fields <= 2, "cut at {cut}: {fields} fields");
        }
    }
}
