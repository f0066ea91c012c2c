//! Regular expressions: PostgreSQL's operators and functions, those of SIMILAR TO, and LIKE with an array of patterns.

mod are;
mod compiled;
mod flags;
mod functions;
mod like;
mod replace;
mod similar;

pub(super) use compiled::Regex;
pub(super) use flags::Flags;
pub(super) use functions::functions;
pub(super) use similar::substring;
