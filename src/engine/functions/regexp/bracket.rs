//! Bracket expressions: `[a-z[:digit:]]`, written anew with every sign escaped.

use super::{Parser, invalid};
use crate::error::Result;

/// A class's members as Rust's crates write them; those of POSIX hold Unicode's letters, as PostgreSQL's do.
fn class(name: &str) -> Option<&'static str> {
    Some(match name {
        "alpha" => "\\p{Alphabetic}",
        "digit" => "\\d",
        "alnum" => "\\p{Alphabetic}\\d",
        "space" => "\\s",
        "blank" => " \\t",
        "upper" => "\\p{Uppercase}",
        "lower" => "\\p{Lowercase}",
        "punct" => "\\p{P}\\$\\+<=>\\^`\\|\\~",
        "xdigit" => "0-9A-Fa-f",
        "cntrl" => "\\p{Cc}",
        "print" => "\\P{C}",
        "graph" => "[\\P{C}&&\\S]",
        "word" => "\\w",
        "ascii" => "\\x00-\\x7F",
        _ => return None,
    })
}

impl Parser<'_> {
    /// What follows `[`, up to its `]`.
    pub(super) fn bracket(&mut self) -> Result<()> {
        self.out.push('[');
        let negated = self.eat("^");
        if negated {
            self.out.push('^');
            if self.flags.lines {
                self.out.push_str("\\n");
            }
        }
        let mut first = true;
        loop {
            let unbalanced = || invalid("brackets [] not balanced");
            let c = self.next().ok_or_else(unbalanced)?;
            if c == ']' && !first {
                break;
            }
            first = false;
            let Some(start) = self.member(c)? else { continue };
            if self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|c| *c != ']') {
                self.at += 1;
                let c = self.next().ok_or_else(unbalanced)?;
                let end = self.member_alone(c)?;
                if end < start {
                    return Err(invalid("invalid character range"));
                }
                self.bracketed(start);
                self.out.push('-');
                self.bracketed(end);
            } else {
                self.bracketed(start);
            }
        }
        self.out.push(']');
        Ok(())
    }

    /// One member that may begin a range; `None` for a class, which is written at once.
    fn member(&mut self, c: char) -> Result<Option<char>> {
        match c {
            '[' if self.peek() == Some(':') => {
                self.at += 1;
                let name = self.until(":]")?;
                let members = class(&name).ok_or_else(|| invalid("invalid character class"))?;
                self.out.push_str(members);
                Ok(None)
            }
            '\\' => match self.peek() {
                Some(c @ ('d' | 's' | 'w' | 'D' | 'S' | 'W')) => {
                    self.at += 1;
                    self.out.push('\\');
                    self.out.push(c);
                    Ok(None)
                }
                _ => self.member_alone(c).map(Some),
            },
            _ => self.member_alone(c).map(Some),
        }
    }

    fn member_alone(&mut self, c: char) -> Result<char> {
        match (c, self.peek()) {
            ('[', Some('.' | '=')) => {
                let kind = self.next().unwrap_or('.');
                let name = self.until(&format!("{kind}]"))?;
                let mut chars = name.chars();
                chars.next().filter(|_| chars.next().is_none()).ok_or_else(|| invalid("invalid collating element"))
            }
            ('[', Some(':')) => Err(invalid("invalid character range")),
            ('\\', _) => {
                let escaped = self.next().ok_or_else(|| invalid("invalid escape \\ sequence"))?;
                self.character(escaped)
            }
            _ => Ok(c),
        }
    }

    fn until(&mut self, end: &str) -> Result<String> {
        let mut name = String::new();
        while !self.eat(end) {
            name.push(self.next().ok_or_else(|| invalid("brackets [] not balanced"))?);
        }
        Ok(name)
    }

    fn bracketed(&mut self, c: char) {
        if c.is_ascii_punctuation() && c != '_' {
            self.out.push('\\');
        }
        self.out.push(c);
    }
}
