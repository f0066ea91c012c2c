//! PostgreSQL's regular expressions (Henry Spencer's AREs, 9.7.3 of its manual) written as the `regex` crate reads them. Matching is
//! `compiled`'s.

use super::flags::Flags;
use crate::error::{Error, Kind, Result};

/// A regular expression in the syntax of Rust's crates.
#[derive(Debug, PartialEq, Eq)]
pub struct Translated {
    pub rust: String,
    /// Whether it looks around or back, for which `regex` has no automaton.
    pub fancy: bool,
    pub prefers: Preference,
    pub groups: usize,
}

/// Which of the matches from one place on counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// The one that Rust's crates find first, which is the longest.
    First,
    /// The longest: of several branches Rust's crates take the first that matches.
    Longest,
    Shortest,
}

/// Translates a pattern. [`Kind::InvalidRegex`] in PostgreSQL's words when it is none.
pub fn translate(pattern: &str, mut flags: Flags) -> Result<Translated> {
    let mut pattern = pattern;
    if let Some(text) = pattern.strip_prefix("***=") {
        flags.literal = true;
        pattern = text;
    } else if let Some(rest) = pattern.strip_prefix("***:") {
        pattern = rest;
    } else if pattern.starts_with("***") {
        return Err(invalid("quantifier operand invalid"));
    }
    if !flags.literal
        && let Some((letters, rest)) = pattern.strip_prefix("(?").and_then(|p| p.split_once(')'))
        && !letters.is_empty()
        && letters.chars().all(|c| c.is_ascii_lowercase())
    {
        for letter in letters.chars() {
            if !flags.set(letter)? {
                return Err(invalid("invalid embedded option"));
            }
        }
        pattern = rest;
    }
    let mut rust = String::with_capacity(pattern.len() + 16);
    if flags.ignore_case {
        rust.push_str("(?i)");
    }
    if flags.anchors {
        rust.push_str("(?m)");
    }
    if flags.literal {
        rust.push_str(&regex::escape(pattern));
        return Ok(Translated { rust, fancy: false, prefers: Preference::First, groups: 0 });
    }
    let chars: Vec<char> = pattern.chars().collect();
    let mut parser = Parser {
        chars: &chars,
        at: 0,
        flags,
        out: rust,
        groups: 0,
        closed: Vec::new(),
        fancy: false,
        first: None,
        depth: 0,
        looks: 0,
        branches: false,
    };
    let alternatives = parser.alternatives()?;
    if parser.at < chars.len() {
        return Err(invalid("parentheses () not balanced"));
    }
    let prefers = match parser.first {
        Some(true) if !alternatives => Preference::Shortest,
        Some(_) | None if parser.branches => Preference::Longest,
        Some(_) | None => Preference::First,
    };
    Ok(Translated { rust: parser.out, fancy: parser.fancy, prefers, groups: parser.groups })
}

pub fn invalid(message: &str) -> Error {
    Error::new(Kind::InvalidRegex, format!("invalid regular expression: {message}"))
}

/// The most that parentheses may nest.
const MAX_DEPTH: usize = 200;

