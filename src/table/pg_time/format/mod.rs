//! Templates of dates and numbers: `to_char`, `to_date`, `to_timestamp`.

pub mod number;
mod read;
mod template;
mod write;

pub use read::{Read, read};
pub use template::{Letters, Node, ordinal, parse};
pub use write::Shown;
