//! Numbers written by a template.

use super::super::template::{Letters, ordinal};
use super::{Anchor, Mark, Template};

impl Template {
    /// Appends what stands for a number that is none, in scientific notation.
    pub fn write_no_exponent(&self, out: &mut String) {
        out.push(' ');
        out.extend(std::iter::repeat_n('#', self.whole));
        out.push('.');
        out.extend(std::iter::repeat_n('#', self.fraction + 4));
    }

    /// Appends a Roman number; `None` for one that has no form.
    pub fn write_roman(&self, number: Option<u16>, out: &mut String) {
        let text = number.filter(|n| (1..4000).contains(n)).map_or_else(|| "#".repeat(15), roman);
        for mark in &self.marks {
            match mark {
                Mark::Roman(letters) => {
                    let text = if *letters == Letters::Lower { text.to_lowercase() } else { text.clone() };
                    if self.fill { out.push_str(&text) } else { out.push_str(&format!("{text:>15}")) }
                }
                Mark::Char(c) => out.push(*c),
                Mark::Digit(_)
                | Mark::Point
                | Mark::Comma
                | Mark::Group
                | Mark::Currency
                | Mark::Ordinal(_)
                | Mark::Minus
                | Mark::Plus
                | Mark::Sign
                | Mark::Silent => {}
            }
        }
    }

    /// Appends a number: its decimal text, already shifted and rounded to the template's places, with a minus where it is negative.
    pub fn write(&self, number: &str, out: &mut String) {
        let (negative, digits) = number.strip_prefix('-').map_or((false, number), |digits| (true, digits));
        let places = self.whole + self.shift;
        let whole = digits.find('.').unwrap_or(digits.len());
        let hashes;
        let (digits, spaces) = if whole > places {
            let fraction = "#".repeat(self.fraction);
            hashes = format!("{}.{fraction}", "#".repeat(places));
            (hashes.as_str(), 0)
        } else {
            (digits, places - whole)
        };
        Writer::new(self, digits.as_bytes(), spaces, negative).run(out);
    }
}