struct Parser<'a> {
    chars: &'a [char],
    at: usize,
    flags: Flags,
    out: String,
    groups: usize,
    /// The groups that are closed, which back references may name.
    closed: Vec<usize>,
    fancy: bool,
    /// Whether the first quantifier that has a preference prefers the shorter match.
    first: Option<bool>,
    depth: usize,
    /// How many lookarounds are around, whose parentheses capture nothing.
    looks: usize,
    /// Whether there are branches that the engines' order decides between.
    branches: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += usize::from(c.is_some());
        c
    }

    fn begins(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.chars.get(self.at + i) == Some(&c))
    }

    fn eat(&mut self, text: &str) -> bool {
        let begins = self.begins(text);
        if begins {
            self.at += text.chars().count();
        }
        begins
    }

    /// Branches up to a closing parenthesis or the end; whether there were several.
    fn alternatives(&mut self) -> Result<bool> {
        let mut branches = 1;
        let mut starts = vec![self.out.len()];
        let mut plain = vec![self.branch()?];
        while self.eat("|") {
            branches += 1;
            self.out.push('|');
            starts.push(self.out.len());
            plain.push(self.branch()?);
        }
        let is_plain = branches > 1 && plain.iter().all(|p| *p);
        if is_plain {
            self.longest_first(&starts);
        }
        // What follows a group may need a shorter branch for the longer match.
        self.branches |= branches > 1 && (!is_plain || self.depth > 0);
        Ok(branches > 1)
    }

    /// Of plain texts, PostgreSQL takes the longest that matches and Rust's crates the first: the longer are put first.
    fn longest_first(&mut self, starts: &[usize]) {
        let mut texts: Vec<String> = Vec::with_capacity(starts.len());
        for (n, start) in starts.iter().enumerate() {
            let end = starts.get(n + 1).map_or(self.out.len(), |next| next - 1);
            texts.push(self.out[*start..end].to_owned());
        }
        texts.sort_by_key(|t| std::cmp::Reverse(t.len()));
        self.out.truncate(starts[0]);
        self.out.push_str(&texts.join("|"));
    }

    /// One branch; whether it is a plain text.
    fn branch(&mut self) -> Result<bool> {
        let mut plain = true;
        while let Some(c) = self.peek() {
            if c == '|' || (c == ')' && self.depth > 0) {
                break;
            }
            if c == ')' {
                return Err(invalid("parentheses () not balanced"));
            }
            if self.skip_ignored() {
                continue;
            }
            let groups = self.groups;
            let is_quantifiable = self.atom()?;
            plain &= c.is_alphanumeric() && groups == self.groups;
            let quantified = self.quantifier(is_quantifiable)?;
            plain &= !quantified;
        }
        Ok(plain)
    }

    /// A comment, or with `x` white space and what stands behind `#`.
    fn skip_ignored(&mut self) -> bool {
        if self.eat("(?#") {
            while self.next().is_some_and(|c| c != ')') {}
            return true;
        }
        match self.peek().filter(|_| self.flags.expanded) {
            Some(c) if c.is_whitespace() => self.at += 1,
            Some('#') => while self.next().is_some_and(|c| c != '\n') {},
            Some(_) | None => return false,
        }
        true
    }

    /// One atom or constraint; whether a quantifier may follow.
    fn atom(&mut self) -> Result<bool> {
        match self.next() {
            Some('(') => return self.group(),
            Some('[') => {
                if self.eat("[:<:]]") {
                    self.out.push_str("\\b{start}");
                    return Ok(false);
                }
                if self.eat("[:>:]]") {
                    self.out.push_str("\\b{end}");
                    return Ok(false);
                }
                self.bracket()?;
            }
            Some('.') => self.out.push_str(if self.flags.lines { "[^\\n]" } else { "(?s:.)" }),
            Some(c @ ('^' | '$')) => {
                self.out.push(c);
                return Ok(false);
            }
            Some('*' | '+' | '?') => return Err(invalid("quantifier operand invalid")),
            Some('{') if self.peek().is_some_and(|c| c.is_ascii_digit()) => return Err(invalid("quantifier operand invalid")),
            Some('\\') => return self.escape(),
            Some(c) => self.literal(c),
            None => {}
        }
        Ok(true)
    }

    fn literal(&mut self, c: char) {
        if c.is_ascii_punctuation() {
            self.out.push('\\');
        }
        // Rust's own white space and comments are never on.
        self.out.push(c);
    }

    fn group(&mut self) -> Result<bool> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(invalid("regular expression is too complex"));
        }
        let mut number = None;
        let mut looks = false;
        if self.eat("?:") {
            self.out.push_str("(?:");
        } else if let Some(look) = ["?=", "?!", "?<=", "?<!"].into_iter().find(|look| self.begins(look)) {
            self.eat(look);
            self.out.push('(');
            self.out.push_str(look);
            self.fancy = true;
            looks = true;
        } else if self.peek() == Some('?') {
            return Err(invalid("quantifier operand invalid"));
        } else if self.looks > 0 {
            self.out.push_str("(?:");
        } else {
            self.out.push('(');
            self.groups += 1;
            number = Some(self.groups);
        }
        self.looks += usize::from(looks);
        self.alternatives()?;
        self.looks -= usize::from(looks);
        if self.next() != Some(')') {
            return Err(invalid("parentheses () not balanced"));
        }
        self.depth -= 1;
        self.closed.extend(number);
        self.out.push(')');
        Ok(!looks)
    }

    /// Whether there was one.
    fn quantifier(&mut self, may_follow: bool) -> Result<bool> {
        while self.skip_ignored() {}
        let preference = match self.peek() {
            Some(c @ ('*' | '+' | '?')) => {
                self.at += 1;
                self.out.push(c);
                true
            }
            Some('{') if self.chars.get(self.at + 1).is_some_and(char::is_ascii_digit) => {
                self.at += 1;
                self.bounds()?
            }
            _ => return Ok(false),
        };
        if !may_follow {
            return Err(invalid("quantifier operand invalid"));
        }
        let lazy = self.eat("?");
        if lazy {
            self.out.push('?');
        }
        if preference {
            self.first.get_or_insert(lazy);
        }
        if matches!(self.peek(), Some('*' | '+' | '?')) {
            return Err(invalid("quantifier operand invalid"));
        }
        Ok(true)
    }

    /// The digits of a bound, up to 255.
    fn bound(&mut self) -> Result<Option<u32>> {
        let mut digits = String::new();
        while let Some(c) = self.peek().filter(char::is_ascii_digit) {
            digits.push(c);
            self.at += 1;
        }
        if digits.is_empty() {
            return Ok(None);
        }
        digits.parse().ok().filter(|n| *n <= 255).map(Some).ok_or_else(|| invalid("invalid repetition count(s)"))
    }

    /// `{m}`, `{m,}` or `{m,n}`; whether it can match more or less.
    fn bounds(&mut self) -> Result<bool> {
        let least = self.bound()?.unwrap_or(0);
        let ranged = self.eat(",");
        let most = if ranged { self.bound()? } else { Some(least) };
        if self.next() != Some('}') {
            return Err(invalid("braces {} not balanced"));
        }
        match most {
            Some(most) if most < least => return Err(invalid("invalid repetition count(s)")),
            Some(most) if !ranged => self.out.push_str(&format!("{{{most}}}")),
            Some(most) => self.out.push_str(&format!("{{{least},{most}}}")),
            None => self.out.push_str(&format!("{{{least},}}")),
        }
        Ok(most != Some(least))
    }
}

