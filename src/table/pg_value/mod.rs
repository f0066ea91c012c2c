//! Values as PostgreSQL has them, in its text and its binary form: a column at a time, into a reused buffer. Messages are
//! unknown here; which PostgreSQL type an Arrow type is stands in [`pg_type`](super::pg_type).

use std::ops::Range;

use crate::error::{Error, Kind, Result};

mod bytea;
mod column;
mod datetime;
mod digits;
mod float;
mod interval;
mod json;
mod list;
mod numeric;
mod scale;
mod style;
mod uuid;

pub use column::encode;
pub use datetime::{EPOCH_DAYS, EPOCH_MICROS};
pub use json::encode as encode_json;
pub use scale::{SIGNIFICANT, ShownScale, declared, is_declared};
pub use style::Style;

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

/// The values of one column, one behind the other, each with its length in front as DataRow wants it.
#[derive(Default)]
pub struct Values {
    bytes: Vec<u8>,
    /// Where each value ends in `bytes`.
    ends: Vec<usize>,
}

impl Values {
    /// Takes all values out and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Bytes that the values take, the lengths in front of them included.
    pub fn bytes(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Makes room behind the last value, so that [`Self::copy`] may read past it. Until then nothing may be added.
    pub fn seal(&mut self) {
        self.bytes.resize(self.bytes.len() + COPIED, 0);
    }

    /// Copies a value with its length in front to the start of `out`, which has [`COPIED`] bytes more than the value takes, and tells how
    /// many it took. What is small is copied whole steps at a time, which is quicker than asking for its length first.
    #[inline]
    pub fn copy(&self, index: usize, out: &mut [u8]) -> usize {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        let length = self.ends[index] - start;
        if length <= COPIED {
            out[..COPIED].copy_from_slice(&self.bytes[start..start + COPIED]);
        } else {
            out[..length].copy_from_slice(&self.bytes[start..start + length]);
        }
        length
    }

    /// Adds a null.
    fn null(&mut self) {
        self.bytes.extend_from_slice(&NULL);
        self.ends.push(self.bytes.len());
    }

    /// Adds the value that `write` appends.
    #[inline]
    fn value(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        write(&mut self.bytes)?;
        let length = i32::try_from(self.bytes.len() - start - 4).map_err(|_| too_big())?;
        self.bytes[start..start + 4].copy_from_slice(&length.to_be_bytes());
        self.ends.push(self.bytes.len());
        Ok(())
    }

    /// A value with its length in front: four bytes, big-endian, -1 for null.
    #[inline]
    pub fn prefixed(&self, index: usize) -> &[u8] {
        self.prefixed_all(index..index + 1)
    }

    /// The values of a range, each with its length in front.
    #[inline]
    fn prefixed_all(&self, range: Range<usize>) -> &[u8] {
        let bound = |index: usize| if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[bound(range.start)..bound(range.end)]
    }

    /// A value without its length; `None` for null.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let (length, value) = self.prefixed(index).split_at(4);
        if length == NULL { None } else { Some(value) }
    }
}

/// How many bytes are copied of a value at least.
pub const COPIED: usize = 32;

/// The length that stands for null.
const NULL: [u8; 4] = (-1i32).to_be_bytes();

/// The error for a value or a row that no length of the protocol can tell.
pub fn too_big() -> Error {
    Error::new(Kind::TooComplex, "a value or row is larger than 2 GB and cannot be sent")
        .with_hint("Select fewer or smaller columns, or part of the value with substr().")
}

#[cfg(test)]
mod tests;
