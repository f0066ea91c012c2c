//! Text files whose encoding, dialect or shape is nasty.

use super::Case;

pub(super) const CASES: &[Case] = &[];
