//! The sixteen bytes of `uuid_send`, from the text that a column of UUIDs holds.

use crate::error::{Error, Kind, Result};

/// Appends the bytes of a UUID's text, whatever hyphens and braces it is written with (PostgreSQL 15, 8.12). [`Kind::InvalidText`] when it
/// is none.
pub(super) fn binary(text: &str, out: &mut Vec<u8>) -> Result<()> {
    let invalid = || Error::new(Kind::InvalidText, format!("invalid input syntax for type uuid: \"{text}\""));
    let (mut bytes, mut digits) = ([0u8; 16], 0);
    for c in text.chars().filter(|c| !matches!(c, '-' | '{' | '}')) {
        let digit = c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or_else(invalid)?;
        let byte = bytes.get_mut(digits / 2).ok_or_else(invalid)?;
        *byte = *byte << 4 | digit;
        digits += 1;
    }
    if digits != 32 {
        return Err(invalid());
    }
    out.extend_from_slice(&bytes);
    Ok(())
}
