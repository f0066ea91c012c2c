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
    /// The escape character escapes quotes and itself within quotes, and is text everywhere else.
    pub(super) escapes_quotes_only: bool,
    pub(super) line_ends: LineEnds,
    /// Blanks before a field are not part of it.
    pub(super) skip_initial_space: bool,
    /// Each line is quoted as a whole: its fields, quotes and all, stand within these quotes.
    pub(super) wrapped: bool,
}

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnds {
    /// LF, and CR LF.
    Feeds,
    /// CR alone.
    Returns,
    /// LF, CR LF and CR, mixed.
    Mixed,
}

impl LineEnds {
    /// The bytes that end lines; twice the same where there is one.
    pub(super) const fn bytes(self) -> (u8, u8) {
        match self {
            Self::Feeds => (b'\n', b'\n'),
            Self::Returns => (b'\r', b'\r'),
            Self::Mixed => (b'\n', b'\r'),
        }
    }

    /// How many lines end within `text`.
    pub(super) fn count(self, text: &[u8]) -> u64 {
        let of = |b: u8| memchr_iter(b, text).count();
        let count = match self {
            Self::Feeds => of(b'\n'),
            Self::Returns => of(b'\r'),
            Self::Mixed => of(b'\n') + memchr_iter(b'\r', text).filter(|i| text.get(i + 1) != Some(&b'\n')).count(),
        };
        count as u64
    }
}

