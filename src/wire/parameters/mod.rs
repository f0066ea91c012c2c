//! Parameters of Bind: a text or binary value of a PostgreSQL type becomes an Arrow array of one value. Which bytes are read how is
//! in the files below.

use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;

use crate::error::{Error, Kind, Result};
use crate::table::pg_type::{self, PgType};

use super::framing::utf8;
use crate::table::pg_value::{Format, Style};

mod array;
mod binary;
mod numeric;
mod text;

/// Reads one parameter. `pg` is the type the client knows it as, `target` the type the plan wants, `style` how the session reads times.
/// The errors are PostgreSQL's: 22P02 and 22007 for text that is not of the type, 22003 out of range, 22021 not UTF-8, 08P01 for binary
/// of a wrong form.
pub(super) fn decode(
    pg: &'static PgType,
    format: Format,
    bytes: Option<&[u8]>,
    target: &DataType,
    style: &Style,
) -> Result<ArrayRef> {
    let Some(bytes) = bytes else {
        return Ok(new_null_array(target, 1));
    };
    let value = match (format, pg.element_type()) {
        // A numeric is read straight into the plan's decimal, so that no digit is lost on the way.
        (_, None) if pg.oid == pg_type::NUMERIC.oid => return numeric_value(format, bytes, target),
        (Format::Text, None) => text::decode(pg, utf8(bytes)?, style)?,
        (Format::Binary, None) => binary::decode(pg, bytes)?,
        (Format::Text, Some(element)) => array::text(element, utf8(bytes)?, style)?,
        (Format::Binary, Some(element)) => array::binary(element, bytes, style)?,
    };
    fit(&value, target, pg)
}

fn numeric_value(format: Format, bytes: &[u8], target: &DataType) -> Result<ArrayRef> {
    match format {
        Format::Text => numeric::decode(utf8(bytes)?, target),
        Format::Binary => numeric::decode(&numeric::from_binary(bytes)?, target),
    }
}

