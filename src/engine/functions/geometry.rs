//! PostGIS's functions of geometries that are exact here: forms, parts and bounds. What only a geometry engine tells (areas on a spheroid,
//! overlays, distances) is not offered. Values are well-known text as files have them, or EWKB in hexadecimal digits.

use std::borrow::Cow;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int32Array};
use arrow::datatypes::{Field, Int32Type, Int64Type};
use datafusion::error::Result;

use super::function::{Call, Function, Gives, Type::*, outward};
use crate::error::{Error, Kind as ErrorKind};
use crate::snapshot::field_key;
use crate::table::geometry::{self, Body, Bounds, Kind, Shape};
use crate::table::pg_type;

const GEOMETRY: Gives = Gives::Logical(&pg_type::GEOMETRY);

/// What PostGIS says of itself where these functions are those of its release.
const VERSION: &str = "3.3 USE_GEOS=1 USE_PROJ=1 USE_STATS=1";

/// The digits behind the point in GeoJSON, unless told.
const GEOJSON_DIGITS: i64 = 9;

pub(super) fn functions() -> Vec<Function> {
    [forms(), modifiers(), readers(), makers(), parts(), bounds()].into_iter().flatten().collect()
}

fn forms() -> Vec<Function> {
    vec![
        Function::new("geometry_to_text", &[&[Any]], Gives::Text, |call| texts(call, hex)).also(&["st_ashexewkb"]),
        Function::new("st_astext", &[&[Any], &[Any, Int]], Gives::Text, |call| written(call, false)),
        Function::new("st_asewkt", &[&[Any], &[Any, Int]], Gives::Text, |call| written(call, true)),
        Function::new("st_asgeojson", &[&[Any], &[Any, Int], &[Any, Int, Int]], Gives::Text, |call| {
            let digits = digits(call, GEOJSON_DIGITS)?;
            texts(call, |row, shape, out| {
                geometry::put_geojson(shape, digits(row), out);
                Ok(())
            })
        }),
        // Little-endian, which is also what `NDR` asks for.
        Function::new("st_asbinary", &[&[Any], &[Any, Text]], Gives::Bytes, |call| {
            if call.len() > 1 && call.texts(1)?.iter().flatten().any(|order| !order.eq_ignore_ascii_case("ndr")) {
                return Err(outward(Error::new(ErrorKind::Unsupported, "geometries are written in the byte order NDR only")));
            }
            bytes(call, geometry::put_iso)
        })
        .also(&["st_aswkb"]),
        Function::new("st_asewkb", &[&[Any]], Gives::Bytes, |call| bytes(call, geometry::put_ewkb)),
        Function::new("postgis_version", &[&[]], Gives::Text, |call| call.same_text(Some(VERSION))),
        Function::new("postgis_lib_version", &[&[]], Gives::Text, |call| call.same_text(Some("3.3.2"))),
        Function::new("postgis_geos_version", &[&[]], Gives::Text, |call| call.same_text(Some("3.11.1-CAPI-1.17.1"))),
        Function::new("postgis_proj_version", &[&[]], Gives::Text, |call| call.same_text(Some("9.1.1"))),
        // Nothing is known of an extent before the rows are read.
        Function::new("st_estimatedextent", &[&[Text, Text], &[Text, Text, Text]], Gives::Text, |call| call.same_text(None)),
    ]
}

/// What a column's modifier tells: dimensions, reference system, kind.
fn modifiers() -> Vec<Function> {
    let kind = |modifier: i64| u32::try_from((modifier & 0xfc) >> 2).ok().and_then(Kind::of_code).map_or("Geometry", Kind::name);
    vec![
        Function::new("postgis_typmod_dims", &[&[Int]], Gives::Int4, |call| {
            let modifiers = call.ints(0)?;
            let dimensions = |m: i64| (m >= 0).then(|| 2 + i32::from(m & 2 != 0) + i32::from(m & 1 != 0));
            call.each::<Int32Type>(|row| Ok(modifiers.get(row).and_then(dimensions)))
        }),
        Function::new("postgis_typmod_srid", &[&[Int]], Gives::Int4, |call| {
            call.map::<Int64Type, Int32Type>(|modifier| {
                Ok(if modifier < 0 { 0 } else { i32::try_from(modifier >> 8).unwrap_or(0) })
            })
        }),
        Function::new("postgis_typmod_type", &[&[Int]], Gives::Text, move |call| {
            let modifiers = call.ints(0)?;
            call.write_texts(|row, out| {
                out.push_str(if modifiers.value(row) < 0 { "Geometry" } else { kind(modifiers.value(row)) });
                Ok(true)
            })
        }),
    ]
}

