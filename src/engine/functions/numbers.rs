//! `to_number`: numbers read by templates.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::Result;

use super::function::{Call, Function, Gives, Type::*, invalid, outward};
use crate::error::{Error, Kind};
use crate::table::pg_time::format::number::Template;
use crate::table::pg_value::ShownScale;

/// Digits of a number, all in all.
const DIGITS: u8 = 38;

/// Of them behind the point, where the template is known only when it comes.
const DECIMALS: i8 = 10;

pub(super) fn functions() -> Vec<Function> {
    vec![Function::new("to_number", &[&[Text, Text]], Gives::OfConstants(numeric), to_number)]
}

/// As many decimals as a constant template has.
fn numeric(_: &[FieldRef], constants: &[Option<&ScalarValue>]) -> Result<FieldRef> {
    let template = constants.get(1).copied().flatten().and_then(|s| s.try_as_str().flatten()).map(Template::parse);
    let decimals = match template.transpose().map_err(outward)? {
        Some(template) => i8::try_from(template.decimals()).ok(),
        None => None,
    };
    let field = |scale| Field::new("to_number", DataType::Decimal128(DIGITS, scale), true);
    Ok(Arc::new(match decimals.filter(|n| *n <= DIGITS as i8) {
        Some(decimals) => field(decimals),
        None => ShownScale::Trimmed { least: 0 }.mark(field(DECIMALS)),
    }))
}

fn to_number(call: &Call) -> Result<ArrayRef> {
    let DataType::Decimal128(_, scale) = call.gives.data_type() else { return Err(invalid("a number is a decimal")) };
    let (texts, templates) = (call.texts(0)?, call.texts(1)?);
    let fixed = templates.constant().map(Template::parse).transpose().map_err(outward)?;
    let number = |row: usize| {
        let parsed;
        let template = match &fixed {
            Some(template) => template,
            None => {
                parsed = Template::parse(templates.value(row)).map_err(outward)?;
                &parsed
            }
        };
        let (negative, digits, decimals) = template.read(texts.value(row)).map_err(outward)?;
        let too_long = || outward(Error::new(Kind::OutOfRange, "value overflows numeric format"));
        let value: i128 = digits.parse().map_err(|_| too_long())?;
        let wanted = usize::try_from(*scale).unwrap_or(0);
        let power = |n: usize| u32::try_from(n).ok().and_then(|n| 10i128.checked_pow(n)).ok_or_else(too_long);
        let value = match wanted.checked_sub(decimals) {
            Some(more) => value.checked_mul(power(more)?).ok_or_else(too_long)?,
            None => value / power(decimals - wanted)?,
        };
        Ok(Some(if negative { -value } else { value }))
    };
    let known = call.known();
    let rows = (0..call.rows).map(|row| if known.as_ref().is_none_or(|k| k.is_valid(row)) { number(row) } else { Ok(None) });
    let found = rows.collect::<Result<Decimal128Array>>()?;
    Ok(Arc::new(found.with_precision_and_scale(DIGITS, *scale)?))
}
