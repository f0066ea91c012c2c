//! Coordinates as text, as PostGIS writes them: the shortest digits that read back the same, at most so many of them behind the point.

use std::fmt::Write;

/// The digits behind the point where nobody says how many.
pub(super) const DIGITS: usize = 15;

/// Appends a coordinate.
pub(super) fn put(value: f64, digits: usize, out: &mut String) {
    if !value.is_finite() {
        out.push_str(if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        });
        return;
    }
    // Writing to a String does not fail.
    let size = value.abs();
    if value == 0.0 {
        out.push('0');
    } else if size > 1e-8 && size < 1e15 {
        let start = out.len();
        let _ = write!(out, "{value}");
        rounded(out, start, |out| out.push_str(&format!("{value:.digits$}")), digits);
    } else {
        let mut text = String::new();
        let _ = write!(text, "{value:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let start = out.len();
        out.push_str(mantissa);
        rounded(
            out,
            start,
            |out| {
                let mut again = String::new();
                let _ = write!(again, "{value:.digits$e}");
                out.push_str(again.split('e').next().unwrap_or_default());
            },
            digits,
        );
        let sign = if exponent.starts_with('-') { '-' } else { '+' };
        let _ = write!(out, "e{sign}{}", exponent.trim_start_matches('-'));
    }
}

/// What was written from `start` on, written again where it has too many digits behind the point; without zeros at the end.
fn rounded(out: &mut String, start: usize, again: impl Fn(&mut String), digits: usize) {
    let behind = out[start..].find('.').map_or(0, |point| out.len() - start - point - 1);
    if behind <= digits {
        return;
    }
    out.truncate(start);
    again(out);
    if out[start..].contains('.') {
        let kept = out[start..].trim_end_matches('0').trim_end_matches('.').len();
        out.truncate(start + kept);
    }
    if &out[start..] == "-0" {
        out.replace_range(start.., "0");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn coordinates_are_written_as_postgis_does() {
        for (value, digits, want) in [
            (0.30000000000000004, 15, "0.3"),
            (1e20, 15, "1e+20"),
            (1e-9, 15, "1e-9"),
            (1e-8, 15, "1e-8"),
            (1e-7, 15, "0.0000001"),
            (-0.0, 15, "0"),
            (123_456_789_012_345.67, 15, "123456789012345.67"),
            (f64::MAX, 15, "1.797693134862316e+308"),
            (f64::MAX, 9, "1.797693135e+308"),
            (9_007_199_254_740_992.0, 15, "9.007199254740992e+15"),
            (1.123456789012, 3, "1.123"),
            (-0.0001, 2, "0"),
        ] {
            let mut out = String::from("x");
            super::put(value, digits, &mut out);
            assert_eq!(out[1..], *want, "{value} {digits}");
        }
    }
}
