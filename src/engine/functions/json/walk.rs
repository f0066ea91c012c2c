//! Parts of a JSON text as they are written, without reading all of it.

use std::borrow::Cow;

use super::parse::{Bad, string};
use crate::error::{Error, Kind, Result};

/// What a JSON text is.
pub enum Kinds<'a> {
    Object(Vec<(Cow<'a, str>, &'a str)>),
    Array(Vec<&'a str>),
    Scalar(&'a str),
}

/// Takes the outermost level of a text apart.
pub fn open(text: &str) -> Result<Kinds<'_>> {
    let mut walk = Walk::new(text);
    match walk.peek() {
        Some(b'{') => {
            let mut members = Vec::new();
            walk.members(|key, value| members.push((key, value)))?;
            Ok(Kinds::Object(members))
        }
        Some(b'[') => {
            let mut elements = Vec::new();
            walk.elements(|value| {
                elements.push(value);
                true
            })?;
            Ok(Kinds::Array(elements))
        }
        Some(_) => Ok(Kinds::Scalar(text.trim())),
        None => Err(invalid()),
    }
}

/// The member of a key, as it is written; of equal keys the last one's.
pub fn member<'a>(text: &'a str, key: &str) -> Result<Option<&'a str>> {
    let (mut walk, mut found) = (Walk::new(text), None);
    match walk.peek() {
        Some(b'{') => walk.members(|of, value| {
            if of == key {
                found = Some(value);
            }
        })?,
        Some(_) => {}
        None => return Err(invalid()),
    }
    Ok(found)
}

/// The element of a place from 0, or from the end when it is negative.
pub fn element(text: &str, place: i64) -> Result<Option<&str>> {
    let (mut walk, mut found) = (Walk::new(text), None);
    if walk.peek() != Some(b'[') || place < 0 {
        return Ok(match open(text)? {
            Kinds::Array(all) => index(place, all.len()).and_then(|i| all.get(i).copied()),
            Kinds::Object(_) | Kinds::Scalar(_) => None,
        });
    }
    let mut left = place;
    walk.elements(|value| {
        if left == 0 {
            found = Some(value);
        }
        left -= 1;
        left >= 0
    })?;
    Ok(found)
}

/// A place from the beginning or, negative, from the end.
pub fn index(place: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    usize::try_from(if place < 0 { length + place } else { place }).ok()
}

/// What stands at the end of a path.
pub fn at_path<'a, 'p>(text: &'a str, path: impl Iterator<Item = Option<&'p str>>) -> Result<Option<&'a str>> {
    let mut here = text.trim();
    for step in path {
        let Some(step) = step else { return Ok(None) };
        let next = match here.as_bytes().first() {
            Some(b'{') => member(here, step)?,
            Some(b'[') => match step.trim().parse() {
                Ok(place) => element(here, place)?,
                Err(_) => None,
            },
            Some(_) => None,
            None => return Err(invalid()),
        };
        match next {
            Some(next) => here = next,
            None => return Ok(None),
        }
    }
    Ok(Some(here))
}

/// A value as `->>` gives it: a string without its quotes, nothing for `null`.
pub fn as_text(raw: &str) -> Result<Option<Cow<'_, str>>> {
    let raw = raw.trim();
    if raw == "null" {
        return Ok(None);
    }
    if !raw.starts_with('"') {
        return Ok(Some(raw.into()));
    }
    match string(raw) {
        Ok((text, _)) => Ok(Some(text.into())),
        Err(Bad::Zero) => Err(Error::new(Kind::InvalidCharacter, "unsupported Unicode escape sequence")
            .with_detail("\\u0000 cannot be converted to text.")),
        Err(Bad::Open | Bad::Said(_)) => Err(invalid()),
    }
}

fn invalid() -> Error {
    Error::new(Kind::InvalidText, "invalid input syntax for type json")
}

