//! Which names are looked for: some in full, others by what they begin with. The index answers both without a look at other names.

use std::collections::BTreeSet;

/// The names that a lookup wants: each of `texts`, and all that begin with one of `starts`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub texts: BTreeSet<String>,
    /// None of them is empty.
    pub starts: BTreeSet<String>,
}

impl Wanted {
    /// These names and no others.
    pub fn texts(texts: impl IntoIterator<Item = String>) -> Self {
        Self { texts: texts.into_iter().collect(), starts: BTreeSet::new() }
    }

    /// The names that begin so; `None` for an empty beginning, which every name has.
    pub fn starting(start: &str) -> Option<Self> {
        (!start.is_empty()).then(|| Self { texts: BTreeSet::new(), starts: BTreeSet::from([start.to_owned()]) })
    }

    /// Whether it is wanted.
    pub fn has(&self, name: &str) -> bool {
        self.texts.contains(name) || self.starts.iter().any(|start| name.starts_with(start.as_str()))
    }

    /// The names that both want.
    pub fn and(&self, other: &Self) -> Self {
        let texts = self.texts.iter().filter(|t| other.has(t)).chain(other.texts.iter().filter(|t| self.has(t)));
        let starts = self.starts.iter().filter(|s| other.starts.iter().any(|o| s.starts_with(o.as_str())));
        let others = other.starts.iter().filter(|s| self.starts.iter().any(|o| s.starts_with(o.as_str())));
        Self { texts: texts.cloned().collect(), starts: starts.chain(others).cloned().collect() }
    }

    /// The names that one of them wants.
    pub fn or(mut self, other: Self) -> Self {
        self.texts.extend(other.texts);
        self.starts.extend(other.starts);
        self
    }
}

/// The first text behind all that begin with `start`; `None` when there is none.
pub(super) fn behind(start: &str) -> Option<String> {
    let mut start = start.to_owned();
    while let Some(last) = start.pop() {
        // No character stands between U+D7FF and U+E000.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            start.push(next);
            return Some(start);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(texts: &[&str], starts: &[&str]) -> Wanted {
        let owned = |all: &[&str]| all.iter().map(|t| (*t).to_owned()).collect();
        Wanted { texts: owned(texts), starts: owned(starts) }
    }

    #[test]
    fn what_two_want() {
        let (a, b) = (wanted(&["abc", "x"], &["ab", "q"]), wanted(&["abd", "y", "x"], &["a", "qq"]));
        assert_eq!(a.and(&b), wanted(&["abc", "abd", "x"], &["ab", "qq"]));
        assert_eq!(b.and(&a), a.and(&b));
        assert_eq!(a.clone().or(wanted(&["z"], &["ab"])), wanted(&["abc", "x", "z"], &["ab", "q"]));
        assert!(a.has("abz") && a.has("x") && !a.has("xy"));
        assert_eq!(Wanted::starting(""), None);
    }

    #[test]
    fn what_is_behind_a_beginning() {
        for (start, want) in
            [("ab", Some("ac")), ("a\u{10ffff}", Some("b")), ("\u{10ffff}", None), ("\u{d7ff}", Some("\u{e000}")), ("", None)]
        {
            assert_eq!(behind(start).as_deref(), want, "{start:?}");
        }
    }
}
