//! Text files whose values are nasty.

use super::Case;

pub(super) const CASES: &[Case] = &[];
