//! `lpad` and `rpad`: a text made so many characters long, by what stands beside it or by cutting its end off.

use arrow::array::ArrayRef;
use datafusion::error::Result;

use crate::engine::functions::bounded;
use crate::engine::functions::function::{Call, Function, Gives, Type::*};

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("lpad", &[&[Text, Int], &[Text, Int, Text]], Gives::Text, |call| padded(call, "lpad", true)),
        Function::new("rpad", &[&[Text, Int], &[Text, Int, Text]], Gives::Text, |call| padded(call, "rpad", false)),
    ]
}

fn padded(call: &Call, name: &str, is_left: bool) -> Result<ArrayRef> {
    let (texts, lengths) = (call.texts(0)?, call.ints(1)?);
    let fills = if call.len() > 2 { Some(call.texts(2)?) } else { None };
    let mut bytes = 0;
    call.write_texts(|row, out| {
        let (text, fill) = (texts.value(row), fills.as_ref().map_or(" ", |fills| fills.value(row)));
        let wanted = usize::try_from(lengths.value(row)).unwrap_or(0);
        bytes += wanted as u128;
        bounded::check(name, bytes)?;
        let cut = text.char_indices().nth(wanted).and_then(|(end, _)| text.get(..end));
        let missing = if cut.is_some() { 0 } else { wanted - text.chars().count() };
        if is_left {
            out.extend(fill.chars().cycle().take(missing));
        }
        out.push_str(cut.unwrap_or(text));
        if !is_left {
            out.extend(fill.chars().cycle().take(missing));
        }
        Ok(true)
    })
}
