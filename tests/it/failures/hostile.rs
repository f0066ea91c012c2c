//! An HTTP server on a bare socket that lies about what it sends: bodies that are cut, with and without a length that says so,
//! connections that are reset, versions that change between two answers. What is asked for is whole rows of one version, or an error.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::{City, asked, assert_unharmed};
use crate::harness::{Server, Setup};

/// What one GET is answered with; HEAD always tells the first version.
#[derive(Clone, Debug)]
enum Answer {
    /// The range or the whole, as asked, of version 1.
    Honest,
    /// The length of all, then only so many bytes, and the end of the connection.
    Cut(usize),
    /// So many bytes, and a length that says just that.
    Shorter(usize),
    /// The length of all, so many bytes, and a reset in place of an end.
    Reset(usize),
    /// The other version, with its own tag and length, whatever If-Match says.
    Replaced,
    /// More than was told, and a length that says so.
    Longer,
    /// A part that begins so many bytes behind what was asked for.
    Shifted(usize),
    /// A part whose Content-Range is right and whose body ends early, as its length says.
    ShortPart(usize),
    /// 412, as when If-Match does not hold.
    Refused,
    /// Nothing but the end of the connection.
    Silence,
}

/// A server that answers each GET by the next of its answers, the last one again and again.
struct Hostile {
    url: String,
    answers: Arc<Mutex<Vec<Answer>>>,
}

/// What both versions are of.
struct Versions {
    first: Vec<u8>,
    other: Vec<u8>,
    tagged: bool,
}

impl Hostile {
    fn start(versions: Versions, answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
        let answers = Arc::new(Mutex::new(answers));
        let (shared, versions) = (Arc::clone(&answers), Arc::new(versions));
        // It ends with the test's process.
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (answers, versions) = (Arc::clone(&shared), Arc::clone(&versions));
                std::thread::spawn(move || serve(socket, &versions, &answers));
            }
        });
        Self { url, answers }
    }

    /// From now on it tells the truth.
    fn reform(&self) {
        *self.answers.lock().expect("no panic") = vec![Answer::Honest];
    }
}

/// Answers one request and closes, so that each answer is of a connection of its own.
fn serve(socket: TcpStream, versions: &Versions, answers: &Mutex<Vec<Answer>>) {
    let mut lines = BufReader::new(socket.try_clone().expect("a second handle")).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    let headers: Vec<String> = lines.by_ref().take_while(|l| !l.is_empty()).map(|l| l.to_ascii_lowercase()).collect();
    let range = headers.iter().find_map(|h| h.strip_prefix("range: bytes=")).map(|r| {
        let (first, last) = r.split_once('-').expect("a range");
        (first.parse::<usize>().ok(), last.parse::<usize>().ok())
    });
    if request.starts_with("HEAD") {
        let head = head("200 OK", versions.first.len(), versions.tagged.then_some("one"), None);
        return send(&socket, head.as_bytes());
    }
    let answer = {
        let mut answers = answers.lock().expect("no panic");
        if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
    };
    let replaced = matches!(answer, Answer::Replaced);
    let (bytes, tag) = if replaced { (&versions.other, "two") } else { (&versions.first, "one") };
    let tag = versions.tagged.then_some(tag);
    let size = bytes.len();
    let (status, start, end) = match range {
        Some((Some(first), last)) => ("206 Partial Content", first.min(size), last.map_or(size, |l| (l + 1).min(size))),
        Some((None, Some(last))) => ("206 Partial Content", size.saturating_sub(last), size),
        Some((None, None)) | None => ("200 OK", 0, size),
    };
    let part = |start: usize, end: usize| range.map(|_| format!("bytes {start}-{}/{size}", end.max(1) - 1));
    let body = &bytes[start..end];
    match answer {
        Answer::Honest | Answer::Replaced => {
            send(&socket, head(status, body.len(), tag, part(start, end)).as_bytes());
            send(&socket, body);
        }
        Answer::Cut(n) | Answer::Reset(n) => {
            send(&socket, head(status, body.len(), tag, part(start, end)).as_bytes());
            send(&socket, &body[..n.min(body.len())]);
            if matches!(answer, Answer::Reset(_)) {
                // What was sent is to arrive before the reset does.
                std::thread::sleep(std::time::Duration::from_millis(50));
                socket2::SockRef::from(&socket).set_linger(Some(std::time::Duration::ZERO)).expect("is set");
            }
        }
        Answer::Shorter(n) => {
            let body = &body[..n.min(body.len())];
            send(&socket, head(status, body.len(), tag, part(start, start + body.len())).as_bytes());
            send(&socket, body);
        }
        Answer::Longer => {
            let longer = [body, b"9,9\n9,9\n"].concat();
            send(&socket, head(status, longer.len(), tag, part(start, end)).as_bytes());
            send(&socket, &longer);
        }
        Answer::Shifted(by) => {
            let start = (start + by).min(end);
            let range = format!("bytes {start}-{}/{size}", end.max(1) - 1);
            send(&socket, head("206 Partial Content", end - start, tag, Some(range)).as_bytes());
            send(&socket, &bytes[start..end]);
        }
        Answer::ShortPart(n) => {
            let body = &body[..n.min(body.len())];
            send(&socket, head(status, body.len(), tag, part(start, end)).as_bytes());
            send(&socket, body);
        }
        Answer::Refused => send(&socket, head("412 Precondition Failed", 0, None, None).as_bytes()),
        Answer::Silence => {}
    }
}

