//! `regexp_replace`: with flags, or from a place on and for the n-th match.

use arrow::array::ArrayRef;
use datafusion::error::Result;

use super::compiled::{Cache, Places};
use super::flags::Flags;
use super::functions::{flags_of, not_positive, optional, start_byte};
use crate::engine::functions::function::{Call, Function, Gives, Type::*, outward};
use crate::error::{Error, Kind};

pub(super) fn functions() -> Vec<Function> {
    vec![Function::new(
        "regexp_replace",
        &[
            &[Text, Text, Text],
            &[Text, Text, Text, Text],
            &[Text, Text, Text, Int],
            &[Text, Text, Text, Int, Int],
            &[Text, Text, Text, Int, Int, Text],
        ],
        Gives::Text,
        replace,
    )]
}

fn replace(call: &Call) -> Result<ArrayRef> {
    let (texts, patterns, news) = (call.texts(0)?, call.texts(1)?, call.texts(2)?);
    let with_flags = call.len() == 4 && call.data_type(3).is_string();
    let number = |i: usize| if call.len() > i && !with_flags { call.ints(i).map(Some) } else { Ok(None) };
    let (starts, ns) = (number(3)?, number(4)?);
    let flags = optional(call, if with_flags { 3 } else { 5 })?;
    let mut cache = Cache::default();
    call.write_texts(|row, out| {
        let text = texts.value(row);
        let letters = flags.as_ref().map_or("", |f| f.value(row));
        if with_flags && letters.starts_with(|c: char| c.is_ascii_digit()) {
            let error = Error::new(Kind::InvalidParameter, format!("invalid regular expression option: \"{}\"", &letters[..1]));
            let hint =
                "If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.";
            return Err(outward(error.with_hint(hint)));
        }
        let mut global = Flags::of(letters).map_err(outward)?.global;
        let flags =
            if global { Flags { global: false, ..Flags::of(letters).map_err(outward)? } } else { flags_of(Some(letters), "")? };
        let from = start_byte(text, starts.as_ref().map_or(1, |s| s.value(row)))?;
        let mut wanted = 1;
        if let Some(ns) = &ns {
            wanted = ns.value(row);
            if wanted < 0 {
                return Err(not_positive("n", wanted));
            }
            global = wanted == 0;
        }
        let regex = cache.get(patterns.value(row), flags).map_err(outward)?;
        let new = news.value(row);
        let (mut last, mut count) = (0, 0);
        let each = |places: &Places| {
            let Some((start, end)) = places.first().copied().flatten() else { return false };
            count += 1;
            if global || count == wanted {
                out.push_str(text.get(last..start).unwrap_or_default());
                expand(new, text, places, out);
                last = end;
            }
            (global || count < wanted) && out.len() <= MAX_BYTES
        };
        regex.matches(text, from, each).map_err(outward)?;
        if out.len() > MAX_BYTES {
            let error =
                Error::new(Kind::TooComplex, format!("the result of regexp_replace() would have more than {MAX_BYTES} bytes"));
            return Err(outward(error.with_hint("Replace by a shorter text.")));
        }
        out.push_str(text.get(last..).unwrap_or_default());
        Ok(true)
    })
}

/// The longest text of one call, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// Writes the new text: `\1` to `\9` stand for groups, `\&` for the match, `\\` for a backslash.
fn expand(new: &str, text: &str, places: &Places, out: &mut String) {
    let mut chars = new.chars().peekable();
    let part = |group: usize| places.get(group).copied().flatten().and_then(|(start, end)| text.get(start..end));
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.peek().copied() {
            Some(d @ '1'..='9') => {
                chars.next();
                out.push_str(part(d.to_digit(10).unwrap_or_default() as usize).unwrap_or_default());
            }
            Some('&') => {
                chars.next();
                out.push_str(part(0).unwrap_or_default());
            }
            Some('\\') => {
                chars.next();
                out.push('\\');
            }
            Some(_) | None => out.push('\\'),
        }
    }
}
