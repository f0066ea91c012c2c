//! Dates in text: which orders of year, month and day a text can be read in, and the day in each. Which order a column has is
//! decided elsewhere.

use super::months::{month, skip_weekday};

/// The orders and separators in which dates are published. One column has one in a file. A year of two digits stands last or first and
/// is read as POSIX reads it (see [`full_year`]). New ones are added at the end: ledgers hold places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// `2020-01-31`, `2014-7-1` (ISO 8601).
    YmdDash,
    /// `2020/01/31`
    YmdSlash,
    /// `2020.01.31`
    YmdDot,
    /// `2020年1月31日`
    YmdHan,
    /// `2020년 1월 31일`
    YmdHangul,
    /// `20200131T1015`; eight digits without a time are a number.
    YmdCompact,
    /// `31.12.2020`
    DmyDot,
    /// `31.12.20`
    DmyDotShort,
    /// `31/12/2020`
    DmySlash,
    /// `12/31/2020`
    MdySlash,
    /// `31-12-2020`
    DmyDash,
    /// `12-31-2020`
    MdyDash,
    /// `31/12/20`
    DmySlashShort,
    /// `12/31/20`
    MdySlashShort,
    /// `31-12-20`
    DmyDashShort,
    /// `12-31-20`
    MdyDashShort,
    /// `31-Dec-2020`, `31 December 2020`, `31DEC2020`
    DayNameYear,
    /// `31-Dec-20`
    DayNameYearShort,
    /// `December 31, 2020`
    NameDayYear,
    /// `Dec 31, 20`
    NameDayYearShort,
    /// `2020-Dec-31`
    YearNameDay,
    /// `20-12-31`
    YmdDashShort,
    /// `20/12/31`
    YmdSlashShort,
    /// `20.12.31`
    YmdDotShort,
}

/// Orders as bits.
pub(super) type Orders = u32;

impl Order {
    pub(super) const ALL: [Self; 24] = [
        Self::YmdDash,
        Self::YmdSlash,
        Self::YmdDot,
        Self::YmdHan,
        Self::YmdHangul,
        Self::YmdCompact,
        Self::DmyDot,
        Self::DmyDotShort,
        Self::DmySlash,
        Self::MdySlash,
        Self::DmyDash,
        Self::MdyDash,
        Self::DmySlashShort,
        Self::MdySlashShort,
        Self::DmyDashShort,
        Self::MdyDashShort,
        Self::DayNameYear,
        Self::DayNameYearShort,
        Self::NameDayYear,
        Self::NameDayYearShort,
        Self::YearNameDay,
        Self::YmdDashShort,
        Self::YmdSlashShort,
        Self::YmdDotShort,
    ];

    /// Those that begin with a year of two digits.
    pub(super) const SHORT_FIRST: Orders = Self::YmdDashShort.bit() | Self::YmdSlashShort.bit() | Self::YmdDotShort.bit();

    pub(super) const fn bit(self) -> Orders {
        1 << self as u32
    }

