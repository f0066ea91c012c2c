//! `convert`, `convert_from`, `convert_to`: bytes in an encoding.

use datafusion::error::Result;
use encoding_rs::Encoding;

use crate::engine::functions::function::{Call, Function, Gives, Type::*, invalid, outward};
use crate::error::{Error, Kind};

/// PostgreSQL's names of encodings with the web's, where they differ by more than signs.
const NAMES: [(&str, &str); 22] = [
    ("latin1", "latin1"),
    ("latin2", "iso-8859-2"),
    ("latin3", "iso-8859-3"),
    ("latin4", "iso-8859-4"),
    ("latin5", "iso-8859-9"),
    ("latin6", "iso-8859-10"),
    ("latin9", "iso-8859-15"),
    ("iso88591", "latin1"),
    ("win1250", "windows-1250"),
    ("win1251", "windows-1251"),
    ("win1252", "windows-1252"),
    ("win1253", "windows-1253"),
    ("win1254", "windows-1254"),
    ("win1257", "windows-1257"),
    ("win866", "ibm866"),
    ("koi8r", "koi8-r"),
    ("koi8u", "koi8-u"),
    ("eucjp", "euc-jp"),
    ("euckr", "euc-kr"),
    ("sjis", "shift_jis"),
    ("gbk", "gbk"),
    ("big5", "big5"),
];

/// An encoding of bytes.
#[derive(Clone, Copy)]
enum Charset {
    Utf8,
    Ascii,
    /// ISO 8859-1, which the web takes for windows-1252.
    Latin1,
    Other(&'static Encoding),
}

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("convert_from", &[&[Bytes, Text]], Gives::Text, |call| {
            let texts = decoded(call, 0, 1)?;
            call.write_texts(|row, out| {
                out.push_str(&texts[row]);
                Ok(true)
            })
        }),
        Function::new("convert_to", &[&[Text, Text]], Gives::Bytes, |call| {
            let (texts, names) = (call.texts(0)?, call.texts(1)?);
            call.write_bytes(|row, out| encoded(texts.value(row), named(names.value(row), "destination")?, out))
        }),
        Function::new("convert", &[&[Bytes, Text, Text]], Gives::Bytes, |call| {
            let (texts, names) = (decoded(call, 0, 1)?, call.texts(2)?);
            call.write_bytes(|row, out| encoded(&texts[row], named(names.value(row), "destination")?, out))
        }),
    ]
}

/// The texts of bytes in an encoding; empty where one is NULL.
pub(super) fn decoded(call: &Call, bytes: usize, name: usize) -> Result<Vec<String>> {
    let (bytes, names, known) = (call.bytes(bytes)?, call.texts(name)?, call.known());
    let text = |row: usize| {
        if known.as_ref().is_some_and(|k| k.is_null(row)) {
            return Ok(String::new());
        }
        decode(bytes.value(row), named(names.value(row), "source")?, names.value(row))
    };
    (0..call.rows).map(text).collect()
}

fn named(name: &str, side: &str) -> Result<Charset> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let web = NAMES.iter().find(|(pg, _)| *pg == plain).map_or(name, |(_, web)| web);
    match (plain.as_str(), web) {
        ("utf8" | "unicode", _) => Ok(Charset::Utf8),
        ("sqlascii", _) => Ok(Charset::Ascii),
        (_, "latin1") => Ok(Charset::Latin1),
        _ => Encoding::for_label(web.as_bytes())
            .map(Charset::Other)
            .ok_or_else(|| invalid(format!("invalid {side} encoding name \"{name}\""))),
    }
}

fn decode(bytes: &[u8], charset: Charset, name: &str) -> Result<String> {
    let wrong = |bytes: &[u8]| {
        let shown: Vec<String> = bytes.iter().take(4).map(|b| format!("0x{b:02x}")).collect();
        let message = format!("invalid byte sequence for encoding \"{}\": {}", name.to_uppercase(), shown.join(" "));
        outward(Error::new(Kind::InvalidEncoding, message))
    };
    let text = match charset {
        Charset::Utf8 | Charset::Ascii => std::str::from_utf8(bytes)
            .map_err(|e| {
                let bad = &bytes[e.valid_up_to()..];
                wrong(&bad[..e.error_len().unwrap_or(bad.len()).min(bad.len())])
            })?
            .to_owned(),
        Charset::Latin1 => bytes.iter().map(|b| char::from(*b)).collect(),
        Charset::Other(encoding) => {
            encoding.decode_without_bom_handling_and_without_replacement(bytes).ok_or_else(|| wrong(bytes))?.into_owned()
        }
    };
    if text.contains('\0') { Err(wrong(&[0])) } else { Ok(text) }
}

fn encoded(text: &str, charset: Charset, out: &mut Vec<u8>) -> Result<bool> {
    let lacking = |c: Option<char>| {
        let bytes: Vec<String> =
            c.map(|c| c.to_string().into_bytes()).unwrap_or_default().iter().map(|b| format!("0x{b:02x}")).collect();
        let message =
            format!("character with byte sequence {} in encoding \"UTF8\" has no equivalent in encoding", bytes.join(" "));
        outward(Error::new(Kind::InvalidCharacter, message))
    };
    match charset {
        Charset::Utf8 | Charset::Ascii => out.extend_from_slice(text.as_bytes()),
        Charset::Latin1 => {
            for c in text.chars() {
                out.push(u8::try_from(u32::from(c)).map_err(|_| lacking(Some(c)))?);
            }
        }
        Charset::Other(encoding) => {
            let (bytes, _, unmappable) = encoding.encode(text);
            if unmappable {
                return Err(lacking(text.chars().find(|c| !c.is_ascii())));
            }
            out.extend_from_slice(&bytes);
        }
    }
    Ok(true)
}
