//! Escapes: `\d`, `\m`, `\1`, `\u00e9`.

use super::{Parser, invalid};
use crate::error::Result;

impl Parser<'_> {
    /// What follows a backslash; whether a quantifier may follow it.
    pub(super) fn escape(&mut self) -> Result<bool> {
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
    pub(super) fn character(&mut self, c: char) -> Result<char> {
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
