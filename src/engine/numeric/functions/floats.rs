//! Functions that only floats have: roots, angles, hyperbolic functions.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::kernels::arity::try_binary;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::Result;

use super::super::{operators, types};
use super::{Call, Function, float, floats};
use crate::error::{Error, Kind};

macro_rules! of_one {
    ($($name:literal => $f:expr;)*) => {
        &[$(Function { name: $name, takes: floats::<1>, gives: float, body: |call| map(call, $f) },)*
          Function { name: "atan2", takes: floats::<2>, gives: float, body: |call| pair(call, |y, x| Ok(y.atan2(x))) },
          Function { name: "atan2d", takes: floats::<2>, gives: float, body: |call| pair(call, |y, x| Ok(y.atan2(x) / 1.0_f64.atan() * 45.0)) },
          Function { name: "pi", takes: none, gives: float, body: pi },
        ]
    };
}

pub const FUNCTIONS: &[Function] = of_one! {
    "cbrt" => |v| Ok(v.cbrt());
    "degrees" => |v| in_range(v, v / (std::f64::consts::PI / 180.0));
    "radians" => |v| Ok(v * (std::f64::consts::PI / 180.0));
    "sin" => |v| of_angle(v, v.sin());
    "cos" => |v| of_angle(v, v.cos());
    "tan" => |v| of_angle(v, v.tan());
    "cot" => |v| of_angle(v, 1.0 / v.tan());
    "asin" => |v| within_one(v, v.asin());
    "acos" => |v| within_one(v, v.acos());
    "atan" => |v| Ok(v.atan());
    "sinh" => |v| Ok(v.sinh());
    "cosh" => |v| Ok(v.cosh());
    "tanh" => |v| Ok(v.tanh());
    "asinh" => |v| Ok(v.asinh());
    "acosh" => |v| if v < 1.0 { Err(out_of_range()) } else { Ok(v.acosh()) };
    "atanh" => |v| if v.abs() > 1.0 { Err(out_of_range()) } else { Ok(v.atanh()) };
    "sind" => |v| of_angle(v, sine(v));
    "cosd" => |v| of_angle(v, cosine(v));
    "tand" => |v| of_angle(v, tangent(v));
    "cotd" => |v| of_angle(v, cotangent(v));
    "asind" => |v| within_one(v, arc_sine(v));
    "acosd" => |v| within_one(v, arc_cosine(v));
    "atand" => |v| Ok(v.atan() / 1.0_f64.atan() * 45.0);
};

fn none(arguments: &[DataType]) -> Option<Vec<DataType>> {
    arguments.is_empty().then(Vec::new)
}

fn pi(_: &Call) -> Result<ArrayRef> {
    Ok(Arc::new(arrow::array::Float64Array::from(vec![std::f64::consts::PI])))
}

/// A float of each float.
pub fn map(call: &Call, f: fn(f64) -> Result<f64>) -> Result<ArrayRef> {
    Ok(Arc::new(call.argument(0)?.as_primitive::<Float64Type>().try_unary::<_, Float64Type, _>(f)?))
}

/// A float of each two floats.
pub fn pair(call: &Call, f: fn(f64, f64) -> Result<f64>) -> Result<ArrayRef> {
    let (a, b) = (call.argument(0)?.as_primitive::<Float64Type>(), call.argument(1)?.as_primitive::<Float64Type>());
    let outward = |e| arrow::error::ArrowError::ExternalError(Box::new(e));
    Ok(Arc::new(try_binary::<_, _, _, Float64Type>(a, b, |a, b| f(a, b).map_err(outward))?))
}

fn in_range(argument: f64, result: f64) -> Result<f64> {
    if result.is_infinite() && argument.is_finite() { Err(operators::overflow()) } else { Ok(result) }
}

/// An infinite angle has neither sine nor cosine.
fn of_angle(argument: f64, result: f64) -> Result<f64> {
    if argument.is_infinite() { Err(out_of_range()) } else { Ok(result) }
}

fn within_one(argument: f64, result: f64) -> Result<f64> {
    if argument.abs() > 1.0 { Err(out_of_range()) } else { Ok(result) }
}

fn out_of_range() -> datafusion::common::DataFusionError {
    types::outward(Error::new(Kind::OutOfRange, "input is out of range"))
}

/// Sine in degrees, exact at multiples of 30.
fn sine(degrees: f64) -> f64 {
    let turned = degrees % 360.0;
    let (angle, sign) = if turned < 0.0 { (-turned, -1.0) } else { (turned, 1.0) };
    let (angle, sign) = if angle > 180.0 { (360.0 - angle, -sign) } else { (angle, sign) };
    let angle = if angle > 90.0 { 180.0 - angle } else { angle };
    sign * if angle <= 30.0 { small_sine(angle) } else { small_cosine(90.0 - angle) }
}

fn cosine(degrees: f64) -> f64 {
    let angle = (degrees % 360.0).abs();
    let angle = if angle > 180.0 { 360.0 - angle } else { angle };
    let (angle, sign) = if angle > 90.0 { (180.0 - angle, -1.0) } else { (angle, 1.0) };
    sign * if angle <= 60.0 { small_cosine(angle) } else { small_sine(90.0 - angle) }
}

fn tangent(degrees: f64) -> f64 {
    let (s, c) = (sine(degrees), cosine(degrees));
    let one = sine(45.0) / cosine(45.0);
    let value = (s / c) / one;
    if value == 0.0 { 0.0 } else { value }
}

fn cotangent(degrees: f64) -> f64 {
    let (s, c) = (sine(degrees), cosine(degrees));
    let one = cosine(45.0) / sine(45.0);
    let value = (c / s) / one;
    if value == 0.0 { 0.0 } else { value }
}

/// Of 0 to 30 degrees: scaled so that 30 degrees give a half.
fn small_sine(degrees: f64) -> f64 {
    degrees.to_radians().sin() / 30.0_f64.to_radians().sin() / 2.0
}

/// Of 0 to 60 degrees: scaled so that 60 degrees give a half.
fn small_cosine(degrees: f64) -> f64 {
    1.0 - (1.0 - degrees.to_radians().cos()) / (1.0 - 60.0_f64.to_radians().cos()) / 2.0
}

/// Arc cosine in degrees, exact at the halves.
fn arc_cosine(value: f64) -> f64 {
    if value < 0.0 {
        90.0 + arc_sine(-value)
    } else if value <= 0.5 {
        90.0 - value.asin() / 0.5_f64.asin() * 30.0
    } else {
        value.acos() / 0.5_f64.acos() * 60.0
    }
}

/// Arc sine in degrees, exact at the halves.
fn arc_sine(value: f64) -> f64 {
    let size = value.abs();
    let degrees = if size <= 0.5 { size.asin() / 0.5_f64.asin() * 30.0 } else { 90.0 - size.acos() / 0.5_f64.acos() * 60.0 };
    degrees.copysign(value)
}
