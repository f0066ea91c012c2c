//! Scanning: where the values of a JSON text start and end, without holding more of it than one value. What is in a value, and
//! whether it is valid, is seen by those who parse it.

use std::fs::File;
use std::io::Read;
use std::ops::Range;

use crate::error::{Error, Kind, Result};
use crate::snapshot::decode::Text;
use crate::snapshot::stop::Stop;

const CHUNK: usize = 1 << 18;

/// What to do about a text that ends too early.
const CUT_SHORT: &str = "It seems to be cut short: publish or fetch it again.";

/// Walks over one text, value by value.
pub(super) struct Scanner<'a> {
    url: &'a str,
    file: File,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    /// Where the buffer starts in the text.
    base: u64,
    line: u64,
    max_value: usize,
    /// Ends the walk between two pieces of the text.
    stop: Option<&'a Stop>,
}

impl<'a> Scanner<'a> {
    /// Starts at the beginning of `text`; a value is at most `max_value` bytes when it is kept.
    pub(super) fn open(text: &Text, url: &'a str, max_value: usize) -> Result<Self> {
        let file = text.open(url, 0)?;
        Ok(Self { url, file, buffer: Vec::new(), at: 0, ended: false, base: 0, line: 1, max_value, stop: None })
    }

    /// The same, asking `stop` now and then.
    pub(super) fn ended_by(self, stop: &'a Stop) -> Self {
        Self { stop: Some(stop), ..self }
    }

    /// The 1-based line.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Bytes from the start of the text.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// An error at this place.
    pub(super) fn error(&self, what: impl std::fmt::Display) -> Error {
        Error::new(Kind::SourceInvalid, format!("{}, line {}: {what}", self.url, self.line))
    }

    /// An error for what stands here in place of what is `wanted`.
    pub(super) fn unexpected(&mut self, wanted: &str) -> Error {
        match self.peek() {
            Ok(None) => self.error(format!("the text ends where {wanted} is expected")).with_hint(CUT_SHORT),
            Ok(Some(b'/' | b'#')) => {
                self.error("a comment stands there, which JSON does not have").with_hint("Publish it without comments.")
            }
            Ok(Some(byte)) if byte.is_ascii_graphic() => {
                self.error(format!("{wanted} is expected, and {:?} stands there", char::from(byte)))
            }
            Ok(Some(_)) => self.error(format!("{wanted} is expected")),
            Err(e) => e,
        }
    }

    fn too_long(&self, what: &str) -> Error {
        let e = self.error(format!("{what} is longer than {} bytes", self.max_value));
        e.with_hint("Raise the limit with --max-field-size, or name the member that holds the records in the dialect's property.")
    }

