//! Avro, Arrow and ORC files. The values are those that pyarrow and fastavro read.

use super::Case;
use super::Check::{Columns, Fails, Rows};

pub(super) const CASES: &[Case] = &[
    Case {
        file: "arrow/generated_datetime.arrow_file",
        declared: r#""format": "arrow""#,
        checks: &[
            Rows(
                "SELECT count(*), count(f0), count(f1), count(f2), count(f3), count(f4), count(f5), count(f6), count(f7), count(f8), \
                 count(f9), count(f10), count(f11), count(f12), count(f13), count(f14) FROM {t}",
                "17|8|8|12|8|12|7|9|10|8|12|10|11|8|10|8",
            ),
            Columns(
                "f0 date, f1 date, f2 time without time zone, f3 time without time zone, f4 time without time zone, \
                 f5 time without time zone, f6 timestamp without time zone, f7 timestamp without time zone, \
                 f8 timestamp without time zone, f9 timestamp without time zone, f10 timestamp without time zone, \
                 f11 timestamp with time zone, f12 timestamp with time zone, f13 timestamp with time zone, \
                 f14 timestamp with time zone",
            ),
            Rows(
                "SELECT f0, f2, f4, f6 FROM {t} WHERE f2 = '08:05:31'",
                "7793-05-20|08:05:31|06:27:06.663719|0001-01-01 00:00:00",
            ),
            Rows("SELECT f3, f5 FROM {t} WHERE f3 = '15:14:49.367'", "15:14:49.367|14:42:18.200013"),
            // Seconds, milliseconds, microseconds and nanoseconds are of one type.
            Rows("SELECT count(*) FROM {t} a JOIN {t} b ON a.f2 <> b.f3", "96"),
            Rows("SELECT count(*) FROM {t} a JOIN {t} b ON a.f3 = b.f5", "0"),
            Rows(
                "SELECT count(x), count(DISTINCT pg_typeof(x)) FROM \
                 (SELECT f2 FROM {t} UNION ALL SELECT f3 FROM {t} UNION ALL SELECT f4 FROM {t} UNION ALL SELECT f5 FROM {t}) y(x)",
                "39|1",
            ),
            Rows("SELECT min(f9), max(f9) FROM {t}", "1677-09-21 00:12:43.145224|2262-04-11 23:47:16.854775"),
        ],
        why: "",
    },
    Case {
        file: "arrow/generated_decimal256.arrow_file",
        declared: r#""format": "arrow""#,
        checks: &[
            Rows("SELECT count(*), count(f0), count(f32) FROM {t}", "17|10|10"),
            Rows(
                "SELECT min(f32), max(f32) FROM {t}",
                "-4670181133681506756668824854955448077533932942456219601015124186.56976|\
                 9816316319505874531537635634346930509537669092722611848128896332.08987",
            ),
            Rows("SELECT f0 FROM {t} ORDER BY f0 LIMIT 1", "-86415563185195320988695846938990.23701"),
            Rows(
                "SELECT data_type FROM information_schema.columns WHERE table_name = 'arrow_generated_decimal256_arrow_file' AND column_name = 'f32'",
                "numeric",
            ),
        ],
        why: "",
    },
    Case {
        file: "arrow/generated_dictionary.arrow_file",
        declared: r#""format": "arrow""#,
        checks: &[
            Columns("dict0 text, dict1 text, dict2 bigint"),
            Rows("SELECT count(*), count(dict0), count(dict2) FROM {t}", "17|9|6"),
            Rows(
                "SELECT dict0, count(*) FROM {t} WHERE dict0 IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3",
                "fµefmh矢|2\njhak1rp|2\nôa1m6nk|2",
            ),
            Rows("SELECT min(dict2), max(dict2), sum(dict2) FROM {t}", "-1309888986|1446215361|-1093428092"),
        ],
        why: "",
    },
    Case {
        file: "arrow/generated_duplicate_fieldnames.arrow_file",
        declared: r#""format": "arrow""#,
        checks: &[
            Columns("ints smallint, ints_2 integer, struct json"),
            Rows("SELECT ints, ints_2, struct FROM {t}", r#"93||{"column_1":-511939576,"column_2":null}"#),
            Rows("SELECT (struct).column_1 FROM {t}", "-511939576"),
        ],
        why: "",
    },
    Case {
        file: "arrow/generated_list_view.arrow_file",
        declared: r#""format": "arrow""#,
        checks: &[
            Columns("lv ARRAY, llv ARRAY"),
            Rows("SELECT count(*), count(lv), count(llv) FROM {t}", "263|149|161"),
            Rows("SELECT sum(cardinality(lv)), sum(cardinality(llv)) FROM {t}", "267|290"),
            Rows("SELECT lv FROM {t} WHERE cardinality(lv) > 0 LIMIT 2", "{NULL,828.985}\n{NULL}"),
        ],
        why: "",
    },
    Case {
        file: "arrow/generated_lz4.arrow_file",
        declared: r#""format": "arrow""#,
        checks: &[
            Rows("SELECT count(*), sum(ints), count(strs) FROM {t}", "60|128130|43"),
            Rows("SELECT strs, count(*) FROM {t} GROUP BY 1 ORDER BY 1 NULLS FIRST", "|17\nbar|18\nfoo|18\nquux|7"),
        ],
        why: "",
    },
    Case {
        file: "arrow/generated_nested.stream",
        declared: r#""format": "arrow""#,
        checks: &[
            Rows(
                "SELECT count(*), count(list_nullable), count(fixedsizelist_nullable), count(struct_nullable) FROM {t}",
                "17|9|11|10",
            ),
            Rows(
                "SELECT list_nullable, fixedsizelist_nullable, struct_nullable FROM {t} LIMIT 3",
                "|{-2147483648,2147483647,1680161220,NULL}|{\"f1\":-2147483648,\"f2\":\"falk€Âp\"}\n\
                 |{NULL,-1096609112,-575955977,NULL}|{\"f1\":2147483647,\"f2\":\"g3o£ôb4\"}\n\
                 {-2147483648,2147483647}||",
            ),
            Rows("SELECT (struct_nullable).f2 FROM {t} WHERE (struct_nullable).f1 = 2068627831", "wlprrbw"),
        ],
        why: "",
    },
    Case {
        file: "avro/alltypes_nulls_plain.avro",
        declared: "",
        checks: &[
            Columns(
                "string_col text, int_col integer, bool_col boolean, bigint_col bigint, float_col real, \
                 double_col double precision, bytes_col bytea",
            ),
            Rows("SELECT * FROM {t}", "||||||"),
        ],
        why: "",
    },
    Case {
        file: "avro/alltypes_plain.avro",
        declared: "",
        checks: &[
            Columns(
                "id integer, bool_col boolean, tinyint_col integer, smallint_col integer, int_col integer, bigint_col bigint, \
                 float_col real, double_col double precision, date_string_col bytea, string_col bytea, \
                 timestamp_col timestamp with time zone",
            ),
            Rows(
                "SELECT id, bool_col, bigint_col, float_col, double_col, date_string_col, string_col, timestamp_col FROM {t} LIMIT 2",
                "4|t|0|0|0|\\x30332f30312f3039|\\x30|2009-03-01 00:00:00+00\n\
                 5|f|10|1.1|10.1|\\x30332f30312f3039|\\x31|2009-03-01 00:01:00+00",
            ),
            Rows("SELECT count(*), sum(id), count(timestamp_col) FROM {t}", "8|28|8"),
        ],
        why: "",
    },
    Case {
        file: "avro/alltypes_plain.zstandard.avro",
        declared: "",
        checks: &[Rows(
            "SELECT count(*), sum(id), min(timestamp_col), max(timestamp_col) FROM {t}",
            "8|28|2009-01-01 00:00:00+00|2009-04-01 00:01:00+00",
        )],
        why: "",
    },
    Case {
        file: "avro/int256_decimal.avro",
        declared: "",
        checks: &[
            Columns("value numeric"),
            Rows("SELECT count(*), min(value), max(value) FROM {t}", "24|1.0000000000|24.0000000000"),
            Rows("SELECT value FROM {t} WHERE value = 7", "7.0000000000"),
        ],
        why: "",
    },
    Case {
        file: "avro/nested_records.avro",
        declared: "",
        checks: &[
            Rows(
                "SELECT f1, f3 FROM {t}",
                "{\"f1_1\":\"aaa\",\"f1_2\":10,\"f1_3\":{\"f1_3_1\":3.14}}|{\"f3_1\":\"xyz\"}\n\
                 {\"f1_1\":\"bbb\",\"f1_2\":20,\"f1_3\":{\"f1_3_1\":3.14}}|",
            ),
            Rows("SELECT (f1).f1_2, f1['f1_3']['f1_3_1'], (f2[1]).f2_2 FROM {t}", "10|3.14|1.2\n20|3.14|10.2"),
            Rows("SELECT f4 FROM {t}", "{\"{\\\"f4_1\\\":200}\",NULL}\n{NULL,\"{\\\"f4_1\\\":300}\"}"),
        ],
        why: "",
    },
    Case {
        file: "avro/timestamp_logical_types.avro",
        declared: "",
        checks: &[
            Columns(
                "id integer, ts_millis timestamp with time zone, ts_micros timestamp with time zone, \
                 ts_nanos timestamp with time zone, local_ts_millis timestamp without time zone, \
                 local_ts_micros timestamp without time zone, local_ts_nanos timestamp without time zone",
            ),
            Rows(
                "SELECT * FROM {t} WHERE id = 2",
                "2|1970-01-01 00:00:01+00|1970-01-01 00:00:01+00|1970-01-01 00:00:01+00|\
                 1970-01-01 00:00:01|1970-01-01 00:00:01|1970-01-01 00:00:01",
            ),
        ],
        why: "",
    },
    Case {
        file: "orc/TestOrcFile.emptyFile.orc",
        declared: "",
        checks: &[
            Rows("SELECT count(*) FROM {t}", "0"),
            Columns(
                "boolean1 boolean, byte1 smallint, short1 smallint, int1 integer, long1 bigint, float1 real, \
                 double1 double precision, bytes1 bytea, string1 text, middle json, list ARRAY, map json",
            ),
        ],
        why: "",
    },
    Case {
        file: "orc/TestOrcFile.testDate1900.orc",
        declared: "",
        checks: &[
            Columns("time timestamp without time zone, date date"),
            Rows(
                "SELECT count(*), min(time), max(time), min(date), max(date), count(DISTINCT date), count(DISTINCT time) FROM {t}",
                "70000|1900-05-05 12:34:56.1|1969-05-05 12:34:56.1999|1900-12-25|1969-12-25|70|70000",
            ),
        ],
        why: "",
    },
    Case {
        file: "orc/decimal.orc",
        declared: "",
        checks: &[Rows(
            "SELECT count(*), count(_col0), sum(_col0), min(_col0), max(_col0) FROM {t}",
            "6000|4000|1998301.09900|-1000.50000|1999.20000",
        )],
        why: "",
    },
    Case {
        file: "orc/negative_dict_entry_lengths.orc",
        declared: "",
        checks: &[Fails("SELECT count(*) FROM {t}", &["negative_dict_entry_lengths.orc", "can't be read as ORC"])],
        why: "",
    },
    Case {
        file: "orc/orc-file-11-format.orc",
        declared: "",
        checks: &[
            Rows(
                "SELECT count(*), sum(int1), min(ts), max(ts), min(decimal1), max(decimal1) FROM {t}",
                "7500|491520000|2000-03-12 15:00:00|2000-03-12 15:00:01|12345678.654745600000000000|12345678.654745700000000000",
            ),
            Rows("SELECT string1, count(*) FROM {t} GROUP BY 1 ORDER BY 1", "bye|3750\nhi|3750"),
            Rows(
                "SELECT boolean1, byte1, short1, long1, float1, double1, bytes1, middle, map FROM {t} LIMIT 2",
                "f|1|1024|9223372036854775807|1|-15|\\x0001020304|\
                 {\"list\":[{\"int1\":1,\"string1\":\"bye\"},{\"int1\":2,\"string1\":\"sigh\"}]}|{}\n\
                 t|100|2048|9223372036854775807|2|-5|\\x|\
                 {\"list\":[{\"int1\":1,\"string1\":\"bye\"},{\"int1\":2,\"string1\":\"sigh\"}]}|\
                 {\"chani\":{\"int1\":5,\"string1\":\"chani\"},\"mauddib\":{\"int1\":1,\"string1\":\"mauddib\"}}",
            ),
            Rows("SELECT sum((list[1]).int1) FROM {t}", "375000011250"),
        ],
        why: "",
    },
];
