//! Numbers read by a template (`to_number('1,234.5', '9,999.9')`).

use super::{Anchor, Mark, Template};
use crate::error::{Error, Kind, Result};

/// A text that is taken apart mark by mark.
struct Source<'a> {
    chars: std::iter::Peekable<std::str::Chars<'a>>,
    negative: bool,
    has_sign: bool,
    whole: String,
    fraction: String,
    has_point: bool,
}

impl Template {
    /// Digits behind the point that a number read by it has at most.
    pub fn decimals(&self) -> usize {
        self.fraction + self.shift
    }

    /// The number that a text stands for: its sign, its digits, and how many of them are behind the point. [`Kind::InvalidText`] for a text
    /// without digits, [`Kind::Unsupported`] for templates that only write.
    pub fn read(&self, text: &str) -> Result<(bool, String, usize)> {
        for (is_one, name) in [(self.is_exponent, "EEEE"), (self.is_roman, "RN")] {
            if is_one {
                return Err(Error::new(Kind::Unsupported, format!("\"{name}\" not supported for input")));
            }
        }
        let chars = text.chars().peekable();
        let mut source =
            Source { chars, negative: false, has_sign: false, whole: String::new(), fraction: String::new(), has_point: false };
        for mark in &self.marks {
            let Some(next) = source.chars.peek().copied() else { break };
            match mark {
                Mark::Digit(_) => source.digit(self, true),
                Mark::Point => source.digit(self, false),
                Mark::Comma | Mark::Group => {
                    source.chars.next_if_eq(&',');
                }
                Mark::Currency => source.pass(1),
                Mark::Ordinal(_) => source.pass(2),
                Mark::Minus if next == '-' => source.sign(),
                Mark::Plus if next == '+' => source.sign(),
                Mark::Sign if self.anchor == Anchor::None && matches!(next, '-' | '+') => source.sign(),
                Mark::Minus | Mark::Plus => source.pass(1),
                Mark::Char(_) => {
                    source.chars.next();
                }
                Mark::Sign | Mark::Silent | Mark::Roman(_) => {}
            }
        }
        let Source { negative, whole, fraction, .. } = source;
        if whole.is_empty() && fraction.is_empty() {
            return Err(Error::new(Kind::InvalidText, "invalid input syntax for type numeric: \" \""));
        }
        let decimals = fraction.len() + self.shift;
        Ok((negative, whole + &fraction, decimals))
    }
}

impl Source<'_> {
    fn sign(&mut self) {
        self.negative = self.chars.next() == Some('-');
        self.has_sign = true;
    }

    /// Passes over so many characters at most that belong to no number.
    fn pass(&mut self, most: usize) {
        for _ in 0..most {
            if self.chars.next_if(|c| !matches!(c, '0'..='9' | '.' | ',' | '+' | '-')).is_none() {
                return;
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    /// A digit or the point, with a sign in front or behind; what is neither is passed over.
    fn digit(&mut self, template: &Template, may_be_signed: bool) {
        self.chars.next_if_eq(&' ');
        if may_be_signed && !self.has_sign && self.is_empty() {
            let is_minus = |c: &char| *c == '-' || (*c == '<' && template.bracket);
            if self.chars.next_if(is_minus).is_some() {
                (self.negative, self.has_sign) = (true, true);
            } else if self.chars.next_if_eq(&'+').is_some() {
                self.has_sign = true;
            }
        }
        let Some(next) = self.chars.next() else { return };
        match next {
            '0'..='9' if !self.has_point => self.whole.push(next),
            '0'..='9' if self.fraction.len() < template.fraction => self.fraction.push(next),
            '.' if template.has_point && !self.has_point => self.has_point = true,
            '-' | '+' if !self.has_sign && !self.is_empty() => (self.negative, self.has_sign) = (next == '-', true),
            _ => {}
        }
        // A sign behind the last digit.
        if next.is_ascii_digit()
            && template.anchor == Anchor::After
            && !self.has_sign
            && let Some(sign) = self.chars.next_if(|c| matches!(c, '-' | '+'))
        {
            (self.negative, self.has_sign) = (sign == '-', true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_postgresql_reads_them() {
        for (text, template, want) in [
            ("1.5", "9.999", Some("+15/1")),
            ("-34,338,492", "99G999G999", Some("-34338492/0")),
            ("<564646.654564>", "999999.999999PR", Some("-564646654564/6")),
            ("0.00001-", "9.999999S", Some("-000001/5")),
            ("5.01-", "FM9.999999S", Some("-501/2")),
            ("5 4 4 4 4 8 . 7 8", "9 9 9 9 9 9 . 9 9", Some("+54444878/2")),
            (".-01", "S99.99", Some("-01/2")),
            (" . 0 1-", " 9 9 . 9 9 S", Some("-01/2")),
            ("34,50", "999,99", Some("+3450/0")),
            ("$1,234.56", "L99,999.99", Some("+123456/2")),
            ("$1234.56", "L9,999.99", Some("+123456/2")),
            ("12,454.8-", "99G999D9S", Some("-124548/1")),
            ("42nd", "99th", Some("+42/0")),
            ("12345", "9,999", Some("+1234/0")),
            ("1234", "99V99", Some("+1234/2")),
            ("", "999", None),
            ("abc", "999", None),
            ("1e5", "9EEEE", None),
        ] {
            let found = Template::parse(template).and_then(|t| t.read(text)).ok();
            let shown = found.map(|(negative, digits, n)| format!("{}{digits}/{n}", if negative { '-' } else { '+' }));
            assert_eq!(shown.as_deref(), want, "{text} {template}");
        }
    }
}