fn readers() -> Vec<Function> {
    vec![
        Function::new("text_to_geometry", &[&[Any]], GEOMETRY, |call| {
            // As it is, so that its reference system is.
            texts(call, hex)
        })
        .also(&["st_geomfromewkt"]),
        Function::new("st_geomfromtext", &[&[Text], &[Text, Int]], GEOMETRY, |call| {
            let texts = call.texts(0)?;
            read(call, |row| geometry::from_text(texts.value(row)))
        })
        .also(&["st_geometryfromtext"]),
        Function::new("st_geomfromwkb", &[&[Bytes], &[Bytes, Int]], GEOMETRY, |call| {
            let bytes = call.bytes(0)?;
            read(call, |row| geometry::from_ewkb(bytes.value(row)))
        })
        .also(&["st_geomfromewkb"]),
        // `BOX3D(1 2,3 4)`, as a client that asks for a part of the map writes it.
        Function::new("text_to_box", &[&[Text]], GEOMETRY, |call| {
            let boxes = call.texts(0)?;
            geometries(call, |row| boxed(boxes.value(row)).map(|b| b.shape(0)))
        }),
    ]
}

fn makers() -> Vec<Function> {
    vec![
        Function::new(
            "st_makepoint",
            &[&[Float, Float], &[Float, Float, Float], &[Float, Float, Float, Float]],
            GEOMETRY,
            |call| {
                let axes = (0..call.len()).map(|i| call.floats(i)).collect::<Result<Vec<_>>>()?;
                geometries(call, |row| Ok(Shape::point(axes.iter().map(|axis| axis.value(row)).collect(), 0)))
            },
        ),
        Function::new("st_point", &[&[Float, Float], &[Float, Float, Int]], GEOMETRY, |call| {
            let (x, y, srid) = (call.floats(0)?, call.floats(1)?, number(call, 2)?);
            geometries(call, |row| Ok(Shape::point(vec![x.value(row), y.value(row)], srid(row).unwrap_or(0))))
        }),
        Function::new("st_setsrid", &[&[Any, Int]], GEOMETRY, |call| {
            let (shapes, srid) = (Shapes::of(call, 0)?, number(call, 1)?);
            geometries(call, |row| Ok(Shape { srid: srid(row).unwrap_or(0), ..shapes.at(row)?.into_owned() }))
        }),
        Function::new(
            "st_makeenvelope",
            &[&[Float, Float, Float, Float], &[Float, Float, Float, Float, Int]],
            GEOMETRY,
            |call| {
                let [x1, y1, x2, y2] = [call.floats(0)?, call.floats(1)?, call.floats(2)?, call.floats(3)?];
                let srid = number(call, 4)?;
                geometries(call, |row| {
                    let bounds = Bounds { low: [x1.value(row), y1.value(row)], high: [x2.value(row), y2.value(row)] };
                    Ok(bounds.shape(srid(row).unwrap_or(0)))
                })
            },
        ),
        Function::new("st_force2d", &[&[Any]], GEOMETRY, |call| {
            let shapes = Shapes::of(call, 0)?;
            geometries(call, |row| Ok(shapes.at(row)?.flat()))
        })
        .also(&["st_force_2d"]),
        Function::new("st_envelope", &[&[Any]], GEOMETRY, |call| {
            let shapes = Shapes::of(call, 0)?;
            geometries(call, |row| {
                let shape = shapes.at(row)?;
                Ok(shape.bounds().map_or_else(|| shape.clone().into_owned(), |bounds| bounds.shape(shape.srid)))
            })
        }),
    ]
}

