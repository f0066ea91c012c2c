//! Bytes of an XML text that its encoding does not have: while it is parsed each is a character for private use and the bytes written
//! out, so that the values that they fall into are known behind the parser.

use std::borrow::Cow;

use crate::snapshot::decode::{Bad, Text};

/// The first of the characters for private use that stand for a place, and behind the last that one of all further places.
const FIRST: u32 = 0xF_0000;
const LAST: u32 = 0xF_FFFD;

/// The places of one text.
#[derive(Clone, Copy)]
pub(super) struct StandIns<'t> {
    bad: &'t [Bad],
    encoding: &'static str,
}

impl<'t> StandIns<'t> {
    pub(super) fn of(text: &'t Text) -> Self {
        Self { bad: &text.bad, encoding: text.encoding }
    }

    /// A part of the text, from its byte `start` on, with the places marked.
    pub(super) fn marked(self, part: String, start: u64) -> String {
        let first = self.bad.partition_point(|b| b.at < start);
        let within = self.bad[first..].iter().take_while(|b| b.at < start + part.len() as u64);
        let mut out = String::new();
        let mut from = 0;
        for (i, bad) in within.enumerate() {
            let at = (bad.at - start) as usize;
            let Some(stand_in) = part.get(at..).and_then(|rest| rest.chars().next()) else { continue };
            out.push_str(&part[from..at]);
            out.extend(u32::try_from(first + i).ok().and_then(|n| char::from_u32(FIRST.saturating_add(n).min(LAST))));
            out.push_str(&bad.escaped());
            from = at + stand_in.len_utf8();
        }
        if from == 0 {
            return part;
        }
        out.push_str(&part[from..]);
        out
    }

    /// What is wrong with a value; `None` when nothing is.
    pub(super) fn reason(self, value: &str) -> Option<String> {
        let place = value.chars().find_map(|c| self.place(c))?;
        Some(match self.bad.get(place) {
            Some(bad) if place < (LAST - FIRST) as usize => bad.reason(self.encoding),
            Some(_) | None => "holds bytes that its encoding does not have".to_owned(),
        })
    }

    /// A text without the marks.
    pub(super) fn unmarked(self, text: &str) -> Cow<'_, str> {
        if text.chars().any(|c| self.place(c).is_some()) {
            Cow::Owned(text.chars().filter(|c| self.place(*c).is_none()).collect())
        } else {
            Cow::Borrowed(text)
        }
    }

    fn place(self, c: char) -> Option<usize> {
        let place = u32::from(c).checked_sub(FIRST).filter(|place| *place <= LAST - FIRST)? as usize;
        (place < self.bad.len()).then_some(place)
    }
}
