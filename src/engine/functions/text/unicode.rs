//! Unicode: `unistr`, `normalize` and `IS NORMALIZED`.

use arrow::array::{ArrayRef, BooleanArray};
use datafusion::error::Result;
use unicode_normalization::{UnicodeNormalization, is_nfc, is_nfd, is_nfkc, is_nfkd};

use crate::engine::functions::function::{Call, Function, Gives, Type::*, invalid, outward};
use crate::error::{Error, Kind};

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("unistr", &[&[Text]], Gives::Text, |call| {
            let texts = call.texts(0)?;
            call.write_texts(|row, out| unistr(texts.value(row), out).map(|()| true))
        }),
        Function::new("normalize", &[&[Text], &[Text, Text]], Gives::Text, normalize),
        Function::new("is_normalized", &[&[Text], &[Text, Text]], Gives::Bool, |call| {
            let (texts, forms) = (call.texts(0)?, if call.len() > 1 { Some(call.texts(1)?) } else { None });
            call.collect::<bool, BooleanArray>(|row| {
                let text = texts.value(row);
                Ok(Some(match Form::of(forms.as_ref().map_or("nfc", |f| f.value(row)))? {
                    Form::Nfc => is_nfc(text),
                    Form::Nfd => is_nfd(text),
                    Form::Nfkc => is_nfkc(text),
                    Form::Nfkd => is_nfkd(text),
                }))
            })
        }),
    ]
}

enum Form {
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

impl Form {
    fn of(name: &str) -> Result<Self> {
        match name.to_ascii_lowercase().as_str() {
            "nfc" => Ok(Self::Nfc),
            "nfd" => Ok(Self::Nfd),
            "nfkc" => Ok(Self::Nfkc),
            "nfkd" => Ok(Self::Nfkd),
            _ => Err(invalid(format!("invalid normalization form: {name}"))),
        }
    }
}

fn normalize(call: &Call) -> Result<ArrayRef> {
    let (texts, forms) = (call.texts(0)?, if call.len() > 1 { Some(call.texts(1)?) } else { None });
    call.write_texts(|row, out| {
        let text = texts.value(row);
        match Form::of(forms.as_ref().map_or("nfc", |f| f.value(row)))? {
            Form::Nfc => out.extend(text.nfc()),
            Form::Nfd => out.extend(text.nfd()),
            Form::Nfkc => out.extend(text.nfkc()),
            Form::Nfkd => out.extend(text.nfkd()),
        }
        Ok(true)
    })
}

/// `\XXXX`, `\+XXXXXX`, `\uXXXX` and `\UXXXXXXXX` become the characters; halves of a pair become one.
fn unistr(text: &str, out: &mut String) -> Result<()> {
    let wrong = || {
        let hint = "Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.";
        outward(Error::new(Kind::Syntax, "invalid Unicode escape").with_hint(hint))
    };
    let pair = || outward(Error::new(Kind::Syntax, "invalid Unicode surrogate pair"));
    let mut rest = text;
    let mut high: Option<u32> = None;
    while let Some(c) = rest.chars().next() {
        if c != '\\' || rest.starts_with("\\\\") {
            if high.is_some() {
                return Err(pair());
            }
            out.push(c);
            rest = &rest[if c == '\\' { 2 } else { c.len_utf8() }..];
            continue;
        }
        let (skipped, digits) = match rest.as_bytes().get(1) {
            Some(b'u') => (2, 4),
            Some(b'U') => (2, 8),
            Some(b'+') => (2, 6),
            _ => (1, 4),
        };
        let hex = rest.get(skipped..skipped + digits).filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit())).ok_or_else(wrong)?;
        let code = u32::from_str_radix(hex, 16).map_err(|_| wrong())?;
        rest = &rest[skipped + digits..];
        let code = match (high.take(), code) {
            (None, 0xd800..=0xdbff) => {
                high = Some(code);
                continue;
            }
            (Some(high), 0xdc00..=0xdfff) => 0x10000 + ((high - 0xd800) << 10) + (code - 0xdc00),
            (None, code) => code,
            (Some(_), _) => return Err(pair()),
        };
        match char::from_u32(code) {
            Some(c) if code != 0 => out.push(c),
            _ if (0xdc00..=0xdfff).contains(&code) => return Err(pair()),
            _ => return Err(outward(Error::new(Kind::Syntax, format!("invalid Unicode code point: {code:04X}")))),
        }
    }
    if high.is_some() { Err(pair()) } else { Ok(()) }
}
