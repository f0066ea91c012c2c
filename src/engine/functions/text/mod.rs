//! PostgreSQL's functions of text and `bytea` that DataFusion lacks or answers otherwise. Patterns are `regexp`'s.

mod bytes;
mod charset;
mod concat;
mod encode;
mod format;
mod ident;
mod pad;
mod pieces;
mod sized;
mod unicode;

use super::function::Function;

pub use bytes::parse as bytea;
pub(super) use concat::shown;

pub(super) fn functions() -> Vec<Function> {
    let families = [
        bytes::functions(),
        charset::functions(),
        concat::functions(),
        encode::functions(),
        format::functions(),
        ident::functions(),
    ];
    families
        .into_iter()
        .flatten()
        .chain(pad::functions())
        .chain(pieces::functions())
        .chain(sized::functions())
        .chain(unicode::functions())
        .collect()
}
