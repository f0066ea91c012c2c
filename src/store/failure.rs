//! What goes wrong between a URL and its bytes: our own failures inside `object_store`'s errors, and the way from those to Stoa's
//! [`Error`]. Which requests are tried again is not decided here.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use crate::error::{Error, Kind};

/// A failure with its kind and a whole message, which travels through `object_store`'s error type as its source.
#[derive(Debug)]
pub(super) struct Failure {
    pub kind: Kind,
    pub message: String,
}

impl Failure {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// As `object_store` has it, for the object at `path`: absent and changed are variants that other code branches on.
    pub(super) fn into_store(self, path: &str) -> object_store::Error {
        let path = path.to_owned();
        if self.kind == Kind::SourceMissing {
            object_store::Error::NotFound { path, source: Box::new(self) }
        } else if self.kind == Kind::SourceChanged {
            object_store::Error::Precondition { path, source: Box::new(self) }
        } else {
            object_store::Error::Generic { store: "stoa", source: Box::new(self) }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Failure {}

/// Stoa's error for a store's error on the object published as `url`: absent is [`Kind::SourceMissing`], replaced while it was
/// read [`Kind::SourceChanged`], a full disk [`Kind::DiskFull`], all else that a request can meet [`Kind::SourceUnreachable`].
pub fn source_error(url: &str, error: object_store::Error) -> Error {
    let said = said(url, error);
    if said.kind() == Kind::SourceUnreachable && url.contains("://") {
        return said.with_hint("Check that this machine reaches the publisher, or read a copy with --mirror PREFIX=URL.");
    }
    said
}

fn said(url: &str, error: object_store::Error) -> Error {
    if let Some(failure) = find::<Failure>(&error) {
        let names_it = failure.message.contains(url);
        let message = if names_it { failure.message.clone() } else { format!("{url}: {}", failure.message) };
        return Error::new(failure.kind, message).caused_by(error);
    }
    if find::<io::Error>(&error).is_some_and(|e| e.kind() == io::ErrorKind::StorageFull) {
        return Error::new(Kind::DiskFull, format!("{url}: the disk is full")).caused_by(error);
    }
    use object_store::Error as E;
    let (kind, message) = match &error {
        E::NotFound { .. } => (Kind::SourceMissing, format!("{url} does not exist")),
        E::Precondition { .. } | E::NotModified { .. } => (Kind::SourceChanged, format!("{url} changed while it was read")),
        E::PermissionDenied { .. } => (Kind::SourceUnreachable, format!("{url}: permission denied")),
        E::Unauthenticated { .. } => (Kind::SourceUnreachable, format!("{url}: the credentials are missing or wrong")),
        E::InvalidPath { source } => (Kind::SourceInvalid, format!("{url}: {source}")),
        E::NotSupported { .. } | E::NotImplemented { .. } => (Kind::Unsupported, format!("{url}: {error}")),
        E::UnknownConfigurationKey { .. } => (Kind::Config, format!("{url}: {error}")),
        E::JoinError { .. } => (Kind::Internal, format!("{url}: {error}")),
        // `object_store` may grow variants, and its Generic holds all else.
        _ => (Kind::SourceUnreachable, format!("{url}: {}", root(&error))),
    };
    Error::new(kind, message).caused_by(error)
}

/// The first error of type `T` in the chain of causes.
pub(super) fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(e) = next {
        if let Some(found) = e.downcast_ref::<T>() {
            return Some(found);
        }
        next = e.source();
    }
    None
}

/// The last cause's text: what the operating system or the peer said.
pub(super) fn root(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_errors_become_kinds() {
        use object_store::Error as E;
        let io = |kind| Box::new(io::Error::from(kind));
        let path = || "a.csv".to_owned();
        let cases: Vec<(E, Kind, &str)> = vec![
            (E::NotFound { path: path(), source: io(io::ErrorKind::NotFound) }, Kind::SourceMissing, "u does not exist"),
            (
                E::Precondition { path: path(), source: io(io::ErrorKind::Other) },
                Kind::SourceChanged,
                "u changed while it was read",
            ),
            (
                E::PermissionDenied { path: path(), source: io(io::ErrorKind::Other) },
                Kind::SourceUnreachable,
                "u: permission denied",
            ),
            (E::Generic { store: "x", source: io(io::ErrorKind::StorageFull) }, Kind::DiskFull, "u: the disk is full"),
            (E::Generic { store: "x", source: "no route".into() }, Kind::SourceUnreachable, "u: no route"),
            (
                Failure::new(Kind::SourceMissing, "GET u: 404 Not Found").into_store("a"),
                Kind::SourceMissing,
                "GET u: 404 Not Found",
            ),
            (Failure::new(Kind::SourceChanged, "it changed").into_store("a"), Kind::SourceChanged, "u: it changed"),
        ];
        for (error, kind, message) in cases {
            let e = source_error("u", error);
            assert_eq!((e.kind(), e.message()), (kind, message));
        }
    }
}
