//! `jsonb` made from `jsonb`: joined, with parts set, inserted or left out, and printed.

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use arrow::datatypes::DataType;
use datafusion::error::Result;

use super::parse::parse;
use super::value::{Json, MAX_PRETTY_BYTES};
use super::walk::index;
use super::{JSON, JSONB, Jsons, invalid};
use crate::engine::functions::function::{Call, Function, Gives, Ranges, Type, Type::*, outward};
use crate::error::{Error, Kind};

pub(super) fn functions() -> Vec<Function> {
    const SET: &[&[Type]] = &[&[Json, List, Json], &[Json, List, Json, Bool]];
    vec![
        // `||`, `-` and `#-`.
        Function::new("jsonb_concat", &[&[Json, Json]], JSONB, |call| {
            let right = Jsons::of(call, 1)?;
            changed(call, |row, left| joined(left, right.at(row)?.into_owned()))
        }),
        Function::new("jsonb_delete", &[&[Json, Int], &[Json, Text], &[Json, List]], JSONB, delete),
        Function::new("jsonb_delete_path", &[&[Json, List]], JSONB, |call| {
            let paths = Paths::of(call, 1)?;
            changed(call, |row, mut json| {
                let path = paths.of_row(row)?;
                if json.is_scalar() {
                    return Err(invalid("cannot delete path in scalar"));
                }
                edit(&mut json, &path, &mut Edit::Delete)?;
                Ok(json)
            })
        }),
        Function::new("jsonb_set", SET, JSONB, |call| {
            let (paths, new) = (Paths::of(call, 1)?, Jsons::of(call, 2)?);
            let create = if call.len() > 3 { Some(call.bools(3)?) } else { None };
            changed(call, |row, mut json| {
                if json.is_scalar() {
                    return Err(invalid("cannot set path in scalar"));
                }
                let new = new.at(row)?.into_owned();
                let create = create.as_ref().is_none_or(|c| c.value(row));
                edit(&mut json, &paths.of_row(row)?, &mut Edit::Set { new, create })?;
                Ok(json)
            })
        }),
        Function::new("jsonb_insert", SET, JSONB, |call| {
            let (paths, new) = (Paths::of(call, 1)?, Jsons::of(call, 2)?);
            let after = if call.len() > 3 { Some(call.bools(3)?) } else { None };
            changed(call, |row, mut json| {
                if json.is_scalar() {
                    return Err(invalid("cannot set path in scalar"));
                }
                let new = new.at(row)?.into_owned();
                let after = after.as_ref().is_some_and(|a| a.value(row));
                edit(&mut json, &paths.of_row(row)?, &mut Edit::Insert { new, after })?;
                Ok(json)
            })
        }),
        Function::new("jsonb_strip_nulls", &[&[Json]], JSONB, |call| changed(call, |_, json| Ok(stripped(json)))),
        Function::new("json_strip_nulls", &[&[Json]], JSON, |call| {
            let texts = call.texts(0)?;
            call.write_texts(|row, out| super::build::compact_without_nulls(texts.value(row), out).map(|()| true))
        }),
        Function::new("jsonb_pretty", &[&[Json]], Gives::Text, |call| {
            let texts = call.texts(0)?;
            call.write_texts(|row, out| {
                parse(texts.value(row)).map_err(outward)?.write_pretty(0, out);
                if out.len() > MAX_PRETTY_BYTES {
                    let message = format!("the result of jsonb_pretty() would have more than {MAX_PRETTY_BYTES} bytes");
                    return Err(outward(Error::new(Kind::TooComplex, message).with_hint("Ask for a part of the value.")));
                }
                Ok(true)
            })
        }),
    ]
}

fn changed(call: &Call, change: impl Fn(usize, Json) -> Result<Json>) -> Result<ArrayRef> {
    let texts = call.texts(0)?;
    call.write_texts(|row, out| {
        change(row, parse(texts.value(row)).map_err(outward)?)?.write(out);
        Ok(true)
    })
}

/// Objects are united, the right one's members count; all else is put into one array.
fn joined(left: Json, right: Json) -> Result<Json> {
    Ok(match (left, right) {
        (Json::Object(mut left), Json::Object(right)) => {
            left.extend(right);
            Json::object(left)
        }
        (left, right) => {
            let all = |json| match json {
                Json::Array(all) => all,
                other => vec![other],
            };
            let mut left = all(left);
            left.extend(all(right));
            Json::Array(left)
        }
    })
}

fn delete(call: &Call) -> Result<ArrayRef> {
    let scalar = || invalid("cannot delete from scalar");
    let kind = call.data_type(1);
    if kind.is_integer() {
        let places = call.ints(1)?;
        return changed(call, |row, json| match json {
            Json::Array(mut all) => {
                if let Some(at) = index(places.value(row), all.len()).filter(|at| *at < all.len()) {
                    all.remove(at);
                }
                Ok(Json::Array(all))
            }
            Json::Object(_) => Err(invalid("cannot delete from object using integer index")),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Err(scalar()),
        });
    }
    let without = |json: Json, keys: &[&str]| match json {
        Json::Array(all) => {
            Ok(Json::Array(all.into_iter().filter(|v| !matches!(v, Json::String(s) if keys.contains(&s.as_str()))).collect()))
        }
        Json::Object(all) => Ok(Json::Object(all.into_iter().filter(|(k, _)| !keys.contains(&k.as_str())).collect())),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Err(scalar()),
    };
    if kind.is_string() {
        let keys = call.texts(1)?;
        return changed(call, |row, json| without(json, &[keys.value(row)]));
    }
    let keys = Paths::of(call, 1)?;
    changed(call, |row, json| {
        let keys: Vec<&str> = keys.known(row).collect();
        without(json, &keys)
    })
}

