//! Templates of dates, such as `YYYY-MM-DD HH24:MI`, taken apart: fields with what stands around them, and other characters.

/// A field of a template. Capitals and small letters of words are told apart by [`Letters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `AM`, `A.M.`; whether with points.
    Noon(bool),
    Era(bool),
    Century,
    DayName,
    DayShort,
    DayOfYear,
    IsoDayOfYear,
    Day,
    Weekday,
    IsoWeekday,
    Week,
    IsoWeek,
    WeekOfMonth,
    Fraction(u8),
    Millis,
    Micros,
    Fixed,
    Hour24,
    Hour12,
    Minute,
    Second,
    SecondOfDay,
    Julian,
    Month,
    MonthName,
    MonthShort,
    Roman,
    Quarter,
    /// The last so many digits of the year.
    Year(u8),
    /// `Y,YYY`.
    YearComma,
    IsoYear(u8),
    Zone,
    ZoneHour,
    ZoneMinute,
    Offset,
}

/// How a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letters {
    Upper,
    Capital,
    Lower,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Field {
        field: Field,
        /// As it stands in the template.
        name: &'static str,
        letters: Letters,
        /// `FM`: without padding.
        fill: bool,
        /// `TM`: as the locale writes it.
        localized: bool,
        /// `TH` or `th`.
        ordinal: Option<Letters>,
    },
    /// A blank, or a character between fields.
    Separator(char),
    /// Any other character.
    Char(char),
}

use Field::*;
use Letters::{Capital, Lower, Upper};

/// Longer names before their beginnings.
const NAMES: &[(&str, Field, Letters)] = &[
    ("A.D.", Era(true), Upper),
    ("A.M.", Noon(true), Upper),
    ("AD", Era(false), Upper),
    ("AM", Noon(false), Upper),
    ("B.C.", Era(true), Upper),
    ("BC", Era(false), Upper),
    ("CC", Century, Upper),
    ("DAY", DayName, Upper),
    ("DDD", DayOfYear, Upper),
    ("DD", Day, Upper),
    ("DY", DayShort, Upper),
    ("Day", DayName, Capital),
    ("Dy", DayShort, Capital),
    ("D", Weekday, Upper),
    ("FF1", Fraction(1), Upper),
    ("FF2", Fraction(2), Upper),
    ("FF3", Fraction(3), Upper),
    ("FF4", Fraction(4), Upper),
    ("FF5", Fraction(5), Upper),
    ("FF6", Fraction(6), Upper),
    ("FX", Fixed, Upper),
    ("HH24", Hour24, Upper),
    ("HH12", Hour12, Upper),
    ("HH", Hour12, Upper),
    ("IDDD", IsoDayOfYear, Upper),
    ("ID", IsoWeekday, Upper),
    ("IW", IsoWeek, Upper),
    ("IYYY", IsoYear(4), Upper),
    ("IYY", IsoYear(3), Upper),
    ("IY", IsoYear(2), Upper),
    ("I", IsoYear(1), Upper),
    ("J", Julian, Upper),
    ("MI", Minute, Upper),
    ("MM", Month, Upper),
    ("MONTH", MonthName, Upper),
    ("MON", MonthShort, Upper),
    ("MS", Millis, Upper),
    ("Month", MonthName, Capital),
    ("Mon", MonthShort, Capital),
    ("OF", Offset, Upper),
    ("P.M.", Noon(true), Upper),
    ("PM", Noon(false), Upper),
    ("Q", Quarter, Upper),
    ("RM", Roman, Upper),
    ("SSSSS", SecondOfDay, Upper),
    ("SSSS", SecondOfDay, Upper),
    ("SS", Second, Upper),
    ("TZH", ZoneHour, Upper),
    ("TZM", ZoneMinute, Upper),
    ("TZ", Zone, Upper),
    ("US", Micros, Upper),
    ("WW", Week, Upper),
    ("W", WeekOfMonth, Upper),
    ("Y,YYY", YearComma, Upper),
    ("YYYY", Year(4), Upper),
    ("YYY", Year(3), Upper),
    ("YY", Year(2), Upper),
    ("Y", Year(1), Upper),
    ("a.d.", Era(true), Lower),
    ("a.m.", Noon(true), Lower),
    ("ad", Era(false), Lower),
    ("am", Noon(false), Lower),
    ("b.c.", Era(true), Lower),
    ("bc", Era(false), Lower),
    ("cc", Century, Lower),
    ("day", DayName, Lower),
    ("ddd", DayOfYear, Lower),
    ("dd", Day, Lower),
    ("dy", DayShort, Lower),
    ("d", Weekday, Lower),
    ("ff1", Fraction(1), Lower),
    ("ff2", Fraction(2), Lower),
    ("ff3", Fraction(3), Lower),
    ("ff4", Fraction(4), Lower),
    ("ff5", Fraction(5), Lower),
    ("ff6", Fraction(6), Lower),
    ("fx", Fixed, Lower),
    ("hh24", Hour24, Lower),
    ("hh12", Hour12, Lower),
    ("hh", Hour12, Lower),
    ("iddd", IsoDayOfYear, Lower),
    ("id", IsoWeekday, Lower),
    ("iw", IsoWeek, Lower),
    ("iyyy", IsoYear(4), Lower),
    ("iyy", IsoYear(3), Lower),
    ("iy", IsoYear(2), Lower),
    ("i", IsoYear(1), Lower),
    ("j", Julian, Lower),
    ("mi", Minute, Lower),
    ("mm", Month, Lower),
    ("month", MonthName, Lower),
    ("mon", MonthShort, Lower),
    ("ms", Millis, Lower),
    ("of", Offset, Lower),
    ("p.m.", Noon(true), Lower),
    ("pm", Noon(false), Lower),
    ("q", Quarter, Lower),
    ("rm", Roman, Lower),
    ("sssss", SecondOfDay, Lower),
    ("ssss", SecondOfDay, Lower),
    ("ss", Second, Lower),
    ("tzh", ZoneHour, Lower),
    ("tzm", ZoneMinute, Lower),
    ("tz", Zone, Lower),
    ("us", Micros, Lower),
    ("ww", Week, Lower),
    ("w", WeekOfMonth, Lower),
    ("y,yyy", YearComma, Lower),
    ("yyyy", Year(4), Lower),
    ("yyy", Year(3), Lower),
    ("yy", Year(2), Lower),
    ("y", Year(1), Lower),
];