fn head(status: &str, length: usize, tag: Option<&str>, range: Option<String>) -> String {
    let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nAccept-Ranges: bytes\r\nConnection: close\r\n");
    let version = |tag| format!("ETag: \"{tag}\"\r\nLast-Modified: Sun, 22 Nov 2026 05:00:00 GMT\r\n");
    head += &tag.map_or(String::new(), version);
    head += &range.map_or(String::new(), |range| format!("Content-Range: {range}\r\n"));
    head + "\r\n"
}

fn send(mut socket: &TcpStream, bytes: &[u8]) {
    // A client that had enough is no concern of this server.
    let _ = socket.write_all(bytes);
}

const ROWS: usize = 3_000;

/// Rows of one number each, so that a mixture of two versions shows.
fn rows(version: usize) -> Vec<u8> {
    let lines: String = (0..ROWS).map(|i| format!("{i},{version}\n")).collect();
    format!("id,version\n{lines}").into_bytes()
}

fn versions(tagged: bool) -> Versions {
    Versions { first: rows(1), other: rows(2), tagged }
}

const ASKED: &str = "select count(*), min(version), max(version), sum(id) from t.v";

/// All rows of a version.
fn whole(version: usize) -> String {
    format!("{ROWS}|{version}|{version}|{}\n", ROWS * (ROWS - 1) / 2)
}

