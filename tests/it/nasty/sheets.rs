//! Workbooks.

use super::Case;
use super::Check::{Columns, Rejects, Rows};

pub(super) const CASES: &[Case] = &[
    Case {
        file: "csvkit/ne_1033_data.xlsx",
        declared: "",
        checks: &[
            Rows(
                "SELECT count(*), count(DISTINCT county), min(ship_date), max(ship_date) FROM {t}",
                "1036|35|2006-03-07|2014-01-30",
            ),
            Rows("SELECT fips, nsn, quantity, acquisition_cost FROM {t} LIMIT 1", "31001|1005-00-589-1271|1|138"),
        ],
        why: "",
    },
    Case {
        file: "frictionless/issue-1024.xlsx",
        declared: "",
        checks: &[
            Rows("SELECT count(*), sum(\"Current Population Analysed #\") FROM {t}", "46|80823724"),
            Rows("SELECT \"Area\", \"Area ID\", \"Current Phase 5 %\" FROM {t} LIMIT 2", "||0\nBadakhshan|24380613|0"),
            // The Second Projection's columns have names and no values.
            Rows("SELECT count(*) FROM information_schema.columns WHERE table_name = 'frictionless_issue_1024_xlsx'", "55"),
            Rejects(
                "7 - the row stands before the header\n8 - the row stands before the header\n9 - the row stands before the header\n62 - the row stands below the table\n64 - the row stands below the table",
            ),
        ],
        why: "",
    },
    Case {
        file: "frictionless/merged-cells.xlsx",
        declared: r#""dialect": {"header": false}"#,
        checks: &[Rows("SELECT * FROM {t}", "data|"), Columns("column_1 text, column_2 text")],
        why: "",
    },
    Case {
        file: "frictionless/multiline-headers.xlsx",
        declared: "",
        checks: &[
            Rows("SELECT * FROM {t}", "A|B|C|D"),
            Columns(
                "Region text, Caloric contribution (%) text, Cumulative impact of changes on cost of food basket from previous quarter text, Cumulative impact of changes on cost of food basket from baseline (%) text",
            ),
        ],
        why: "",
    },
    Case {
        file: "frictionless/number-format-multicode.xlsx",
        declared: "",
        checks: &[
            Columns("col1 double precision"),
            Rows("SELECT * FROM {t}", "4.51119775197299\n-9.03233986479077\n15.7929464439101"),
        ],
        why: "",
    },
    Case {
        file: "frictionless/sheets.xlsx",
        declared: r#""dialect": {"sheetName": "Sheet2"}"#,
        checks: &[Rows("SELECT * FROM {t}", "2|paris"), Columns("id bigint, name text")],
        why: "",
    },
    Case {
        file: "frictionless/skip-rows.xlsx",
        declared: "",
        checks: &[
            Rows("SELECT * FROM {t}", "8|9\n|TOTAL"),
            Columns("A bigint, B text"),
            Rejects("1 - the row stands before the header"),
        ],
        why: "",
    },
    Case {
        file: "frictionless/table.ods",
        declared: "",
        checks: &[Columns("id bigint, name text"), Rows("SELECT * FROM {t}", "1|english\n2|中国人")],
        why: "",
    },
    Case {
        file: "frictionless/table.xls",
        declared: "",
        checks: &[Columns("id bigint, name text"), Rows("SELECT * FROM {t}", "1|english\n2|中国人")],
        why: "",
    },
];
