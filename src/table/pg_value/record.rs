//! Rows as PostgreSQL's `record`: `(1,"a b",)` with its quoting rules (PostgreSQL 15, 8.16.6), and `record_send`'s binary form.

use arrow::array::{Array, StructArray};

use crate::error::Result;
use crate::table::pg_type::PgType;

use super::{Format, Style, Values, column};

/// Adds every row. Its fields are encoded as columns, then gathered row by row.
pub(super) fn encode(array: &StructArray, format: Format, style: &Style, out: &mut Values) -> Result<()> {
    let mut columns = Vec::with_capacity(array.num_columns());
    for (field, values) in array.fields().iter().zip(array.columns()) {
        let (pg, mut encoded) = (PgType::of_field(field), Values::default());
        column::encode(values, field, pg, format, style, &mut encoded)?;
        columns.push((pg, encoded));
    }
    let nulls = array.nulls();
    for row in 0..array.len() {
        if nulls.is_some_and(|nulls| nulls.is_null(row)) {
            out.null();
            continue;
        }
        out.value(|bytes| {
            match format {
                Format::Text => text(&columns, row, bytes),
                Format::Binary => binary(&columns, row, bytes),
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn text(columns: &[(&PgType, Values)], row: usize, out: &mut Vec<u8>) {
    out.push(b'(');
    for (n, (_, values)) in columns.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        match values.get(row) {
            None => {}
            Some(value) if is_plain(value) => out.extend_from_slice(value),
            Some(value) => {
                out.push(b'"');
                for &byte in value {
                    if matches!(byte, b'"' | b'\\') {
                        out.push(byte);
                    }
                    out.push(byte);
                }
                out.push(b'"');
            }
        }
    }
    out.push(b')');
}

/// Whether a value needs no quotes.
fn is_plain(value: &[u8]) -> bool {
    let special = |b: &u8| matches!(b, b'"' | b'\\' | b'(' | b')' | b',' | b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c);
    !value.is_empty() && !value.iter().any(special)
}

/// How many fields, then each with its type and its length in front.
fn binary(columns: &[(&PgType, Values)], row: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(columns.len() as i32).to_be_bytes());
    for (pg, values) in columns {
        out.extend_from_slice(&pg.oid.to_be_bytes());
        match values.get(row) {
            None => out.extend_from_slice(&(-1i32).to_be_bytes()),
            Some(value) => {
                // A value's length was looked at when it was added.
                out.extend_from_slice(&(value.len() as i32).to_be_bytes());
                out.extend_from_slice(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, StringArray};
    use arrow::buffer::NullBuffer;
    use arrow::datatypes::{DataType, Field};

    use super::*;

    #[test]
    fn rows_are_written_as_postgres_15_writes_them() {
        let fields = vec![Field::new("a", DataType::Int32, true), Field::new("b", DataType::Utf8, true)];
        let a: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3), Some(4)]));
        let b: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), Some(""), Some("a\"b\\ c"), None]));
        let nulls = NullBuffer::from(vec![true, true, true, false]);
        let rows = StructArray::new(fields.into(), vec![a, b], Some(nulls));
        let sent = |format| {
            let mut out = Values::default();
            encode(&rows, format, &Style::default(), &mut out).expect("both types have a form");
            (0..4).map(|row| out.get(row).map(<[u8]>::to_vec)).collect::<Vec<_>>()
        };
        let text: Vec<Option<String>> =
            sent(Format::Text).into_iter().map(|v| v.map(|v| String::from_utf8(v).expect("text"))).collect();
        assert_eq!(text, [Some("(1,x)".into()), Some("(,\"\")".into()), Some("(3,\"a\"\"b\\\\ c\")".into()), None]);
        let first = b"\0\0\0\x02\0\0\0\x17\0\0\0\x04\0\0\0\x01\0\0\0\x19\0\0\0\x01x";
        assert_eq!(sent(Format::Binary)[0].as_deref(), Some(&first[..]));
    }
}
