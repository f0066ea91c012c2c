//! `bytea` literals, `'\x00ff'::bytea` and `bytea '\\000'`: DataFusion would take the text's own bytes for them.

use datafusion::sql::sqlparser::ast::{CastKind, DataType, Expr, Value};

use super::ast::{string, value};
use crate::error::{Error, Kind, Result};

/// Reads the literal under a cast to `bytea`. [`Kind::InvalidText`] or, of hex digits, [`Kind::InvalidParameter`] when it is none.
pub fn literal(expr: &mut Expr) -> Result<()> {
    let text = match expr {
        Expr::Cast { expr: inner, data_type: DataType::Bytea, .. } => string(inner),
        Expr::TypedString(typed) if typed.data_type == DataType::Bytea => match &typed.value.value {
            Value::SingleQuotedString(s) | Value::EscapedStringLiteral(s) => Some(s.as_str()),
            _ => None,
        },
        _ => None,
    };
    let Some(text) = text else { return Ok(()) };
    let hex: String = bytes(text)?.iter().map(|byte| format!("{byte:02x}")).collect();
    // The cast changes nothing; the column is named after it.
    *expr = Expr::Cast {
        kind: CastKind::DoubleColon,
        expr: Box::new(value(Value::HexStringLiteral(hex))),
        data_type: DataType::Bytea,
        array: false,
        format: None,
    };
    Ok(())
}

/// The bytes of PostgreSQL's hex format (`\x` and pairs of digits, blanks between them) or escape format (`\\`, `\nnn`).
fn bytes(text: &str) -> Result<Vec<u8>> {
    let Some(digits) = text.strip_prefix("\\x") else { return escaped(text) };
    let mut nibbles = Vec::with_capacity(digits.len());
    for c in digits.chars().filter(|c| !c.is_ascii_whitespace()) {
        let digit = c.to_digit(16).and_then(|d| u8::try_from(d).ok());
        nibbles.push(digit.ok_or_else(|| Error::new(Kind::InvalidParameter, format!("invalid hexadecimal digit: \"{c}\"")))?);
    }
    if nibbles.len() % 2 != 0 {
        return Err(Error::new(Kind::InvalidParameter, "invalid hexadecimal data: odd number of digits"));
    }
    Ok(nibbles.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn escaped(text: &str) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'\\', [b'\\', after @ ..]) => {
                out.push(b'\\');
                after
            }
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                after
            }
            (b'\\', _) => return Err(Error::new(Kind::InvalidText, "invalid input syntax for type bytea")),
            (byte, after) => {
                out.push(*byte);
                after
            }
        };
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn both_formats_are_read() {
        for (sql, want) in [
            ("select '\\x00fF'::bytea as b", "SELECT X'00ff'::BYTEA AS b"),
            ("select bytea '\\x 00 ff' as b", "SELECT X'00ff'::BYTEA AS b"),
            ("select 'a\\\\\\001'::bytea as b", "SELECT X'615c01'::BYTEA AS b"),
            ("select '\\x0'::bytea", "InvalidParameter: invalid hexadecimal data: odd number of digits"),
            ("select '\\x0g'::bytea", "InvalidParameter: invalid hexadecimal digit: \"g\""),
            ("select '\\8'::bytea", "InvalidText: invalid input syntax for type bytea"),
            ("select x::bytea as b from t", "SELECT x::BYTEA AS b FROM t"),
        ] {
            assert_eq!(rewritten(sql), want, "{sql}");
        }
    }
}
