//! Sniffing: the syntax of delimited text that is not declared, from its first records. What a candidate reads is judged by how
//! regular its records are and how clean its cells; nothing is chosen that the text does not support.

use super::look::Look;
use super::record::{Record, Records};
use super::tokenize::{LineEnds, Syntax};
use super::wrapped::{Whole, whole};
use crate::descriptor::Dialect;
use crate::error::{Error, Kind, Result};

/// Delimiters that are looked for, in the order in which equals are preferred.
const DELIMITERS: &[u8] = b",;\t|";

/// Delimiters that text is full of, and Hive's: they are taken only where none of the others makes a table.
const RARE: &[u8] = b"\x01^~:";

/// What parts the cells of a text that has only one column: it stands in no text.
pub(super) const NEVER: u8 = 0x1f;

/// How many records are looked at.
pub(super) const LOOK: usize = 1000;

/// How many cells of them are judged.
const CELLS: usize = 4000;

/// What was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sniffed {
    pub(super) syntax: Syntax,
    /// The delimiter, when Excel's first line `sep=;` names it; that line is no record.
    pub(super) named: bool,
    /// Of the records looked at, how many of a thousand have the width of most.
    pub(super) regular: usize,
}

/// Completes what is declared by what `head` shows. `last` says that the head is the whole text; `comment` begins lines of notes,
/// when any do.
pub(super) fn sniff(dialect: &Dialect, head: &[u8], last: bool, comment: Option<&str>) -> Result<Sniffed> {
    let declared = Syntax {
        delimiter: dialect.delimiter.map(|c| ascii(c, "delimiter")).transpose()?.unwrap_or(b','),
        quote: match dialect.quote {
            Some(c) => Some(ascii(c, "quote character")?),
            None => Some(b'"'),
        },
        double_quote: dialect.double_quote.unwrap_or(true),
        escape: dialect.escape.map(|c| ascii(c, "escape character")).transpose()?,
        escapes_quotes_only: dialect.quote.is_some(),
        line_ends: match dialect.line_terminator.as_deref() {
            Some("\r") => LineEnds::Returns,
            Some("\n" | "\r\n") | None => LineEnds::Feeds,
            Some(other) => {
                return Err(Error::new(Kind::Descriptor, format!("the line terminator {other:?} is not one that is read"))
                    .with_hint("Declare the dialect's lineTerminator as \\n, \\r\\n or \\r, or leave it out."));
            }
        },
        skip_initial_space: dialect.skip_initial_space.unwrap_or(false),
        wrapped: false,
    };
    let named = if dialect.delimiter.is_none() { named_delimiter(head) } else { None };
    let body = &head[named.map_or(0, |(_, len)| len)..];
    let delimiters: Vec<u8> = match (dialect.delimiter, named) {
        (Some(_), _) => vec![declared.delimiter],
        (None, Some((delimiter, _))) => vec![delimiter],
        (None, None) => DELIMITERS.to_vec(),
    };
    let is_open = dialect.delimiter.is_none() && named.is_none();
    let view = View { body, last, comment };
    let ends = match dialect.line_terminator {
        Some(_) => vec![(declared.line_ends, 0)],
        None => line_ends(body),
    };
    let mut best: Option<Candidate> = None;
    for (line_ends, strays) in ends {
        for delimiter in &delimiters {
            let mut are_sound = false;
            for quote in quotes(dialect, &declared, body) {
                if quote.is_none() && are_sound {
                    continue;
                }
                let syntax = Syntax { delimiter: *delimiter, quote, line_ends, ..declared.clone() };
                let mut candidate = view.candidate(syntax, dialect.escape.is_none());
                are_sound |= candidate.sound;
                candidate.score -= (strays as f64 / candidate.records.max(1) as f64).min(1.0) / 2.0;
                if best.as_ref().is_none_or(|b| candidate.score > b.score) {
                    best = Some(candidate);
                }
            }
        }
    }
    let mut best = best.unwrap_or_else(|| view.candidate(declared.clone(), false));
    // No delimiter counts before quotes that hold each line together.
    let is_plain = best.width < 2 || best.syntax.quote.is_none();
    if is_plain && dialect.quote.is_none_or(|q| q == '"') && dialect.escape.is_none() {
        let quoting = Syntax { quote: Some(b'"'), double_quote: true, escape: None, ..best.syntax.clone() };
        match whole(&quoting, &delimiters, body, last, comment) {
            Some(Whole::Lines(syntax)) => return Ok(Sniffed { syntax, named: named.is_some(), regular: 1000 }),
            Some(Whole::Texts) => {
                let delimiter = if is_open { free(body) } else { best.syntax.delimiter };
                return Ok(Sniffed { syntax: Syntax { delimiter, ..quoting }, named: named.is_some(), regular: 1000 });
            }
            None => {}
        }
    }
    if is_open && !best.is_table() {
        for delimiter in RARE {
            let candidate = view.candidate(Syntax { delimiter: *delimiter, ..best.syntax.clone() }, false);
            if candidate.is_surely_table() {
                best = candidate;
                break;
            }
        }
    }
    if is_open && (best.width < 2 || view.are_decimals(&best)) {
        best.syntax.delimiter = free(body);
    }
    Ok(Sniffed { syntax: best.syntax, named: named.is_some(), regular: best.regular })
}

