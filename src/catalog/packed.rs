//! Long texts in the index, packed: datasets and their records as published.

use std::cell::RefCell;

use zstd::bulk::{Compressor, Decompressor};

use crate::error::{Error, Kind, Result};

/// Fast, and still a quarter to a tenth of the text.
const LEVEL: i32 = 1;

/// The longest text that is unpacked, in bytes.
const LONGEST: usize = 256 << 20;

thread_local! {
    static PACKING: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static UNPACKING: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// A text, packed: its length (4 bytes, little-endian) and a Zstandard frame.
pub(super) fn pack(text: &str) -> Result<Vec<u8>> {
    let length = u32::try_from(text.len()).ok().filter(|length| *length as usize <= LONGEST);
    let length =
        length.ok_or_else(|| Error::new(Kind::Descriptor, format!("a record has {} bytes, more than {LONGEST}", text.len())))?;
    PACKING.with_borrow_mut(|packing| {
        let packing = match packing {
            Some(packing) => packing,
            None => packing.insert(Compressor::new(LEVEL)?),
        };
        let mut packed = length.to_le_bytes().to_vec();
        packed.extend(packing.compress(text.as_bytes())?);
        Ok(packed)
    })
}

/// The text of what [`pack`] gave.
pub(super) fn unpack(packed: &[u8]) -> Result<String> {
    let unreadable = || Error::new(Kind::Internal, "the index holds an unreadable text");
    let (length, frame) = packed.split_first_chunk().ok_or_else(unreadable)?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > LONGEST {
        return Err(unreadable());
    }
    let text = UNPACKING.with_borrow_mut(|unpacking| {
        let unpacking = match unpacking {
            Some(unpacking) => unpacking,
            None => unpacking.insert(Decompressor::new()?),
        };
        Ok::<_, Error>(unpacking.decompress(frame, length)?)
    })?;
    String::from_utf8(text).map_err(|e| unreadable().caused_by(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back() -> Result<()> {
        for text in ["", "a", &"上海 air ".repeat(10_000)] {
            let packed = pack(text)?;
            assert_eq!(unpack(&packed)?, text);
            assert!(packed.len() < 40 + text.len() / 10);
        }
        assert!(unpack(b"abc").is_err() && unpack(&[9, 0, 0, 0, 1, 2]).is_err() && unpack(&[255; 9]).is_err());
        Ok(())
    }
}
