//! Geometries: from GeoJSON (RFC 7946, 3.1) to well-known text (OGC 06-103r4, 7), with every coordinate's digits as published.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Geometry collections within each other are followed this far.
const MAX_DEPTH: usize = 16;

#[derive(Deserialize)]
struct Geometry<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    coordinates: Option<&'a RawValue>,
    #[serde(borrow)]
    geometries: Option<Vec<&'a RawValue>>,
}

/// Whether GeoJSON has geometries of this type.
pub(super) fn is_kind(name: &str) -> bool {
    let kinds = ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"];
    kinds.contains(&name)
}

/// Adds the geometry to `out`; false when it is `null`. What is wrong with it is the error; `out` then holds a part of it.
pub(super) fn wkt(json: &str, out: &mut String) -> Result<bool, String> {
    if json == "null" {
        return Ok(false);
    }
    geometry(json, out, 0)?;
    Ok(true)
}

fn geometry(json: &str, out: &mut String, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err("geometry collections are nested too deeply".to_owned());
    }
    let Geometry { kind, coordinates, geometries } = serde_json::from_str(json).map_err(|e| e.to_string())?;
    let (name, levels) = match &*kind {
        "Point" => ("POINT", 0),
        "MultiPoint" => ("MULTIPOINT", 1),
        "LineString" => ("LINESTRING", 1),
        "Polygon" => ("POLYGON", 2),
        "MultiLineString" => ("MULTILINESTRING", 2),
        "MultiPolygon" => ("MULTIPOLYGON", 3),
        "GeometryCollection" => {
            let parts = geometries.ok_or("a geometry collection has no geometries")?;
            out.push_str(if parts.is_empty() { "GEOMETRYCOLLECTION EMPTY" } else { "GEOMETRYCOLLECTION (" });
            for (i, part) in parts.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                geometry(part.get(), out, depth + 1)?;
            }
            out.push_str(if parts.is_empty() { "" } else { ")" });
            return Ok(());
        }
        other => return Err(format!("\"{other}\" is not a kind of geometry")),
    };
    let coordinates = coordinates.ok_or("the geometry has no coordinates")?.get();
    out.push_str(name);
    let mut writer = Writer { rest: coordinates.as_bytes(), numbers: None, apart: name == "MULTIPOINT" };
    let mut body = String::with_capacity(coordinates.len());
    writer.array(levels, true, &mut body)?;
    match writer.numbers {
        None => out.push_str(" EMPTY"),
        Some(numbers) => {
            out.push_str(match numbers {
                2 => " ",
                3 => " Z ",
                _ => " ZM ",
            });
            out.push_str(&body);
        }
    }
    Ok(())
}

/// Turns nested arrays of numbers into nested lists.
struct Writer<'a> {
    rest: &'a [u8],
    /// Numbers in each position.
    numbers: Option<usize>,
    /// Positions stand in parentheses of their own.
    apart: bool,
}

impl Writer<'_> {
    fn next(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    fn take(&mut self, wanted: u8) -> Result<(), String> {
        if self.next() != Some(wanted) {
            return Err("the coordinates are not nested as the kind of geometry needs".to_owned());
        }
        self.rest = &self.rest[1..];
        Ok(())
    }

    /// An array with `levels` of arrays around its positions.
    fn array(&mut self, levels: usize, outermost: bool, out: &mut String) -> Result<(), String> {
        if levels == 0 {
            let apart = outermost || self.apart;
            out.push_str(if apart { "(" } else { "" });
            self.position(outermost, out)?;
            out.push_str(if apart { ")" } else { "" });
            return Ok(());
        }
        self.take(b'[')?;
        out.push('(');
        let mut first = true;
        while self.next() != Some(b']') {
            if !first {
                self.take(b',')?;
                out.push_str(", ");
            }
            first = false;
            self.array(levels - 1, false, out)?;
        }
        if first {
            out.pop();
            out.push_str("EMPTY");
        } else {
            out.push(')');
        }
        self.take(b']')
    }

    /// One position; one without numbers `may_be_empty` where it is the whole geometry.
    fn position(&mut self, may_be_empty: bool, out: &mut String) -> Result<(), String> {
        self.take(b'[')?;
        let end = self.rest.iter().position(|b| *b == b']').ok_or("the coordinates do not end")?;
        let text = std::str::from_utf8(&self.rest[..end]).map_err(|e| e.to_string())?;
        self.rest = &self.rest[end + 1..];
        let mut count = 0;
        for number in text.split(',').map(str::trim).filter(|_| !text.trim().is_empty()) {
            if !number.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E')) {
                return Err(format!("{number} is not a coordinate"));
            }
            out.push_str(if count > 0 { " " } else { "" });
            out.push_str(number);
            count += 1;
        }
        if count == 0 && may_be_empty {
            return Ok(());
        }
        if !(2..=4).contains(&count) || self.numbers.is_some_and(|n| n != count) {
            return Err(format!("a position has {count} numbers"));
        }
        self.numbers = Some(count);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geometries() {
        for (json, want) in [
            (r#"{"type":"Point","coordinates":[1.50, -2]}"#, "POINT (1.50 -2)"),
            (r#"{"type":"Point","coordinates":[1,2,3]}"#, "POINT Z (1 2 3)"),
            (r#"{"type":"Point","coordinates":[]}"#, "POINT EMPTY"),
            (r#"{"type":"LineString","coordinates":[[1,2],[3,4]]}"#, "LINESTRING (1 2, 3 4)"),
            (r#"{"type":"MultiPoint","coordinates":[[1,2],[3,4]]}"#, "MULTIPOINT ((1 2), (3 4))"),
            (r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,1],[0,0]]]}"#, "POLYGON ((0 0, 1 0, 0 1, 0 0))"),
            (r#"{"type":"MultiPolygon","coordinates":[ [ [[0,0],[1,0],[0,0]] ] ]}"#, "MULTIPOLYGON (((0 0, 1 0, 0 0)))"),
            (
                r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]}]}"#,
                "GEOMETRYCOLLECTION (POINT (1 2))",
            ),
            (r#"{"type":"Polygon","coordinates":[]}"#, "POLYGON EMPTY"),
            (r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,0]],[]]}"#, "POLYGON ((0 0, 1 0, 0 0), EMPTY)"),
            (r#"{"type":"LineString","coordinates":[[],[1,2]]}"#, "error"),
            (r#"{"type":"MultiPoint","coordinates":[[]]}"#, "error"),
            (r#"{"type":"Polygon","coordinates":[[0,0]]}"#, "error"),
            (r#"{"type":"Point","coordinates":[1]}"#, "error"),
            (r#"{"type":"Circle","coordinates":[1,2]}"#, "error"),
            ("null", ""),
        ] {
            let mut out = String::new();
            let got = if wkt(json, &mut out).is_ok() { out.as_str() } else { "error" };
            assert_eq!(got, want, "{json}");
        }
    }
}
