//! What an error can be, and of what.

/// Kinds, and the list of them all.
macro_rules! kinds {
    ($(#[$about:meta])* pub enum Kind { $($(#[$of:meta])* $name:ident,)* }) => {
        $(#[$about])*
        pub enum Kind { $($(#[$of])* $name,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

kinds! {
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
        /// A parameter that was not given.
        UndefinedParameter,
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
        /// A number of buckets that `ntile` can't make.
        InvalidNtile,
        /// A recursive query of another form than one part that does not name it and one that does.
        InvalidRecursion,
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
        /// A member that a path in JSON asks for and an object has not.
        JsonMember,
        /// Something else than the array that a path in JSON wants.
        JsonArray,
        /// Something else than the object that a path in JSON wants.
        JsonObject,
        /// A place outside of an array in JSON.
        JsonSubscript,
        /// Something else than the one value that a path in JSON wants.
        JsonSingle,
        /// Something else than the number that a path in JSON wants.
        JsonNumber,
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
        /// The wait for a lock was longer than it may be.
        LockTimeout,
        /// Sessions would wait for each other's locks.
        Deadlock,
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
}

/// What an error of a kind is of. Of what was written, PostgreSQL tells the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// A constant that is not of its type.
    Literal,
    /// A table.
    Relation,
    /// A type, a window, a setting.
    Object,
    /// A column.
    Column,
    /// A column or a call beside groups.
    Grouping,
    /// A call or an operator.
    Function,
    /// A cast.
    Cast,
    /// The frame of a window.
    Window,
    /// An expression of another type than its clause asks for.
    Type,
    /// A position in the select list.
    Position,
    /// A name that is given twice.
    Alias,
    /// A parameter.
    Parameter,
    /// A clause, or the number of columns in one.
    Clause,
    /// What was published, with the remedy.
    Published(&'static str),
    /// Nothing that was written or published: values, the session, the server.
    Nothing,
}

impl Kind {
    /// What an error of this kind is of.
    pub fn culprit(self) -> Culprit {
        match self {
            Self::InvalidText
            | Self::InvalidDatetime
            | Self::DatetimeOverflow
            | Self::IntervalOverflow
            | Self::ZoneDisplacement
            | Self::OutOfRange
            | Self::InvalidCharacter
            | Self::InvalidParameter => Culprit::Literal,
            Self::UndefinedTable => Culprit::Relation,
            Self::UndefinedObject | Self::UndefinedSchema => Culprit::Object,
            Self::UndefinedColumn | Self::AmbiguousColumn => Culprit::Column,
            Self::Grouping => Culprit::Grouping,
            Self::UndefinedFunction | Self::AmbiguousFunction => Culprit::Function,
            Self::CannotCast => Culprit::Cast,
            Self::Windowing => Culprit::Window,
            Self::DatatypeMismatch => Culprit::Type,
            Self::InvalidPosition => Culprit::Position,
            Self::DuplicateAlias => Culprit::Alias,
            Self::UndefinedParameter | Self::Indeterminate => Culprit::Parameter,
            Self::Syntax => Culprit::Clause,
            Self::SourceMissing => Culprit::Published("Correct the path in its descriptor, or ask the publisher where it went."),
            Self::SourceUnreachable => Culprit::Published("Ask again later, or read a copy of it with --mirror."),
            Self::SourceInvalid => Culprit::Published("Correct the descriptor, or tell the publisher."),
            // What changed meanwhile is read again.
            Self::SourceChanged
            | Self::WrongObject
            | Self::UndefinedDatabase
            | Self::UndefinedStatement
            | Self::UndefinedCursor
            | Self::UndefinedSavepoint
            | Self::DuplicateStatement
            | Self::DuplicateCursor
            | Self::Cardinality
            | Self::InvalidLimit
            | Self::InvalidOffset
            | Self::DivisionByZero
            | Self::InvalidPower
            | Self::InvalidGeometry
            | Self::InvalidLogarithm
            | Self::InvalidBucket
            | Self::InvalidNtile
            | Self::InvalidRecursion
            | Self::FixedParameter
            | Self::InvalidName
            | Self::ActiveTransaction
            | Self::InvalidEncoding
            | Self::InvalidRegex
            | Self::JsonMember
            | Self::JsonArray
            | Self::JsonObject
            | Self::JsonSubscript
            | Self::JsonSingle
            | Self::JsonNumber
            | Self::InvalidEscape
            | Self::InvalidSubstring
            | Self::InvalidSubscript
            | Self::NullNotAllowed
            | Self::LimitExceeded
            | Self::ReadOnly
            | Self::Unsupported
            | Self::Forbidden
            | Self::Authentication
            | Self::InvalidPassword
            | Self::FailedTransaction
            | Self::NoTransaction
            | Self::InvalidState
            | Self::Protocol
            | Self::Timeout
            | Self::Cancelled
            | Self::LockTimeout
            | Self::Deadlock
            | Self::Shutdown
            | Self::TooManyConnections
            | Self::OutOfMemory
            | Self::DiskFull
            | Self::TooComplex
            | Self::Descriptor
            | Self::Config
            | Self::Io
            | Self::Internal => Culprit::Nothing,
        }
    }
}
