//! Well-known binary: PostGIS's extended form, whose flags tell dimensions and whether a reference system follows, and ISO's, whose numbers of
//! kinds do. Written with the least byte first; read either way, and in either form.

use super::shape::{Body, Kind, Shape};
use super::{MOST_NESTED, invalid};
use crate::error::{Error, Result};

const HAS_Z: u32 = 0x8000_0000;
const HAS_M: u32 = 0x4000_0000;
const HAS_SRID: u32 = 0x2000_0000;

/// Appends EWKB.
pub fn put(shape: &Shape, out: &mut Vec<u8>) {
    geometry(shape, &|shape| shape.kind as u32 | flag(shape.has_z, HAS_Z) | flag(shape.has_m, HAS_M), shape.srid, out);
}

/// Appends ISO's form, which has no reference system.
pub fn put_iso(shape: &Shape, out: &mut Vec<u8>) {
    geometry(shape, &|shape| shape.kind as u32 + flag(shape.has_z, 1000) + flag(shape.has_m, 2000), 0, out);
}

/// Appends EWKB in hexadecimal digits: a geometry as text.
pub fn put_hex(shape: &Shape, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut bytes = Vec::new();
    put(shape, &mut bytes);
    out.reserve(2 * bytes.len());
    for byte in bytes {
        out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

fn flag(is: bool, bits: u32) -> u32 {
    if is { bits } else { 0 }
}

fn geometry(shape: &Shape, code: &impl Fn(&Shape) -> u32, srid: i32, out: &mut Vec<u8>) {
    out.push(1);
    out.extend_from_slice(&(code(shape) | flag(srid != 0, HAS_SRID)).to_le_bytes());
    if srid != 0 {
        out.extend_from_slice(&srid.to_le_bytes());
    }
    let width = shape.dimensions();
    let numbers = |places: &[f64], out: &mut Vec<u8>| places.iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
    match &shape.body {
        // There is no form for an empty point but one of no numbers.
        Body::Places(places) if shape.kind == Kind::Point && places.is_empty() => numbers(&[f64::NAN; 4][..width], out),
        Body::Places(places) if shape.kind == Kind::Point => numbers(places, out),
        Body::Places(places) => {
            count(places.len() / width, out);
            numbers(places, out);
        }
        Body::Rings(rings) => {
            count(rings.len(), out);
            for ring in rings {
                count(ring.len() / width, out);
                numbers(ring, out);
            }
        }
        Body::Members(members) => {
            count(members.len(), out);
            members.iter().for_each(|member| geometry(member, code, 0, out));
        }
    }
}

/// Counts are of 32 bits; what has more was not read from one value.
fn count(n: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes());
}

/// Reads hexadecimal digits.
pub fn from_hex(text: &str) -> Result<Shape> {
    if !text.len().is_multiple_of(2) {
        return Err(invalid(format!("Invalid hex string, length ({}) has to be a multiple of two!", text.len())));
    }
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let bytes = text.as_bytes().chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?));
    read(&bytes.collect::<Option<Vec<u8>>>().ok_or_else(|| invalid("parse error - invalid geometry"))?)
}

/// Reads WKB of either form.
pub fn read(bytes: &[u8]) -> Result<Shape> {
    let mut source = Source { rest: bytes, big: false };
    source.geometry(0)
}

struct Source<'a> {
    rest: &'a [u8],
    big: bool,
}

impl Source<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk().ok_or_else(short)?;
        self.rest = rest;
        Ok(*head)
    }

    fn word(&mut self) -> Result<u32> {
        let bytes = self.take()?;
        Ok(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// A count of parts that take so many bytes at least, for which there must be room.
    fn count(&mut self, least: usize) -> Result<usize> {
        let count = self.word()? as usize;
        if count.saturating_mul(least) > self.rest.len() { Err(short()) } else { Ok(count) }
    }

    fn places(&mut self, count: usize, width: usize) -> Result<Vec<f64>> {
        let mut places = Vec::with_capacity(count * width);
        for _ in 0..count * width {
            let bytes = self.take()?;
            places.push(if self.big { f64::from_be_bytes(bytes) } else { f64::from_le_bytes(bytes) });
        }
        Ok(places)
    }

    fn geometry(&mut self, depth: usize) -> Result<Shape> {
        if depth > MOST_NESTED {
            return Err(invalid("Geometry has too many chained geometries"));
        }
        self.big = match self.take::<1>()? {
            [0] => true,
            [1] => false,
            [_] => return Err(invalid("Invalid endian flag value encountered.")),
        };
        let code = self.word()?;
        let (iso, simple) = ((code & 0x0fff_ffff) / 1000, (code & 0x0fff_ffff) % 1000);
        let (has_z, has_m) = (code & HAS_Z != 0 || iso == 1 || iso == 3, code & HAS_M != 0 || iso == 2 || iso == 3);
        let unknown = || invalid(format!("Unknown WKB type ({})!", code & 0x0fff_ffff));
        let kind = Kind::of_code(simple).filter(|_| iso < 4).ok_or_else(unknown)?;
        let srid = if code & HAS_SRID != 0 { self.word()? as i32 } else { 0 };
        let width = 2 + usize::from(has_z) + usize::from(has_m);
        let body = match kind {
            Kind::Point => {
                let places = self.places(1, width)?;
                Body::Places(if places.iter().all(|v| v.is_nan()) { Vec::new() } else { places })
            }
            Kind::LineString => {
                let count = self.count(8 * width)?;
                Body::Places(self.places(count, width)?)
            }
            Kind::Polygon => {
                let rings = self.count(4)?;
                let ring = |source: &mut Self| {
                    let count = source.count(8 * width)?;
                    source.places(count, width)
                };
                Body::Rings((0..rings).map(|_| ring(self)).collect::<Result<_>>()?)
            }
            Kind::MultiPoint | Kind::MultiLineString | Kind::MultiPolygon | Kind::Collection => {
                let count = self.count(9)?;
                let mut members = Vec::new();
                for _ in 0..count {
                    let member = self.geometry(depth + 1)?;
                    if kind.member().is_some_and(|wanted| wanted != member.kind) {
                        return Err(unknown());
                    }
                    if (member.has_z, member.has_m) != (has_z, has_m) {
                        return Err(invalid("Dimensions mismatch in lwcollection"));
                    }
                    members.push(Shape { srid: 0, ..member });
                }
                Body::Members(members)
            }
        };
        Ok(Shape { kind, has_z, has_m, srid: srid.max(0), body })
    }
}

fn short() -> Error {
    invalid("WKB structure does not match expected size!")
}
