//! One HTTP request with its tries: which failures pass, how long to wait, and what the error says. What answers mean for an
//! object stands in the parent.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect;
use reqwest::{Method, Response, StatusCode};
use url::Url;

use crate::error::{Error, Kind, Result};
use crate::store::Options;
use crate::store::failure::{Failure, find, root};
use crate::store::route::Routes;

/// No wait between two tries is longer; a server that asks for more is not waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// As browsers have it is 20; published data that needs more than 10 hops is lost in a circle.
const MOST_REDIRECTS: usize = 10;

/// Sends requests and tries again what fails in passing.
#[derive(Debug)]
pub(in crate::store) struct Client {
    http: reqwest::Client,
    retries: usize,
    backoff: Duration,
}

/// A request that can be sent again.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
}

impl Request {
    pub(super) fn new(method: Method, url: Url) -> Self {
        let mut headers = HeaderMap::new();
        // The bytes as published, and ranges of those bytes: no transfer compression.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Self { method, url, headers }
    }

    /// Adds a header whose value came from a server or from numbers; one that no header can hold is left out.
    pub(super) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl Client {
    pub(in crate::store) fn new(options: &Options, routes: &Routes) -> Result<Self> {
        let routes = routes.clone();
        let follow = redirect::Policy::custom(move |attempt| {
            if attempt.previous().len() > MOST_REDIRECTS {
                let message = format!("more than {MOST_REDIRECTS} redirects");
                attempt.error(Failure::new(Kind::SourceUnreachable, message))
            } else if !routes.admits_redirect(attempt.url()) {
                let message = format!("redirected to {}, which is not on the list of sources that may be read", attempt.url());
                attempt.error(Failure::new(Kind::Forbidden, message))
            } else {
                attempt.follow()
            }
        });
        let http = reqwest::Client::builder()
            .user_agent(concat!("stoa/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(options.connect_timeout)
            .read_timeout(options.read_timeout)
            .redirect(follow)
            // Whatever features other crates give reqwest, the bytes stay as published.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .build()
            .map_err(|e| Error::new(Kind::Config, format!("no HTTP client: {}", root(&e))).caused_by(e))?;
        Ok(Self { http, retries: options.retries, backoff: options.backoff })
    }

    /// How often a request is tried again.
    pub(super) fn retries(&self) -> usize {
        self.retries
    }

    /// The answer's head, of any status that trying again would not change. Connections that fail, time out or break, and the
    /// statuses 408, 429, 500, 502, 503 and 504 are tried again; the last failure names URL, status and attempt.
    pub(super) async fn send(&self, request: &Request) -> Result<Response, Failure> {
        let attempts = self.retries + 1;
        let mut attempt = 1;
        loop {
            let sent = self.http.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
            let (what, asked) = match sent.send().await {
                Ok(response) if !passes(response.status()) => return Ok(response),
                Ok(response) => (response.status().to_string(), retry_after(response.headers(), Utc::now())),
                Err(e) => match refusal(&e) {
                    Some(kind) => return Err(Failure::new(kind, format!("{} {}: {}", request.method, request.url, root(&e)))),
                    None => (said(&e), None),
                },
            };
            let wait = asked.unwrap_or_default().max(self.wait(attempt));
            if attempt == attempts || wait > LONGEST_WAIT {
                let later = if attempt < attempts { format!("; it asks to wait {} s", wait.as_secs()) } else { String::new() };
                let message = format!("{} {}: {what} (attempt {attempt} of {attempts}{later})", request.method, request.url);
                return Err(Failure::new(Kind::SourceUnreachable, message));
            }
            tracing::debug!(url = %request.url, attempt, "{what}; trying again in {wait:?}");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// The wait after the `attempt`th try, 1-based: doubled each time, between half and all of it, so that many readers of one
    /// server do not come back in step.
    pub(super) fn wait(&self, attempt: usize) -> Duration {
        let doubled = self.backoff.saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST_WAIT);
        // A fresh RandomState is the standard library's randomness.
        let random = RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64;
        doubled.mul_f64(0.5 + random / 2.0)
    }
}

/// Whether a status may be another one a moment later.
fn passes(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// The kind of a failure that trying again can't mend; `None` when it can.
fn refusal(e: &reqwest::Error) -> Option<Kind> {
    let given_up = e.is_redirect() || e.is_builder();
    find::<Failure>(e).map(|failure| failure.kind).or(given_up.then_some(Kind::SourceUnreachable))
}

/// What a request met on its way, in a few words.
pub(super) fn said(e: &reqwest::Error) -> String {
    if e.is_timeout() {
        return if e.is_connect() { "no connection in time".to_owned() } else { "no answer in time".to_owned() };
    }
    root(e)
}

/// How long the server asks to wait: seconds or a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?;
    Some((at.to_utc() - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::parse_from_rfc3339("2026-11-22T10:00:00Z").expect("a date").to_utc();
        let cases = [
            ("7", Some(7)),
            ("Sun, 22 Nov 2026 10:00:09 GMT", Some(9)),
            ("Sun, 22 Nov 2026 09:00:00 GMT", Some(0)),
            ("soon", None),
        ];
        for (text, seconds) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).expect("a header"));
            assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
