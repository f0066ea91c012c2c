//! Objects over HTTP(S): `object_store`'s trait for one origin, whose paths are URLs with their query. (`object_store`'s own HTTP
//! store takes no query, which open data portals need: `rows.csv?accessType=DOWNLOAD`.)
//!
//! What holds for each read:
//! - Ranges: a server that ignores them (answers 200) is read from the start and cut.
//! - Versions: `if_match` is sent when the ETag is strong, and compared with the answer in any case.
//! - Size: from HEAD, else from a range of one byte, else the object is read once and counted. It is not counted again while ETag
//!   and Last-Modified stay the same. A server that gives neither has the object's SHA-256 taken in the same way, at each look-up.
//! - Wholeness: fewer bytes than announced are an error, after resuming; see [`body`].

mod answer;
mod body;
mod client;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::DateTime;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{Attributes, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, ObjectMeta};
use reqwest::header::{IF_MATCH, IF_UNMODIFIED_SINCE, RANGE};
use reqwest::{Method, Response, StatusCode};
use sha2::{Digest, Sha256};
use url::{Position, Url};

use self::answer::{Validators, check, content_length, content_range, from_path, to_path};
use self::body::Body;
use self::client::Request;
use super::failure::Failure;
use super::object::{same_tag, version_by_hash};
use super::read_only::{Reads, refused, refused_list};
use crate::error::Kind;

pub(super) use self::client::Client;

/// The objects of one origin.
#[derive(Debug)]
pub(super) struct HttpStore {
    client: Arc<Client>,
    /// `https://host:port/`.
    origin: Url,
    /// By URL, what reading to the end found of objects whose server does not tell their size.
    measured: Mutex<HashMap<Url, Measured>>,
}

/// What one read to the end found.
#[derive(Clone, Debug)]
struct Measured {
    validators: Validators,
    size: u64,
    /// By its SHA-256.
    version: String,
}

impl HttpStore {
    pub(super) fn new(client: Arc<Client>, origin: Url) -> Self {
        Self { client, origin, measured: Mutex::default() }
    }

    /// The origin of a URL as a store has it: scheme, host and port.
    pub(super) fn origin(url: &Url) -> String {
        format!("{}/", &url[..Position::BeforePath])
    }

    /// Where in its origin's store a URL stands.
    pub(super) fn path(url: &Url) -> object_store::Result<Path> {
        let rest = &url[Position::BeforePath..Position::AfterQuery];
        Ok(to_path(rest.strip_prefix('/').unwrap_or(rest))?)
    }

    fn url(&self, path: &Path) -> Result<Url, Failure> {
        let text = format!("{}{}", self.origin, from_path(path));
        Url::parse(&text).map_err(|e| Failure::new(Kind::SourceInvalid, format!("{text} is not a URL: {e}")))
    }

    /// Looks an object up.
    async fn head(&self, path: &Path, options: &GetOptions) -> Result<ObjectMeta, Failure> {
        let url = self.url(path)?;
        let response = self.client.send(&conditional(Request::new(Method::HEAD, url.clone()), options)).await?;
        let refused = matches!(response.status().as_u16(), 403 | 405 | 501);
        if !refused {
            check(&format!("HEAD {url}"), response.status(), response.headers())?;
            // Servers that make the body as it is asked for say 0 of what they have not made.
            if let Some(size) = content_length(response.headers()).filter(|n| *n > 0) {
                return self.identified(path, url, Validators::of(response.headers()), Some(size), options).await;
            }
        }
        let probe = conditional(Request::new(Method::GET, url.clone()).with(RANGE, "bytes=0-0"), options);
        let response = self.client.send(&probe).await?;
        let (status, headers) = (response.status(), response.headers());
        let range = content_range(headers);
        let size = match status {
            // A range of an empty object can't be satisfied.
            StatusCode::RANGE_NOT_SATISFIABLE if range.as_ref().is_some_and(|r| r.total == Some(0)) => Some(0),
            StatusCode::PARTIAL_CONTENT => range.and_then(|r| r.total),
            _ => {
                check(&format!("GET {url}"), status, headers)?;
                content_length(headers)
            }
        };
        let validators = Validators::of(headers);
        drop(response);
        self.identified(path, url, validators, size, options).await
    }

