//! A catalog of 20,000 datasets: what tools ask of one of them, or of one schema, looks at a bounded number of them, and reads no source.

use std::fs;

use crate::harness::{Server, Setup};

const DATASETS: usize = 20_000;
const THEMES: usize = 200;

/// A server over as many descriptors; only `one` and `two`, which refers to it, have a file.
fn server(folder: &std::path::Path) -> Server {
    fs::write(folder.join("one.csv"), "id,name\n1,a\n").expect("writes");
    let fields = r#"[{"name": "id", "type": "integer"}, {"name": "name", "type": "string", "description": "What it is called"}]"#;
    for i in 0..DATASETS {
        let (name, file, theme) = match i {
            0 => ("one".to_owned(), "one.csv".to_owned(), "theme_7".to_owned()),
            1 => ("two".to_owned(), "one.csv".to_owned(), "theme_8".to_owned()),
            _ => (format!("dataset_{i}"), "gone.csv".to_owned(), format!("theme_{}", i % THEMES)),
        };
        let keys = match i {
            1 => {
                r#", "foreignKeys": [{"fields": "id", "reference": {"package": "0.datapackage.json", "resource": "r", "fields": "id"}}]"#
            }
            _ => "",
        };
        let descriptor = format!(
            r#"{{"name": "{name}", "theme": "{theme}", "resources": [{{"name": "r", "path": "{file}",
                "schema": {{"fields": {fields}, "primaryKey": "id"{keys}}}}}]}}"#
        );
        fs::write(folder.join(format!("{i}.datapackage.json")), descriptor).expect("writes");
    }
    Server::start(Setup { catalogs: vec![("many", folder.to_owned())], ..Setup::default() })
}

#[test]
fn questions_about_one_table_look_at_few() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(folder.path());
    let columns_as_jdbc_asks = |schema: &str, table: &str| {
        format!(
            "SELECT n.nspname, c.relname, a.attname, a.atttypid, a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,
                a.atttypmod, a.attlen, t.typtypmod, row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum,
                pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc, dsc.description, t.typbasetype, t.typtype
             FROM pg_catalog.pg_namespace n
                JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)
                JOIN pg_catalog.pg_attribute a ON (a.attrelid = c.oid)
                JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)
                LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid = def.adrelid AND a.attnum = def.adnum)
                LEFT JOIN pg_catalog.pg_description dsc ON (c.oid = dsc.objoid AND a.attnum = dsc.objsubid)
                LEFT JOIN pg_catalog.pg_class dc ON (dc.oid = dsc.classoid AND dc.relname = 'pg_class')
                LEFT JOIN pg_catalog.pg_namespace dn ON (dc.relnamespace = dn.oid AND dn.nspname = 'pg_catalog')
             WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0 AND NOT a.attisdropped
                AND n.nspname LIKE '{schema}' AND c.relname LIKE '{table}'"
        )
    };
    let referring = "SELECT conname, conrelid::pg_catalog.regclass AS ontable FROM pg_catalog.pg_constraint c
        WHERE c.confrelid = 'theme_7.one'::regclass AND c.contype = 'f' ORDER BY conname";
    // Of a schema each question may look at every table, a few times; never at those of another.
    let of_schema = 4 * (DATASETS / THEMES) as u64;
    let cases = [
        ("\\d theme_7.one", "two_id_fkey", 40),
        ("\\d one", "two_id_fkey", 40),
        ("\\d+ theme_8.two", "foreign-key constraints", 40),
        ("\\dt theme_7.*", "dataset_407", of_schema),
        ("\\dt theme_7.dataset_40*", "dataset_407", 40),
        ("\\dt dataset_1999*", "dataset_19997", 40),
        (&columns_as_jdbc_asks("theme\\_8", "two"), "what it is called", 30),
        (&columns_as_jdbc_asks("theme\\_8", "dataset\\_%"), "what it is called", of_schema),
        (referring, "two_id_fkey", 20),
        ("SELECT attname FROM pg_attribute WHERE attrelid = 'theme_7.one'::regclass AND attnum > 0", "name", 10),
        (
            "SELECT relname FROM pg_class WHERE oid = ANY (ARRAY['theme_7.one'::regclass::oid, 'theme_8.two'::regclass::oid])",
            "two",
            20,
        ),
        (
            "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
             WHERE i.indrelid = 'theme_7.one'::regclass AND i.indisprimary",
            "id",
            20,
        ),
        (
            "SELECT kcu.column_name FROM information_schema.table_constraints tc JOIN information_schema.key_column_usage kcu
             USING (constraint_schema, constraint_name) WHERE tc.table_schema = 'theme_7' AND tc.table_name = 'one'",
            "id",
            20,
        ),
        (
            "SELECT rc.unique_constraint_name, ccu.column_name FROM information_schema.referential_constraints rc
             JOIN information_schema.constraint_column_usage ccu USING (constraint_schema, constraint_name)
             WHERE rc.constraint_schema = 'theme_8' AND rc.constraint_name = 'two_id_fkey'",
            "one_pkey",
            20,
        ),
        (
            "SELECT column_name FROM information_schema.columns WHERE table_schema LIKE 'theme\\_7' AND table_name LIKE 'on%'",
            "name",
            10,
        ),
        // The one is referred to, the other refers, the third does neither.
        (
            "SELECT string_agg(relhastriggers::text, ' ' ORDER BY relname) FROM pg_class
             WHERE relname IN ('one', 'two', 'dataset_407') AND relkind = 'r'",
            "false true true",
            10,
        ),
        ("SELECT oid FROM pg_type WHERE typname = 'dataset_407'", "(1 row)", 10),
    ];
    let mut wrong = Vec::new();
    for (question, wants, most) in cases {
        let before = server.engine.catalogs().looked_at();
        let (out, err) = server.psql("many", &["-c", question]);
        let looked = server.engine.catalogs().looked_at() - before;
        if !out.to_lowercase().contains(wants) || looked > most {
            wrong.push(format!("{question}\n  looked at {looked} of at most {most}\n{out}{err}"));
        }
        // Only what `\d` names may be read.
        assert!(!err.contains("gone.csv"), "{question}: {err}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));

    // A name that is nearly right is told of without a look at any dataset.
    let before = server.engine.catalogs().looked_at();
    for sql in ["SELECT * FROM theme_7.dataset_407x", "SELECT * FROM dataset_407x", "SELECT 'dataset_407x'::regclass"] {
        let (_, err) = server.psql("many", &["-c", sql]);
        assert!(err.contains("does not exist") && err.contains("dataset_407"), "{sql}: {err}");
        assert!(err.contains("Perhaps you meant"), "{sql}: {err}");
    }
    assert_eq!(server.engine.catalogs().looked_at(), before);
}
