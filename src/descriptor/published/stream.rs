//! The records of a JSON document, one after the other: a list of any length is read without being held, and a record that is broken
//! does not take the others with it.

use std::io::{self, BufRead};

use serde_json::{Map, Value};

use super::{Problem, Sink};
use crate::descriptor::property::{Properties, Report};

/// The longest record, and the most that is kept of what stands beside the records.
const LONGEST: usize = 256 << 20;

/// What stands beside the records of a document.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// The document's text with its lists of records emptied; the whole document when it has none. Empty for a top-level list and for
    /// JSON lines.
    pub(super) text: String,
    /// What [`Self::text`] holds.
    pub(super) map: Map<String, Value>,
    /// How many records there were, broken ones included.
    pub(super) count: usize,
    /// Whether a list of records was met.
    pub(super) listed: bool,
}

/// Reads a document that holds lists of objects at `paths` (such as `["result", "results"]`, by its members' names from the top), or that
/// is such a list itself, or a line of JSON for each object. `on` takes each object as it comes, with its text to the letter.
///
/// What is reported through the [`Properties`] goes to the sink after `on` returns. An object that is no JSON is a problem and left out;
/// so is, once, a document that is none or ends too early.
pub(super) fn elements(
    input: &mut dyn BufRead,
    file: &str,
    paths: &[&[&str]],
    sink: &mut dyn Sink,
    mut on: impl FnMut(Properties<'_>, &str, &mut dyn Sink) -> io::Result<()>,
) -> io::Result<Rest> {
    let report = Report::new(file);
    let mut rest = Rest::default();
    let mut deliver = |pointer: String, bytes: &[u8], sink: &mut dyn Sink| {
        if let Some((map, text)) = object(&report, &pointer, bytes) {
            on(Properties::new(&report, pointer, map), &text, sink)?;
        }
        report.take().into_iter().for_each(|problem| sink.problem(problem));
        Ok(())
    };
    let mut scan =
        Scan { input, paths, at: Vec::new(), kept: Vec::new(), element: Vec::new(), count: 0, listed: false, keeps: false };
    let outcome = scan.document(&mut |pointer, bytes| deliver(pointer, bytes, sink));
    (rest.count, rest.listed) = (scan.count, scan.listed);
    let kept = std::mem::take(&mut scan.kept);
    let problem = |pointer: &str, message: String| Problem { file: file.to_owned(), pointer: pointer.to_owned(), message };
    match outcome {
        Ok(()) if kept.is_empty() => {}
        Ok(()) => match object(&report, "", &kept) {
            Some((map, text)) => (rest.map, rest.text) = (map, text.into_owned()),
            None => report.take().into_iter().for_each(|problem| sink.problem(problem)),
        },
        Err(Stop::Io(error)) => return Err(error),
        Err(Stop::Broken(at, why)) => sink.problem(problem(&at, why)),
    }
    Ok(rest)
}

/// An object of its text. What is none is reported.
fn object<'t>(report: &Report, pointer: &str, bytes: &'t [u8]) -> Option<(Map<String, Value>, std::borrow::Cow<'t, str>)> {
    let text = String::from_utf8_lossy(bytes);
    if matches!(text, std::borrow::Cow::Owned(_)) {
        report.add(pointer, "some of the bytes are not UTF-8; they stand as \u{fffd}. Publish it as UTF-8");
    }
    if !text.starts_with('{') {
        let shown: String = text.chars().take(40).collect();
        report.add(pointer, format!("expected an object, found {shown}; left out"));
        return None;
    }
    match serde_json::from_str(&text) {
        Ok(map) => Some((map, text)),
        Err(e) => {
            report.add(pointer, format!("not JSON: {e}; left out"));
            None
        }
    }
}

