//! The `regexp_*` functions and the operators `~` and `~*`.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int32Array, ListBuilder, StringViewArray, StringViewBuilder};
use arrow::datatypes::{DataType, Field};
use datafusion::error::Result;

use super::compiled::{Cache, Places, Regex};
use super::flags::Flags;
use super::{like, replace, similar};
use crate::engine::functions::function::{Call, Column, Function, Gives, Type::*, invalid, list_of, outward};
use crate::error::{Error, Kind};

pub fn functions() -> Vec<Function> {
    let lists = Gives::Of(|_| Ok(Arc::new(Field::new("", list_of(list_of(DataType::Utf8View)), true))));
    let mut all = vec![
        // `~`, and `~*` with the flag.
        Function::new("regexp_like", &[&[Text, Text], &[Text, Text, Text]], Gives::Bool, regexp_like).also(&["textregexeq"]),
        Function::new("texticregexeq", &[&[Text, Text]], Gives::Bool, |call| {
            let flags = Flags { ignore_case: true, ..Flags::default() };
            matching(call, |_| Ok(flags))
        }),
        Function::new("regexp_match", &[&[Text, Text], &[Text, Text, Text]], Gives::Texts, regexp_match),
        // Those that give rows give them in an array, which the dialect unfolds.
        Function::new("regexp_matches", &[&[Text, Text], &[Text, Text, Text]], lists, regexp_matches),
        Function::new("regexp_split_to_array", &[&[Text, Text], &[Text, Text, Text]], Gives::Texts, split)
            .also(&["regexp_split_to_table"]),
        Function::new("regexp_count", &[&[Text, Text], &[Text, Text, Int], &[Text, Text, Int, Text]], Gives::Int4, count),
        Function::new(
            "regexp_instr",
            &[
                &[Text, Text],
                &[Text, Text, Int],
                &[Text, Text, Int, Int],
                &[Text, Text, Int, Int, Int],
                &[Text, Text, Int, Int, Int, Text],
                &[Text, Text, Int, Int, Int, Text, Int],
            ],
            Gives::Int4,
            instr,
        ),
        Function::new(
            "regexp_substr",
            &[
                &[Text, Text],
                &[Text, Text, Int],
                &[Text, Text, Int, Int],
                &[Text, Text, Int, Int, Text],
                &[Text, Text, Int, Int, Text, Int],
            ],
            Gives::Text,
            substr,
        ),
    ];
    all.extend(replace::functions());
    all.extend(similar::functions());
    all.extend(like::functions());
    all
}

/// The flags of an argument, if the call has it; `g` is refused, for `name` asks for one thing.
pub(super) fn flags_of(text: Option<&str>, name: &str) -> Result<Flags> {
    let flags = Flags::of(text.unwrap_or_default()).map_err(outward)?;
    if flags.global {
        let error = Error::new(Kind::InvalidParameter, format!("{name}() does not support the \"global\" option"));
        return Err(outward(if name == "regexp_match" {
            error.with_hint("Use the regexp_matches function instead.")
        } else {
            error
        }));
    }
    Ok(flags)
}

/// An argument as texts, if the call has it.
pub(super) fn optional(call: &Call, i: usize) -> Result<Option<Column<StringViewArray>>> {
    if call.len() > i { call.texts(i).map(Some) } else { Ok(None) }
}

fn matching(call: &Call, flags: impl Fn(usize) -> Result<Flags>) -> Result<ArrayRef> {
    let (texts, patterns) = (call.texts(0)?, call.texts(1)?);
    let mut cache = Cache::default();
    call.collect::<bool, BooleanArray>(|row| {
        let regex = cache.get(patterns.value(row), flags(row)?).map_err(outward)?;
        regex.is_match(texts.value(row)).map(Some).map_err(outward)
    })
}

fn regexp_like(call: &Call) -> Result<ArrayRef> {
    let flags = optional(call, 2)?;
    matching(call, |row| flags_of(flags.as_ref().map(|f| f.value(row)), "regexp_like"))
}

