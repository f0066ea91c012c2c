//! GeoJSON (RFC 7946) as ST_AsGeoJSON writes it.

use std::fmt::Write;

use super::number;
use super::shape::{Body, Kind, Shape};

/// The system that GeoJSON is in where it names none.
const WGS84: i32 = 4326;

/// Appends a geometry, with so many digits behind the point at most; measures have no place in it.
pub fn put(shape: &Shape, digits: usize, out: &mut String) {
    let crs = (shape.srid != 0 && shape.srid != WGS84).then_some(shape.srid);
    geometry(shape, digits, crs, out);
}

fn geometry(shape: &Shape, digits: usize, crs: Option<i32>, out: &mut String) {
    // Writing to a String does not fail.
    let _ = write!(out, "{{\"type\":\"{}\",", shape.kind.name());
    if let Some(srid) = crs {
        let _ = write!(out, "\"crs\":{{\"type\":\"name\",\"properties\":{{\"name\":\"EPSG:{srid}\"}}}},");
    }
    match &shape.body {
        Body::Members(members) if shape.kind == Kind::Collection => {
            out.push_str("\"geometries\":[");
            for (n, member) in members.iter().filter(|m| !m.is_empty()).enumerate() {
                if n > 0 {
                    out.push(',');
                }
                geometry(member, digits, None, out);
            }
            out.push_str("]}");
        }
        Body::Places(_) | Body::Rings(_) | Body::Members(_) => {
            out.push_str("\"coordinates\":");
            coordinates(shape, digits, out);
            out.push('}');
        }
    }
}

fn coordinates(shape: &Shape, digits: usize, out: &mut String) {
    let width = shape.dimensions();
    let place = |place: &[f64], out: &mut String| {
        out.push('[');
        for (axis, coordinate) in place.iter().take(2 + usize::from(shape.has_z)).enumerate() {
            if axis > 0 {
                out.push(',');
            }
            number::put(*coordinate, digits, out);
        }
        out.push(']');
    };
    let run = |places: &[f64], out: &mut String| {
        out.push('[');
        for (n, one) in places.chunks_exact(width).enumerate() {
            if n > 0 {
                out.push(',');
            }
            place(one, out);
        }
        out.push(']');
    };
    match &shape.body {
        Body::Places(places) if shape.kind == Kind::Point && !places.is_empty() => place(places, out),
        Body::Places(places) => run(places, out),
        Body::Rings(rings) => {
            out.push('[');
            for (n, ring) in rings.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                run(ring, out);
            }
            out.push(']');
        }
        Body::Members(members) => {
            out.push('[');
            // An empty point has no coordinates that JSON could have.
            for (n, member) in members.iter().filter(|m| m.kind != Kind::Point || !m.is_empty()).enumerate() {
                if n > 0 {
                    out.push(',');
                }
                coordinates(member, digits, out);
            }
            out.push(']');
        }
    }
}