impl Default for Syntax {
    fn default() -> Self {
        Self {
            delimiter: b',',
            quote: Some(b'"'),
            double_quote: true,
            escape: None,
            escapes_quotes_only: false,
            line_ends: LineEnds::Feeds,
            skip_initial_space: false,
            wrapped: false,
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
    /// A field: its bytes, in the made text when `made`; where the next one starts; line ends passed within. It is `odd` when text
    /// stands behind its closing quote.
    Field { start: usize, len: usize, made: bool, next: usize, end: End, lines: u64, odd: bool },
    /// The buffer ends before the field does.
    Incomplete,
    /// The text ends inside quotes.
    Unclosed,
}

/// Below this length a plain loop beats a call into memchr.
const SHORT: usize = 16;

impl Syntax {
    /// The field at `at`. With `last`, the buffer's end is the text's.
    pub(super) fn field(&self, text: &[u8], at: usize, last: bool, made: &mut Vec<u8>) -> Scan {
        if self.wrapped {
            return self.unwrapped(text, at, last, made);
        }
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
        if self.escape.is_some() && !self.escapes_quotes_only {
            return self.escaped(text, at, last, made);
        }
        let plain = |len, next, end| Scan::Field { start: at, len, made: false, next, end, lines: 0, odd: false };
        match self.stop(text, at) {
            Some(stop) if text[stop] == self.delimiter => plain(stop - at, stop + 1, End::Delimiter),
            Some(stop) => match self.behind(text, stop, last) {
                Some(next) => plain(self.without_return(&text[at..stop]), next, End::Line),
                None => Scan::Incomplete,
            },
            None if last => plain(self.without_return(&text[at..]), text.len(), End::Text),
            None => Scan::Incomplete,
        }
    }

    /// The next delimiter or line end.
    fn stop(&self, text: &[u8], at: usize) -> Option<usize> {
        let (delimiter, (feed, other)) = (self.delimiter, self.line_ends.bytes());
        let near = &text[at..text.len().min(at + SHORT)];
        for (i, b) in near.iter().enumerate() {
            if *b == delimiter || *b == feed || *b == other {
                return Some(at + i);
            }
        }
        let from = at + near.len();
        let rest = &text[from..];
        if feed == other { memchr2(delimiter, feed, rest) } else { memchr3(delimiter, feed, other, rest) }.map(|i| from + i)
    }

    pub(super) fn is_line_end(&self, byte: u8) -> bool {
        let (feed, other) = self.line_ends.bytes();
        byte == feed || byte == other
    }

    /// Where the line begins that follows the line end at `stop`; `None` when the buffer does not tell yet.
    pub(super) fn behind(&self, text: &[u8], stop: usize, last: bool) -> Option<usize> {
        if self.line_ends == LineEnds::Mixed && text[stop] == b'\r' {
            return match text.get(stop + 1) {
                Some(b'\n') => Some(stop + 2),
                None if !last => None,
                Some(_) | None => Some(stop + 1),
            };
        }
        Some(stop + 1)
    }

    pub(super) fn without_return(&self, field: &[u8]) -> usize {
        let has_return = self.line_ends == LineEnds::Feeds && field.last() == Some(&b'\r');
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
                let Some(next) = text.get(hit + 1) else {
                    made.truncate(made_start);
                    return open;
                };
                if self.escapes_quotes_only && *next != quote && *next != text[hit] {
                    look = hit + 1;
                    continue;
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
        let lines = self.line_ends.count(&text[start..close]);
        if copied {
            made.extend_from_slice(&text[from..close]);
        }
        let field = |made: &[u8], next, end| {
            if copied {
                Scan::Field { start: made_start, len: made.len() - made_start, made: true, next, end, lines, odd: false }
            } else {
                Scan::Field { start, len: close - start, made: false, next, end, lines, odd: false }
            }
        };
        // Blanks after the quote are passed over; anything else is taken as it stands, quotes and all.
        let (stop, end, next) = match self.stop(text, close + 1) {
            Some(stop) if text[stop] == self.delimiter => (stop, End::Delimiter, stop + 1),
            Some(stop) => match self.behind(text, stop, last) {
                Some(next) => (close + 1 + self.without_return(&text[close + 1..stop]), End::Line, next),
                None => {
                    made.truncate(made_start);
                    return Scan::Incomplete;
                }
            },
            None if last => (close + 1 + self.without_return(&text[close + 1..]), End::Text, text.len()),
            None => {
                made.truncate(made_start);
                return Scan::Incomplete;
            }
        };
        let tail = &text[close + 1..stop];
        if tail.iter().all(|b| *b == b' ' || *b == b'\t') {
            return field(made, next, end);
        }
        made.truncate(made_start);
        Scan::Field { start: at, len: stop - at, made: false, next, end, lines, odd: true }
    }

    /// A field without quotes in a dialect with an escape character, which also takes line ends into a field.
    fn escaped(&self, text: &[u8], start: usize, last: bool, made: &mut Vec<u8>) -> Scan {
        let escape = self.escape.unwrap_or(b'\\');
        let (made_start, mut from, mut look) = (made.len(), start, start);
        loop {
            let stop = self.stop(text, look).unwrap_or(text.len());
            if let Some(hit) = memchr(escape, &text[look..stop]).map(|i| look + i)
                && hit + 1 < text.len()
            {
                made.extend_from_slice(&text[from..hit]);
                from = hit + 1;
                // What ends a line is escaped as one.
                let is_pair = self.line_ends != LineEnds::Returns && text[from..].starts_with(b"\r\n");
                look = from + if is_pair { 2 } else { 1 };
                continue;
            }
            let ended = if stop == text.len() {
                last.then_some((End::Text, stop))
            } else if text[stop] == self.delimiter {
                Some((End::Delimiter, stop + 1))
            } else {
                self.behind(text, stop, last).map(|next| (End::Line, next))
            };
            let Some((end, next)) = ended else {
                made.truncate(made_start);
                return Scan::Incomplete;
            };
            let tail = &text[from..stop];
            let len = match end {
                End::Line | End::Text => self.without_return(tail),
                End::Delimiter => tail.len(),
            };
            if made.len() == made_start && from == start {
                return Scan::Field { start, len, made: false, next, end, lines: 0, odd: false };
            }
            made.extend_from_slice(&tail[..len]);
            let lines = self.line_ends.count(&text[start..stop]);
            return Scan::Field { start: made_start, len: made.len() - made_start, made: true, next, end, lines, odd: false };
        }
    }

    /// Where the line at `at` ends, its line end included; `None` when the buffer ends first.
    pub(super) fn line(&self, text: &[u8], at: usize, last: bool) -> Option<usize> {
        let (feed, other) = self.line_ends.bytes();
        let stop = if feed == other { memchr(feed, &text[at..]) } else { memchr2(feed, other, &text[at..]) };
        stop.and_then(|i| self.behind(text, at + i, last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records as `field|field`, one a line.
    fn show(syntax: &Syntax, text: &str) -> Vec<String> {
        syntax.records(text.as_bytes(), true, 100, None).all.into_iter().map(|r| r.fields.join("|")).collect()
    }

    #[test]
    fn fields() {
        let plain = Syntax::default();
        let escape = Syntax { escape: Some(b'\\'), ..Syntax::default() };
        let quotes_only = Syntax { escapes_quotes_only: true, ..escape.clone() };
        let returns = Syntax { line_ends: LineEnds::Returns, ..Syntax::default() };
        let mixed = Syntax { line_ends: LineEnds::Mixed, ..Syntax::default() };
        let trimmed = Syntax { skip_initial_space: true, ..Syntax::default() };
        let bare = Syntax { quote: None, ..Syntax::default() };
        let single = Syntax { quote: Some(b'\''), delimiter: b';', ..Syntax::default() };
        for (syntax, text, want) in [
            (&plain, "a,b\r\n1,2\r\n", &["a|b", "1|2"][..]),
            (&plain, "a,b\n1,", &["a|b", "1|"]),
            (&plain, "\"a\nb\",c", &["a\nb|c"]),
            (&plain, "\"a\"\"b\",\"\",\"\"\"\"", &["a\"b||\""]),
            (&plain, "1, \"x, y\" ,3\n", &["1|x, y|3"]),
            (&plain, "1,a \"b\" c,3\n", &["1|a \"b\" c|3"]),
            (&plain, "\"a\"b,c\r\n", &["\"a\"b|c"]),
            (&plain, "1, \"a \"b\" \"\"c\",d\n", &["1|\"a \"b\" \"\"c\"|d"]),
            (&plain, "\"a\"\r\nb\r\n", &["a", "b"]),
            (&plain, "\n\na,b\n \nc,d", &["a|b", "c|d"]),
            (&plain, "a,\"b", &[]),
            (&plain, "a,\"b\nc,d\n", &["c|d"]),
            (&plain, " a, b\n", &[" a| b"]),
            (&trimmed, " a, b\n", &["a|b"]),
            (&escape, "a\\,b,\"c\\\"d\"\n", &["a,b|c\"d"]),
            (&escape, "a\\\nb,c\r\nd\\\r\ne,f\\\\\r", &["a\nb|c", "d\r\ne|f\\"]),
            (&quotes_only, "a\\nb,\"c\\\"d\\n\\\\\"\n", &["a\\nb|c\"d\\n\\"]),
            (&returns, "a,b\r\"1\r2\",3\r", &["a|b", "1\r2|3"]),
            (&mixed, "a,b\r\n1,2\r3,\"4\r\n\"\n5,6\r", &["a|b", "1|2", "3|4\r\n", "5|6"]),
            (&bare, "\"a,b\"\n", &["\"a|b\""]),
            (&single, "'a;b';\"c\n", &["a;b|\"c"]),
            (&plain, "一,二\n", &["一|二"]),
        ] {
            assert_eq!(show(syntax, text), want, "{text:?}");
        }
    }

    #[test]
    fn a_buffer_that_ends_early_is_incomplete_at_every_place() {
        for line_ends in [LineEnds::Feeds, LineEnds::Mixed] {
            let syntax = Syntax { escape: Some(b'\\'), line_ends, ..Syntax::default() };
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

    #[test]
    fn lines_are_counted_as_they_end() {
        let escape = Syntax { escape: Some(b'\\'), ..Syntax::default() };
        let records = escape.records(b"a\\\nb,c\nd\\\r\n\\\ne,f\ng,h\n", true, 100, None).all;
        assert_eq!(records.iter().map(|r| r.line).collect::<Vec<_>>(), [1, 3, 6]);
        for (ends, count) in [(LineEnds::Feeds, 3), (LineEnds::Returns, 3), (LineEnds::Mixed, 4)] {
            assert_eq!(ends.count(b"a\r\nb\rc\nd\r\n"), count, "{ends:?}");
        }
    }
}
