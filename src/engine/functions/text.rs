//! Text functions of PostgreSQL that DataFusion lacks: quoting, and `array_upper`-like questions on arrays.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use datafusion::error::Result;

use super::native::{Arguments, Native, outward};
use crate::error::{Error, Kind};
use crate::name::quoted;

pub(super) fn functions() -> Vec<Native> {
    vec![
        Native::pure("quote_ident", &[1], DataType::Utf8, |a| a.map_texts(0, |t| Some(quoted(t)))),
        Native::pure("quote_literal", &[1], DataType::Utf8, |a| a.map_texts(0, |t| Some(literal(t)))),
        Native::pure("quote_nullable", &[1], DataType::Utf8, |a| {
            let texts = a.texts(0)?;
            Ok(Arc::new(texts.iter().map(|t| Some(t.map_or_else(|| "NULL".to_owned(), literal))).collect::<StringArray>()))
        }),
        Native::pure("format", &[1, 2, 3, 4, 5, 6, 7, 8], DataType::Utf8, format),
        Native::pure("array_upper", &[2], DataType::Int32, |a| upper(a, |len| i32::try_from(len).ok())),
        Native::pure("array_lower", &[2], DataType::Int32, |a| upper(a, |_| Some(1))),
    ]
}

/// `format(pattern, ...)` with `%s`, `%I`, `%L`, `%%` and positions (`%1$s`); a null pattern gives null.
fn format(a: &Arguments) -> Result<ArrayRef> {
    let texts = (0..a.len()).map(|i| a.texts(i)).collect::<Result<Vec<_>>>()?;
    let rows = (0..a.rows).map(|row| {
        let text = |i: usize| texts.get(i).map(|t| t.is_valid(row).then(|| t.value(row)));
        match text(0).flatten() {
            Some(pattern) => formatted(pattern, |i| text(i + 1)).map(Some),
            None => Ok(None),
        }
    });
    Ok(Arc::new(rows.collect::<Result<StringArray>>()?))
}

/// Fills a pattern; `argument` gives the argument of a number from 0, `None` past the last, `Some(None)` for null.
fn formatted<'a>(pattern: &str, argument: impl Fn(usize) -> Option<Option<&'a str>>) -> Result<String> {
    let invalid = |message: String| outward(Error::new(Kind::InvalidParameter, message));
    let mut out = String::new();
    let mut next = 0;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut digits = String::new();
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        if chars.next_if_eq(&'$').is_some() {
            let position = digits.parse::<usize>().ok().and_then(|position| position.checked_sub(1));
            next = position.ok_or_else(|| invalid("format specifies argument 0, but arguments are numbered from 1".into()))?;
        } else if !digits.is_empty() || matches!(chars.peek(), Some('-' | '*')) {
            let error = Error::new(Kind::Unsupported, "format() with a width is not supported");
            return Err(outward(error.with_hint("Use lpad or rpad on the argument.")));
        }
        let specifier = chars.next().ok_or_else(|| invalid("unterminated format() type specifier".into()))?;
        if specifier == '%' {
            out.push('%');
            continue;
        }
        let given = argument(next).ok_or_else(|| invalid("too few arguments for format()".into()))?;
        next += 1;
        match (specifier, given) {
            ('s', text) => out.push_str(text.unwrap_or_default()),
            ('I', Some(name)) => out.push_str(&quoted(name)),
            ('I', None) => return Err(invalid("null values cannot be formatted as an SQL identifier".into())),
            ('L', text) => out.push_str(&text.map_or_else(|| "NULL".to_owned(), literal)),
            (other, _) => return Err(invalid(format!("unrecognized format() type specifier \"{other}\""))),
        }
    }
    Ok(out)
}

/// A text as a SQL literal.
fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if text.contains('\\') { format!(" E'{}'", doubled.replace('\\', "\\\\")) } else { format!("'{doubled}'") }
}

/// A bound of one-dimensional arrays; null for empty ones, as for every dimension but the first.
fn upper(a: &Arguments, bound: fn(usize) -> Option<i32>) -> Result<ArrayRef> {
    let element = match a.array(0).data_type() {
        DataType::List(f) | DataType::LargeList(f) | DataType::FixedSizeList(f, _) => f.data_type().clone(),
        _ => return Ok(Arc::new(Int32Array::from(vec![None; a.rows]))),
    };
    let lists = cast(a.array(0), &DataType::List(Arc::new(Field::new_list_field(element, true))))?;
    let bounds = lists.as_list::<i32>().iter().zip(a.numbers(1)?).map(|(list, dimension)| {
        let len = list.filter(|l| !l.is_empty() && dimension == Some(1))?.len();
        bound(len)
    });
    Ok(Arc::new(bounds.collect::<Int32Array>()))
}

#[cfg(test)]
mod tests {
    use super::formatted;

    #[test]
    fn format_fills_its_pattern() {
        let arguments = [Some("a'b"), Some("My Table"), None];
        for (pattern, want) in [
            ("%s FROM %I", "a'b FROM \"My Table\""),
            ("%L %%", "'a''b' %"),
            ("%2$I %1$s", "\"My Table\" a'b"),
            ("%3$L%3$s", "NULL"),
            ("%4$s", "too few arguments for format()"),
            ("%0$s", "format specifies argument 0, but arguments are numbered from 1"),
            ("%10s", "format() with a width is not supported"),
            ("%-10s", "format() with a width is not supported"),
        ] {
            let got = formatted(pattern, |i| arguments.get(i).copied()).unwrap_or_else(|e| e.to_string());
            assert_eq!(got.trim_start_matches("External error: "), want, "{pattern}");
        }
    }
}
