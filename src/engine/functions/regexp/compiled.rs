//! Compiled regular expressions: where they match, by PostgreSQL's rules. Their syntax is `are`'s.

use std::sync::{Arc, Mutex, PoisonError};

use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::{Anchored, Input, MatchKind};

use super::are::{Preference, Translated, invalid, translate};
use super::flags::Flags;
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
    /// Where another match counts than the engine's.
    other: Option<Other>,
}

/// What finds the match that counts from a place on.
struct Other {
    end: End,
    /// The pattern filling what is matched, for the groups.
    whole: regex::Regex,
}

/// What finds where a match ends.
enum End {
    /// The first place that it can.
    Shortest(regex::Regex),
    /// The last one.
    Longest(Box<(DFA, Mutex<dfa::Cache>)>),
}

impl End {
    /// The end of the match that begins at a byte.
    fn find(&self, text: &str, start: usize) -> Option<usize> {
        match self {
            Self::Shortest(prefix) => prefix.shortest_match(text.get(start..)?).map(|end| start + end),
            Self::Longest(longest) => {
                let (automaton, cache) = longest.as_ref();
                let input = Input::new(text).range(start..).anchored(Anchored::Yes);
                let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
                // It gives up at what it can't tell, such as words' ends beyond ASCII: then the engine's match counts.
                automaton.try_search_fwd(&mut cache, &input).ok().flatten().map(|found| found.offset())
            }
        }
    }
}

enum Engine {
    Plain(regex::Regex),
    Fancy(Box<fancy_regex::Regex>),
}

impl Regex {
    /// Compiles a pattern. [`Kind::InvalidRegex`] when it is none or too large.
    pub fn new(pattern: &str, flags: Flags) -> Result<Self> {
        let Translated { rust, fancy, prefers, .. } = translate(pattern, flags)?;
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
        let end = match prefers {
            Preference::Shortest if !fancy => Some(End::Shortest(plain(&format!("\\A(?:{rust})"))?)),
            Preference::Longest if !fancy => longest(&rust),
            Preference::First | Preference::Longest | Preference::Shortest => None,
        };
        let whole = || plain(&format!("\\A(?:{rust})\\z"));
        let other = end.map(|end| whole().map(|whole| Other { end, whole })).transpose()?;
        Ok(Self { engine, other })
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
        if let (Some(Other { end, whole }), Some(Some((start, first_end)))) = (&self.other, places.first().copied())
            && let Some(end) = end.find(text, start)
            && end != first_end
            && let Some(found) = text.get(start..end).and_then(|part| whole.captures(part))
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

/// What finds the end of the longest match; `None` of a pattern that there is no such automaton of.
fn longest(rust: &str) -> Option<End> {
    let config = DFA::config().match_kind(MatchKind::All).unicode_word_boundary(true).skip_cache_capacity_check(true);
    let automaton = DFA::builder().configure(config).build(rust).ok()?;
    let cache = Mutex::new(automaton.create_cache());
    Some(End::Longest(Box::new((automaton, cache))))
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
