//! Where the values of a column are gathered, each with its length in front as DataRow wants it; and how short ones are written in place.

use std::ops::Range;

use arrow::array::ArrayAccessor;

use crate::error::Result;

use super::too_big;
use crate::table::pg_charset::Charset;

/// The values of one column, one behind the other, each with its length in front.
#[derive(Default)]
pub struct Values {
    /// What was written, and behind it what was written before the last [`Self::clear`]: room that is there already.
    bytes: Vec<u8>,
    /// Bytes of it that count.
    filled: usize,
    /// Where each value ends in `bytes`.
    ends: Vec<usize>,
}

/// Room for a value that is written in place: no number, date or time has more bytes.
pub(super) type Slot = [u8; 48];

/// Bytes of the length in front of a value.
pub(super) const LENGTH: usize = 4;

/// A slot with the length in front.
const CELL: usize = LENGTH + size_of::<Slot>();

/// How many bytes are copied of a value at least.
pub(super) const COPIED: usize = 32;

/// The length that stands for null.
pub(super) const NULL: [u8; LENGTH] = (-1i32).to_be_bytes();

impl Values {
    /// Takes all values out and keeps the memory.
    pub fn clear(&mut self) {
        self.filled = 0;
        self.ends.clear();
    }

    /// How many values there are.
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Bytes that the values take, the lengths in front of them included.
    pub(super) fn bytes(&self) -> usize {
        self.filled
    }

    /// Turns the values, which are texts, into another encoding. Errors as [`Charset::encode`].
    pub(super) fn in_charset(&mut self, charset: Charset) -> Result<()> {
        // The lengths of short values are ASCII too, and so not in the way of seeing that nothing is to be done.
        if self.bytes[..self.filled].is_ascii() {
            return Ok(());
        }
        let mut turned = Self::default();
        for index in 0..self.count() {
            match self.get(index) {
                None => turned.null(),
                Some(value) => turned.value(|out| match std::str::from_utf8(value) {
                    Ok(text) => charset.encode(text, out),
                    // Bytes that are no text are nobody's to turn.
                    Err(_) => {
                        out.extend_from_slice(value);
                        Ok(())
                    }
                })?,
            }
        }
        *self = turned;
        Ok(())
    }

    /// Makes room behind the last value, so that [`Self::copy`] and [`Self::copy_bare`] may read past it. Until then nothing may be added.
    pub(super) fn seal(&mut self) {
        self.make_room(LENGTH + COPIED);
    }

    /// Copies a value with its length in front to the start of `out`, which has [`COPIED`] bytes more than the value takes, and tells how
    /// many it took. What is small is copied whole steps at a time, which is quicker than asking for its length first.
    #[inline]
    pub(super) fn copy(&self, index: usize, out: &mut [u8]) -> usize {
        let Range { start, end } = self.range(index);
        copied(&self.bytes, start, end - start, out)
    }

    /// Copies a value without its length as [`Self::copy`] does; `None` for null.
    #[inline]
    pub(super) fn copy_bare(&self, index: usize, out: &mut [u8]) -> Option<usize> {
        let Range { start, end } = self.range(index);
        let start_of_value = start + LENGTH;
        // A value without bytes looks the same but for its length.
        if start_of_value == end && self.bytes[start..end] == NULL {
            return None;
        }
        Some(copied(&self.bytes, start_of_value, end - start_of_value, out))
    }

    /// Adds a null.
    pub(super) fn null(&mut self) {
        self.open().extend_from_slice(&NULL);
        self.close();
    }

    /// Adds the value that `write` appends.
    #[inline]
    pub(super) fn value(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        let start = self.filled;
        let bytes = self.open();
        bytes.extend_from_slice(&[0; LENGTH]);
        write(bytes)?;
        let length = i32::try_from(bytes.len() - start - LENGTH).map_err(|_| too_big())?;
        bytes[start..start + LENGTH].copy_from_slice(&length.to_be_bytes());
        self.close();
        Ok(())
    }

