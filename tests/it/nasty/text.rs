//! Text files whose encoding, dialect or shape is nasty.

use super::Case;
use super::Check::{Columns, Fails, Rejects, Rows};

/// A case that answers as EXPECT.md says, of a file of which nothing is declared.
const fn case(file: &'static str, checks: &'static [super::Check]) -> Case {
    Case { file, declared: "", checks, why: "" }
}

/// What the three tables under unusual object names hold.
const ENGLISH: &str = "1|english\n2|中国人";

pub(super) const CASES: &[Case] = &[
    // Encodings.
    case("csvkit/test_utf16_big.csv", &[Rows("SELECT * FROM {t}", "1|2|3\n4|5|ʤ"), Rejects("")]),
    case(
        "messytables/utf-16le_encoded.csv",
        &[
            Rows("SELECT count(*), count(DISTINCT \"Organisation_code\") FROM {t}", "327|327"),
            Rows(
                "SELECT \"Organisation_name\", \"Total_informal_admissions\" FROM {t} WHERE \"Organisation_code\" = '5C1'",
                "Enfield PCT|2",
            ),
        ],
    ),
    case("frictionless/bom.csv", &[Columns("id bigint, name text"), Rows("SELECT * FROM {t}", ENGLISH)]),
    case(
        "frictionless/encoding-issue-274.csv",
        &[
            Rows("SELECT count(*) FROM {t}", "507"),
            Rows(
                "SELECT name FROM {t} WHERE id = 'nz/archives-new-zealand-te-rua-mahara-o-te-kwanatanga'",
                "Archives New Zealand Te Rua Mahara o te Kāwanatanga",
            ),
        ],
    ),
    case(
        "frictionless/issue-647.csv.txt",
        &[
            Rows("SELECT count(*), count(DISTINCT \"accessibilité\") FROM {t}", "882|1"),
            Rows("SELECT DISTINCT ad_station FROM {t} WHERE n_station = 'Parasol Bastia'", "Allée du Ninu 20600 Bastia"),
            Rejects(""),
        ],
    ),
    case(
        "frictionless/issue-811.csv",
        &[
            Rows("SELECT count(*) FROM {t}", "7904"),
            Rows(
                "SELECT \"Denominazione in italiano\", \"Codice Regione\", \
                 \"Codice dell'Unità territoriale sovracomunale (valida a fini statistici)\" FROM {t} \
                 WHERE \"Codice Comune formato alfanumerico\" = '001001'",
                "Agliè|01|201",
            ),
            Rejects(""),
        ],
    ),
    // One sign says nothing of its encoding: the cell is rejected with the place of the byte.
    case(
        "frictionless/latin1.csv",
        &[Rows("SELECT * FROM {t}", "1|english\n2|"), Rejects("3 name byte 20 of the file (\\xA9) is not UTF-8")],
    ),
    case(
        "frictionless/table-infer-iso-8859-7.csv",
        &[Rows("SELECT * FROM {t}", "1|39|Λεωνιδας\n2|23|Αλεξανδρος\n3|36|Μυρων\n4|28|Ευστοργιος"), Rejects("")],
    ),
    Case {
        file: "messytables/characters.csv",
        declared: "",
        checks: &[
            Rows("SELECT count(*) FROM {t}", "382"),
            Rows("SELECT \"景點中文名稱\" FROM {t} WHERE id = 'v_1'", "雲嘉南濱海國家風景區管理處"),
            Rejects(""),
        ],
        why: "a guess that the whole file supports is no mojibake: it is read as Big5, and a warning says so",
    },
    case(
        "csvkit/null_byte.csv",
        &[Rows("SELECT a IS NULL, b, c FROM {t}", "t|2|3"), Rejects("2 a byte 6 of the file is a NUL, which text can't hold")],
    ),
    // Names of objects.
    case("frictionless/Table With Data.csv", &[Rows("SELECT * FROM {t}", ENGLISH)]),
    case("frictionless/[table].csv", &[Rows("SELECT * FROM {t}", ENGLISH)]),
    case("frictionless/Таблица.csv", &[Rows("SELECT * FROM {t}", ENGLISH)]),
    // Line ends, quotes and escapes.
    case(
        "csvkit/determination_schema.csv",
        &[
            Rows("SELECT count(*) FROM {t}", "21"),
            Rows("SELECT start, \"end\", length, \"column\" FROM {t} WHERE field_num = 21", "274|302|29|RACEGP"),
            Rows("SELECT strpos(meaning, chr(13)) FROM {t} WHERE field_num = 1", "109"),
        ],
    ),
    case("csvkit/mac_newlines.csv", &[Rows("SELECT replace(a, chr(13), '/'), b, c FROM {t}", "1|2|3\nOnce upon/a time|5|6")]),
    case("csvkit/test_header_newline.csv", &[Columns("start end text, b text, c text"), Rows("SELECT * FROM {t}", "d|e|f")]),
    case(
        "csvkit/event-notification-rpt-lastmonth.txt",
        &[Rows("SELECT count(*), count(DISTINCT \"En No\"), min(\"En No\") FROM {t}", "72|72|46521"), Rejects("")],
    ),
    case(
        "csvkit/ks_1033_data.csv",
        &[
            Rows("SELECT count(*) FROM {t}", "1575"),
            Rows("SELECT DISTINCT item_name, quantity FROM {t} WHERE nsn = '7830-DS-BIC-YCEE'", "BICYCLE, EXERCISE|1"),
        ],
    ),
    case(
        "frictionless/escaping.csv",
        &[Columns("ID bigint, Test text"), Rows("SELECT * FROM {t}", "1|Test line 1\n2|Test \" line 2\n3|Test \" line 3")],
    ),
    case(
        "frictionless/issue-277.csv",
        &[
            Rows("SELECT count(*) FROM {t}", "75"),
            Rows("SELECT \"MethodConditions\" FROM {t} WHERE \"Title\" = 'Backfill from Trench 5'", "Trowel\\nHand Pick\\nBrush"),
        ],
    ),
    case(
        "frictionless/package-dialect-no-header.csv",
        &[Rows(
            "SELECT substr(details, 1, 23), key, score FROM {t}",
            "[{\"details\": \"details\",|_|1\n[{\"details\": \"details\",|key|1",
        )],
    ),
    case(
        "messytables/complex.csv",
        &[
            Rows("SELECT count(*), count(place) FROM {t}", "3|2"),
            Rows("SELECT place FROM {t} WHERE \"date\" = '2011-01-03'", "Galway"),
            Rejects(""),
        ],
    ),
    case("messytables/example.tsv", &[Rows("SELECT count(*), sum(expr1_0_imp) FROM {t}", "140|2366429"), Rejects("")]),
    case(
        "parquet/delta_byte_array_expect.csv",
        &[
            Rows("SELECT count(*) FROM {t}", "1000"),
            Rows("SELECT c_first_name, c_login FROM {t} WHERE c_customer_id = 'AAAAAAAAIODAAAAA'", "Mark|"),
        ],
    ),
    // Headers.
    case(
        "frictionless/blank-headers.csv",
        &[Columns("id bigint, column_2 text, age bigint"), Rows("SELECT count(*) FROM {t}", "2")],
    ),
    case(
        "frictionless/duplicate-headers.csv",
        &[
            Columns("id bigint, name text, id_2 bigint, age bigint, id_3 text"),
            Rows("SELECT * FROM {t}", "1101|John|0|30|001101\n1102|Julie|0|26|001102"),
        ],
    ),
    case("frictionless/without-rows.csv", &[Columns("id text, name text"), Rows("SELECT count(*) FROM {t}", "0")]),
    case(
        "frictionless/without-headers-extra.csv",
        &[Columns("column_1 bigint, column_2 text"), Rows("SELECT * FROM {t}", ENGLISH), Rejects("3 - the row has 3 fields")],
    ),
    case("frictionless/wide.csv", &[Rows("SELECT id, \"100022\", \"9995\" FROM {t}", "id1|t|t\nid2|t|f\nid3|t|t")]),
    case(
        "messytables/begrotingsanalyse-2011.csv",
        &[
            Rows("SELECT count(*) FROM {t}", "36"),
            Rows(
                "SELECT \"NR.\", \"provincie A Groningen\", \"provincie L Flevoland\" FROM {t} WHERE \"Cluster\" = 'Bestuursorganen'",
                "9|-48|-35",
            ),
            Rejects(
                "1 - the row stands before the header\n2 - the row stands before the header\n3 - the row stands before the header",
            ),
        ],
    ),
    case(
        "pollock/Note_4_Staff_costs_-_Average_number_of_persons_employed_13-14.csv",
        &[
            Rows("SELECT count(*) FROM {t}", "15"),
            Rows(
                "SELECT \"2013-14 Total\", \"2012-13 Total Restated\" FROM {t} WHERE \"Operating Segment\" LIKE 'Support%'",
                "672|641",
            ),
            Rejects("1 - the row stands before the header\n2 - the row stands before the header"),
        ],
    ),
    case(
        "pollock/Takakai2008-ch4.csv",
        &[
            Rows("SELECT count(\"control X\"), count(\"control Y\"), count(\"fire X\"), count(\"fire Y\") FROM {t}", "11|11|7|7"),
            Rejects(""),
        ],
    ),
    case(
        "pollock/workforce-management-information-dft_201706.csv",
        &[
            Rows("SELECT count(*), count(\"Organisation name\") FROM {t}", "46|10"),
            Rows(
                "SELECT \"Payroll staff AO/AA Headcount\", \"Payroll staff AO/AA Full-time equivalent\" FROM {t} \
                 WHERE \"Organisation name\" = 'Driver and Vehicle Licensing Agency'",
                "4250|3644.81",
            ),
            Rejects(""),
        ],
    ),
    case(
        "pollock/Kokad pollen.csv",
        &[
            Rows("SELECT count(*), sum(\"Alnus glutinosa/Alnus incana\") > 0 FROM {t}", "69|t"),
            Rows("SELECT \"Aconitum\" FROM {t} WHERE \"Age\" = 19439.7", "2"),
        ],
    ),
    // Comments, titles and footers.
    case(
        "frictionless/matrix-with-comment.csv",
        &[
            Columns("f1 bigint, f2 bigint, f3 bigint, f4 bigint"),
            Rows("SELECT * FROM {t}", "11|12|13|14\n21|22|23|24\n31|32|33|34\n41|42|43|44"),
        ],
    ),
    case("frictionless/skip-rows.csv", &[Columns("id bigint, name text"), Rows("SELECT * FROM {t}", ENGLISH)]),
    case(
        "pollock/PLA_6%Talc-1hz.csv",
        &[Rows("SELECT count(*), min(\"Time/min\"), max(\"Time/min\") FROM {t}", "365|0.88667|19.08667"), Rejects("")],
    ),
    case(
        "pollock/june_2015(1).csv",
        &[
            Rows("SELECT count(*), round(sum(\"Total\")::numeric, 2) FROM {t}", "6677|45912283.87"),
            Rejects("1 - the row stands before the header\n2 - the row stands before the header"),
        ],
    ),
    case(
        "csvkit/Datagov_FY10_EDU_recp_by_State.csv",
        &[
            Rows("SELECT count(*), sum(\"Post-9/11GI Bill Program\") FROM {t}", "53|382076"),
            Rejects(
                "1 - the row stands before the header\n2 - the row stands before the header\n\
                 57 - the row stands below the table\n58 - the row stands below the table",
            ),
        ],
    ),
    case(
        "messytables/excel_pasting.csv",
        &[
            Rows("SELECT count(*) FROM {t}", "14"),
            Rows("SELECT \"2007\" FROM {t} WHERE \"Year\" = 'Recycling'", "392"),
            Rejects(
                "1 - the row stands before the header\n2 - the row stands before the header\n3 - the row stands before the header\n\
                 22 - the row stands below the table\n23 - the row stands below the table\n24 - the row stands below the table",
            ),
        ],
    ),
    case(
        "messytables/mixedGLB.csv",
        &[
            Rows("SELECT count(*), min(\"Year\"), max(\"Year\") FROM {t}", "133|1880|2012"),
            Rows("SELECT \"Jan\", \"SON\" FROM {t} WHERE \"Year\" = 1880", "-43|-24"),
            Rejects(
                "1 - the row stands before the header\n2 - the row stands before the header\n3 - the row stands before the header",
            ),
        ],
    ),
    case(
        "messytables/weird_head_padding.csv",
        &[
            Rows("SELECT \"1993\", \"2010\" FROM {t} WHERE trim(column_1) = 'Kinderchirurgie'", "135|65"),
            Rows("SELECT count(*) FROM {t} WHERE column_1 IS NULL OR column_1 LIKE '%Fußnoten%'", "0"),
            Rows(
                "SELECT count(*) FROM catalog.rejects WHERE table_name = 'messytables_weird_head_padding_csv' AND raw LIKE '%Region:;Deutschland%'",
                "1",
            ),
        ],
    ),
    // Ragged and empty rows, empty columns.
    case(
        "csvkit/bad.csv",
        &[
            Rows("SELECT * FROM {t}", "|I'm too short!|\n0|mixed types.... uh oh|17"),
            Rejects("2 - the row has 4 fields\n3 column_c the row has 2 fields"),
        ],
    ),
    case(
        "frictionless/countries.csv",
        &[
            Rows("SELECT id, neighbor_id, name, population FROM {t}", "1|Ireland|Britain|67\n3|22|Germany|83\n4||Italy|60\n5|||"),
            Rejects("4 - the row has 5 fields\n7 neighbor_id the row has 1 fields"),
        ],
    ),
    case(
        "frictionless/defective-rows.csv",
        &[Rows("SELECT * FROM {t}", "1101|John|"), Rejects("2 age the row has 2 fields\n3 - the row has 4 fields")],
    ),
    // Rows of nothing but delimiters are rows without a value.
    case(
        "frictionless/blank-rows-multiple.csv",
        &[Rows("SELECT count(*), count(id), count(name), count(age) FROM {t}", "13|2|2|2")],
    ),
    case("frictionless/blank-rows-no-fields.csv", &[Rows("SELECT * FROM {t}", "1101|John|30\n1102|Julie|26"), Rejects("")]),
    case(
        "messytables/sparse_with_column_errors.csv",
        &[
            Columns("LP text, Bezeichnung text, Kapitel/Titel text, column_4 text"),
            Rows("SELECT count(*), count(\"LP\") < count(*) FROM {t}", "2237|t"),
            Rejects(""),
        ],
    ),
    case(
        "pollock/public-toilet-borough-grid.csv",
        &[
            Rows("SELECT count(*) FROM {t}", "34"),
            Rows("SELECT \"Total number of toilets\" FROM {t} WHERE \"BOROUGH\" = 'Total'", "847"),
        ],
    ),
    case(
        "pollock/vissim_data_conf2473_i12_v2026.csv",
        &[
            Rows("SELECT count(*), max(\"accx[m/ss]\") FROM {t}", "101|2.08"),
            Rows("SELECT * FROM {t} WHERE \"time[s]\" = 0.1", "0.1|413.639|-19.5215|414.033|-21.488|48.26|0.2|-1.361912"),
            Rejects(""),
        ],
    ),
    // No table.
    case("frictionless/empty.csv", &[Fails("SELECT * FROM {t}", &["empty.csv is empty"])]),
    Case {
        file: "pollock/locations-1998.csv",
        declared: "\"path\": [\"pollock/locations-1998.csv\", \"frictionless/Table With Data.csv\"]",
        checks: &[Rows("SELECT id, name FROM {t}", ENGLISH)],
        why: "",
    },
    case(
        "pollock/dd_Wickenburg_nobmp_623.csv",
        &[Fails("SELECT * FROM {t}", &["is not one table", "lines 1 to 12", "headerRows"])],
    ),
];
