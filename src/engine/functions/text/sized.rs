//! `varchar(n)` and `char(n)`: the first characters of a text, filled with blanks or not.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::FieldRef;
use datafusion::common::ScalarValue;
use datafusion::error::Result;

use crate::engine::functions::function::{Call, Function, Gives, Type::*, invalid, logical, whole};
use crate::table::modifier;
use crate::table::pg_type::{self, PgType};

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("text_to_varchar", &[&[Text, Int]], Gives::OfConstants(varchar), |call| cut(call, false)),
        Function::new("text_to_bpchar", &[&[Text, Int]], Gives::OfConstants(bpchar), |call| cut(call, true)),
    ]
}

fn varchar(_: &[FieldRef], constants: &[Option<&ScalarValue>]) -> Result<FieldRef> {
    Ok(of_length(&pg_type::VARCHAR, constants))
}

fn bpchar(_: &[FieldRef], constants: &[Option<&ScalarValue>]) -> Result<FieldRef> {
    Ok(of_length(&pg_type::BPCHAR, constants))
}

/// The field of a text of so many characters.
fn of_length(pg: &PgType, constants: &[Option<&ScalarValue>]) -> FieldRef {
    let field = Arc::unwrap_or_clone(logical("", pg));
    let length = constants.get(1).copied().flatten().and_then(whole);
    Arc::new(match length {
        Some(length) => modifier::cast(field, modifier::of_length(length)),
        None => field,
    })
}

/// The longest `char(n)` there is.
const MAX_LENGTH: i64 = 10_485_760;

/// The first characters of a text, filled with blanks for `char(n)`.
fn cut(call: &Call, padded: bool) -> Result<ArrayRef> {
    let (texts, lengths) = (call.texts(0)?, call.ints(1)?);
    call.write_texts(|row, out| {
        let length = lengths.value(row);
        let length = usize::try_from(length.min(MAX_LENGTH)).unwrap_or(0);
        out.extend(texts.value(row).chars().take(length));
        if padded {
            let have = out.chars().count();
            if call.rows.saturating_mul(length) > 64 << 20 {
                return Err(invalid("the values of character(n) would have more than 67108864 bytes"));
            }
            out.extend(std::iter::repeat_n(' ', length.saturating_sub(have)));
        }
        Ok(true)
    })
}
