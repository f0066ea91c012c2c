//! The seed of `random`, whose numbers are not PostgreSQL's whatever it is.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{Result, ScalarValue};

use super::super::types;
use super::{Call, Function, floats};
use crate::error::{Error, Kind};

pub const FUNCTIONS: &[Function] = &[Function { name: "setseed", takes: floats::<1>, gives: void, body: setseed }];

fn void(_: &[FieldRef], _: &[Option<&ScalarValue>]) -> Option<Field> {
    Some(Field::new("", DataType::Utf8, true))
}

fn setseed(call: &Call) -> Result<ArrayRef> {
    let seeds = call.argument(0)?.as_primitive::<Float64Type>();
    if let Some(seed) = seeds.iter().flatten().find(|seed| !(-1.0..=1.0).contains(seed)) {
        let message = format!("setseed parameter {seed} is out of allowed range [-1,1]");
        return Err(types::outward(Error::new(Kind::InvalidParameter, message)));
    }
    Ok(Arc::new(StringArray::from(vec![""; seeds.len()])))
}
