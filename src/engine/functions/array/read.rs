//! The text form of arrays: `{1,2,NULL}`, `{{a,"b c"},{d,e}}`.

use std::sync::Arc;

use arrow::array::{ListArray, ListBuilder, StringViewArray, StringViewBuilder};
use datafusion::error::Result;

use crate::engine::functions::function::{Function, Gives, Type::*, outward};
use crate::error::{Error, Kind};

/// How many dimensions an array may have.
const MAX_DIMENSIONS: usize = 6;

/// An array as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// An element; `None` is NULL.
    Value(Option<String>),
    Array(Vec<Written>),
}

pub(super) fn functions() -> Vec<Function> {
    // What a cast of a text that is no literal to an array is made of.
    vec![Function::new("text_to_array", &[&[List]], Gives::Texts, |call| Ok(Arc::new(call.lists(0)?)))]
}

/// A column of arrays of one dimension.
pub fn texts(texts: &StringViewArray) -> Result<ListArray> {
    let mut out = ListBuilder::new(StringViewBuilder::new());
    for text in texts {
        if let Some(text) = text {
            for element in parse(text).map_err(outward)? {
                match element {
                    Written::Value(value) => out.values().append_option(value),
                    Written::Array(_) => {
                        let error = Error::new(Kind::Unsupported, "a text is read as an array of one dimension only");
                        return Err(outward(
                            error.with_hint("Write arrays of several dimensions as literals, '{{1,2},{3,4}}'::int[]."),
                        ));
                    }
                }
            }
        }
        out.append(text.is_some());
    }
    Ok(out.finish())
}

/// The elements of an array's text. [`Kind::InvalidText`] when it is none.
pub fn parse(text: &str) -> crate::error::Result<Vec<Written>> {
    let malformed =
        |detail: &str| Error::new(Kind::InvalidText, format!("malformed array literal: \"{text}\"")).with_detail(detail);
    let mut trimmed = text.trim();
    if trimmed.starts_with('[')
        && let Some((bounds, rest)) = trimmed.split_once('=')
    {
        // Bounds other than from 1 on are not kept.
        let lower = bounds.trim_start_matches('[').split(':').next().and_then(|l| l.trim().parse::<i64>().ok());
        if lower != Some(1) {
            return Err(Error::new(Kind::Unsupported, "arrays whose bounds begin elsewhere than at 1 are not supported"));
        }
        trimmed = rest.trim();
    }
    let chars: Vec<char> = trimmed.chars().collect();
    if chars.first() != Some(&'{') {
        return Err(malformed("Array value must start with \"{\" or dimension information."));
    }
    let mut at = 1;
    let elements = elements(&chars, &mut at, 1, &malformed)?;
    if chars[at..].iter().any(|c| !c.is_whitespace()) {
        return Err(malformed("Junk after closing right brace."));
    }
    shape(&elements).ok_or_else(|| malformed("Multidimensional arrays must have sub-arrays with matching dimensions."))?;
    Ok(elements)
}

/// The length of each dimension; `None` where they differ.
fn shape(elements: &[Written]) -> Option<Vec<usize>> {
    let mut inner: Option<Vec<usize>> = None;
    for element in elements {
        let of = match element {
            Written::Value(_) => Vec::new(),
            Written::Array(elements) => shape(elements)?,
        };
        if inner.get_or_insert_with(|| of.clone()) != &of {
            return None;
        }
    }
    Some(std::iter::once(elements.len()).chain(inner.unwrap_or_default()).collect())
}

fn elements(
    chars: &[char],
    at: &mut usize,
    depth: usize,
    malformed: &impl Fn(&str) -> Error,
) -> crate::error::Result<Vec<Written>> {
    if depth > MAX_DIMENSIONS {
        return Err(Error::new(Kind::LimitExceeded, "number of array dimensions (7) exceeds the maximum allowed (6)"));
    }
    let ended = || malformed("Unexpected end of input.");
    let blanks = |at: &mut usize| {
        while chars.get(*at).is_some_and(|c| c.is_whitespace()) {
            *at += 1;
        }
    };
    let mut all = Vec::new();
    blanks(at);
    if chars.get(*at) == Some(&'}') {
        *at += 1;
        return Ok(all);
    }
    loop {
        blanks(at);
        match chars.get(*at).ok_or_else(ended)? {
            '{' => {
                *at += 1;
                all.push(Written::Array(elements(chars, at, depth + 1, malformed)?));
            }
            '"' => {
                *at += 1;
                let mut value = String::new();
                loop {
                    let c = *chars.get(*at).ok_or_else(ended)?;
                    *at += 1;
                    match c {
                        '"' => break,
                        '\\' => {
                            value.push(*chars.get(*at).ok_or_else(ended)?);
                            *at += 1;
                        }
                        c => value.push(c),
                    }
                }
                all.push(Written::Value(Some(value)));
            }
            ',' => return Err(malformed("Unexpected \",\" character.")),
            '}' => return Err(malformed("Unexpected \"}\" character.")),
            _ => {
                let (mut value, mut kept, mut escaped) = (String::new(), 0, false);
                loop {
                    match *chars.get(*at).ok_or_else(ended)? {
                        ',' | '}' => break,
                        '{' => return Err(malformed("Unexpected \"{\" character.")),
                        '"' => return Err(malformed("Unexpected array element.")),
                        '\\' => {
                            *at += 1;
                            value.push(*chars.get(*at).ok_or_else(ended)?);
                            (kept, escaped) = (value.len(), true);
                        }
                        c => {
                            value.push(c);
                            if !c.is_whitespace() {
                                kept = value.len();
                            }
                        }
                    }
                    *at += 1;
                }
                value.truncate(kept);
                let is_null = !escaped && value.eq_ignore_ascii_case("null");
                all.push(Written::Value((!is_null).then_some(value)));
            }
        }
        blanks(at);
        let c = *chars.get(*at).ok_or_else(ended)?;
        *at += 1;
        match c {
            ',' => {}
            '}' => return Ok(all),
            _ => return Err(malformed("Unexpected array element.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Written, parse};

    #[test]
    fn array_texts_are_read() {
        let value = |v: &str| Written::Value(Some(v.to_owned()));
        for (text, want) in [
            ("{}", Some(vec![])),
            ("{a, b}", Some(vec![value("a"), value("b")])),
            ("{\"a,b\",NULL}", Some(vec![value("a,b"), Written::Value(None)])),
            ("{{1},{2}}", Some(vec![Written::Array(vec![value("1")]), Written::Array(vec![value("2")])])),
            ("{ a b , \"NULL\"}", Some(vec![value("a b"), value("NULL")])),
            ("[1:2]={1,2}", Some(vec![value("1"), value("2")])),
            ("x", None),
            ("{1,2", None),
            ("{1,}", None),
            ("{{1},{2,3}}", None),
            ("{1}x", None),
        ] {
            assert_eq!(parse(text).ok(), want, "{text}");
        }
    }
}
