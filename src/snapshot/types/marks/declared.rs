//! Numbers as a descriptor says that they are written (Table Schema's `groupChar`, `decimalChar` and `bareNumber`).

use super::{Sep, separator};

/// How a descriptor says numbers are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::snapshot::types) struct Declared {
    pub(in crate::snapshot::types) group: Option<String>,
    pub(in crate::snapshot::types) decimal: Option<String>,
    /// Whether anything but a number may stand around the digits, such as `€` or `%`.
    pub(in crate::snapshot::types) dressed: bool,
}

impl Declared {
    /// Whether numbers are written plainly.
    pub(in crate::snapshot::types) fn is_plain(&self) -> bool {
        self.group.is_none() && !self.dressed && self.decimal.as_deref().is_none_or(|d| d == ".")
    }

    /// The number in plain writing, put into `plain`. Blanks of all widths are one mark.
    pub(in crate::snapshot::types) fn strip<'a>(&self, text: &str, plain: &'a mut String) -> &'a str {
        let bare = if self.dressed {
            text.trim_matches(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '+' | '.') || self.is_decimal(c)))
        } else {
            text
        };
        plain.clear();
        match self.group.as_deref() {
            Some(group) if is_blank(group) => plain.extend(bare.split(|c: char| is_blank(c.encode_utf8(&mut [0; 4])))),
            Some(group) if !group.is_empty() => plain.extend(bare.split(group)),
            Some(_) | None => plain.push_str(bare),
        }
        if let Some(mark) = self.decimal.as_deref().filter(|d| *d != "." && !d.is_empty()) {
            // A point is no decimal mark where another one is declared.
            if plain.contains('.') {
                plain.clear();
            } else if let Some(at) = plain.find(mark) {
                plain.replace_range(at..at + mark.len(), ".");
            }
        }
        plain
    }

    fn is_decimal(&self, c: char) -> bool {
        self.decimal.as_ref().is_some_and(|d| d.contains(c))
    }
}

/// Whether a mark is a blank of any width.
fn is_blank(mark: &str) -> bool {
    separator(mark) == Some((Sep::Blank, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_marks_are_taken_off() {
        let marks = |g: &str, d: &str, dressed| Declared { group: Some(g.into()), decimal: Some(d.into()), dressed };
        let mut plain = String::new();
        for (m, text, want) in [
            (marks(",", ".", false), "1,234,567.5", "1234567.5"),
            (marks(".", ",", true), "€ 1.234,5", "1234.5"),
            (marks("", ".", true), "95%", "95"),
            (marks(" ", ",", false), "1\u{a0}234,5", "1234.5"),
            (marks("\u{2007}", ",", false), "1 234,5", "1234.5"),
            (marks("", ",", false), "1,5,5", "1.5,5"),
            (marks("", ",", false), "1.5", ""),
        ] {
            assert_eq!(m.strip(text, &mut plain), want);
        }
    }
}
