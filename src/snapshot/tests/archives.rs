//! Archives, packings and limits, the whole way from a published object to a snapshot.

use super::*;
use crate::descriptor::Compression;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_touch_ends_at_its_deadline() {
    let bench = Bench::new();
    bench.put("t.csv", format!("a,b\n{}", "1,x\n".repeat(500_000)).as_bytes()).await;
    let options = Options { touch_timeout: Duration::from_millis(1), ..options(bench.state.path()) };
    let snapshots = over(&bench.shelf, options);
    let e = snapshots.current(&entry(csv("mem://t.csv")), None).await.map(|s| s.rows).expect_err("it takes longer");
    assert_eq!((e.kind(), e.message()), (Kind::Timeout, "reading s.t was stopped after 0.001 s"));
    assert_eq!(std::fs::read_dir(bench.state.path().join("snapshots/.staging")).expect("lists").count(), 0);
    assert_eq!(bench.touch(&csv("mem://t.csv")).await.expect("there is time").rows, 500_000);
}

#[tokio::test]
async fn members_of_one_shape_are_one_table() {
    let bench = Bench::new();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in [("y/2019.csv", "a,b\n1,x\n"), ("y/2020.csv", ""), ("y/2021.csv", "b,a,c\ny,2,3\n4\n"), ("about.pdf", "")]
    {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("a new name");
        std::io::Write::write_all(&mut zip, text.as_bytes()).expect("writes to memory");
    }
    let zip = zip.finish().expect("writes to memory").into_inner();
    bench.put("t.zip", &zip).await;
    bench.put("u.zip", &zip).await;
    let years = Distribution { member: Some("y/*.csv".into()), ..csv("mem://t.zip") };
    let snapshot = bench.touch(&years).await.expect("is read");
    let want = ["1|x|NULL", "2|y|3", "NULL|4|NULL"];
    assert_eq!(show(&snapshot)[1..], want);
    let drift = "the files differ in their columns (1 added, 1 moved); catalog.drift lists how";
    assert_eq!(bench.warnings(), ["mem://t.zip/y/2020.csv is empty and left out", drift]);
    let rejects = bench.snapshots.rejects(&snapshot).expect("are kept").map(|r| r.expect("can be read"));
    assert_eq!(rejects.map(|r| format!("{} {}", r.file, r.line)).collect::<Vec<_>>(), ["mem://t.zip/y/2021.csv 3"]);

    let parquet = Distribution { format: Some(Format::Parquet), member: Some("y/*.csv".into()), ..csv("mem://u.zip") };
    let e = bench.touch(&parquet).await.map(|s| s.rows).expect_err("it is none");
    assert_eq!(e.message(), "mem://u.zip/y/2019.csv can't be read as Parquet: 8 bytes are too few for a Parquet file");

    let one = Distribution { member: Some("y/2021.csv".into()), ..csv("mem://t.zip") };
    assert_eq!(show(&bench.touch(&one).await.expect("is read"))[0], "b Utf8View, a Int64, c Int64");
    let e = bench.touch(&csv("mem://t.zip")).await.expect_err("which?");
    assert_eq!(e.message(), "mem://t.zip is an archive of 3 data files, and its descriptor does not say which make the table");
    assert!(e.hint().is_some_and(|h| h.contains(r#"{"name": "2019", "path": "mem://t.zip", "innerpath": "y/2019.csv"}"#)));
}

#[tokio::test]
async fn what_stands_in_place_of_a_packed_file() {
    let page = "<!DOCTYPE html>\n<p>gone</p>\n";
    for (compression, text, want) in [
        (Compression::Gzip, "a\n1\n", "1 rows"),
        (Compression::Zip, "a\n1\n", "mem://t.csv is said to be a zip archive and is not"),
        (Compression::Tar, page, "mem://t.csv is said to be a tar archive and is not"),
        (Compression::Gzip, page, "mem://t.csv is said to be packed by gzip and is not"),
        (Compression::Xz, "a\0\n1\n", "mem://t.csv is said to be packed by xz and is not"),
    ] {
        let bench = Bench::new();
        bench.put("t.csv", text.as_bytes()).await;
        let packed = Distribution { compression: Some(compression), ..csv("mem://t.csv") };
        let got = bench.touch(&packed).await.map_or_else(|e| e.to_string(), |s| format!("{} rows", s.rows));
        assert_eq!(got, want, "{compression:?} {text:?}");
    }
}

#[tokio::test]
async fn headers_keep_to_the_limits_too() {
    for (text, want) in [
        (
            format!("a,{}\n1,2\n", "b".repeat(1001)),
            "mem://t.csv: the column \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb...\" has a name of more than 1000 bytes",
        ),
        (format!("a{}\n", ",a".repeat(20)), "mem://t.csv has too many columns: more than 20 are not read"),
        ("a,b\n1,2\n".to_owned(), ""),
    ] {
        let bench = Bench::new();
        bench.put("t.csv", text.as_bytes()).await;
        let options = Options { max_field_bytes: 1000, max_columns: 20, ..options(bench.state.path()) };
        let snapshots = over(&bench.shelf, options);
        let got = snapshots.current(&entry(csv("mem://t.csv")), None).await.map_or_else(|e| e.to_string(), |_| String::new());
        assert_eq!(got, want);
    }
}
