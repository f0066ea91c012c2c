//! The store against real files and a server that misbehaves on demand.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use datafusion::execution::object_store::ObjectStoreUrl;
use futures::TryStreamExt;
use object_store::{GetOptions, GetRange, ObjectStoreExt};
use stoa::Kind;
use stoa::store::{Object, Options, Stores, pinned, source_error};

use crate::s3;
use crate::server::{Quirk, Server};

/// The published files that the tests share. The package's folder as cargo says when it runs, so that a built binary can be moved.
fn data() -> PathBuf {
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    PathBuf::from(package).join("../shared/data")
}

/// Options whose waits are too short to be felt.
fn quick() -> Options {
    Options { retries: 2, backoff: Duration::from_millis(1), read_timeout: Duration::from_secs(5), ..Options::default() }
}

fn stores(options: Options) -> Stores {
    Stores::new(options).expect("the options are sound")
}

async fn one(stores: &Stores, url: &str) -> Object {
    let mut found = stores.resolve(url).await.unwrap_or_else(|e| panic!("{url}: {e}"));
    assert_eq!(found.len(), 1, "{url}");
    let object = found.remove(0);
    assert!(ObjectStoreUrl::parse(&object.store_url).is_ok(), "DataFusion registers {}", object.store_url);
    object
}

async fn whole(object: &Object) -> stoa::Result<Vec<u8>> {
    let chunks: Vec<Bytes> = object.read().await?.try_collect().await?;
    Ok(chunks.concat())
}

/// Bytes in which no two places look the same for long.
fn sample(n: usize) -> Vec<u8> {
    (0..n as u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).take(n).collect()
}

#[tokio::test]
async fn every_published_file_is_read_as_it_stands() {
    let stores = stores(quick());
    for folder in ["catalog/owid-datasets", "transport/yaizu"] {
        let folder = data().join(folder);
        let objects = stores.resolve(&folder.to_string_lossy()).await.expect("the folder is there");
        assert!(objects.len() >= 5, "{}", folder.display());
        for object in objects {
            let read = whole(&object).await.unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(read, std::fs::read(&object.url).expect("it is named as it stands"), "{}", object.url);
        }
    }
}

#[tokio::test]
async fn relative_paths_are_of_the_working_folder() {
    let objects = stores(quick()).resolve("src/store/http/../h*/*.rs").await.expect("tests run in the package's folder");
    let urls: Vec<&str> = objects.iter().map(|o| o.url.as_str()).collect();
    assert!(urls.contains(&"src/store/http/../http/mod.rs"), "{urls:?}");
}

#[tokio::test]
async fn a_name_that_the_store_cannot_hold_is_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["a#1", "a\nb"] {
        let path = folder.path().join(name);
        std::fs::write(&path, name).expect("a file can be written");
        let error = stores(quick()).resolve(&path.to_string_lossy()).await.map(|_| ()).expect_err(name);
        assert_eq!(error.kind(), Kind::SourceInvalid, "{error}");
    }
}

#[tokio::test]
async fn names_survive_as_path_url_and_http() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(folder.path()).await;
    let stores = stores(quick());
    let names = [
        "plain.csv",
        "CO2 emissions by sector (CAIT, 2021).csv",
        "100% of #1?.csv",
        "a&b!c–d.csv",
        "交通事故_2019/焼津市.csv",
        "Cafe\u{301}.csv",
        "Caf\u{e9}.csv",
        "a [1]{x}*.csv",
        "%20.csv",
        "+.csv",
        "a;b=c,'d'~$@.csv",
    ];
    for name in names {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder can be made");
        std::fs::write(&path, name).expect("a file can be written");
    }
    for name in names {
        let path = folder.path().join(name);
        let file = url::Url::from_file_path(&path).expect("an absolute path");
        let encoded = url::Url::from_file_path(format!("/{name}")).expect("an absolute path");
        let http = server.url(encoded.path().trim_start_matches('/'));
        for published in [path.to_string_lossy().into_owned(), file.to_string(), http] {
            let object = one(&stores, &published).await;
            assert_eq!(object.url, published);
            assert_eq!(whole(&object).await.expect("it reads"), name.as_bytes(), "{published}");
        }
    }
}

