//! Two real processes on one state, in a folder and in a bucket of a real S3 server: they read the same tables at the same time, refresh
//! while the other reads, and are killed. No row is ever served that no version of a source has, and nothing is lost of the state.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::failures::City;
use crate::process::{Launch, Process};
use crate::s3;

/// Where the state of two servers is.
enum Shared {
    Folder(tempfile::TempDir),
    Bucket(s3::Server),
}

impl Shared {
    async fn all() -> [Self; 2] {
        let s3 = s3::Server::start().await;
        s3.fill("state", []).await;
        [Self::Folder(tempfile::tempdir().expect("a temporary folder")), Self::Bucket(s3)]
    }

    /// One more server. Those on a folder share its index too; those on a bucket have a cache each, as on machines of their own.
    fn server(&self, city: &City, cache: &str) -> Process {
        let catalog = city.path("");
        let launch = match self {
            Self::Folder(dir) => Launch::new(&catalog, dir.path()),
            Self::Bucket(s3) => s3.launch(&catalog, "s3://state/of/city", &city.state().join(cache)),
        };
        launch.with("--revalidate", "0").start()
    }

    /// The files of the state by their names below `snapshots`, locks and marks left out, and each manifest's text.
    async fn files(&self) -> Vec<(String, Option<String>)> {
        let mut found = Vec::new();
        let hidden = |name: &str| name.split('/').any(|part| part.starts_with('.'));
        match self {
            Self::Folder(dir) => {
                let root = dir.path().join("snapshots");
                for entry in walkdir::WalkDir::new(&root).into_iter().flatten().filter(|e| e.file_type().is_file()) {
                    let name = entry.path().strip_prefix(&root).expect("below").to_string_lossy().into_owned();
                    let text = name.ends_with("manifest.json").then(|| std::fs::read_to_string(entry.path()).expect("reads"));
                    found.push((name, text));
                }
            }
            Self::Bucket(s3) => {
                let bucket = s3.bucket("state");
                for meta in bucket.list(None).try_collect::<Vec<_>>().await.expect("is listed") {
                    let name = meta.location.as_ref().strip_prefix("of/city/snapshots/").expect("all stands there").to_owned();
                    let text = if name.ends_with("manifest.json") {
                        Some(bucket.get(&meta.location).await.expect("is there").bytes().await.expect("is whole"))
                    } else {
                        None
                    };
                    found.push((name, text.map(|bytes| String::from_utf8(bytes.to_vec()).expect("UTF-8"))));
                }
            }
        }
        found.retain(|(name, _)| !hidden(name));
        found
    }

    /// Every manifest is whole, every part that it names stands with its size, and every record's counts add up; how many snapshots each
    /// table has.
    async fn check_intact(&self) -> Vec<(String, usize)> {
        let files = self.files().await;
        let mut tables = Vec::new();
        for (name, text) in files.iter().filter_map(|(name, text)| Some((name, text.as_ref()?))) {
            let manifest: serde_json::Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{name}: {e}: {text}"));
            let table = name.strip_suffix("/manifest.json").expect("a manifest");
            let records = manifest["snapshots"].as_array().expect("a list");
            for record in records {
                let count = |key: &str| record[key].as_u64().expect("a number");
                assert_eq!(count("rows"), count("rows_read"), "{record}");
                for part in record["parts"].as_array().expect("a list") {
                    let path =
                        format!("{table}/{}/{}", record["id"].as_str().expect("a text"), part["file"].as_str().expect("a text"));
                    assert!(files.iter().any(|(name, _)| *name == path), "{path} is named and does not stand: {files:?}");
                }
            }
            tables.push((table.rsplit('/').next().expect("a name").to_owned(), records.len()));
        }
        tables.sort();
        tables
    }
}

const TABLES: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_touches_of_two_servers_make_one_snapshot() {
    for shared in Shared::all().await {
        let city = City::new();
        for n in 1..=TABLES {
            let lines: String = (0..n * 4_000).map(|i| format!("{i},{}\n", i % 7)).collect();
            city.file(&format!("t{n}.csv"), format!("id,kind\n{lines}"));
            city.describe(&format!("t{n}"), &format!("t{n}.csv"), "");
        }
        let servers = [shared.server(&city, "one"), shared.server(&city, "other")];
        std::thread::scope(|scope| {
            for n in 1..=TABLES {
                for server in &servers {
                    scope.spawn(move || {
                        let rows = n * 4_000;
                        let asked = server.rows(&format!("select count(*), sum(id), count(distinct kind) from t.t{n}"));
                        assert_eq!(asked, Ok(format!("{rows}|{}|7\n", rows * (rows - 1) / 2)));
                    });
                }
            }
        });
        let tables = shared.check_intact().await;
        let want: Vec<(String, usize)> = (1..=TABLES).map(|n| (format!("t{n}"), 1)).collect();
        assert_eq!(tables, want);
        // Who came second removed his own.
        let files = shared.files().await;
        assert_eq!(files.len(), 3 * TABLES, "a manifest, a part and a ledger for each: {files:?}");
        // And both serve the same one.
        let ids =
            servers.each_ref().map(|s| s.rows("select table_name, snapshot from catalog.snapshots order by 1").expect("answers"));
        assert_eq!(ids[0], ids[1]);
    }
}

/// The rows of a version: as many as it says, of that number.
fn version(n: u64) -> String {
    let rows: String = (0..2_000 + n * 10).map(|i| format!("{i},{n}\n")).collect();
    format!("id,version\n{rows}")
}

