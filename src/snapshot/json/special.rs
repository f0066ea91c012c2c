//! Numbers that JSON does not have, and that Python, JavaScript and others write all the same: `NaN`, `Infinity`, `-Infinity`. They are
//! told apart here; what they become is the record's business.

use std::ops::Range;

use memchr::memmem;

/// The words, and what stands in their place for a parser: a number of as many bytes, so that all places stay.
const WORDS: [(&[u8], &[u8]); 3] = [(b"NaN", b"0.0"), (b"Infinity", b"0.000000"), (b"-Infinity", b"-0.000000")];

/// A text that a parser takes, and where in it a number stands in place of a word, ascending.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Replaced {
    pub(super) text: String,
    pub(super) at: Vec<usize>,
}

/// The text with numbers in place of the words, where `records` of it have them outside of strings; `None` when none has, which is told
/// without walking over each byte.
pub(super) fn replace(text: &str, records: impl Iterator<Item = Range<usize>>) -> Option<Replaced> {
    let bytes = text.as_bytes();
    if memmem::find(bytes, b"NaN").is_none() && memmem::find(bytes, b"Infinity").is_none() {
        return None;
    }
    let mut at = Vec::new();
    let mut made: Option<Vec<u8>> = None;
    for record in records {
        let (mut i, mut in_string) = (record.start, false);
        while i < record.end {
            let word = WORDS.iter().find(|(word, _)| !in_string && bytes[i..record.end].starts_with(word));
            match (bytes[i], word) {
                (b'\\', _) if in_string => i += 1,
                (b'"', _) => in_string = !in_string,
                (_, Some((word, number))) if stands_alone(&bytes[record.clone()], i - record.start, word.len()) => {
                    let made = made.get_or_insert_with(|| bytes.to_vec());
                    made[i..i + word.len()].copy_from_slice(number);
                    at.push(i);
                    i += word.len() - 1;
                }
                (_, _) => {}
            }
            i += 1;
        }
    }
    made.map(|made| Replaced { text: String::from_utf8(made).expect("letters are replaced by digits"), at })
}

/// Whether what is at a place of a record is a value and no part of one.
fn stands_alone(record: &[u8], at: usize, len: usize) -> bool {
    let ends = |byte: Option<&u8>| byte.is_none_or(|b| b.is_ascii_whitespace() || b",:[]{}".contains(b));
    ends(at.checked_sub(1).and_then(|before| record.get(before))) && ends(record.get(at + len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_numbers_of_their_length() {
        for (text, want) in [
            (r#"{"a":NaN,"b":[Infinity, -Infinity]}"#, Some((r#"{"a":0.0,"b":[0.000000, -0.000000]}"#, vec![5, 14, 24]))),
            (r#"{"NaN":"NaN","x":"\"NaN"}"#, None),
            (r#"{"a":"\\","b":NaN}"#, Some((r#"{"a":"\\","b":0.0}"#, vec![14]))),
            (r#"{"a":NaNa,"b":-NaN}"#, None),
            ("NaN", Some(("0.0", vec![0]))),
            ("{}", None),
        ] {
            let got = replace(text, std::iter::once(0..text.len()));
            assert_eq!(got, want.map(|(text, at)| Replaced { text: text.to_owned(), at }), "{text}");
        }
        // Each record begins anew, whatever a broken one before it left open.
        assert_eq!(replace("\"\nNaN", [0..1, 2..5].into_iter()).map(|r| r.at), Some(vec![2]));
    }
}
