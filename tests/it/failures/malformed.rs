//! Files that lie about themselves: cut, packed or called otherwise than they are. Each is an error of its own table.

use std::io::Write;

use expect_test::expect;

use super::{City, asked, assert_unharmed};
use crate::harness::Server;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).and_then(|()| packed.finish()).expect("writes to memory")
}

fn zip(members: &[&str]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in members {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a new name");
        archive.write_all(b"a,b\n1,2\n").expect("writes to memory");
    }
    archive.finish().expect("writes to memory").into_inner()
}

/// A Parquet file of one column, with the length of its footer as given.
fn parquet(footer: Option<i32>, cut: usize) -> Vec<u8> {
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    let column: ArrayRef = std::sync::Arc::new(Int64Array::from_iter_values(0..1000));
    let batch = RecordBatch::try_from_iter([("a", column)]).expect("one column");
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).expect("a writer");
    writer.write(&batch).and_then(|()| writer.close()).expect("writes to memory");
    if let Some(footer) = footer {
        let at = bytes.len() - 8;
        bytes[at..at + 4].copy_from_slice(&footer.to_le_bytes());
    }
    bytes.truncate(bytes.len() - cut);
    bytes
}

/// An Arrow file of one column, its `len` bytes from `at` on zeroed.
fn arrow_file(damage: std::ops::Range<usize>) -> Vec<u8> {
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    let column: ArrayRef = std::sync::Arc::new(Int64Array::from_iter_values(0..1000));
    let batch = RecordBatch::try_from_iter([("a", column)]).expect("one column");
    let mut writer = arrow::ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).expect("a writer");
    writer.write(&batch).and_then(|()| writer.finish()).expect("writes to memory");
    let mut bytes = writer.into_inner().expect("finished");
    let end = bytes.len();
    bytes[end - damage.end..end - damage.start].fill(0xee);
    bytes
}