/// Puts a version in its place at once, as a publisher that knows how does.
fn put(city: &City, n: u64) {
    city.file("next.csv.part", version(n));
    std::fs::rename(city.path("next.csv.part"), city.path("v.csv")).expect("is renamed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshes_of_one_are_whole_to_the_other() {
    for shared in Shared::all().await {
        let city = City::new();
        put(&city, 0);
        city.describe("v", "v.csv", "");
        let servers = [shared.server(&city, "one"), shared.server(&city, "other")];
        let over = AtomicBool::new(false);
        let answers: Vec<usize> = std::thread::scope(|scope| {
            let asking: Vec<_> = servers
                .iter()
                .map(|server| {
                    scope.spawn(|| {
                        let mut answers = 0;
                        while !over.load(Ordering::Relaxed) {
                            let shown = server.rows("select count(*), min(version), max(version), sum(id) from t.v");
                            // On a busy machine a file that is replaced again and again may be read at no moment.
                            let Ok(shown) = shown.inspect_err(|e| assert!(e.contains("ERROR:  40001: "), "{e}")) else {
                                continue;
                            };
                            let v: Vec<u64> = shown.trim().split('|').map(|n| n.parse().expect("a number")).collect();
                            let rows = 2_000 + v[1] * 10;
                            assert_eq!(v, [rows, v[1], v[1], rows * (rows - 1) / 2], "a mixture");
                            answers += 1;
                        }
                        answers
                    })
                })
                .collect();
            let begun = Instant::now();
            let mut n = 1;
            while begun.elapsed() < Duration::from_secs(8) {
                std::thread::sleep(Duration::from_millis(400));
                put(&city, n);
                n += 1;
            }
            over.store(true, Ordering::Relaxed);
            asking.into_iter().map(|asked| asked.join().expect("no answer was wrong")).collect()
        });
        assert!(answers.iter().all(|n| *n > 1), "{answers:?}");
        let tables = shared.check_intact().await;
        assert!(tables.len() == 1 && tables[0].1 > 1, "{tables:?}");
        let last = servers.each_ref().map(|s| s.rows("select count(*), max(version) from t.v").expect("answers"));
        assert_eq!(last[0], last[1]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_killed_midway_leaves_the_other_whole() {
    const ROWS: u64 = 60_000;
    for shared in Shared::all().await {
        let city = City::new();
        let lines: String = (0..ROWS).map(|i| format!("{i},station {}\n", i % 97)).collect();
        city.file("large.csv", format!("id,station\n{lines}"));
        city.describe("large", "large.csv", "");
        let sums = "select count(*), sum(id), count(distinct station) from t.large";
        let expected = Ok(format!("{ROWS}|{}|97\n", ROWS * (ROWS - 1) / 2));
        for wait in [40, 150, 400] {
            let killed = shared.server(&city, "killed");
            let other = shared.server(&city, "other");
            let mut asking = [&killed, &other].map(|server| {
                let quiet = std::process::Stdio::null;
                server.psql(sums).stdout(quiet()).stderr(quiet()).spawn().expect("psql starts")
            });
            std::thread::sleep(Duration::from_millis(wait));
            drop(killed);
            for asked in &mut asking {
                asked.wait().expect("it ends");
            }
            assert_eq!(other.rows(sums), expected, "killed after {wait} ms");
            let again = shared.server(&city, "killed");
            assert_eq!(again.rows(sums), expected, "killed after {wait} ms");
            let counts = again.rows("select rows, rows_read, rejects from catalog.snapshots where table_name = 'large'");
            assert_eq!(counts, Ok(format!("{ROWS}|{ROWS}|0\n")));
            assert_eq!(shared.check_intact().await.iter().map(|(_, n)| *n).max(), Some(1));
            drop((other, again));
            // The next begins with a new version.
            let text = std::fs::read_to_string(city.path("large.csv")).expect("reads");
            city.file("large.csv", text);
            forget(&shared, "large").await;
        }
    }
}

/// Removes what is known of a table.
async fn forget(shared: &Shared, table: &str) {
    match shared {
        Shared::Folder(dir) => {
            let path: PathBuf = dir.path().join("snapshots/city/t").join(table);
            std::fs::remove_dir_all(path).expect("is removed");
        }
        Shared::Bucket(s3) => {
            let bucket = s3.bucket("state");
            let prefix = object_store::path::Path::from(format!("of/city/snapshots/city/t/{table}"));
            for meta in bucket.list(Some(&prefix)).try_collect::<Vec<_>>().await.expect("is listed") {
                bucket.delete(&meta.location).await.expect("is deleted");
            }
        }
    }
}

#[test]
fn a_bucket_that_is_not_there_is_named_at_the_start() {
    let city = City::new();
    let said = Launch::new(&city.path(""), "s3://nowhere/state")
        .with("--cache", city.state())
        .with("--http-retries", "0")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_ACCESS_KEY_ID", "x")
        .env("AWS_SECRET_ACCESS_KEY", "x")
        .try_start()
        .err()
        .expect("it does not start");
    assert!(said.starts_with("error: the state s3://nowhere/state can't be used: "), "{said}");
    assert!(said.contains("credentials"), "{said}");
    let said = Launch::new(&city.path(""), "https://example.org/state").try_start().err().expect("it does not start");
    assert!(said.starts_with("error: https://example.org/state is no place for a state"), "{said}");
    assert!(!Path::new("s3:").exists());
}
