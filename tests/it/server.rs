//! A file server on loopback for tests: a folder over HTTP with ranges, strong ETags, Last-Modified and HEAD, and the same folder as
//! S3 buckets to list. It misbehaves per path where a test asks for it, and keeps a log of what was asked.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use object_store::path::Path as Decoded;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One way to misbehave, on one path.
#[derive(Clone, Debug)]
pub enum Quirk {
    /// The next `times` requests are answered with `status`, and a Retry-After in seconds when given.
    Fail { times: usize, status: u16, retry_after: Option<u64> },
    /// HEAD is answered with this status.
    NoHead(u16),
    /// Range is ignored: every GET gets the whole.
    IgnoreRange,
    /// No Content-Length: chunked.
    NoLength,
    /// The next `times` GETs break the connection after so many bytes of the body.
    Break { times: usize, after: usize },
    /// From the `after`th GET on (0-based), these bytes stand there.
    Replace { after: usize, with: Vec<u8> },
    /// No ETag.
    NoTag,
    /// No ETag and no Last-Modified.
    NoValidators,
    /// The ETag is weak, and If-Match ignored.
    WeakTag,
    /// Each answer's head comes so late.
    Slow(Duration),
    /// A redirect to this URL.
    Redirect(String),
    /// The body is said to be in this transfer packing (Content-Encoding), asked for or not.
    Encoded(&'static str),
}

/// One request as it came, the path percent-decoded and without the leading `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub method: String,
    pub path: String,
    pub query: Option<String>,
    pub range: Option<String>,
}

/// A running server; it stops when dropped.
pub struct Server {
    url: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    folder: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Files that stand in no folder.
    files: HashMap<String, Vec<u8>>,
    quirks: HashMap<String, Vec<Quirk>>,
    log: Vec<Hit>,
}

impl Server {
    /// Serves `folder` on a free port.
    pub async fn start(folder: impl Into<PathBuf>) -> Self {
        let shared = Arc::new(Shared { folder: folder.into(), inner: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port on loopback");
        let url = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.expect("the listener stays open") });
        Self { url, shared, task }
    }

    /// The URL of a path, which is taken as already encoded.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.url)
    }

    /// Serves `bytes` at `path`, in place of any file; at a path with a query, for that query alone.
    pub fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.shared.lock().files.insert(path.to_owned(), bytes.into());
    }

    /// Lets `path` misbehave from now on, beside what it does already.
    pub fn quirk(&self, path: &str, quirk: Quirk) {
        self.shared.lock().quirks.entry(path.to_owned()).or_default().push(quirk);
    }

    /// The requests so far for `path`, in order.
    pub fn hits(&self, path: &str) -> Vec<Hit> {
        self.shared.lock().log.iter().filter(|hit| hit.path == path).cloned().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no test panics while it holds the lock")
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let Ok(path) = Decoded::from_url_path(parts.uri.path()).map(String::from) else { return status(StatusCode::BAD_REQUEST) };
    let query = parts.uri.query().map(str::to_owned);
    let range = parts.headers.get(header::RANGE).and_then(|r| r.to_str().ok()).map(str::to_owned);
    let (quirks, gets) = {
        let mut inner = shared.lock();
        let gets = inner.log.iter().filter(|hit| hit.path == path && hit.method == "GET").count();
        inner.log.push(Hit { method: parts.method.to_string(), path: path.clone(), query: query.clone(), range: range.clone() });
        let quirks = inner.quirks.entry(path.clone()).or_default();
        let now = quirks.clone();
        spend(quirks, &parts.method);
        (now, gets)
    };
    if let Some(prefix) = query.as_deref().filter(|q| q.contains("list-type=2")).map(|q| argument(q, "prefix")) {
        return listing(&shared.folder.join(&path), &path, &prefix);
    }
    let manners = Manners::of(&quirks, gets);
    if let Some((code, retry_after)) = manners.fails {
        let mut response = status(code);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        return response;
    }
    if let Some(code) = manners.no_head.filter(|_| parts.method == Method::HEAD) {
        return status(code);
    }
    tokio::time::sleep(manners.slow).await;
    if let Some(to) = &manners.redirect {
        let mut response = status(StatusCode::FOUND);
        response.headers_mut().insert(header::LOCATION, to.parse().expect("a URL"));
        return response;
    }
    let file = shared.folder.join(&path);
    let asked = query.map(|query| format!("{path}?{query}"));
    let known = {
        let files = &shared.lock().files;
        asked.and_then(|asked| files.get(&asked)).or_else(|| files.get(&path)).cloned()
    };
    let (bytes, modified) = match (&manners.replaced, known) {
        (Some(bytes), _) => (Some(bytes.clone()), date(1)),
        (None, Some(bytes)) => (Some(bytes), date(0)),
        (None, None) => (tokio::fs::read(&file).await.ok(), mtime(&file).unwrap_or_default()),
    };
    match bytes {
        Some(bytes) => object(&parts.method, &parts.headers, &manners, bytes, modified),
        None => status(StatusCode::NOT_FOUND),
    }
}

/// What the quirks of a path come to for one request.
#[derive(Default)]
struct Manners {
    fails: Option<(StatusCode, Option<u64>)>,
    no_head: Option<StatusCode>,
    ignores_range: bool,
    chunked: bool,
    breaks_after: Option<usize>,
    replaced: Option<Vec<u8>>,
    untagged: bool,
    undated: bool,
    weak: bool,
    slow: Duration,
    redirect: Option<String>,
    encoded: Option<&'static str>,
}

