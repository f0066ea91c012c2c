//! Packed files and archives.

use super::Case;
use super::Check::{Columns, Rows};

/// What the small tables of frictionless-py hold, whatever they are packed in.
const TABLE: &[super::Check] = &[Columns("id bigint, name text"), Rows("SELECT * FROM {t} ORDER BY id", "1|english\n2|中国人")];

pub(super) const CASES: &[Case] = &[
    Case { file: "frictionless/implicit-gz.csv", declared: "", checks: TABLE, why: "" },
    Case { file: "frictionless/implicit-zip.csv", declared: "", checks: TABLE, why: "" },
    Case { file: "frictionless/table.csv.gz", declared: "", checks: TABLE, why: "" },
    Case { file: "frictionless/table.csv.bz2", declared: "", checks: TABLE, why: "" },
    Case { file: "frictionless/table.csv.xz", declared: "", checks: TABLE, why: "" },
    Case { file: "frictionless/table.csv.zip", declared: "", checks: TABLE, why: "" },
    // Both members are listed, as tables of their own; none is taken for the archive.
    Case {
        file: "frictionless/table-multiple-files.zip",
        declared: "",
        checks: &[
            Rows("SELECT * FROM {t}_table ORDER BY id", "1|english\n2|中国人"),
            Rows("SELECT * FROM {t}_table_reverse ORDER BY id", "1|中国人\n2|english"),
            super::Check::Fails("SELECT * FROM {t}", &["does not exist", "table_multiple_files_zip_table"]),
        ],
        why: "",
    },
    Case {
        file: "messytables/simple.zip",
        declared: "",
        checks: &[
            Columns("date date, temperature bigint, place text"),
            Rows("SELECT place, count(*), sum(temperature) FROM {t} GROUP BY 1 ORDER BY 1", "Berkeley|3|19\nGalway|3|0"),
        ],
        why: "",
    },
];
