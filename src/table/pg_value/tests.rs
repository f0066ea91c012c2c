//! What each Arrow type looks like to a client. The texts and bytes are PostgreSQL 15's own, by `psql` and its `*_send` functions.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryViewArray, BooleanArray, Date32Array, Date64Array, Decimal32Array, Decimal128Array, Decimal256Array,
    DictionaryArray, DurationMillisecondArray, FixedSizeBinaryArray, FixedSizeListArray, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, IntervalDayTimeArray, IntervalMonthDayNanoArray, IntervalYearMonthArray,
    LargeStringArray, ListArray, ListViewArray, MapBuilder, NullArray, RunArray, StringArray, StringBuilder, StringViewArray,
    StructArray, Time32SecondArray, Time64NanosecondArray, TimestampMicrosecondArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt8Array, UInt32Array, UInt64Array, UnionArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, IntervalDayTime, IntervalMonthDayNano, UnionFields, i256};

use super::*;
use crate::table::pg_type::PgType;

/// The values of a column as they are sent; `None` for null.
fn sent(array: &ArrayRef, format: Format, style: &Style) -> Result<Vec<Option<Vec<u8>>>> {
    let field = Field::new("c", array.data_type().clone(), true);
    let mut values = Values::default();
    column::encode(array, &field, PgType::of_field(&field), format, style, &mut values)?;
    Ok((0..array.len()).map(|i| values.get(i).map(<[u8]>::to_vec)).collect())
}

