//! `catalog.rejects` through a client: all of what did not fit, and no more read of it than is asked for.

use std::io::Write;

use crate::harness::{Server, Setup};

/// More than a scan holds at a time.
const MANY: usize = 5_000;

/// A catalog of three tables: `codes` has [`MANY`] cells that are no integers, `few` has two, `fine` has none.
fn catalog() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let many: String = (0..MANY).map(|i| format!("x{i}\n")).collect();
    for (name, rows) in [("codes", many.as_str()), ("few", "1\ny\nz\n"), ("fine", "1\n")] {
        let at = folder.path().join(name);
        std::fs::create_dir(&at).expect("makes");
        let descriptor = format!(
            r#"{{"name": "{name}", "theme": "test", "resources": [{{"name": "{name}", "path": "{name}.csv",
                "schema": {{"fields": [{{"name": "n", "type": "integer"}}]}}}}]}}"#
        );
        std::fs::write(at.join("datapackage.json"), descriptor).expect("writes");
        std::fs::write(at.join(format!("{name}.csv")), format!("n\n{rows}")).expect("writes");
    }
    folder
}

#[tokio::test]
async fn rejects_are_read_as_they_are_asked_for() {
    let folder = catalog();
    let server = Server::start(Setup { catalogs: vec![("city", folder.path().to_owned())], ..Setup::default() });
    let client = server.client("city").await;
    let rejects = async |filter: &str| {
        let sql = format!("SELECT count(*), count(DISTINCT raw), min(table_name), max(table_name) FROM catalog.rejects {filter}");
        let row = client.query_one(&sql, &[]).await.expect("answers");
        let name = |i: usize| row.get::<_, Option<String>>(i).unwrap_or_default();
        format!("{} {} {} {}", row.get::<_, i64>(0), row.get::<_, i64>(1), name(2), name(3))
    };
    assert_eq!(rejects("").await, "0 0  ");
    for table in ["codes", "few", "fine"] {
        client.query_one(&format!("SELECT count(n) FROM test.{table}"), &[]).await.expect("reads the table");
    }
    for (filter, want) in [
        ("", "5002 5002 codes few"),
        ("WHERE table_name = 'few'", "2 2 few few"),
        ("WHERE table_name = 'fine'", "0 0  "),
        ("WHERE schema_name = 'test' AND table_name IN ('few', 'codes') AND line > 4000", "1001 1001 codes codes"),
        ("WHERE schema_name = 'other'", "0 0  "),
    ] {
        assert_eq!(rejects(filter).await, want, "{filter}");
    }

    // What stands behind the rows that are asked for is not read.
    let of_codes = server.state().join("snapshots/city/test/codes");
    let snapshots = std::fs::read_dir(&of_codes).expect("lists").map(|e| e.expect("an entry").path());
    let kept = snapshots.map(|s| s.join("rejects.ndjson")).find(|f| f.exists()).expect("codes has rejects");
    let mut kept = std::fs::File::options().append(true).open(kept).expect("opens");
    kept.write_all(b"not a reject\n").expect("writes");
    let rows = client.query("SELECT raw FROM catalog.rejects LIMIT 3", &[]).await.expect("answers");
    assert_eq!(rows.iter().map(|r| r.get::<_, String>(0)).collect::<Vec<_>>(), ["x0", "x1", "x2"]);
    let e = client.query("SELECT raw FROM catalog.rejects", &[]).await.expect_err("its end is broken");
    assert!(e.as_db_error().is_some_and(|e| e.message().contains("rejects.ndjson")), "{e:?}");
}
