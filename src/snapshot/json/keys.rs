//! Keys: the columns that records' members become, in the order in which they are met.

use std::sync::Arc;

use indexmap::IndexSet;

/// The columns met so far.
pub(super) struct Keys {
    set: IndexSet<String>,
    shared: Arc<Vec<String>>,
    /// The name that the empty key got.
    empty: Option<String>,
    /// The most columns of a table.
    max: usize,
    /// The record at hand has a key more than that.
    surplus: bool,
    /// Only these keys are columns.
    only: Vec<String>,
}

impl Keys {
    /// Those of `only`, which then are all; else those of `first`, and `max` at most.
    pub(super) fn new(max: usize, only: &[String], first: &[String]) -> Self {
        let set = if only.is_empty() { first } else { only }.iter().cloned().collect();
        let mut keys = Self { set, shared: Arc::default(), empty: None, max, surplus: false, only: only.to_vec() };
        if only.is_empty() {
            keys.share();
        }
        keys
    }

    /// The column of a key; `None` when it is none of those wanted, or would be one too many.
    pub(super) fn place(&mut self, key: &str) -> Option<usize> {
        let known = self.set.get_index_of(key);
        if known.is_none() && !self.only.is_empty() {
            return None;
        }
        if known.is_none() && self.set.len() >= self.max {
            self.surplus = true;
            return None;
        }
        Some(known.unwrap_or_else(|| self.set.insert_full(key.to_owned()).0))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.set.len()
    }

    /// Forgets all but the first `columns`, and that there was one too many.
    pub(super) fn truncate(&mut self, columns: usize) {
        self.set.truncate(columns);
        self.surplus = false;
    }

    /// Whether the record at hand has a key more than a table has columns.
    pub(super) fn has_surplus(&self) -> bool {
        self.surplus
    }

    /// The names given so far.
    pub(super) fn shared(&self) -> &Arc<Vec<String>> {
        &self.shared
    }

    /// All names; an empty key gets one. A name that was given stays, so a later key that is called so gets another.
    pub(super) fn share(&mut self) -> Arc<Vec<String>> {
        if self.shared.len() < self.set.len() {
            let names = Arc::make_mut(&mut self.shared);
            for (i, key) in self.set.iter().enumerate().skip(names.len()) {
                let wanted = if key.is_empty() { format!("column_{}", i + 1) } else { key.clone() };
                // Only what the empty key is called can be another's name.
                let is_free = |name: &String| self.empty.as_ref() != Some(name) && (name == key || !self.set.contains(name));
                let mut numbered = (2..).map(|n| format!("{wanted}_{n}"));
                let name = if is_free(&wanted) {
                    wanted.clone()
                } else {
                    numbered.find(is_free).expect("there are more numbers than keys")
                };
                if key.is_empty() {
                    self.empty = Some(name.clone());
                }
                names.push(name);
            }
        }
        Arc::clone(&self.shared)
    }
}