fn parts() -> Vec<Function> {
    let coordinate = |name: &'static str, axis: char| {
        Function::new(name, &[&[Any]], Gives::Float, move |call| {
            let shapes = Shapes::of(call, 0)?;
            call.collect::<f64, Float64Array>(|row| {
                let shape = shapes.at(row)?;
                if shape.kind != Kind::Point {
                    let message = format!("Argument to {}() must have type POINT", name.to_uppercase());
                    return Err(outward(Error::new(ErrorKind::InvalidGeometry, message)));
                }
                Ok(shape.coordinate(axis))
            })
        })
    };
    vec![
        coordinate("st_x", 'x'),
        coordinate("st_y", 'y'),
        coordinate("st_z", 'z'),
        coordinate("st_m", 'm'),
        Function::new("st_srid", &[&[Any]], Gives::Int4, |call| counted(call, |shape| Some(shape.srid))),
        Function::new("st_npoints", &[&[Any]], Gives::Int4, |call| counted(call, |shape| i32::try_from(shape.places()).ok())),
        Function::new("st_ndims", &[&[Any]], Gives::Int4, |call| counted(call, |shape| i32::try_from(shape.dimensions()).ok()))
            .also(&["st_coorddim"]),
        Function::new("st_zmflag", &[&[Any]], Gives::Int4, |call| {
            counted(call, |shape| Some(2 * i32::from(shape.has_z) + i32::from(shape.has_m)))
        }),
        Function::new("st_numgeometries", &[&[Any]], Gives::Int4, |call| {
            counted(call, |shape| match &shape.body {
                Body::Members(members) => i32::try_from(members.len()).ok(),
                Body::Places(_) | Body::Rings(_) => Some(i32::from(!shape.is_empty())),
            })
        }),
        Function::new("st_isempty", &[&[Any]], Gives::Bool, |call| {
            let shapes = Shapes::of(call, 0)?;
            call.collect::<bool, BooleanArray>(|row| Ok(Some(shapes.at(row)?.is_empty())))
        }),
        Function::new("st_geometrytype", &[&[Any]], Gives::Text, |call| {
            texts(call, |_, shape, out| {
                out.push_str("ST_");
                out.push_str(shape.kind.name());
                Ok(())
            })
        }),
        Function::new("geometrytype", &[&[Any]], Gives::Text, |call| {
            texts(call, |_, shape, out| {
                out.push_str(shape.kind.keyword());
                if shape.has_m && !shape.has_z {
                    out.push('M');
                }
                Ok(())
            })
        }),
    ]
}

fn bounds() -> Vec<Function> {
    let bound = |name: &'static str, of: fn(Bounds) -> f64| {
        Function::new(name, &[&[Any]], Gives::Float, move |call| {
            let shapes = Shapes::of(call, 0)?;
            call.collect::<f64, Float64Array>(|row| Ok(shapes.at(row)?.bounds().map(of)))
        })
    };
    vec![
        bound("st_xmin", |b| b.low[0]),
        bound("st_ymin", |b| b.low[1]),
        bound("st_xmax", |b| b.high[0]),
        bound("st_ymax", |b| b.high[1]),
        // `&&`.
        Function::new("geometry_overlaps", &[&[Any, Any]], Gives::Bool, |call| {
            let (left, right) = (Shapes::of(call, 0)?, Shapes::of(call, 1)?);
            call.collect::<bool, BooleanArray>(|row| {
                let (left, right) = (left.at(row)?.bounds(), right.at(row)?.bounds());
                Ok(Some(left.zip(right).is_some_and(|(a, b)| a.overlap(&b))))
            })
        }),
        // What `ST_Extent` makes of the least and greatest coordinates.
        Function::new("extent_of", &[&[Float, Float, Float, Float]], Gives::Text, |call| {
            let [x1, y1, x2, y2] = [call.floats(0)?, call.floats(1)?, call.floats(2)?, call.floats(3)?];
            call.write_texts(|row, out| {
                let bounds = [x1.value(row), y1.value(row), x2.value(row), y2.value(row)].map(|v| v.to_string());
                out.push_str(&format!("BOX({} {},{} {})", bounds[0], bounds[1], bounds[2], bounds[3]));
                Ok(true)
            })
        }),
    ]
}

/// The geometries of an argument, of which one that stands for all rows is read once.
struct Shapes {
    texts: super::function::Column<arrow::array::StringViewArray>,
    /// The reference system of those that name none.
    srid: i32,
    constant: Option<Shape>,
}

