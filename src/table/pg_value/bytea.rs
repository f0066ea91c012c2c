//! Text of `bytea` (PostgreSQL 15, 8.4): hex, and the older escape form.

use super::style::ByteaOutput;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends the bytes as text.
pub(super) fn text(value: &[u8], output: ByteaOutput, out: &mut Vec<u8>) {
    match output {
        ByteaOutput::Hex => {
            out.reserve(2 + value.len() * 2);
            out.extend_from_slice(b"\\x");
            for byte in value {
                out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        }
        ByteaOutput::Escape => {
            for &byte in value {
                match byte {
                    b'\\' => out.extend_from_slice(b"\\\\"),
                    b' '..=b'~' => out.push(byte),
                    _ => out.extend_from_slice(&[b'\\', b'0' + (byte >> 6), b'0' + ((byte >> 3) & 7), b'0' + (byte & 7)]),
                }
            }
        }
    }
}