impl Manners {
    /// After so many GETs of the path.
    fn of(quirks: &[Quirk], gets: usize) -> Self {
        let code = |code: u16| StatusCode::from_u16(code).expect("a status");
        let mut it = Self::default();
        for quirk in quirks {
            match quirk {
                Quirk::Fail { times: 0, .. } | Quirk::Break { times: 0, .. } => {}
                Quirk::Fail { status, retry_after, .. } => it.fails = Some((code(*status), *retry_after)),
                Quirk::NoHead(status) => it.no_head = Some(code(*status)),
                Quirk::IgnoreRange => it.ignores_range = true,
                Quirk::NoLength => it.chunked = true,
                Quirk::Break { after, .. } => it.breaks_after = Some(*after),
                Quirk::Replace { after, with } => it.replaced = if gets >= *after { Some(with.clone()) } else { it.replaced },
                Quirk::NoTag => it.untagged = true,
                Quirk::NoValidators => (it.untagged, it.undated) = (true, true),
                Quirk::WeakTag => it.weak = true,
                Quirk::Slow(time) => it.slow = *time,
                Quirk::Redirect(to) => it.redirect = Some(to.clone()),
                Quirk::Encoded(packing) => it.encoded = Some(*packing),
            }
        }
        it
    }
}

/// Counts down what happens a number of times.
fn spend(quirks: &mut [Quirk], method: &Method) {
    for quirk in quirks {
        if let Quirk::Fail { times, .. } = quirk {
            *times = times.saturating_sub(1);
        }
        if let Quirk::Break { times, .. } = quirk
            && method == Method::GET
        {
            *times = times.saturating_sub(1);
        }
    }
}

fn object(method: &Method, asked: &HeaderMap, manners: &Manners, bytes: Vec<u8>, modified: DateTime<Utc>) -> Response<Body> {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let tag = format!("{}\"{:x}\"", if manners.weak { "W/" } else { "" }, hasher.finish());
    let mut response = Response::builder().header(header::ACCEPT_RANGES, "bytes");
    if let Some(packing) = manners.encoded {
        response = response.header(header::CONTENT_ENCODING, packing);
    }
    if !manners.undated {
        response = response.header(header::LAST_MODIFIED, modified.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    }
    if !manners.untagged {
        response = response.header(header::ETAG, &tag);
        let text = asked.get(header::IF_MATCH).and_then(|m| m.to_str().ok());
        if !manners.weak && text.is_some_and(|m| m != tag) {
            return status(StatusCode::PRECONDITION_FAILED);
        }
    }
    let size = bytes.len();
    let ranged = !manners.ignores_range && method == Method::GET;
    let range = asked.get(header::RANGE).and_then(|r| r.to_str().ok()).filter(|_| ranged);
    let body = match range.map(|r| span(r, size)) {
        None => bytes,
        Some(None) => {
            let response =
                response.status(StatusCode::RANGE_NOT_SATISFIABLE).header(header::CONTENT_RANGE, format!("bytes */{size}"));
            return response.body(Body::empty()).expect("a response");
        }
        Some(Some((first, last))) => {
            response = response.status(StatusCode::PARTIAL_CONTENT);
            response = response.header(header::CONTENT_RANGE, format!("bytes {first}-{last}/{size}"));
            bytes[first..=last].to_vec()
        }
    };
    if !manners.chunked {
        response = response.header(header::CONTENT_LENGTH, body.len());
    }
    if method == Method::HEAD {
        return response.body(Body::empty()).expect("a response");
    }
    let chunks: Vec<io::Result<Bytes>> = match manners.breaks_after {
        Some(after) if after < body.len() => {
            vec![Ok(Bytes::copy_from_slice(&body[..after])), Err(io::Error::from(io::ErrorKind::ConnectionReset))]
        }
        Some(_) | None => vec![Ok(Bytes::from(body))],
    };
    // Time for what stands before a break to reach the client, which else sees the reset alone.
    let paced = stream::iter(chunks).then(|chunk| async {
        if chunk.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        chunk
    });
    response.body(Body::from_stream(paced)).expect("a response")
}

/// The first and last byte of a range such as `bytes=0-9`, `bytes=5-` or `bytes=-3`.
fn span(range: &str, size: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = match (first.parse::<usize>().ok(), last.parse::<usize>().ok()) {
        (Some(first), Some(last)) => (first, last.min(size.checked_sub(1)?)),
        (Some(first), None) => (first, size.checked_sub(1)?),
        (None, Some(n)) => (size.saturating_sub(n), size.checked_sub(1)?),
        (None, None) => return None,
    };
    (first <= last).then_some((first, last))
}

/// S3's ListObjectsV2 of the folder `bucket`, in one page.
fn listing(folder: &Path, bucket: &str, prefix: &str) -> Response<Body> {
    let escaped = |s: &str| s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut contents = String::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten().filter(|e| e.file_type().is_file()) {
        let key = entry.path().strip_prefix(folder).expect("below").to_string_lossy().into_owned();
        let (size, at) = (entry.metadata().map_or(0, |m| m.len()), mtime(entry.path()).unwrap_or_default().to_rfc3339());
        if key.starts_with(prefix) {
            contents += &format!(
                "<Contents><Key>{}</Key><LastModified>{at}</LastModified><ETag>\"x\"</ETag><Size>{size}</Size></Contents>",
                escaped(&key)
            );
        }
    }
    let xml = format!("<ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>");
    Response::new(Body::from(xml))
}

/// The decoded value of an argument in a query.
fn argument(query: &str, name: &str) -> String {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.into_iter().find(|(key, _)| key == name).map_or(String::new(), |(_, value)| value.into_owned())
}

/// The times at which the versions of a file that is in no folder were made.
fn date(version: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + 60 * version, 0).expect("a date")
}

fn mtime(path: &Path) -> Option<DateTime<Utc>> {
    Some(path.metadata().ok()?.modified().ok()?.into())
}

fn status(code: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = code;
    response
}
