//! The one public error: a closed [`Kind`] to branch on, and a message that names the thing, the place and the remedy.
//! Which SQLSTATE a kind has is the wire's business.

use std::fmt;

/// `Result` with Stoa's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as a caller would branch on it. Closed on purpose: a new kind must choose its SQLSTATE to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The SQL does not parse.
    Syntax,
    /// No such table.
    UndefinedTable,
    /// No such column.
    UndefinedColumn,
    /// No such function, or none with these argument types.
    UndefinedFunction,
    /// Several functions of that name, where one is meant.
    AmbiguousFunction,
    /// A function or a value that is not of the sort that is asked for: a window function without a window.
    WrongObject,
    /// No such schema.
    UndefinedSchema,
    /// No such database (catalog).
    UndefinedDatabase,
    /// No such setting, type, role or other object.
    UndefinedObject,
    /// No prepared statement of that name.
    UndefinedStatement,
    /// No cursor or portal of that name.
    UndefinedCursor,
    /// No savepoint of that name.
    UndefinedSavepoint,
    /// A prepared statement of that name exists already.
    DuplicateStatement,
    /// A cursor or portal of that name exists already.
    DuplicateCursor,
    /// A parameter whose type nothing tells.
    Indeterminate,
    /// A column name that several tables share.
    AmbiguousColumn,
    /// A column neither grouped nor aggregated.
    Grouping,
    /// A position in ORDER BY or GROUP BY that the select list does not have.
    InvalidPosition,
    /// A subquery that is used as a value gave more than one row.
    Cardinality,
    /// A name that is given to two tables or queries at once.
    DuplicateAlias,
    /// A window function where none may stand.
    Windowing,
    /// A count of rows that is negative.
    InvalidLimit,
    /// A number of rows to leave out that is negative.
    InvalidOffset,
    /// Types that do not fit each other.
    DatatypeMismatch,
    /// A cast between types that have none.
    CannotCast,
    /// A text that is not of the type it is read as.
    InvalidText,
    /// A date or time that does not exist or is not of the expected form.
    InvalidDatetime,
    /// A date or time outside its type's range, or a part of one that no calendar has.
    DatetimeOverflow,
    /// A part of an interval that is out of range.
    IntervalOverflow,
    /// An offset from Greenwich that is out of range.
    ZoneDisplacement,
    /// A number outside its type's range.
    OutOfRange,
    /// A division by zero.
    DivisionByZero,
    /// A power or root that no real number is.
    InvalidPower,
    /// A text or binary that is no geometry, or a geometry of a kind that a function has no use for.
    InvalidGeometry,
    /// A logarithm of what is not positive.
    InvalidLogarithm,
    /// Bounds or a count that make no buckets.
    InvalidBucket,
    /// A value that a setting or parameter does not take.
    InvalidParameter,
    /// A setting that can't be changed, or not now.
    FixedParameter,
    /// A name that none can be.
    InvalidName,
    /// What can't be done within a transaction block.
    ActiveTransaction,
    /// Bytes that are not valid in the encoding they are said to be in.
    InvalidEncoding,
    /// A character that an encoding lacks.
    InvalidCharacter,
    /// A regular expression that is none.
    InvalidRegex,
    /// An escape in a pattern that is none.
    InvalidEscape,
    /// A part of a text that ends before it begins.
    InvalidSubstring,
    /// A place outside of a value.
    InvalidSubscript,
    /// A NULL where there may be none.
    NullNotAllowed,
    /// A value that no type of PostgreSQL's holds.
    LimitExceeded,
    /// A write, or DDL: everything here is read-only.
    ReadOnly,
    /// Something PostgreSQL has and Stoa has not.
    Unsupported,
    /// Something the client may not do.
    Forbidden,
    /// A client that may not come in, whatever password it has.
    Authentication,
    /// A wrong password, or one for a role that there is not.
    InvalidPassword,
    /// A command inside a failed transaction block.
    FailedTransaction,
    /// A statement that needs a transaction block, outside of one.
    NoTransaction,
    /// Something that can't be done as things stand: a cursor that only goes forward.
    InvalidState,
    /// The client sent something the protocol does not allow there.
    Protocol,
    /// The statement's deadline passed.
    Timeout,
    /// The client cancelled the statement, or went away.
    Cancelled,
    /// The server is stopping.
    Shutdown,
    /// No more connections are taken.
    TooManyConnections,
    /// The memory share is used up and spilling did not help.
    OutOfMemory,
    /// The disk under the state folder is full.
    DiskFull,
    /// The statement is longer, deeper or wider than is planned.
    TooComplex,
    /// A published file is not there (a missing path, HTTP 404).
    SourceMissing,
    /// A published file can't be reached (network, permission, HTTP 5xx).
    SourceUnreachable,
    /// A published file was reached and is not what it is said to be.
    SourceInvalid,
    /// A published file changed while it was read.
    SourceChanged,
    /// A descriptor that can't be used.
    Descriptor,
    /// A configuration that can't be used (an option, an address in use, a state folder of a newer version).
    Config,
    /// Reading or writing our own files or sockets failed.
    Io,
    /// A fault of Stoa's own.
    Internal,
}

/// An error with its kind, a message for people, and where known the detail, the hint and the place in the SQL.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
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
}
