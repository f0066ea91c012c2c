//! Packed files and archives.

use super::Case;

pub(super) const CASES: &[Case] = &[];