/// What parts the fields of a text of one column: a delimiter in some of its texts parts nothing.
fn free(body: &[u8]) -> u8 {
    if body.contains(&b',') { NEVER } else { b',' }
}

fn ascii(c: char, what: &str) -> Result<u8> {
    u8::try_from(c).ok().filter(u8::is_ascii).ok_or_else(|| {
        Error::new(Kind::Descriptor, format!("the {what} \"{c}\" is not an ASCII character"))
            .with_hint("Declare a single ASCII character in the dialect.")
    })
}

/// The delimiter that a first line `sep=;` names, and the length of that line.
pub(super) fn named_delimiter(head: &[u8]) -> Option<(u8, usize)> {
    let end = memchr::memchr2(b'\n', b'\r', head)?;
    let line = head[..end].trim_ascii();
    let line = line.strip_prefix(b"\"").and_then(|l| l.strip_suffix(b"\"")).unwrap_or(line);
    // A tab is no part of the trimmed line.
    let delimiter = match line.strip_prefix(b"sep=")? {
        [] => head[..end].contains(&b'\t').then_some(b'\t')?,
        [one] if one.is_ascii() && !one.is_ascii_alphanumeric() => *one,
        _ => return None,
    };
    let len = end + if head[end..].starts_with(b"\r\n") { 2 } else { 1 };
    Some((delimiter, len))
}

/// The ways in which lines may end, by what stands outside of quotes, each with the line ends that would then be text. CR among LF is
/// looked at both ways.
fn line_ends(body: &[u8]) -> Vec<(LineEnds, usize)> {
    let (mut feeds, mut returns, mut quoted) = (0, 0, false);
    for (i, byte) in body.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => feeds += 1,
            b'\r' if !quoted && body.get(i + 1) != Some(&b'\n') && i + 1 < body.len() => returns += 1,
            _ => {}
        }
    }
    if quoted {
        // The quotes are none, or one is never closed: all line ends count.
        feeds = memchr::memchr_iter(b'\n', body).count();
        returns = memchr::memchr_iter(b'\r', body).filter(|i| body.get(i + 1) != Some(&b'\n') && i + 1 < body.len()).count();
    }
    match (feeds, returns) {
        (_, 0) if feeds > 0 || !body.ends_with(b"\r") => vec![(LineEnds::Feeds, 0)],
        (0, _) => vec![(LineEnds::Returns, 0)],
        (_, _) => vec![(LineEnds::Feeds, returns), (LineEnds::Returns, feeds), (LineEnds::Mixed, 0)],
    }
}

