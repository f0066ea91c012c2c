//! Thrift's compact protocol, as far as a look at Parquet's headers needs it: fields are found or stepped over, nothing is allocated
//! (thrift, "Thrift Compact protocol encoding").

/// Structures within each other that are followed.
const MAX_DEPTH: usize = 64;

const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
pub(super) const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
pub(super) const STRUCT: u8 = 12;

/// Bytes that are being read. Every step is `None` when they make no sense.
#[derive(Clone, Copy)]
pub(super) struct Compact<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Compact<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How far it was read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A signed number of up to 64 bits.
    pub(super) fn number(&mut self) -> Option<i64> {
        let bits = self.varint()?;
        Some(i64::try_from(bits >> 1).ok()? ^ -i64::from(bits & 1 == 1))
    }

    /// A number of 32 bits. Of a longer one the lowest count, as they do to Parquet's decoder, whatever a writer meant.
    pub(super) fn int(&mut self) -> Option<i32> {
        Some(self.number()? as i32)
    }

    /// The elements of a list: their type and number, which is no larger than the bytes that are left.
    pub(super) fn list(&mut self) -> Option<(u8, usize)> {
        let head = self.byte()?;
        let size = match head >> 4 {
            15 => usize::try_from(self.varint()?).ok()?,
            size => usize::from(size),
        };
        (size <= self.bytes.len() - self.at).then_some((head & 0xf, size))
    }

    /// Calls `field` with the number and type of each field of a structure, in order; it reads the value, or answers `Some(false)` to have it
    /// stepped over.
    pub(super) fn structure(&mut self, mut field: impl FnMut(&mut Self, i16, u8) -> Option<bool>) -> Option<()> {
        let mut id = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            id = match head >> 4 {
                // The lowest bits, as in `int`.
                0 => self.number()? as i16,
                delta => id.checked_add(i16::from(delta))?,
            };
            let kind = head & 0xf;
            if !field(self, id, kind)? {
                self.skip(kind, false, 0)?;
            }
        }
    }

    /// Steps over a value. A boolean is in its field's type, and a byte of its own within a list.
    fn skip(&mut self, kind: u8, in_list: bool, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match kind {
            1 | 2 if in_list => self.byte().map(|_| ()),
            1 | 2 => Some(()),
            BYTE => self.byte().map(|_| ()),
            I16 | I32 | I64 => self.varint().map(|_| ()),
            DOUBLE => self.forward(8),
            BINARY => {
                let length = self.varint()?;
                self.forward(usize::try_from(length).ok()?)
            }
            LIST | SET => {
                let (kind, size) = self.list()?;
                (0..size).try_for_each(|_| self.skip(kind, true, depth + 1))
            }
            MAP => {
                let size = usize::try_from(self.varint()?).ok().filter(|size| *size <= self.bytes.len() - self.at)?;
                if size == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                (0..size).try_for_each(|_| {
                    self.skip(kinds >> 4, true, depth + 1)?;
                    self.skip(kinds & 0xf, true, depth + 1)
                })
            }
            STRUCT => loop {
                let head = self.byte()?;
                if head == 0 {
                    return Some(());
                }
                if head >> 4 == 0 {
                    self.number()?;
                }
                self.skip(head & 0xf, false, depth + 1)?;
            },
            _ => None,
        }
    }

    fn forward(&mut self, bytes: usize) -> Option<()> {
        self.at = self.at.checked_add(bytes).filter(|at| *at <= self.bytes.len())?;
        Some(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::snapshot::spool::put_number;

    /// A number as structures hold it: zigzag, then seven bits a byte.
    pub(in super::super) fn number(value: i64) -> Vec<u8> {
        let mut out = Vec::new();
        put_number(&mut out, u64::from_ne_bytes(((value << 1) ^ (value >> 63)).to_ne_bytes()));
        out
    }
}
