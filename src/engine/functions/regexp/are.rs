//! PostgreSQL's regular expressions (Henry Spencer's AREs, 9.7.3 of its manual) written as the `regex` crate reads them. Matching is
//! `compiled`'s.

use crate::error::{Error, Kind, Result};

/// The options of a regular expression, as letters behind it or in front (`(?i)`) set them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    pub ignore_case: bool,
    /// White space and comments do not count.
    pub expanded: bool,
    /// The pattern is a plain text.
    pub literal: bool,
    /// `.` and `[^..]` do not match a newline.
    pub lines: bool,
    /// `^` and `$` match beside newlines too.
    pub anchors: bool,
    /// All matches, not the first alone.
    pub global: bool,
}

/// A regular expression in the syntax of Rust's crates.
#[derive(Debug, PartialEq, Eq)]
pub struct Translated {
    pub rust: String,
    /// Whether it looks around or back, for which `regex` has no automaton.
    pub fancy: bool,
    /// Whether the shortest match counts, not the longest.
    pub shortest: bool,
    pub groups: usize,
}

impl Flags {
    /// The flags of a function's last argument. [`Kind::InvalidParameter`] for a letter that is none.
    pub fn of(letters: &str) -> Result<Self> {
        let mut flags = Self::default();
        for letter in letters.chars() {
            if letter == 'g' {
                flags.global = true;
            } else if !flags.set(letter) {
                return Err(Error::new(Kind::InvalidParameter, format!("invalid regular expression option: \"{letter}\"")));
            }
        }
        Ok(flags)
    }

