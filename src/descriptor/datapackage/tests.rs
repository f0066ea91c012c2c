//! What is read of a descriptor, what is reported, and that printing loses nothing.

use super::*;

#[test]
fn placeholder() {}