/// Casts a value to the plan's type; what does not fit is an error, never a null.
fn fit(value: &ArrayRef, target: &DataType, pg: &PgType) -> Result<ArrayRef> {
    if value.data_type() == target {
        return Ok(Arc::clone(value));
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(value, target, &strict).map_err(|e| {
        Error::new(Kind::OutOfRange, format!("a parameter of type {} does not fit {target}", pg.sql_name)).caused_by(e)
    })
}

/// PostgreSQL's words for text that is not of its type.
fn invalid(pg: &PgType, text: &str) -> Error {
    let dated = [&pg_type::DATE, &pg_type::TIME, &pg_type::TIMESTAMP, &pg_type::TIMESTAMPTZ, &pg_type::INTERVAL];
    let kind = if dated.iter().any(|t| t.oid == pg.oid) { Kind::InvalidDatetime } else { Kind::InvalidText };
    Error::new(kind, format!("invalid input syntax for type {}: \"{text}\"", pg.sql_name))
}

#[cfg(test)]
mod tests {
    use arrow::util::display::array_value_to_string;

    use super::*;
    use crate::table::pg_type::arrow_type;

    fn shanghai() -> Style {
        Style::from_settings(|name| (name == "TimeZone").then(|| "Asia/Shanghai".to_owned()))
    }

    /// What a parameter is read as: its Arrow display, or the error's words.
    fn read(pg: &'static PgType, format: Format, bytes: &[u8]) -> String {
        match decode(pg, format, Some(bytes), &arrow_type(pg), &shanghai()) {
            Ok(array) => array_value_to_string(&array, 0).expect("has a display"),
            Err(e) => e.message().to_owned(),
        }
    }

    #[test]
    fn text_is_read_as_postgres_reads_it() {
        let cases: &[(&'static PgType, &str, &str)] = &[
            (&pg_type::BOOL, "t", "true"),
            (&pg_type::BOOL, " OFF ", "false"),
            (&pg_type::BOOL, "o", "invalid input syntax for type boolean: \"o\""),
            (&pg_type::INT2, "-32768", "-32768"),
            (&pg_type::INT2, "32768", "value \"32768\" is out of range for type smallint"),
            (&pg_type::INT4, " 7 ", "7"),
            (&pg_type::INT4, "x", "invalid input syntax for type integer: \"x\""),
            (&pg_type::INT4, "", "invalid input syntax for type integer: \"\""),
            (&pg_type::INT8, "9223372036854775808", "value \"9223372036854775808\" is out of range for type bigint"),
            (&pg_type::FLOAT8, "-Infinity", "-inf"),
            (&pg_type::FLOAT8, "1e400", "\"1e400\" is out of range for type double precision"),
            (&pg_type::FLOAT4, "1.5", "1.5"),
            (&pg_type::NUMERIC, "-12.50e-1", "-1.250"),
            (&pg_type::NUMERIC, "1.2.3", "invalid input syntax for type numeric: \"1.2.3\""),
            (&pg_type::TEXT, "a\u{e9}", "a\u{e9}"),
            (&pg_type::DATE, "2024-02-29", "2024-02-29"),
            (&pg_type::DATE, "2023-02-29", "date/time field value out of range: \"2023-02-29\""),
            (&pg_type::TIME, "04:05:06.7", "04:05:06.700"),
            (&pg_type::TIMESTAMP, "2024-01-02 03:04:05.678", "2024-01-02T03:04:05.678"),
            (&pg_type::TIMESTAMP, "2024-01-02", "2024-01-02T00:00:00"),
            (&pg_type::TIMESTAMPTZ, "2024-01-02 03:04:05+00", "2024-01-02T03:04:05Z"),
            (&pg_type::TIMESTAMPTZ, "2024-01-02 03:04:05", "2024-01-01T19:04:05Z"),
            (&pg_type::TIMESTAMPTZ, "soon", "invalid input syntax for type timestamp with time zone: \"soon\""),
            (&pg_type::INTERVAL, "1 year 2 mons 3 days 04:05:06.7", "14 mons 3 days 4 hours 5 mins 6.700000000 secs"),
            (&pg_type::BYTEA, "\\x00fF", "00ff"),
            (&pg_type::BYTEA, "a\\\\b\\001", "615c6201"),
            (&pg_type::BYTEA, "\\x0", "invalid hexadecimal data: odd number of digits"),
            (&pg_type::INT4_ARRAY, "{1, NULL,3}", "[1, , 3]"),
            (&pg_type::TEXT_ARRAY, r#"{a," b\"",null,"null",""}"#, "[a,  b\", , null, ]"),
            (&pg_type::TEXT_ARRAY, "{}", "[]"),
            (&pg_type::INT4_ARRAY, "{1", "malformed array literal: \"{1\""),
            (&pg_type::INT4_ARRAY, "1,2", "malformed array literal: \"1,2\""),
        ];
        for (pg, text, expected) in cases {
            assert_eq!(read(pg, Format::Text, text.as_bytes()), *expected, "{} {text}", pg.name);
        }
        assert_eq!(read(&pg_type::TEXT, Format::Text, b"\xff"), "invalid byte sequence for encoding \"UTF8\": 0xff");
    }

    #[test]
    fn binary_is_read_as_postgres_reads_it() {
        let (short, incorrect) = ("insufficient data left in message", "incorrect binary data format in bind parameter");
        let cases: &[(&'static PgType, &[u8], &str)] = &[
            (&pg_type::BOOL, b"\x01", "true"),
            (&pg_type::INT2, b"\xff\xfe", "-2"),
            (&pg_type::INT4, b"\0\0\0\x07", "7"),
            (&pg_type::INT4, b"\0\0\x07", short),
            (&pg_type::INT4, b"\0\0\0\0\x07", incorrect),
            (&pg_type::OID, b"\xff\xff\xff\xff", "4294967295"),
            (&pg_type::FLOAT8, &1.5f64.to_be_bytes(), "1.5"),
            (&pg_type::NUMERIC, b"\0\x02\0\0\x40\0\0\x02\0\x01\x13\x88", "-1.50"),
            (&pg_type::NUMERIC, b"\0\x01\xff\xff\0\0\0\x06\0\x01", "0.000100"),
            (&pg_type::NUMERIC, b"\0\x01\0\x02\0\0\0\0\0\x07", "700000000"),
            (&pg_type::DATE, b"\0\0\0\x01", "2000-01-02"),
            (&pg_type::TIMESTAMP, b"\0\0\0\0\0\0\0\0", "2000-01-01T00:00:00"),
            (&pg_type::TIMESTAMPTZ, b"\0\0\0\0\0\x0f\x42\x40", "2000-01-01T00:00:01Z"),
            (&pg_type::INTERVAL, b"\0\0\0\0\0\x0f\x42\x40\0\0\0\x03\0\0\0\x02", "2 mons 3 days 1.000000000 secs"),
            (&pg_type::JSONB, b"\x01{}", "{}"),
            (&pg_type::INT4_ARRAY, b"\0\0\0\x01\0\0\0\0\0\0\0\x17\0\0\0\x01\0\0\0\x01\0\0\0\x04\0\0\0\x05", "[5]"),
            (&pg_type::INT4_ARRAY, b"\0\0\0\0\0\0\0\0\0\0\0\x17", "[]"),
            (&pg_type::INT4_ARRAY, b"\0\0\0\x01\0\0\0\0\0\0\0\x17\x7f\xff\xff\xff\0\0\0\x01", incorrect),
        ];
        for (pg, bytes, expected) in cases {
            assert_eq!(read(pg, Format::Binary, bytes), *expected, "{} {bytes:?}", pg.name);
        }
    }

    #[test]
    fn a_value_fits_the_plan_exactly_or_not_at_all() {
        let numeric = arrow_type(&pg_type::NUMERIC);
        let cases: &[(&'static PgType, &str, &DataType, bool)] = &[
            (&pg_type::NUMERIC, "12.3400", &numeric, true),
            (&pg_type::NUMERIC, "1e77", &numeric, false),
            (&pg_type::NUMERIC, "18446744073709551615", &DataType::UInt64, true),
            (&pg_type::NUMERIC, "1.5", &DataType::Float64, true),
            (&pg_type::INT4, "7", &DataType::Int64, true),
            (&pg_type::INT8, "300", &DataType::UInt8, false),
            (&pg_type::TEXT, "x", &DataType::Utf8View, true),
        ];
        for (pg, text, target, fits) in cases {
            let found = decode(pg, Format::Text, Some(text.as_bytes()), target, &Style::default());
            assert_eq!(found.is_ok(), *fits, "{text} as {target}");
            assert!(
                found.is_err() || found.is_ok_and(|a| (a.data_type() == *target || target.is_decimal()) && a.null_count() == 0)
            );
        }
        let null = decode(&pg_type::INT4, Format::Binary, None, &DataType::Int64, &Style::default()).expect("null fits");
        assert!(null.is_null(0) && *null.data_type() == DataType::Int64);
    }
}