fn array(values: impl Array + 'static) -> ArrayRef {
    Arc::new(values)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn every_type_has_its_text_and_its_bytes() {
    const DAY: i64 = 86_400_000_000;
    let half_past = -43_200_500_000 + 10_957 * DAY;
    // A column, the text of its first value, and its bytes in hex.
    let cases: Vec<(ArrayRef, &str, &str)> = vec![
        (array(BooleanArray::from(vec![true])), "t", "01"),
        (array(Int8Array::from(vec![-1])), "-1", "ffff"),
        (array(Int16Array::from(vec![300])), "300", "012c"),
        (array(UInt8Array::from(vec![255])), "255", "00ff"),
        (array(Int32Array::from(vec![-2])), "-2", "fffffffe"),
        (array(Int64Array::from(vec![i64::MIN])), "-9223372036854775808", "8000000000000000"),
        (array(UInt32Array::from(vec![u32::MAX])), "4294967295", "00000000ffffffff"),
        (array(UInt64Array::from(vec![u64::MAX])), "18446744073709551615", "000500040000000007341a5802e103bb064f"),
        (array(Float32Array::from(vec![1.5])), "1.5", "3fc00000"),
        (array(Float64Array::from(vec![f64::NEG_INFINITY])), "-Infinity", "fff0000000000000"),
        (
            array(Decimal128Array::from(vec![-123_456_789]).with_precision_and_scale(20, 3).expect("fits")),
            "-123456.789",
            "0003000140000003000c0d801ed2",
        ),
        (array(Decimal32Array::from(vec![0]).with_precision_and_scale(9, 2).expect("fits")), "0.00", "0000000000000002"),
        (
            array(Decimal256Array::from(vec![i256::from_i128(15)]).with_precision_and_scale(60, 1).expect("fits")),
            "1.5",
            "000200000000000100011388",
        ),
        (array(StringArray::from(vec!["\u{8f66}"])), "\u{8f66}", "e8bda6"),
        (array(LargeStringArray::from(vec!["a"])), "a", "61"),
        (
            array(StringViewArray::from(vec!["longer than twelve bytes"])),
            "longer than twelve bytes",
            "6c6f6e676572207468616e207477656c7665206279746573",
        ),
        (array(BinaryViewArray::from(vec![&b"\xde\xad\0"[..]])), "\\xdead00", "dead00"),
        (array(FixedSizeBinaryArray::try_from_iter([[1u8, 2]].iter()).expect("one size")), "\\x0102", "0102"),
        (array(Date32Array::from(vec![-735_160])), "0044-03-15 BC", "fff49d7b"),
        (array(Date64Array::from(vec![-1])), "1969-12-31", "ffffd532"),
        (array(Time32SecondArray::from(vec![86_399])), "23:59:59", "000000141dc81dc0"),
        (array(Time64NanosecondArray::from(vec![14_706_700_000_999])), "04:05:06.7", "000000036c966ee0"),
        (array(TimestampMicrosecondArray::from(vec![10_957 * DAY - 500_000])), "1999-12-31 23:59:59.5", "fffffffffff85ee0"),
        (array(TimestampSecondArray::from(vec![0])), "1970-01-01 00:00:00", "fffca2fec4c82000"),
        (array(TimestampNanosecondArray::from(vec![half_past * 1000])), "1999-12-31 11:59:59.5", "fffffff5f10caee0"),
        (
            array(TimestampSecondArray::from(vec![1_577_836_800]).with_timezone("UTC")),
            "2020-01-01 05:30:00+05:30",
            "00023e0786c26000",
        ),
        (array(IntervalYearMonthArray::from(vec![-14])), "-1 years -2 mons", "000000000000000000000000fffffff2"),
        (
            array(IntervalDayTimeArray::from(vec![IntervalDayTime::new(1, 1500)])),
            "1 day 00:00:01.5",
            "000000000016e3600000000100000000",
        ),
        (
            array(IntervalMonthDayNanoArray::from(vec![IntervalMonthDayNano::new(1, 2, 3_000_000_000)])),
            "1 mon 2 days 00:00:03",
            "00000000002dc6c00000000200000001",
        ),
        (array(DurationMillisecondArray::from(vec![93_784_005])), "1 day 02:03:04.005", "00000001b81ef9880000000100000000"),
        (array(DictionaryArray::<Int32Type>::from_iter(["x", "y"])), "x", "78"),
        (array(RunArray::<Int32Type>::from_iter(["r", "r"])), "r", "72"),
        (
            array(ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None])])),
            "{1,NULL}",
            "00000001000000010000001700000002000000010000000400000001ffffffff",
        ),
        (array(ListArray::from_iter_primitive::<Int32Type, _, _>([Some([])])), "{}", "000000000000000000000017"),
        (list_view(), "{2,3}", "000000010000000000000017000000020000000100000004000000020000000400000003"),
        (
            nested([[1, 2], [3, 4]]),
            "{{1,2},{3,4}}",
            "000000020000000000000017000000020000000100000002000000010000000400000001000000040000000200000004000000030000000400000004",
        ),
        (object(), r#"{"a":1,"b":null}"#, "7b2261223a312c2262223a6e756c6c7d"),
        (map(), r#"{"k":"v"}"#, "7b226b223a2276227d"),
    ];
    let style = Style::from_settings(|name| (name == "TimeZone").then(|| "Asia/Kolkata".to_owned()));
    for (column, text, bytes) in &cases {
        let found = sent(column, Format::Text, &style).expect("has a text");
        let found = found[0].as_deref().map(String::from_utf8_lossy);
        assert_eq!(found.as_deref(), Some(*text), "{}", column.data_type());
        let found = sent(column, Format::Binary, &style).expect("has a binary form");
        assert_eq!(found[0].as_deref().map(hex).as_deref(), Some(*bytes), "{}", column.data_type());
    }
}

/// A list that names a part of its values.
fn list_view() -> ArrayRef {
    let field = Arc::new(Field::new("item", DataType::Int32, true));
    let values = array(Int32Array::from(vec![1, 2, 3]));
    array(ListViewArray::new(field, vec![1].into(), vec![2].into(), values, None))
}

/// A list of lists.
fn nested(rows: [[i32; 2]; 2]) -> ArrayRef {
    let inner = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(rows.map(|row| Some(row.map(Some))), 2);
    let field = Arc::new(Field::new("item", inner.data_type().clone(), true));
    array(ListArray::new(field, arrow::buffer::OffsetBuffer::from_lengths([2]), array(inner), None))
}

