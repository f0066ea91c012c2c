//! Fragments: one element of a KML text, made safe for the parser and given to it. What its parts mean is not known here.

use kml::{Kml, KmlReader};

use super::MAX_DEPTH;
use crate::snapshot::tags::Tags;

/// Parses an element, once it is known to be one that the parser comes to an end with: it never sees the end of a text whose tags don't
/// match, takes coordinates for granted, and stops at character data sections.
pub(super) fn parse(fragment: &str) -> Result<Kml, String> {
    well_formed(fragment)?;
    let plain = without_sections(fragment);
    let parsed = std::panic::catch_unwind(|| KmlReader::<_, f64>::from_string(&plain).read());
    parsed.map_err(|_| "it can't be parsed".to_owned())?.map_err(|e| e.to_string())
}

/// Each end tag ends what began last, not too deep, and every point has coordinates.
fn well_formed(fragment: &str) -> Result<(), String> {
    let mut tags = Tags::new(fragment.as_bytes(), "placemark");
    let mut open: Vec<Vec<u8>> = Vec::new();
    let (mut awaited, mut began) = (false, 0);
    while let Some(tag) = tags.next().map_err(|e| e.message().to_owned())? {
        let (closing, empty, local) = (tag.closing, tag.empty, tag.local_name().to_vec());
        let (name, offset) = (tag.name().to_vec(), tags.offset() as usize);
        match (local.as_slice(), closing) {
            (b"Point", false) => awaited = !empty,
            (b"Point", true) if awaited => return Err("a point has no coordinates".to_owned()),
            (b"coordinates", true) => {
                let text = &fragment[began..offset];
                awaited &= text[..text.rfind('<').unwrap_or(0)].trim().is_empty();
            }
            _ => {}
        }
        began = offset;
        if closing {
            if open.pop().is_none_or(|last| last != name) {
                return Err(format!("</{}> ends what did not begin", String::from_utf8_lossy(&name)));
            }
        } else if !empty {
            open.push(name);
        }
        if open.len() > MAX_DEPTH {
            return Err(format!("elements are nested more than {MAX_DEPTH} deep"));
        }
    }
    if open.is_empty() { Ok(()) } else { Err("an element does not end".to_owned()) }
}

/// Character data sections as escaped text.
fn without_sections(fragment: &str) -> String {
    let mut out = String::with_capacity(fragment.len());
    let mut rest = fragment;
    while let Some((before, after)) = rest.split_once("<![CDATA[") {
        let (text, behind) = after.split_once("]]>").unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(&text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
        rest = behind;
    }
    out.push_str(rest);
    out
}
