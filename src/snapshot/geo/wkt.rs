//! Geometries as well-known text (OGC 06-103r4, 7). Where coordinates come from is not known here.

use crate::error::Result;
use crate::snapshot::stop::Stop;

/// A position; a measure or a height that is not given is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Position {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) z: Option<f64>,
    pub(super) m: Option<f64>,
}

/// A geometry; one without positions is `EMPTY`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Geometry {
    Point(Position),
    MultiPoint(Vec<Position>),
    Line(Vec<Position>),
    MultiLine(Vec<Vec<Position>>),
    /// Rings, the outer one first.
    Polygon(Vec<Vec<Position>>),
    MultiPolygon(Vec<Vec<Vec<Position>>>),
    Collection(Vec<Geometry>),
}

impl Geometry {
    /// The text.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// Whether every number is one.
    pub(super) fn is_finite(&self) -> bool {
        let mut finite = true;
        self.each(&mut |p| finite &= [Some(p.x), Some(p.y), p.z, p.m].into_iter().flatten().all(f64::is_finite));
        finite
    }

    fn write(&self, out: &mut String) {
        let (mut any, mut z, mut m) = (false, false, false);
        self.each(&mut |p| {
            any = true;
            z |= p.z.is_some();
            m |= p.m.is_some();
        });
        out.push_str(match self {
            Self::Point(_) => "POINT",
            Self::MultiPoint(_) => "MULTIPOINT",
            Self::Line(_) => "LINESTRING",
            Self::MultiLine(_) => "MULTILINESTRING",
            Self::Polygon(_) => "POLYGON",
            Self::MultiPolygon(_) => "MULTIPOLYGON",
            Self::Collection(_) => "GEOMETRYCOLLECTION",
        });
        if !any {
            out.push_str(" EMPTY");
            return;
        }
        let dimensions = (z, m);
        if !matches!(self, Self::Collection(_)) {
            out.push_str(match dimensions {
                (true, true) => " ZM",
                (true, false) => " Z",
                (false, true) => " M",
                (false, false) => "",
            });
        }
        out.push(' ');
        let line = |out: &mut String, line: &Vec<Position>| list(out, line, |out, p| position(out, p, dimensions));
        match self {
            Self::Point(p) => list(out, std::slice::from_ref(p), |out, p| position(out, p, dimensions)),
            Self::MultiPoint(points) => {
                list(out, points, |out, p| list(out, std::slice::from_ref(p), |out, p| position(out, p, dimensions)));
            }
            Self::Line(points) => line(out, points),
            Self::MultiLine(lines) | Self::Polygon(lines) => list(out, lines, line),
            Self::MultiPolygon(polygons) => list(out, polygons, |out, rings| list(out, rings, line)),
            Self::Collection(parts) => list(out, parts, |out, part| part.write(out)),
        }
    }

    fn each(&self, see: &mut dyn FnMut(&Position)) {
        match self {
            Self::Point(p) => see(p),
            Self::MultiPoint(points) | Self::Line(points) => points.iter().for_each(see),
            Self::MultiLine(lines) | Self::Polygon(lines) => lines.iter().flatten().for_each(see),
            Self::MultiPolygon(polygons) => polygons.iter().flatten().flatten().for_each(see),
            Self::Collection(parts) => parts.iter().for_each(|part| part.each(see)),
        }
    }
}

fn list<T>(out: &mut String, items: &[T], mut write: impl FnMut(&mut String, &T)) {
    out.push('(');
    for (i, item) in items.iter().enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        write(out, item);
    }
    out.push(')');
}

fn position(out: &mut String, p: &Position, (z, m): (bool, bool)) {
    out.push_str(&format!("{} {}", p.x, p.y));
    if z {
        // A height that is not given is the ground (OGC 12-007r2, 16.10).
        out.push_str(&format!(" {}", p.z.unwrap_or(0.0)));
    }
    if m {
        // What OGC has for a measure that is not there.
        out.push_str(&p.m.map_or_else(|| " NaN".to_owned(), |m| format!(" {m}")));
    }
}

/// The polygons of rings in any order: each hole goes to the smallest outer ring that it lies in, since a hole may hold an island with
/// holes of its own. Rings of which none is an outer one are all taken for such. Each hole is held against each outer ring, which takes
/// long where there are many of both: `stop` ends it.
pub(super) fn polygons(rings: Vec<(bool, Vec<Position>)>, stop: &Stop) -> Result<Geometry> {
    let all_holes = rings.iter().all(|(is_outer, _)| !is_outer);
    let (outer, holes): (Vec<_>, Vec<_>) = rings.into_iter().partition(|(is_outer, _)| *is_outer || all_holes);
    let mut polygons: Vec<Vec<Vec<Position>>> = outer.into_iter().map(|(_, ring)| vec![ring]).collect();
    let extents: Vec<Extent> = polygons.iter().map(|polygon| Extent::of(&polygon[0])).collect();
    for (_, hole) in holes {
        stop.check()?;
        let around = hole.first().filter(|_| extents.len() > 1).and_then(|p| {
            let lies_in = |i: &usize| extents[*i].holds(p) && contains(&polygons[*i][0], p);
            (0..extents.len()).filter(lies_in).min_by(|a, b| extents[*a].area.total_cmp(&extents[*b].area))
        });
        polygons[around.unwrap_or(0)].push(hole);
    }
    Ok(match polygons.len() {
        0 => Geometry::Polygon(Vec::new()),
        1 => Geometry::Polygon(polygons.remove(0)),
        _ => Geometry::MultiPolygon(polygons),
    })
}