/// The quote characters that may be meant: the usual one, and where a text has such signs at the edges of cells, `'` and none.
fn quotes(dialect: &Dialect, declared: &Syntax, body: &[u8]) -> Vec<Option<u8>> {
    if dialect.quote.is_some() {
        return vec![declared.quote];
    }
    let mut all = vec![declared.quote];
    let part = |b: Option<&u8>| b.is_none_or(|b| b",;\t|^~:\r\n".contains(b));
    let edges = |quote: u8| {
        let (mut opens, mut closes) = (0, 0);
        for i in memchr::memchr_iter(quote, body) {
            opens += usize::from(part(i.checked_sub(1).and_then(|i| body.get(i))));
            closes += usize::from(part(body.get(i + 1)));
        }
        (opens, closes)
    };
    let double = edges(b'"');
    let (opens, closes) = edges(b'\'');
    if opens >= 2 && closes * 2 >= opens && double.0 == 0 {
        all.push(Some(b'\''));
    }
    if body.contains(&b'"') {
        all.push(None);
    }
    all
}

/// The text that candidates read.
struct View<'a> {
    body: &'a [u8],
    last: bool,
    comment: Option<&'a str>,
}

/// One way to read the text, and how well it does.
struct Candidate {
    syntax: Syntax,
    width: usize,
    regular: usize,
    records: usize,
    clean: f64,
    /// Quotes stand at the edges of fields and hold no line ends: they are meant.
    sound: bool,
    score: f64,
}