    /// The object's description, once its size is known and something tells its version.
    async fn identified(
        &self,
        path: &Path,
        url: Url,
        validators: Validators,
        size: Option<u64>,
        options: &GetOptions,
    ) -> Result<ObjectMeta, Failure> {
        verify(&url, &validators, options)?;
        match size {
            Some(size) if !validators.is_empty() => Ok(meta(path, &validators, size, None)),
            _ => {
                let measured = self.measure(&url, &validators).await?;
                if let Some(told) = size.filter(|told| *told != measured.size) {
                    let message =
                        format!("{url} changed or was cut: it was said to have {told} bytes, and {} came", measured.size);
                    return Err(Failure::new(Kind::SourceChanged, message));
                }
                let version = measured.validators.is_empty().then_some(measured.version);
                Ok(meta(path, &measured.validators, measured.size, version))
            }
        }
    }

    /// Reads an object to its end, unless that was done for this version before. A read that breaks off begins again.
    async fn measure(&self, url: &Url, validators: &Validators) -> Result<Measured, Failure> {
        let known = self.known(url);
        if let Some(known) = known.filter(|k| !validators.is_empty() && k.validators == *validators) {
            return Ok(known);
        }
        let mut attempt = 1;
        let measured = loop {
            let response = self.client.send(&Request::new(Method::GET, url.clone())).await?;
            check(&format!("GET {url}"), response.status(), response.headers())?;
            match count(url, response).await {
                Err(_) if attempt <= self.client.retries() => tokio::time::sleep(self.client.wait(attempt)).await,
                counted => break counted?,
            }
            attempt += 1;
        };
        self.measured.lock().unwrap_or_else(PoisonError::into_inner).insert(url.clone(), measured.clone());
        Ok(measured)
    }

    fn known(&self, url: &Url) -> Option<Measured> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned()
    }

    async fn get(&self, path: &Path, options: &GetOptions) -> Result<GetResult, Failure> {
        let url = self.url(path)?;
        let request = match &options.range {
            None => Request::new(Method::GET, url.clone()),
            Some(range) => Request::new(Method::GET, url.clone()).with(RANGE, &range_header(&url, range)?),
        };
        let response = self.client.send(&conditional(request, options)).await?;
        check(&format!("GET {url}"), response.status(), response.headers())?;
        let validators = Validators::of(response.headers());
        verify(&url, &validators, options)?;
        let Extent { start, total, announced } = self.extent(&url, &response, &validators).await?;
        let wanted = match &options.range {
            None => 0..total,
            Some(range) => range.as_range(total).map_err(|e| Failure::new(Kind::SourceChanged, format!("GET {url}: {e}")))?,
        };
        // A server may send less of a range than was asked for, and then the rest is asked for; never what stands before it.
        if start > wanted.start {
            return Err(Failure::new(Kind::SourceInvalid, format!("GET {url}: answered with another range than was asked for")));
        }
        let meta = meta(path, &validators, total, None);
        let range = wanted.clone();
        let skip = wanted.start - start;
        let body = Body { client: Arc::clone(&self.client), url, validators, total, announced, wanted, skip };
        let payload = GetResultPayload::Stream(body.stream(response));
        Ok(GetResult { payload, meta, range, attributes: Attributes::new() })
    }

    async fn extent(&self, url: &Url, response: &Response, validators: &Validators) -> Result<Extent, Failure> {
        let headers = response.headers();
        let (start, total) = if response.status() == StatusCode::PARTIAL_CONTENT {
            let range = content_range(headers).and_then(|r| Some((r.range?, r.total)));
            let Some((range, total)) = range else {
                return Err(Failure::new(Kind::SourceInvalid, format!("GET {url}: a part without a Content-Range")));
            };
            (range.start, total)
        } else {
            (0, content_length(headers))
        };
        if let Some(total) = total {
            return Ok(Extent { start, total, announced: true });
        }
        let total = match self.known(url).filter(|k| k.validators.same(validators) != Some(false)) {
            Some(known) => known.size,
            None => self.measure(url, validators).await?.size,
        };
        Ok(Extent { start, total, announced: false })
    }
}

