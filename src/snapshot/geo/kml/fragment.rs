//! Fragments: one element of a KML text, made safe for the parser and given to it. What its parts mean is not known here.

use kml::types::Placemark;
use kml::{Kml, KmlReader};

use super::MAX_DEPTH;
use crate::snapshot::foreign;
use crate::snapshot::tags::Tags;

/// The elements of geometries that are read.
const SHAPES: [&[u8]; 5] = [b"Point", b"LineString", b"LinearRing", b"Polygon", b"MultiGeometry"];

/// Parses a placemark. Where its geometry is all of it that can't be parsed it is left out, and the reason given.
pub(super) fn placemark(fragment: &str) -> Result<(Placemark, Option<String>), String> {
    let parse = |fragment: &str| match parse(fragment)? {
        Kml::Placemark(placemark) => Ok(placemark),
        _ => Err("it is no placemark".to_owned()),
    };
    let reason = match parse(fragment) {
        Ok(placemark) => return Ok((placemark, None)),
        Err(reason) => reason,
    };
    match without_shapes(fragment).map(|rest| parse(&rest)) {
        Some(Ok(placemark)) => Ok((placemark, Some(reason))),
        Some(Err(_)) | None => Err(reason),
    }
}

/// A placemark without its geometries; `None` where one does not end.
fn without_shapes(fragment: &str) -> Option<String> {
    let mut tags = Tags::new(fragment.as_bytes(), "placemark");
    let mut out = String::with_capacity(fragment.len());
    let mut kept = 0;
    // The geometry around, how many of its name are open, and where the outermost began.
    let mut within: Option<(&[u8], usize, usize)> = None;
    while let Some(tag) = tags.next().ok()? {
        let (closing, empty) = (tag.closing, tag.empty);
        let shape = SHAPES.into_iter().find(|shape| tag.local_name() == *shape);
        let (start, end) = (tags.start() as usize, tags.offset() as usize);
        within = match (within, shape) {
            (None, Some(shape)) if !closing && !empty => Some((shape, 1, start)),
            (None, _) => None,
            (Some((around, open, from)), Some(shape)) if shape == around && !empty => match (closing, open) {
                (false, _) => Some((around, open + 1, from)),
                (true, 1) => {
                    out.push_str(&fragment[kept..from]);
                    kept = end;
                    None
                }
                (true, _) => Some((around, open - 1, from)),
            },
            (around, _) => around,
        };
    }
    out.push_str(&fragment[kept..]);
    within.is_none().then_some(out)
}

/// Parses an element, once it is known to be one that the parser comes to an end with: it never sees the end of a text whose tags don't
/// match, takes coordinates for granted, and stops at character data sections.
pub(super) fn parse(fragment: &str) -> Result<Kml, String> {
    well_formed(fragment)?;
    let plain = without_sections(fragment);
    let parsed = foreign::step(|| KmlReader::<_, f64>::from_string(&plain).read());
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
