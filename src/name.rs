//! Identifiers: how a published title becomes a SQL name, how a name is quoted, and which known name is nearest to a wrong one.

pub mod identifiers;

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

/// PostgreSQL's limit on an identifier, in bytes (NAMEDATALEN - 1).
pub const MAX_BYTES: usize = 63;

/// A SQL name made by Stoa: lower case, 1 to 63 bytes, of Unicode letters, digits and `_`, never starting with a digit.
/// Such a name is read without quotes unless it is a keyword.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier(Box<str>);

impl Identifier {
    /// Makes a name of a published title: NFKC, lower case, letters and digits of any script kept, runs of anything else
    /// turned into one `_`. A title with no letter or digit becomes `unnamed`.
    ///
    /// ```
    /// # use stoa::name::Identifier;
    /// assert_eq!(Identifier::from_title("MTA Daily Ridership (%)").as_str(), "mta_daily_ridership");
    /// assert_eq!(Identifier::from_title("交通事故_2019").as_str(), "交通事故_2019");
    /// ```
    pub fn from_title(title: &str) -> Self {
        let mut out = String::with_capacity(title.len());
        let mut add = |c: char| {
            if c.is_alphanumeric() {
                out.push(c);
            } else if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
        };
        // The same for both; most of a large catalog's titles are ASCII.
        if title.is_ascii() {
            title.chars().map(|c| c.to_ascii_lowercase()).for_each(&mut add);
        } else {
            title.nfkc().flat_map(char::to_lowercase).for_each(&mut add);
        }
        let mut out = out.trim_end_matches('_').to_owned();
        if out.is_empty() {
            out.push_str("unnamed");
        }
        if out.starts_with(|c: char| c.is_numeric()) {
            out.insert(0, '_');
        }
        Self(clip(&out, MAX_BYTES).trim_end_matches('_').into())
    }

    /// The same name with `_n` behind it, cut so that it stays within [`MAX_BYTES`].
    pub fn numbered(&self, n: usize) -> Self {
        let suffix = format!("_{n}");
        Self(format!("{}{suffix}", clip(&self.0, MAX_BYTES - suffix.len())).into())
    }

    /// Two names as one: `dataset_distribution`.
    pub fn joined(&self, other: &Self) -> Self {
        Self::from_title(&format!("{}_{}", self.0, other.0))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The longest prefix of `s` of at most `max` bytes that ends between characters.
pub fn clip(s: &str, max: usize) -> &str {
    &s[..s.floor_char_boundary(max)]
}

/// `name` as it must stand in SQL, in double quotes where PostgreSQL's `quote_ident` sets them.
///
/// ```
/// # use stoa::name::quoted;
/// assert_eq!(quoted("trips"), "trips");
/// assert_eq!(quoted("PM_US Post"), "\"PM_US Post\"");
/// ```
pub fn quoted(name: &str) -> String {
    let bare = name.starts_with(|c: char| c == '_' || c.is_ascii_lowercase())
        && name.bytes().all(|c| matches!(c, b'_' | b'a'..=b'z' | b'0'..=b'9'))
        && keyword(name).is_none_or(|k| k.class == 'U');
    if bare { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// A key word of PostgreSQL 15 (appendix C of its manual).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyword {
    pub word: &'static str,
    /// `U` for unreserved, `C` for what can name a column, `T` a type or function, `R` for reserved.
    pub class: char,
    /// Whether it can be a label without `AS`.
    pub is_label: bool,
    /// Whether it stands for a value, such as `true` and `current_date`.
    pub is_value: bool,
}

/// The key words; in the list, `*` stands behind what is no label, and `=` behind what is a value.
pub fn keywords() -> impl Iterator<Item = Keyword> {
    include_str!("name/keywords.txt").lines().filter_map(|line| line.split_once('|')).flat_map(|(class, words)| {
        let class = class.chars().next().unwrap_or('U');
        words.split(' ').map(move |marked| {
            let word = marked.trim_end_matches(['*', '=']);
            Keyword { word, class, is_label: !marked.contains('*'), is_value: marked.ends_with('=') }
        })
    })
}

/// The key word that a name, in lower case, is.
pub fn keyword(name: &str) -> Option<Keyword> {
    static BY_WORD: LazyLock<HashMap<&'static str, Keyword>> = LazyLock::new(|| keywords().map(|k| (k.word, k)).collect());
    BY_WORD.get(name).copied()
}

/// The candidate nearest to `wrong` by edit distance, when it is near enough to be worth offering.
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let limit = (wrong.chars().count() / 3).max(1);
    candidates.into_iter().map(|c| (distance(&wrong, &c.to_lowercase()), c)).filter(|(d, _)| *d <= limit).min().map(|(_, c)| c)
}

/// Levenshtein's distance in characters.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_names() {
        for (title, name) in [
            ("Air Quality", "air_quality"),
            ("  %  ", "unnamed"),
            ("2019 trips", "_2019_trips"),
            ("ＡＢＣ　ｄ", "abc_d"),
            ("Neonatal Mortality – via X (2015)", "neonatal_mortality_via_x_2015"),
        ] {
            assert_eq!(Identifier::from_title(title).as_str(), name, "{title}");
        }
        let long = Identifier::from_title(&"気".repeat(40));
        assert_eq!(long.as_str().len(), 63);
        assert!(long.numbered(12).as_str().len() <= MAX_BYTES);
    }

    #[test]
    fn quotes_only_where_needed() {
        for (name, want) in [
            ("a_1", "a_1"),
            ("A", "\"A\""),
            ("user", "\"user\""),
            ("values", "\"values\""),
            ("name", "name"),
            ("天候", "\"天候\""),
            ("a\"b", "\"a\"\"b\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(name), want);
        }
    }

    #[test]
    fn the_nearest_name_is_offered_only_when_near() {
        assert_eq!(nearest("trip", ["trips", "stations"]), Some("trips"));
        assert_eq!(nearest("xyz", ["trips", "stations"]), None);
    }
}