/// Takes a template apart. Any text is one.
pub fn parse(template: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let (mut fill, mut localized) = (false, false);
        if let Some(after) = rest.strip_prefix("FM").or_else(|| rest.strip_prefix("fm")) {
            (fill, rest) = (true, after);
        } else if let Some(after) = rest.strip_prefix("TM").or_else(|| rest.strip_prefix("tm")) {
            (localized, rest) = (true, after);
        }
        if let Some((name, field, letters)) = NAMES.iter().find(|(name, _, _)| rest.starts_with(name)) {
            rest = &rest[name.len()..];
            let mut ordinal = None;
            for (suffix, letters) in [("TH", Some(Upper)), ("th", Some(Lower)), ("SP", None)] {
                if let Some(after) = rest.strip_prefix(suffix) {
                    (ordinal, rest) = (letters, after);
                    break;
                }
            }
            nodes.push(Node::Field { field: *field, name, letters: *letters, fill, localized, ordinal });
            continue;
        }
        let mut chars = rest.chars();
        let Some(first) = chars.next() else { break };
        if first == '"' {
            rest = quoted(chars.as_str(), &mut nodes);
            continue;
        }
        // Outside of quotes a backslash only means something before one.
        let first = if first == '\\' && chars.as_str().starts_with('"') { chars.next().unwrap_or(first) } else { first };
        rest = chars.as_str();
        nodes.push(if is_separator(first) || first.is_ascii_whitespace() { Node::Separator(first) } else { Node::Char(first) });
    }
    nodes
}

/// A text in quotes, and what follows it.
fn quoted<'a>(text: &'a str, nodes: &mut Vec<Node>) -> &'a str {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => nodes.push(Node::Char(chars.next().unwrap_or(c))),
            c => nodes.push(Node::Char(c)),
        }
    }
    chars.as_str()
}

/// What may stand between fields: any ASCII sign that is no letter and no digit.
pub fn is_separator(c: char) -> bool {
    c.is_ascii_graphic() && !c.is_ascii_alphanumeric()
}

/// `st`, `nd`, `rd` or `th` for a number's digits.
pub fn ordinal(digits: &str, letters: Letters) -> &'static str {
    let mut back = digits.bytes().rev();
    let (last, before) = (back.next(), back.next());
    let small = match (before, last) {
        (Some(b'1'), _) => "th",
        (_, Some(b'1')) => "st",
        (_, Some(b'2')) => "nd",
        (_, Some(b'3')) => "rd",
        _ => "th",
    };
    match (letters, small) {
        (Letters::Lower | Letters::Capital, small) => small,
        (Letters::Upper, "st") => "ST",
        (Letters::Upper, "nd") => "ND",
        (Letters::Upper, "rd") => "RD",
        (Letters::Upper, _) => "TH",
    }
}