impl View<'_> {
    fn read(&self, syntax: &Syntax) -> Records {
        let mut records = syntax.records(self.body, self.last, LOOK, self.comment);
        records.all.retain(|r| !self.comment.is_some_and(|c| r.fields[0].starts_with(c)));
        records
    }

    /// Whether what commas part are numbers with decimal commas, in one column with a name: `Temperature`, `12,5`, `13,25 %`.
    fn are_decimals(&self, candidate: &Candidate) -> bool {
        if candidate.syntax.delimiter != b',' || candidate.width != 2 {
            return false;
        }
        let records = self.read(&candidate.syntax).all;
        let Some((first, below)) = records.split_first() else { return false };
        let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        // Thousands may be parted by blanks.
        let is_whole = |text: &str| {
            let mut groups = text.strip_prefix('-').unwrap_or(text).split([' ', '\u{a0}', '\u{202f}']);
            groups.next().is_some_and(are_digits) && groups.all(|group| group.len() == 3 && are_digits(group))
        };
        let bare = |text: &str| text.trim_end_matches(['%', '‰', '€', '$', '£']).trim_end().to_owned();
        let is_decimal = |r: &Record| match r.fields.as_slice() {
            [whole, part] => is_whole(whole) && are_digits(&bare(part)),
            [whole] => is_whole(&bare(whole)),
            _ => false,
        };
        first.fields.len() == 1 && Look::of(&first.fields[0]) == Look::Word && !below.is_empty() && below.iter().all(is_decimal)
    }

    /// Judges a syntax. With `escapes`, a backslash is taken as escaping quotes when that leaves no text behind closing quotes.
    fn candidate(&self, syntax: Syntax, escapes: bool) -> Candidate {
        let mut records = self.read(&syntax);
        let mut syntax = syntax;
        if escapes && records.odd + records.cut > 0 && syntax.quote.is_some() && self.body.contains(&b'\\') {
            let escaping = Syntax { escape: Some(b'\\'), escapes_quotes_only: true, ..syntax.clone() };
            let other = self.read(&escaping);
            if other.odd == 0 && other.cut + other.odd < records.cut + records.odd {
                (syntax, records) = (escaping, other);
            }
        }
        let width = width_of_most(&records.all);
        let count = records.all.len();
        let regular = records.all.iter().filter(|r| r.fields.len() == width).count();
        let first = records.all.first().is_some_and(|r| r.fields.len() == width);
        let clean = self.clean(&records.all, &syntax);
        let mut share = if count == 0 { 0.0 } else { regular as f64 / count as f64 };
        if count < LOOK {
            // Records that quotes swallow are none that were read.
            let read = records.all.last().map_or(0, |r| r.end);
            share *= read as f64 / self.body.len().max(1) as f64;
        }
        let mut score = share * clean + f64::from(u8::from(first)) / 4.0 + width.min(50) as f64 / 1000.0;
        score -= (records.odd + records.cut) as f64 / count.max(1) as f64 / 2.0;
        if syntax.line_ends == LineEnds::Mixed {
            // A CR within a cell is rarer than text that is cut at it.
            score -= 0.01;
        }
        if syntax.quote.is_none() {
            // Signs that open nothing are rarer than a quote that is not closed.
            score -= 0.2;
        }
        if width < 2 {
            score = -1.0 + score / 100.0;
        }
        let sound = records.odd + records.cut == 0 && syntax.quote.is_some_and(|quote| self.are_closed_in_lines(quote));
        Candidate { syntax, width, regular: regular * 1000 / count.max(1), records: count, clean, sound, score }
    }

    /// Whether each line holds an even number of quotes; one that the head cuts off says nothing.
    fn are_closed_in_lines(&self, quote: u8) -> bool {
        let end = if self.last { None } else { memchr::memrchr2(b'\n', b'\r', self.body) };
        let mut lines = self.body[..end.unwrap_or(self.body.len())].split(|b| matches!(b, b'\n' | b'\r'));
        lines.all(|line| memchr::memchr_iter(quote, line).count().is_multiple_of(2))
    }

    /// The share of cells that are one thing: a value, a name, a text. What holds another delimiter, or quotes at its edges, is not.
    fn clean(&self, records: &[Record], syntax: &Syntax) -> f64 {
        let cells = records.iter().flat_map(|r| &r.fields).take(CELLS);
        let (mut all, mut clean) = (0, 0.0);
        let others: Vec<char> = DELIMITERS.iter().filter(|d| **d != syntax.delimiter).map(|d| char::from(*d)).collect();
        for cell in cells {
            all += 1;
            let text = cell.trim();
            let quoted = text.len() > 1 && ['"', '\''].iter().any(|q| text.starts_with(*q) && text.ends_with(*q));
            let parted = || text.replace(", ", " ").contains(&others[..]);
            clean += match Look::of(text) {
                Look::Number | Look::Moment | Look::Boolean => 1.0,
                Look::Empty if !parted() => 0.95,
                Look::Empty | Look::Word if quoted => 0.3,
                Look::Word if !parted() => 0.95,
                Look::Empty | Look::Word => 0.5,
            };
        }
        if all == 0 { 0.0 } else { clean / f64::from(all) }
    }
}

impl Candidate {
    fn is_table(&self) -> bool {
        self.width > 1 && self.regular >= 700
    }

    /// A rare delimiter must part every record alike, and leave whole cells.
    fn is_surely_table(&self) -> bool {
        self.width > 1 && self.regular >= 990 && self.records >= 3 && self.clean >= 0.9 && self.syntax.delimiter != b':' || {
            self.syntax.delimiter == b':' && self.width > 2 && self.regular == 1000 && self.records >= 3 && self.clean >= 0.9
        }
    }
}

