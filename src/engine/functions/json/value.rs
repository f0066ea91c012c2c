//! A JSON value, read with PostgreSQL's errors and written as `jsonb` is: keys by length and bytes, the last of equal ones, a blank
//! behind `:` and `,`.

use std::fmt::Write;

use crate::error::{Error, Kind, Result};

/// How deep values may nest.
const MAX_DEPTH: usize = 1_000;

/// The most bytes that may be indented: who gets more was not indented any further.
pub const MAX_PRETTY_BYTES: usize = 64 << 20;

/// The most digits of a number, as PostgreSQL's numeric has them.
const MAX_DIGITS: i64 = 131_072;

/// A JSON value; a number is its digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Json>),
    /// In the order of `jsonb`.
    Object(Vec<(String, Json)>),
}

/// Reads a text as `jsonb` does. [`Kind::InvalidText`] when it is no JSON.
pub fn parse(text: &str) -> Result<Json> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let value = parser.value()?;
    parser.blanks();
    if parser.at < text.len() {
        return Err(parser.unexpected("Expected end of input, but found"));
    }
    Ok(value)
}

impl Json {
    /// An object of these members; of equal keys the last counts.
    pub fn object(mut members: Vec<(String, Json)>) -> Self {
        members.reverse();
        members.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        members.dedup_by(|(a, _), (b, _)| a == b);
        Self::Object(members)
    }

    /// The member of a key.
    pub fn member(&self, key: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// Whether it is neither an array nor an object.
    pub fn is_scalar(&self) -> bool {
        !matches!(self, Self::Array(_) | Self::Object(_))
    }

    /// Writes it as `jsonb` is shown.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Self::Number(n) => out.push_str(n),
            Self::String(s) => quote(s, out),
            Self::Array(all) => {
                out.push('[');
                for (n, value) in all.iter().enumerate() {
                    if n > 0 {
                        out.push_str(", ");
                    }
                    value.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (n, (key, value)) in members.iter().enumerate() {
                    if n > 0 {
                        out.push_str(", ");
                    }
                    quote(key, out);
                    out.push_str(": ");
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// Writes it over several lines, four blanks a level.
    pub fn write_pretty(&self, level: usize, out: &mut String) {
        let line = |level: usize, out: &mut String| {
            out.push('\n');
            if out.len() <= MAX_PRETTY_BYTES {
                out.extend(std::iter::repeat_n(' ', level * 4));
            }
        };
        match self {
            Self::Array(all) => {
                out.push('[');
                for (n, value) in all.iter().enumerate() {
                    out.push_str(if n > 0 { "," } else { "" });
                    line(level + 1, out);
                    value.write_pretty(level + 1, out);
                }
                line(level, out);
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (n, (key, value)) in members.iter().enumerate() {
                    out.push_str(if n > 0 { "," } else { "" });
                    line(level + 1, out);
                    quote(key, out);
                    out.push_str(": ");
                    value.write_pretty(level + 1, out);
                }
                line(level, out);
                out.push('}');
            }
            scalar => scalar.write(out),
        }
    }
}

/// A JSON string (RFC 8259, section 7).
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The digits of a number as numeric shows them: `1e3` is 1000, `1.50` stays.
fn digits(text: &str) -> Result<String> {
    let too_large = || Error::new(Kind::OutOfRange, "value overflows numeric format");
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (number, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let exponent: i64 = exponent.parse().map_err(|_| too_large())?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if exponent.abs() > MAX_DIGITS || whole.len() + fraction.len() > MAX_DIGITS as usize {
        return Err(too_large());
    }
    let all = format!("{whole}{fraction}");
    let point = whole.len() as i64 + exponent;
    let scale = (fraction.len() as i64 - exponent).max(0) as usize;
    let padded = match point {
        ..=0 => format!("{}{all}", "0".repeat((1 - point) as usize)),
        _ => all,
    };
    let point = point.max(1) as usize;
    let padded = if padded.len() < point { format!("{padded:0<point$}") } else { padded };
    let (whole, fraction) = padded.split_at(point);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let is_zero = whole == "0" && fraction.bytes().all(|b| b == b'0');
    let sign = if is_zero { "" } else { sign };
    Ok(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{}", &fraction[..scale.min(fraction.len())]) })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn invalid(&self, detail: String) -> Error {
        Error::new(Kind::InvalidText, "invalid input syntax for type json").with_detail(detail)
    }

    /// The token here, as PostgreSQL's scanner ends it.
    fn token(&self) -> &str {
        let rest = &self.text[self.at..];
        let end = if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-' || !c.is_ascii()) {
            rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.') || !c.is_ascii()))
                .unwrap_or(rest.len())
        } else if let Some(inner) = rest.strip_prefix('"') {
            inner.find('"').map_or(rest.len(), |end| end + 2)
        } else {
            rest.chars().next().map_or(0, char::len_utf8)
        };
        &rest[..end]
    }

    fn unexpected(&self, expected: &str) -> Error {
        let token = self.token();
        if token.is_empty() {
            return self.invalid("The input string ended unexpectedly.".to_owned());
        }
        let is_known = matches!(token, "true" | "false" | "null")
            || token.starts_with(['{', '}', '[', ']', ',', ':', '"'])
            || number_length(token) == Some(token.len());
        if !is_known {
            return self.invalid(format!("Token \"{token}\" is invalid."));
        }
        self.invalid(format!("{expected} \"{token}\"."))
    }

    fn value(&mut self) -> Result<Json> {
        self.blanks();
        match self.peek() {
            Some(b'{') => self.nested(Self::members),
            Some(b'[') => self.nested(Self::elements),
            Some(b'"') => self.string().map(Json::String),
            Some(_) => {
                let token = self.token();
                let value = match token {
                    "null" => Json::Null,
                    "true" => Json::Bool(true),
                    "false" => Json::Bool(false),
                    number if number_length(number) == Some(number.len()) => Json::Number(digits(number)?),
                    _ => return Err(self.unexpected("Expected JSON value, but found")),
                };
                self.at += token.len();
                Ok(value)
            }
            None => Err(self.unexpected("")),
        }
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Json>) -> Result<Json> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(
                Error::new(Kind::TooComplex, "stack depth limit exceeded").with_hint("The JSON value is nested too deeply.")
            );
        }
        self.at += 1;
        let value = inner(self);
        self.depth -= 1;
        value
    }

    fn elements(&mut self) -> Result<Json> {
        let mut all = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(all));
        }
        loop {
            all.push(self.value()?);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::Array(all));
                }
                _ => return Err(self.unexpected("Expected \",\" or \"]\", but found")),
            }
        }
    }

    fn members(&mut self) -> Result<Json> {
        let mut all = Vec::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::object(all));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                let expected = if all.is_empty() { "Expected string or \"}\", but found" } else { "Expected string, but found" };
                return Err(self.unexpected(expected));
            }
            let key = self.string()?;
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("Expected \":\", but found"));
            }
            self.at += 1;
            all.push((key, self.value()?));
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Json::object(all));
                }
                _ => return Err(self.unexpected("Expected \",\" or \"}\", but found")),
            }
        }
    }

    fn string(&mut self) -> Result<String> {
        let (text, end) = string(&self.text[self.at..]).map_err(|detail| match detail {
            // The token is all that is left.
            Bad::Open => self.invalid(format!("Token \"{}\" is invalid.", &self.text[self.at..])),
            Bad::Said(detail) => self.invalid(detail),
            Bad::Zero => Error::new(Kind::InvalidCharacter, "unsupported Unicode escape sequence")
                .with_detail("\\u0000 cannot be converted to text."),
        })?;
        self.at += end;
        Ok(text)
    }
}