/// A column of arrays of texts.
struct Paths {
    lists: Ranges,
    steps: StringViewArray,
}

impl Paths {
    fn of(call: &Call, i: usize) -> Result<Self> {
        let lists = call.ranges(i)?;
        let steps = arrow::compute::cast(lists.values(), &DataType::Utf8View)?.as_string_view().clone();
        Ok(Self { lists, steps })
    }

    fn range(&self, row: usize) -> std::ops::Range<usize> {
        self.lists.range(row)
    }

    fn known(&self, row: usize) -> impl Iterator<Item = &str> {
        self.range(row).filter(|i| self.steps.is_valid(*i)).map(|i| self.steps.value(i))
    }

    fn of_row(&self, row: usize) -> Result<Vec<&str>> {
        if let Some(n) = self.range(row).position(|i| self.steps.is_null(i)) {
            let error = Error::new(Kind::NullNotAllowed, format!("path element at position {} is null", n + 1));
            return Err(outward(error));
        }
        Ok(self.known(row).collect())
    }
}

/// What is done at the end of a path.
enum Edit {
    Set { new: Json, create: bool },
    Insert { new: Json, after: bool },
    Delete,
}

impl Edit {
    /// Takes the value that is put in.
    fn take(&mut self) -> Option<Json> {
        match self {
            Self::Set { new, .. } | Self::Insert { new, .. } => Some(std::mem::replace(new, Json::Null)),
            Self::Delete => None,
        }
    }
}

fn edit(json: &mut Json, path: &[&str], how: &mut Edit) -> Result<()> {
    edit_at(json, path, 0, how)
}

fn edit_at(json: &mut Json, path: &[&str], depth: usize, how: &mut Edit) -> Result<()> {
    let Some(step) = path.get(depth) else { return Ok(()) };
    let last = depth + 1 == path.len();
    match json {
        Json::Object(members) => {
            let found = members.iter().position(|(k, _)| k == step);
            match (found, last) {
                (Some(at), false) => return edit_at(&mut members[at].1, path, depth + 1, how),
                (None, false) => {}
                (found, true) => match (&mut *how, found) {
                    (Edit::Delete, Some(at)) => {
                        members.remove(at);
                    }
                    (Edit::Set { .. }, Some(at)) => members[at].1 = how.take().unwrap_or(Json::Null),
                    (Edit::Set { create: true, .. } | Edit::Insert { .. }, None) => {
                        let mut all = std::mem::take(members);
                        all.push(((*step).to_owned(), how.take().unwrap_or(Json::Null)));
                        *json = Json::object(all);
                    }
                    (Edit::Insert { .. }, Some(_)) => {
                        return Err(outward(
                            Error::new(Kind::InvalidParameter, "cannot replace existing key")
                                .with_hint("Try using the function jsonb_set to replace key value."),
                        ));
                    }
                    (Edit::Set { create: false, .. } | Edit::Delete, None) => {}
                },
            }
        }
        Json::Array(all) => {
            let place: i64 = step.trim().parse().map_err(|_| {
                let message = format!("path element at position {} is not an integer: \"{step}\"", depth + 1);
                outward(Error::new(Kind::InvalidText, message))
            })?;
            let found = index(place, all.len()).filter(|at| *at < all.len());
            match (found, last) {
                (Some(at), false) => return edit_at(&mut all[at], path, depth + 1, how),
                (None, false) => {}
                (found, true) => match (&mut *how, found) {
                    (Edit::Delete, Some(at)) => {
                        all.remove(at);
                    }
                    (Edit::Set { .. }, Some(at)) => all[at] = how.take().unwrap_or(Json::Null),
                    (Edit::Insert { after, .. }, Some(at)) => {
                        let at = at + usize::from(*after);
                        all.insert(at, how.take().unwrap_or(Json::Null));
                    }
                    (Edit::Set { create: true, .. } | Edit::Insert { .. }, None) => {
                        let at = if place < 0 { 0 } else { all.len() };
                        all.insert(at, how.take().unwrap_or(Json::Null));
                    }
                    (Edit::Set { create: false, .. } | Edit::Delete, None) => {}
                },
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
    Ok(())
}

/// The value without those members of its objects that are null.
pub(super) fn stripped(json: Json) -> Json {
    match json {
        Json::Object(all) => {
            Json::Object(all.into_iter().filter(|(_, v)| *v != Json::Null).map(|(k, v)| (k, stripped(v))).collect())
        }
        Json::Array(all) => Json::Array(all.into_iter().map(stripped).collect()),
        scalar => scalar,
    }
}
