//! Servers that fail, stall, break off, redirect or leave things out: the bytes are right, or it is said why there are none.

use std::time::Duration;

use object_store::{GetOptions, GetRange};
use stoa::Kind;
use stoa::store::Options;

use super::{data, one, quick, sample, stores, whole};
use crate::harness::closed_port;
use crate::server::{Quirk, Server};

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
        // Only what is never answered is not waited for: a loaded machine may take its time with the rest.
        let read_timeout = if path == "slow" { Duration::from_millis(200) } else { quick().read_timeout };
        let stores = stores(Options { read_timeout, ..quick() });
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
    let (_taken, address) = closed_port();
    let url = format!("http://{address}/a.csv");
    let error = stores(quick()).resolve(&url).await.expect_err("nobody listens");
    assert_eq!(error.kind(), Kind::SourceUnreachable);
    assert!(error.message().contains(&url) && error.message().contains("(attempt 3 of 3)"), "{error}");
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
