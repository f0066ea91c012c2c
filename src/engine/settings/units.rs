//! Numbers with units, as PostgreSQL's settings have them: `64MB`, `1.5s` (guc.c, "Parameter interaction via the configuration file").

/// The unit that a setting's number is kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// So many bytes.
    Bytes(u32),
    /// So many milliseconds.
    Millis(u32),
}

/// Bytes and microseconds in each unit that is written, the largest first.
const BYTES: &[(&str, f64)] =
    &[("TB", 1_099_511_627_776.0), ("GB", 1_073_741_824.0), ("MB", 1_048_576.0), ("kB", 1024.0), ("B", 1.0)];
const MICROS: &[(&str, f64)] =
    &[("d", 86_400_000_000.0), ("h", 3_600_000_000.0), ("min", 60_000_000.0), ("s", 1_000_000.0), ("ms", 1000.0), ("us", 1.0)];

impl Unit {
    /// The unit of this name in `pg_settings`.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "B" => Self::Bytes(1),
            "kB" => Self::Bytes(1 << 10),
            "8kB" => Self::Bytes(8 << 10),
            "MB" => Self::Bytes(1 << 20),
            "16MB" => Self::Bytes(16 << 20),
            "ms" => Self::Millis(1),
            "s" => Self::Millis(1000),
            "min" => Self::Millis(60_000),
            _ => return None,
        })
    }

    /// Its name in `pg_settings`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bytes(1) => "B",
            Self::Bytes(1024) => "kB",
            Self::Bytes(8192) => "8kB",
            Self::Bytes(_) => "MB",
            Self::Millis(1) => "ms",
            Self::Millis(1000) => "s",
            Self::Millis(_) => "min",
        }
    }

    /// The units that values may be written in, and how many of this one each of them is.
    fn written(self) -> impl Iterator<Item = (&'static str, f64)> {
        let (units, own) = match self {
            Self::Bytes(bytes) => (BYTES, f64::from(bytes)),
            Self::Millis(millis) => (MICROS, f64::from(millis) * 1000.0),
        };
        units.iter().map(move |(name, size)| (*name, size / own))
    }

    /// What helps whoever wrote another unit.
    fn hint(self) -> &'static str {
        match self {
            Self::Bytes(_) => "Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\".",
            Self::Millis(_) => "Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\".",
        }
    }
}

/// What is wrong with a text that is no number, in a hint if there is one.
pub(super) type Wrong = Option<&'static str>;

/// A whole number in its setting's unit; what stands behind a point is rounded.
pub(super) fn whole(text: &str, unit: Option<Unit>) -> Result<i64, Wrong> {
    let number = number(text, unit, true)?.round_ties_even();
    if (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number) {
        Ok(number as i64)
    } else {
        Err(Some("Value exceeds integer range."))
    }
}

/// A number in its setting's unit.
pub(super) fn real(text: &str, unit: Option<Unit>) -> Result<f64, Wrong> {
    number(text, unit, false)
}

fn number(text: &str, unit: Option<Unit>, whole: bool) -> Result<f64, Wrong> {
    let text = text.trim_start();
    let (number, rest) = leading(text, whole).ok_or(None)?;
    let word = rest.trim();
    if word.is_empty() {
        return Ok(number);
    }
    let unit = unit.ok_or(None)?;
    let mut units = unit.written().skip_while(|(name, _)| *name != word);
    let (_, factor) = units.next().ok_or(Some(unit.hint()))?;
    let value = number * factor;
    // What is no whole number of the unit is rounded to one of the next smaller, so that it is shown in few digits.
    Ok(match units.next() {
        Some((_, smaller)) => (value / smaller).round_ties_even() * smaller,
        None => value,
    })
}

