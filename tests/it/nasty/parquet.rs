//! Parquet files. The values are those that pyarrow reads.

use super::Case;
use super::Check::{Columns, Fails, Rows};

pub(super) const CASES: &[Case] = &[
    Case {
        file: "parquet/ARROW-GH-41317.parquet",
        declared: "",
        checks: &[
            Fails("SELECT timestamp_us_no_tz FROM {t}", &["ARROW-GH-41317.parquet can't be read"]),
            Fails("SELECT * FROM {t}", &["ARROW-GH-41317.parquet can't be read"]),
        ],
        why: "",
    },
    Case {
        file: "parquet/ARROW-RS-GH-6229-DICTHEADER.parquet",
        declared: "",
        checks: &[Fails(
            "SELECT * FROM {t}",
            &["ARROW-RS-GH-6229-DICTHEADER.parquet", "column name is said to lie outside of the file"],
        )],
        why: "",
    },
    Case {
        file: "parquet/PARQUET-1481.parquet",
        declared: "",
        checks: &[Fails("SELECT * FROM {t}", &["PARQUET-1481.parquet can't be read"])],
        why: "",
    },
    Case {
        file: "parquet/alltypes_plain.parquet",
        declared: "",
        checks: &[
            Columns(
                "id integer, bool_col boolean, tinyint_col integer, smallint_col integer, int_col integer, bigint_col bigint, \
                 float_col real, double_col double precision, date_string_col bytea, string_col bytea, \
                 timestamp_col timestamp without time zone",
            ),
            Rows(
                "SELECT id, string_col, date_string_col, timestamp_col FROM {t} ORDER BY id LIMIT 2",
                "0|\\x30|\\x30312f30312f3039|2009-01-01 00:00:00\n1|\\x31|\\x30312f30312f3039|2009-01-01 00:01:00",
            ),
            Rows("SELECT count(*), sum(id), sum(double_col) FROM {t}", "8|28|40.4"),
        ],
        why: "",
    },
    Case {
        file: "parquet/alltypes_tiny_pages.parquet",
        declared: "",
        checks: &[
            Rows(
                "SELECT count(*), min(id), max(id), sum(id), sum(bigint_col), count(DISTINCT id) FROM {t}",
                "7300|0|7299|26641350|328500|7300",
            ),
            Rows(
                "SELECT id, timestamp_col, date_string_col, year, month FROM {t} WHERE id IN (0, 5000, 7299) ORDER BY id",
                "0|2008-12-31 23:00:00|01/01/09|2009|1\n\
                 5000|2010-05-16 00:30:06.75|05/16/10|2010|5\n\
                 7299|2010-12-31 04:09:13.86|12/31/10|2010|12",
            ),
            Rows("SELECT count(*) FROM {t} WHERE month = 3", "620"),
            Rows("SELECT count(*) FROM {t} WHERE int_col = 7", "730"),
            Rows("SELECT count(*), sum(int_col) FROM {t} WHERE id >= 100 AND id < 110", "10|45"),
            Rows("SELECT count(*) FROM {t} WHERE date_string_col = '02/28/09'", "10"),
            Rows("SELECT count(*) FROM {t} WHERE timestamp_col > '2010-12-01 00:00:00'", "300"),
        ],
        why: "",
    },
    Case {
        file: "parquet/byte_array_decimal.parquet",
        declared: "",
        checks: &[
            Columns("value numeric"),
            Rows("SELECT count(*), min(value), max(value), sum(value) FROM {t}", "24|1.00|24.00|300.00"),
        ],
        why: "",
    },
    Case {
        file: "parquet/byte_stream_split.zstd.parquet",
        declared: "",
        checks: &[
            Rows(
                "SELECT count(*), min(f32), max(f32), min(f64), max(f64) FROM {t}",
                "300|-2.7725928|2.3831449|-3.0461430547999266|2.6962240525635797",
            ),
            Rows("SELECT round(sum(f32::float8)::numeric, 6), round(sum(f64)::numeric, 6) FROM {t}", "8.258873|-41.229190"),
        ],
        why: "",
    },
    Case {
        file: "parquet/datapage_v1-corrupt-checksum.parquet",
        declared: "",
        checks: &[Fails("SELECT * FROM {t}", &["datapage_v1-corrupt-checksum.parquet can't be read", "CRC checksum mismatch"])],
        why: "",
    },
    Case {
        file: "parquet/delta_byte_array.parquet",
        declared: "",
        checks: &[
            Rows(
                "SELECT count(c_customer_id), count(c_salutation), count(c_first_name), count(c_last_name), \
                 count(c_preferred_cust_flag), count(c_birth_country), count(c_login), count(c_email_address), \
                 count(c_last_review_date) FROM {t}",
                "1000|970|968|976|971|969|0|969|975",
            ),
            Rows(
                "SELECT sum(length(c_customer_id)), sum(length(c_salutation)), sum(length(c_first_name)), sum(length(c_last_name)), \
                 sum(length(c_email_address)) FROM {t}",
                "16000|3145|5650|6011|26562",
            ),
            Rows(
                "SELECT * FROM {t} WHERE c_customer_id = 'AAAAAAAABAAAAAAA'",
                "AAAAAAAABAAAAAAA|Mr.|Javier|Lewis|Y|CHILE||Javier.Lewis@VFAxlnZEvOx.org|2452508",
            ),
            // The file beside it holds what is expected, the last column as a number.
            Rows(
                "SELECT count(*) FROM (SELECT c_customer_id, c_salutation, c_first_name, c_last_name, c_birth_country, \
                 c_email_address, c_last_review_date FROM {t} EXCEPT SELECT c_customer_id, c_salutation, c_first_name, c_last_name, \
                 c_birth_country, c_email_address, c_last_review_date::text FROM nasty.parquet_delta_byte_array_expect_csv) other",
                "0",
            ),
        ],
        why: "",
    },
    Case {
        file: "parquet/encrypt_columns_and_footer.parquet.encrypted",
        declared: r#""format": "parquet""#,
        checks: &[Fails("SELECT * FROM {t}", &["encrypt_columns_and_footer.parquet.encrypted", "encrypted Parquet file"])],
        why: "",
    },
    Case {
        file: "parquet/fixed_length_decimal_legacy.parquet",
        declared: "",
        checks: &[
            Columns("value numeric"),
            Rows("SELECT count(*), min(value), max(value), sum(value) FROM {t}", "24|1.00|24.00|300.00"),
        ],
        why: "",
    },
    Case {
        file: "parquet/float16_nonzeros_and_nans.parquet",
        declared: "",
        checks: &[Columns("x real"), Rows("SELECT x FROM {t}", "\n1\n-2\nNaN\n0\n-1\n-0\n2")],
        why: "",
    },
    Case {
        file: "parquet/geospatial.parquet",
        declared: "",
        checks: &[
            Columns("group text, wkt text, geometry bytea"),
            Rows(
                "SELECT count(*), count(wkt), count(geometry), sum(length(encode(geometry, 'hex'))) FROM {t}",
                "196|164|164|32736",
            ),
            Rows(
                "SELECT \"group\", wkt, geometry FROM {t} LIMIT 1",
                "all|POINT (30 10)|\\x01010000000000000000003e400000000000002440",
            ),
        ],
        why: "",
    },
    Case {
        file: "parquet/hadoop_lz4_compressed.parquet",
        declared: "",
        checks: &[Rows(
            "SELECT * FROM {t}",
            "1593604800|\\x616263|42\n1593604800|\\x646566|7.7\n1593604801|\\x616263|42.125\n1593604801|\\x646566|7.7",
        )],
        why: "",
    },
    Case {
        file: "parquet/int96_from_spark.parquet",
        declared: "",
        checks: &[
            Rows(
                "SELECT a FROM {t}",
                "2024-01-01 20:34:56.123456\n2024-01-01 01:00:00\n9999-12-31 03:00:00\n2024-12-30 23:00:00\n\n290000-12-30 23:00:00",
            ),
            Rows("SELECT min(a), max(a), count(a) FROM {t}", "2024-01-01 01:00:00|290000-12-30 23:00:00|5"),
        ],
        why: "",
    },
    Case {
        file: "parquet/list_columns.parquet",
        declared: "",
        checks: &[
            Columns("int64_list ARRAY, utf8_list ARRAY"),
            Rows("SELECT * FROM {t}", "{1,2,3}|{abc,efg,hij}\n{NULL,1}|\n{4}|{efg,NULL,hij,xyz}"),
            Rows("SELECT unnest(int64_list) FROM {t}", "1\n2\n3\n\n1\n4"),
        ],
        why: "",
    },
    Case {
        file: "parquet/lz4_raw_compressed.parquet",
        declared: "",
        checks: &[Rows(
            "SELECT * FROM {t}",
            "1593604800|\\x616263|42\n1593604800|\\x646566|7.7\n1593604801|\\x616263|42.125\n1593604801|\\x646566|7.7",
        )],
        why: "",
    },
    Case {
        file: "parquet/nan_in_stats.parquet",
        declared: "",
        checks: &[
            Rows("SELECT x FROM {t}", "1\nNaN"),
            Rows("SELECT x FROM {t} WHERE x <= 1", "1"),
            Rows("SELECT x FROM {t} WHERE x = 1", "1"),
            Rows("SELECT max(x) FROM {t}", "NaN"),
        ],
        why: "",
    },
    Case {
        file: "parquet/nested_maps.snappy.parquet",
        declared: "",
        checks: &[
            Columns("a json, b integer, c double precision"),
            Rows(
                "SELECT a FROM {t}",
                "{\"a\":{\"1\":true,\"2\":false}}\n{\"b\":{\"1\":true}}\n{\"c\":null}\n{\"d\":{}}\n{\"e\":{\"1\":true}}\n\
                 {\"f\":{\"3\":true,\"4\":false,\"5\":true}}",
            ),
            Rows("SELECT a['f'] FROM {t} WHERE a['f'] IS NOT NULL", "{\"3\":true,\"4\":false,\"5\":true}"),
        ],
        why: "",
    },
    Case {
        file: "parquet/nested_structs.rust.parquet",
        declared: "",
        checks: &[
            Rows(
                "SELECT roll_num, (\"BIA_3\").max FROM {t}",
                "{\"min\":190406409000602,\"max\":190407175004000,\"mean\":190406671229999,\"count\":495,\"sum\":94251302258849568,\"variance\":0}|0",
            ),
            Rows("SELECT (roll_num).count, roll_num['max'] FROM {t} WHERE (roll_num).min > 0", "495|190407175004000"),
        ],
        why: "",
    },
    Case {
        file: "parquet/null_list.parquet",
        declared: "",
        checks: &[Rows("SELECT emptylist, emptylist IS NULL FROM {t}", "{}|f")],
        why: "",
    },
    Case {
        file: "parquet/old_list_structure.parquet",
        declared: "",
        checks: &[Rows("SELECT a, a[2][1] FROM {t}", "{{1,2},{3,4}}|3")],
        why: "",
    },
    Case {
        file: "parquet/repeated_primitive_no_list.parquet",
        declared: "",
        checks: &[
            Columns("Int32_list ARRAY, String_list ARRAY, group_of_lists json"),
            Rows(
                "SELECT * FROM {t} LIMIT 2",
                "{0,1,2,3}|{foo,zero,one,two}|{\"Int32_list_in_group\":[0,1,2,3],\"String_list_in_group\":[\"foo\",\"zero\",\"one\",\"two\"]}\n\
                 {}|{three}|{\"Int32_list_in_group\":[],\"String_list_in_group\":[\"three\"]}",
            ),
        ],
        why: "",
    },
    Case {
        file: "parquet/unknown-logical-type.parquet",
        declared: "",
        checks: &[Rows(
            "SELECT * FROM {t}",
            "known string 1|\\x756e6b6e6f776e20737472696e672031\n\
             known string 2|\\x756e6b6e6f776e20737472696e672032\n\
             known string 3|\\x756e6b6e6f776e20737472696e672033",
        )],
        why: "",
    },
];