fn put_groups(out: &mut StringViewBuilder, text: &str, places: &Places) {
    // Without groups the whole match stands for them.
    let groups = if places.len() > 1 { &places[1..] } else { places.as_slice() };
    for group in groups {
        out.append_option(group.and_then(|(start, end)| text.get(start..end)));
    }
}

fn regexp_match(call: &Call) -> Result<ArrayRef> {
    let (texts, patterns, flags, known) = (call.texts(0)?, call.texts(1)?, optional(call, 2)?, call.known());
    let mut cache = Cache::default();
    let mut out = ListBuilder::new(StringViewBuilder::new());
    for row in 0..call.rows {
        let mut found = None;
        if known.as_ref().is_none_or(|k| k.is_valid(row)) {
            let flags = flags_of(flags.as_ref().map(|f| f.value(row)), "regexp_match")?;
            let regex = cache.get(patterns.value(row), flags).map_err(outward)?;
            found = regex.captures(texts.value(row), 0).map_err(outward)?;
        }
        if let Some(places) = &found {
            put_groups(out.values(), texts.value(row), places);
        }
        out.append(found.is_some());
    }
    Ok(Arc::new(out.finish()))
}

fn regexp_matches(call: &Call) -> Result<ArrayRef> {
    let (texts, patterns, flags, known) = (call.texts(0)?, call.texts(1)?, optional(call, 2)?, call.known());
    let mut cache = Cache::default();
    let mut out = ListBuilder::new(ListBuilder::new(StringViewBuilder::new()));
    for row in 0..call.rows {
        let valid = known.as_ref().is_none_or(|k| k.is_valid(row));
        if valid {
            let flags = Flags::of(flags.as_ref().map_or("", |f| f.value(row))).map_err(outward)?;
            let regex = cache.get(patterns.value(row), Flags { global: false, ..flags }).map_err(outward)?;
            let text = texts.value(row);
            let rows = out.values();
            let each = |places: &Places| {
                put_groups(rows.values(), text, places);
                rows.append(true);
                flags.global
            };
            regex.matches(text, 0, each).map_err(outward)?;
        }
        out.append(valid);
    }
    Ok(Arc::new(out.finish()))
}

/// The texts between matches; an empty match at either end, or just behind the last one, parts nothing.
fn split(call: &Call) -> Result<ArrayRef> {
    let (texts, patterns, flags, known) = (call.texts(0)?, call.texts(1)?, optional(call, 2)?, call.known());
    let mut cache = Cache::default();
    let mut out = ListBuilder::new(StringViewBuilder::new());
    for row in 0..call.rows {
        let valid = known.as_ref().is_none_or(|k| k.is_valid(row));
        if valid {
            let flags = flags_of(flags.as_ref().map(|f| f.value(row)), "regexp_split_to_array")?;
            let regex = cache.get(patterns.value(row), flags).map_err(outward)?;
            let text = texts.value(row);
            let mut last = 0;
            let parts = out.values();
            let each = |places: &Places| {
                if let Some((start, end)) = places.first().copied().flatten()
                    && !(start == end && (start >= text.len() || start <= last))
                {
                    parts.append_value(text.get(last..start).unwrap_or_default());
                    last = end;
                }
                true
            };
            regex.matches(text, 0, each).map_err(outward)?;
            out.values().append_value(text.get(last..).unwrap_or_default());
        }
        out.append(valid);
    }
    Ok(Arc::new(out.finish()))
}

/// The byte of a place counted in characters from 1; error 22023 for what is no place.
pub(super) fn start_byte(text: &str, start: i64) -> Result<usize> {
    let before = usize::try_from(start.saturating_sub(1)).map_err(|_| not_positive("start", start))?;
    Ok(text.char_indices().nth(before).map_or(text.len() + usize::from(before > text.chars().count()), |(at, _)| at))
}

pub(super) fn not_positive(name: &str, value: i64) -> datafusion::error::DataFusionError {
    invalid(format!("invalid value for parameter \"{name}\": {value}"))
}

