//! Text files whose values are nasty.

use super::Case;
use super::Check::{Columns, Rejects, Rows};

pub(super) const CASES: &[Case] = &[
    Case {
        file: "csvkit/test_locale.csv",
        declared: "",
        checks: &[Columns("a text, b text, c text"), Rows("SELECT a, b, c FROM {t}", "1,7|200.000.000|")],
        why: "",
    },
    Case {
        file: "frictionless/accent.csv",
        declared: "",
        checks: &[
            Columns(
                "n_amenageur text, n_operateur text, n_enseigne text, id_station text, n_station text, ad_station text, \
                 code_insee text, Xlongitude double precision, Ylatitude double precision, nbre_pdc bigint, id_pdc text, \
                 puiss_max double precision, type_prise text, acces_recharge text, accessibilité text, observations text, \
                 date_maj date",
            ),
            Rows(
                "SELECT code_insee, \"accessibilité\", \"Xlongitude\", puiss_max, date_maj FROM {t}",
                "06090|24h/24|6.92641|22|2018-03-31\n06090|24h/24|6.92641|22|2018-03-31",
            ),
        ],
        why: "",
    },
    Case {
        file: "frictionless/blank-cells.csv",
        declared: "",
        checks: &[
            Columns("id bigint, name text"),
            Rows("SELECT id, name, missing_reason(name) FROM {t}", "1|Paul|\n2|John|\n3|George|\n4|Ringo|\n5||empty"),
            Rejects(""),
        ],
        why: "",
    },
    Case {
        file: "frictionless/doublequote.csv",
        declared: "",
        checks: &[
            Columns(
                "INCISO text, NOMBREINCISO text, UE text, NOMBREUE text, AÑO bigint, CODIGOAP bigint, NOMBREAP text, \
                 DESCRIPCIONAP text, CODIGOPROGRAMA bigint, NOMBREPROGRAMA text, DESCRIPCIONPROGRAMA text, INCISOCODIGO bigint, \
                 UECODIGO bigint, ue_cod bigint, presupuestado bigint, pfi text, pbi double precision",
            ),
            Rows(
                "SELECT \"AÑO\", presupuestado, pfi, pbi FROM {t}",
                "2019|74350819|Inversión|0.003465\n2015|117396841|Funcionamiento|0.007937\n2015|38107510|Inversión|0.002576\n\
                 2015|1616869527|Personal|0.109327\n2016|25856879|Funcionamiento|0.001586",
            ),
        ],
        why: "",
    },
    Case {
        file: "frictionless/issue-1009-semicolon.csv",
        declared: "",
        checks: &[Columns("fieldNameA text, fieldNameB text"), Rows("SELECT * FROM {t}", "0123|c")],
        why: "",
    },
    Case {
        file: "frictionless/issue-1105-timezone.csv",
        declared: "",
        checks: &[
            Columns("id bigint, timestamp timestamp with time zone"),
            Rows("SELECT extract(epoch FROM max(timestamp) - min(timestamp))::int FROM {t}", "10800"),
            Rows("SELECT id FROM {t} ORDER BY timestamp", "1\n0"),
        ],
        why: "",
    },
    Case {
        file: "frictionless/issue-1109.csv",
        declared: "",
        checks: &[
            Columns("int bigint, number double precision, string text"),
            Rows("SELECT * FROM {t}", "1|2.3|string\n|4.3|string\n3|3.14|string"),
        ],
        why: "",
    },
    Case {
        file: "frictionless/issue-1138.csv",
        declared: "",
        checks: &[
            Columns("Zeit [MEZ] text, Wasserstand bigint, Status text"),
            Rows("SELECT \"Zeit [MEZ]\", \"Wasserstand\" FROM {t} LIMIT 2", "09.07.2013 12:00:00|146\n10.07.2013|145"),
            Rows("SELECT count(*), sum(\"Wasserstand\") FROM {t}", "7|1008"),
            Rejects(""),
        ],
        why: "",
    },
    Case {
        file: "frictionless/issue-1232.csv",
        declared: "",
        checks: &[
            Columns(
                "comune text, codice_regione text, codice_provincia text, codice_comune text, denominazione_comune text, \
                 sigla_provincia text, data_entrata_in_carica date",
            ),
            Rows(
                "SELECT comune, codice_regione, codice_provincia, codice_comune, data_entrata_in_carica FROM {t} LIMIT 2",
                "030151360|03|015|1360|2021-10-13\n030120530|00|012|0530|2021-10-04",
            ),
        ],
        why: "",
    },
    Case {
        file: "frictionless/issue-825.csv",
        declared: "",
        checks: &[
            Columns("Musei text, 2011 text, 2010 text"),
            Rows(
                "SELECT * FROM {t}",
                "Galleria d'Arte moderna e mostre temporanee|23.824|17.518\nMuseo Pitrè|in restauro|in restauro",
            ),
        ],
        why: "",
    },
    Case {
        file: "frictionless/issue-833.csv",
        declared: "",
        checks: &[Columns("id bigint, value text"), Rows("SELECT * FROM {t}", "1|[\"a\"]\n2|\n3|[\"b\"]")],
        why: "",
    },
    Case {
        file: "frictionless/leading-zeros.csv",
        declared: "",
        checks: &[Columns("value text"), Rows("SELECT value FROM {t}", "01\n002\n00003")],
        why: "",
    },
    // One column declared a number, the others not.
    Case {
        file: "frictionless/number-test.csv",
        declared: r#""schema": {"fields": [{"name": "number", "type": "number"}], "fieldsMatch": "subset"}"#,
        checks: &[
            Columns("number double precision, required text, unique text, minimum text, maximum text, enum text"),
            Rows(
                "SELECT number, enum, missing_reason(number) FROM {t}",
                "NaN|NaN|\nInfinity|INF|\n-Infinity|-INF|\n-1|-1|\n0|0|\n1|1|\n-99.99|-99.99|\n-0|-0|\n\
                 |95%|rejected: \"95%\" is not a number\n|$4.00|rejected: \"$4.00\" is not a number\n\
                 -0.02|-2.00E-02|\n3000|3E+3|\n40000|4e4|",
            ),
            Rejects("10 number is not a number\n11 number is not a number"),
        ],
        why: "",
    },
    Case {
        file: "frictionless/numeric-labels.csv",
        declared: "",
        checks: &[
            Columns(
                "id text, 100022 boolean, 100025 boolean, 100047 boolean, 100065 boolean, 100093 boolean, 10011 boolean, \
                 100131 boolean, 100156 boolean, 100171 boolean",
            ),
            Rows("SELECT id, \"100022\", \"100047\" FROM {t} WHERE NOT \"100047\"", "id1|t|f\nid2|t|f\nid3|t|f"),
        ],
        why: "",
    },
    Case {
        file: "frictionless/table-infer-missing-values.csv",
        declared: "",
        checks: &[
            Columns("id bigint, age bigint, name text"),
            Rows("SELECT count(*), count(id), sum(id), count(missing_reason(id)) FROM {t}", "7|4|10|3"),
            Rows("SELECT DISTINCT missing_reason(id) FROM {t} WHERE id IS NULL", "-"),
        ],
        why: "",
    },
    Case {
        file: "frictionless/table-infer-row-limit.csv",
        declared: "",
        checks: &[
            Columns("id text, age text, name text"),
            Rows("SELECT id, age FROM {t} WHERE name IN ('Judy', 'Angie')", "4|28\n_|nineteen"),
            Rejects(""),
        ],
        why: "",
    },
    // Every day is the first of a month, so that the values do not settle which of the two is the month.
    Case {
        file: "frictionless/table-with-accents.csv",
        declared: r#""schema": {"fields": [{"name": "Date", "type": "date", "format": "%d-%m-%y"}], "fieldsMatch": "subset"}"#,
        checks: &[
            Columns(
                "Classement text, Quartier text, Date date, Année bigint, Occupancy rate double precision, \
                 Average Price double precision, RevPAR double precision, Source text",
            ),
            Rows(
                "SELECT \"Quartier\", \"Date\", \"Année\", \"Occupancy rate\", \"Average Price\" FROM {t} LIMIT 1",
                "All|2013-01-01|2013|0.611553068|81.20416129",
            ),
            Rows(
                "SELECT count(*), round(sum(\"Occupancy rate\")::numeric, 6), max(\"Date\") FROM {t}",
                "638|438.388079|2017-10-01",
            ),
            Rows("SELECT count(*) FROM {t} WHERE \"Quartier\" = 'Quartier Européen'", "58"),
            Rejects(""),
        ],
        why: "",
    },
    Case {
        file: "frictionless/table.jsonl",
        declared: "",
        checks: &[Columns("id bigint, name text"), Rows("SELECT * FROM {t}", "1|english\n2|中国人")],
        why: "",
    },
    Case {
        file: "frictionless/table.keyed.json",
        declared: "",
        checks: &[Columns("id bigint, name text"), Rows("SELECT * FROM {t}", "1|english\n2|中国人")],
        why: "",
    },
    Case {
        file: "frictionless/table.tsv",
        declared: "",
        checks: &[
            Columns("id bigint, name text"),
            Rows("SELECT id, name, name IS NULL FROM {t}", "1|english|f\n2|中国人|f\n3||t"),
        ],
        why: "",
    },
    Case {
        file: "frictionless/timezone.csv",
        declared: "",
        checks: &[
            Columns("datetime text, time text"),
            Rows("SELECT time FROM {t} WHERE datetime = '2020-01-01T15:00:00Z'", "15:00:00Z"),
        ],
        why: "",
    },
    Case {
        file: "frictionless/vix.csv",
        declared: "",
        checks: &[
            Columns(
                "Date timestamp with time zone, VIXClose double precision, VIXHigh double precision, VIXLow double precision, \
                 VIXOpen double precision",
            ),
            Rows("SELECT extract(epoch FROM \"Date\")::bigint, \"VIXClose\" FROM {t}", "1073260800|17.49\n1073347200|16.73"),
        ],
        why: "",
    },
    Case {
        file: "messytables/null.csv",
        declared: "",
        checks: &[
            Columns("column_1 bigint, column_2 bigint, column_3 bigint, column_4 bigint"),
            Rows("SELECT count(*), sum(column_1), count(column_2), count(column_3), count(column_4) FROM {t}", "10|55|5|9|3"),
            Rows(
                "SELECT missing_reason(column_2), missing_reason(column_3), missing_reason(column_4) FROM {t} WHERE column_1 = 3",
                "null|empty|empty",
            ),
        ],
        why: "",
    },
    Case {
        file: "messytables/spanish_chars.csv",
        declared: "",
        checks: &[
            Columns(
                "GF_ID bigint, FN_ID bigint, SF_ID bigint, GF text, F text, SF text, Gasto total 2011 double precision, Descripción text",
            ),
            Rows(
                "SELECT count(*), count(\"Gasto total 2011\"), round(sum(\"Gasto total 2011\")::numeric, 2) FROM {t}",
                "114|114|7867583.70",
            ),
            Rows("SELECT \"F\", \"Gasto total 2011\" FROM {t} WHERE \"FN_ID\" = 0 LIMIT 1", "Legislación|10105.4"),
            Rows(
                "SELECT count(*), min(left(raw, 7)) FROM catalog.rejects WHERE table_name = 'messytables_spanish_chars_csv'",
                "2|,,,,,,,",
            ),
        ],
        why: "the last of its 116 records are a blank one and the note that names its source: a footer, kept as rejects",
    },
    // Undeclared, the dates stay text: line 54 has 08//01/2019.
    Case {
        file: "pollock/10.January_2019.csv",
        declared: r#""schema": {"fields": [{"name": "Date", "type": "date", "format": "%d/%m/%Y"}], "fieldsMatch": "subset"}"#,
        checks: &[
            Columns(
                "Department Family text, Entity text, Date date, Expense Type text, Expense Area text, Supplier text, \
                 Transaction Number text, Value double precision",
            ),
            Rows(
                "SELECT count(*), count(\"Date\"), min(\"Date\"), max(\"Date\"), round(sum(\"Value\")::numeric, 2) FROM {t}",
                "53|52|2019-01-02|2019-01-29|3086508.28",
            ),
            Rejects("54 Date is not a date as %d/%m/%Y"),
            Rows(
                "SELECT _source_row, missing_reason(\"Date\") FROM {t} WHERE \"Date\" IS NULL",
                "54|rejected: \"08//01/2019\" is not a date as %d/%m/%Y",
            ),
        ],
        why: "",
    },
    Case {
        file: "pollock/2004-2016.csv",
        declared: "",
        checks: &[
            Columns(
                "Diffusion tube text, Year bigint, Jan bigint, Feb bigint, Mar bigint, Apr bigint, May bigint, Jun bigint, \
                 Jul bigint, Aug bigint, Sep bigint, Oct bigint, Nov bigint, Dec bigint",
            ),
            Rows("SELECT count(*), sum(\"Jan\"), sum(\"Apr\") FROM {t}", "965|42202|37357"),
            Rows(
                "SELECT missing_reason(\"Apr\") AS reason, count(*) FROM {t} WHERE \"Apr\" IS NULL GROUP BY 1 ORDER BY 2",
                "-|1\nmissing|2\nempty|197",
            ),
        ],
        why: "",
    },
    Case {
        file: "pollock/Camp Palacios - Humidity.csv",
        declared: "",
        checks: &[
            Columns("column_1 date, column_2 time without time zone, column_3 bigint"),
            Rows("SELECT * FROM {t} LIMIT 1", "2008-02-28|01:00:00|"),
            Rows("SELECT count(*), count(column_3), sum(column_3), max(column_1) FROM {t}", "33231|33176|3122050|2012-08-15"),
        ],
        why: "",
    },
    Case {
        file: "pollock/air_quality_station3_2006.csv",
        declared: "",
        checks: &[
            Columns("date timestamp without time zone, no2 double precision"),
            Rows(
                "SELECT count(*), count(no2), max(no2), round(sum(no2)::numeric, 4), max(date) FROM {t}",
                "35040|30712|186.8917619|1486715.1526|2006-12-31 23:45:00",
            ),
            Rows("SELECT count(*) FROM {t} WHERE missing_reason(no2) = 'NA'", "4328"),
        ],
        why: "",
    },
    Case {
        file: "pollock/epcs-dwp-cmg-spend-july-2017.csv",
        declared: "",
        checks: &[
            Rows(
                "SELECT count(\"FIN.Transaction Amount\"), sum(\"FIN.Transaction Amount\"), min(\"Posting Date\"), \
                 max(\"MCH.Merchant Category Code (MCC)\") FROM {t}",
                "5|2590.20|2017-06-21|9399",
            ),
            Rows(
                "SELECT data_type FROM information_schema.columns WHERE table_name = 'pollock_epcs_dwp_cmg_spend_july_2017_csv' \
                 AND column_name IN ('Posting Date', 'FIN.Transaction Amount') ORDER BY column_name DESC",
                "date\nnumeric",
            ),
        ],
        why: "",
    },
    Case {
        file: "pollock/moj-aramis-data-march-11.csv",
        declared: "",
        checks: &[
            Columns(
                "ENTITY text, DATE date, EXPENSE AREA text, EXPENSE TYPE text, SUPPLIER text, TRANSACTION_NUMBER bigint, \
                 AMOUNT numeric",
            ),
            Rows("SELECT \"DATE\", \"AMOUNT\" FROM {t} LIMIT 1", "2011-03-09|68486.66"),
            Rows(
                "SELECT count(*), sum(\"AMOUNT\"), min(\"DATE\"), max(\"DATE\") FROM {t}",
                "871|428603933.54|2011-03-01|2011-03-31",
            ),
            Rows(
                "SELECT description FROM pg_description d JOIN pg_attribute a ON d.objoid = a.attrelid AND d.objsubid = a.attnum \
                 WHERE a.attrelid = 'nasty.pollock_moj_aramis_data_march_11_csv'::regclass AND a.attname = 'AMOUNT'",
                "[£]",
            ),
        ],
        why: "",
    },
    Case {
        file: "pollock/mordenite-dh-2.csv",
        declared: "",
        checks: &[
            Columns("T double precision, Cp double precision, S double precision, H double precision"),
            Rows("SELECT count(*), max(\"T\"), max(\"Cp\"), max(\"S\"), max(\"H\") FROM {t}", "38|825|3794.98|4555.21|1992840"),
        ],
        why: "",
    },
];
