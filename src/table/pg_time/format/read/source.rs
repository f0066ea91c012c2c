//! The numbers and words of a text that is read by a template.

use crate::error::{Error, Kind, Result};

/// The text that is read, and how far.
pub struct Source<'a> {
    text: &'a str,
    pub rest: &'a str,
    /// Characters that were skipped more than the template has.
    pub skipped: i64,
}

impl<'a> Source<'a> {
    pub fn of(text: &'a str) -> Self {
        Self { text, rest: text, skipped: 0 }
    }

    pub fn skip_blanks(&mut self) {
        let rest = self.rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
        self.skipped += (self.rest.len() - rest.len()) as i64;
        self.rest = rest;
    }

    pub fn skip_char(&mut self) {
        let mut chars = self.rest.chars();
        chars.next();
        self.rest = chars.as_str();
    }

    pub fn before(&self) -> Option<char> {
        self.text[..self.text.len() - self.rest.len()].chars().next_back()
    }

    /// A number of a field: as many digits as there are where something else must follow, else `width` of them. Tells how many
    /// characters it took.
    pub fn number(&mut self, name: &str, width: usize, open: bool) -> Result<(i64, usize)> {
        let start = self.rest;
        let text = start.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let copy = text.char_indices().nth(width).map_or(text, |(at, _)| &text[..at]);
        let source = if open { text } else { copy };
        let sign = usize::from(source.starts_with(['+', '-']));
        let digits = source[sign..].bytes().take_while(u8::is_ascii_digit).count();
        let used = if digits == 0 { 0 } else { sign + digits };
        if !open {
            let have = copy.chars().count();
            if have < width {
                let detail = format!("Field requires {width} characters, but only {have} remain.");
                return Err(invalid(format!("source string too short for \"{name}\" formatting field"), &detail)
                    .with_hint("If your source string is not fixed-width, try using the \"FM\" modifier."));
            }
            if used > 0 && used < width {
                let detail = format!("Field requires {width} characters, but only {used} could be parsed.");
                return Err(invalid(format!("invalid value \"{copy}\" for \"{name}\""), &detail)
                    .with_hint("If your source string is not fixed-width, try using the \"FM\" modifier."));
            }
        }
        if used == 0 {
            return Err(invalid(format!("invalid value \"{copy}\" for \"{name}\""), "Value must be an integer."));
        }
        let value: i32 = source[..used].trim_start_matches('+').parse().map_err(|_| {
            Error::new(Kind::DatetimeOverflow, format!("value for \"{name}\" in source string is out of range"))
                .with_detail(format!("Value must be in the range {} to {}.", i32::MIN, i32::MAX))
        })?;
        self.rest = &text[used..];
        Ok((i64::from(value), start.len() - self.rest.len()))
    }

    /// One of some words, whatever their case.
    pub fn word<'w>(&mut self, name: &str, words: impl Iterator<Item = &'w str>) -> Result<usize> {
        for (i, word) in words.enumerate() {
            if self.rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)) {
                self.rest = &self.rest[word.len()..];
                return Ok(i);
            }
        }
        let shown = self.rest.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
        Err(invalid(
            format!("invalid value \"{shown}\" for \"{name}\""),
            "The given value did not match any of the allowed values for this field.",
        ))
    }
}

/// The error of a text that is not of its template's form.
pub fn invalid(message: String, detail: &str) -> Error {
    Error::new(Kind::InvalidDatetime, message).with_detail(detail)
}
