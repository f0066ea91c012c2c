//! Bytes that are written in place, as rows are.

/// Bytes in a row, and room behind them. What was used once need not be made ready again.
#[derive(Default)]
pub struct Room {
    /// What was written, and room behind it.
    bytes: Vec<u8>,
    /// Bytes of it that were written.
    filled: usize,
}

impl Room {
    /// What was written.
    pub fn written(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// How many bytes were written.
    pub fn len(&self) -> usize {
        self.filled
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Bytes that are held, written or not.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Room for `most` bytes at least, behind what was written. What is written there counts once it is [told](Self::advance).
    pub fn ahead(&mut self, most: usize) -> &mut [u8] {
        let wanted = self.filled + most;
        if self.bytes.len() < wanted {
            self.bytes.resize(wanted, 0);
        }
        &mut self.bytes[self.filled..]
    }

    /// So many bytes of [`Self::ahead`] were written.
    pub fn advance(&mut self, by: usize) {
        self.filled = (self.filled + by).min(self.bytes.len());
    }

    /// Adds bytes.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.ahead(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.advance(bytes.len());
    }

    /// Takes back all but the first `length` bytes.
    pub fn truncate(&mut self, length: usize) {
        self.filled = self.filled.min(length);
    }

    /// Takes all back, and keeps the room.
    pub fn clear(&mut self) {
        self.filled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_behind_counts_once_it_is_told() {
        let mut room = Room::default();
        room.extend_from_slice(b"ab");
        room.ahead(3)[..2].copy_from_slice(b"cd");
        assert_eq!(room.written(), b"ab");
        room.advance(2);
        assert_eq!(room.written(), b"abcd");
        room.truncate(3);
        room.extend_from_slice(b"x");
        assert_eq!((room.written(), room.len()), (&b"abcx"[..], 4));
        room.clear();
        assert!(room.is_empty() && room.capacity() >= 5);
    }
}
