//! `catalog.rejects` through a client: all of what did not fit, and no more read of it than is asked for.

use std::io::Write;
use std::path::Path;

use crate::harness::{Server, Setup};

/// More than a scan holds at a time.
const MANY: usize = 5_000;

/// Writes over the start of the rejects of a snapshot, so that reading them is an error.
fn spoil(state: &Path, table: &str, snapshot: &str) {
    let file = state.join("snapshots/city/test").join(table).join(snapshot).join("rejects.ndjson");
    let mut file = std::fs::File::options().write(true).open(file).expect("opens");
    file.write_all(b"not a reject").expect("writes");
}

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

#[tokio::test]
async fn rejects_of_every_snapshot_that_stands_are_told_and_no_others_read() {
    let folder = catalog();
    let server = Server::start(Setup { catalogs: vec![("city", folder.path().to_owned())], ..Setup::default() });
    let client = server.client("city").await;
    for rows in ["1\ny\nz\n", "1\n2\nq\n", "1\n"] {
        std::fs::write(folder.path().join("few/few.csv"), format!("n\n{rows}")).expect("writes");
        client.query_one("SELECT count(n) FROM test.few", &[]).await.expect("reads the table");
    }
    client.query_one("SELECT count(n) FROM test.codes", &[]).await.expect("reads the table");
    let ids = "SELECT snapshot FROM catalog.snapshots WHERE table_name = $1 ORDER BY created";
    let ids = async |table: &str| {
        let all = client.query(ids, &[&table]).await.expect("lists");
        all.iter().map(|r| r.get::<_, String>(0)).collect::<Vec<_>>()
    };
    let [first, second, third]: [String; 3] = ids("few").await.try_into().expect("three snapshots");
    let [codes]: [String; 1] = ids("codes").await.try_into().expect("one snapshot");
    let told = async |filter: &str| {
        let sql = format!("SELECT dataset, snapshot, line, raw FROM catalog.rejects WHERE {filter}");
        let all =
            client.query(&sql, &[]).await.map_err(|e| e.as_db_error().map_or_else(String::new, |e| e.message().to_owned()))?;
        let shown = all.iter().map(|r| {
            let snapshot: &str = r.get(1);
            let nth = [&first, &second, &third, &codes].iter().position(|id| *id == snapshot).expect("is one of them") + 1;
            format!("{} {nth} {} {}", r.get::<_, &str>(0), r.get::<_, i64>(2), r.get::<_, &str>(3))
        });
        Ok::<_, String>(shown.collect::<Vec<_>>().join(", "))
    };
    // Newest first.
    assert_eq!(told("schema_name = 'test' AND table_name = 'few'").await.as_deref(), Ok("few 2 4 q, few 1 3 y, few 1 4 z"));
    let joined = "SELECT count(*), count(DISTINCT s.snapshot) FROM catalog.rejects r JOIN catalog.snapshots s \
        USING (schema_name, table_name, snapshot) JOIN catalog.datasets d ON d.identifier = r.dataset";
    let row = client.query_one(joined, &[]).await.expect("answers");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (MANY as i64 + 3, 3));
    let current =
        client.query(&format!("{joined} WHERE s.state = 'current' AND r.table_name = 'few'"), &[]).await.expect("answers");
    assert_eq!(current[0].get::<_, i64>(0), 0, "the last one has none");

    // What a filter leaves out can't be read any more: nobody tries.
    spoil(server.state(), "few", &first);
    spoil(server.state(), "codes", &codes);
    for (filter, want) in [
        (format!("snapshot = '{second}'"), Ok("few 2 4 q")),
        (format!("snapshot IN ('{second}', '{third}', 'none')"), Ok("few 2 4 q")),
        (format!("dataset = 'few' AND snapshot = '{second}' AND line > 4"), Ok("")),
        (format!("table_name = 'codes' AND snapshot = '{second}'"), Ok("")),
        ("dataset = 'fine'".to_owned(), Ok("")),
        ("schema_name = 'other'".to_owned(), Ok("")),
        ("table_name = 'few'".to_owned(), Err("rejects.ndjson")),
        ("dataset = 'codes'".to_owned(), Err("rejects.ndjson")),
        ("line > 0".to_owned(), Err("rejects.ndjson")),
    ] {
        match (told(&filter).await, want) {
            (Ok(got), Ok(want)) => assert_eq!(got, want, "{filter}"),
            (Err(got), Err(want)) => assert!(got.contains(want), "{filter}: {got}"),
            (got, want) => panic!("{filter}: {got:?} and not {want:?}"),
        }
    }
    let sql = "SELECT raw FROM catalog.rejects WHERE snapshot = $1";
    assert_eq!(client.query_one(sql, &[&second]).await.expect("one reject").get::<_, &str>(0), "q");

    // A snapshot whose folder is gone has no rejects to tell, and can't be read as it was.
    std::fs::remove_dir_all(server.state().join("snapshots/city/test/few").join(&first)).expect("removes");
    assert_eq!(told("table_name = 'few'").await.as_deref(), Ok("few 2 4 q"));
}
