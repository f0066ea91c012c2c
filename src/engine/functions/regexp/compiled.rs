//! Compiled regular expressions: where they match, by PostgreSQL's rules. Their syntax is `are`'s.

use std::sync::Arc;

use super::are::{Flags, Translated, invalid, translate};
use crate::error::{Error, Kind, Result};

/// The largest automaton of a pattern, in bytes.
const MAX_BYTES: usize = 10 << 20;

/// The most steps of one search that backtracks.
const MAX_STEPS: usize = 1_000_000;

/// The places of a match and of its groups.
pub type Places = Vec<Option<(usize, usize)>>;

/// A compiled regular expression.
pub struct Regex {
    engine: Engine,
    /// The same at the beginning of what is left, and filling it, where the shortest match counts.
    shortest: Option<(regex::Regex, regex::Regex)>,
}

enum Engine {
    Plain(regex::Regex),
    Fancy(Box<fancy_regex::Regex>),
}

impl Regex {
    /// Compiles a pattern. [`Kind::InvalidRegex`] when it is none or too large.
    pub fn new(pattern: &str, flags: Flags) -> Result<Self> {
        let Translated { rust, fancy, shortest, .. } = translate(pattern, flags)?;
        let plain = |text: &str| {
            let built = regex::RegexBuilder::new(text).size_limit(MAX_BYTES).dfa_size_limit(MAX_BYTES).build();
            built.map_err(|e| match e {
                regex::Error::CompiledTooBig(_) => invalid("regular expression is too complex"),
                other => invalid(other.to_string().lines().last().unwrap_or("it does not parse")),
            })
        };
        let engine = if fancy {
            let built = fancy_regex::RegexBuilder::new(&rust).backtrack_limit(MAX_STEPS).delegate_size_limit(MAX_BYTES).build();
            Engine::Fancy(Box::new(built.map_err(|e| invalid(&e.to_string()))?))
        } else {
            Engine::Plain(plain(&rust)?)
        };
        let shortest = if shortest && !fancy {
            Some((plain(&format!("\\A(?:{rust})"))?, plain(&format!("\\A(?:{rust})\\z"))?))
        } else {
            None
        };
        Ok(Self { engine, shortest })
    }

    /// Whether it matches anywhere.
    pub fn is_match(&self, text: &str) -> Result<bool> {
        match &self.engine {
            Engine::Plain(regex) => Ok(regex.is_match(text)),
            Engine::Fancy(regex) => regex.is_match(text).map_err(|e| gave_up(&e)),
        }
    }

    /// The first match from a byte on, with its groups.
    pub fn captures(&self, text: &str, from: usize) -> Result<Option<Places>> {
        let mut places: Places = match &self.engine {
            Engine::Plain(regex) => {
                let Some(found) = regex.captures_at(text, from) else { return Ok(None) };
                found.iter().map(|m| m.map(|m| (m.start(), m.end()))).collect()
            }
            Engine::Fancy(regex) => {
                let Some(found) = regex.captures_from_pos(text, from).map_err(|e| gave_up(&e))? else { return Ok(None) };
                found.iter().map(|m| m.map(|m| (m.start(), m.end()))).collect()
            }
        };
        if let (Some((prefix, whole)), Some(Some((start, _)))) = (&self.shortest, places.first().copied())
            && let Some(rest) = text.get(start..)
            && let Some(end) = prefix.shortest_match(rest)
            && let Some(found) = rest.get(..end).and_then(|part| whole.captures(part))
        {
            places = found.iter().map(|m| m.map(|m| (start + m.start(), start + m.end()))).collect();
        }
        Ok(Some(places))
    }

    /// Calls `each` with each match from a byte on, until it says so; matches do not overlap, an empty one moves on by a character.
    pub fn matches(&self, text: &str, from: usize, mut each: impl FnMut(&Places) -> bool) -> Result<()> {
        let mut at = from;
        while at <= text.len()
            && let Some(places) = self.captures(text, at)?
        {
            let Some((start, end)) = places.first().copied().flatten() else { return Ok(()) };
            if !each(&places) {
                return Ok(());
            }
            at = if end > start { end } else { next_character(text, end) };
        }
        Ok(())
    }
}

/// The byte behind the character at a byte.
pub fn next_character(text: &str, at: usize) -> usize {
    at + text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

fn gave_up(e: &fancy_regex::Error) -> Error {
    Error::new(Kind::TooComplex, format!("regular expression failed: {e}"))
        .with_hint("Do without back references and look-around, or match shorter texts.")
}

/// The most patterns that are kept.
const KEPT: usize = 32;

/// The patterns that were compiled for a batch of rows: most columns of patterns hold one, and lists of them a few.
#[derive(Default)]
pub struct Cache {
    known: Vec<Known>,
    /// Which one makes room for a new one.
    next: usize,
}

/// A pattern as it was written.
struct Known {
    pattern: String,
    /// The escape character of one that is translated first.
    escape: Option<String>,
    flags: Flags,
    regex: Arc<Regex>,
}

impl Cache {
    /// The pattern, compiled.
    pub fn get(&mut self, pattern: &str, flags: Flags) -> Result<Arc<Regex>> {
        self.found(pattern, None, flags, |pattern, _| Ok(pattern.to_owned()))
    }

    /// The pattern of other rules, translated with its escape character and compiled.
    pub fn translated(
        &mut self,
        pattern: &str,
        escape: &str,
        flags: Flags,
        translate: fn(&str, &str) -> Result<String>,
    ) -> Result<Arc<Regex>> {
        self.found(pattern, Some(escape), flags, translate)
    }

    fn found(
        &mut self,
        pattern: &str,
        escape: Option<&str>,
        flags: Flags,
        translate: fn(&str, &str) -> Result<String>,
    ) -> Result<Arc<Regex>> {
        let is = |k: &&Known| k.flags == flags && k.pattern == pattern && k.escape.as_deref() == escape;
        if let Some(known) = self.known.iter().find(is) {
            return Ok(Arc::clone(&known.regex));
        }
        let regex = Arc::new(Regex::new(&translate(pattern, escape.unwrap_or_default())?, flags)?);
        let escape = escape.map(str::to_owned);
        let known = Known { pattern: pattern.to_owned(), escape, flags, regex: Arc::clone(&regex) };
        if self.known.len() < KEPT {
            self.known.push(known);
        } else {
            self.known[self.next] = known;
            self.next = (self.next + 1) % KEPT;
        }
        Ok(regex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_compiled_once_each_and_the_oldest_makes_room() {
        let mut cache = Cache::default();
        let first = cache.get("a", Flags::default()).expect("a pattern");
        for n in 1..KEPT {
            cache.get(&n.to_string(), Flags::default()).expect("a pattern");
        }
        assert!(Arc::ptr_eq(&first, &cache.get("a", Flags::default()).expect("a pattern")));
        let other = cache.translated("a", "", Flags::default(), |_, _| Ok("b".to_owned())).expect("a pattern");
        assert!(other.is_match("b").expect("no backtracking") && cache.known.len() == KEPT);
        assert!(!Arc::ptr_eq(&first, &cache.get("a", Flags::default()).expect("a pattern")));
    }
}
