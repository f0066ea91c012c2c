//! Identifiers and literals: how they are quoted, and how an identifier is taken apart.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListBuilder, StringViewArray, StringViewBuilder};
use datafusion::error::Result;

use super::concat::cast;
use crate::engine::functions::function::{Call, Function, Gives, Type::*, outward};
use crate::error::{Error, Kind};
use crate::name::quoted;

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("quote_ident", &[&[Text]], Gives::Text, |call| {
            let texts = call.texts(0)?;
            call.write_texts(|row, out| {
                out.push_str(&quoted(texts.value(row)));
                Ok(true)
            })
        }),
        Function::new("quote_literal", &[&[Any]], Gives::Text, |call| {
            let texts = cast(call, 0)?;
            Ok(Arc::new(texts.iter().map(|t| t.map(literal)).collect::<StringViewArray>()))
        }),
        Function::new("quote_nullable", &[&[Any]], Gives::Text, |call| {
            let texts = cast(call, 0)?;
            let quoted = |t: Option<&str>| Some(t.map_or_else(|| "NULL".to_owned(), literal));
            Ok(Arc::new(texts.iter().map(quoted).collect::<StringViewArray>()))
        }),
        Function::new("parse_ident", &[&[Text], &[Text, Bool]], Gives::Texts, parse_ident),
    ]
}

/// A text as a SQL literal.
pub(super) fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if text.contains('\\') { format!("E'{}'", doubled.replace('\\', "\\\\")) } else { format!("'{doubled}'") }
}

fn parse_ident(call: &Call) -> Result<ArrayRef> {
    let (texts, known) = (call.texts(0)?, call.known());
    let strict = if call.len() > 1 { Some(call.bools(1)?) } else { None };
    let mut out = ListBuilder::new(StringViewBuilder::new());
    for row in 0..call.rows {
        let valid = known.as_ref().is_none_or(|k| k.is_valid(row));
        if valid {
            let strict = strict.as_ref().is_none_or(|s| s.value(row));
            for part in parts(texts.value(row), strict).map_err(outward)? {
                out.values().append_value(part);
            }
        }
        out.append(valid);
    }
    Ok(Arc::new(out.finish()))
}

/// The parts of a qualified identifier, folded unless quoted. What follows it is an error when `strict`.
fn parts(text: &str, strict: bool) -> crate::error::Result<Vec<String>> {
    let invalid = |detail: Option<String>| {
        let error = Error::new(Kind::InvalidParameter, format!("string is not a valid identifier: \"{text}\""));
        match detail {
            Some(detail) => error.with_detail(detail),
            None => error,
        }
    };
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(mut after) = rest.strip_prefix('"') {
            let mut part = String::new();
            loop {
                let (before, behind) =
                    after.split_once('"').ok_or_else(|| invalid(Some("String has unclosed double quotes.".into())))?;
                part.push_str(before);
                match behind.strip_prefix('"') {
                    Some(more) => {
                        part.push('"');
                        after = more;
                    }
                    None => {
                        rest = behind;
                        break;
                    }
                }
            }
            if part.is_empty() {
                return Err(invalid(Some("Quoted identifier must not be empty.".into())));
            }
            parts.push(part);
        } else {
            let starts = |c: char| c == '_' || c.is_alphabetic();
            let goes_on = |c: char| starts(c) || c == '$' || c.is_ascii_digit();
            if !rest.starts_with(starts) {
                let detail = match (rest.starts_with('.'), parts.is_empty()) {
                    (true, _) => Some("No valid identifier before \".\".".to_owned()),
                    (false, false) => Some("No valid identifier after \".\".".to_owned()),
                    (false, true) => None,
                };
                return Err(invalid(detail));
            }
            let end = rest.find(|c| !goes_on(c)).unwrap_or(rest.len());
            parts.push(rest[..end].to_ascii_lowercase());
            rest = &rest[end..];
        }
        rest = rest.trim_start();
        match rest.strip_prefix('.') {
            Some(after) => rest = after.trim_start(),
            None if rest.is_empty() || !strict => return Ok(parts),
            None => return Err(invalid(None)),
        }
    }
}
