//! Well-known text (OGC 06-103r4, 7) with PostGIS's `SRID=n;` in front: read without regard to case and blanks, written as ST_AsText and ST_AsEWKT
//! do.

use std::fmt::Write;

use super::number;
use super::shape::{Body, Kind, Shape};
use super::{MOST_NESTED, invalid};
use crate::error::Result;

/// Reads a geometry.
pub fn read(text: &str) -> Result<Shape> {
    let mut source = Source { rest: text };
    let srid = source.srid()?;
    let mut shape = source.geometry(0)?;
    source.skip();
    if !source.rest.is_empty() {
        return Err(wrong());
    }
    shape.srid = srid;
    Ok(shape)
}

/// Appends a geometry: extended as ST_AsEWKT writes it, else as ST_AsText; with so many digits behind the point at most.
pub fn put(shape: &Shape, extended: bool, digits: Option<usize>, out: &mut String) {
    if extended && shape.srid != 0 {
        // Writing to a String does not fail.
        let _ = write!(out, "SRID={};", shape.srid);
    }
    Writer { extended, digits: digits.unwrap_or(number::DIGITS) }.geometry(shape, out);
}

/// What is not read yet.
struct Source<'a> {
    rest: &'a str,
}

/// The dimensions that a geometry's coordinates were found to have, or were said to.
#[derive(Clone, Copy)]
struct Dimensions {
    z: bool,
    m: bool,
    /// Whether a word says so; else the first place does.
    said: bool,
    /// Whether a place was met.
    met: bool,
}

impl<'a> Source<'a> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    /// A word in capitals; empty where none stands.
    fn word(&mut self) -> String {
        self.skip();
        let end = self.rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_ascii_uppercase()
    }

    fn take(&mut self, c: char) -> bool {
        self.skip();
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn want(&mut self, c: char) -> Result<()> {
        if self.take(c) { Ok(()) } else { Err(wrong()) }
    }

    fn srid(&mut self) -> Result<i32> {
        self.skip();
        if !self.rest.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("srid=")) {
            return Ok(0);
        }
        let (number, rest) = self.rest[5..].split_once(';').ok_or_else(wrong)?;
        self.rest = rest;
        number.parse::<i32>().map(|srid| srid.max(0)).map_err(|_| wrong())
    }

    fn geometry(&mut self, depth: usize) -> Result<Shape> {
        if depth > MOST_NESTED {
            return Err(wrong());
        }
        let word = self.word();
        let kind = Kind::ALL.into_iter().filter(|kind| word.starts_with(kind.keyword())).max_by_key(|kind| kind.keyword().len());
        let kind = kind.ok_or_else(wrong)?;
        let mut tag = word[kind.keyword().len()..].to_owned();
        let before = self.rest;
        if tag.is_empty() {
            tag = self.word();
            if tag == "EMPTY" {
                (tag, self.rest) = (String::new(), before);
            }
        }
        let (z, m) = match tag.as_str() {
            "" => (false, false),
            "Z" => (true, false),
            "M" => (false, true),
            "ZM" => (true, true),
            _ => return Err(wrong()),
        };
        let mut found = Dimensions { z, m, said: z || m, met: false };
        let body = self.body(kind, &mut found, depth)?;
        Ok(Shape { kind, has_z: found.z, has_m: found.m, srid: 0, body })
    }

    /// Whether `EMPTY` stands here; else an opening bracket must.
    fn is_empty(&mut self) -> Result<bool> {
        self.skip();
        if self.rest.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("empty")) {
            self.rest = &self.rest[5..];
            return Ok(true);
        }
        self.want('(').map(|()| false)
    }

    fn body(&mut self, kind: Kind, found: &mut Dimensions, depth: usize) -> Result<Body> {
        if self.is_empty()? {
            return Ok(match kind {
                Kind::Point | Kind::LineString => Body::Places(Vec::new()),
                Kind::Polygon => Body::Rings(Vec::new()),
                Kind::MultiPoint | Kind::MultiLineString | Kind::MultiPolygon | Kind::Collection => Body::Members(Vec::new()),
            });
        }
        let body = match kind {
            Kind::Point => {
                let mut places = Vec::with_capacity(2);
                self.place(found, &mut places)?;
                Body::Places(places)
            }
            Kind::LineString => {
                let places = self.places(found)?;
                if places.len() < 2 * found.width() {
                    return Err(invalid("geometry requires more points"));
                }
                Body::Places(places)
            }
            Kind::Polygon => Body::Rings(self.list(|source| source.ring(found))?),
            Kind::MultiPoint | Kind::MultiLineString | Kind::MultiPolygon | Kind::Collection => {
                let mut members = self.list(|source| source.member(kind, found, depth))?;
                // Those that are empty have the dimensions that the others are found to have.
                for member in members.iter_mut().filter(|m| m.is_empty()) {
                    (member.has_z, member.has_m) = (found.z, found.m);
                }
                if members.iter().any(|member| (member.has_z, member.has_m) != (found.z, found.m)) {
                    return Err(invalid("Dimensions mismatch in lwcollection"));
                }
                Body::Members(members)
            }
        };
        self.want(')')?;
        Ok(body)
    }

    fn member(&mut self, kind: Kind, found: &mut Dimensions, depth: usize) -> Result<Shape> {
        let Some(member) = kind.member() else {
            let shape = self.geometry(depth + 1)?;
            if !found.said && !found.met && !shape.is_empty() {
                (found.z, found.m, found.met) = (shape.has_z, shape.has_m, true);
            }
            return Ok(shape);
        };
        self.skip();
        // Points of a MULTIPOINT may go without brackets.
        let bare = member == Kind::Point && !self.rest.starts_with(['(', 'E', 'e']);
        let body = if bare {
            let mut places = Vec::with_capacity(2);
            self.place(found, &mut places)?;
            Body::Places(places)
        } else {
            self.body(member, found, depth + 1)?
        };
        Ok(Shape { kind: member, has_z: found.z, has_m: found.m, srid: 0, body })
    }

    /// What stands between commas.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.take(',') {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn ring(&mut self, found: &mut Dimensions) -> Result<Vec<f64>> {
        if self.is_empty()? {
            return Ok(Vec::new());
        }
        let places = self.places(found)?;
        self.want(')')?;
        let width = found.width();
        if places.len() < 4 * width {
            return Err(invalid("geometry requires more points"));
        }
        // The height counts, a measure does not.
        let compared = 2 + usize::from(found.z);
        if places[..compared] != places[places.len() - width..][..compared] {
            return Err(invalid("geometry contains non-closed rings"));
        }
        Ok(places)
    }

    fn places(&mut self, found: &mut Dimensions) -> Result<Vec<f64>> {
        let mut places = Vec::new();
        self.place(found, &mut places)?;
        while self.take(',') {
            self.place(found, &mut places)?;
        }
        Ok(places)
    }

    /// A place's coordinates, as many as the others have.
    fn place(&mut self, found: &mut Dimensions, out: &mut Vec<f64>) -> Result<()> {
        let start = out.len();
        while let Some(number) = self.number() {
            out.push(number?);
        }
        let count = out.len() - start;
        if !(2..=4).contains(&count) {
            return Err(wrong());
        }
        if !found.said && !found.met {
            (found.z, found.m) = (count > 2, count > 3);
        }
        found.met = true;
        if count == found.width() { Ok(()) } else { Err(invalid("can not mix dimensionality in a geometry")) }
    }

    fn number(&mut self) -> Option<Result<f64>> {
        self.skip();
        let end = self.rest.find([' ', '\t', '\n', '\r', ',', ')', '(']).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        if number.is_empty() {
            return None;
        }
        self.rest = rest;
        let is_number = number.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
        let is_none = number.eq_ignore_ascii_case("nan");
        Some(if is_number || is_none { number.parse().map_err(|_| wrong()) } else { Err(wrong()) })
    }
}

