//! The orders of year, month and day in which dates are published, and what sets the three apart: one table says all there is to know of
//! each.

/// The orders and separators in which dates are published. One column has one in a file. A year of two digits stands last or first and
/// is read as POSIX reads it (see [`full_year`]). New ones are added at the end: ledgers hold places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::snapshot::types) enum Order {
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
pub(in crate::snapshot::types) type Orders = u32;

/// How the three parts of a date are set apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sep {
    Dash,
    Slash,
    Dot,
    Han,
    Hangul,
    Compact,
    /// The month has a name and stands first.
    NameFirst,
    /// The month has a name and stands second.
    NameSecond,
}

/// Which of the three parts is which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parts {
    Ymd,
    Dmy,
    Mdy,
}

/// The digits of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Year {
    Full,
    /// Two, read as POSIX reads them (see [`full_year`]).
    Short,
}

/// What there is to know of an order.
#[derive(Clone, Copy, Debug)]
struct Facts {
    order: Order,
    sep: Sep,
    parts: Parts,
    year: Year,
    /// As people write it.
    name: &'static str,
}

impl Facts {
    const fn new(order: Order, sep: Sep, parts: Parts, year: Year, name: &'static str) -> Self {
        Self { order, sep, parts, year, name }
    }

    /// Whether numbers of these lengths are written so.
    fn fits(&self, [first, _, last]: [usize; 3]) -> bool {
        match (self.parts, self.year) {
            (Parts::Ymd, Year::Full) => first == 4 && last <= 2,
            // A year has both its digits.
            (Parts::Ymd, Year::Short) => first == 2 && last == 2,
            (Parts::Dmy | Parts::Mdy, Year::Full) => first <= 2 && last == 4,
            (Parts::Dmy | Parts::Mdy, Year::Short) => first <= 2 && last == 2,
        }
    }
}

/// Each order at its place.
const FACTS: [Facts; 24] = [
    Facts::new(Order::YmdDash, Sep::Dash, Parts::Ymd, Year::Full, "YYYY-MM-DD"),
    Facts::new(Order::YmdSlash, Sep::Slash, Parts::Ymd, Year::Full, "YYYY/MM/DD"),
    Facts::new(Order::YmdDot, Sep::Dot, Parts::Ymd, Year::Full, "YYYY.MM.DD"),
    Facts::new(Order::YmdHan, Sep::Han, Parts::Ymd, Year::Full, "YYYY年M月D日"),
    Facts::new(Order::YmdHangul, Sep::Hangul, Parts::Ymd, Year::Full, "YYYY년 M월 D일"),
    Facts::new(Order::YmdCompact, Sep::Compact, Parts::Ymd, Year::Full, "YYYYMMDD"),
    Facts::new(Order::DmyDot, Sep::Dot, Parts::Dmy, Year::Full, "DD.MM.YYYY"),
    Facts::new(Order::DmyDotShort, Sep::Dot, Parts::Dmy, Year::Short, "DD.MM.YY"),
    Facts::new(Order::DmySlash, Sep::Slash, Parts::Dmy, Year::Full, "DD/MM/YYYY"),
    Facts::new(Order::MdySlash, Sep::Slash, Parts::Mdy, Year::Full, "MM/DD/YYYY"),
    Facts::new(Order::DmyDash, Sep::Dash, Parts::Dmy, Year::Full, "DD-MM-YYYY"),
    Facts::new(Order::MdyDash, Sep::Dash, Parts::Mdy, Year::Full, "MM-DD-YYYY"),
    Facts::new(Order::DmySlashShort, Sep::Slash, Parts::Dmy, Year::Short, "DD/MM/YY"),
    Facts::new(Order::MdySlashShort, Sep::Slash, Parts::Mdy, Year::Short, "MM/DD/YY"),
    Facts::new(Order::DmyDashShort, Sep::Dash, Parts::Dmy, Year::Short, "DD-MM-YY"),
    Facts::new(Order::MdyDashShort, Sep::Dash, Parts::Mdy, Year::Short, "MM-DD-YY"),
    Facts::new(Order::DayNameYear, Sep::NameSecond, Parts::Dmy, Year::Full, "DD-Mon-YYYY"),
    Facts::new(Order::DayNameYearShort, Sep::NameSecond, Parts::Dmy, Year::Short, "DD-Mon-YY"),
    Facts::new(Order::NameDayYear, Sep::NameFirst, Parts::Mdy, Year::Full, "Mon DD, YYYY"),
    Facts::new(Order::NameDayYearShort, Sep::NameFirst, Parts::Mdy, Year::Short, "Mon DD, YY"),
    Facts::new(Order::YearNameDay, Sep::NameSecond, Parts::Ymd, Year::Full, "YYYY-Mon-DD"),
    Facts::new(Order::YmdDashShort, Sep::Dash, Parts::Ymd, Year::Short, "YY-MM-DD"),
    Facts::new(Order::YmdSlashShort, Sep::Slash, Parts::Ymd, Year::Short, "YY/MM/DD"),
    Facts::new(Order::YmdDotShort, Sep::Dot, Parts::Ymd, Year::Short, "YY.MM.DD"),
];

