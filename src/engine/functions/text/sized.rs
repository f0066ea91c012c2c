//! `varchar(n)` and `char(n)`: the first characters of a text, filled with blanks or not.

use arrow::array::ArrayRef;
use datafusion::error::Result;

use crate::engine::functions::function::{Call, Function, Gives, Type::*, invalid};
use crate::table::pg_type;

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("text_to_varchar", &[&[Text, Int]], Gives::Logical(&pg_type::VARCHAR), |call| cut(call, false)),
        Function::new("text_to_bpchar", &[&[Text, Int]], Gives::Logical(&pg_type::BPCHAR), |call| cut(call, true)),
    ]
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