    /// The orders of a set.
    pub(super) fn of(orders: Orders) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |o| orders & o.bit() != 0)
    }

    /// Whether the day comes first (`Some(true)`) or the month (`Some(false)`), where the text alone may not tell.
    pub(super) fn day_first(self) -> Option<bool> {
        match self {
            Self::DmySlash | Self::DmyDash | Self::DmySlashShort | Self::DmyDashShort => Some(true),
            Self::MdySlash | Self::MdyDash | Self::MdySlashShort | Self::MdyDashShort => Some(false),
            Self::YmdDash
            | Self::YmdSlash
            | Self::YmdDot
            | Self::YmdHan
            | Self::YmdHangul
            | Self::YmdCompact
            | Self::DmyDot
            | Self::DmyDotShort
            | Self::DayNameYear
            | Self::DayNameYearShort
            | Self::NameDayYear
            | Self::NameDayYearShort
            | Self::YearNameDay
            | Self::YmdDashShort
            | Self::YmdSlashShort
            | Self::YmdDotShort => None,
        }
    }

    /// Whether texts that can be read in both are settled by neither: day and month, or day and a short year, change places.
    pub(super) fn is_swapped(self, other: Self) -> bool {
        let months = self.day_first().is_some_and(|first| other.day_first() == Some(!first));
        months || self.swaps_year(other) || other.swaps_year(self)
    }

    /// Whether this has a short year first, and the other the same marks and a short year last.
    fn swaps_year(self, other: Self) -> bool {
        match self {
            Self::YmdDashShort => matches!(other, Self::DmyDashShort | Self::MdyDashShort),
            Self::YmdSlashShort => matches!(other, Self::DmySlashShort | Self::MdySlashShort),
            Self::YmdDotShort => other == Self::DmyDotShort,
            Self::YmdDash
            | Self::YmdSlash
            | Self::YmdDot
            | Self::YmdHan
            | Self::YmdHangul
            | Self::YmdCompact
            | Self::DmyDot
            | Self::DmyDotShort
            | Self::DmySlash
            | Self::MdySlash
            | Self::DmyDash
            | Self::MdyDash
            | Self::DmySlashShort
            | Self::MdySlashShort
            | Self::DmyDashShort
            | Self::MdyDashShort
            | Self::DayNameYear
            | Self::DayNameYearShort
            | Self::NameDayYear
            | Self::NameDayYearShort
            | Self::YearNameDay => false,
        }
    }

    /// As people write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::YmdDash => "YYYY-MM-DD",
            Self::YmdSlash => "YYYY/MM/DD",
            Self::YmdDot => "YYYY.MM.DD",
            Self::YmdHan => "YYYY年M月D日",
            Self::YmdHangul => "YYYY년 M월 D일",
            Self::YmdCompact => "YYYYMMDD",
            Self::DmyDot => "DD.MM.YYYY",
            Self::DmyDotShort => "DD.MM.YY",
            Self::DmySlash => "DD/MM/YYYY",
            Self::MdySlash => "MM/DD/YYYY",
            Self::DmyDash => "DD-MM-YYYY",
            Self::MdyDash => "MM-DD-YYYY",
            Self::DmySlashShort => "DD/MM/YY",
            Self::MdySlashShort => "MM/DD/YY",
            Self::DmyDashShort => "DD-MM-YY",
            Self::MdyDashShort => "MM-DD-YY",
            Self::DayNameYear => "DD-Mon-YYYY",
            Self::DayNameYearShort => "DD-Mon-YY",
            Self::NameDayYear => "Mon DD, YYYY",
            Self::NameDayYearShort => "Mon DD, YY",
            Self::YearNameDay => "YYYY-Mon-DD",
            Self::YmdDashShort => "YY-MM-DD",
            Self::YmdSlashShort => "YY/MM/DD",
            Self::YmdDotShort => "YY.MM.DD",
        }
    }
}

/// How the three parts of a date are set apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sep {
    Dash,
    Slash,
    Dot,
    Han,
    Hangul,
    Compact,
    /// The month has a name; it stands first (0) or second (1).
    Name(u8),
}

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
    if !text.first()?.is_ascii_digit() {
        return name_first(skip_weekday(text));
    }
    let (a, a_len, rest) = match number(text) {
        Some(found) => found,
        None => return compact(text),
    };
    let sep = match rest.first()? {
        b'-' if rest.get(1).is_some_and(u8::is_ascii_digit) => Sep::Dash,
        b'/' if rest.get(1).is_some_and(u8::is_ascii_digit) => Sep::Slash,
        b'.' if rest.get(1).is_some_and(u8::is_ascii_digit) => Sep::Dot,
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
        Sep::Compact | Sep::Name(_) => return None,
    };
    let (b, b_len, rest) = number(part(rest.strip_prefix(marks[0])?, sep))?;
    let (c, c_len, rest) = number(part(rest.strip_prefix(marks[1])?, sep))?;
    let rest = rest.strip_prefix(marks[2])?;
    (b_len <= 2).then_some(Dateish { numbers: [a, b, c], lengths: [a_len, b_len, c_len], sep, rest })
}

/// Korean dates have blanks behind their marks.
fn part(rest: &[u8], sep: Sep) -> &[u8] {
    if sep == Sep::Hangul { rest.trim_ascii_start() } else { rest }
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
    let rest = gap(ordinal(rest));
    let (b, rest) = month(of(rest))?;
    let (c, c_len, rest) = number(of(gap(rest)))?;
    Some(Dateish { numbers: [a, b, c], lengths: [a_len, 2, c_len], sep: Sep::Name(1), rest })
}

/// `December 31, 2020`.
fn name_first(text: &[u8]) -> Option<Dateish<'_>> {
    let (a, rest) = month(text)?;
    let (b, b_len, rest) = number(gap(rest))?;
    let (c, c_len, rest) = number(gap(ordinal(rest)))?;
    (b_len <= 2).then_some(Dateish { numbers: [a, b, c], lengths: [2, b_len, c_len], sep: Sep::Name(0), rest })
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

