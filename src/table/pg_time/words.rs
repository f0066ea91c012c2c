//! The words that dates, times and intervals are written with.

/// What a word of a date or time says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Ignored,
    Month(u32),
    Weekday,
    Am,
    Pm,
    Bc,
    Ad,
    Now,
    Today,
    Tomorrow,
    Yesterday,
    /// Midnight of Greenwich.
    AllBalls,
    Epoch,
    Future,
    Past,
    /// The next number is a Julian day.
    Julian,
    /// The next field is a time.
    Time,
    /// `DST` behind a zone.
    DaylightSaving,
    /// A word of another meaning, which no date has.
    Misplaced,
}

/// The months' beginnings are words, too.
pub const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// Sunday first.
pub const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// Characters of a word that count.
const COUNTED: usize = 10;

/// The meaning of a word in small letters.
pub fn word(text: &str) -> Option<Word> {
    let text = text.get(..COUNTED).unwrap_or(text);
    let month = MONTHS.iter().position(|m| *m == text || m.get(..3) == Some(text)).or((text == "sept").then_some(8));
    if let Some(month) = month {
        return Some(Word::Month(month as u32 + 1));
    }
    if WEEKDAYS.iter().any(|d| *d == text || d.get(..3) == Some(text)) || ["thur", "thurs", "tues", "weds"].contains(&text) {
        return Some(Word::Weekday);
    }
    Some(match text {
        "at" | "on" => Word::Ignored,
        "am" => Word::Am,
        "pm" => Word::Pm,
        "bc" => Word::Bc,
        "ad" => Word::Ad,
        "now" => Word::Now,
        "today" => Word::Today,
        "tomorrow" => Word::Tomorrow,
        "yesterday" => Word::Yesterday,
        "allballs" => Word::AllBalls,
        "epoch" => Word::Epoch,
        "infinity" => Word::Future,
        "-infinity" => Word::Past,
        "j" | "jd" | "julian" => Word::Julian,
        "t" => Word::Time,
        "dst" => Word::DaylightSaving,
        "d" | "dow" | "doy" | "h" | "isodow" | "isoyear" | "m" | "mm" | "s" | "y" => Word::Misplaced,
        _ => return None,
    })
}

/// A unit of time: of `extract`, `date_trunc` and of intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    Timezone,
    TimezoneHour,
    TimezoneMinute,
}

/// The unit of a word in small letters.
pub fn unit(text: &str) -> Option<Unit> {
    let text = text.get(..COUNTED).unwrap_or(text);
    Some(match text {
        "microsecon" | "us" | "usec" | "usecs" | "microsecond" => Unit::Microsecond,
        "millisecon" | "ms" | "msec" | "msecs" => Unit::Millisecond,
        "s" | "sec" | "second" | "seconds" | "secs" => Unit::Second,
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minute,
        "h" | "hour" | "hours" | "hr" | "hrs" => Unit::Hour,
        "d" | "day" | "days" => Unit::Day,
        "w" | "week" | "weeks" => Unit::Week,
        "mon" | "mons" | "month" | "months" => Unit::Month,
        "qtr" | "quarter" => Unit::Quarter,
        "y" | "year" | "years" | "yr" | "yrs" => Unit::Year,
        "dec" | "decade" | "decades" | "decs" => Unit::Decade,
        "c" | "cent" | "centuries" | "century" => Unit::Century,
        "mil" | "millennia" | "millennium" | "mils" => Unit::Millennium,
        "timezone" => Unit::Timezone,
        "timezone_h" => Unit::TimezoneHour,
        "timezone_m" => Unit::TimezoneMinute,
        _ => return None,
    })
}