fn object() -> ArrayRef {
    let a = (Arc::new(Field::new("a", DataType::Int32, false)), array(Int32Array::from(vec![1])));
    let b = (Arc::new(Field::new("b", DataType::Utf8, true)), array(StringArray::from(vec![None::<&str>])));
    array(StructArray::from(vec![a, b]))
}

fn map() -> ArrayRef {
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    map.keys().append_value("k");
    map.values().append_value("v");
    map.append(true).expect("as many keys as values");
    array(map.finish())
}

#[test]
fn elements_are_quoted_as_in_postgres() {
    let elements = StringArray::from(vec![
        Some("a"),
        Some("b c"),
        Some(""),
        Some("NULL"),
        Some("null"),
        Some("x\"y"),
        Some("\\z"),
        Some("a,b"),
        None,
        Some("{"),
        Some("\u{e9}"),
        Some("a\tb"),
        Some("\u{a0}"),
    ]);
    let field = Arc::new(Field::new("item", DataType::Utf8, true));
    let lists = ListArray::new(field, arrow::buffer::OffsetBuffer::from_lengths([1, 11, 1]), array(elements), None);
    // A slice, whose values begin in the middle.
    let found = sent(&array(lists.slice(1, 1)), Format::Text, &Style::default()).expect("has a text");
    let text = "{\"b c\",\"\",\"NULL\",\"null\",\"x\\\"y\",\"\\\\z\",\"a,b\",NULL,\"{\",\u{e9},\"a\tb\"}";
    assert_eq!(found[0].as_deref().map(String::from_utf8_lossy).as_deref(), Some(text));
}

#[test]
fn nulls_stay_nulls_in_both_formats() {
    let columns = [
        array(NullArray::new(2)),
        array(Int32Array::from(vec![None, Some(1)])),
        array(StringViewArray::from(vec![None, Some("x")])),
        array(DictionaryArray::<Int32Type>::from_iter([None, Some("x")])),
        array(ListArray::from_iter_primitive::<Int32Type, _, _>([None, Some(vec![Some(1)])])),
        array(StructArray::new_null(vec![Field::new("a", DataType::Int32, true)].into(), 2)),
    ];
    for column in &columns {
        for format in [Format::Text, Format::Binary] {
            let found = sent(column, format, &Style::default()).expect("has a form");
            assert!(found[0].is_none() && found[1].is_some() == column.logical_nulls().is_none_or(|nulls| nulls.is_valid(1)));
        }
    }
}

#[test]
fn a_part_of_a_column_is_sent_as_it_is_alone() {
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1)]), None, Some(vec![Some(2), None])]);
    let item = (Arc::new(Field::new("l", lists.data_type().clone(), true)), array(lists.clone()));
    let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for key in ["a", "b", "c"] {
        maps.keys().append_value(key);
        maps.values().append_value("v");
        maps.append(true).expect("as many keys as values");
    }
    for (column, text) in [
        (array(lists), "{2,NULL}"),
        (array(StructArray::from(vec![item])), r#"{"l":[2,null]}"#),
        (array(maps.finish()), r#"{"c":"v"}"#),
    ] {
        for format in [Format::Text, Format::Binary] {
            let whole = sent(&column, format, &Style::default()).expect("has a form");
            let part = sent(&column.slice(1, 2), format, &Style::default()).expect("has a form");
            assert_eq!(part, whole[1..], "{}", column.data_type());
            let is_text = format == Format::Text || *PgType::of(column.data_type()) == crate::table::pg_type::JSON;
            assert!(!is_text || part[1].as_deref() == Some(text.as_bytes()), "{text}");
        }
    }
}

#[test]
fn lists_of_packed_lists_are_arrays_too() {
    let lists = array(ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), Some(2)]), Some([Some(3), Some(4)])]));
    let packed = DictionaryArray::<Int32Type>::new(vec![1, 0].into(), lists);
    let field = Arc::new(Field::new("item", packed.data_type().clone(), true));
    let column = array(ListArray::new(field, arrow::buffer::OffsetBuffer::from_lengths([2]), array(packed), None));
    let plain = nested([[3, 4], [1, 2]]);
    for format in [Format::Text, Format::Binary] {
        let found = sent(&column, format, &Style::default()).expect("has a form");
        assert_eq!(found, sent(&plain, format, &Style::default()).expect("has a form"));
    }
}

