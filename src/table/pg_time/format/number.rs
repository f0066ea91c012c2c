//! Templates of numbers (`to_char(1234.5, '9,999.99')`): digits with signs, groups, a point and other marks around them.

mod read;
mod write;

use super::template::Letters;
use crate::error::{Error, Kind, Result};

/// A mark of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// `9` or `0`.
    Digit(bool),
    Point,
    Comma,
    Group,
    Currency,
    Roman(Letters),
    Ordinal(Letters),
    Minus,
    Plus,
    Sign,
    /// What prints nothing where it stands.
    Silent,
    Char(char),
}

/// Where a sign of `S` stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Anchor {
    None,
    Before,
    After,
}

/// A template taken apart.
pub struct Template {
    marks: Vec<Mark>,
    /// Digits before and behind the point.
    whole: usize,
    fraction: usize,
    /// Digits that `V` shifts by.
    shift: usize,
    has_point: bool,
    has_shift: bool,
    fill: bool,
    anchor: Anchor,
    /// Digits before the `S`.
    before_sign: usize,
    minus: bool,
    plus: bool,
    bracket: bool,
    /// The first `0`, and behind the last one.
    zero_start: Option<usize>,
    zero_end: usize,
    is_roman: bool,
    is_exponent: bool,
}

fn syntax(message: &str) -> Error {
    Error::new(Kind::Syntax, message)
}

/// The marks by name, the longer first; letters count in any case.
const NAMES: [&str; 20] =
    ["EEEE", "FM", "MI", "PL", "PR", "RN", "SG", "SP", "TH", ",", ".", "0", "9", "B", "C", "D", "G", "L", "S", "V"];

impl Template {
    /// Takes a template apart. [`Kind::Syntax`] for marks that do not go together.
    pub fn parse(text: &str) -> Result<Self> {
        let mut template = Self {
            marks: Vec::new(),
            whole: 0,
            fraction: 0,
            shift: 0,
            has_point: false,
            has_shift: false,
            fill: false,
            anchor: Anchor::None,
            before_sign: 0,
            minus: false,
            plus: false,
            bracket: false,
            zero_start: None,
            zero_end: 0,
            is_roman: false,
            is_exponent: false,
        };
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            // Of one case throughout.
            let name = NAMES.iter().find(|n| rest.starts_with(*n) || rest.starts_with(n.to_lowercase().as_str()));
            if let Some(name) = name {
                let letters = if rest.starts_with(name) { Letters::Upper } else { Letters::Lower };
                rest = &rest[name.len()..];
                let mark = template.mark(name, letters)?;
                template.marks.push(mark);
            } else if first == '"' {
                let mut chars = rest[1..].chars();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => template.marks.push(Mark::Char(chars.next().unwrap_or(c))),
                        c => template.marks.push(Mark::Char(c)),
                    }
                }
                rest = chars.as_str();
            } else {
                let after = &rest[first.len_utf8()..];
                let (c, after) = if first == '\\' && after.starts_with('"') { ('"', &after[1..]) } else { (first, after) };
                template.marks.push(Mark::Char(c));
                rest = after;
            }
        }
        Ok(template)
    }

    fn mark(&mut self, name: &str, letters: Letters) -> Result<Mark> {
        if self.is_exponent {
            return Err(syntax("\"EEEE\" must be the last pattern used"));
        }
        let signed = self.minus || self.plus || self.bracket;
        Ok(match name {
            "9" | "0" => {
                let zero = name == "0";
                if self.bracket {
                    return Err(syntax(&format!("\"{name}\" must be ahead of \"PR\"")));
                }
                if self.has_shift && !zero {
                    self.shift += 1;
                    return Ok(Mark::Digit(zero));
                }
                if zero && !self.has_point && self.zero_start.is_none() {
                    self.zero_start = Some(self.whole);
                }
                if self.has_point {
                    self.fraction += 1
                } else {
                    self.whole += 1
                }
                if zero {
                    self.zero_end = self.whole + self.fraction;
                }
                Mark::Digit(zero)
            }
            "." | "D" => {
                if self.has_point {
                    return Err(syntax("multiple decimal points"));
                }
                if self.has_shift {
                    return Err(syntax("cannot use \"V\" and decimal point together"));
                }
                self.has_point = true;
                Mark::Point
            }
            "," => Mark::Comma,
            "G" => Mark::Group,
            "L" => Mark::Currency,
            "FM" => {
                self.fill = true;
                Mark::Silent
            }
            "S" => {
                if self.anchor != Anchor::None && !self.has_point {
                    return Err(syntax("cannot use \"S\" twice"));
                }
                if signed {
                    return Err(syntax("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together"));
                }
                if self.has_point {
                    self.anchor = if self.anchor == Anchor::None { Anchor::After } else { self.anchor };
                } else {
                    (self.anchor, self.before_sign) = (Anchor::Before, self.whole);
                }
                Mark::Silent
            }
            "MI" | "PL" | "SG" => {
                if self.anchor != Anchor::None {
                    return Err(syntax(&format!("cannot use \"S\" and \"{name}\" together")));
                }
                self.minus |= name != "PL";
                self.plus |= name != "MI";
                match name {
                    "MI" => Mark::Minus,
                    "PL" => Mark::Plus,
                    _ => Mark::Sign,
                }
            }
            "PR" => {
                if self.anchor != Anchor::None || self.plus || self.minus {
                    return Err(syntax("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together"));
                }
                self.bracket = true;
                Mark::Silent
            }
            "RN" => {
                self.is_roman = true;
                Mark::Roman(letters)
            }
            "TH" => Mark::Ordinal(letters),
            "V" => {
                if self.has_point {
                    return Err(syntax("cannot use \"V\" and decimal point together"));
                }
                self.has_shift = true;
                Mark::Silent
            }
            "EEEE" => {
                if self.fill || self.anchor != Anchor::None || signed || self.is_roman || self.has_shift {
                    return Err(syntax("\"EEEE\" is incompatible with other formats")
                        .with_detail("\"EEEE\" may only be used together with digit and decimal point patterns."));
                }
                self.is_exponent = true;
                Mark::Silent
            }
            _ => Mark::Silent,
        })
    }

    /// Digits behind the point that are asked for.
    pub fn places(&self) -> usize {
        self.fraction
    }

    /// Digits that the number is to be shifted by to the left.
    pub fn shift(&self) -> usize {
        self.shift
    }

    pub fn is_exponent(&self) -> bool {
        self.is_exponent
    }

    pub fn is_roman(&self) -> bool {
        self.is_roman
    }
}
