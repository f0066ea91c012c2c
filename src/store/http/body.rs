//! The bytes of one answer as a stream that is whole or an error: a connection that breaks is resumed where it broke, of the same
//! version only.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use reqwest::header::{IF_MATCH, RANGE};
use reqwest::{Method, Response, StatusCode};
use url::Url;

use super::answer::{Validators, check, content_length, content_range};
use super::client::{Client, Request, said};
use crate::error::Kind;
use crate::store::failure::Failure;

/// One range of an object being read.
pub(super) struct Body {
    pub client: Arc<Client>,
    pub url: Url,
    /// Of the version that is being read.
    pub validators: Validators,
    /// The object's size in bytes.
    pub total: u64,
    /// Whether the answer told that size; else a body that goes on beyond it is of another version.
    pub announced: bool,
    /// What is still to come, as offsets in the object.
    pub wanted: Range<u64>,
    /// Bytes that the answer holds before `wanted`: a server that ignores ranges sends them too.
    pub skip: u64,
}

/// A body and the connection that it comes by.
struct Reading {
    body: Body,
    chunks: BoxStream<'static, reqwest::Result<Bytes>>,
    resumed: usize,
}

impl Body {
    /// The bytes of `wanted`, exactly: too few after all resumes, or a version that changed on the way, end in an error.
    pub(super) fn stream(self, response: Response) -> BoxStream<'static, object_store::Result<Bytes>> {
        let reading = Reading { body: self, chunks: response.bytes_stream().boxed(), resumed: 0 };
        stream::try_unfold(reading, |mut reading| async move {
            match reading.next().await {
                Ok(Some(bytes)) => Ok(Some((bytes, reading))),
                Ok(None) => Ok(None),
                Err(failure) => Err(failure.into_store(reading.body.url.path())),
            }
        })
        .boxed()
    }
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        while !self.body.wanted.is_empty() {
            match self.chunks.next().await {
                Some(Ok(mut bytes)) => {
                    let skipped = self.body.skip.min(bytes.len() as u64);
                    self.body.skip -= skipped;
                    let mut bytes = bytes.split_off(skipped as usize);
                    let left = self.body.wanted.end - self.body.wanted.start;
                    if bytes.len() as u64 > left && self.ends_the_object() {
                        return Err(self.grown());
                    }
                    bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                    if !bytes.is_empty() {
                        self.body.wanted.start += bytes.len() as u64;
                        return Ok(Some(bytes));
                    }
                }
                Some(Err(e)) => self.resume(&said(&e)).await?,
                None => self.resume("the connection ended").await?,
            }
        }
        if self.ends_the_object() && matches!(self.chunks.next().await, Some(Ok(more)) if !more.is_empty()) {
            return Err(self.grown());
        }
        Ok(None)
    }

    /// Whether nothing may follow what is read. An announced size is the protocol's to keep.
    fn ends_the_object(&self) -> bool {
        !self.body.announced && self.body.wanted.end == self.body.total
    }

    fn grown(&self) -> Failure {
        let Body { url, total, .. } = &self.body;
        Failure::new(Kind::SourceChanged, format!("GET {url}: it had {total} bytes when they were counted and has more now"))
    }

    /// Asks for the rest of the same version.
    async fn resume(&mut self, why: &str) -> Result<(), Failure> {
        let Body { client, url, validators, total, wanted, .. } = &self.body;
        let broken = format!("GET {url}: broke off at byte {} of {total}: {why}", wanted.start);
        if self.resumed == client.retries() {
            return Err(Failure::new(Kind::SourceUnreachable, format!("{broken} (attempt {0} of {0})", self.resumed + 1)));
        }
        if validators.is_empty() {
            let message = format!("{broken}; it has no ETag or Last-Modified to be resumed by");
            return Err(Failure::new(Kind::SourceUnreachable, message));
        }
        self.resumed += 1;
        tokio::time::sleep(client.wait(self.resumed)).await;
        let mut request =
            Request::new(Method::GET, url.clone()).with(RANGE, &format!("bytes={}-{}", wanted.start, wanted.end - 1));
        if let Some(tag) = validators.strong() {
            request = request.with(IF_MATCH, tag);
        }
        let response = client.send(&request).await?;
        check(&format!("GET {url}"), response.status(), response.headers())?;
        let changed = || Failure::new(Kind::SourceChanged, format!("{broken}, and it has changed since"));
        // An answer without validators is of the same version only where If-Match had it so.
        if !validators.same(&Validators::of(response.headers())).unwrap_or(validators.strong().is_some()) {
            return Err(changed());
        }
        let (starts_at, now) = if response.status() == StatusCode::PARTIAL_CONTENT {
            let range = content_range(response.headers()).ok_or_else(changed)?;
            (range.range.ok_or_else(changed)?.start, range.total)
        } else {
            (0, content_length(response.headers()))
        };
        if starts_at > wanted.start || now.is_some_and(|n| n != *total) {
            return Err(changed());
        }
        self.body.skip = wanted.start - starts_at;
        self.chunks = response.bytes_stream().boxed();
        Ok(())
    }
}
