//! Casts of `jsonb` to numbers and truth values: those that it holds, and no texts of them.

use super::invalid;
use crate::engine::functions::function::{Function, Gives, Type::*};

/// The function that casts begin with: the text of the value, which the type of that name reads.
pub const VALUE: &str = "jsonb_value";

pub(super) fn functions() -> Vec<Function> {
    vec![Function::new(VALUE, &[&[Json, Text]], Gives::Text, |call| {
        let (texts, types) = (call.texts(0)?, call.texts(1)?);
        call.write_texts(|row, out| {
            let (text, name) = (texts.value(row), types.value(row));
            let held = match text.bytes().next() {
                Some(b'{') => "object",
                Some(b'[') => "array",
                Some(b'"') => "string",
                Some(b't' | b'f') => "boolean",
                Some(b'n') => "null",
                Some(_) | None => "numeric",
            };
            let asked = if name == "boolean" { "boolean" } else { "numeric" };
            if held != asked {
                return Err(invalid(format!("cannot cast jsonb {held} to type {name}")));
            }
            if name.ends_with("int") || name == "integer" {
                out.push_str(&whole(text))
            } else {
                out.push_str(text)
            }
            Ok(true)
        })
    })]
}

/// Digits rounded to a whole number, half away from zero.
fn whole(number: &str) -> String {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.bytes().next().is_none_or(|digit| digit < b'5') {
        return whole.to_owned();
    }
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let kept = digits.trim_end_matches('9');
    let zeros = "0".repeat(digits.len() - kept.len());
    match kept.as_bytes().split_last() {
        Some((last, before)) => format!("{sign}{}{}{zeros}", String::from_utf8_lossy(before), char::from(last + 1)),
        None => format!("{sign}1{zeros}"),
    }
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn numbers_are_rounded_half_away_from_zero() {
        for (number, want) in
            [("1.5", "2"), ("-1.5", "-2"), ("1.49", "1"), ("9.5", "10"), ("199.9", "200"), ("7", "7"), ("0.5", "1")]
        {
            assert_eq!(whole(number), want, "{number}");
        }
    }
}
