//! Questions to `jsonb`: containment, keys, order.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array};
use arrow::datatypes::DataType;
use datafusion::error::Result;
use std::cmp::Ordering;

use super::Jsons;
use super::parse::parse;
use super::value::Json;
use crate::engine::functions::function::{Call, Function, Gives, Type::*, outward};

pub(super) fn functions() -> Vec<Function> {
    vec![
        // `@>`, `?`, `?|` and `?&`.
        Function::new("jsonb_contains", &[&[Json, Json]], Gives::Bool, |call| {
            let (left, right) = (Jsons::of(call, 0)?, Jsons::of(call, 1)?);
            call.collect::<bool, BooleanArray>(|row| Ok(Some(contains(left.at(row)?.as_ref(), right.at(row)?.as_ref(), true))))
        }),
        Function::new("jsonb_contained", &[&[Json, Json]], Gives::Bool, |call| {
            let (left, right) = (Jsons::of(call, 0)?, Jsons::of(call, 1)?);
            call.collect::<bool, BooleanArray>(|row| Ok(Some(contains(right.at(row)?.as_ref(), left.at(row)?.as_ref(), true))))
        }),
        Function::new("jsonb_exists", &[&[Json, Text]], Gives::Bool, |call| {
            let (texts, keys) = (call.texts(0)?, call.texts(1)?);
            call.collect::<bool, BooleanArray>(|row| {
                Ok(Some(exists(&parse(texts.value(row)).map_err(outward)?, keys.value(row))))
            })
        }),
        Function::new("jsonb_exists_any", &[&[Json, List]], Gives::Bool, |call| exist(call, false)),
        Function::new("jsonb_exists_all", &[&[Json, List]], Gives::Bool, |call| exist(call, true)),
        // Below, at or above zero, as PostgreSQL orders jsonb.
        Function::new("jsonb_cmp", &[&[Json, Json]], Gives::Int4, |call| {
            let (left, right) = (Jsons::of(call, 0)?, Jsons::of(call, 1)?);
            call.collect::<i32, Int32Array>(|row| Ok(Some(order(left.at(row)?.as_ref(), right.at(row)?.as_ref()) as i32)))
        }),
    ]
}

/// Whether a part stands in a whole: in an array in any place, in an object under its key. At the top an array holds a scalar too.
fn contains(whole: &Json, part: &Json, top: bool) -> bool {
    match (whole, part) {
        (Json::Object(_), Json::Object(members)) => {
            members.iter().all(|(key, part)| whole.member(key).is_some_and(|whole| contains(whole, part, false)))
        }
        (Json::Array(all), Json::Array(parts)) => parts.iter().all(|part| all.iter().any(|whole| contains(whole, part, false))),
        (Json::Array(all), scalar) if top && scalar.is_scalar() => all.iter().any(|whole| contains(whole, scalar, false)),
        _ => order(whole, part) == Ordering::Equal,
    }
}

/// Whether a text is a key of an object, an element of an array or the value.
fn exists(json: &Json, key: &str) -> bool {
    let is_key = |value: &Json| matches!(value, Json::String(text) if text == key);
    match json {
        Json::Object(_) => json.member(key).is_some(),
        Json::Array(all) => all.iter().any(is_key),
        scalar => is_key(scalar),
    }
}

fn exist(call: &Call, all: bool) -> Result<ArrayRef> {
    let (texts, lists) = (call.texts(0)?, call.ranges(1)?);
    let keys = arrow::compute::cast(lists.values(), &DataType::Utf8View)?;
    let keys = keys.as_string_view();
    call.collect::<bool, BooleanArray>(|row| {
        let json = parse(texts.value(row)).map_err(outward)?;
        let mut range = lists.range(row).filter(|i| keys.is_valid(*i));
        Ok(Some(if all { range.all(|i| exists(&json, keys.value(i))) } else { range.any(|i| exists(&json, keys.value(i))) }))
    })
}

/// `Object > Array > Boolean > Number > String > Null`; longer arrays and objects behind shorter ones; an empty array first of all.
pub(super) fn order(left: &Json, right: &Json) -> Ordering {
    let rank = |json: &Json| match json {
        Json::Array(all) if all.is_empty() => 0,
        Json::Null => 1,
        Json::String(_) => 2,
        Json::Number(_) => 3,
        Json::Bool(_) => 4,
        Json::Array(_) => 5,
        Json::Object(_) => 6,
    };
    match (left, right) {
        (Json::Bool(a), Json::Bool(b)) => a.cmp(b),
        (Json::String(a), Json::String(b)) => a.cmp(b),
        (Json::Number(a), Json::Number(b)) => numbers(a, b),
        (Json::Array(a), Json::Array(b)) => {
            let elements = || a.iter().zip(b).map(|(a, b)| order(a, b)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal);
            a.len().cmp(&b.len()).then_with(elements)
        }
        (Json::Object(a), Json::Object(b)) => {
            let member = |((k, v), (l, w)): (&(String, Json), &(String, Json))| k.cmp(l).then_with(|| order(v, w));
            let members = || a.iter().zip(b).map(member).find(|o| o.is_ne()).unwrap_or(Ordering::Equal);
            a.len().cmp(&b.len()).then_with(members)
        }
        _ => rank(left).cmp(&rank(right)),
    }
}

/// Two numbers by their digits, whatever their length.
fn numbers(left: &str, right: &str) -> Ordering {
    fn parts(text: &str) -> (bool, &str, &str) {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
        (negative, whole, fraction.trim_end_matches('0'))
    }
    let (a, b) = (parts(left), parts(right));
    let size = || a.1.len().cmp(&b.1.len()).then_with(|| a.1.cmp(b.1)).then_with(|| a.2.cmp(b.2));
    match (a.0, b.0) {
        (false, false) => size(),
        (true, true) => size().reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}
