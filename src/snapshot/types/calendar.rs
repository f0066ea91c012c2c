//! Dates in text: which orders of year, month and day a text can be read in, and the day in each. Which order a column has is
//! decided elsewhere.

mod order;

use self::order::Sep;
pub(super) use self::order::{Order, Orders};
use super::months::{month, skip_weekday};

/// Years of the Buddhist era that dates are written in; the common era is 543 years behind.
const BUDDHIST: std::ops::RangeInclusive<u32> = 2400..=2600;

/// A text that starts like a date: three numbers, how they are set apart, and what follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dateish<'a> {
    numbers: [u32; 3],
    lengths: [usize; 3],
    sep: Sep,
    rest: &'a [u8],
}

/// Reads the three numbers of a date; `None` when the text does not start with any.
pub(super) fn dateish(text: &[u8]) -> Option<Dateish<'_>> {
    let text = if text.first()?.is_ascii_digit() { text } else { skip_weekday(text) };
    if !text.first()?.is_ascii_digit() {
        return name_first(text);
    }
    let (a, a_len, rest) = match number(text) {
        Some(found) => found,
        None => return compact(text),
    };
    let sep = match rest.first()? {
        b'-' if rest.get(1).is_some_and(u8::is_ascii_digit) => Sep::Dash,
        b'/' if rest.get(1).is_some_and(u8::is_ascii_digit) => Sep::Slash,
        b'.' if rest[1..].trim_ascii_start().first().is_some_and(u8::is_ascii_digit) => Sep::Dot,
        0xe5 if rest.starts_with("年".as_bytes()) => Sep::Han,
        0xeb if rest.starts_with("년".as_bytes()) => Sep::Hangul,
        _ => return name_second(a, a_len, rest),
    };
    let marks: [&[u8]; 3] = match sep {
        Sep::Dash => [b"-", b"-", b""],
        Sep::Slash => [b"/", b"/", b""],
        Sep::Dot => [b".", b".", b""],
        Sep::Han => ["年".as_bytes(), "月".as_bytes(), "日".as_bytes()],
        Sep::Hangul => ["년".as_bytes(), "월".as_bytes(), "일".as_bytes()],
        Sep::Compact | Sep::NameFirst | Sep::NameSecond => return None,
    };
    let (b, b_len, rest) = number(part(rest.strip_prefix(marks[0])?, sep))?;
    let (c, c_len, rest) = number(part(rest.strip_prefix(marks[1])?, sep))?;
    let rest = rest.strip_prefix(marks[2])?;
    let (lengths, spaced) = ([a_len, b_len, c_len], text.len() - rest.len() > a_len + b_len + c_len + 2);
    // What is numbered looks like a short year, `1. 2. 23`, but for the blanks.
    let is_date = b_len <= 2 && (sep != Sep::Dot || !spaced || lengths.contains(&4));
    let rest = if sep == Sep::Dot { skip_end(rest, lengths) } else { rest };
    is_date.then_some(Dateish { numbers: [a, b, c], lengths, sep, rest })
}

/// Korean dates have blanks behind their marks, so have those of Czechs, Slovaks and Hungarians.
fn part(rest: &[u8], sep: Sep) -> &[u8] {
    if matches!(sep, Sep::Hangul | Sep::Dot) { rest.trim_ascii_start() } else { rest }
}

/// Skips what ends a date: the point behind its last number, where a year is whole (`2023.01.31.`, `31.01.2023.`), and the Polish, Russian and
/// Ukrainian word for a year (`31 января 2023 г.`).
fn skip_end(rest: &[u8], lengths: [usize; 3]) -> &[u8] {
    let word = rest.trim_ascii_start();
    let years = ["г.", "р.", "r.", "года", "року", "roku"];
    let rest = years.iter().find_map(|year| word.strip_prefix(year.as_bytes())).unwrap_or(rest);
    match rest.strip_prefix(b".") {
        Some(after) if lengths.contains(&4) && after.first().is_none_or(u8::is_ascii_whitespace) => after,
        Some(_) | None => rest,
    }
}

/// `20200131T..`.
fn compact(text: &[u8]) -> Option<Dateish<'_>> {
    let (digits, rest) = text.split_at_checked(8)?;
    if !digits.iter().all(u8::is_ascii_digit) || !matches!(rest.first(), Some(b'T' | b't')) {
        return None;
    }
    let value = |part: &[u8]| part.iter().fold(0, |v, b| v * 10 + u32::from(b - b'0'));
    let numbers = [value(&digits[..4]), value(&digits[4..6]), value(&digits[6..])];
    Some(Dateish { numbers, lengths: [4, 2, 2], sep: Sep::Compact, rest })
}