impl Dimensions {
    fn width(self) -> usize {
        2 + usize::from(self.z) + usize::from(self.m)
    }
}

fn wrong() -> crate::error::Error {
    invalid("parse error - invalid geometry")
}

struct Writer {
    extended: bool,
    digits: usize,
}

impl Writer {
    fn geometry(&self, shape: &Shape, out: &mut String) {
        out.push_str(shape.kind.keyword());
        let tag = match (self.extended, shape.has_z, shape.has_m) {
            (_, false, false) | (true, true, _) => "",
            (true, false, true) => "M",
            (false, true, false) => " Z ",
            (false, false, true) => " M ",
            (false, true, true) => " ZM ",
        };
        out.push_str(tag);
        self.body(shape, out);
    }

    fn body(&self, shape: &Shape, out: &mut String) {
        let (nothing, width) = (is_nothing(&shape.body), shape.dimensions());
        if nothing {
            out.push_str(if out.ends_with([' ', '(', ',']) { "EMPTY" } else { " EMPTY" });
            return;
        }
        out.push('(');
        match &shape.body {
            Body::Places(places) => self.places(places, width, out),
            Body::Rings(rings) => {
                for (n, ring) in rings.iter().enumerate() {
                    out.push_str(if n > 0 { ",(" } else { "(" });
                    self.places(ring, width, out);
                    out.push(')');
                }
            }
            Body::Members(members) => {
                for (n, member) in members.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    match (&member.body, shape.kind) {
                        (_, Kind::Collection) => self.geometry(member, out),
                        (Body::Places(places), Kind::MultiPoint) if self.extended && !places.is_empty() => {
                            self.places(places, width, out);
                        }
                        _ => self.body(member, out),
                    }
                }
            }
        }
        out.push(')');
    }

    fn places(&self, places: &[f64], width: usize, out: &mut String) {
        for (n, place) in places.chunks_exact(width).enumerate() {
            if n > 0 {
                out.push(',');
            }
            for (axis, coordinate) in place.iter().enumerate() {
                if axis > 0 {
                    out.push(' ');
                }
                number::put(*coordinate, self.digits, out);
            }
        }
    }
}

/// Whether it has no parts; a collection of empty ones has.
fn is_nothing(body: &Body) -> bool {
    match body {
        Body::Places(places) => places.is_empty(),
        Body::Rings(rings) => rings.is_empty(),
        Body::Members(members) => members.is_empty(),
    }
}
