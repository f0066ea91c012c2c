//! `format(pattern, ...)` with `%s`, `%I`, `%L`, positions (`%1$s`), widths (`%10s`, `%-*s`), and its arguments in an array.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringViewArray, StringViewBuilder};
use arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};

use super::concat::shown;
use super::ident::literal;
use crate::engine::functions::function::{Call, Column, Function, Gives, Type::*, invalid, outward};
use crate::error::{Error, Kind};
use crate::name::quoted;

/// The longest text of one call, in bytes.
const MAX_BYTES: usize = 64 << 20;

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("format", &[&[Text, Any]], Gives::Text, format).variadic(),
        Function::new("format_of", &[&[Text, List]], Gives::Text, format_list),
    ]
}

fn format(call: &Call) -> Result<ArrayRef> {
    let (patterns, style) = (call.texts(0)?, call.style());
    let columns = (1..call.len()).map(|i| shown(&call.array(i)?, &call.fields[i], &style)).collect::<Result<Vec<_>>>()?;
    each(&patterns, |row, i| columns.get(i).map(|c| c.is_valid(row).then(|| c.value(row))))
}

fn format_list(call: &Call) -> Result<ArrayRef> {
    let (patterns, lists, style) = (call.texts(0)?, call.lists(1)?, call.style());
    let DataType::List(item) = lists.data_type() else { return Err(invalid("too few arguments for format()")) };
    let texts = shown(lists.values(), item, &style)?;
    each(&patterns, |row, i| {
        let (start, end) = (lists.value_offsets()[row] as usize, lists.value_offsets()[row + 1] as usize);
        (start + i < end && lists.is_valid(row)).then(|| texts.is_valid(start + i).then(|| texts.value(start + i)))
    })
}

fn each<'a>(patterns: &Column<StringViewArray>, argument: impl Fn(usize, usize) -> Option<Option<&'a str>>) -> Result<ArrayRef> {
    let mut out = StringViewBuilder::with_capacity(patterns.len());
    let mut text = String::new();
    for row in 0..patterns.len() {
        if patterns.is_null(row) {
            out.append_null();
            continue;
        }
        text.clear();
        formatted(patterns.value(row), |i| argument(row, i), &mut text)?;
        out.append_value(&text);
    }
    Ok(Arc::new(out.finish()))
}

/// Fills a pattern; `argument` gives the argument of a number from 0, `None` past the last, `Some(None)` for null.
fn formatted<'a>(pattern: &str, argument: impl Fn(usize) -> Option<Option<&'a str>>, out: &mut String) -> Result<()> {
    let mut next = 0;
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let mut spec = after.chars();
        if let Some(behind) = after.strip_prefix('%') {
            out.push('%');
            rest = behind;
            continue;
        }
        let (mut left, mut width) = (false, 0i64);
        let mut value_at = None;
        if let Some((number, dollar)) = number(&mut spec)? {
            if dollar { value_at = Some(place(number)?) } else { width = number }
        }
        if width == 0 {
            while spec.as_str().starts_with('-') {
                left = true;
                spec.next();
            }
            if spec.as_str().starts_with('*') {
                spec.next();
                let at = match number(&mut spec)? {
                    Some((number, true)) => place(number)?,
                    Some((_, false)) => return Err(invalid("width argument position must be ended by \"$\"")),
                    None => next,
                };
                next = at + 1;
                let text = argument(at).ok_or_else(too_few)?;
                let given: i32 = text.map_or(Ok(0), |t| t.trim().parse().map_err(|_| not_integer(t)))?;
                left |= given < 0;
                width = i64::from(given).abs();
            } else if let Some((number, _)) = number(&mut spec)? {
                width = number;
            }
        }
        let specifier = spec.next().ok_or_else(|| hinted("unterminated format() type specifier".into()))?;
        if !matches!(specifier, 's' | 'I' | 'L') {
            return Err(hinted(format!("unrecognized format() type specifier \"{specifier}\"")));
        }
        let at = value_at.unwrap_or(next);
        next = at + 1;
        let given = argument(at).ok_or_else(too_few)?;
        let value = match (specifier, given) {
            ('I', Some(name)) => quoted(name),
            ('I', None) => {
                let message = "null values cannot be formatted as an SQL identifier";
                return Err(outward(Error::new(Kind::NullNotAllowed, message)));
            }
            ('L', text) => text.map_or_else(|| "NULL".to_owned(), literal),
            (_, text) => text.unwrap_or_default().to_owned(),
        };
        let fill = usize::try_from(width).unwrap_or(0).saturating_sub(value.chars().count());
        if out.len() + fill + value.len() > MAX_BYTES {
            return Err(invalid(format!("the result of format() would have more than {MAX_BYTES} bytes")));
        }
        let blanks = std::iter::repeat_n(' ', fill);
        if left {
            out.push_str(&value);
            out.extend(blanks);
        } else {
            out.extend(blanks);
            out.push_str(&value);
        }
        rest = spec.as_str();
    }
    out.push_str(rest);
    Ok(())
}

/// A number, and whether a `$` ended it.
fn number(spec: &mut std::str::Chars<'_>) -> Result<Option<(i64, bool)>> {
    let text = spec.as_str();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits == 0 {
        return Ok(None);
    }
    let number: i32 = text[..digits].parse().map_err(|_| outward(Error::new(Kind::OutOfRange, "number is out of range")))?;
    let dollar = text[digits..].starts_with('$');
    *spec = text[digits + usize::from(dollar)..].chars();
    Ok(Some((i64::from(number), dollar)))
}

/// The argument of a position, from 0.
fn place(position: i64) -> Result<usize> {
    usize::try_from(position - 1).map_err(|_| invalid("format specifies argument 0, but arguments are numbered from 1"))
}

fn too_few() -> DataFusionError {
    invalid("too few arguments for format()")
}

fn not_integer(text: &str) -> DataFusionError {
    outward(Error::new(Kind::InvalidText, format!("invalid input syntax for type integer: \"{text}\"")))
}

fn hinted(message: String) -> DataFusionError {
    outward(Error::new(Kind::InvalidParameter, message).with_hint("For a single \"%\" use \"%%\"."))
}

#[cfg(test)]
mod tests {
    use super::formatted;

    #[test]
    fn format_fills_its_pattern() {
        let arguments = [Some("a'b"), Some("My Table"), None, Some("-6")];
        for (pattern, want) in [
            ("%s FROM %I", "a'b FROM \"My Table\""),
            ("%L %%", "'a''b' %"),
            ("%2$I %1$s", "\"My Table\" a'b"),
            ("%3$L%3$s", "NULL"),
            ("%5$s", "too few arguments for format()"),
            ("%0$s", "format specifies argument 0, but arguments are numbered from 1"),
            ("[%5s][%-10s]", "[  a'b][My Table  ]"),
            ("[%1$*4$s]", "[a'b   ]"),
            ("%x", "unrecognized format() type specifier \"x\""),
        ] {
            let mut out = String::new();
            let got = match formatted(pattern, |i| arguments.get(i).copied(), &mut out) {
                Ok(()) => out,
                Err(e) => e.to_string(),
            };
            assert_eq!(got.trim_start_matches("External error: "), want, "{pattern}");
        }
    }
}
