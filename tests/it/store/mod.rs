//! The store against real files and servers: files as they stand, their names and versions.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use datafusion::execution::object_store::ObjectStoreUrl;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use stoa::Kind;
use stoa::store::{Object, Options, Stores, pinned, source_error};

use crate::server::{Quirk, Server};

mod buckets;
mod unreliable;

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