#[path = "bracket.rs"]
mod bracket;
#[path = "escape.rs"]
mod escape;

#[cfg(test)]
mod tests {
    use super::{Flags, Preference, translate};

    #[test]
    fn patterns_are_rewritten() {
        for (pattern, want) in [
            ("a.c", "a(?s:.)c"),
            ("\\mcat\\M", "\\b{start}cat\\b{end}"),
            ("[[:alpha:]_-]", "[\\p{Alphabetic}_\\-]"),
            ("[]a]", "[\\]a]"),
            ("a|ab", "ab|a"),
            ("(?i)x", "(?i)x"),
            ("***=a.b", "a\\.b"),
            ("a{x", "a\\{x"),
            ("a(?#x)*", "a*"),
            ("\\u00e9\\101", "éA"),
            ("(a)\\1", "(a)(?:\\1)"),
            ("*a", "ERR"),
            ("a**", "ERR"),
            ("(", "ERR"),
            (")", "ERR"),
            ("[", "ERR"),
            ("[b-a]", "ERR"),
            ("a{2,1}", "ERR"),
            ("\\", "ERR"),
        ] {
            let got = translate(pattern, Flags::default()).map_or_else(|_| "ERR".to_owned(), |t| t.rust);
            assert_eq!(got, want, "{pattern}");
        }
        for (pattern, want) in [
            ("Y*?([0-9]{1,3})", Preference::Shortest),
            ("km|km/h", Preference::Longest),
            ("(a|ab)(c|bcd)", Preference::Longest),
            ("a|ab", Preference::First),
            ("a+b*", Preference::First),
        ] {
            assert_eq!(translate(pattern, Flags::default()).map(|t| t.prefers).ok(), Some(want), "{pattern}");
        }
        assert!(translate("(?=(a))(a)b", Flags::default()).is_ok_and(|t| t.groups == 1));
        assert!(translate("a(?=b)", Flags::default()).is_ok_and(|t| t.fancy));
    }
}
