//! A JSON value, written as `jsonb` is: keys by length and bytes, the last of equal ones, a blank behind `:` and `,`.

use std::fmt::Write;

/// The most bytes that may be indented: who gets more was not indented any further.
pub const MAX_PRETTY_BYTES: usize = 64 << 20;

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