/// Skips the ending of `1st`, `2nd`, `3rd`, `4th`.
fn ordinal(rest: &[u8]) -> &[u8] {
    let endings: [&[u8]; 4] = [b"st", b"nd", b"rd", b"th"];
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

    /// The orders that its separators and lengths allow; at most three.
    fn candidates(&self) -> &'static [Order] {
        use Order::*;
        let [a, _, c] = self.lengths;
        let (long_first, long_last, short) = (a == 4 && c <= 2, a <= 2 && c == 4, a <= 2 && c == 2);
        // A year has both its digits.
        let either = a == 2 && c == 2;
        match self.sep {
            Sep::Dash if long_first => &[YmdDash],
            Sep::Dash if long_last => &[DmyDash, MdyDash],
            Sep::Dash if either => &[DmyDashShort, MdyDashShort, YmdDashShort],
            Sep::Dash if short => &[DmyDashShort, MdyDashShort],
            Sep::Slash if long_first => &[YmdSlash],
            Sep::Slash if long_last => &[DmySlash, MdySlash],
            Sep::Slash if either => &[DmySlashShort, MdySlashShort, YmdSlashShort],
            Sep::Slash if short => &[DmySlashShort, MdySlashShort],
            Sep::Dot if long_first => &[YmdDot],
            Sep::Dot if long_last => &[DmyDot],
            Sep::Dot if either => &[DmyDotShort, YmdDotShort],
            Sep::Dot if short => &[DmyDotShort],
            Sep::Han if long_first => &[YmdHan],
            Sep::Hangul if long_first => &[YmdHangul],
            Sep::Compact => &[YmdCompact],
            Sep::Name(0) if c == 4 => &[NameDayYear],
            Sep::Name(0) if c == 2 => &[NameDayYearShort],
            Sep::Name(_) if long_last => &[DayNameYear],
            Sep::Name(_) if short => &[DayNameYearShort],
            Sep::Name(_) if long_first => &[YearNameDay],
            Sep::Dash | Sep::Slash | Sep::Dot | Sep::Han | Sep::Hangul | Sep::Name(_) => &[],
        }
    }

    /// The day in `order`, counted from 1970-01-01; `None` when it does not exist or is written in another order.
    pub(super) fn day(&self, order: Order) -> Option<i32> {
        if !self.candidates().contains(&order) {
            return None;
        }
        let [a, b, c] = self.numbers;
        let (year, month, day) = match order {
            Order::YmdDash
            | Order::YmdSlash
            | Order::YmdDot
            | Order::YmdHan
            | Order::YmdHangul
            | Order::YmdCompact
            | Order::YearNameDay => (a, b, c),
            Order::DmyDot | Order::DmySlash | Order::DmyDash | Order::DayNameYear => (c, b, a),
            Order::MdySlash | Order::MdyDash | Order::NameDayYear => (c, a, b),
            Order::DmyDotShort | Order::DmySlashShort | Order::DmyDashShort | Order::DayNameYearShort => (full_year(c), b, a),
            Order::MdySlashShort | Order::MdyDashShort | Order::NameDayYearShort => (full_year(c), a, b),
            Order::YmdDashShort | Order::YmdSlashShort | Order::YmdDotShort => (full_year(a), b, c),
        };
        days(year, month, day)
    }

    /// Of three numbers of two digits the first and the last, as bits; one that is no day of a month is bit 0.
    pub(super) fn short_ends(&self) -> [u32; 2] {
        let [a, _, c] = self.numbers;
        let bit = |number: u32| if number < 32 { 1 << number } else { 1 };
        if self.lengths == [2; 3] { [bit(a), bit(c)] } else { [0; 2] }
    }

    /// The orders in which this is a day, as bits.
    pub(super) fn orders(&self) -> Orders {
        self.candidates().iter().filter(|o| self.day(**o).is_some()).map(|o| o.bit()).sum()
    }
}

/// POSIX's reading of two-digit years (`strptime`, `%y`): 69 to 99 are of the last century.
fn full_year(short: u32) -> u32 {
    if short < 69 { 2000 + short } else { 1900 + short }
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
        for text in
            ["2020年", "20200131", "2020", "1-2", "2020-01", "a-b-c", "12345-01-01", "Mar-11", "March 2020", "1 2 2020", "Dec"]
        {
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
