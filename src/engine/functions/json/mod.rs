//! PostgreSQL's functions and operators of `json` and `jsonb`. Both are texts: `json` as it was written, `jsonb` in the one form that
//! [`value`] writes.

mod build;
mod casts;
mod change;
mod get;
mod parse;
mod path;
mod test;
mod unfold;
mod value;
mod walk;

use std::borrow::Cow;

use arrow::array::StringViewArray;
use arrow::datatypes::FieldRef;
use datafusion::error::{DataFusionError, Result};

use self::value::Json;
use super::function::{Call, Column, Function, Gives, Type::*, logical, outward};
use crate::error::{Error, Kind};
use crate::table::pg_type::{self, PgType};

pub(super) use build::{as_json, put, text};
pub use casts::VALUE;
pub(super) use value::quote;

const JSON: Gives = Gives::Logical(&pg_type::JSON);
const JSONB: Gives = Gives::Logical(&pg_type::JSONB);

pub(super) fn functions() -> Vec<Function> {
    let casts = vec![
        Function::new("text_to_json", &[&[Json]], JSON, |call| {
            let texts = call.texts(0)?;
            call.write_texts(|row, out| {
                parse::check(texts.value(row)).map_err(outward)?;
                out.push_str(texts.value(row));
                Ok(true)
            })
        }),
        Function::new("text_to_jsonb", &[&[Json]], JSONB, |call| {
            if call.is_jsonb(0) {
                return call.array(0);
            }
            let texts = call.texts(0)?;
            call.write_texts(|row, out| {
                parse::parse(texts.value(row)).map_err(outward)?.write(out);
                Ok(true)
            })
        }),
    ];
    let families =
        [build::functions(), casts::functions(), change::functions(), get::functions(), path::functions(), test::functions()];
    casts.into_iter().chain(families.into_iter().flatten()).chain(unfold::functions()).collect()
}

/// An argument's values, of which one that stands for all rows is read once.
struct Jsons {
    texts: Column<StringViewArray>,
    constant: Option<Json>,
}

impl Jsons {
    fn of(call: &Call, i: usize) -> Result<Self> {
        let texts = call.texts(i)?;
        let constant = texts.constant().map(parse::parse).transpose().map_err(outward)?;
        Ok(Self { texts, constant })
    }

    /// The value of a row that is not NULL.
    fn at(&self, row: usize) -> Result<Cow<'_, Json>> {
        match &self.constant {
            Some(json) => Ok(Cow::Borrowed(json)),
            None => parse::parse(self.texts.value(row)).map(Cow::Owned).map_err(outward),
        }
    }
}

/// `jsonb` of `jsonb`, `json` of all else.
fn of_first(fields: &[FieldRef]) -> Result<FieldRef> {
    let is_jsonb = fields.first().is_some_and(|f| *PgType::of_field(f) == pg_type::JSONB);
    Ok(logical("", if is_jsonb { &pg_type::JSONB } else { &pg_type::JSON }))
}

/// A text of `json`, which stays as it is, or of `jsonb`, in its one form. [`Kind::InvalidText`] when it is no JSON.
pub fn read(text: &str, binary: bool) -> crate::error::Result<String> {
    if !binary {
        return parse::check(text).map(|()| text.to_owned());
    }
    let mut out = String::new();
    parse::parse(text)?.write(&mut out);
    Ok(out)
}

fn invalid(message: impl Into<String>) -> DataFusionError {
    outward(Error::new(Kind::InvalidParameter, message))
}