/// Where a ring is, and the area within it: most rings are told apart by these, without a look at their points.
struct Extent {
    low: (f64, f64),
    high: (f64, f64),
    area: f64,
}

impl Extent {
    fn of(ring: &[Position]) -> Self {
        let (mut low, mut high) = ((f64::INFINITY, f64::INFINITY), (f64::NEG_INFINITY, f64::NEG_INFINITY));
        for p in ring {
            low = (low.0.min(p.x), low.1.min(p.y));
            high = (high.0.max(p.x), high.1.max(p.y));
        }
        // Counted from one of its points, since coordinates are large and rings are small.
        let from = ring.first().map_or((0.0, 0.0), |p| (p.x, p.y));
        let edge = |(a, b): (&Position, &Position)| (a.x - from.0) * (b.y - from.1) - (b.x - from.0) * (a.y - from.1);
        let twice: f64 = ring.iter().zip(ring.iter().skip(1)).map(edge).sum();
        Self { low, high, area: twice.abs() / 2.0 }
    }

    fn holds(&self, p: &Position) -> bool {
        (self.low.0..=self.high.0).contains(&p.x) && (self.low.1..=self.high.1).contains(&p.y)
    }
}

/// Whether a ray from the point crosses the ring an odd number of times.
fn contains(ring: &[Position], p: &Position) -> bool {
    let edges = ring.iter().zip(ring.iter().skip(1));
    let crosses =
        |(a, b): &(&Position, &Position)| (a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x;
    edges.filter(crosses).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64) -> Position {
        Position { x, y, z: None, m: None }
    }

    fn square(x: f64, side: f64) -> Vec<Position> {
        vec![at(x, x), at(x + side, x), at(x + side, x + side), at(x, x + side), at(x, x)]
    }

    #[test]
    fn geometries() {
        let high = Position { z: Some(3.0), ..at(1.0, 2.5) };
        let measured = Position { m: Some(4.0), ..high };
        for (geometry, want) in [
            (Geometry::Point(at(1.0, -2.5)), "POINT (1 -2.5)"),
            (Geometry::Point(high), "POINT Z (1 2.5 3)"),
            (Geometry::Point(measured), "POINT ZM (1 2.5 3 4)"),
            (Geometry::Point(Position { m: Some(4.0), ..at(1.0, 2.0) }), "POINT M (1 2 4)"),
            (Geometry::Line(vec![at(0.0, 0.0), high]), "LINESTRING Z (0 0 0, 1 2.5 3)"),
            (Geometry::MultiPoint(vec![at(0.0, 0.0), at(1.0, 1.0)]), "MULTIPOINT ((0 0), (1 1))"),
            (Geometry::MultiLine(vec![vec![at(0.0, 0.0), at(1.0, 1.0)]]), "MULTILINESTRING ((0 0, 1 1))"),
            (Geometry::Polygon(Vec::new()), "POLYGON EMPTY"),
            (
                Geometry::Collection(vec![Geometry::Point(at(1.0, 2.0)), Geometry::Line(Vec::new())]),
                "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING EMPTY)",
            ),
        ] {
            assert_eq!(geometry.text(), want);
        }
        assert!(!Geometry::Point(at(f64::NAN, 0.0)).is_finite());
    }

    #[test]
    fn holes_go_to_the_ring_around_them() {
        let of = |rings| polygons(rings, &Stop::default()).expect("nothing stops it");
        let rings =
            vec![(false, square(11.0, 1.0)), (true, square(0.0, 5.0)), (true, square(10.0, 5.0)), (false, square(1.0, 1.0))];
        assert_eq!(
            of(rings).text(),
            "MULTIPOLYGON (((0 0, 5 0, 5 5, 0 5, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1)), \
             ((10 10, 15 10, 15 15, 10 15, 10 10), (11 11, 12 11, 12 12, 11 12, 11 11)))"
        );
        // An island within a hole has a hole of its own.
        let nested =
            vec![(true, square(0.0, 9.0)), (false, square(1.0, 7.0)), (true, square(2.0, 5.0)), (false, square(3.0, 1.0))];
        assert_eq!(
            of(nested).text(),
            "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 8 1, 8 8, 1 8, 1 1)), \
             ((2 2, 7 2, 7 7, 2 7, 2 2), (3 3, 4 3, 4 4, 3 4, 3 3)))"
        );
        assert_eq!(of(vec![(false, square(0.0, 1.0))]).text(), "POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))");
        assert_eq!(of(Vec::new()).text(), "POLYGON EMPTY");
    }

    #[test]
    fn many_holes_come_to_an_end() {
        let stop = Stop::default();
        stop.stop();
        let rings = |holes| vec![(true, square(0.0, 5.0)), (holes, square(1.0, 1.0))];
        assert!(polygons(rings(true), &stop).is_ok());
        assert!(polygons(rings(false), &stop).is_err_and(|e| e.kind() == crate::error::Kind::Shutdown));
    }
}