impl Shapes {
    fn of(call: &Call, i: usize) -> Result<Self> {
        let (texts, srid) = (call.texts(i)?, srid_of(&call.fields[i]));
        let constant = texts.constant().map(|text| geometry::read(text, srid)).transpose().map_err(outward)?;
        Ok(Self { texts, srid, constant })
    }

    fn at(&self, row: usize) -> Result<Cow<'_, Shape>> {
        match &self.constant {
            Some(shape) => Ok(Cow::Borrowed(shape)),
            None => geometry::read(self.texts.value(row), self.srid).map(Cow::Owned).map_err(outward),
        }
    }
}

fn srid_of(field: &Field) -> i32 {
    field.metadata().get(field_key::CRS).map_or(0, |crs| geometry::srid_of(crs))
}

fn hex(_: usize, shape: &Shape, out: &mut String) -> Result<()> {
    let mut bytes = Vec::new();
    geometry::put_hex(shape, &mut bytes);
    out.extend(bytes.into_iter().map(char::from));
    Ok(())
}

/// A text of each geometry.
fn texts(call: &Call, write: impl Fn(usize, &Shape, &mut String) -> Result<()>) -> Result<ArrayRef> {
    let shapes = Shapes::of(call, 0)?;
    call.write_texts(|row, out| write(row, shapes.at(row)?.as_ref(), out).map(|()| true))
}

fn bytes(call: &Call, write: fn(&Shape, &mut Vec<u8>)) -> Result<ArrayRef> {
    let shapes = Shapes::of(call, 0)?;
    call.write_bytes(|row, out| {
        write(shapes.at(row)?.as_ref(), out);
        Ok(true)
    })
}

/// A geometry of each row.
fn geometries(call: &Call, make: impl Fn(usize) -> Result<Shape>) -> Result<ArrayRef> {
    call.write_texts(|row, out| {
        hex(row, &make(row)?, out)?;
        Ok(true)
    })
}

fn counted(call: &Call, count: impl Fn(&Shape) -> Option<i32>) -> Result<ArrayRef> {
    let shapes = Shapes::of(call, 0)?;
    call.collect::<i32, Int32Array>(|row| Ok(count(shapes.at(row)?.as_ref())))
}

fn written(call: &Call, extended: bool) -> Result<ArrayRef> {
    let digits = number(call, 1)?;
    texts(call, |row, shape, out| {
        geometry::put_text(shape, extended, digits(row).and_then(|d| usize::try_from(d.clamp(0, 15)).ok()), out);
        Ok(())
    })
}

/// Geometries that are read, of the reference system that the second argument names.
fn read(call: &Call, of: impl Fn(usize) -> crate::error::Result<Shape>) -> Result<ArrayRef> {
    let srid = number(call, 1)?;
    geometries(call, |row| {
        let shape = of(row).map_err(outward)?;
        Ok(Shape { srid: srid(row).unwrap_or(shape.srid), ..shape })
    })
}

/// A whole number that may be left out.
fn number(call: &Call, i: usize) -> Result<impl Fn(usize) -> Option<i32>> {
    let numbers = if call.len() > i { Some(call.ints(i)?) } else { None };
    Ok(move |row| numbers.as_ref().and_then(|numbers| numbers.get(row)).and_then(|n| i32::try_from(n).ok()))
}

fn digits(call: &Call, usual: i64) -> Result<impl Fn(usize) -> usize> {
    let number = number(call, 1)?;
    Ok(move |row| number(row).map_or(usual, i64::from).clamp(0, 15) as usize)
}

/// `BOX3D(1 2,3 4)` or `BOX(1 2,3 4)`, with heights or without.
fn boxed(text: &str) -> Result<Bounds> {
    let wrong = || outward(Error::new(ErrorKind::InvalidGeometry, "box3d parser - doesn't start with BOX3D("));
    let inner = text.trim().split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).ok_or_else(wrong)?;
    let corner = |corner: &str| -> Option<[f64; 2]> {
        let mut axes = corner.split_whitespace().map(str::parse::<f64>);
        Some([axes.next()?.ok()?, axes.next()?.ok()?])
    };
    let (low, high) = inner.split_once(',').ok_or_else(wrong)?;
    let (a, b) = corner(low).zip(corner(high)).ok_or_else(wrong)?;
    Ok(Bounds { low: [a[0].min(b[0]), a[1].min(b[1])], high: [a[0].max(b[0]), a[1].max(b[1])] })
}
