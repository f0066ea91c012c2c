//! Tags: the elements of an XML text one after the other, without a tree and without holding more than one tag. Entities and
//! namespaces are left as they stand; well-formedness is seen by those who parse what was found.

use std::io::BufRead;

use crate::error::{Error, Kind, Result};

/// The longest tag, in bytes.
const MAX_TAG: usize = 1 << 20;

/// Walks over the tags of a text.
pub(super) struct Tags<'a, R> {
    input: R,
    url: &'a str,
    /// Bytes passed over.
    offset: u64,
    line: u64,
    tag: Vec<u8>,
    /// What was passed over since [`Self::keep`], when that was asked for, and how much of it may be kept.
    kept: Option<Vec<u8>>,
    most: usize,
}

/// One start tag, end tag or empty element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag<'t> {
    /// All between `<` and `>`.
    text: &'t [u8],
    /// Ends an element.
    pub(super) closing: bool,
    /// Begins and ends one.
    pub(super) empty: bool,
}

impl<'a, R: BufRead> Tags<'a, R> {
    /// Starts at the beginning of `input`, which `url` names in errors.
    pub(super) fn new(input: R, url: &'a str) -> Self {
        Self { input, url, offset: 0, line: 1, tag: Vec::new(), kept: None, most: 0 }
    }

    /// Bytes passed over so far.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Where the last tag starts.
    pub(super) fn start(&self) -> u64 {
        self.offset - self.tag.len() as u64 - 2
    }

    /// The 1-based line behind the last tag.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Keeps all from the last tag on, that one included; at most `most` bytes, more is an error.
    pub(super) fn keep(&mut self, most: usize) {
        let mut kept = Vec::with_capacity(self.tag.len() + 2);
        kept.push(b'<');
        kept.extend_from_slice(&self.tag);
        kept.push(b'>');
        self.kept = Some(kept);
        self.most = most;
    }

    /// What was kept, the last tag included.
    pub(super) fn kept(&mut self) -> Vec<u8> {
        self.kept.take().unwrap_or_default()
    }

    /// The next tag; `None` at the end. Comments, character data sections, declarations and text are passed over.
    pub(super) fn next(&mut self) -> Result<Option<Tag<'_>>> {
        loop {
            if !self.pass_to(b'<')? {
                return Ok(None);
            }
            self.tag.clear();
            let mut quote = None;
            loop {
                let Some(byte) = self.byte()? else { return Err(self.error("the text ends inside a tag")) };
                match (quote, byte) {
                    (Some(q), b) if q == b => quote = None,
                    (None, b'"' | b'\'') if !self.tag.starts_with(b"!") => quote = Some(byte),
                    (None, b'>') => break,
                    _ => {}
                }
                self.tag.push(byte);
                if self.tag.len() > MAX_TAG {
                    return Err(self.error(&format!("a tag is longer than {MAX_TAG} bytes")));
                }
                let end: &[u8] = match self.tag.as_slice() {
                    b"!--" => b"-->",
                    b"![CDATA[" => b"]]>",
                    b"?" => b"?>",
                    _ => continue,
                };
                self.pass_over(end)?;
                self.tag.clear();
                self.tag.push(b'!');
                break;
            }
            if self.tag.first() == Some(&b'!') {
                // A document type may declare entities between brackets; nothing here needs them.
                while self.tag.contains(&b'[') && !self.tag.trim_ascii_end().ends_with(b"]") {
                    self.tag.clear();
                    self.tag.push(b'[');
                    loop {
                        match self.byte()? {
                            Some(b'>') => break,
                            Some(b']') => self.tag.push(b']'),
                            Some(b) if !b.is_ascii_whitespace() => self.tag.truncate(1),
                            Some(_) => {}
                            None => return Err(self.error("the text ends inside a document type")),
                        }
                    }
                }
                continue;
            }
            let closing = self.tag.first() == Some(&b'/');
            let empty = self.tag.last() == Some(&b'/');
            return Ok(Some(Tag { text: &self.tag, closing, empty }));
        }
    }

    /// Passes over all up to and with `wanted`; false when the text ends before.
    fn pass_to(&mut self, wanted: u8) -> Result<bool> {
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let found = memchr::memchr(wanted, buffer);
            let passed = &buffer[..found.map_or(buffer.len(), |at| at + 1)];
            self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
            if let Some(kept) = &mut self.kept {
                kept.extend_from_slice(passed);
            }
            let len = passed.len();
            self.input.consume(len);
            self.offset += len as u64;
            self.check_kept()?;
            if found.is_some() {
                return Ok(true);
            }
        }
    }

    fn pass_over(&mut self, end: &[u8]) -> Result<()> {
        let (last, before) = end.split_last().expect("every section has an end");
        let mut seen: Vec<u8> = Vec::with_capacity(before.len());
        loop {
            let Some(byte) = self.byte()? else { return Err(self.error("the text ends inside a comment or a section")) };
            if byte == *last && seen == before {
                return Ok(());
            }
            seen.push(byte);
            if seen.len() > before.len() {
                seen.remove(0);
            }
        }
    }

    fn byte(&mut self) -> Result<Option<u8>> {
        let Some(byte) = self.input.fill_buf()?.first().copied() else { return Ok(None) };
        self.input.consume(1);
        self.offset += 1;
        self.line += u64::from(byte == b'\n');
        if let Some(kept) = &mut self.kept {
            kept.push(byte);
        }
        self.check_kept()?;
        Ok(Some(byte))
    }

    fn check_kept(&self) -> Result<()> {
        match &self.kept {
            Some(kept) if kept.len() > self.most => Err(self.error(&format!("an element is longer than {} bytes", self.most))),
            Some(_) | None => Ok(()),
        }
    }

    fn error(&self, what: &str) -> Error {
        Error::new(Kind::SourceInvalid, format!("{}, line {}: {what}", self.url, self.line))
    }
}