/// `31-Dec-2020`, `1st of March 2020`, `2020-Dec-31`: what follows the first number.
fn name_second(a: u32, a_len: usize, rest: &[u8]) -> Option<Dateish<'_>> {
    let is_ordinal = rest.starts_with(b".");
    let name = of(gap(ordinal(rest)));
    let (b, rest) = month(name)?;
    // November of Poles, who write no ordinals, is October of Croats, who write nothing else.
    let is_listopada = || name.get(..9).is_some_and(|word| word.eq_ignore_ascii_case(b"listopada"));
    if is_ordinal && is_listopada() {
        return None;
    }
    let (c, c_len, rest) = number(of(gap(rest)))?;
    let lengths = [a_len, 2, c_len];
    Some(Dateish { numbers: [a, b, c], lengths, sep: Sep::NameSecond, rest: skip_end(rest, lengths) })
}

/// `December 31, 2020`.
fn name_first(text: &[u8]) -> Option<Dateish<'_>> {
    let (a, rest) = month(text)?;
    let (b, b_len, rest) = number(gap(rest))?;
    let (c, c_len, rest) = number(gap(ordinal(rest)))?;
    (b_len <= 2).then_some(Dateish { numbers: [a, b, c], lengths: [2, b_len, c_len], sep: Sep::NameFirst, rest })
}

/// Skips what may stand between a day, a month's name and a year.
fn gap(rest: &[u8]) -> &[u8] {
    let rest = rest.strip_prefix(b".").unwrap_or(rest);
    let rest = rest.strip_prefix(b",").unwrap_or(rest);
    match rest.first() {
        Some(b'-' | b'/') => &rest[1..],
        Some(_) | None => rest.trim_ascii_start(),
    }
}

/// Skips the ending of `1st`, `2nd`, `3rd`, `4th`, `1er`, `1º`.
fn ordinal(rest: &[u8]) -> &[u8] {
    let endings: [&[u8]; 6] = [b"st", b"nd", b"rd", b"th", b"er", "º".as_bytes()];
    match rest.split_at_checked(2) {
        Some((end, after)) if endings.contains(&end) => after,
        Some(_) | None => rest,
    }
}

/// Skips `of ` and `de `.
fn of(rest: &[u8]) -> &[u8] {
    [b"of ", b"de "].iter().find_map(|word| rest.strip_prefix(*word)).unwrap_or(rest)
}

/// One to four digits, and no more.
fn number(text: &[u8]) -> Option<(u32, usize, &[u8])> {
    let len = text.iter().take(5).take_while(|b| b.is_ascii_digit()).count();
    if len == 0 || len > 4 {
        return None;
    }
    let value = text[..len].iter().fold(0, |v, b| v * 10 + u32::from(b - b'0'));
    Some((value, len, &text[len..]))
}

impl<'a> Dateish<'a> {
    /// What stands behind the date.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The day in `order`, counted from 1970-01-01; `None` when it does not exist or is written in another order.
    pub(super) fn day(&self, order: Order) -> Option<i32> {
        self.candidates().find(|o| *o == order).and_then(|o| self.day_in(o))
    }

    /// The orders that its separators and lengths allow; at most three.
    fn candidates(&self) -> impl Iterator<Item = Order> {
        Order::written(self.sep, self.lengths)
    }

    fn day_in(&self, order: Order) -> Option<i32> {
        let [year, month, day] = order.parts(self.numbers);
        days(year, month, day)
    }

    /// Whether the year is of the Buddhist era, as Thailand counts, for all that is known: such years of the common era are far off. ISO 8601
    /// has the common era alone.
    pub(super) fn may_be_buddhist(&self) -> bool {
        let year = self.numbers.iter().zip(self.lengths).find(|(_, len)| *len == 4);
        year.is_some_and(|(year, _)| BUDDHIST.contains(year)) && !self.candidates().any(|order| order == Order::YmdDash)
    }

    /// Of three numbers of two digits the first and the last, as bits; one that is no day of a month is bit 0.
    pub(super) fn short_ends(&self) -> [u32; 2] {
        let [a, _, c] = self.numbers;
        let bit = |number: u32| if number < 32 { 1 << number } else { 1 };
        if self.lengths == [2; 3] { [bit(a), bit(c)] } else { [0; 2] }
    }