struct Walk<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str) -> Self {
        let mut walk = Self { text, at: 0 };
        walk.blanks();
        walk
    }

    /// Calls `each` with the members of the object that begins here.
    fn members(&mut self, mut each: impl FnMut(Cow<'a, str>, &'a str)) -> Result<()> {
        self.at += 1;
        self.blanks();
        while self.peek() != Some(b'}') {
            let key = self.key()?;
            self.blanks();
            self.expect(b':')?;
            each(key, self.value()?);
            self.next(b'}')?;
        }
        Ok(())
    }

    /// Calls `each` with the elements of the array that begins here, as long as it says so.
    fn elements(&mut self, mut each: impl FnMut(&'a str) -> bool) -> Result<()> {
        self.at += 1;
        self.blanks();
        while self.peek() != Some(b']') {
            if !each(self.value()?) {
                return Ok(());
            }
            self.next(b']')?;
        }
        Ok(())
    }

    /// Passes over the comma behind a value; what ends the object or array stays.
    fn next(&mut self, end: u8) -> Result<()> {
        self.blanks();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.blanks();
                Ok(())
            }
            Some(byte) if byte == end => Ok(()),
            Some(_) | None => Err(invalid()),
        }
    }

    /// A key, which is copied only where it has escapes.
    fn key(&mut self) -> Result<Cow<'a, str>> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(invalid());
        }
        self.string()?;
        let raw = self.text.get(start + 1..self.at - 1).ok_or_else(invalid)?;
        if !raw.contains('\\') {
            return Ok(Cow::Borrowed(raw));
        }
        string(&self.text[start..]).map(|(key, _)| Cow::Owned(key)).map_err(|_| invalid())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.peek() != Some(byte) {
            return Err(invalid());
        }
        self.at += 1;
        Ok(())
    }

    /// Passes over a value: brackets are counted, strings are passed whole.
    fn value(&mut self) -> Result<&'a str> {
        self.blanks();
        let start = self.at;
        let mut depth = 0usize;
        loop {
            match self.peek() {
                Some(b'"') => self.string()?,
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(b'}' | b']' | b',') if depth == 0 => break,
                Some(b' ' | b'\t' | b'\n' | b'\r') if depth == 0 => break,
                Some(_) => {
                    self.at += 1;
                    continue;
                }
                None => return if depth == 0 && self.at > start { Ok(&self.text[start..]) } else { Err(invalid()) },
            }
            if depth == 0 {
                break;
            }
        }
        let value = self.text.get(start..self.at).ok_or_else(invalid)?;
        if value.is_empty() { Err(invalid()) } else { Ok(value) }
    }

    fn string(&mut self) -> Result<()> {
        self.at += 1;
        loop {
            let rest = self.text.as_bytes().get(self.at..).ok_or_else(invalid)?;
            let next = memchr::memchr2(b'"', b'\\', rest).ok_or_else(invalid)?;
            self.at += next + 1;
            if rest[next] == b'"' {
                return Ok(());
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{as_text, at_path, element, member};

    #[test]
    fn parts_are_found_as_written() {
        let text = " {\"a\" : {\"b\":[1, \"x]\\\"\" , {\"c\":null}]}, \"a\\u0062\":2, \"n\": -1.5 }";
        assert_eq!(member(text, "ab").ok().flatten(), Some("2"));
        assert_eq!(member(text, "n").ok().flatten(), Some("-1.5"));
        let path = |path: &[&'static str]| at_path(text, path.iter().copied().map(Some)).ok().flatten();
        assert_eq!(path(&["a", "b", "1"]), Some("\"x]\\\"\""));
        assert_eq!(path(&["a", "b", "-1", "c"]), Some("null"));
        assert_eq!(path(&["a", "z"]), None);
        assert_eq!(element("[1,[2,3]]", -1).ok().flatten(), Some("[2,3]"));
        assert_eq!(as_text("\"x]\\\"\"").ok().flatten().as_deref(), Some("x]\""));
        assert!(member("{\"a\" 1}", "a").is_err());
    }
}