/// The number at the start of a text, and what stands behind it. Whole numbers may be hexadecimal and octal too.
fn leading(text: &str, whole: bool) -> Option<(f64, &str)> {
    let unsigned = text.trim_start_matches(['+', '-']);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    if text.len() - unsigned.len() > 1 {
        return None;
    }
    if whole && let Some(hex) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        let end = hex.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(hex.len());
        return i64::from_str_radix(&hex[..end], 16).ok().map(|n| (sign * n as f64, &hex[end..]));
    }
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut end = digits(unsigned);
    let is_plain = !unsigned[end..].starts_with(['.', 'e', 'E']);
    if whole && is_plain && end > 1 && unsigned.starts_with('0') {
        let octal = unsigned.find(|c: char| !('0'..='7').contains(&c)).unwrap_or(unsigned.len());
        return i64::from_str_radix(&unsigned[..octal], 8).ok().map(|n| (sign * n as f64, &unsigned[octal..]));
    }
    if unsigned[end..].starts_with('.') {
        end += 1 + digits(&unsigned[end + 1..]);
    }
    let exponent = unsigned[end..].strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
    if let Some(exponent) = exponent.filter(|e| e.starts_with(|c: char| c.is_ascii_digit())) {
        end = unsigned.len() - exponent.len() + digits(exponent);
    }
    let number: f64 = unsigned[..end].parse().ok().filter(|n: &f64| n.is_finite())?;
    Some((sign * number, &unsigned[end..]))
}

/// A number in the largest unit that holds it whole.
pub(super) fn shown(number: f64, unit: Option<Unit>) -> String {
    let largest = |unit: Unit| {
        let scaled = unit.written().map(|(name, factor)| (name, number / factor));
        scaled.into_iter().find(|(_, n)| *n > 0.0 && (n.round_ties_even() / n - 1.0).abs() <= 1e-8)
    };
    match unit.filter(|_| number > 0.0).and_then(largest) {
        Some((name, number)) => format!("{}{name}", general(number)),
        None => general(number),
    }
}

/// A number as C's `%g` has it; whole ones with all their digits.
pub(super) fn general(number: f64) -> String {
    const DIGITS: i32 = 6;
    if number == number.trunc() && number.abs() < 1e10 {
        return (number as i64).to_string();
    }
    let shown = format!("{number:.5e}");
    let (mantissa, exponent) = shown.split_once('e').unwrap_or((&shown, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..DIGITS).contains(&exponent) {
        return trimmed(&format!("{number:.*}", (DIGITS - 1 - exponent).max(0) as usize));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trimmed(mantissa), exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As PostgreSQL 15 takes and shows them.
    #[test]
    fn numbers_are_read_and_shown_with_units() {
        let kb = Unit::named("kB");
        let hint = "Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\".";
        for (text, unit, want) in [
            ("64MB", kb, Ok("64MB")),
            ("64", kb, Ok("64kB")),
            ("1.1GB", kb, Ok("1126MB")),
            ("100.6kB", kb, Ok("101kB")),
            (" 0x10 kB ", kb, Ok("16kB")),
            ("8MB", Unit::named("8kB"), Ok("8MB")),
            ("1.5s", Unit::named("ms"), Ok("1500ms")),
            ("0.0004s", Unit::named("ms"), Ok("0")),
            ("90min", Unit::named("s"), Ok("90min")),
            ("-1", kb, Ok("-1")),
            ("010", None, Ok("8")),
            ("1e3", None, Ok("1000")),
            ("10XB", kb, Err(Some(hint))),
            ("99999TB", kb, Err(Some("Value exceeds integer range."))),
            ("abc", kb, Err(None)),
            ("--1", kb, Err(None)),
            ("1.", kb, Ok("1kB")),
            ("", kb, Err(None)),
            ("1é", kb, Err(Some(hint))),
            ("1kB", None, Err(None)),
        ] {
            let got = whole(text, unit).map(|number| shown(number as f64, unit));
            assert_eq!(got, want.map(str::to_owned), "{text}");
        }
        for (text, unit, want) in [
            ("1.50", None, Ok("1.5")),
            ("1500us", Unit::named("ms"), Ok("1500us")),
            ("0.0000125", None, Ok("1.25e-05")),
            ("1e300", None, Ok("1e+300")),
            ("100000", None, Ok("100000")),
            ("1e400", None, Err(None)),
            ("x", None, Err(None)),
        ] {
            assert_eq!(real(text, unit).map(|number| shown(number, unit)), want.map(str::to_owned), "{text}");
        }
    }
}