#[tokio::test]
async fn a_local_file_is_of_one_version() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "one").expect("a file can be written");
    let stores = stores(quick());
    let published = path.to_string_lossy();
    let before = one(&stores, &published).await;
    assert_eq!(before.identity(), one(&stores, &published).await.identity());
    std::fs::write(&path, "three").expect("a file can be written");
    assert_ne!(before.identity(), one(&stores, &published).await.identity());
    assert_eq!(whole(&before).await.map_err(|e| e.kind()), Err(Kind::SourceChanged));
    let pin = pinned(std::slice::from_ref(&before)).expect("one object is of one store");
    let error = pin.get_range(&before.meta.location, 0..2).await.expect_err("it was replaced");
    assert_eq!(source_error(&before.url, error).kind(), Kind::SourceChanged);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let server = Server::start(data()).await;
    let stores = stores(quick());
    let path = data().join("transport/yaizu/none.csv").to_string_lossy().into_owned();
    let http = server.url("none.csv?x=1");
    server.put("there.csv", "a");
    for (url, expected) in [(&path, format!("no file {path}")), (&http, format!("HEAD {http}: 404 Not Found"))] {
        let error = stores.resolve_all(&[server.url("there.csv"), url.clone()]).await.expect_err("it is missing");
        assert_eq!((error.kind(), error.message()), (Kind::SourceMissing, expected.as_str()));
    }
}

#[tokio::test]
async fn many_are_looked_up_in_order() {
    let server = Server::start(data()).await;
    for n in 0..40 {
        server.put(&format!("f/{n}.csv"), sample(n + 1));
        server.quirk(&format!("f/{n}.csv"), Quirk::Slow(Duration::from_millis((40 - n as u64) % 7)));
    }
    let urls: Vec<String> = (0..40).map(|n| server.url(&format!("f/{n}.csv"))).collect();
    let stores = stores(quick());
    let objects = stores.resolve_all(&urls).await.expect("all are there");
    assert_eq!(objects.iter().map(|o| o.url.clone()).collect::<Vec<_>>(), urls);
    assert_eq!(objects.iter().map(|o| o.meta.size).collect::<Vec<_>>(), (1..=40).collect::<Vec<_>>());
    assert!(objects.iter().all(|o| o.store_url == objects[0].store_url), "one origin is one store");
    assert_eq!(stores.meter().requests, 40);
}