/// The place of the n-th match from a start.
fn nth(regex: &Regex, text: &str, start: i64, n: i64) -> Result<Option<Places>> {
    let from = start_byte(text, start)?;
    if n <= 0 {
        return Err(not_positive("n", n));
    }
    let (mut left, mut found) = (n, None);
    let each = |places: &Places| {
        left -= 1;
        if left == 0 {
            found = Some(places.clone());
        }
        left > 0
    };
    regex.matches(text, from, each).map_err(outward)?;
    Ok(found)
}

fn count(call: &Call) -> Result<ArrayRef> {
    let (texts, patterns, flags) = (call.texts(0)?, call.texts(1)?, optional(call, 3)?);
    let starts = if call.len() > 2 { Some(call.ints(2)?) } else { None };
    let mut cache = Cache::default();
    call.collect::<i32, Int32Array>(|row| {
        let from = start_byte(texts.value(row), starts.as_ref().map_or(1, |s| s.value(row)))?;
        let flags = flags_of(flags.as_ref().map(|f| f.value(row)), "regexp_count")?;
        let regex = cache.get(patterns.value(row), flags).map_err(outward)?;
        let mut count = 0;
        regex
            .matches(texts.value(row), from, |_| {
                count += 1;
                true
            })
            .map_err(outward)?;
        Ok(Some(count))
    })
}

/// The place of the whole match or of a group.
fn part(places: &Places, group: i64) -> Option<(usize, usize)> {
    places.get(usize::try_from(group).ok()?).copied().flatten()
}

fn instr(call: &Call) -> Result<ArrayRef> {
    let (texts, patterns, flags) = (call.texts(0)?, call.texts(1)?, optional(call, 5)?);
    let number = |i: usize| if call.len() > i { call.ints(i).map(Some) } else { Ok(None) };
    let (starts, ns, ends, groups) = (number(2)?, number(3)?, number(4)?, number(6)?);
    let mut cache = Cache::default();
    call.collect::<i32, Int32Array>(|row| {
        let text = texts.value(row);
        let of = |column: &Option<Column<arrow::array::Int64Array>>, default| column.as_ref().map_or(default, |c| c.value(row));
        let (end, group) = (of(&ends, 0), of(&groups, 0));
        let flags = flags_of(flags.as_ref().map(|f| f.value(row)), "regexp_instr")?;
        let regex = cache.get(patterns.value(row), flags).map_err(outward)?;
        let found = nth(&regex, text, of(&starts, 1), of(&ns, 1))?;
        if end != 0 && end != 1 {
            return Err(not_positive("endoption", end));
        }
        if group < 0 {
            return Err(not_positive("subexpr", group));
        }
        let place = found.and_then(|places| part(&places, group)).map(|(from, to)| if end == 1 { to } else { from });
        let characters = place.map_or(0, |at| text.get(..at).map_or(0, |t| t.chars().count() + 1));
        Ok(i32::try_from(characters).ok())
    })
}

fn substr(call: &Call) -> Result<ArrayRef> {
    let (texts, patterns, flags) = (call.texts(0)?, call.texts(1)?, optional(call, 4)?);
    let number = |i: usize| if call.len() > i { call.ints(i).map(Some) } else { Ok(None) };
    let (starts, ns, groups) = (number(2)?, number(3)?, number(5)?);
    let mut cache = Cache::default();
    call.write_texts(|row, out| {
        let text = texts.value(row);
        let of = |column: &Option<Column<arrow::array::Int64Array>>, default| column.as_ref().map_or(default, |c| c.value(row));
        let flags = flags_of(flags.as_ref().map(|f| f.value(row)), "regexp_substr")?;
        let regex = cache.get(patterns.value(row), flags).map_err(outward)?;
        let group = of(&groups, 0);
        if group < 0 {
            return Err(not_positive("subexpr", group));
        }
        let found = nth(&regex, text, of(&starts, 1), of(&ns, 1))?.and_then(|places| part(&places, group));
        let Some(part) = found.and_then(|(from, to)| text.get(from..to)) else { return Ok(false) };
        out.push_str(part);
        Ok(true)
    })
}
