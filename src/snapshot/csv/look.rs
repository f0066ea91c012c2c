//! Looks: what a cell's text looks like, to tell names and notes from values. No type is ever taken from here; a column's type needs
//! the whole file.

/// What a cell looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::snapshot) enum Look {
    /// Nothing, or signs that stand for nothing: `-`, `..`, `****`.
    Empty,
    Word,
    Number,
    /// A date, a time or both, or a span of years.
    Moment,
    Boolean,
}

impl Look {
    /// The look of one cell.
    pub(in crate::snapshot) fn of(text: &str) -> Self {
        let text = text.trim();
        let is_sign = |c| matches!(c, '%' | '‰' | '°' | '€' | '$' | '£' | '¥');
        if !text.is_empty() && (text.chars().all(is_sign) || matches!(text, "(000)" | "(000s)" | "(000 000)" | "(000,000)")) {
            // A unit.
            Self::Word
        } else if !text.contains(char::is_alphanumeric) || MISSING.iter().any(|m| text.eq_ignore_ascii_case(m)) {
            Self::Empty
        } else if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
            Self::Boolean
        } else if is_number(text) {
            Self::Number
        } else if is_moment(text) {
            Self::Moment
        } else {
            Self::Word
        }
    }

    /// Whether it is a value that names do not have.
    pub(in crate::snapshot) fn is_value(self) -> bool {
        match self {
            Self::Number | Self::Moment | Self::Boolean => true,
            Self::Empty | Self::Word => false,
        }
    }
}

/// What stands for nothing in a cell, and names no column.
const MISSING: [&str; 5] = ["\\N", "null", "n/a", "#n/a", "<na>"];

/// Words that stand for a missing value below names, and may be names themselves.
const ABSENT: [&str; 8] = ["na", "nan", "nil", "none", "unknown", "missing", "nd", "k.a."];

/// Whether the text stands for a value that is not there: nothing, signs or such a word.
pub(super) fn is_absent(text: &str) -> bool {
    Look::of(text) == Look::Empty || ABSENT.iter().any(|word| text.trim().eq_ignore_ascii_case(word))
}

/// Digits with signs, separators of thousands and decimals, an exponent, a currency or a percent sign around them.
fn is_number(text: &str) -> bool {
    let bare = text.trim_matches(|c: char| matches!(c, '£' | '€' | '$' | '¥' | '%' | '(' | ')' | '\u{a0}' | ' '));
    if let Ok(number) = bare.parse::<f64>() {
        return number.is_nan() || number.is_infinite() || bare.contains(|c: char| c.is_ascii_digit());
    }
    let signed = bare.trim_start_matches(['-', '+']).trim_start();
    let digits = signed.bytes().filter(u8::is_ascii_digit).count();
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '\'' | ' ' | '\u{a0}' | '\u{202f}');
    // Digits and blanks alone are as often a telephone number as a grouped one; both are values.
    digits > 0
        && !is_dotted_date(signed)
        && signed.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == ',')
        && signed.chars().all(is_part)
}

/// Day, month and year with dots, which no number has so close together: `1.12.2020`.
fn is_dotted_date(text: &str) -> bool {
    let parts: Vec<usize> = text.split('.').map(str::len).collect();
    matches!(parts.as_slice(), [1..=2, 1..=2, 2 | 4] | [4, 1..=2, 1..=2])
}

fn is_moment(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_part = |b: u8| b.is_ascii_digit() || b"-+./: TZ".contains(&b);
    if digits >= 2 && text.bytes().all(is_part) {
        return true;
    }
    // 04-Jan-11, 1 January 2019: a month's name between numbers.
    let words: Vec<&str> = text.split(['-', '/', ' ', '.']).filter(|w| !w.is_empty()).collect();
    let is_digits = |w: &&str| w.bytes().all(|b| b.is_ascii_digit() || b == b':');
    let names: Vec<&&str> = words.iter().filter(|w| !is_digits(w)).collect();
    match names.as_slice() {
        [name] => (2..=4).contains(&words.len()) && digits >= 3 && name.len() >= 3 && MONTHS.iter().any(|m| begins(m, name)),
        _ => false,
    }
}

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// Whether `month` begins with `word`, in any case.
fn begins(month: &str, word: &str) -> bool {
    month.get(..word.len()).is_some_and(|m| m.eq_ignore_ascii_case(word))
}

/// Whether the text is a code in capitals: `B01001_001E`.
pub(super) fn is_code(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// A year of four digits.
pub(in crate::snapshot) fn is_year(text: &str) -> bool {
    let text = text.trim();
    text.len() == 4 && matches!(text.parse(), Ok(1500..=2200))
}

/// Whether the text is a note rather than a value or a name: it has several words, or it is a rule of signs.
pub(in crate::snapshot) fn is_sentence(text: &str, words: usize) -> bool {
    let text = text.trim();
    let rule = text.len() >= 3 && !text.contains(char::is_alphanumeric);
    let begins = text.starts_with(['*', '(', '[', '©', '†', '‡', '¹', '²', '³']) && text.len() > 4;
    let ends = text.ends_with(':') || (text.ends_with('.') && text.contains(' '));
    rule || begins || ends || is_keyed(text) || text.split_whitespace().count() >= words
}

/// Whether a word and a colon stand before something: `Note: provisional`, `注：初步数据`.
fn is_keyed(text: &str) -> bool {
    let parts = text.split_once('：').or_else(|| text.split_once(": "));
    parts.is_some_and(|(key, said)| key.contains(char::is_alphabetic) && !said.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks() {
        for (text, look) in [
            ("", Look::Empty),
            (" \u{a0} ", Look::Empty),
            ("****", Look::Empty),
            ("-", Look::Empty),
            ("(000)", Look::Word),
            ("(001)", Look::Number),
            ("12", Look::Number),
            ("-1 414", Look::Number),
            ("2,035", Look::Number),
            ("1.613", Look::Number),
            ("£68,486.66", Look::Number),
            ("95%", Look::Number),
            ("5.6e-002", Look::Number),
            ("2013-14", Look::Moment),
            ("03/12/20", Look::Moment),
            ("2012-06-22 00:00:00", Look::Moment),
            ("04-Jan-11", Look::Moment),
            ("1 January 2019", Look::Moment),
            ("01.12.2020", Look::Moment),
            ("1.2.20", Look::Moment),
            ("1.234.567", Look::Number),
            ("\\N", Look::Empty),
            ("NULL", Look::Empty),
            ("TRUE", Look::Boolean),
            ("2B", Look::Word),
            ("A100", Look::Word),
            ("Staff costs1", Look::Word),
            ("NaN", Look::Number),
            ("Marie 12 34", Look::Word),
            ("%", Look::Word),
            ("城市", Look::Word),
        ] {
            assert_eq!(Look::of(text), look, "{text:?}");
        }
    }

    #[test]
    fn sentences() {
        for (text, is) in [
            ("Source: Office for National Statistics.", true),
            ("Quelle(n):", true),
            ("*****", true),
            ("* provisional", true),
            ("Note the values below", true),
            ("Note: provisional", true),
            ("注：数据来源", true),
            ("New York", false),
            ("at 12:30", false),
            ("5", false),
            ("", false),
        ] {
            assert_eq!(is_sentence(text, 4), is, "{text:?}");
        }
    }
}
