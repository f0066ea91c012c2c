//! The signs, words, numbers and texts of a path in `jsonb` (PostgreSQL's `jsonpath_scan.l`).

use super::number::Number;
use crate::error::{Error, Kind, Result};

/// A path's text, and how far it is read.
pub struct Scanner<'a> {
    text: &'a str,
    pub at: usize,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// What is not read yet.
    pub fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes behind blanks and comments.
    pub fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            match self.rest().strip_prefix("/*").and_then(|inside| inside.find("*/")) {
                Some(end) => self.at += end + 4,
                None => return,
            }
        }
    }

    pub fn unexpected(&mut self) -> Error {
        self.blanks();
        let rest = self.rest();
        let length = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
        let length = if length == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { length };
        Error::new(
            Kind::Syntax,
            match rest.get(..length).filter(|token| !token.is_empty()) {
                Some(token) => format!("syntax error at or near \"{token}\" of jsonpath input"),
                None => "syntax error at end of jsonpath input".to_owned(),
            },
        )
    }

    /// Goes behind a sign, if it is the next.
    pub fn takes(&mut self, sign: &str) -> bool {
        self.blanks();
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len() } else { 0 };
        found
    }

    pub fn expects(&mut self, sign: &str) -> Result<()> {
        if self.takes(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// The next word, gone behind.
    pub fn word(&mut self) -> Option<&'a str> {
        self.blanks();
        let rest = self.rest();
        let length = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).filter(|word| !word.is_empty())
    }

    /// Goes behind these words, if they are the next.
    pub fn takes_words(&mut self, words: &[&str]) -> bool {
        let start = self.at;
        let found = words.iter().all(|word| self.word().is_some_and(|found| found.eq_ignore_ascii_case(word)));
        if !found {
            self.at = start;
        }
        found
    }

    /// Whether nothing but blanks is left.
    pub fn is_at_end(&mut self) -> bool {
        self.blanks();
        self.rest().is_empty()
    }

    pub fn number(&mut self) -> Result<String> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let digits = |from: usize| bytes.get(from..).map_or(0, |b| b.iter().take_while(|b| b.is_ascii_digit()).count());
        let mut length = digits(0);
        if bytes.get(length) == Some(&b'.') && (length > 0 || digits(1) > 0) {
            length += 1 + digits(length + 1);
        }
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits(length + 1 + sign);
            if exponent > 0 {
                length += 1 + sign + exponent;
            }
        }
        if length == 0 || rest.get(length..).and_then(|behind| behind.chars().next()).is_some_and(is_of_word) {
            return Err(Error::new(
                Kind::Syntax,
                format!("trailing junk after numeric literal at or near \"{rest}\" of jsonpath input"),
            ));
        }
        self.at += length;
        Ok(Number::read(rest.get(..length).unwrap_or_default())?.text())
    }

    /// A text in double quotes.
    pub fn string(&mut self) -> Result<String> {
        self.expects("\"")?;
        let mut text = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((place, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += place + 1;
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, 'b')) => text.push('\u{8}'),
                    Some((_, 'f')) => text.push('\u{c}'),
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, 'v')) => text.push('\u{b}'),
                    Some((_, 'u')) => {
                        let digits: String = chars.by_ref().take(4).map(|(_, digit)| digit).collect();
                        let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                        text.push(
                            code.ok_or_else(|| Error::new(Kind::Syntax, "invalid Unicode escape value of jsonpath input"))?,
                        );
                    }
                    Some((_, other)) => text.push(other),
                    None => break,
                },
                other => text.push(other),
            }
        }
        Err(Error::new(Kind::Syntax, "unterminated quoted string of jsonpath input"))
    }
}

/// A character of a name, a keyword or a number.
pub fn is_of_word(c: char) -> bool {
    !c.is_whitespace() && !"?%$.[]{}()|&!=<>@#,*:-+/\"\\".contains(c)
}