fn roman(mut number: u16) -> String {
    const SIGNS: [(u16, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut text = String::new();
    for (value, sign) in SIGNS {
        while number >= value {
            text.push_str(sign);
            number -= value;
        }
    }
    text
}

/// One number on its way into a template.
struct Writer<'a> {
    template: &'a Template,
    digits: &'a [u8],
    at: usize,
    /// Places before the first digit.
    spaces: usize,
    negative: bool,
    anchor: Anchor,
    sign_written: bool,
    /// The last digit that counts where nothing is padded.
    last: Option<usize>,
    /// The place, and how many there are.
    place: usize,
    places: usize,
    inside: bool,
}

impl<'a> Writer<'a> {
    fn new(template: &'a Template, digits: &'a [u8], spaces: usize, negative: bool) -> Self {
        let places_before = template.whole + template.shift;
        let anchor = match template.anchor {
            Anchor::Before if template.before_sign == template.whole => Anchor::After,
            other => other,
        };
        let sign_written = if template.plus || template.minus {
            template.minus
        } else {
            !negative && template.fill && template.anchor == Anchor::None
        };
        let mut last = None;
        if template.fill && template.has_point {
            last = last_relevant(digits);
            if let Some(known) = last
                && template.zero_end > spaces
            {
                last = Some(known.max((digits.len() - 1).min(template.zero_end - spaces)));
            }
        }
        let mut places = (template.fraction + places_before).saturating_sub(1);
        if !sign_written && spaces == 0 {
            places += 1;
        }
        Self { template, digits, at: 0, spaces, negative, anchor, sign_written, last, place: 0, places, inside: false }
    }

    fn run(mut self, out: &mut String) {
        let fill = self.template.fill;
        for mark in &self.template.marks {
            match mark {
                Mark::Digit(zero) => self.digit(Some(*zero), out),
                Mark::Point => self.digit(None, out),
                Mark::Comma | Mark::Group if self.inside => out.push(','),
                Mark::Comma | Mark::Group | Mark::Currency => {
                    if !fill || *mark == Mark::Currency {
                        out.push(' ');
                    }
                }
                Mark::Ordinal(letters) => {
                    if !self.negative && self.digits.first() != Some(&b'#') && !self.template.has_point {
                        out.push_str(ordinal(std::str::from_utf8(self.digits).unwrap_or_default(), *letters));
                    }
                }
                Mark::Minus if self.negative => out.push('-'),
                Mark::Plus if !self.negative => out.push('+'),
                Mark::Minus | Mark::Plus => {
                    if !fill {
                        out.push(' ');
                    }
                }
                Mark::Sign => out.push(if self.negative { '-' } else { '+' }),
                Mark::Char(c) => out.push(*c),
                Mark::Roman(_) | Mark::Silent => {}
            }
        }
    }

    fn zero_start(&self) -> Option<usize> {
        self.template.zero_start
    }

    /// Whether a lone zero before the point is not shown.
    fn is_hidden_zero(&self) -> bool {
        self.zero_start().is_none() && self.at == 0 && self.digits.first() == Some(&b'0') && self.template.fraction != 0
    }

    fn point_is_last(&self) -> bool {
        self.last.and_then(|last| self.digits.get(last)) == Some(&b'.')
    }

    fn sign(&mut self, out: &mut String) {
        let begins = self.place >= self.spaces || self.zero_start() == Some(self.place);
        if self.sign_written || !begins || (self.is_hidden_zero() && !self.point_is_last()) {
            return;
        }
        if self.template.anchor != Anchor::None {
            if self.anchor == Anchor::Before {
                out.push(if self.negative { '-' } else { '+' });
                self.sign_written = true;
            }
            return;
        }
        self.sign_written = true;
        if self.template.bracket {
            if self.negative || !self.template.fill {
                out.push(if self.negative { '<' } else { ' ' });
            }
        } else if self.negative {
            out.push('-');
        } else if !self.template.fill {
            out.push(' ');
        }
    }

    /// A place of a digit, or the point: `mark` is `None` for that.
    fn digit(&mut self, mark: Option<bool>, out: &mut String) {
        if self.template.is_roman {
            return;
        }
        self.inside = false;
        self.sign(out);
        let fill = self.template.fill;
        let before = self.place < self.spaces;
        if before && self.zero_start().is_none_or(|start| start > self.place) {
            if !fill {
                out.push(' ');
            }
        } else if before {
            out.push('0');
            self.inside = true;
        } else {
            self.number(mark == Some(true), out);
            if self.at < self.digits.len() {
                self.at += 1;
            }
        }
        let mut end = self.places + usize::from(self.spaces > 0) + usize::from(self.template.has_point);
        if self.last == Some(self.at) && self.last.is_some() {
            end = self.place;
        }
        if self.place + 1 == end {
            if self.sign_written && self.template.bracket {
                if self.negative || !fill {
                    out.push(if self.negative { '>' } else { ' ' });
                }
            } else if self.anchor == Anchor::After && self.template.anchor != Anchor::None {
                out.push(if self.negative { '-' } else { '+' });
            }
        }
        self.place += 1;
    }

    fn number(&mut self, zero: bool, out: &mut String) {
        match self.digits.get(self.at) {
            Some(b'.') => {
                if !self.point_is_last() || self.template.fill {
                    out.push('.');
                }
            }
            Some(_) | None if self.last.is_some_and(|last| self.at > last) && !zero => {}
            Some(_) if self.is_hidden_zero() => {
                if !self.template.fill {
                    out.push(' ');
                } else if self.point_is_last() {
                    out.push('0');
                }
            }
            Some(digit) => {
                out.push(char::from(*digit));
                self.inside = true;
            }
            None => self.inside = true,
        }
    }
}

/// The last digit behind the point that is no zero, or the point; `None` without a point.
fn last_relevant(digits: &[u8]) -> Option<usize> {
    let point = digits.iter().position(|d| *d == b'.')?;
    Some(digits.iter().rposition(|d| *d != b'0').map_or(point, |last| last.max(point)))
}
