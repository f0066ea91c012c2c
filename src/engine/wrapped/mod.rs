//! DataFusion's functions with something changed. What is changed is told by a trait; all else is passed on, here and nowhere else: a method of
//! DataFusion's traits that is not passed on would silently fall back to its default.

mod aggregate;
mod moving;
mod scalar;

pub use aggregate::{Aggregate, AsItIs, wrapped as aggregate};
pub use scalar::{Scalar, wrapped as scalar};