/// Each way to misbehave, and that the bytes are whole and right in spite of it.
#[tokio::test]
async fn whatever_a_server_does_the_bytes_are_right() {
    use Quirk::*;
    let size = 100_000;
    let cases: Vec<(&str, Vec<Quirk>)> = vec![
        ("well-behaved", vec![]),
        ("fails-twice", vec![Fail { times: 2, status: 503, retry_after: None }]),
        ("asks-to-wait", vec![Fail { times: 1, status: 429, retry_after: Some(0) }]),
        ("no-head", vec![NoHead(405)]),
        ("forbids-head", vec![NoHead(403)]),
        ("no-head-no-range", vec![NoHead(501), IgnoreRange]),
        ("no-range", vec![IgnoreRange]),
        ("no-length", vec![NoLength]),
        ("no-length-no-range", vec![NoLength, IgnoreRange]),
        ("no-tag", vec![NoTag]),
        ("weak-tag", vec![WeakTag]),
        ("no-validators", vec![NoValidators]),
        ("nothing-at-all", vec![NoHead(405), NoLength, NoValidators, IgnoreRange]),
        ("breaks-while-counted", vec![NoLength, NoValidators, Break { times: 1, after: 500 }]),
        ("breaks", vec![Break { times: 1, after: 500 }]),
        ("breaks-twice", vec![Break { times: 2, after: 500 }]),
        ("breaks-untagged", vec![NoTag, Break { times: 1, after: 500 }]),
        ("breaks-weak", vec![WeakTag, Break { times: 1, after: 500 }]),
        ("breaks-without-range", vec![IgnoreRange, Break { times: 1, after: 500 }]),
    ];
    let server = Server::start(data()).await;
    for (path, quirks) in cases {
        let bytes = sample(size);
        server.put(path, bytes.clone());
        for quirk in quirks {
            server.quirk(path, quirk);
        }
        let stores = stores(quick());
        let object = one(&stores, &server.url(path)).await;
        assert_eq!(object.meta.size, size as u64, "{path}");
        assert_eq!(whole(&object).await.map_err(|e| e.to_string()).as_deref(), Ok(&bytes[..]), "{path}");
        let ranges = [0..10, 99_990..100_000, 40_000..60_000, 5..7];
        let parts = object.store.get_ranges(&object.meta.location, &ranges).await.unwrap_or_else(|e| panic!("{path}: {e}"));
        for (range, part) in ranges.iter().zip(parts) {
            assert_eq!(part, bytes[range.start as usize..range.end as usize], "{path} {range:?}");
        }
        let options = GetOptions { range: Some(GetRange::Suffix(8)), ..object.get_options() };
        let tail = object.store.get_opts(&object.meta.location, options).await.unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!(tail.range, 99_992..100_000, "{path}");
        assert_eq!(tail.bytes().await.unwrap_or_else(|e| panic!("{path}: {e}")), bytes[99_992..], "{path}");
        assert_eq!(one(&stores, &server.url(path)).await.identity(), object.identity(), "{path}");
    }
}

