//! Text of a date, time or interval taken apart into fields: digits, words, and signs with what follows them.

use super::words::word;

/// What a field looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Digits, perhaps with a decimal point.
    Number,
    /// Parts with `-`, `/` or `.` between them; or a zone's name with such characters.
    Date,
    /// Digits with colons.
    Time,
    /// A sign and digits: an offset, or a signed number.
    Signed,
    /// Letters.
    Word,
    /// A sign and letters.
    SignedWord,
}

/// One field, words in small letters.
#[derive(Clone, Debug)]
pub struct Field {
    pub kind: Kind,
    pub text: String,
}

/// More are no date.
const MAX_FIELDS: usize = 25;

/// The fields of a text; `None` where it can't be taken apart.
pub fn split(text: &str) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
        let Some(first) = rest.chars().next() else { return Some(fields) };
        let (kind, len) = match first {
            '0'..='9' => number(rest),
            '.' => (Kind::Number, 1 + run(&rest[1..], |c| c.is_ascii_digit())),
            'a'..='z' | 'A'..='Z' => letters(rest),
            '+' | '-' => {
                let blanks = run(&rest[1..], |c| c.is_ascii_whitespace());
                let after = &rest[1 + blanks..];
                let (kind, len) = match after.chars().next() {
                    Some('0'..='9') => (Kind::Signed, run(after, |c| c.is_ascii_digit() || matches!(c, ':' | '.' | '-'))),
                    Some('a'..='z' | 'A'..='Z') => (Kind::SignedWord, run(after, |c| c.is_ascii_alphabetic())),
                    Some(_) | None => return None,
                };
                let text = format!("{first}{}", after[..len].to_ascii_lowercase());
                push(&mut fields, kind, text)?;
                rest = &after[len..];
                continue;
            }
            c if c.is_ascii_punctuation() => {
                rest = &rest[1..];
                continue;
            }
            _ => return None,
        };
        push(&mut fields, kind, rest[..len].to_ascii_lowercase())?;
        rest = &rest[len..];
    }
}

fn push(fields: &mut Vec<Field>, kind: Kind, text: String) -> Option<()> {
    fields.push(Field { kind, text });
    (fields.len() <= MAX_FIELDS).then_some(())
}

/// How many bytes at the start are of such characters, which are ASCII.
fn run(text: &str, is: impl Fn(char) -> bool) -> usize {
    text.find(|c: char| !is(c)).unwrap_or(text.len())
}

/// A field that begins with a digit.
fn number(text: &str) -> (Kind, usize) {
    let digits = run(text, |c| c.is_ascii_digit());
    let Some(delimiter) = text[digits..].chars().next() else { return (Kind::Number, digits) };
    match delimiter {
        ':' => (Kind::Time, digits + run(&text[digits..], |c| c.is_ascii_digit() || matches!(c, ':' | '.'))),
        '-' | '/' | '.' => {
            let after = &text[digits + 1..];
            if !after.starts_with(|c: char| c.is_ascii_digit()) {
                let len = run(after, |c| c.is_ascii_alphanumeric() || c == delimiter);
                return (Kind::Date, digits + 1 + len);
            }
            let second = digits + 1 + run(after, |c| c.is_ascii_digit());
            // Only with the same delimiter twice it is a date in three parts.
            if text[second..].starts_with(delimiter) {
                return (Kind::Date, second + run(&text[second..], |c| c.is_ascii_digit() || c == delimiter));
            }
            (if delimiter == '.' { Kind::Number } else { Kind::Date }, second)
        }
        _ => (Kind::Number, digits),
    }
}

/// A field that begins with a letter.
fn letters(text: &str) -> (Kind, usize) {
    let len = run(text, |c| c.is_ascii_alphabetic());
    let is_date = match text[len..].chars().next() {
        Some('-' | '/' | '.') => true,
        // Perhaps a POSIX zone, unless the word is known.
        Some('+' | '0'..='9') => word(&text[..len].to_ascii_lowercase()).is_none(),
        Some(_) | None => false,
    };
    if !is_date {
        return (Kind::Word, len);
    }
    (Kind::Date, len + run(&text[len..], |c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '/' | '_' | '.' | ':')))
}
