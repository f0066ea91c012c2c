//! Buckets, of our own server and of one that is not ours.

use bytes::Bytes;
use datafusion::execution::object_store::ObjectStoreUrl;
use object_store::ObjectStoreExt;
use stoa::Kind;
use stoa::store::Options;

use super::{quick, stores};
use crate::s3;
use crate::server::Server;

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