/// Each way in which a read can't be saved, and what is said of it.
#[tokio::test]
async fn what_cannot_be_saved_says_why() {
    use Quirk::*;
    let server = Server::start(data()).await;
    let cases: Vec<(&str, Vec<Quirk>, Kind, &str)> = vec![
        (
            "down",
            vec![Fail { times: 9, status: 503, retry_after: None }],
            Kind::SourceUnreachable,
            "HEAD {url}: 503 Service Unavailable (attempt 3 of 3)",
        ),
        (
            "busy",
            vec![Fail { times: 9, status: 429, retry_after: Some(3600) }],
            Kind::SourceUnreachable,
            "HEAD {url}: 429 Too Many Requests (attempt 1 of 3; it asks to wait 3600 s)",
        ),
        ("gone", vec![Fail { times: 9, status: 410, retry_after: None }], Kind::SourceMissing, "HEAD {url}: 410 Gone"),
        (
            "closed",
            vec![Fail { times: 9, status: 401, retry_after: None }],
            Kind::SourceUnreachable,
            "HEAD {url}: 401 Unauthorized",
        ),
        (
            "forbidden",
            vec![Fail { times: 9, status: 403, retry_after: None }],
            Kind::SourceUnreachable,
            "GET {url}: 403 Forbidden",
        ),
        ("slow", vec![Slow(Duration::from_secs(9))], Kind::SourceUnreachable, "HEAD {url}: no answer in time (attempt 3 of 3)"),
        (
            "replaced",
            vec![Replace { after: 0, with: sample(700) }, NoHead(405), Replace { after: 1, with: sample(900) }],
            Kind::SourceChanged,
            "GET {url}: it changed since it was looked up (412 Precondition Failed)",
        ),
        (
            "replaced-weak",
            vec![WeakTag, NoHead(405), Replace { after: 1, with: sample(900) }],
            Kind::SourceChanged,
            "{url} changed since it was looked up",
        ),
        (
            "replaced-untagged",
            vec![NoTag, NoHead(405), Replace { after: 1, with: sample(900) }],
            Kind::SourceChanged,
            "{url} changed since it was looked up",
        ),
        (
            "replaced-unmarked",
            vec![NoValidators, NoHead(405), Replace { after: 2, with: sample(900) }],
            Kind::SourceChanged,
            "{url} changed while it was read: it had 1000 bytes and now ends elsewhere",
        ),
        (
            "replaced-unmarked-same-size",
            vec![NoValidators, NoHead(405), Replace { after: 2, with: vec![b'x'; 1000] }],
            Kind::SourceChanged,
            "{url} changed while it was read: its SHA-256 is another one",
        ),
        (
            "grown-uncounted",
            vec![NoValidators, NoLength, NoHead(405), Replace { after: 2, with: sample(1001) }],
            Kind::SourceChanged,
            "GET {url}: it had 1000 bytes when they were counted and has more now",
        ),
        (
            "replaced-weak-on-the-way",
            vec![WeakTag, Break { times: 1, after: 500 }, Replace { after: 1, with: vec![b'x'; 1000] }],
            Kind::SourceChanged,
            "GET {url}: broke off at byte 500 of 1000: ",
        ),
        (
            "replaced-on-the-way",
            vec![Break { times: 1, after: 500 }, Replace { after: 1, with: sample(900) }],
            Kind::SourceChanged,
            "GET {url}: it changed since it was looked up (412 Precondition Failed)",
        ),
        (
            "breaks-always",
            vec![Break { times: 9, after: 10 }],
            Kind::SourceUnreachable,
            "GET {url}: broke off at byte 30 of 1000: ",
        ),
        (
            "breaks-unmarked",
            vec![NoValidators, Replace { after: 0, with: sample(1000) }],
            Kind::SourceUnreachable,
            "GET {url}: broke off at byte 10 of 1000: ",
        ),
    ];
    for (path, quirks, kind, message) in cases {
        server.put(path, sample(1000));
        for quirk in quirks {
            server.quirk(path, quirk);
        }
        let options = Options { read_timeout: Duration::from_millis(200), ..quick() };
        let stores = stores(options);
        let url = server.url(path);
        let result = match stores.resolve(&url).await {
            Ok(objects) => {
                if path == "breaks-unmarked" {
                    server.quirk(path, Break { times: 1, after: 10 });
                }
                whole(&objects[0]).await
            }
            Err(e) => Err(e),
        };
        let error = result.map(|bytes| bytes.len()).expect_err(path);
        let expected = message.replace("{url}", &url);
        assert_eq!(error.kind(), kind, "{path}: {error}");
        assert!(error.message().starts_with(&expected), "{path}: {error}\n     not {expected}");
    }
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        format!("http://{}/a.csv", listener.local_addr().expect("it is bound"))
    };
    let error = stores(quick()).resolve(&url).await.expect_err("nobody listens");
    assert_eq!(error.kind(), Kind::SourceUnreachable);
    assert!(error.message().contains(&url) && error.message().contains("(attempt 3 of 3)"), "{error}");
}

#[tokio::test]
async fn queries_are_part_of_the_object() {
    let server = Server::start(data()).await;
    server.put("rows.csv", "a\n1\n");
    let url = server.url("rows.csv?accessType=DOWNLOAD&u=http://x//y/../z");
    let object = one(&stores(quick()), &url).await;
    assert_eq!(whole(&object).await.expect("it reads"), b"a\n1\n");
    let hits = server.hits("rows.csv");
    assert!(hits.iter().all(|h| h.query.as_deref() == Some("accessType=DOWNLOAD&u=http://x//y/../z")), "{hits:?}");
}

#[tokio::test]
async fn an_empty_object_is_empty() {
    let server = Server::start(data()).await;
    server.put("empty", "");
    server.put("empty-no-head", "");
    server.quirk("empty-no-head", Quirk::NoHead(405));
    for path in ["empty", "empty-no-head"] {
        let object = one(&stores(quick()), &server.url(path)).await;
        assert_eq!(object.meta.size, 0);
        assert_eq!(whole(&object).await.expect("it reads"), b"", "{path}");
    }
}

