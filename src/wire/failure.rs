//! Why an answer to a client did not end well: its statement failed, or nobody hears it any more.

use crate::error::Error;

/// Why a step did not end well.
#[derive(Debug)]
pub(super) enum Failure {
    /// The statement failed; the client is told and the connection goes on.
    Statement(Error),
    /// The client cannot be reached; the connection ends.
    Connection(Broken),
}

/// Writing to the client failed.
#[derive(Debug)]
pub(super) struct Broken(pub(super) Error);

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        Self::Statement(e)
    }
}

impl From<Broken> for Failure {
    fn from(e: Broken) -> Self {
        Self::Connection(e)
    }
}

impl From<Broken> for Error {
    fn from(e: Broken) -> Self {
        e.0
    }
}

impl Failure {
    /// The error of a connection that ends.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Statement(e) | Self::Connection(Broken(e)) => e,
        }
    }
}
