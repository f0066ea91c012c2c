//! PostgreSQL's functions and operators of `json` and `jsonb`. Both are texts: `json` as it was written, `jsonb` in the one form that
//! [`value`] writes.

mod build;
mod change;
mod gather;
mod get;
mod test;
mod unfold;
mod value;
mod walk;

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion::error::{DataFusionError, Result};

use super::native::outward;
use super::typed::{Function, Gives, Type::*, logical};
use crate::error::{Error, Kind};
use crate::table::pg_type::{self, PgType};

const JSON: Gives = Gives::Logical(&pg_type::JSON);
const JSONB: Gives = Gives::Logical(&pg_type::JSONB);

pub(super) fn functions() -> Vec<Function> {
    let casts = vec![
        Function::new("text_to_json", &[&[Json]], JSON, |call| {
            let texts = call.texts(0)?;
            call.write_texts(|row, out| {
                value::parse(texts.value(row)).map_err(outward)?;
                out.push_str(texts.value(row));
                Ok(true)
            })
        }),
        Function::new("text_to_jsonb", &[&[Json]], JSONB, |call| {
            if call.is_jsonb(0) {
                return Ok(Arc::clone(&call.arrays[0]));
            }
            let texts = call.texts(0)?;
            call.write_texts(|row, out| {
                value::parse(texts.value(row)).map_err(outward)?.write(out);
                Ok(true)
            })
        }),
    ];
    let families = [build::functions(), change::functions(), gather::functions(), get::functions(), test::functions()];
    casts.into_iter().chain(families.into_iter().flatten()).chain(unfold::functions()).collect()
}

/// `jsonb` of `jsonb`, `json` of all else.
fn of_first(fields: &[FieldRef]) -> Result<FieldRef> {
    let is_jsonb = fields.first().is_some_and(|f| *PgType::of_field(f) == pg_type::JSONB);
    Ok(logical("", if is_jsonb { &pg_type::JSONB } else { &pg_type::JSON }))
}

fn invalid(message: impl Into<String>) -> DataFusionError {
    outward(Error::new(Kind::InvalidParameter, message))
}