#[tokio::test]
async fn an_object_without_a_length_is_counted_once_a_version() {
    let server = Server::start(data()).await;
    server.put("export", sample(5000));
    server.quirk("export", Quirk::NoLength);
    server.quirk("export", Quirk::IgnoreRange);
    let stores = stores(quick());
    for _ in 0..3 {
        assert_eq!(one(&stores, &server.url("export")).await.meta.size, 5000);
    }
    let full = server.hits("export").iter().filter(|h| h.method == "GET" && h.range.is_none()).count();
    assert_eq!(full, 1);
}

#[tokio::test]
async fn redirects_stay_within_what_is_allowed() {
    let server = Server::start(data()).await;
    let other = Server::start(data()).await;
    other.put("b.csv", "b");
    server.quirk("a.csv", Quirk::Redirect(other.url("b.csv")));
    server.quirk("loop.csv", Quirk::Redirect(server.url("loop.csv")));
    let open = stores(quick());
    assert_eq!(whole(&one(&open, &server.url("a.csv")).await).await.expect("it reads"), b"b");
    let error = open.resolve(&server.url("loop.csv")).await.expect_err("it never ends");
    assert_eq!(error.kind(), Kind::SourceUnreachable);
    assert!(error.message().contains("redirects"), "{error}");
    let closed = stores(Options { allow: Some(vec![server.url("")]), ..quick() });
    let error = closed.resolve(&server.url("a.csv")).await.expect_err("the other server is not allowed");
    assert_eq!(error.kind(), Kind::Forbidden);
    assert!(error.message().contains(&other.url("b.csv")), "{error}");
    let error = closed.resolve(&other.url("b.csv")).await.expect_err("it is not allowed");
    assert_eq!(error.kind(), Kind::Forbidden);
}

#[tokio::test]
async fn mirrors_stand_in_for_what_is_published() {
    let server = Server::start(data()).await;
    let folder = data().join("transport").to_string_lossy().into_owned();
    let stores = stores(Options {
        mirrors: vec![("https://files.example/t/".to_owned(), folder), ("https://files.example/".to_owned(), server.url(""))],
        ..quick()
    });
    let name = "yaizu/%E4%BA%A4%E9%80%9A%E4%BA%8B%E6%95%85_2019/222127_traffic_accident_2019.csv";
    let file = std::fs::read(data().join("transport/yaizu/交通事故_2019/222127_traffic_accident_2019.csv")).expect("it is there");
    for published in [
        format!("https://files.example/t/{name}"),
        format!("https://files.example/t/{name}?v=1"),
        format!("https://files.example/transport/{name}"),
    ] {
        let object = one(&stores, &published).await;
        assert_eq!(object.url, published);
        assert_eq!(whole(&object).await.expect("it reads"), file, "{published}");
    }
    let error = stores.resolve("https://files.example/t/..%2F..%2Fsecret").await.expect_err("it leads outside");
    assert_eq!(error.kind(), Kind::Forbidden);
}

#[tokio::test]
async fn a_scan_is_of_the_versions_it_was_planned_on() {
    let server = Server::start(data()).await;
    for path in ["p/1", "p/2"] {
        server.put(path, sample(1000));
    }
    let stores = stores(quick());
    let objects = stores.resolve_all(&[server.url("p/1"), server.url("p/2")]).await.expect("both are there");
    let scan = pinned(&objects).expect("they are of one store");
    let read = |n: usize| scan.get_ranges(&objects[n].meta.location, &[0..10, 900..1000]);
    assert_eq!(read(0).await.expect("it reads")[1], sample(1000)[900..]);
    server.put("p/2", sample(2000));
    let error = read(1).await.expect_err("it was replaced");
    assert_eq!(source_error(&objects[1].url, error).kind(), Kind::SourceChanged);
    server.put("p/1", sample(100));
    let unpinned = objects[0].store.get_ranges(&objects[0].meta.location, &[0..10, 900..1000]).await;
    assert!(unpinned.is_err(), "too few bytes are no answer");
    assert!(scan.get(&object_store::path::Path::from("p/3")).await.is_err(), "only what was planned is read");
}

