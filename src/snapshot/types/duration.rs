//! Durations in text: ISO 8601's `P1Y2M3DT4H5M6.5S`, as Table Schema has them.

/// A length of time. Months have no fixed length, so they stand apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Duration {
    pub(super) months: i32,
    /// Weeks, days (of 24 hours) and what is shorter, in microseconds.
    pub(super) micros: i64,
    /// Hours, minutes or seconds are named: no code looks like that.
    pub(super) timed: bool,
}

/// Reads a duration; a fraction may stand before the last designator when that is a week, a day or shorter. `None` beyond 64 bits.
pub(super) fn duration(text: &[u8]) -> Option<Duration> {
    let (sign, text) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, text),
    };
    let mut rest = text.strip_prefix(b"P")?;
    let mut out = Duration::default();
    // The designators that may still follow, in their order.
    let mut left: &[u8] = b"YMWD";
    let mut parts = 0;
    while !rest.is_empty() {
        if let (false, [b'T', after @ ..]) = (out.timed, rest) {
            (rest, out.timed, left) = (after, true, b"HMS");
            if rest.is_empty() {
                return None;
            }
            continue;
        }
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let whole: i64 = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
        rest = &rest[digits..];
        let mut fraction: &[u8] = &[];
        if let [b'.' | b',', after @ ..] = rest {
            let digits = after.iter().take_while(|b| b.is_ascii_digit()).count();
            (fraction, rest) = after.split_at_checked(digits).filter(|_| (1..=6).contains(&digits))?;
        }
        let (designator, after) = rest.split_first()?;
        let place = left.iter().position(|d| d == designator)?;
        left = &left[place + 1..];
        rest = after;
        parts += 1;
        let unit: i64 = match (out.timed, designator) {
            (false, b'Y' | b'M') => {
                let months = whole.checked_mul(if *designator == b'Y' { 12 } else { 1 })?;
                out.months = out.months.checked_add(i32::try_from(months).ok().filter(|_| fraction.is_empty())?)?;
                continue;
            }
            (false, b'W') => 7 * 86_400_000_000,
            (false, _) => 86_400_000_000,
            (true, b'H') => 3_600_000_000,
            (true, b'M') => 60_000_000,
            (true, _) => 1_000_000,
        };
        out.micros = out.micros.checked_add(whole.checked_mul(unit)?)?;
        if !fraction.is_empty() {
            let digits: i64 = std::str::from_utf8(fraction).ok()?.parse().ok()?;
            out.micros = out.micros.checked_add(digits * (unit / 1_000_000) * 10_i64.pow(6 - fraction.len() as u32))?;
            if !rest.is_empty() {
                return None;
            }
        }
    }
    (parts > 0).then_some(Duration { months: sign * out.months, micros: i64::from(sign) * out.micros, ..out })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        const HOUR: i64 = 3_600_000_000;
        for (text, want) in [
            ("P1Y2M", Some((14, 0))),
            ("P1D", Some((0, 24 * HOUR))),
            ("P2W", Some((0, 14 * 24 * HOUR))),
            ("-PT36H", Some((0, -36 * HOUR))),
            ("PT1H30M0.25S", Some((0, HOUR * 3 / 2 + 250_000))),
            ("P1DT12H", Some((0, 36 * HOUR))),
            ("P0.5D", Some((0, 12 * HOUR))),
            ("P", None),
            ("PT", None),
            ("P1", None),
            ("P1S", None),
            ("PT1M1H", None),
            ("P0.5Y", None),
            ("PT0.5H1M", None),
            ("1D", None),
        ] {
            assert_eq!(duration(text.as_bytes()).map(|d| (d.months, d.micros)), want, "{text}");
        }
    }
}