    /// The orders in which this is a day, as bits.
    pub(super) fn orders(&self) -> Orders {
        self.candidates().filter(|o| self.day_in(*o).is_some()).map(Order::bit).sum()
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms").
pub(super) fn days(year: u32, month: u32, day: u32) -> Option<i32> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if year == 0 || year > 9999 || day == 0 || day > last {
        return None;
    }
    let year = year as i32 - i32::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let month = month as i32;
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day as i32 - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_each_order() {
        for (text, order, want) in [
            ("1970-01-01", Order::YmdDash, Some(0)),
            ("2014-7-1", Order::YmdDash, Some(16252)),
            ("2020/02/29", Order::YmdSlash, Some(18321)),
            ("2020年1月11日", Order::YmdHan, Some(18272)),
            ("2020년 1월 11일", Order::YmdHangul, Some(18272)),
            ("20200111T00", Order::YmdCompact, Some(18272)),
            ("31.12.2020", Order::DmyDot, Some(18627)),
            ("31.12.20", Order::DmyDotShort, Some(18627)),
            ("31/12/2020", Order::DmySlash, Some(18627)),
            ("31/12/2020", Order::MdySlash, None),
            ("1/22/20", Order::MdySlashShort, Some(18283)),
            ("31-12-20", Order::DmyDashShort, Some(18627)),
            ("31-Dec-20", Order::DayNameYearShort, Some(18627)),
            ("31 December 2020", Order::DayNameYear, Some(18627)),
            ("31DEC2020", Order::DayNameYear, Some(18627)),
            ("31st of December, 2020", Order::DayNameYear, Some(18627)),
            ("31 de diciembre de 2020", Order::DayNameYear, Some(18627)),
            ("31. Dezember 2020", Order::DayNameYear, Some(18627)),
            ("Thursday, December 31, 2020", Order::NameDayYear, Some(18627)),
            ("Thu Dec 31st 20", Order::NameDayYearShort, Some(18627)),
            ("2020-Dec-31", Order::YearNameDay, Some(18627)),
            ("Thu, 31 Dec 2020", Order::DayNameYear, Some(18627)),
            ("jeudi 31 décembre 2020", Order::DayNameYear, Some(18627)),
            ("Donnerstag, 31.12.2020", Order::DmyDot, Some(18627)),
            ("1er février 2020", Order::DayNameYear, Some(18293)),
            ("2020.12.31.", Order::YmdDot, Some(18627)),
            ("2020. 12. 31.", Order::YmdDot, Some(18627)),
            ("31.12.2020.", Order::DmyDot, Some(18627)),
            ("31. 12. 2020", Order::DmyDot, Some(18627)),
            ("31 grudnia 2020", Order::DayNameYear, Some(18627)),
            ("31 grudnia 2020 r.", Order::DayNameYear, Some(18627)),
            ("31 октября 2020", Order::DayNameYear, Some(18566)),
            ("31. prosince 2020", Order::DayNameYear, Some(18627)),
            ("31 декабря 2020 г.", Order::DayNameYear, Some(18627)),
            ("31 DEZEMBRO 2020", Order::DayNameYear, Some(18627)),
            ("31 augusti 2020", Order::DayNameYear, Some(18505)),
            ("2020. december 31.", Order::YearNameDay, Some(18627)),
            ("1 listopada 2020", Order::DayNameYear, Some(18567)),
            ("20-12-31", Order::YmdDashShort, Some(18627)),
            ("20/12/31", Order::YmdSlashShort, Some(18627)),
            ("20.12.31", Order::YmdDotShort, Some(18627)),
            ("98/12/31", Order::YmdSlashShort, Some(10591)),
            ("1/12/31", Order::YmdSlashShort, None),
            ("2021-02-29", Order::YmdDash, None),
            ("0000-01-01", Order::YmdDash, None),
            ("1899-12-31", Order::YmdDash, Some(-25568)),
        ] {
            assert_eq!(dateish(text.as_bytes()).and_then(|d| d.day(order)), want, "{text} {order:?}");
        }
        for text in [
            "2020年",
            "20200131",
            "2020",
            "1-2",
            "2020-01",
            "a-b-c",
            "12345-01-01",
            "Mar-11",
            "March 2020",
            "1 2 2020",
            "1. 2. 23",
            "1. listopada 2020.",
            "1. LISTOPADA 2020.",
            "Dec",
            "Thu",
            "",
        ] {
            assert!(dateish(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_text_has_the_orders_that_it_can_be_read_in() {
        for (text, want) in [
            ("1/2/2020", "DD/MM/YYYY MM/DD/YYYY"),
            ("13/2/2020", "DD/MM/YYYY"),
            ("1/13/20", "MM/DD/YY"),
            ("01-02-13", "DD-MM-YY MM-DD-YY YY-MM-DD"),
            ("1-02-13", "DD-MM-YY MM-DD-YY"),
            ("23/12/31", "DD/MM/YY YY/MM/DD"),
            ("23/12/99", "DD/MM/YY"),
            ("99/12/23", "YY/MM/DD"),
            ("10/23/05", "MM/DD/YY"),
            ("23.12.31", "DD.MM.YY YY.MM.DD"),
            ("99.12.31", "YY.MM.DD"),
            ("1.2.2020", "DD.MM.YYYY"),
            ("45/1/2020", ""),
        ] {
            let found = dateish(text.as_bytes()).map_or(0, |d| d.orders());
            assert_eq!(Order::of(found).map(Order::name).collect::<Vec<_>>().join(" "), want, "{text}");
        }
    }
}
