//! JSON as PostgreSQL reads it, with its errors.

use super::value::Json;
use crate::error::{Error, Kind, Result};

/// How deep values may nest.
const MAX_DEPTH: usize = 1_000;

/// The most digits of a number before the point, as PostgreSQL's numeric has them.
const MAX_DIGITS: i64 = 131_072;

/// The most of them behind the point.
const MAX_SCALE: usize = 16_383;

/// Reads a text as `jsonb` does. [`Kind::InvalidText`] when it is no JSON.
pub fn parse(text: &str) -> Result<Json> {
    whole(text, true)
}

/// Looks through a text as `json` does, which keeps it as it is: what escapes stand for is only asked when they are read.
pub fn check(text: &str) -> Result<()> {
    whole(text, false).map(drop)
}

fn whole(text: &str, reads_escapes: bool) -> Result<Json> {
    let mut parser = Parser { text, at: 0, depth: 0, reads_escapes };
    let value = parser.value()?;
    parser.blanks();
    if parser.at < text.len() {
        return Err(parser.unexpected("Expected end of input, but found"));
    }
    Ok(value)
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
    if point > MAX_DIGITS || scale > MAX_SCALE {
        return Err(too_large());
    }
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

#[derive(Clone)]
struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    reads_escapes: bool,
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
        let word = |from: usize| rest[from..].find(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_');
        let behind = |from: usize| word(from).map_or(rest.len(), |length| from + length);
        let end = match rest.chars().next() {
            Some('"') => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
            Some('-' | '0'..='9') => behind(number_end(rest)),
            Some(c) if c.is_ascii_alphabetic() || c == '_' || !c.is_ascii() => behind(0),
            Some(_) => 1,
            None => 0,
        };
        &rest[..end]
    }

    fn unexpected(&self, expected: &str) -> Error {
        let token = self.token();
        if token.is_empty() {
            return self.invalid("The input string ended unexpectedly.".to_owned());
        }
        if token.starts_with('"')
            && let Err(e) = self.clone().string()
        {
            return e;
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
        let mut text = String::new();
        let read = self.reads_escapes.then_some(&mut text);
        let end = scan(&self.text[self.at..], read).map_err(|detail| match detail {
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
    let end = scan(text, Some(&mut out))?;
    Ok((out, end))
}

/// The bytes that the string takes that a text begins with; its value goes into `out`, without which nobody asks what escapes stand for.
fn scan(text: &str, mut out: Option<&mut String>) -> std::result::Result<usize, Bad> {
    let mut at = 1;
    let bytes = text.as_bytes();
    loop {
        let plain = memchr::memchr2(b'"', b'\\', bytes.get(at..).ok_or(Bad::Open)?).ok_or(Bad::Open)?;
        let part = &text[at..at + plain];
        if let Some(control) = part.bytes().find(|b| *b < b' ') {
            return Err(Bad::Said(format!("Character with value 0x{control:02x} must be escaped.")));
        }
        if let Some(out) = &mut out {
            out.push_str(part);
        }
        at += plain + 1;
        if bytes[at - 1] == b'"' {
            return Ok(at);
        }
        let c = text[at..].chars().next().ok_or(Bad::Open)?;
        at += c.len_utf8();
        let meant = match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let code = hex(text, at)?;
                at += 4;
                if out.is_none() {
                    continue;
                }
                let (meant, behind) = character(text, at, code)?;
                at = behind;
                meant
            }
            other => return Err(Bad::Said(format!("Escape sequence \"\\{other}\" is invalid."))),
        };
        if let Some(out) = &mut out {
            out.push(meant);
        }
    }
}

/// The character of a code, for which the half behind it may be needed, and the byte behind that.
fn character(text: &str, at: usize, code: u32) -> std::result::Result<(char, usize), Bad> {
    let lonely = || Bad::Said("Unicode low surrogate must follow a high surrogate.".to_owned());
    let (code, at) = match code {
        0xd800..=0xdbff => {
            let low = if text[at..].starts_with("\\u") { hex(text, at + 2)? } else { 0 };
            if !(0xdc00..=0xdfff).contains(&low) {
                return Err(lonely());
            }
            (0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), at + 6)
        }
        code => (code, at),
    };
    match char::from_u32(code) {
        Some('\0') => Err(Bad::Zero),
        Some(c) => Ok((c, at)),
        None => Err(lonely()),
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
    scanned(text).ok()
}

/// The same, or as far as there is a number.
fn number_end(text: &str) -> usize {
    scanned(text).unwrap_or_else(|end| end)
}

/// Where the number at the beginning ends; the error is where there should be a digit.
fn scanned(text: &str) -> std::result::Result<usize, usize> {
    let bytes = text.as_bytes();
    let digits = |from: usize| match bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count() {
        0 => Err(from),
        count => Ok(from + count),
    };
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    at = if bytes.get(at) == Some(&b'0') { at + 1 } else { digits(at)? };
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at = digits(at + 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-'))))?;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::{check, parse};

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
            ("[true-1]", "Expected \",\" or \"]\", but found \"-1\"."),
            ("1.1e5-", "Token \"-\" is invalid."),
            ("1.x", "Token \"1.x\" is invalid."),
            ("-21..50", "Token \"-21.\" is invalid."),
            ("1 \"\\q\"", "Escape sequence \"\\q\" is invalid."),
        ] {
            let e = parse(text).expect_err(text);
            assert_eq!(e.detail(), Some(want), "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse("1e-16383").is_ok() && parse("1e-16384").is_err() && parse("1e131072").is_err());
        for text in ["\"\\u0000\"", "\"\\ud83d\"", "{\"\\u0000\": 1}"] {
            assert!(check(text).is_ok() && parse(text).is_err(), "{text}");
        }
        assert!(check("\"\\u00\"").is_err() && check("\"\\q\"").is_err());
    }
}
