//! The options of regular expressions.

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

impl Flags {
    /// The flags of a function's last argument. [`Kind::InvalidParameter`] for a letter that is none.
    pub fn of(letters: &str) -> Result<Self> {
        let mut flags = Self::default();
        for letter in letters.chars() {
            if letter == 'g' {
                flags.global = true;
            } else if !flags.set(letter)? {
                return Err(Error::new(Kind::InvalidParameter, format!("invalid regular expression option: \"{letter}\"")));
            }
        }
        Ok(flags)
    }

    /// Sets the option of a letter; `false` for one that is none. [`Kind::Unsupported`] for another syntax.
    pub(super) fn set(&mut self, letter: char) -> Result<bool> {
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
            'e' => {}
            'b' => {
                return Err(Error::new(Kind::Unsupported, "basic regular expressions are not supported")
                    .with_hint("Write the pattern as an advanced one."));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}
