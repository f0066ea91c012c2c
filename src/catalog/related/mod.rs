//! Related tables: which tables can be joined with one, judged by sketches of their columns' values that stand in the state's index. What
//! descriptors declare, and the statement that joins, are made by who asks.

mod joins;
mod pairs;
mod store;
mod words;

use super::sketch::{Overlap, Sketch};

pub use pairs::Grade;
pub use words::{is_code as names_code, key as name_key};

pub(super) use store::TABLES;

/// A table whose columns' values were sketched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SketchedTable {
    pub schema: String,
    pub name: String,
    /// The snapshot that was measured.
    pub snapshot: String,
    pub rows: u64,
    /// Sets of columns no two rows have the same values of.
    pub keys: Vec<Vec<String>>,
    pub columns: Vec<SketchedColumn>,
}

/// A column of it that may be a key.
#[derive(Clone, Debug, PartialEq)]
pub struct SketchedColumn {
    pub name: String,
    /// The declared list that its values are of, by whatever tells it from others.
    pub list: Option<String>,
    pub sketch: Sketch,
}

/// Two columns that hold the same things.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The places of the columns in their tables.
    pub ours: usize,
    pub theirs: usize,
    pub grade: Grade,
    /// They are called alike, and the same.
    pub alike: bool,
    pub same: bool,
    pub overlap: Overlap,
}

/// A way to join two tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// The first is what it was found by; others complete it.
    pub pairs: Vec<Pair>,
    /// No two rows of ours, and of theirs, have the same values.
    pub ours_once: bool,
    pub theirs_once: bool,
    /// From 0 to 1, the greater the more certain and the more useful.
    pub score: f64,
    /// It was found by a code list that both columns declare.
    pub by_list: bool,
}

impl SketchedTable {
    /// Whether no two rows have the same values of these columns.
    pub(super) fn is_key(&self, columns: &[usize]) -> bool {
        let has = |name: &String| columns.iter().any(|i| self.columns[*i].name == *name);
        self.keys.iter().any(|key| key.iter().all(has))
    }
}

#[cfg(test)]
mod tests;