/// Why a document is not read to its end.
enum Stop {
    Io(io::Error),
    /// Where, and what is wrong.
    Broken(String, String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

type Step<T = ()> = Result<T, Stop>;
type Deliver<'d> = dyn FnMut(String, &[u8]) -> io::Result<()> + 'd;

/// Finds where values start and end, by their brackets and quotes; whether they are JSON is seen when they are parsed.
struct Scan<'i> {
    input: &'i mut dyn BufRead,
    paths: &'i [&'i [&'i str]],
    /// The names that lead to where the scan is.
    at: Vec<String>,
    /// The document without its records.
    kept: Vec<u8>,
    /// One record, in a buffer that is used again.
    element: Vec<u8>,
    count: usize,
    listed: bool,
    /// Whether spaces are kept, as they are around what is no record.
    keeps: bool,
}

impl Scan<'_> {
    fn document(&mut self, deliver: &mut Deliver<'_>) -> Step {
        // A byte order mark may be passed over (RFC 8259).
        for mark in b"\xef\xbb\xbf" {
            if self.input.fill_buf()?.first() == Some(mark) {
                self.input.consume(1);
            }
        }
        match self.next()? {
            Some(b'[') => self.list(deliver)?,
            Some(b'{') => {
                self.members(deliver)?;
                if !self.listed && self.next()? == Some(b'{') {
                    return self.lines(deliver);
                }
            }
            Some(_) => return Err(self.broken("the document is no JSON: neither an object nor a list")),
            None => return Err(self.broken("the document is empty")),
        }
        match self.next()? {
            None => Ok(()),
            Some(_) => Err(self.broken("something follows the end of the JSON document; ignored")),
        }
    }

    /// JSON lines, the first of which was kept.
    fn lines(&mut self, deliver: &mut Deliver<'_>) -> Step {
        let first = std::mem::take(&mut self.kept);
        self.listed = true;
        self.count = 1;
        deliver("/0".to_owned(), &first)?;
        while let Some(byte) = self.next()? {
            if byte != b'{' {
                return Err(self.broken("expected an object on each line; the rest is left out"));
            }
            self.one(self.count, deliver)?;
        }
        Ok(())
    }

    /// An object on the way to the lists; all but the lists' records is kept.
    fn members(&mut self, deliver: &mut Deliver<'_>) -> Step {
        let outer = std::mem::replace(&mut self.keeps, true);
        self.keep()?;
        loop {
            match self.next()? {
                Some(b'}') => {
                    self.keeps = outer;
                    return self.keep();
                }
                Some(b',') => self.keep()?,
                Some(b'"') => {
                    let start = self.kept.len();
                    self.value_kept()?;
                    let name = String::from_utf8_lossy(self.kept[start..].trim_ascii_start()).trim_matches('"').to_owned();
                    if self.next()? != Some(b':') {
                        return Err(self.broken("the document is no JSON: a name without a value"));
                    }
                    self.keep()?;
                    self.at.push(name);
                    self.member(deliver)?;
                    self.at.pop();
                }
                Some(_) => return Err(self.broken("the document is no JSON: expected a name in quotes")),
                None => return Err(self.cut()),
            }
        }
    }

    fn member(&mut self, deliver: &mut Deliver<'_>) -> Step {
        let leads = |path: &&[&str]| path.len() >= self.at.len() && self.at.iter().zip(path.iter()).all(|(at, name)| at == name);
        let (mut ends, mut goes_on) = (false, false);
        for path in self.paths.iter().filter(|path| leads(path)) {
            ends |= path.len() == self.at.len();
            goes_on |= path.len() > self.at.len();
        }
        match self.next()? {
            Some(b'[') if ends => self.list(deliver),
            Some(b'{') if goes_on => self.members(deliver),
            Some(_) => self.value_kept(),
            None => Err(self.cut()),
        }
    }

    /// A list of records, of which only the brackets are kept.
    fn list(&mut self, deliver: &mut Deliver<'_>) -> Step {
        let is_top = self.at.is_empty();
        self.listed = true;
        self.bump(!is_top)?;
        let outer = std::mem::replace(&mut self.keeps, false);
        let mut index = 0;
        loop {
            match self.next()? {
                Some(b']') => {
                    self.keeps = outer;
                    return self.bump(!is_top);
                }
                Some(b',') => self.bump(false)?,
                Some(b'}') => return Err(self.broken("the document is no JSON: a list ends with a brace")),
                Some(_) => {
                    self.one(index, deliver)?;
                    index += 1;
                }
                None => return Err(self.cut()),
            }
        }
    }

    /// One record, the `index`th of its list.
    fn one(&mut self, index: usize, deliver: &mut Deliver<'_>) -> Step {
        self.count += 1;
        let mut element = std::mem::take(&mut self.element);
        element.clear();
        let whole = self.value(&mut element)?;
        let pointer = format!("{}/{index}", self.pointer());
        if !whole {
            return Err(Stop::Broken(
                pointer,
                "the document ends within this record, which is left out; is it whole?".to_owned(),
            ));
        }
        if element.len() > LONGEST {
            return Err(Stop::Broken(pointer, "the record is too long to be read; it and the rest are left out".to_owned()));
        }
        deliver(pointer, &element)?;
        self.element = element;
        Ok(())
    }

    /// The next byte that is no space, which stays.
    fn next(&mut self) -> Step<Option<u8>> {
        loop {
            let bytes = self.input.fill_buf()?;
            let Some(first) = bytes.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) else {
                let all = bytes.len();
                if all == 0 {
                    return Ok(None);
                }
                if self.keeps {
                    self.kept.extend_from_slice(bytes);
                }
                self.input.consume(all);
                continue;
            };
            let byte = bytes[first];
            if self.keeps {
                self.kept.extend_from_slice(&bytes[..first]);
            }
            self.input.consume(first);
            return Ok(Some(byte));
        }
    }

