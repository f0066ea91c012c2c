//! PostgreSQL's functions and operators of arrays that DataFusion lacks or answers otherwise. An array of several dimensions is a list of
//! lists; lower bounds other than 1 are not kept.

mod change;
mod compare;
pub(in crate::engine) mod quantified;
pub(super) mod read;
mod series;
mod shape;

use super::function::Function;

pub(super) use change::{flat, joining};

pub(super) fn functions() -> Vec<Function> {
    shape::functions()
        .into_iter()
        .chain(change::functions())
        .chain(compare::functions())
        .chain(quantified::functions())
        .chain(read::functions())
        .chain(series::functions())
        .collect()
}
