//! `bytea` literals, `'\x00ff'::bytea` and `bytea '\\000'`: DataFusion would take the text's own bytes for them.

use datafusion::sql::sqlparser::ast::{CastKind, DataType, Expr, Value};

use super::ast::{string, value};
use crate::engine::functions::bytea;
use crate::error::Result;

/// Reads the literal under a cast to `bytea`; an error when it is none.
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
    let hex: String = bytea(text)?.iter().map(|byte| format!("{byte:02x}")).collect();
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