#[test]
fn each_is_an_error_that_names_the_file() {
    let city = City::new();
    let text = "a,b\n".to_owned() + &"1,2\n".repeat(10_000);
    let packed = gzip(text.as_bytes());
    let files: &[(&str, &str, Vec<u8>)] = &[
        ("pq_huge", "pq_huge.parquet", parquet(Some(i32::MAX), 0)),
        ("pq_negative", "pq_negative.parquet", parquet(Some(-1), 0)),
        ("pq_cut", "pq_cut.parquet", parquet(None, 100)),
        ("pq_text", "pq_text.parquet", b"a,b\n1,2\n3,4\n5,6\n".to_vec()),
        ("pq_short", "pq_short.parquet", b"PAR1".to_vec()),
        ("arrow_text", "arrow_text.arrow", b"a,b\n1,2\n3,4\n5,6\n7,8\n".to_vec()),
        ("arrow_footer", "arrow_footer.arrow", arrow_file(10..60)),
        ("arrow_length", "arrow_length.arrow", arrow_file(6..10)),
        ("gzip_cut", "gzip_cut.csv.gz", packed[..packed.len() / 2].to_vec()),
        ("gzip_text", "gzip_text.csv.gz", b"\x1f\x8bnot gzip".to_vec()),
        // Packed, so that what is in it is known at the first touch only.
        ("zip_two", "zip_two.zip.gz", gzip(&zip(&["first.csv", "second.csv"]))),
        ("zip_none", "zip_none.csv.zip", zip(&[])),
        ("bomb", "bomb.csv.zst", zstd::encode_all("a,b\n".repeat(30 << 20).as_bytes(), 1).expect("writes to memory")),
        ("object", "object.json", br#"{"a": 1"#.to_vec()),
        ("scalar", "scalar.json", b"42".to_vec()),
        ("line", "line.csv", ["a,b\n1,".as_bytes(), &vec![b'x'; 20 << 20], b"\n2,3\n"].concat()),
        ("geo", "geo.geojson", br#"{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": "Point"}, "properties": {"a": 1}}]}"#.to_vec()),
    ];
    for (name, path, bytes) in files {
        city.file(path, bytes);
        city.describe(name, path, "");
    }
    let server = Server::start(city.setup());
    let mut shown = String::new();
    for (name, ..) in files {
        shown += &format!("{name}: {}", asked(&server, &format!("select count(*), sum(a) from t.{name}")));
        assert_unharmed(&server);
    }
    expect![[r#"
        pq_huge: ERROR:  22000: CITY/pq_huge.parquet can't be read: its footer claims 2147483647 of 9730 bytes
        DETAIL:  It is the source of t.pq_huge.
        HINT:  Correct the descriptor, or tell the publisher.
        pq_negative: ERROR:  22000: CITY/pq_negative.parquet can't be read: its footer claims 4294967295 of 9730 bytes
        DETAIL:  It is the source of t.pq_negative.
        HINT:  Correct the descriptor, or tell the publisher.
        pq_cut: ERROR:  22000: CITY/pq_cut.parquet can't be read: it does not end as a Parquet file
        DETAIL:  It is the source of t.pq_cut.
        HINT:  Correct the descriptor, or tell the publisher.
        pq_text: ERROR:  22000: CITY/pq_text.parquet can't be read: it does not end as a Parquet file
        DETAIL:  It is the source of t.pq_text.
        HINT:  Correct the descriptor, or tell the publisher.
        pq_short: ERROR:  22000: CITY/pq_short.parquet can't be read: 4 bytes are too few for a Parquet file
        DETAIL:  It is the source of t.pq_short.
        HINT:  Correct the descriptor, or tell the publisher.
        arrow_text: ERROR:  22000: CITY/arrow_text.arrow can't be read as Arrow: it is neither an Arrow file nor a stream
        DETAIL:  It is the source of t.arrow_text.
        HINT:  Correct the descriptor, or tell the publisher.
        arrow_footer: ERROR:  22000: CITY/arrow_footer.arrow can't be read: Range [128, 4008636270) is out of bounds.
        DETAIL:  It is the source of t.arrow_footer.
        HINT:  Correct the descriptor, or tell the publisher.
        arrow_length: ERROR:  22000: CITY/arrow_length.arrow can't be read: its footer claims 4008636142 of 8570 bytes
        DETAIL:  It is the source of t.arrow_length.
        HINT:  Correct the descriptor, or tell the publisher.
        gzip_cut: ERROR:  22000: CITY/gzip_cut.csv.gz can't be unpacked: it is cut short
        DETAIL:  It is the source of t.gzip_cut.
        HINT:  Correct the descriptor, or tell the publisher.
        gzip_text: ERROR:  22000: CITY/gzip_text.csv.gz can't be unpacked: invalid gzip header
        DETAIL:  It is the source of t.gzip_text.
        HINT:  Correct the descriptor, or tell the publisher.
        zip_two: ERROR:  22000: CITY/zip_two.zip.gz is an archive of 2 data files, and its descriptor does not say which make the table
        DETAIL:  It is the source of t.zip_two. It holds first.csv, second.csv.
        HINT:  Say it in the resource: "innerpath": "first.csv" for one file, "innerpath": "*.csv" for all as one table when they have the same columns. Or write a resource for each:
        {"name": "first", "path": "CITY/zip_two.zip.gz", "innerpath": "first.csv"},
        {"name": "second", "path": "CITY/zip_two.zip.gz", "innerpath": "second.csv"}
        zip_none: ERROR:  22000: CITY/zip_none.csv.zip is an archive without a file that a table can be made of
        DETAIL:  It is the source of t.zip_none. It holds no file.
        HINT:  When one of them is data, name it in the resource: "innerpath": "...".
        bomb: ERROR:  22000: CITY/bomb.csv.zst unpacks to more than 500 times its size and is taken for a bomb
        DETAIL:  It is the source of t.bomb.
        HINT:  When it is none, raise the limit with --max-ratio.
        object: ERROR:  22000: CITY/object.json, line 1: the text ends where a name in quotes is expected
        DETAIL:  It is the source of t.object.
        HINT:  It seems to be cut short: publish or fetch it again.
        scalar: ERROR:  22000: CITY/scalar.json, line 1: neither an array nor an object, so it holds no records
        DETAIL:  It is the source of t.scalar.
        HINT:  Correct the descriptor, or tell the publisher.
        line: ERROR:  22000: CITY/line.csv, line 2: a line is longer than 16777216 bytes
        DETAIL:  It is the source of t.line.
        HINT:  Declare the dialect's lineTerminator, or raise the limit with --max-field-size.
        geo: 1|1
    "#]]
    .assert_eq(&city.normal(&shown, None));
}

#[test]
fn a_broken_line_is_a_reject_among_good_ones() {
    let city = City::new();
    city.describe("events", "events.ndjson", "");
    city.file("events.ndjson", "{\"n\": 1}\n{\"n\": 2\n\n{\"n\": 3}\n");
    let server = Server::start(city.setup());
    let shown = [
        asked(&server, "select count(*), sum(n) from t.events"),
        asked(&server, "select line, column_name, raw, reason from catalog.rejects"),
        asked(&server, "select rows, rows_read, rejects from catalog.snapshots where table_name = 'events'"),
    ];
    expect![[r#"
        2|4
        2||{"n": 2|the line is not JSON: EOF while parsing an object at line 1 column 7
        2|3|1
    "#]]
    .assert_eq(&city.normal(&shown.concat(), None));
}

/// The pages of a Parquet file are damaged, its footer is not: found while scanning.
#[test]
fn damaged_pages_are_an_error_while_scanning() {
    let city = City::new();
    let mut bytes = parquet(None, 0);
    bytes[4..40].fill(0xff);
    city.file("pages.parquet", bytes);
    city.describe("pages", "pages.parquet", "");
    let server = Server::start(city.setup());
    let shown = asked(&server, "select sum(a) from t.pages");
    assert!(shown.starts_with("ERROR:"), "{shown}");
    assert_unharmed(&server);
}
