//! Which texts a pattern of LIKE or a regular expression can match, where it says so from its beginning: psql's `^(trips)$` and `^(tr.*)$`,
//! drivers' `LIKE 'metro\_%'`. A pattern that is not understood says nothing.

use std::collections::BTreeSet;

use crate::catalog::Wanted;

/// What begins every text that a pattern of LIKE matches, or the only one.
pub(super) fn like(pattern: &str, escape: char) -> Option<Wanted> {
    let mut start = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c == escape => start.push(chars.next()?),
            '%' | '_' => return Wanted::starting(&start),
            c => start.push(c),
        }
    }
    Some(Wanted::texts([start]))
}

/// The same of a regular expression, which is to be anchored at its beginning.
pub(super) fn regex(pattern: &str) -> Option<Wanted> {
    let inner = pattern.strip_prefix('^')?;
    let group = inner.strip_prefix('(').and_then(|rest| rest.strip_suffix(")$"));
    let (alternatives, is_whole) = match group {
        Some(group) => (alternatives(group)?, true),
        // Without parentheses, the anchor would belong to one alternative only.
        None => (alternatives(inner).filter(|all| all.len() == 1)?, false),
    };
    let mut wanted = Wanted::default();
    for alternative in alternatives {
        let (start, rest) = beginning(alternative);
        wanted = wanted.or(match rest {
            "" if is_whole => Wanted::texts([start]),
            "$" if !is_whole => Wanted::texts([start]),
            _ => Wanted::starting(&start)?,
        });
    }
    Some(wanted)
}

/// The parts between the bars of a pattern; `None` where its parentheses or brackets may hold a bar, or close what is not open in it.
fn alternatives(pattern: &str) -> Option<Vec<&str>> {
    let (mut bars, mut depth, mut is_nested) = (BTreeSet::new(), 0_usize, false);
    let mut chars = pattern.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next()?;
            }
            '|' => {
                bars.insert(at);
            }
            '[' => is_nested = true,
            '(' => {
                is_nested = true;
                depth += 1;
            }
            // In brackets it may be a character like others.
            ')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    if is_nested && !bars.is_empty() {
        return None;
    }
    let mut parts = Vec::with_capacity(bars.len() + 1);
    let mut from = 0;
    for bar in bars {
        parts.push(&pattern[from..bar]);
        from = bar + 1;
    }
    parts.push(&pattern[from..]);
    Some(parts)
}

/// The plain characters that a pattern begins with, their escapes undone, and what follows them.
fn beginning(pattern: &str) -> (String, &str) {
    let mut start = String::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let (plain, width) = match c {
            // Behind a backslash, a letter or digit has a meaning of its own.
            '\\' => match rest[1..].chars().next().filter(|c| !c.is_alphanumeric()) {
                Some(escaped) => (escaped, 1 + escaped.len_utf8()),
                None => break,
            },
            // What may be left out is no part of the beginning.
            '*' | '?' | '{' => {
                start.pop();
                break;
            }
            '.' | '+' | '|' | '(' | ')' | '[' | ']' | '}' | '^' | '$' => break,
            c => (c, c.len_utf8()),
        };
        start.push(plain);
        rest = &rest[width..];
    }
    (start, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(wanted: Option<Wanted>) -> String {
        let Some(Wanted { texts, starts }) = wanted else { return "any".to_owned() };
        texts.into_iter().chain(starts.into_iter().map(|s| s + "..")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn regular_expressions_tell_how_names_begin() {
        for (pattern, want) in [
            ("^(trips)$", "trips"),
            ("^trips$", "trips"),
            ("^(a\\.b|c_d)$", "a.b c_d"),
            ("^(tr.*)$", "tr.."),
            ("^(tr.*|stops)$", "stops tr.."),
            ("^tr", "tr.."),
            ("^tr.*x$", "tr.."),
            ("^(trip[s]?)$", "trip.."),
            ("^(trips?)$", "trip.."),
            ("^(ab+)$", "ab.."),
            ("^(ab{0})$", "a.."),
            ("^(ab(c)?)$", "ab.."),
            ("^(a\\$b)$", "a$b"),
            ("^(a\\d)$", "a.."),
            ("^(.*)$", "any"),
            ("^(a|.*)$", "any"),
            ("^(a)?(b)$", "any"),
            ("^(a)|(b)$", "any"),
            ("^a|b$", "any"),
            ("^(a(b|c))$", "any"),
            ("^([a|b])$", "any"),
            ("^(a[)]b)$", "any"),
            ("^(?i)a$", "any"),
            ("trips", "any"),
            ("^(a\\", "any"),
            ("^()$", ""),
        ] {
            assert_eq!(shown(regex(pattern)), want, "{pattern}");
        }
    }

    #[test]
    fn patterns_of_like_tell_how_names_begin() {
        for (pattern, want) in [
            ("metro\\_trips", "metro_trips"),
            ("metro_trips", "metro.."),
            ("metro\\_%", "metro_.."),
            ("%trips", "any"),
            ("trips\\", "any"),
            ("", ""),
        ] {
            assert_eq!(shown(like(pattern, '\\')), want, "{pattern}");
        }
        assert_eq!(shown(like("a/_b", '/')), "a_b");
    }
}