    fn fill(&mut self) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if let Some(stop) = self.stop {
            stop.check()?;
        }
        self.base += self.at as u64;
        self.at = 0;
        self.buffer.clear();
        let n = (&mut self.file).take(CHUNK as u64).read_to_end(&mut self.buffer)?;
        self.ended = n < CHUNK;
        Ok(n > 0)
    }

    /// The next byte.
    fn byte(&mut self) -> Result<Option<u8>> {
        if self.at == self.buffer.len() && !self.fill()? {
            return Ok(None);
        }
        Ok(Some(self.buffer[self.at]))
    }

    fn advance(&mut self, byte: u8) {
        self.line += u64::from(byte == b'\n');
        self.at += 1;
    }

    /// The next byte that is no white space, nor the mark before a text of a sequence (RFC 7464); `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>> {
        while let Some(byte) = self.byte()? {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x1e) {
                return Ok(Some(byte));
            }
            self.advance(byte);
        }
        Ok(None)
    }

    /// Passes over `wanted`, and the white space before it; false when something else stands there.
    pub(super) fn take(&mut self, wanted: u8) -> Result<bool> {
        let here = self.peek()? == Some(wanted);
        if here {
            self.advance(wanted);
        }
        Ok(here)
    }

    /// Passes over one value, whose text is added to `out` when given.
    pub(super) fn value(&mut self, mut out: Option<&mut Vec<u8>>) -> Result<()> {
        // What else begins no value is seen by those who parse it.
        if matches!(self.peek()?, None | Some(b'/' | b'#' | b',' | b':' | b']' | b'}')) {
            return Err(self.unexpected("a value"));
        }
        let limit = out.as_ref().map_or(usize::MAX, |o| o.len().saturating_add(self.max_value));
        let (mut depth, mut in_string, mut escaped, mut started) = (0_usize, false, false, false);
        loop {
            let Some(_) = self.byte()? else {
                if started && depth == 0 && !in_string {
                    return Ok(());
                }
                return Err(self.error("the text ends inside a value").with_hint(CUT_SHORT));
            };
            let start = self.at;
            let mut done = false;
            while let Some(byte) = self.buffer.get(self.at).copied() {
                if in_string {
                    self.advance(byte);
                    if escaped {
                        escaped = false;
                    } else if byte == b'\\' {
                        escaped = true;
                    } else if byte == b'"' {
                        in_string = false;
                        done = depth == 0;
                    }
                } else {
                    match byte {
                        b'"' => in_string = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' if depth > 0 => {
                            depth -= 1;
                            done = depth == 0;
                        }
                        // What ends a number or a word is not part of it.
                        b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' | b':' if depth == 0 => {
                            if let Some(out) = out.as_deref_mut() {
                                out.extend_from_slice(&self.buffer[start..self.at]);
                            }
                            return Ok(());
                        }
                        _ => {}
                    }
                    self.advance(byte);
                }
                started = true;
                if done {
                    break;
                }
            }
            if let Some(out) = out.as_deref_mut() {
                out.extend_from_slice(&self.buffer[start..self.at]);
                if out.len() > limit {
                    return Err(self.too_long("a value"));
                }
            }
            if done {
                return Ok(());
            }
        }
    }

    /// Reads the name of an object's member and the colon behind it.
    pub(super) fn name(&mut self) -> Result<String> {
        let mut raw = Vec::new();
        if self.peek()? != Some(b'"') {
            return Err(self.unexpected("a name in quotes"));
        }
        self.value(Some(&mut raw))?;
        let name = serde_json::from_slice(&raw).map_err(|e| self.error(e))?;
        if self.take(b':')? { Ok(name) } else { Err(self.unexpected("a colon")) }
    }

    /// Passes over an array; how many items it has.
    pub(super) fn count(&mut self) -> Result<u64> {
        let mut items = 0;
        self.take(b'[')?;
        while !self.take(b']')? {
            self.value(None)?;
            self.take(b',')?;
            items += 1;
        }
        Ok(items)
    }

    /// Moves to the value that the names of members, and the places of items counted from 0, lead to. What ends each object and array
    /// around it, from the outside in; `None` when there is no such value.
    pub(super) fn seek(&mut self, path: &[String]) -> Result<Option<Vec<u8>>> {
        let mut ends = Vec::with_capacity(path.len());
        for step in path {
            if self.take(b'{')? {
                loop {
                    if self.take(b'}')? {
                        return Ok(None);
                    }
                    if self.name()? == *step {
                        break;
                    }
                    self.value(None)?;
                    self.take(b',')?;
                }
                ends.push(b'}');
                continue;
            }
            let Ok(place) = step.parse::<u64>() else { return Ok(None) };
            if !self.take(b'[')? {
                return Ok(None);
            }
            for _ in 0..place {
                if self.peek()? == Some(b']') {
                    return Ok(None);
                }
                self.value(None)?;
                self.take(b',')?;
            }
            if self.peek()? == Some(b']') {
                return Ok(None);
            }
            ends.push(b']');
        }
        Ok(Some(ends))
    }

    /// Adds the next line that is not blank to `out`, without its line end; false at the end.
    pub(super) fn next_line(&mut self, out: &mut Vec<u8>) -> Result<bool> {
        if self.peek()?.is_none() {
            return Ok(false);
        }
        let limit = out.len().saturating_add(self.max_value);
        while self.byte()?.is_some() {
            let rest = &self.buffer[self.at..];
            let end = memchr::memchr(b'\n', rest);
            out.extend_from_slice(&rest[..end.unwrap_or(rest.len())]);
            if out.len() > limit {
                return Err(self.too_long("a line"));
            }
            self.at += end.unwrap_or(rest.len());
            if end.is_some() {
                return Ok(true);
            }
        }
        Ok(true)
    }
}

/// Where the objects and arrays of a line begin and end that stand one after the other in it; `None` when there is one at most, or when
/// anything else is there.
pub(super) fn several(line: &[u8]) -> Option<Vec<Range<usize>>> {
    // Outside of texts a record ends so only where another one follows: most lines are not walked over.
    let is_seam = |i: usize| line[i + 1..].trim_ascii_start().first().is_some_and(|b| matches!(b, b'{' | b'['));
    if !memchr::memchr2_iter(b'}', b']', line).any(is_seam) {
        return None;
    }
    let (mut found, mut start) = (Vec::new(), 0);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (i, byte) in line.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                if depth == 0 {
                    start = i;
                }
                depth += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    found.push(start..i + 1);
                }
            }
            _ if depth > 0 || byte.is_ascii_whitespace() => {}
            _ => return None,
        }
    }
    (depth == 0 && found.len() > 1).then_some(found)
}