impl Order {
    pub(in crate::snapshot::types) const COUNT: usize = FACTS.len();

    /// Those that begin with a year of two digits.
    pub(in crate::snapshot::types) const SHORT_FIRST: Orders =
        Self::YmdDashShort.bit() | Self::YmdSlashShort.bit() | Self::YmdDotShort.bit();

    pub(in crate::snapshot::types) const fn bit(self) -> Orders {
        1 << self as u32
    }

    /// The orders of a set.
    pub(in crate::snapshot::types) fn of(orders: Orders) -> impl Iterator<Item = Self> {
        FACTS.iter().map(|facts| facts.order).filter(move |o| orders & o.bit() != 0)
    }

    /// Those in which three numbers of these lengths, set apart so, are written.
    pub(super) fn written(sep: Sep, lengths: [usize; 3]) -> impl Iterator<Item = Self> {
        FACTS.iter().filter(move |facts| facts.sep == sep && facts.fits(lengths)).map(|facts| facts.order)
    }

    fn facts(self) -> &'static Facts {
        &FACTS[self as usize]
    }

    /// As people write it.
    pub(in crate::snapshot::types) fn name(self) -> &'static str {
        self.facts().name
    }

    /// Year, month and day of three numbers.
    pub(super) fn parts(self, [a, b, c]: [u32; 3]) -> [u32; 3] {
        let facts = self.facts();
        let [year, month, day] = match facts.parts {
            Parts::Ymd => [a, b, c],
            Parts::Dmy => [c, b, a],
            Parts::Mdy => [c, a, b],
        };
        match facts.year {
            Year::Full => [year, month, day],
            Year::Short => [full_year(year), month, day],
        }
    }

    /// Whether the day comes first (`Some(true)`) or the month (`Some(false)`), where the text alone may not tell.
    pub(in crate::snapshot::types) fn day_first(self) -> Option<bool> {
        let facts = self.facts();
        match (facts.sep, facts.parts) {
            (Sep::Slash | Sep::Dash, Parts::Dmy) => Some(true),
            (Sep::Slash | Sep::Dash, Parts::Mdy) => Some(false),
            (Sep::Slash | Sep::Dash, Parts::Ymd)
            | (Sep::Dot | Sep::Han | Sep::Hangul | Sep::Compact | Sep::NameFirst | Sep::NameSecond, _) => None,
        }
    }

    /// Whether texts that can be read in both are settled by neither: day and month, or day and a short year, change places.
    pub(in crate::snapshot::types) fn is_swapped(self, other: Self) -> bool {
        let months = self.day_first().is_some_and(|first| other.day_first() == Some(!first));
        months || self.swaps_year(other) || other.swaps_year(self)
    }

    /// Whether this has a short year first, and the other the same marks and a short year last.
    fn swaps_year(self, other: Self) -> bool {
        let (own, other) = (self.facts(), other.facts());
        let is_short_first = |facts: &Facts| facts.year == Year::Short && facts.parts == Parts::Ymd;
        is_short_first(own) && own.sep == other.sep && other.year == Year::Short && !is_short_first(other)
    }
}

/// POSIX's reading of two-digit years (`strptime`, `%y`): 69 to 99 are of the last century.
fn full_year(short: u32) -> u32 {
    if short < 69 { 2000 + short } else { 1900 + short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_order_stands_at_its_place() {
        for (place, facts) in FACTS.iter().enumerate() {
            assert_eq!(facts.order as usize, place, "{}", facts.name);
        }
        let short_first = Order::of(Orders::MAX)
            .filter(|o| o.name().starts_with("YY-") || o.name().starts_with("YY/") || o.name().starts_with("YY."));
        assert_eq!(short_first.map(Order::bit).sum::<Orders>(), Order::SHORT_FIRST);
        assert!(Order::YmdDashShort.is_swapped(Order::DmyDashShort) && Order::DmyDotShort.is_swapped(Order::YmdDotShort));
        assert!(Order::DmySlash.is_swapped(Order::MdyDash) && !Order::DmyDash.is_swapped(Order::DmySlash));
    }
}