    fn set(&mut self, letter: char) -> bool {
        match letter {
            'i' => self.ignore_case = true,
            'c' => self.ignore_case = false,
            'x' => self.expanded = true,
            't' => self.expanded = false,
            'q' => self.literal = true,
            'n' | 'm' => (self.lines, self.anchors) = (true, true),
            's' => (self.lines, self.anchors) = (false, false),
            'p' => (self.lines, self.anchors) = (true, false),
            'w' => (self.lines, self.anchors) = (false, true),
            'e' | 'b' => {}
            _ => return false,
        }
        true
    }
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
        if !letters.chars().all(|c| flags.set(c)) {
            return Err(invalid("invalid embedded option"));
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
        return Ok(Translated { rust, fancy: false, shortest: false, groups: 0 });
    }
    let chars: Vec<char> = pattern.chars().collect();
    let mut parser =
        Parser { chars: &chars, at: 0, flags, out: rust, groups: 0, closed: Vec::new(), fancy: false, first: None, depth: 0 };
    let alternatives = parser.alternatives()?;
    if parser.at < chars.len() {
        return Err(invalid("parentheses () not balanced"));
    }
    let shortest = !alternatives && parser.first == Some(true);
    Ok(Translated { rust: parser.out, fancy: parser.fancy, shortest, groups: parser.groups })
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
        if branches > 1 && plain.iter().all(|p| *p) {
            self.longest_first(&starts);
        }
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
            if self.flags.expanded && self.skip_expanded() {
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

    fn skip_expanded(&mut self) -> bool {
        match self.peek() {
            Some(c) if c.is_whitespace() => self.at += 1,
            Some('#') => while self.next().is_some_and(|c| c != '\n') {},
            _ => return false,
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
        let mut constraint = true;
        if self.eat("?#") {
            while self.next().ok_or_else(|| invalid("parentheses () not balanced"))? != ')' {}
            self.depth -= 1;
            self.out.push_str("(?:)");
            return Ok(false);
        }
        if self.eat("?:") {
            self.out.push_str("(?:");
            constraint = false;
        } else if let Some(look) = ["?=", "?!", "?<=", "?<!"].into_iter().find(|look| self.begins(look)) {
            self.eat(look);
            self.out.push('(');
            self.out.push_str(look);
            self.fancy = true;
        } else if self.peek() == Some('?') {
            return Err(invalid("quantifier operand invalid"));
        } else {
            self.out.push('(');
            self.groups += 1;
            number = Some(self.groups);
            constraint = false;
        }
        self.alternatives()?;
        if self.next() != Some(')') {
            return Err(invalid("parentheses () not balanced"));
        }
        self.depth -= 1;
        self.closed.extend(number);
        self.out.push(')');
        Ok(!constraint)
    }

    /// Whether there was one.
    fn quantifier(&mut self, may_follow: bool) -> Result<bool> {
        while self.flags.expanded && self.skip_expanded() {}
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

    /// `{m}`, `{m,}` or `{m,n}`; whether it can match more or less.
    fn bounds(&mut self) -> Result<bool> {
        let mut number = || {
            let mut digits = String::new();
            while let Some(c) = self.peek().filter(char::is_ascii_digit) {
                digits.push(c);
                self.at += 1;
            }
            if digits.is_empty() {
                return Ok(None);
            }
            digits.parse::<u32>().ok().filter(|n| *n <= 255).map(Some).ok_or_else(|| invalid("invalid repetition count(s)"))
        };
        let least = number()?.unwrap_or(0);
        let ranged = self.eat(",");
        let mut most = Some(least);
        if ranged {
            most = None;
            let mut digits = String::new();
            while let Some(c) = self.peek().filter(char::is_ascii_digit) {
                digits.push(c);
                self.at += 1;
            }
            if !digits.is_empty() {
                most = Some(digits.parse().ok().filter(|n| *n <= 255).ok_or_else(|| invalid("invalid repetition count(s)"))?);
            }
        }
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

    /// What follows a backslash; whether a quantifier may follow it.
    fn escape(&mut self) -> Result<bool> {
        let c = self.next().ok_or_else(|| invalid("invalid escape \\ sequence"))?;
        match c {
            'd' | 's' | 'w' | 'D' | 'S' | 'W' => {
                self.out.push('\\');
                self.out.push(c);
            }
            'A' | 'Z' | 'm' | 'M' | 'y' | 'Y' => {
                self.out.push_str(match c {
                    'A' => "\\A",
                    'Z' => "\\z",
                    'm' => "\\b{start}",
                    'M' => "\\b{end}",
                    'y' => "\\b",
                    _ => "\\B",
                });
                return Ok(false);
            }
            '1'..='9' => {
                let mut number = c.to_digit(10).unwrap_or_default() as usize;
                while let Some(d) = self.peek().and_then(|c| c.to_digit(10)) {
                    // Of several digits, as many as there are groups.
                    if number * 10 + d as usize > self.groups {
                        break;
                    }
                    number = number * 10 + d as usize;
                    self.at += 1;
                }
                if !self.closed.contains(&number) && c < '8' && self.peek().is_some_and(|c| c.is_digit(8)) {
                    // Not that many groups: digits of base eight.
                    self.at -= 1;
                    let c = self.coded(8, 2, 3)?;
                    self.literal(c);
                    return Ok(true);
                }
                if !self.closed.contains(&number) {
                    return Err(invalid("invalid backreference number"));
                }
                self.fancy = true;
                self.out.push_str(&format!("(?:\\{number})"));
            }
            other => {
                let c = self.character(other)?;
                self.literal(c);
            }
        }
        Ok(true)
    }

    /// The character of an escape that names one.
    fn character(&mut self, c: char) -> Result<char> {
        let bad = || invalid("invalid escape \\ sequence");
        Ok(match c {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'B' => '\\',
            'c' => char::from(self.next().filter(char::is_ascii).ok_or_else(bad)? as u8 & 0x1f),
            'e' => '\u{1b}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'u' => self.coded(16, 4, 4)?,
            'U' => self.coded(16, 8, 8)?,
            'x' => self.coded(16, 1, 255)?,
            '0' => self.coded(8, 0, 2)?,
            c if c.is_ascii_alphanumeric() => return Err(bad()),
            c => c,
        })
    }

    fn coded(&mut self, radix: u32, least: usize, most: usize) -> Result<char> {
        let bad = || invalid("invalid escape \\ sequence");
        let (mut code, mut digits) = (0u32, 0);
        while digits < most
            && let Some(d) = self.peek().and_then(|c| c.to_digit(radix))
        {
            code = code.checked_mul(radix).and_then(|c| c.checked_add(d)).ok_or_else(bad)?;
            digits += 1;
            self.at += 1;
        }
        char::from_u32(code).filter(|_| digits >= least).ok_or_else(bad)
    }
}

#[path = "bracket.rs"]
mod bracket;

#[cfg(test)]
mod tests {
    use super::{Flags, translate};

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
        assert!(translate("Y*?([0-9]{1,3})", Flags::default()).is_ok_and(|t| t.shortest && t.groups == 1));
        assert!(translate("a(?=b)", Flags::default()).is_ok_and(|t| t.fancy));
    }
}
