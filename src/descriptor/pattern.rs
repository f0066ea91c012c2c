//! Globs: `*` and `?` within a segment, `[..]`, and `**` over any number of segments. Braces and backslashes are plain
//! characters, since published names hold them.

use globset::{GlobBuilder, GlobMatcher};

use crate::error::{Error, Kind, Result};

/// A compiled glob over `/`-separated names.
#[derive(Debug)]
pub struct Pattern(GlobMatcher);

impl Pattern {
    /// [`Kind::Descriptor`] when brackets do not close.
    pub fn parse(glob: &str) -> Result<Self> {
        GlobBuilder::new(&without_braces(glob))
            .literal_separator(true)
            .backslash_escape(false)
            .build()
            .map(|g| Self(g.compile_matcher()))
            .map_err(|e| Error::new(Kind::Descriptor, format!("the glob {glob:?} can't be read: {}", e.kind())))
    }

    pub fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

/// Whether a text holds a character that a glob would read.
pub fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Whether listings pass this name over: one that starts with `.`, or a marker of other engines such as `_SUCCESS`.
pub fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || (name.starts_with('_') && !name.contains('.'))
}

/// The glob with each brace in brackets, where globset takes it to the letter.
fn without_braces(glob: &str) -> String {
    let mut out = String::with_capacity(glob.len());
    let mut in_class = false;
    for c in glob.chars() {
        match c {
            '[' => in_class = true,
            ']' => in_class = false,
            '{' | '}' if !in_class => {
                out.extend(['[', c, ']']);
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_names() {
        let cases = [
            ("*.csv", "a.csv", true),
            ("*.csv", "b/a.csv", false),
            ("**/*.csv", "a.csv", true),
            ("**/*.csv", "b/c/a.csv", true),
            ("交通事故_*/222127_*.csv", "交通事故_2019/222127_traffic_accident_2019.csv", true),
            ("202[0-9]/x?.csv", "2024/x1.csv", true),
            ("202[0-9]/x?.csv", "202a/x1.csv", false),
            ("{a,b}*.csv", "{a,b}1.csv", true),
            ("{a,b}*.csv", "a1.csv", false),
            ("a\\*", "a\\b", true),
            ("CO2 (CAIT, 2021)*", "CO2 (CAIT, 2021).csv", true),
        ];
        for (glob, name, expected) in cases {
            let matches = Pattern::parse(glob).map(|p| p.matches(name)).map_err(|e| e.to_string());
            assert_eq!(matches, Ok(expected), "{glob} {name}");
        }
        assert_eq!(Pattern::parse("a[").map(|_| ()).map_err(|e| e.kind()), Err(Kind::Descriptor));
    }

    #[test]
    fn markers_are_hidden() {
        for (name, hidden) in [(".git", true), ("_SUCCESS", true), ("_2020.csv", false), ("a", false)] {
            assert_eq!(is_hidden(name), hidden, "{name}");
        }
    }
}