/// The most frequent number of fields, where more than one counts twice; of equally frequent ones the larger. 0 when there are no
/// records.
pub(super) fn width_of_most(records: &[Record]) -> usize {
    let mut counts = std::collections::BTreeMap::<usize, usize>::new();
    for record in records {
        *counts.entry(record.fields.len()).or_default() += 1;
    }
    // Notes have one field, and there are often as many of them as rows.
    let weight = |width: usize, count: usize| if width > 1 { count * 2 } else { count };
    counts.into_iter().max_by_key(|(width, count)| (weight(*width, *count), *width)).map_or(0, |(width, _)| width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniffed(text: &str) -> Syntax {
        sniff(&Dialect::default(), text.as_bytes(), true, Some("#")).expect("an undeclared dialect is never wrong").syntax
    }

    #[test]
    fn delimiters() {
        for (text, want) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2,5\n3,5;1\n", b';'),
            ("1,5;2,5;3,5\n1,5;2,7;3,1\n", b';'),
            ("a;b;c\n1,5;2,5;3,5\n1,5;2,7;3,1\n", b';'),
            ("a\tb\n1\t2\n", b'\t'),
            ("a|b|c\n1, x|2|3\n", b'|'),
            ("a^b\n1^x, y\n2^z\n", b'^'),
            ("a\u{1}b\n1\u{1}x, y\n2\u{1}z\n", 1),
            ("one\ntwo\n", b','),
            ("12:30\n12:45\n13:00\n", b','),
            ("", b','),
            ("\"a;b\",c\n\"d;e\",f\n", b','),
            ("name\nSmith\nDoe\nJones, J.\nMiller\n", NEVER),
            ("sep=;\na,x;b\n1,2;3\n", b';'),
            // Quotes hold a line together, and decimal commas a number.
            ("title\n\"Smith, John\"\n\"Doe, Jane\"\n\"Roe, Richard\"\n", NEVER),
            ("\"id,name,v\"\n\"1,a,5\"\n\"2,\"\"b,c\"\",6\"\n", b','),
            ("Temperatur\n12,5\n13,25\n-3,0\n4\n", NEVER),
            ("Title\na,b\n1,2\n3,4\n", b','),
        ] {
            assert_eq!(sniffed(text).delimiter, want, "{text:?}");
        }
    }

    #[test]
    fn quotes_and_escapes() {
        let (double, single, backslash) = (Some(b'"'), Some(b'\''), Some(b'\\'));
        for (text, quote, escape) in [
            ("a,b\n\"1,5\",2\n", double, None),
            ("a,b\n'1,5',2\n'2,5',3\n", single, None),
            ("a,b\n's-Hertogenbosch,2\n't Gooi,3\n", double, None),
            ("a,b\n1, \"x \\\" y\"\n2, \"x \"\" y\"\n", double, backslash),
            ("a,b\n\"c:\\\",2\n\"d:\\\",3\n", double, None),
            ("a|b\n\"The cell|1\nx \"y\" z|2\n\"more|3\nq|4\n", None, None),
            ("a,b\n6\" pipe,2\n8\" pipe,3\n", double, None),
        ] {
            let syntax = sniffed(text);
            assert_eq!((syntax.quote, syntax.escape), (quote, escape), "{text:?}");
        }
    }

    #[test]
    fn ends_of_lines() {
        for (text, want) in [
            ("a,b\n1,2\n", LineEnds::Feeds),
            ("a,b\r\n1,2\r\n", LineEnds::Feeds),
            ("a,b\r1,2\r", LineEnds::Returns),
            ("a,b\r\"1\n2\",3\r", LineEnds::Returns),
            ("a,b\r\n1,2\r3,4\n5,6\r", LineEnds::Mixed),
            ("a,b\n1,x\ry\n2,z\n3,q\n4,r\n", LineEnds::Feeds),
            ("a\r", LineEnds::Returns),
        ] {
            assert_eq!(sniffed(text).line_ends, want, "{text:?}");
        }
    }

    #[test]
    fn a_delimiter_that_is_no_ascii_character_is_named() {
        let dialect = Dialect { delimiter: Some('；'), ..Dialect::default() };
        let e = sniff(&dialect, b"", true, Some("#")).expect_err("not ASCII");
        assert_eq!((e.kind(), e.message()), (Kind::Descriptor, "the delimiter \"；\" is not an ASCII character"));
    }
}
