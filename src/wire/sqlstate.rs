//! Which SQLSTATE an error kind has (PostgreSQL 15, Appendix A). Nothing else decides a SQLSTATE.

use crate::error::Kind;

/// The five characters that drivers branch on.
pub(super) fn sqlstate(kind: Kind) -> &'static str {
    match kind {
        Kind::Syntax => "42601",
        Kind::UndefinedTable => "42P01",
        Kind::UndefinedColumn => "42703",
        Kind::UndefinedFunction => "42883",
        Kind::UndefinedSchema => "3F000",
        Kind::UndefinedDatabase => "3D000",
        Kind::UndefinedObject => "42704",
        Kind::UndefinedStatement => "26000",
        Kind::UndefinedCursor => "34000",
        Kind::DuplicateStatement => "42P05",
        Kind::DuplicateCursor => "42P03",
        Kind::AmbiguousColumn => "42702",
        Kind::Grouping => "42803",
        Kind::DatatypeMismatch => "42804",
        Kind::InvalidText => "22P02",
        Kind::InvalidDatetime => "22007",
        Kind::OutOfRange => "22003",
        Kind::DivisionByZero => "22012",
        Kind::InvalidParameter => "22023",
        Kind::InvalidEncoding => "22021",
        Kind::ReadOnly => "25006",
        Kind::Unsupported => "0A000",
        Kind::Forbidden => "42501",
        Kind::Authentication => "28000",
        Kind::FailedTransaction => "25P02",
        Kind::NoTransaction => "25P01",
        Kind::Protocol => "08P01",
        Kind::Timeout | Kind::Cancelled => "57014",
        Kind::Shutdown => "57P01",
        Kind::TooManyConnections => "53300",
        Kind::OutOfMemory => "53200",
        Kind::DiskFull => "53100",
        Kind::TooComplex => "54001",
        Kind::SourceMissing => "58P01",
        Kind::SourceUnreachable => "58030",
        Kind::SourceInvalid => "22000",
        Kind::SourceChanged => "40001",
        Kind::Descriptor | Kind::Config => "F0000",
        Kind::Io => "58030",
        Kind::Internal => "XX000",
    }
}
