//! UUIDs: read, and made at random.

use arrow::array::ArrayRef;
use arrow::datatypes::FieldRef;
use datafusion::error::Result;

use super::function::{Call, Function, Gives, Overload, Type::*, logical, outward};
use crate::error::{Error, Kind};
use crate::table::pg_type::{self, PgType};

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::overloaded("text_to_uuid", READ),
        Function::new("gen_random_uuid", &[&[]], Gives::Logical(&pg_type::UUID), |call| {
            call.write_texts(|_, out| {
                let mut bytes = [0u8; 16];
                getrandom::fill(&mut bytes)
                    .map_err(|e| outward(Error::new(Kind::Internal, format!("no random numbers: {e}"))))?;
                // Version 4, variant 1 (RFC 4122).
                bytes[6] = bytes[6] & 0x0f | 0x40;
                bytes[8] = bytes[8] & 0x3f | 0x80;
                put_uuid(&bytes, out);
                Ok(true)
            })
        })
        .volatile(),
    ]
}

const READ: &[Overload] = &[
    Overload { takes: &[Text], gives: Gives::Logical(&pg_type::UUID), body: read },
    Overload { takes: &[Any], gives: Gives::Of(as_it_is), body: read },
];

fn read(call: &Call) -> Result<ArrayRef> {
    let texts = call.texts(0)?;
    call.write_texts(|row, out| {
        out.push_str(&uuid(texts.value(row)).map_err(outward)?);
        Ok(true)
    })
}

/// A `uuid` is one already; no other type is cast to it.
fn as_it_is(fields: &[FieldRef]) -> Result<FieldRef> {
    let of = fields.first().map_or(&pg_type::TEXT, |field| PgType::of_field(field));
    if *of == pg_type::UUID {
        return Ok(logical("", &pg_type::UUID));
    }
    Err(outward(Error::new(Kind::CannotCast, format!("cannot cast type {} to uuid", of.sql_name))))
}

/// A UUID in its one form. [`Kind::InvalidText`] of what is none.
pub fn uuid(text: &str) -> crate::error::Result<String> {
    let invalid = || Error::new(Kind::InvalidText, format!("invalid input syntax for type uuid: \"{text}\""));
    let inner = match (text.strip_prefix('{'), text.ends_with('}')) {
        (Some(inner), true) => &inner[..inner.len() - 1],
        (None, false) => text,
        (Some(_), false) | (None, true) => return Err(invalid()),
    };
    let (mut bytes, mut digits) = ([0u8; 16], 0);
    let mut after_hyphen = true;
    for c in inner.chars() {
        if c == '-' {
            // Hyphens part groups of four digits.
            if after_hyphen || digits % 4 != 0 {
                return Err(invalid());
            }
            after_hyphen = true;
            continue;
        }
        after_hyphen = false;
        let digit = c.to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or_else(invalid)?;
        let byte = bytes.get_mut(digits / 2).ok_or_else(invalid)?;
        *byte = *byte << 4 | digit;
        digits += 1;
    }
    if digits != 32 || after_hyphen {
        return Err(invalid());
    }
    let mut out = String::with_capacity(36);
    put_uuid(&bytes, &mut out);
    Ok(out)
}

fn put_uuid(bytes: &[u8; 16], out: &mut String) {
    use std::fmt::Write;
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        // Writing to a String does not fail.
        let _ = write!(out, "{byte:02x}");
    }
}
