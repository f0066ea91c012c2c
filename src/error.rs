//! The one public error: a closed [`Kind`] to branch on, and a message that names the thing, the place and the remedy.
//! Which SQLSTATE a kind has is the wire's business.

mod kind;

use std::fmt;

pub use kind::{Culprit, Kind};

/// `Result` with Stoa's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error with its kind, a message for people, and where known the detail, the hint and the place in the SQL.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
    position: Option<usize>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind` whose message names the thing and the place, as in `no table "trip" in schema "transport"`.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), detail: None, hint: None, position: None, source: None }))
    }

    /// Adds what else is known, in a sentence.
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds the remedy, in a sentence.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the place in the SQL text: the 1-based character, as PostgreSQL counts.
    pub fn at(mut self, position: usize) -> Self {
        self.0.position = Some(position);
        self
    }

    /// Takes the place away, where PostgreSQL tells none.
    pub fn nowhere(mut self) -> Self {
        self.0.position = None;
        self
    }

    /// Adds the error underneath, for logs; its text is not shown to clients.
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Puts words in front of the message: `context: message`.
    pub fn within(mut self, context: impl fmt::Display) -> Self {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }

    /// What to branch on.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The message, without detail and hint.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What else is known.
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The remedy.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The 1-based character in the SQL text.
    pub fn position(&self) -> Option<usize> {
        self.0.position
    }

    /// The same error for another waiter; the cause underneath stays with the first.
    pub fn duplicate(&self) -> Self {
        Self(Box::new(Inner {
            kind: self.0.kind,
            message: self.0.message.clone(),
            detail: self.0.detail.clone(),
            hint: self.0.hint.clone(),
            position: self.0.position,
            source: None,
        }))
    }
}

/// What [`Error`]'s `Debug` begins with, before a JSON list of its fields.
const OPENS: &str = "stoa::Error";

/// The fields that [`Error::among`] reads back.
type Fields = (String, String, Option<String>, Option<String>, Option<usize>);

/// Read back by [`Error::among`].
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, message, detail, hint, position, source } = self.0.as_ref();
        write!(f, "{OPENS}{}", serde_json::json!([format!("{kind:?}"), message, detail, hint, position]))?;
        source.iter().try_for_each(|source| write!(f, " caused by {source:?}"))
    }
}

impl Error {
    /// The error that a library passes on within its own words: the filters of a Parquet scan tell what their expressions said as its
    /// `Debug` only. `None` when none is there.
    pub fn among(said: &str) -> Option<Self> {
        let (_, rest) = said.split_once(OPENS)?;
        let (kind, message, detail, hint, position) =
            serde_json::Deserializer::from_str(rest).into_iter::<Fields>().next()?.ok()?;
        let kind = *Kind::ALL.iter().find(|known| format!("{known:?}") == kind)?;
        Some(Self(Box::new(Inner { kind, message, detail, hint, position, source: None })))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|e| e as _)
    }
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        let is_full = matches!(e.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded);
        let kind = if is_full { Kind::DiskFull } else { Kind::Io };
        Self::new(kind, e.to_string()).caused_by(e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_its_message_and_keeps_the_rest_apart() {
        let e = Error::new(Kind::UndefinedTable, "no table \"trip\"").with_hint("Perhaps you meant \"trips\".").at(15);
        assert_eq!(e.to_string(), "no table \"trip\"");
        assert_eq!((e.kind(), e.hint(), e.position()), (Kind::UndefinedTable, Some("Perhaps you meant \"trips\"."), Some(15)));
        assert_eq!(e.within("in statement 2").message(), "in statement 2: no table \"trip\"");
    }
    #[test]
    fn an_error_is_found_in_what_was_made_of_it() {
        let plain = Error::new(Kind::Grouping, "plain");
        let e = Error::new(Kind::InvalidText, "it's \"\\\" \n\u{1}").with_detail("d").with_hint("h").at(3);
        let e = e.caused_by(std::io::Error::other("stoa::Error[]"));
        for e in [e, plain] {
            let said = format!("External({e:?}), backtrace: ]");
            let found = Error::among(&said).expect("an error");
            assert_eq!((found.kind(), found.message(), found.position()), (e.kind(), e.message(), e.position()));
            assert_eq!((found.detail(), found.hint()), (e.detail(), e.hint()));
        }
        assert!(Error::among("stoa::Error[\"Nosuch\", \"\", null, null, null]").is_none());
        assert!(Error::among("of others").is_none());
    }
}
