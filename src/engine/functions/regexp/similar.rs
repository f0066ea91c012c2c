//! `SIMILAR TO` and the two forms of `substring` with a pattern.

use arrow::array::{ArrayRef, BooleanArray};
use datafusion::error::Result;

use super::compiled::Cache;
use super::flags::Flags;
use crate::engine::functions::function::{Call, Function, Gives, Type::*, outward};
use crate::error::{Error, Kind};

pub(super) fn functions() -> Vec<Function> {
    vec![Function::new("similar_to", &[&[Text, Text], &[Text, Text, Text]], Gives::Bool, |call| {
        let (texts, patterns, escapes) = (call.texts(0)?, call.texts(1)?, super::functions::optional(call, 2)?);
        let mut cache = Cache::default();
        call.collect::<bool, BooleanArray>(|row| {
            let escape = escapes.as_ref().map_or("\\", |e| e.value(row));
            let regex = cache.translated(patterns.value(row), escape, Flags::default(), translate).map_err(outward)?;
            regex.is_match(texts.value(row)).map(Some).map_err(outward)
        })
    })]
}

/// `substring(text from pattern)`: the first group or the match; with an escape character, SQL's `substring(text similar ..)`.
pub fn substring(call: &Call) -> Result<ArrayRef> {
    let (texts, patterns, escapes) = (call.texts(0)?, call.texts(1)?, super::functions::optional(call, 2)?);
    let mut cache = Cache::default();
    call.write_texts(|row, out| {
        let text = texts.value(row);
        let regex = match &escapes {
            None => cache.get(patterns.value(row), Flags::default()),
            Some(escapes) => cache.translated(patterns.value(row), escapes.value(row), Flags::default(), translate),
        };
        let Some(places) = regex.and_then(|r| r.captures(text, 0)).map_err(outward)? else { return Ok(false) };
        let place = places.get(1).or_else(|| places.first()).copied().flatten();
        let Some(part) = place.and_then(|(start, end)| text.get(start..end)) else { return Ok(false) };
        out.push_str(part);
        Ok(true)
    })
}

/// The regular expression of a pattern of SQL's (`similar_to_escape`): anchored, with `%` and `_`, and two separators (`#"`) around the
/// part that is asked for.
fn translate(pattern: &str, escape: &str) -> crate::error::Result<String> {
    let mut escapes = escape.chars();
    let escape = escapes.next();
    if escapes.next().is_some() {
        let error = Error::new(Kind::InvalidEscape, "invalid escape string");
        return Err(error.with_hint("Escape string must be empty or one character."));
    }
    let mut out = String::from("^(?:");
    let (mut in_class, mut separators, mut after_escape) = (false, 0, false);
    for c in pattern.chars() {
        if after_escape {
            after_escape = false;
            if c == '"' && !in_class {
                // The part in the middle is as long as can be, what stands before it as short.
                match separators {
                    0 => out.push_str("){1,1}?("),
                    1 => out.push_str("){1,1}(?:"),
                    _ => {
                        let message = "SQL regular expression may not contain more than two escape-double-quote separators";
                        return Err(Error::new(Kind::InvalidEscape, message));
                    }
                }
                separators += 1;
            } else {
                out.push('\\');
                out.push(c);
            }
        } else if Some(c) == escape {
            after_escape = true;
        } else if in_class {
            if c == '\\' {
                out.push('\\');
            }
            out.push(c);
            in_class = c != ']';
        } else {
            match c {
                '[' => {
                    out.push(c);
                    in_class = true;
                }
                '%' => out.push_str(".*"),
                '_' => out.push('.'),
                '(' => out.push_str("(?:"),
                '\\' | '.' | '^' | '$' => {
                    out.push('\\');
                    out.push(c);
                }
                other => out.push(other),
            }
        }
    }
    out.push_str(")$");
    if separators > 0 {
        out = with_short_head(&out);
    }
    Ok(out)
}

/// `(?:head){1,1}?(part){1,1}(?:tail)` in the words of engines that prefer by quantifier: the head's `.*` are short.
fn with_short_head(pattern: &str) -> String {
    let Some((head, rest)) = pattern.split_once("){1,1}?(") else { return pattern.to_owned() };
    format!("{})({}", head.replace(".*", ".*?"), rest.replace("){1,1}(?:", ")(?:"))
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[test]
    fn patterns_become_regular_expressions() {
        for (pattern, want) in [
            ("a%_", "^(?:a.*.)$"),
            ("(b|d).c", "^(?:(?:b|d)\\.c)$"),
            ("a#%", "^(?:a\\%)$"),
            ("%#\"o_b#\"%", "^(?:.*?)(o.b)(?:.*)$"),
        ] {
            assert_eq!(translate(pattern, "#").map_err(|e| e.to_string()), Ok(want.to_owned()), "{pattern}");
        }
    }
}
