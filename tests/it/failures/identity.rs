//! When a source is read: once however many ask, again when it changed, not at all after a restart; and the last good snapshot when
//! it is gone.

use std::time::{Duration, SystemTime};

use super::{City, asked, assert_unharmed};
use crate::harness::{Server, Setup};
use crate::server::{self, Quirk};

async fn files() -> server::Server {
    server::Server::start(tempfile::tempdir().expect("a temporary folder").path()).await
}

/// How often the body was asked for.
fn reads(files: &server::Server, path: &str) -> usize {
    files.hits(path).iter().filter(|hit| hit.method == "GET").count()
}

const COUNT: &str = "select count(*) from t.trips";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_touches_at_once_read_the_source_once() {
    let files = files().await;
    files.put("trips.csv", "a,b\n".to_owned() + &"1,2\n".repeat(5_000));
    files.quirk("trips.csv", Quirk::Slow(Duration::from_millis(300)));
    let city = City::new();
    city.describe("trips", &files.url("trips.csv"), "");
    let server = Server::start(city.setup());
    let (first, second) = (server.client("city").await, server.client("city").await);
    let (one, two) = tokio::join!(first.query_one(COUNT, &[]), second.query_one(COUNT, &[]));
    assert_eq!((one.expect("answers").get::<_, i64>(0), two.expect("answers").get::<_, i64>(0)), (5_000, 5_000));
    assert_eq!(reads(&files, "trips.csv"), 1, "{:?}", files.hits("trips.csv"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_touch_goes_on_when_who_began_it_goes_away() {
    let files = files().await;
    files.put("trips.csv", "a,b\n".to_owned() + &"1,2\n".repeat(5_000));
    files.quirk("trips.csv", Quirk::Slow(Duration::from_millis(500)));
    let city = City::new();
    city.describe("trips", &files.url("trips.csv"), "");
    let server = Server::start(city.setup());
    let first = server.client("city").await;
    let asking = tokio::spawn(async move { first.query_one(COUNT, &[]).await.map(|row| row.get::<_, i64>(0)) });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let second = server.client("city").await;
    let other = tokio::spawn(async move { second.query_one(COUNT, &[]).await.map(|row| row.get::<_, i64>(0)) });
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Its connection closes with it.
    asking.abort();
    assert_eq!(other.await.expect("runs").expect("answers"), 5_000);
    assert_eq!(reads(&files, "trips.csv"), 1, "{:?}", files.hits("trips.csv"));
}

#[test]
fn a_local_file_that_changed_is_read_again() {
    let city = City::new();
    city.file("trips.csv", "a,b\n1,2\n");
    city.describe("trips", "trips.csv", "");
    let server = Server::start(city.setup());
    assert_eq!(asked(&server, COUNT), "1\n");
    city.file("trips.csv", "a,b\n1,2\n3,4\n");
    assert_eq!(asked(&server, COUNT), "2\n");
    // Same size, another time.
    city.file("trips.csv", "a,b\n5,6\n3,4\n");
    let file = std::fs::File::options().append(true).open(city.path("trips.csv")).expect("opens");
    file.set_modified(SystemTime::now() + Duration::from_secs(5)).expect("takes a time");
    assert_eq!(asked(&server, "select sum(a) from t.trips"), "8\n");
    assert_unharmed(&server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_file_that_changed_is_read_again_when_it_may_be_asked() {
    let files = files().await;
    files.put("trips.csv", "a,b\n1,2\n");
    let city = City::new();
    city.describe("trips", &files.url("trips.csv"), "");
    let revalidating = Server::start(Setup { revalidate: Some(Duration::ZERO), ..city.setup() });
    let believing = Server::start(Setup { state: None, ..city.setup() });
    assert_eq!((asked(&revalidating, COUNT), asked(&believing, COUNT)), ("1\n".to_owned(), "1\n".to_owned()));
    let read = reads(&files, "trips.csv");
    assert_eq!(asked(&revalidating, COUNT), "1\n");
    assert_eq!(reads(&files, "trips.csv"), read, "an unchanged file is not read again");
    files.put("trips.csv", "a,b\n1,2\n3,4\n");
    assert_eq!((asked(&revalidating, COUNT), asked(&believing, COUNT)), ("2\n".to_owned(), "1\n".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_reads_no_source_again() {
    let files = files().await;
    files.put("trips.csv", "a,b\n1,2\n");
    let city = City::new();
    city.describe("trips", &files.url("trips.csv"), "");
    drop(asked(&Server::start(city.setup()), COUNT));
    assert_eq!(reads(&files, "trips.csv"), 1);
    let again = Server::start(city.setup());
    assert_eq!(asked(&again, "select a, b from t.trips"), "1|2\n");
    assert_eq!(reads(&files, "trips.csv"), 1, "{:?}", files.hits("trips.csv"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_good_snapshot_stands_in_for_a_source_that_is_gone() {
    let files = files().await;
    files.put("trips.csv", "a,b\n1,2\n");
    let city = City::new();
    city.describe("trips", &files.url("trips.csv"), "");
    let server = Server::start(Setup { revalidate: Some(Duration::ZERO), ..city.setup() });
    assert_eq!(asked(&server, COUNT), "1\n");
    files.quirk("trips.csv", Quirk::Fail { times: usize::MAX, status: 404, retry_after: None });
    for server in [&server, &Server::start(city.setup())] {
        let shown = asked(server, COUNT);
        let (rows, warning) = shown.split_once('\n').expect("a row");
        assert_eq!(rows, "1");
        assert!(warning.starts_with("WARNING:") && warning.contains("trips.csv"), "{shown}");
    }
}

/// Rewritten in place, again and again, while it is read: what is served is one version of it, whole, or an error.
#[test]
fn a_local_file_rewritten_while_it_is_read_is_no_mixture() {
    const ROWS: usize = 40_000;
    let city = City::new();
    // All versions are of one size, so that half of one and half of another would read well.
    let version = |n: u64| format!("id,version\n{}", (0..ROWS).map(|i| format!("{i:05},{n:03}\n")).collect::<String>());
    city.file("v.csv", version(100));
    city.describe("v", "v.csv", "");
    let server = Server::start(city.setup());
    let over = std::sync::atomic::AtomicBool::new(false);
    let mut answers = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            use std::io::{Seek, Write};
            let mut file = std::fs::File::options().write(true).open(city.path("v.csv")).expect("opens");
            for n in 1.. {
                if over.load(std::sync::atomic::Ordering::Relaxed) {
                    return;
                }
                // In one write, which readers see in pieces.
                file.rewind().and_then(|()| file.write_all(version(100 + n % 900).as_bytes())).expect("writes");
                std::thread::sleep(Duration::from_millis(600));
            }
        });
        for _ in 0..12 {
            answers.push(asked(&server, "select count(*), max(version) - min(version) from t.v"));
        }
        over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let whole = format!("{ROWS}|0\n");
    for answer in &answers {
        assert!(answer.starts_with(&whole) || answer.starts_with("ERROR:  40001: "), "{answer}");
    }
    let last = asked(&server, "select count(*), max(version) - min(version) from t.v");
    assert!(last.starts_with(&whole), "{last}");
    assert_unharmed(&server);
}