/// Where in the object an answer's body starts, and the object's size, which the answer announced or an earlier read counted.
struct Extent {
    start: u64,
    total: u64,
    announced: bool,
}

impl fmt::Display for HttpStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpStore({})", self.origin)
    }
}

#[async_trait]
impl Reads for HttpStore {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        if options.if_none_match.is_some() || options.if_modified_since.is_some() || options.version.is_some() {
            return Err(refused("read of another version"));
        }
        let failed = |failure: Failure| failure.into_store(location.as_ref());
        if !options.head {
            return self.get(location, &options).await.map_err(failed);
        }
        let meta = self.head(location, &options).await.map_err(failed)?;
        let payload = GetResultPayload::Stream(stream::empty().boxed());
        Ok(GetResult { payload, range: 0..0, meta, attributes: Attributes::new() })
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        refused_list()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> object_store::Result<ListResult> {
        Err(refused("list"))
    }
}

/// Reads an answer to its end.
async fn count(url: &Url, response: Response) -> Result<Measured, Failure> {
    let (validators, announced) = (Validators::of(response.headers()), content_length(response.headers()));
    let (mut size, mut hash) = (0, Sha256::new());
    let broken = |size: u64, why: &str| {
        Failure::new(Kind::SourceUnreachable, format!("GET {url}: broke off at byte {size} while it was counted: {why}"))
    };
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|e| broken(size, &client::said(&e)))?;
        size += chunk.len() as u64;
        hash.update(&chunk);
    }
    if announced.is_some_and(|n| n != size) {
        return Err(broken(size, "the connection ended"));
    }
    Ok(Measured { validators, size, version: version_by_hash(hash) })
}

/// Adds the caller's conditions. A weak ETag can't stand in If-Match; [`verify`] compares it.
fn conditional(mut request: Request, options: &GetOptions) -> Request {
    if let Some(tag) = options.if_match.as_deref().filter(|tag| !tag.starts_with("W/")) {
        request = request.with(IF_MATCH, tag);
    }
    if let Some(at) = &options.if_unmodified_since {
        request = request.with(IF_UNMODIFIED_SINCE, &at.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    }
    request
}

/// Holds an answer to the caller's conditions, for servers that take no notice of them.
fn verify(url: &Url, validators: &Validators, options: &GetOptions) -> Result<(), Failure> {
    let same = match (&options.if_match, &validators.e_tag) {
        (Some(asked), Some(got)) => asked == "*" || asked.split(", ").any(|one| same_tag(one, got)),
        // Without an ETag in the answer, only a condition that was sent counts as kept.
        (Some(asked), None) => !asked.starts_with("W/"),
        (None, _) => true,
    };
    let unmodified = match (options.if_unmodified_since, validators.last_modified) {
        (Some(limit), Some(at)) => at <= limit,
        (Some(_), None) | (None, _) => true,
    };
    if same && unmodified {
        return Ok(());
    }
    Err(Failure::new(Kind::SourceChanged, format!("{url} changed since it was looked up")))
}

fn range_header(url: &Url, range: &GetRange) -> Result<String, Failure> {
    range.is_valid().map_err(|e| Failure::new(Kind::Internal, format!("GET {url}: {e}")))?;
    Ok(match range {
        GetRange::Bounded(r) => format!("bytes={}-{}", r.start, r.end - 1),
        GetRange::Offset(start) => format!("bytes={start}-"),
        GetRange::Suffix(n) => format!("bytes=-{n}"),
    })
}

fn meta(path: &Path, validators: &Validators, size: u64, version: Option<String>) -> ObjectMeta {
    let last_modified = validators.last_modified.unwrap_or(DateTime::UNIX_EPOCH);
    ObjectMeta { location: path.clone(), last_modified, size, e_tag: validators.e_tag.clone(), version }
}