#[tokio::test]
async fn the_meter_counts_what_is_read() {
    let server = Server::start(data()).await;
    server.put("m", sample(1000));
    let stores = stores(quick());
    let object = one(&stores, &server.url("m")).await;
    whole(&object).await.expect("it reads");
    object.store.get_range(&object.meta.location, 0..10).await.expect("it reads");
    object.store.get_ranges(&object.meta.location, &[0..10, 20..30]).await.expect("it reads");
    let meter = stores.meter();
    assert_eq!((meter.requests, meter.bytes), (4, 1030));
}

const KEYS: [&str; 7] =
    ["y/2023.csv", "y/2024.csv", "y/a b (1).csv", "y/deep/x.csv", "y/_SUCCESS", "y/a[1]*.csv", "交通/z%20#&.csv"];

#[tokio::test]
async fn buckets_are_read_and_listed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for key in KEYS {
        let path = folder.path().join("city").join(key);
        std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder can be made");
        std::fs::write(&path, key).expect("a file can be written");
    }
    let server = Server::start(folder.path()).await;
    check_bucket(&server.url(""), &[("AWS_SKIP_SIGNATURE", "true")]).await;
}

/// The same against a server that is not ours and checks signatures.
#[tokio::test]
async fn buckets_of_a_real_server_are_read_and_listed() {
    let server = s3::Server::start().await;
    let objects = KEYS.map(|key| (key.to_owned(), Bytes::from_static(key.as_bytes())));
    server.fill("city", objects).await;
    check_bucket(server.endpoint(), &s3::CREDENTIALS).await;
}

/// Reads and lists the bucket `city`, which holds [`KEYS`], each with its name as its text.
async fn check_bucket(endpoint: &str, settings: &[(&str, &str)]) {
    let endpoint = endpoint.trim_end_matches('/');
    let settings = [&[("aws_endpoint_url", endpoint), ("AWS_ALLOW_HTTP", "true")], settings].concat();
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let stores = stores(Options { settings, ..quick() });
    let cases: [(&str, &[&str]); 9] = [
        ("s3://city/y/2024.csv", &["s3://city/y/2024.csv"]),
        ("s3://city/y/20*.csv", &["s3://city/y/2023.csv", "s3://city/y/2024.csv"]),
        ("s3://city/**/x.csv", &["s3://city/y/deep/x.csv"]),
        ("s3://city/y/deep/", &["s3://city/y/deep/x.csv"]),
        ("s3://city/y/deep", &["s3://city/y/deep/x.csv"]),
        ("s3://city/y/a[1]*.csv", &["s3://city/y/a[1]*.csv"]),
        ("s3://city/y/a b (1).csv", &["s3://city/y/a b (1).csv"]),
        ("s3://city/交通/z%20#&.csv", &["s3://city/交通/z%20#&.csv"]),
        ("s3://city/交通/*", &["s3://city/交通/z%20#&.csv"]),
    ];
    for (published, expected) in cases {
        let objects = stores.resolve(published).await.unwrap_or_else(|e| panic!("{published}: {e}"));
        assert_eq!(objects.iter().map(|o| o.url.as_str()).collect::<Vec<_>>(), expected, "{published}");
        for object in objects {
            assert!(ObjectStoreUrl::parse(&object.store_url).is_ok(), "DataFusion registers {}", object.store_url);
            let bytes = object.store.get(&object.meta.location).await.expect("it is there").bytes().await.expect("it reads");
            assert_eq!(format!("s3://city/{}", String::from_utf8_lossy(&bytes)), object.url);
        }
    }
    for missing in ["s3://city/none.csv", "s3://city/none/*.csv"] {
        let error = stores.resolve(missing).await.expect_err("it is missing");
        assert_eq!((error.kind(), error.message()), (Kind::SourceMissing, format!("no object matches {missing}").as_str()));
    }
}
