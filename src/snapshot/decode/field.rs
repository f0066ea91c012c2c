//! Texts of single fields, as attributes of Shapefiles and names in archives: all in one encoding, which is declared or guessed.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

use super::charset::Charset;
use super::dos;
pub(in crate::snapshot) use super::guess::Looked;
use crate::error::{Error, Kind, Result};

/// Decodes texts of single fields.
#[derive(Debug)]
pub(in crate::snapshot) struct Fields {
    charset: Charset,
    /// The upper half of one of DOS's code pages.
    upper: Vec<char>,
}

impl Fields {
    pub(super) fn new(charset: Charset) -> Self {
        Self { charset, upper: charset.upper() }
    }

    pub(in crate::snapshot) fn of(encoding: &'static Encoding) -> Self {
        Self::new(Charset::Whatwg(encoding))
    }

    /// Looks a declared label up.
    pub(in crate::snapshot) fn declared(label: &str) -> Result<Self> {
        match Charset::declared(label)? {
            Charset::Utf32(_) => {
                let message = format!("texts of single fields are not read as UTF-32, which \"{label}\" stands for");
                Err(Error::new(Kind::Descriptor, message).with_hint("Declare the encoding that they are in, such as utf-8."))
            }
            known @ (Charset::Whatwg(_) | Charset::Dos(_)) => Ok(Self::new(known)),
        }
    }

    /// WHATWG's name of the encoding; IANA's of DOS's code pages.
    pub(in crate::snapshot) fn name(&self) -> &'static str {
        self.charset.name()
    }

    /// The text of these bytes, and whether some of them are none.
    pub(in crate::snapshot) fn text<'a>(&self, bytes: &'a [u8]) -> (Cow<'a, str>, bool) {
        match self.charset {
            Charset::Whatwg(encoding) => encoding.decode_without_bom_handling(bytes),
            Charset::Dos(_) => (Cow::Owned(dos::text(bytes, &self.upper)), false),
            // Never made: see `declared`; guesses of single fields are none of these.
            Charset::Utf32(_) => UTF_8.decode_without_bom_handling(bytes),
        }
    }
}

impl Looked {
    /// What the texts look like together, each of which was seen as a line.
    pub(in crate::snapshot) fn guessed(self) -> Option<Fields> {
        self.guess().map(Fields::new)
    }
}

/// What texts of single fields look like together, such as the names in an archive, none of which is UTF-8.
pub(in crate::snapshot) fn guess_texts<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Option<Fields> {
    let mut looked = Looked::new();
    texts.into_iter().for_each(|text| looked.see(text));
    looked.guessed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_every_set() {
        for (label, bytes, want) in [
            ("cp850", &b"K\x94ln"[..], ("Köln", false)),
            ("latin1", b"\xe9", ("é", false)),
            ("utf-8", b"\xe9", ("\u{FFFD}", true)),
        ] {
            let (text, broken) = Fields::declared(label).expect(label).text(bytes);
            assert_eq!((&*text, broken), want, "{label}");
        }
        assert!(Fields::declared("utf-32").is_err());
        let names: [&[u8]; 4] = [b"K\x94nig.csv", b"Stra\xe1e.csv", b"M\x81hle.csv", b"J\x84ger.csv"];
        assert_eq!(guess_texts(names).map(|fields| fields.name()), Some("IBM850"));
    }
}
