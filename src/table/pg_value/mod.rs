//! Values as PostgreSQL has them, in its text and its binary form: a column at a time, into a reused buffer. Messages are
//! unknown here; which PostgreSQL type an Arrow type is stands in [`pg_type`](super::pg_type).

use crate::error::{Error, Kind, Result};

mod binary;
mod bytea;
mod cells;
mod column;
mod datetime;
mod digits;
mod float;
mod geometry;
mod interval;
mod json;
mod list;
mod numeric;
mod record;
mod room;
mod scale;
mod style;
mod uuid;
mod values;

pub use cells::{Cells, SLACK, is_text};
pub use column::encode;
pub use datetime::{EPOCH_DAYS, EPOCH_MICROS};
pub use json::encode as encode_json;
pub use numeric::{INFINITY, MINUS_INFINITY, NOT_A_NUMBER, Special};
pub use room::Room;
pub use scale::{Constants, SIGNIFICANT, ShownScale, declared, is_declared};
pub use style::Style;
pub use values::Values;

use values::Slot;

/// How values travel: as PostgreSQL's text or as its binary form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As the type's output function writes it.
    Text,
    /// As the type's send function writes it.
    Binary,
}

impl Format {
    /// The format of a code in Bind: 0 or 1. [`Kind::InvalidParameter`] for any other.
    pub fn from_code(code: i16) -> Result<Self> {
        match code {
            0 => Ok(Self::Text),
            1 => Ok(Self::Binary),
            other => Err(Error::new(Kind::InvalidParameter, format!("unsupported format code: {other}"))),
        }
    }

    /// The code that RowDescription tells.
    pub fn code(self) -> i16 {
        match self {
            Self::Text => 0,
            Self::Binary => 1,
        }
    }
}

/// The error for a value or a row that no length of the protocol can tell.
pub fn too_big() -> Error {
    Error::new(Kind::TooComplex, "a value or row is larger than 2 GB and cannot be sent")
        .with_hint("Select fewer or smaller columns, or part of the value with substr().")
}

#[cfg(test)]
mod tests;
