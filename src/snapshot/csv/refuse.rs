//! Refusals: texts that are no table, said by what they are.

use super::record::Record;
use super::sniff::Sniffed;
use super::tokenize::Syntax;
use crate::error::{Error, Kind, Result};

/// Records below which irregularity says nothing.
const FEW: usize = 10;

/// Kinds of control characters that no text has together.
const KINDS: u32 = 8;

/// Refuses pages and documents that servers send in place of a file.
pub(super) fn documents(head: &[u8], last: bool, url: &str) -> Result<()> {
    let start = head.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let lower = start[..start.len().min(1024)].to_ascii_lowercase();
    let refused =
        |what: &str, hint: &str| Err(Error::new(Kind::SourceInvalid, format!("{url} is {what}, not a table")).with_hint(hint));
    let moved = "The publisher may have moved the file: open the address in a browser, and correct the descriptor's path.";
    if lower.starts_with(b"<!doctype html")
        || lower.starts_with(b"<html")
        || lower.starts_with(b"<head")
        || lower.starts_with(b"<body")
    {
        return match title(head) {
            Some(title) => refused(&format!("an HTML page titled \"{title}\""), moved),
            None => refused("an HTML page", moved),
        };
    }
    if lower.starts_with(b"<?xml")
        || (lower.starts_with(b"<") && lower.get(1).is_some_and(|b| b.is_ascii_alphabetic() || *b == b'!'))
    {
        return refused("an XML document", moved);
    }
    if last && start.starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(start).is_ok() {
        return Err(object(start, url));
    }
    Ok(())
}

/// Refuses what is no text: it holds many of the bytes that texts have no use for, each of which alone a publisher may part cells with.
pub(super) fn binary(head: &[u8], url: &str) -> Result<()> {
    let is_control = |b: &u8| *b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1a | 0x1b);
    let (mut kinds, mut all) = (0_u32, 0);
    for byte in head.iter().filter(|b| is_control(b)) {
        kinds |= 1 << byte;
        all += 1;
    }
    if kinds.count_ones() < KINDS || all * 100 < head.len() {
        return Ok(());
    }
    let message = format!(
        "{url} is no text: {all} of its first {} bytes are control characters of {} kinds",
        head.len(),
        kinds.count_ones()
    );
    Err(Error::new(Kind::SourceInvalid, message).with_hint(
        "Declare the encoding if it is a text, or the format if it is something else; if neither helps, the file is damaged.",
    ))
}

/// The error for a JSON object that holds no records. `start` is its beginning.
pub(in crate::snapshot) fn object(start: &[u8], url: &str) -> Error {
    let said = String::from_utf8_lossy(start);
    Error::new(Kind::SourceInvalid, format!("{url} is a JSON object, not a table"))
        .with_hint("Declare \"format\": \"json\" if it is a record; it may be a server's message.")
        .with_detail(crate::name::clip(said.trim(), 200).to_owned())
}

/// The title of an HTML page.
fn title(page: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&page[..page.len().min(1 << 16)]);
    let lower = text.to_ascii_lowercase();
    let from = lower.find("<title").and_then(|i| lower[i..].find('>').map(|end| i + end + 1))?;
    let to = from + lower[from..].find('<')?;
    let words: Vec<&str> = text[from..to].split_whitespace().collect();
    let title = words.join(" ");
    (!title.is_empty()).then(|| crate::name::clip(&title, 100).to_owned())
}

/// Refuses a text whose lines fall into all numbers of fields under every delimiter.
pub(super) fn irregular(sniffed: &Sniffed, records: usize, url: &str) -> Result<()> {
    if records < FEW || sniffed.regular >= 300 {
        return Ok(());
    }
    let message = format!("{url} is no table that can be made out: under no delimiter do its lines have one number of fields");
    Err(Error::new(Kind::SourceInvalid, message).with_hint("Declare the dialect's delimiter if it is one."))
}

/// Refuses a text that holds several tables, each written in its own way: what stands above the rows has the same number of fields,
/// three or more, line after line, under another delimiter.
pub(super) fn several_tables(titles: &[Record], text: &[u8], syntax: &Syntax, url: &str) -> Result<()> {
    let [first, .., last] = titles else { return Ok(()) };
    let above = &text[first.start..last.end];
    for delimiter in [b',', b';', b'\t', b'|'].into_iter().filter(|d| *d != syntax.delimiter) {
        let records = Syntax { delimiter, ..syntax.clone() }.records(above, true, 1000, None).all;
        let width = records.iter().map(|r| r.fields.len()).max().unwrap_or(0);
        let regular = records.iter().filter(|r| r.fields.len() == width).count();
        if width > 2 && regular >= 5 && regular * 5 >= records.len() * 4 {
            let (from, to) = (first.line, last.line);
            let message = format!("{url} is not one table: lines {from} to {to} are written in another way than those below");
            return Err(Error::new(Kind::SourceInvalid, message).with_hint(format!(
                "To read what stands below, declare the dialect's delimiter and \"headerRows\": [{}].",
                to + 1
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_named() {
        for (text, what) in [
            (
                "<!DOCTYPE html>\n<html><head><title>404 \n Not Found</title>",
                "x is an HTML page titled \"404 Not Found\", not a table",
            ),
            (" <HTML><body>", "x is an HTML page, not a table"),
            ("<?xml version=\"1.0\"?><Error/>", "x is an XML document, not a table"),
            ("{\"error\": \"no such dataset\"}\n", "x is a JSON object, not a table"),
            ("{a},b\n", ""),
            ("<5,>5\n1,2\n", ""),
            ("a,b\n", ""),
        ] {
            let said = documents(text.as_bytes(), true, "x").err().map(|e| e.message().to_owned());
            assert_eq!(said.unwrap_or_default(), what);
        }
    }
}