#[test]
fn the_nulls_of_a_union_are_nulls() {
    let fields = UnionFields::try_new([0, 1], [Field::new("n", DataType::Int32, true), Field::new("t", DataType::Utf8, true)]);
    let branches = vec![array(Int32Array::from(vec![Some(1), None])), array(StringArray::from(vec!["x"]))];
    let union = UnionArray::try_new(fields.expect("two branches"), vec![0i8, 0, 1].into(), Some(vec![0, 1, 0].into()), branches);
    let found = sent(&array(union.expect("a union of three values")), Format::Text, &Style::default()).expect("has a text");
    assert_eq!(found, [Some(b"1".to_vec()), None, Some(b"\"x\"".to_vec())]);
}

#[test]
fn a_uuid_is_sent_as_its_bytes() {
    let text = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    let uuid = HashMap::from([(crate::snapshot::field_key::LOGICAL.to_owned(), "uuid".to_owned())]);
    let field = Field::new("u", DataType::Utf8, true).with_metadata(uuid);
    let encoded = |text: &str, format| {
        let mut values = Values::default();
        let column = StringArray::from(vec![text]);
        column::encode(&column, &field, PgType::of_field(&field), format, &Style::default(), &mut values)?;
        Ok::<_, Error>(values.get(0).map(hex))
    };
    assert_eq!(encoded(text, Format::Binary).expect("it is one").as_deref(), Some("a0eebc999c0b4ef8bb6d6bb9bd380a11"));
    assert_eq!(encoded(text, Format::Text).expect("it is one"), Some(hex(text.as_bytes())));
    for wrong in ["a0eebc99", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1111"] {
        assert_eq!(encoded(wrong, Format::Binary).expect_err("it is none").kind(), Kind::InvalidText);
    }
}

#[test]
fn settings_shape_text() {
    let column = array(arrow::array::BinaryArray::from(vec![&b"\\\xde\xadA\0"[..]]));
    let style = Style::from_settings(|name| (name == "bytea_output").then(|| "escape".to_owned()));
    let found = sent(&column, Format::Text, &style).expect("has a text");
    assert_eq!(found[0].as_deref(), Some(&b"\\\\\\336\\255A\\000"[..]));
}

#[test]
fn what_has_no_form_is_an_error() {
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1)]), Some(vec![Some(2), Some(3)])]);
    let field = Arc::new(Field::new("item", lists.data_type().clone(), true));
    let ragged = array(ListArray::new(field, arrow::buffer::OffsetBuffer::from_lengths([2]), array(lists), None));
    let cases = [
        (array(TimestampSecondArray::from(vec![0, i64::MAX - 1])), Format::Text, Kind::DatetimeOverflow),
        (ragged, Format::Binary, Kind::Unsupported),
        (array(Time32SecondArray::from(vec![400_000])), Format::Text, Kind::DatetimeOverflow),
        (array(Time64NanosecondArray::from(vec![-1])), Format::Binary, Kind::DatetimeOverflow),
    ];
    for (array, format, kind) in cases {
        assert_eq!(sent(&array, format, &Style::default()).expect_err("it has none").kind(), kind, "{array:?}");
    }
}

#[test]
fn an_empty_char_is_a_zero_byte() {
    let field = crate::table::pg_type::field(&crate::table::pg_type::CHAR);
    let letters = arrow::compute::cast(&StringArray::from(vec!["", "r"]), field.data_type()).expect("texts");
    let mut values = Values::default();
    column::encode(&letters, &field, PgType::of_field(&field), Format::Binary, &Style::default(), &mut values)
        .expect("they have a form");
    assert_eq!((values.get(0), values.get(1)), (Some(&b"\0"[..]), Some(&b"r"[..])));
}