/// What is wrong with a string.
pub enum Bad {
    Open,
    Said(String),
    Zero,
}

/// The value of the string that a text begins with, and the bytes it takes.
pub fn string(text: &str) -> std::result::Result<(String, usize), Bad> {
    let mut out = String::new();
    let mut at = 1;
    let bytes = text.as_bytes();
    loop {
        let plain = memchr::memchr2(b'"', b'\\', bytes.get(at..).ok_or(Bad::Open)?).ok_or(Bad::Open)?;
        let part = &text[at..at + plain];
        if let Some(control) = part.chars().find(|c| *c < ' ') {
            return Err(Bad::Said(format!("Character with value 0x{:02x} must be escaped.", u32::from(control))));
        }
        out.push_str(part);
        at += plain + 1;
        if bytes[at - 1] == b'"' {
            return Ok((out, at));
        }
        let c = text[at..].chars().next().ok_or(Bad::Open)?;
        at += c.len_utf8();
        match c {
            '"' | '\\' | '/' => out.push(c),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let code = hex(text, at)?;
                at += 4;
                let code = match code {
                    0xd800..=0xdbff => {
                        let low = if text[at..].starts_with("\\u") { hex(text, at + 2)? } else { 0 };
                        if !(0xdc00..=0xdfff).contains(&low) {
                            return Err(Bad::Said("Unicode low surrogate must follow a high surrogate.".to_owned()));
                        }
                        at += 6;
                        0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
                    }
                    code => code,
                };
                match char::from_u32(code) {
                    Some('\0') => return Err(Bad::Zero),
                    Some(c) => out.push(c),
                    None => return Err(Bad::Said("Unicode low surrogate must follow a high surrogate.".to_owned())),
                }
            }
            other => return Err(Bad::Said(format!("Escape sequence \"\\{other}\" is invalid."))),
        }
    }
}

fn hex(text: &str, at: usize) -> std::result::Result<u32, Bad> {
    let digits = text.get(at..at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
    digits
        .and_then(|d| u32::from_str_radix(d, 16).ok())
        .ok_or_else(|| Bad::Said("\"\\u\" must be followed by four hexadecimal digits.".to_owned()))
}

/// The bytes of the number that a text begins with.
fn number_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes[at] == b'0') {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits((at + 1 + sign).min(bytes.len()));
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn jsonb_is_canonical() {
        for (text, want) in [
            ("{\"b\":1, \"a\":2, \"aa\":3,  \"b\":4}", "{\"a\": 2, \"b\": 4, \"aa\": 3}"),
            ("[1, 2,3 ]", "[1, 2, 3]"),
            (" 1.50 ", "1.50"),
            ("1e3", "1000"),
            ("1E-5", "0.00001"),
            ("12.5e1", "125"),
            ("-0", "0"),
            ("\"\\u00e9\\n\\u0001\"", "\"é\\n\\u0001\""),
            ("\"\\ud83d\\ude00\"", "\"😀\""),
        ] {
            let mut out = String::new();
            parse(text).expect(text).write(&mut out);
            assert_eq!(out, want, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, want) in [
            ("{a:1}", "Token \"a\" is invalid."),
            ("{\"a\":1", "The input string ended unexpectedly."),
            ("", "The input string ended unexpectedly."),
            ("{\"a\":}", "Expected JSON value, but found \"}\"."),
            ("[1,]", "Expected JSON value, but found \"]\"."),
            ("{\"a\":1} x", "Token \"x\" is invalid."),
            ("[1 2]", "Expected \",\" or \"]\", but found \"2\"."),
            ("01", "Token \"01\" is invalid."),
            ("\"a", "Token \"\"a\" is invalid."),
        ] {
            let e = parse(text).expect_err(text);
            assert_eq!(e.detail(), Some(want), "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
