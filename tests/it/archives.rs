//! Archives as publishers have them, asked through the wire: a GTFS feed, remote archives, bodies that a server packs by itself.

use std::io::Write;
use std::path::Path;

use tokio_postgres::Client;

use crate::harness::{Server, Setup, rows, shared_data};
use crate::server::{Quirk, Server as Web};

fn describe(folder: &Path, name: &str, resources: &str) {
    let package =
        format!(r#"{{"name": "{name}", "theme": "transport", "stoa:base": {:?}, "resources": {resources}}}"#, shared_data());
    std::fs::write(folder.join(format!("{name}.datapackage.json")), package).expect("a descriptor can be written");
}

async fn ask(client: &Client, sql: &str) -> Vec<Vec<String>> {
    rows(client, sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"))
}

/// The message, detail and hint of a query that fails.
async fn said(client: &Client, sql: &str) -> String {
    let e = rows(client, sql).await.expect_err(sql);
    let e = e.as_db_error().expect("the server stays up");
    [Some(e.message()), e.detail(), e.hint()].into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn zip(members: &[(&str, &str)]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in members {
        out.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a new name");
        out.write_all(text.as_bytes()).expect("writes to memory");
    }
    out.finish().expect("writes to memory").into_inner()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(text.as_bytes()).and_then(|()| out.finish()).expect("writes to memory")
}

/// The counts are those of the real data's MANIFEST.csv; the joins' of Python's csv module.
#[tokio::test]
async fn a_gtfs_feed_is_a_table_for_each_file() {
    let described = tempfile::tempdir().expect("a temporary folder");
    describe(described.path(), "bart", r#"[{"name": "feed", "path": "transport/gtfs-bart.zip"}]"#);
    let bare = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(bare.path().join("transport")).expect("a folder can be made");
    let feed = bare.path().join("transport/bart.zip");
    std::os::unix::fs::symlink(shared_data().join("transport/gtfs-bart.zip"), feed).expect("a link can be made");
    let catalogs = vec![("described", described.path().to_owned()), ("bare", bare.path().to_owned())];
    let server = Server::start(Setup { catalogs, ..Setup::default() });
    for database in ["described", "bare"] {
        let client = server.client(database).await;
        let listed = ask(&client, "select table_name from information_schema.tables where table_schema = 'transport'").await;
        assert_eq!(listed.len(), 12, "{database}: {listed:?}");
        for (name, count) in [
            ("agency", "2"),
            ("calendar", "5"),
            ("calendar_dates", "32"),
            ("fare_attributes", "106"),
            ("fare_rules", "1849"),
            ("frequencies", "6"),
            ("routes", "11"),
            ("shapes", "105"),
            ("stop_times", "33270"),
            ("stops", "46"),
            ("transfers", "4"),
            ("trips", "1620"),
        ] {
            assert_eq!(
                ask(&client, &format!("select count(*) from transport.bart_{name}")).await,
                [[count]],
                "{database} {name}"
            );
        }
        let joined = "select stop_name, count(*) from bart_stop_times join bart_trips using (trip_id) join bart_stops using (stop_id) \
                      join bart_routes using (route_id) group by 1 order by 2 desc, 1 limit 3";
        let want = [["Embarcadero BART", "1189"], ["Montgomery St. BART", "1189"], ["West Oakland BART", "1188"]];
        assert_eq!(ask(&client, joined).await, want, "{database}");
        assert_eq!(ask(&client, "select count(*) from catalog.problems").await, [["0"]], "{database}");
    }
}

#[tokio::test]
async fn a_remote_archive_says_what_to_write() {
    let catalog = tempfile::tempdir().expect("a temporary folder");
    let web = Web::start(catalog.path()).await;
    let feed = zip(&[("d/2019.csv", "a\n1\n"), ("d/2020.csv", "a\n2\n3\n"), ("licence.txt", "free")]);
    web.put("feed.zip", feed);
    web.put("one.zip", zip(&[("data.csv", "a\n1\n"), ("readme.pdf", "%PDF-"), ("metadata.xml", "<m/>")]));
    let url = web.url("feed.zip");
    describe(catalog.path(), "which", &format!(r#"[{{"path": "{url}"}}]"#));
    describe(catalog.path(), "years", &format!(r#"[{{"path": "{url}", "innerpath": "d/*.csv"}}]"#));
    describe(catalog.path(), "none", &format!(r#"[{{"path": "{url}", "innerpath": "2019.csv"}}]"#));
    describe(catalog.path(), "one", &format!(r#"[{{"path": "{}"}}]"#, web.url("one.zip")));
    let server = Server::start(Setup { catalogs: vec![("c", catalog.path().to_owned())], ..Setup::default() });
    let client = server.client("c").await;
    let which = said(&client, "select * from which").await;
    for text in [
        format!("{url} is an archive of 2 data files, and its descriptor does not say which make the table"),
        "It holds d/2019.csv, d/2020.csv.".to_owned(),
        format!(r#"{{"name": "2020", "path": "{url}", "innerpath": "d/2020.csv"}}"#),
    ] {
        assert!(which.contains(&text), "{which}");
    }
    let years = ask(&client, "select a, _source_file from years order by a").await;
    assert_eq!(years, [["1", "feed.zip/d/2019.csv"], ["2", "feed.zip/d/2020.csv"], ["3", "feed.zip/d/2020.csv"]]);
    assert!(said(&client, "select * from none").await.contains("holds no file \"2019.csv\""));
    assert_eq!(ask(&client, "select * from one").await, [["1"]]);
}

/// `Accept-Encoding: identity` is asked for; a server that packs the body all the same has its Content-Length of the packed bytes, and those
/// are what is fetched, compared and unpacked.
#[tokio::test]
async fn a_body_that_the_server_packs_is_unpacked() {
    let catalog = tempfile::tempdir().expect("a temporary folder");
    let web = Web::start(catalog.path()).await;
    let text = format!("a,b\n{}", "1,x\n".repeat(10_000));
    for (name, quirks) in [("plain", vec![]), ("chunked", vec![Quirk::NoLength]), ("tagless", vec![Quirk::NoValidators])] {
        let path = format!("{name}.csv");
        web.put(&path, gzip(&text));
        web.quirk(&path, Quirk::Encoded("gzip"));
        quirks.into_iter().for_each(|quirk| web.quirk(&path, quirk));
        describe(catalog.path(), name, &format!(r#"[{{"path": "{}"}}]"#, web.url(&path)));
    }
    let server = Server::start(Setup { catalogs: vec![("c", catalog.path().to_owned())], ..Setup::default() });
    let client = server.client("c").await;
    for name in ["plain", "chunked", "tagless"] {
        assert_eq!(ask(&client, &format!("select count(*), sum(a) from {name}")).await, [["10000", "10000"]], "{name}");
    }
}

fn parquet(from: i64, to: i64) -> Vec<u8> {
    let n: arrow::array::ArrayRef = std::sync::Arc::new(arrow::array::Int64Array::from_iter_values(from..to));
    let t: arrow::array::ArrayRef =
        std::sync::Arc::new(arrow::array::StringArray::from_iter_values((from..to).map(|n| format!("t{}", n % 5))));
    let batch = arrow::record_batch::RecordBatch::try_from_iter([("n", n), ("t", t)]).expect("of one length");
    let properties = parquet::file::properties::WriterProperties::builder().set_max_row_group_row_count(Some(1000)).build();
    let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).expect("opens");
    writer.write(&batch).expect("writes to memory");
    writer.into_inner().expect("is finished")
}

fn arrow(from: i64, to: i64) -> Vec<u8> {
    let n: arrow::array::ArrayRef = std::sync::Arc::new(arrow::array::Int64Array::from_iter_values(from..to));
    let batch = arrow::record_batch::RecordBatch::try_from_iter([("n", n)]).expect("a column");
    let mut writer = arrow::ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).expect("opens");
    writer.write(&batch).expect("writes to memory");
    writer.into_inner().expect("is finished")
}

/// A zip archive of files that are no text.
fn packed(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        out.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a new name");
        out.write_all(bytes).expect("writes to memory");
    }
    out.finish().expect("writes to memory").into_inner()
}

#[tokio::test]
async fn columnar_files_are_read_out_of_archives() {
    let bare = tempfile::tempdir().expect("a temporary folder");
    let (a, b, c) = (parquet(0, 2500), parquet(2500, 3000), arrow(0, 10));
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&a).expect("writes to memory");
    let cut = &a[..a.len() - 9];
    for (name, bytes) in [
        ("one.zip", packed(&[("d/a.parquet", &a), ("readme.md", b"of a")])),
        ("two.zip", packed(&[("y/a.parquet", &a), ("y/b.parquet", &b)])),
        ("mixed.zip", packed(&[("a.parquet", &a), ("c.arrow", &c), ("d.csv", b"x\n1\n")])),
        ("packed.parquet.gz", gz.finish().expect("writes to memory")),
        ("cut.zip", packed(&[("a.parquet", cut)])),
    ] {
        std::fs::write(bare.path().join(name), bytes).expect("writes");
    }
    let described = tempfile::tempdir().expect("a temporary folder");
    let package = format!(
        r#"{{"name": "years", "stoa:base": {:?}, "resources": [{{"name": "all", "path": "two.zip", "innerpath": "y/*.parquet"}}]}}"#,
        bare.path()
    );
    std::fs::write(described.path().join("years.datapackage.json"), package).expect("writes");
    let catalogs = vec![("bare", bare.path().to_owned()), ("described", described.path().to_owned())];
    let server = Server::start(Setup { catalogs, ..Setup::default() });
    let client = server.client("bare").await;
    let all = |table: &str| format!("select count(*), sum(n), count(distinct t) from {table}");
    for (table, want) in [
        ("one", ["2500", "3123750", "5"]),
        ("two_a", ["2500", "3123750", "5"]),
        ("two_b", ["500", "1374750", "5"]),
        ("mixed_a", ["2500", "3123750", "5"]),
        ("packed", ["2500", "3123750", "5"]),
    ] {
        assert_eq!(ask(&client, &all(table)).await, [want], "{table}");
    }
    assert_eq!(ask(&client, "select count(*), sum(n) from mixed_c").await, [["10", "45"]]);
    assert_eq!(ask(&client, "select x from mixed_d").await, [["1"]]);
    let e = said(&client, "select * from cut").await;
    assert!(e.contains("cut.zip/a.parquet can't be read as Parquet: it does not end as a Parquet file"), "{e}");
    let client = server.client("described").await;
    let years = "select count(*), sum(n), count(distinct _source_file) from years";
    assert_eq!(ask(&client, years).await, [["3000", "4498500", "2"]]);
}
