//! `encode`, `decode`, and the digests of bytes.

use std::fmt::Write;

use arrow::array::ArrayRef;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use datafusion::error::Result;
use ring::digest;
use sha2::Digest as _;

use super::bytes::{escaped, hex};
use crate::engine::functions::function::{Call, Function, Gives, Type::*, invalid, outward};
use crate::error::{Error, Kind};

/// Characters of a line of base64 (RFC 2045).
const LINE: usize = 76;

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("encode", &[&[Bytes, Text]], Gives::Text, encode),
        Function::new("decode", &[&[Text, Text]], Gives::Bytes, decode),
        Function::new("sha224", &[&[Bytes]], Gives::Bytes, |call| {
            let bytes = call.bytes(0)?;
            call.write_bytes(|row, out| {
                out.extend_from_slice(&sha2::Sha224::digest(bytes.value(row)));
                Ok(true)
            })
        }),
        Function::new("sha256", &[&[Bytes]], Gives::Bytes, |call| digests(call, &digest::SHA256)),
        Function::new("sha384", &[&[Bytes]], Gives::Bytes, |call| digests(call, &digest::SHA384)),
        Function::new("sha512", &[&[Bytes]], Gives::Bytes, |call| digests(call, &digest::SHA512)),
    ]
}

fn digests(call: &Call, algorithm: &'static digest::Algorithm) -> Result<ArrayRef> {
    let bytes = call.bytes(0)?;
    call.write_bytes(|row, out| {
        out.extend_from_slice(digest::digest(algorithm, bytes.value(row)).as_ref());
        Ok(true)
    })
}

fn encode(call: &Call) -> Result<ArrayRef> {
    let (bytes, formats) = (call.bytes(0)?, call.texts(1)?);
    call.write_texts(|row, out| {
        let bytes = bytes.value(row);
        match formats.value(row).to_ascii_lowercase().as_str() {
            "hex" => {
                for byte in bytes {
                    // Writing to a String does not fail.
                    let _ = write!(out, "{byte:02x}");
                }
            }
            "base64" => {
                for (n, line) in bytes.chunks(LINE / 4 * 3).enumerate() {
                    if n > 0 {
                        out.push('\n');
                    }
                    STANDARD.encode_string(line, out);
                }
            }
            "escape" => {
                for &byte in bytes {
                    match byte {
                        b'\\' => out.push_str("\\\\"),
                        0 | 0x80.. => {
                            let _ = write!(out, "\\{byte:03o}");
                        }
                        _ => out.push(char::from(byte)),
                    }
                }
            }
            _ => return Err(unknown(formats.value(row))),
        }
        Ok(true)
    })
}

fn decode(call: &Call) -> Result<ArrayRef> {
    let (texts, formats) = (call.texts(0)?, call.texts(1)?);
    call.write_bytes(|row, out| {
        let text = texts.value(row);
        *out = match formats.value(row).to_ascii_lowercase().as_str() {
            "hex" => hex(text).map_err(outward)?,
            "base64" => base64(text)?,
            "escape" => escaped(text).map_err(outward)?,
            _ => return Err(unknown(formats.value(row))),
        };
        Ok(true)
    })
}

fn base64(text: &str) -> Result<Vec<u8>> {
    let mut packed = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\n' | '\r')) {
        if !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '=') {
            return Err(invalid(format!("invalid symbol \"{c}\" found while decoding base64 sequence")));
        }
        packed.push(c);
    }
    STANDARD.decode(packed).map_err(|_| {
        let error = Error::new(Kind::InvalidParameter, "invalid base64 end sequence");
        outward(error.with_hint("Input data is missing padding, is truncated, or is otherwise corrupted."))
    })
}

fn unknown(format: &str) -> datafusion::error::DataFusionError {
    invalid(format!("unrecognized encoding: \"{format}\""))
}
