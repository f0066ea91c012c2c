//! Words that stand for "no value" in published files. Whether a column takes them as such is decided elsewhere.

use serde::{Deserialize, Serialize};

/// What publishers write where there is no value: of programs (pandas, R, SQL, Excel's errors), of statistical offices (`..`, `:`,
/// `[x]`, `*` for a suppressed count), and of people.
const WORDS: [&str; 63] = [
    "NA",
    "N/A",
    "n/a",
    "na",
    "N.A.",
    "n.a.",
    "#N/A",
    "<NA>",
    "NaN",
    "nan",
    "NAN",
    "null",
    "NULL",
    "Null",
    "(null)",
    "<null>",
    "None",
    "none",
    "NONE",
    "nil",
    "Nil",
    "NIL",
    "missing",
    "Missing",
    "MISSING",
    "(missing)",
    "unknown",
    "Unknown",
    "UNKNOWN",
    "n.d.",
    "N.D.",
    "ND",
    "nd",
    "-",
    "--",
    "---",
    "–",
    "—",
    ".",
    "..",
    "...",
    "…",
    ":",
    "*",
    "**",
    "***",
    "****",
    "[x]",
    "[c]",
    "[z]",
    "[u]",
    "#VALUE!",
    "#REF!",
    "#DIV/0!",
    "#NAME?",
    "#NUM!",
    "#NULL!",
    "?",
    "/",
    "blank",
    "(blank)",
    "k.A.",
    "n/d",
];

/// The longest of [`WORDS`], in bytes.
const LONGEST: usize = 9;

/// A set of these words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tokens(u64);

impl Tokens {
    /// The word that `text` is, when it is one.
    #[inline]
    pub(super) fn of(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        match bytes {
            // Numbers are most of all cells, and none of the words is one.
            [b'0'..=b'9', ..] | [b'-' | b'.', b'0'..=b'9', ..] => None,
            _ if bytes.len() > LONGEST => None,
            _ => WORDS.iter().position(|word| word.as_bytes() == bytes).map(|i| Self(1 << i)),
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether `text` is one of them.
    #[inline]
    pub(super) fn has(self, text: &str) -> bool {
        self.0 != 0 && Self::of(text).is_some_and(|token| self.0 & token.0 != 0)
    }

    /// The words, in the order of the list.
    pub(super) fn words(self) -> impl Iterator<Item = &'static str> {
        WORDS.iter().enumerate().filter(move |(i, _)| self.0 & (1 << i) != 0).map(|(_, word)| *word)
    }

    /// Without the words for "not a number", which are values where infinities stand beside them.
    pub(super) fn without_nan(self) -> Self {
        let nan = ["NaN", "nan", "NAN"].iter().filter_map(|word| Self::of(word)).fold(0, |bits, t| bits | t.0);
        Self(self.0 & !nan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_and_nothing_else() {
        for word in WORDS {
            assert!(word.len() <= LONGEST, "{word}");
            assert_eq!(Tokens::of(word).map(|t| t.words().collect::<Vec<_>>()), Some(vec![word]));
        }
        for text in ["", "0", "-1", ".5", "Nan", "NAMIBIA", "a longer text"] {
            assert_eq!(Tokens::of(text), None, "{text}");
        }
        let mut both = Tokens::default();
        ["NaN", "-"].iter().filter_map(|w| Tokens::of(w)).for_each(|t| both.add(t));
        assert_eq!((both.len(), both.has("-"), both.has("NA"), both.without_nan().len()), (2, true, false, 1));
    }
}