    /// Goes over the byte that [`Self::next`] told.
    fn bump(&mut self, keep: bool) -> Step {
        if keep {
            self.kept.extend(self.input.fill_buf()?.first());
        }
        self.input.consume(1);
        Ok(())
    }

    fn keep(&mut self) -> Step {
        self.bump(true)
    }

    fn value_kept(&mut self) -> Step {
        let mut kept = std::mem::take(&mut self.kept);
        let whole = self.value(&mut kept)?;
        self.kept = kept;
        if !whole {
            return Err(self.cut());
        }
        if self.kept.len() > LONGEST {
            return Err(self.broken("the document is too long to be read"));
        }
        Ok(())
    }

    /// Copies a value that starts at the next byte; whether it is there to its end.
    fn value(&mut self, out: &mut Vec<u8>) -> Step<bool> {
        let mut state = Ends::default();
        loop {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                // A number or a word ends with the document.
                return Ok(state.is_word());
            }
            let (taken, ended) = state.over(bytes);
            // What is too long is gone over, and not held.
            if out.len() <= LONGEST {
                out.extend_from_slice(&bytes[..taken]);
            }
            self.input.consume(taken);
            if ended {
                return Ok(true);
            }
        }
    }

    fn pointer(&self) -> String {
        self.at.iter().fold(String::new(), |pointer, name| pointer + "/" + &name.replace('~', "~0").replace('/', "~1"))
    }

    fn broken(&self, why: &str) -> Stop {
        Stop::Broken(self.pointer(), why.to_owned())
    }

    fn cut(&self) -> Stop {
        self.broken("the document ends too early; is it whole?")
    }
}

/// Where a value ends, over any number of pieces of its text.
#[derive(Default)]
struct Ends {
    depth: usize,
    in_text: bool,
    escaped: bool,
    begun: bool,
}

impl Ends {
    /// How many of the bytes belong to the value, and whether it ends with them.
    fn over(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut i = 0;
        while let Some(&byte) = bytes.get(i) {
            if self.in_text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_text = false;
                        if self.depth == 0 {
                            return (i + 1, true);
                        }
                    }
                    _ => {}
                }
                i += 1;
                continue;
            }
            match byte {
                b'"' if self.depth > 0 || !self.begun => self.in_text = true,
                b'{' | b'[' if self.depth > 0 || !self.begun => self.depth += 1,
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return (i + 1, true);
                    }
                }
                // A word has ended, unless it is none: then a byte is gone over, so that the scan gets on.
                b',' | b'}' | b']' | b'{' | b'[' | b'"' | b':' | b' ' | b'\n' | b'\r' | b'\t' if self.depth == 0 => {
                    return if self.begun { (i, true) } else { (i + 1, true) };
                }
                _ => {}
            }
            self.begun = true;
            i += 1;
        }
        (i, false)
    }

    fn is_word(&self) -> bool {
        self.begun && self.depth == 0 && !self.in_text
    }
}

#[cfg(test)]
mod tests;