    /// Adds every value of an array as `write` puts it into a slot, telling how many bytes of it are the value's.
    #[inline]
    pub(super) fn short<A: ArrayAccessor>(
        &mut self,
        array: A,
        write: impl Fn(A::Item, &mut Slot) -> Result<usize>,
    ) -> Result<()> {
        let (mut at, first) = (self.filled, self.ends.len());
        self.make_room(array.len() * CELL);
        self.ends.resize(first + array.len(), 0);
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
        for (i, end) in self.ends[first..].iter_mut().enumerate() {
            let cell: &mut [u8; CELL] = self.bytes[at..].first_chunk_mut().expect("there is room for every value");
            if nulls.is_some_and(|nulls| nulls.is_null(i)) {
                cell[..LENGTH].copy_from_slice(&NULL);
                at += LENGTH;
            } else {
                let (length, slot) = cell.split_at_mut(LENGTH);
                let slot: &mut Slot = slot.try_into().expect("a cell is a length and a slot");
                let written = write(array.value(i), slot)?;
                length.copy_from_slice(&(written as u32).to_be_bytes());
                at += LENGTH + written;
            }
            *end = at;
        }
        self.filled = at;
        Ok(())
    }

    /// A value with its length in front: four bytes, big-endian, -1 for null.
    #[inline]
    fn prefixed(&self, index: usize) -> &[u8] {
        &self.bytes[self.range(index)]
    }

    /// The values of a range, each with its length in front.
    #[inline]
    pub(super) fn prefixed_all(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[self.end_before(range.start)..self.end_before(range.end)]
    }

    /// A value without its length; `None` for null.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let (length, value) = self.prefixed(index).split_at(LENGTH);
        if length == NULL { None } else { Some(value) }
    }

    /// Where a value stands in `bytes`, with its length.
    #[inline]
    fn range(&self, index: usize) -> Range<usize> {
        self.end_before(index)..self.ends[index]
    }

    #[inline]
    fn end_before(&self, index: usize) -> usize {
        if index == 0 { 0 } else { self.ends[index - 1] }
    }

    fn make_room(&mut self, more: usize) {
        let wanted = self.filled + more;
        if self.bytes.len() < wanted {
            self.bytes.resize(wanted, 0);
        }
    }

    /// The bytes that count, to append to. [`Self::close`] comes next.
    #[inline]
    fn open(&mut self) -> &mut Vec<u8> {
        self.bytes.truncate(self.filled);
        &mut self.bytes
    }

    #[inline]
    fn close(&mut self) {
        self.filled = self.bytes.len();
        self.ends.push(self.filled);
    }
}

/// Puts what `write` appends into the slot: for the forms that are rare.
#[cold]
pub(super) fn appended(slot: &mut Slot, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<usize> {
    let mut text = Vec::with_capacity(size_of::<Slot>());
    write(&mut text)?;
    slot[..text.len()].copy_from_slice(&text);
    Ok(text.len())
}

/// Copies `length` bytes that begin at `start` to the start of `out`, or more of them where both have [`COPIED`]; gives `length` back.
#[inline]
pub(super) fn copied(bytes: &[u8], start: usize, length: usize, out: &mut [u8]) -> usize {
    if length <= COPIED {
        out[..COPIED].copy_from_slice(&bytes[start..start + COPIED]);
    } else {
        out[..length].copy_from_slice(&bytes[start..start + length]);
    }
    length
}

#[cfg(test)]
mod tests {
    use arrow::array::Int32Array;

    use super::*;

    #[test]
    fn values_written_in_place_and_appended_ones_stand_in_a_row() {
        let mut values = Values::default();
        for _ in 0..2 {
            values.clear();
            let array = Int32Array::from(vec![Some(1), None, Some(3)]);
            let write = |n: i32, slot: &mut Slot| {
                slot[..n as usize].fill(b'x');
                Ok(n as usize)
            };
            values.short(&array, write).expect("all fit");
            values
                .value(|out| {
                    out.extend_from_slice(&[b'y'; 40]);
                    Ok(())
                })
                .expect("it fits");
            values.null();
            values.value(|_| Ok(())).expect("it fits");
            let found: Vec<Option<usize>> = (0..values.count()).map(|i| values.get(i).map(<[u8]>::len)).collect();
            assert_eq!(found, [Some(1), None, Some(3), Some(40), None, Some(0)]);
            values.seal();
            for index in 0..values.count() {
                let mut out = [0; 44 + COPIED];
                let length = values.copy(index, &mut out);
                assert_eq!(out[..length], *values.prefixed(index));
                let bare = values.copy_bare(index, &mut out);
                assert_eq!(bare.map(|length| &out[..length]), values.get(index));
            }
            assert_eq!(values.bytes(), 6 * LENGTH + 44);
        }
    }
}
