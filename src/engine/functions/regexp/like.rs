//! `LIKE` where DataFusion's is not asked: with an array of patterns, as a function, and with another escape character.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::error::Result;

use super::compiled::Cache;
use super::flags::Flags;
use crate::engine::functions::function::{Call, Function, Gives, Type::*, outward};
use crate::error::{Error, Kind};

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("like", &[&[Text, Text], &[Text, Text, Text]], Gives::Bool, |call| like(call, false, true))
            .also(&["textlike"]),
        Function::new("notlike", &[&[Text, Text]], Gives::Bool, |call| like(call, false, false)).also(&["textnlike"]),
        Function::new("texticlike", &[&[Text, Text], &[Text, Text, Text]], Gives::Bool, |call| like(call, true, true)),
        Function::new("texticnlike", &[&[Text, Text]], Gives::Bool, |call| like(call, true, false)),
        // `x ~ ANY (array)` and its kin: the operator, the text, the patterns.
        Function::new("match_any", &[&[Text, Text, List]], Gives::Bool, |call| many(call, true)),
        Function::new("match_all", &[&[Text, Text, List]], Gives::Bool, |call| many(call, false)),
    ]
}

fn like(call: &Call, ignore_case: bool, wanted: bool) -> Result<ArrayRef> {
    let (texts, patterns, escapes) = (call.texts(0)?, call.texts(1)?, super::functions::optional(call, 2)?);
    let flags = Flags { ignore_case, ..Flags::default() };
    let mut cache = Cache::default();
    call.collect::<bool, BooleanArray>(|row| {
        let escape = escapes.as_ref().map_or("\\", |e| e.value(row));
        let regex = cache.translated(patterns.value(row), escape, flags, translate).map_err(outward)?;
        regex.is_match(texts.value(row)).map(|found| Some(found == wanted)).map_err(outward)
    })
}

/// Whether any or all of the patterns match; a NULL among them leaves open what the others do not decide.
fn many(call: &Call, any: bool) -> Result<ArrayRef> {
    let (ops, texts, lists) = (call.texts(0)?, call.texts(1)?, call.ranges(2)?);
    let patterns = arrow::compute::cast(lists.values(), &DataType::Utf8View)?;
    let patterns = patterns.as_string_view();
    let mut cache = Cache::default();
    let row = |row: usize| {
        if lists.is_null(row) {
            return Ok(None);
        }
        let range = lists.range(row);
        if range.is_empty() || texts.is_null(row) {
            return Ok(range.is_empty().then_some(!any));
        }
        let op = ops.value(row);
        let (negated, plain) = op.strip_prefix('!').map_or((false, op), |plain| (true, plain));
        let flags = Flags { ignore_case: plain.ends_with('*'), ..Flags::default() };
        let mut open = false;
        for i in range {
            if patterns.is_null(i) {
                open = true;
                continue;
            }
            let pattern = patterns.value(i);
            let regex = match plain.starts_with("~~") {
                true => cache.translated(pattern, "\\", flags, translate),
                false => cache.get(pattern, flags),
            };
            let regex = regex.map_err(outward)?;
            if (regex.is_match(texts.value(row)).map_err(outward)? != negated) == any {
                return Ok(Some(any));
            }
        }
        Ok(if open { None } else { Some(!any) })
    };
    Ok(Arc::new((0..call.rows).map(row).collect::<Result<BooleanArray>>()?))
}

/// The regular expression of a LIKE pattern.
fn translate(pattern: &str, escape: &str) -> crate::error::Result<String> {
    let mut escapes = escape.chars();
    let escape = escapes.next();
    if escapes.next().is_some() {
        let error = Error::new(Kind::InvalidEscape, "invalid escape string");
        return Err(error.with_hint("Escape string must be empty or one character."));
    }
    let mut out = String::from("^");
    let mut chars = pattern.chars();
    let literal = |c: char, out: &mut String| {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    };
    while let Some(c) = chars.next() {
        if Some(c) == escape {
            let Some(escaped) = chars.next() else {
                return Err(Error::new(Kind::InvalidEscape, "LIKE pattern must not end with escape character"));
            };
            literal(escaped, &mut out);
        } else {
            match c {
                '%' => out.push_str(".*"),
                '_' => out.push('.'),
                other => literal(other, &mut out),
            }
        }
    }
    out.push('$');
    Ok(out)
}
