//! What broke a column: the value that left it no type but text, after many that had one. Which types there are stands beside.

use serde::{Deserialize, Serialize};

use super::{BOOL, DATE, DURATION, Kinds, NUMBER, TIME};

/// Bytes of the value that are kept.
const CLIP: usize = 40;

/// The value that has none of the types that all before it could have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::snapshot::types) struct Broke {
    /// The types that were left.
    kinds: Kinds,
    /// How many values have them.
    values: u64,
    text: String,
}

impl Broke {
    /// Values of a type that make one of no type worth telling.
    pub(in crate::snapshot::types) const MANY: u64 = 10;

    pub(super) fn new(kinds: Kinds, values: u64, text: &str) -> Self {
        Self { kinds, values, text: crate::name::clip(text, CLIP).to_owned() }
    }

    /// The same with as many more values before it as could have `kinds`, none when those are others.
    pub(super) fn after(&self, kinds: Kinds, values: u64) -> Self {
        let values = if self.kinds & kinds == 0 { self.values } else { self.values + values };
        let kinds = if self.kinds & kinds == 0 { self.kinds } else { self.kinds & kinds };
        Self { kinds, values, text: self.text.clone() }
    }

    /// Of two, the one after more values.
    pub(super) fn greater(self, other: Self) -> Self {
        let key = |broke: &Self| (broke.values, std::cmp::Reverse(broke.text.clone()), broke.kinds);
        if key(&other) > key(&self) { other } else { self }
    }

    /// What to tell of a column that stays text for it; nothing when few values are of a type, or when it is a code among numbers.
    pub(in crate::snapshot::types) fn warning(&self) -> Option<String> {
        let is_code = self.kinds & NUMBER != 0 && self.text.bytes().all(|b| b.is_ascii_digit());
        // Ordered as a type is chosen.
        let names = [(BOOL, "yes or no"), (NUMBER, "numbers"), (DATE, "dates"), (TIME, "times"), (DURATION, "durations")];
        let (_, name) = names.into_iter().find(|(kind, _)| self.kinds & kind != 0)?;
        (self.values >= Self::MANY && !is_code).then(|| {
            let (values, text) = (self.values, &self.text);
            format!("stays text: {values} of its values are {name}, and then comes \"{text}\"; declare it as missing, or the type, if it is none")
        })
    }
}
