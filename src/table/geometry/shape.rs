//! A geometry in memory: its kind, its dimensions, its coordinates one behind the other.

/// The kinds of geometries that are read, by their numbers in WKB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Point = 1,
    LineString = 2,
    Polygon = 3,
    MultiPoint = 4,
    MultiLineString = 5,
    MultiPolygon = 6,
    Collection = 7,
}

impl Kind {
    /// All, by their numbers.
    pub const ALL: [Self; 7] = [
        Self::Point,
        Self::LineString,
        Self::Polygon,
        Self::MultiPoint,
        Self::MultiLineString,
        Self::MultiPolygon,
        Self::Collection,
    ];

    /// The kind of this number.
    pub fn of_code(code: u32) -> Option<Self> {
        usize::try_from(code).ok()?.checked_sub(1).and_then(|i| Self::ALL.get(i)).copied()
    }

    /// As in well-known text.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Point => "POINT",
            Self::LineString => "LINESTRING",
            Self::Polygon => "POLYGON",
            Self::MultiPoint => "MULTIPOINT",
            Self::MultiLineString => "MULTILINESTRING",
            Self::MultiPolygon => "MULTIPOLYGON",
            Self::Collection => "GEOMETRYCOLLECTION",
        }
    }

    /// As in GeoJSON, and in what `ST_GeometryType` tells.
    pub fn name(self) -> &'static str {
        match self {
            Self::Point => "Point",
            Self::LineString => "LineString",
            Self::Polygon => "Polygon",
            Self::MultiPoint => "MultiPoint",
            Self::MultiLineString => "MultiLineString",
            Self::MultiPolygon => "MultiPolygon",
            Self::Collection => "GeometryCollection",
        }
    }

    /// What a collection of one kind has for members; of any kind for a [`Self::Collection`], and no members otherwise.
    pub fn member(self) -> Option<Self> {
        match self {
            Self::MultiPoint => Some(Self::Point),
            Self::MultiLineString => Some(Self::LineString),
            Self::MultiPolygon => Some(Self::Polygon),
            Self::Point | Self::LineString | Self::Polygon | Self::Collection => None,
        }
    }
}

/// What a geometry is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// The coordinates of a point or a line, as many for each place as there are dimensions; none when it is empty.
    Places(Vec<f64>),
    /// A polygon's rings.
    Rings(Vec<Vec<f64>>),
    /// A collection's members.
    Members(Vec<Shape>),
}

/// A geometry.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    pub kind: Kind,
    pub has_z: bool,
    pub has_m: bool,
    /// The number of its reference system; 0 for none.
    pub srid: i32,
    pub body: Body,
}

/// The least and greatest coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pub low: [f64; 2],
    pub high: [f64; 2],
}

impl Bounds {
    /// Whether they have a place in common, their borders included.
    pub fn overlap(&self, other: &Self) -> bool {
        (0..2).all(|axis| self.low[axis] <= other.high[axis] && other.low[axis] <= self.high[axis])
    }

    /// The bounds of both.
    pub fn with(&self, other: &Self) -> Self {
        let low = [self.low[0].min(other.low[0]), self.low[1].min(other.low[1])];
        let high = [self.high[0].max(other.high[0]), self.high[1].max(other.high[1])];
        Self { low, high }
    }

    /// As `ST_Envelope` has them: a polygon, or a point where they are one.
    pub fn shape(&self, srid: i32) -> Shape {
        let ([x1, y1], [x2, y2]) = (self.low, self.high);
        let (kind, body) = if self.low == self.high {
            (Kind::Point, Body::Places(vec![x1, y1]))
        } else {
            (Kind::Polygon, Body::Rings(vec![vec![x1, y1, x1, y2, x2, y2, x2, y1, x1, y1]]))
        };
        Shape { kind, has_z: false, has_m: false, srid, body }
    }
}

impl Shape {
    /// A point.
    pub fn point(coordinates: Vec<f64>, srid: i32) -> Self {
        let has_z = coordinates.len() > 2;
        let has_m = coordinates.len() > 3;
        Self { kind: Kind::Point, has_z, has_m, srid, body: Body::Places(coordinates) }
    }

    /// The same without heights and measures.
    pub fn flat(&self) -> Self {
        let dimensions = self.dimensions();
        let kept = |places: &Vec<f64>| places.chunks(dimensions).flat_map(|place| place.iter().take(2).copied()).collect();
        let body = match &self.body {
            Body::Places(places) => Body::Places(kept(places)),
            Body::Rings(rings) => Body::Rings(rings.iter().map(kept).collect()),
            Body::Members(members) => Body::Members(members.iter().map(Self::flat).collect()),
        };
        Self { kind: self.kind, has_z: false, has_m: false, srid: self.srid, body }
    }

    /// Coordinates of a place.
    pub fn dimensions(&self) -> usize {
        2 + usize::from(self.has_z) + usize::from(self.has_m)
    }

    /// Whether there is no place in it.
    pub fn is_empty(&self) -> bool {
        match &self.body {
            Body::Places(places) => places.is_empty(),
            Body::Rings(rings) => rings.iter().all(Vec::is_empty),
            Body::Members(members) => members.iter().all(Self::is_empty),
        }
    }

    /// How many places there are.
    pub fn places(&self) -> usize {
        let width = self.dimensions();
        match &self.body {
            Body::Places(places) => places.len() / width,
            Body::Rings(rings) => rings.iter().map(|ring| ring.len() / width).sum(),
            Body::Members(members) => members.iter().map(Self::places).sum(),
        }
    }

    /// Calls `each` with all runs of coordinates.
    fn runs(&self, each: &mut impl FnMut(&[f64])) {
        match &self.body {
            Body::Places(places) => each(places),
            Body::Rings(rings) => rings.iter().for_each(|ring| each(ring)),
            Body::Members(members) => members.iter().for_each(|member| member.runs(each)),
        }
    }

    /// The bounds of its places; `None` of what is empty.
    pub fn bounds(&self) -> Option<Bounds> {
        let width = self.dimensions();
        let mut bounds: Option<Bounds> = None;
        self.runs(&mut |run| {
            for place in run.chunks_exact(width) {
                let place = Bounds { low: [place[0], place[1]], high: [place[0], place[1]] };
                bounds = Some(bounds.map_or(place, |known| known.with(&place)));
            }
        });
        bounds
    }

    /// A point's coordinate of this place: `x`, `y`, `z`, `m`; `None` when it has none.
    pub fn coordinate(&self, axis: char) -> Option<f64> {
        let Body::Places(places) = &self.body else { return None };
        let at = match axis {
            'x' => 0,
            'y' => 1,
            'z' if self.has_z => 2,
            'm' if self.has_m => 2 + usize::from(self.has_z),
            _ => return None,
        };
        places.get(at).copied()
    }
}