impl<'t> Tag<'t> {
    /// The element's name with its prefix.
    pub(super) fn name(&self) -> &'t [u8] {
        let text = self.text.strip_prefix(b"/").unwrap_or(self.text);
        let end = text.iter().position(|b| b.is_ascii_whitespace() || *b == b'/').unwrap_or(text.len());
        &text[..end]
    }

    /// The element's name without its prefix.
    pub(super) fn local_name(&self) -> &'t [u8] {
        let name = self.name();
        name.iter().position(|b| *b == b':').map_or(name, |at| &name[at + 1..])
    }

    /// The text of an attribute, entities as they stand; `name` includes the prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<&'t str> {
        let mut rest = &self.text[self.text.iter().position(u8::is_ascii_whitespace)?..];
        loop {
            rest = rest.trim_ascii_start();
            let equals = rest.iter().position(|b| *b == b'=')?;
            let key = rest[..equals].trim_ascii_end();
            rest = rest[equals + 1..].trim_ascii_start();
            let quote = *rest.first().filter(|b| matches!(b, b'"' | b'\''))?;
            let end = rest[1..].iter().position(|b| *b == quote)? + 1;
            if key == name.as_bytes() {
                return std::str::from_utf8(&rest[1..end]).ok();
            }
            rest = &rest[end + 1..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each tag as its name, with `/` before an end and behind an empty element.
    fn show(text: &str) -> String {
        let mut tags = Tags::new(text.as_bytes(), "f");
        let mut out = Vec::new();
        loop {
            match tags.next() {
                Ok(Some(tag)) => {
                    let name = String::from_utf8_lossy(tag.local_name()).into_owned();
                    out.push(format!("{}{name}{}", if tag.closing { "/" } else { "" }, if tag.empty { "/" } else { "" }));
                }
                Ok(None) => return out.join(" "),
                Err(e) => return e.to_string(),
            }
        }
    }

    #[test]
    fn tags_are_found() {
        for (text, want) in [
            ("<a><k:b x='>'/>t</a>", "a b/ /a"),
            ("<?xml version='1.0'?>\n<!-- <no> -- > --><a><![CDATA[<b>]]></a>", "a /a"),
            ("<!DOCTYPE a><a/>", "a/"),
            ("<!DOCTYPE a [<!ENTITY x \"<b>\"> ]><a/>", "a/"),
            ("<!DOCTYPE a [ ] ><a/>", "a/"),
            ("", ""),
            ("text", ""),
            ("<a", "f, line 1: the text ends inside a tag"),
            ("\n<!-- ", "f, line 2: the text ends inside a comment or a section"),
        ] {
            assert_eq!(show(text), want, "{text}");
        }
    }

    #[test]
    fn attributes_and_fragments() {
        let mut tags = Tags::new(&b"x<a n:b = \"1 2\" c='>'>\ny<d/></a>z"[..], "f");
        let tag = tags.next().expect("reads").expect("a tag");
        assert_eq!((tag.attribute("n:b"), tag.attribute("c"), tag.attribute("d")), (Some("1 2"), Some(">"), None));
        assert_eq!(tags.start(), 1);
        tags.keep(100);
        tags.next().expect("reads");
        tags.next().expect("reads");
        assert_eq!(tags.kept(), b"<a n:b = \"1 2\" c='>'>\ny<d/></a>");
        assert_eq!((tags.line(), tags.offset()), (2, 32));
        let mut tags = Tags::new(&b"<a>too long</a>"[..], "f");
        tags.next().expect("reads");
        tags.keep(5);
        assert_eq!(tags.next().expect_err("too long").message(), "f, line 1: an element is longer than 5 bytes");
    }
}