#[test]
fn bodies_that_are_not_what_was_listed_give_whole_rows_or_an_error() {
    use Answer::*;
    let half = rows(1).len() / 2;
    /// What it is, whether versions have a tag, the answers, and what the client sees: all rows of version 1, or the SQLSTATE of an error and
    /// a word of its message.
    type Case = (&'static str, bool, Vec<Answer>, Result<(), (&'static str, &'static str)>);
    let cases: &[Case] = &[
        ("a cut body goes on where it broke", true, vec![Cut(half), Honest], Ok(())),
        ("a reset one too", true, vec![Reset(half), Honest], Ok(())),
        ("and when it breaks again and again", true, vec![Reset(100), Cut(10), Reset(1_000), Honest], Ok(())),
        ("one that answers nothing", true, vec![Silence, Honest], Ok(())),
        ("a cut body of no version can't go on", false, vec![Cut(half)], Err(("58030", "broke off"))),
        ("one that never gets further", true, vec![Cut(0)], Err(("58030", "broke off"))),
        ("a length that says what is missing is no excuse", true, vec![Shorter(half)], Err(("40001", "changed"))),
        ("nor is it without a tag", false, vec![Shorter(half)], Err(("40001", "changed"))),
        ("more than was listed", true, vec![Longer], Err(("40001", "changed"))),
        ("another version under another tag", true, vec![Replaced], Err(("40001", "changed"))),
        ("another version in the rest", true, vec![Cut(half), Replaced], Err(("40001", "changed"))),
        ("a rest that If-Match refuses", true, vec![Cut(half), Refused], Err(("40001", "changed"))),
        // Asked twice, since Stoa itself tries once more.
        ("a rest that begins elsewhere", true, vec![Cut(half), Shifted(4), Cut(half), Shifted(4)], Err(("40001", "changed"))),
        ("a rest that is too short", true, vec![Cut(half), ShortPart(10), Honest], Ok(())),
        ("a part of what was asked for", true, vec![Shifted(4)], Err(("22000", "another range"))),
    ];
    for (what, tagged, answers, expected) in cases {
        let hostile = Hostile::start(versions(*tagged), answers.clone());
        let city = City::new();
        city.describe("v", &format!("{}v.csv", hostile.url), "");
        let server = Server::start(Setup { revalidate: Some(std::time::Duration::ZERO), ..city.setup() });
        let shown = asked(&server, ASKED);
        match expected {
            Ok(()) => assert_eq!(shown, whole(1), "{what}"),
            Err((state, word)) => {
                let first = shown.lines().next().unwrap_or_default();
                assert!(first.starts_with(&format!("ERROR:  {state}: ")) && first.contains(word), "{what}: {shown}");
                assert!(!shown.contains('|'), "{what}: {shown}");
            }
        }
        assert_unharmed(&server);
        hostile.reform();
        assert_eq!(asked(&server, ASKED), whole(1), "{what}, once the server is honest");
        let counts = asked(&server, "select rows, rows_read, rejects from catalog.snapshots where table_name = 'v'");
        assert_eq!(counts, format!("{ROWS}|{ROWS}|0\n"), "{what}");
    }
}

/// The same of a bucket, whose protocol another library speaks: it goes on where a body broke off, and what it does not look at is
/// found by the lengths and tags of its answers.
#[test]
fn buckets_that_do_not_send_what_was_listed_give_whole_rows_or_an_error() {
    use Answer::*;
    let half = rows(1).len() / 2;
    for (what, answers, expected) in [
        ("a cut body goes on where it broke", vec![Cut(half), Honest], Ok(())),
        ("a reset one too", vec![Reset(half), Reset(50), Honest], Ok(())),
        ("a length that says what is missing", vec![Shorter(half)], Err("40001")),
        ("more than was listed", vec![Longer], Err("40001")),
        ("another version under another tag", vec![Replaced], Err("40001")),
        ("another version in the rest", vec![Cut(half), Replaced], Err("58030")),
        ("a rest that If-Match refuses", vec![Cut(half), Refused], Err("58030")),
        ("a rest that begins elsewhere", vec![Cut(half), Shifted(4)], Err("40001")),
        ("a rest that is too short", vec![Cut(half), ShortPart(10)], Err("40001")),
    ] {
        let hostile = Hostile::start(versions(true), answers);
        let city = City::new();
        city.describe("v", "s3://city/v.csv", "");
        let endpoint = hostile.url.trim_end_matches('/');
        let settings = [("AWS_ENDPOINT_URL", endpoint), ("AWS_ALLOW_HTTP", "true"), ("AWS_SKIP_SIGNATURE", "true")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let server = Server::start(Setup { settings, ..city.setup() });
        let shown = asked(&server, ASKED);
        match expected {
            Ok(()) => assert_eq!(shown, whole(1), "{what}"),
            Err(state) => assert!(shown.starts_with(&format!("ERROR:  {state}: ")), "{what}: {shown}"),
        }
        assert_unharmed(&server);
        hostile.reform();
        assert_eq!(asked(&server, ASKED), whole(1), "{what}, once the bucket is honest");
    }
}

/// The last good snapshot stays, and the warning says why.
#[test]
fn a_refresh_that_is_cut_leaves_the_last_snapshot() {
    let hostile = Hostile::start(versions(true), vec![Answer::Honest]);
    let city = City::new();
    city.describe("v", &format!("{}v.csv", hostile.url), "");
    {
        let server = Server::start(city.setup());
        assert_eq!(asked(&server, ASKED), whole(1));
    }
    let cut = Hostile::start(Versions { first: rows(2), other: rows(2), tagged: true }, vec![Answer::Shorter(500)]);
    // The same table, whose file is elsewhere now: a mirror keeps its identity.
    let mirrors = vec![(hostile.url.clone(), cut.url.clone())];
    let server = Server::start(Setup { mirrors, ..city.setup() });
    let shown = asked(&server, ASKED);
    assert!(shown.starts_with(&whole(1)), "{shown}");
    assert_unharmed(&server);
}

/// A Parquet file that is read by ranges where it stands, and replaced between two of them.
#[test]
fn a_parquet_file_replaced_between_two_ranges_is_no_mixture() {
    use Answer::*;
    let file = |version: i64| {
        use arrow::array::{ArrayRef, Int64Array};
        let ids = Arc::new(Int64Array::from_iter_values(0..ROWS as i64)) as ArrayRef;
        let versions = Arc::new(Int64Array::from_iter_values(std::iter::repeat_n(version, ROWS))) as ArrayRef;
        let batch = arrow::record_batch::RecordBatch::try_from_iter([("id", ids), ("version", versions)]).expect("two columns");
        let mut out = Vec::new();
        let mut writer = parquet::arrow::ArrowWriter::try_new(&mut out, batch.schema(), None).expect("opens");
        writer.write(&batch).and_then(|()| writer.close()).expect("writes to memory");
        out
    };
    for honest in 0..8 {
        for lie in [Replaced, Refused, Cut(20), ShortPart(7), Shorter(7)] {
            let versions = Versions { first: file(1), other: file(2), tagged: true };
            let answers = [vec![Honest; honest], vec![lie.clone()]].concat();
            let hostile = Hostile::start(versions, answers);
            let city = City::new();
            city.describe("v", &format!("{}v.parquet", hostile.url), "");
            let server = Server::start(city.setup());
            let shown = asked(&server, ASKED);
            assert!(
                shown == whole(1) || shown.starts_with("ERROR:  58030") || shown.starts_with("ERROR:  40001"),
                "{honest} honest answers, then {lie:?}: {shown}"
            );
            assert_unharmed(&server);
            hostile.reform();
            assert_eq!(asked(&server, ASKED), whole(1), "{honest} honest answers, then {lie:?}, then honest ones");
        }
    }
}
