//! A real S3 server (moto) for tests, from `tests/.venv`, where `tests/run` puts it; and tables whose files stand in its buckets.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use expect_test::expect;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::failures::City;
use crate::harness::{self, Setup, root, rows, shared_data};
use crate::process::Launch;

/// What the server takes as a user.
pub const CREDENTIALS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];

/// moto looks at a write's conditions and then writes, on as many threads as there are requests, so that two writes can both find their
/// condition true. Buckets are not like that, so one request is answered at a time. It says which free port it took.
const ONE_AT_A_TIME: &str = r#"
import sys, threading
from werkzeug.serving import make_server
from moto.server import DomainDispatcherApplication, create_backend_app
app, lock = DomainDispatcherApplication(create_backend_app), threading.Lock()
def one_at_a_time(environ, start):
    for deaf in sys.argv[1:]:
        environ.pop(deaf, None)
    with lock:
        return list(app(environ, start))
server = make_server("127.0.0.1", 0, one_at_a_time, threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"#;

/// A running server; it stops when dropped.
pub struct Server {
    endpoint: String,
    child: Child,
}

impl Server {
    /// Starts the server on a free port; it takes connections from then on.
    pub async fn start() -> Self {
        Self::deaf_to(&[]).await
    }

    /// Starts one that takes no notice of these headers (`HTTP_IF_MATCH`).
    async fn deaf_to(headers: &[&str]) -> Self {
        let program = root().join("tests/.venv/bin/python");
        assert!(program.is_file(), "{} is not there: run tests/run once, which installs it", program.display());
        let mut child = Command::new(program)
            .args(["-c", ONE_AT_A_TIME])
            .args(headers)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the S3 server starts");
        let said = child.stdout.take().expect("it is piped");
        // Dropped with the child when it can't tell its port, so that it ends.
        let mut server = Self { endpoint: String::new(), child };
        let port = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(said).read_line(&mut line).map(|_| line)
        });
        let port = port.await.expect("no panic").expect("it is text");
        let port: u16 = port.trim().parse().unwrap_or_else(|_| panic!("the S3 server did not start: {port:?}"));
        server.endpoint = format!("http://127.0.0.1:{port}");
        server
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Makes a bucket of these objects.
    pub async fn fill(&self, bucket: &str, objects: impl IntoIterator<Item = (String, Bytes)>) {
        let made = reqwest::Client::new().put(format!("{}/{bucket}", self.endpoint)).send().await.expect("the server answers");
        assert!(made.status().is_success(), "{made:?}");
        let store = self.bucket(bucket);
        for (key, bytes) in objects {
            let path = object_store::path::Path::parse(key).expect("a key");
            store.put(&path, bytes.into()).await.expect("it can be written");
        }
    }

    /// A bucket, to look into.
    pub fn bucket(&self, bucket: &str) -> impl ObjectStore {
        let [(_, user), (_, secret)] = CREDENTIALS;
        object_store::aws::AmazonS3Builder::new()
            .with_endpoint(&self.endpoint)
            .with_allow_http(true)
            .with_bucket_name(bucket)
            .with_access_key_id(user)
            .with_secret_access_key(secret)
            .build()
            .expect("the settings are sound")
    }

    /// A process whose state is in one of the server's buckets.
    pub fn launch(&self, catalog: &Path, state: &str, cache: &Path) -> Launch {
        let launch = Launch::new(catalog, state).with("--cache", cache);
        let launch = launch.env("AWS_ENDPOINT_URL", &self.endpoint).env("AWS_ALLOW_HTTP", "true");
        CREDENTIALS.iter().fold(launch, |launch, (name, value)| launch.env(name, value))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It holds nothing that outlives the test; when it can't be stopped it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn tables_are_served_from_buckets() {
    let s3 = Server::start().await;
    let file = |path: &str| Bytes::from(std::fs::read(shared_data().join(path)).unwrap_or_else(|e| panic!("{path}: {e}")));
    let accidents = |year: u32| file(&format!("transport/yaizu/交通事故_{year}/222127_traffic_accident_{year}.csv"));
    let years = (2019..=2022).map(|year| (format!("交通事故/{year}.csv"), accidents(year)));
    let flights = ("2013/flights.parquet".to_owned(), file("transport/nycflights13/flights.parquet"));
    s3.fill("open", years.chain([flights])).await;

    let catalog = tempfile::tempdir().expect("a temporary folder");
    let descriptor = r#"{"name": "bucket", "theme": "transport", "resources": [
        {"name": "accidents", "path": "s3://open/交通事故/20*.csv", "format": "csv"},
        {"name": "flights", "path": "s3://open/2013/flights.parquet"}
    ]}"#;
    std::fs::write(catalog.path().join("datapackage.json"), descriptor).expect("a descriptor can be written");
    let settings = [("AWS_ENDPOINT_URL", s3.endpoint()), ("AWS_ALLOW_HTTP", "true")].into_iter().chain(CREDENTIALS);
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let setup = Setup { catalogs: vec![("s3", catalog.path().to_owned())], settings, ..Setup::default() };
    let server = harness::Server::start(setup);
    let client = server.client("s3").await;
    let ask = async |sql: &str| rows(&client, sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));

    assert_eq!(ask("select count(*) from bucket_accidents").await, [["3084"]]);
    assert_eq!(ask("select count(*), count(distinct carrier) from bucket_flights").await, [["100000", "16"]]);
    // The Parquet file stays in its bucket.
    let layouts = ask("select table_name, layout, files from catalog.snapshots order by 1").await;
    expect![[r#"[["bucket_accidents", "written", "4"], ["bucket_flights", "parquet", "1"]]"#]].assert_eq(&format!("{layouts:?}"));
    drop(s3);
    let error = rows(&client, "select sum(distance) from bucket_flights").await.expect_err("the bucket is gone");
    let error = error.as_db_error().expect("the server stays up");
    assert!(error.message().contains("s3://open/2013/flights.parquet"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_server_read_another_serves_without_the_source() {
    let s3 = Server::start().await;
    s3.fill("state", []).await;
    let city = City::new();
    city.file("speeds.csv", "road,speed\nA1,50\nA2,fast\nA3,70\nA4,1,2\n");
    let fields = r#", "schema": {"fields": [{"name": "road"}, {"name": "speed", "type": "integer"}]}"#;
    city.describe("speeds", "speeds.csv", fields);
    let asked = [
        "select road, speed from t.speeds order by road",
        "select line, column_name, raw, reason from catalog.rejects order by line",
        "select layout, files, rows, rows_read, rejects from catalog.snapshots where table_name = 'speeds'",
        "select count(*), min(speed) from t.speeds where road > 'A1'",
    ];
    let first = s3.launch(&city.path(""), "s3://state", &city.state().join("one")).start();
    let shown = asked.map(|sql| first.rows(sql).unwrap_or_else(|e| panic!("{sql}: {e}")));
    expect![[r#"
        A1|50
        A2|
        A3|70
        3|speed|fast|is not an integer
        5||A4,1,2|the row has 3 fields
        written|1|3|4|2
        2|70
    "#]]
    .assert_eq(&shown.concat());
    drop(first);
    // Another machine's server, which has never seen the file.
    std::fs::remove_file(city.path("speeds.csv")).expect("is removed");
    let second = s3.launch(&city.path(""), "s3://state", &city.state().join("other")).start();
    assert_eq!(asked.map(|sql| second.rows(sql).unwrap_or_else(|e| panic!("{sql}: {e}"))), shown);
    let staged = std::fs::read_dir(city.state().join("one/staging")).expect("lists").count();
    assert_eq!(staged, 0, "nothing stays in the cache");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_without_conditional_writes_is_refused() {
    let city = City::new();
    for (deaf, condition) in [("HTTP_IF_NONE_MATCH", "If-None-Match"), ("HTTP_IF_MATCH", "If-Match")] {
        let s3 = Server::deaf_to(&[deaf]).await;
        s3.fill("state", []).await;
        let said = s3.launch(&city.path(""), "s3://state/x", city.state()).try_start().err().expect("it does not start");
        let error = format!("error: the bucket of s3://state/x does not keep to {condition} on writes\n");
        assert!(said.starts_with(&error) && said.contains("hint: Keep the state in a bucket"), "{said}");
    }
}
