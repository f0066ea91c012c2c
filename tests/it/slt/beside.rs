//! The two engines' answers to one record, beside each other: what a record's text does not tell. sqllogictest compares values with blanks
//! run together, and knows neither columns' names and types nor commands' tags; here these are compared as they came.

use std::collections::HashMap;

use crate::raw::{Message, error};

/// Where a record stands, and in which mode it was asked.
pub type Place = (String, &'static str);

/// An answer by its parts, each as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Name, type's oid and type's modifier of each column.
    pub columns: Vec<String>,
    /// The values of each row, with every blank.
    pub rows: Vec<String>,
    /// The tag of the last command.
    pub tag: String,
    /// SQLSTATE, message and position.
    pub error: Option<[String; 3]>,
}

impl Answer {
    /// Of an error.
    pub fn of_error(said: &[Message]) -> Self {
        let field = |code| error(said, code).unwrap_or_default();
        Self { error: Some([field('C'), field('M'), field('P')]), ..Self::default() }
    }

    /// What differs between Stoa's answer and PostgreSQL's, a line each.
    fn differs(&self, postgresql: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut compare = |what: &str, ours: &str, theirs: &str| {
            if ours != theirs {
                lines.push(format!("{what}: Stoa {ours:?}, PostgreSQL {theirs:?}"));
            }
        };
        match (&self.error, &postgresql.error) {
            (Some(ours), Some(theirs)) => {
                for (what, (ours, theirs)) in ["SQLSTATE", "message", "position"].into_iter().zip(ours.iter().zip(theirs)) {
                    compare(what, ours, theirs);
                }
                return lines;
            }
            (None, None) => {}
            // The record has failed.
            _ => return lines,
        }
        compare("columns", &self.columns.join(" "), &postgresql.columns.join(" "));
        compare("tag", &self.tag, &postgresql.tag);
        // In whatever order they came: the record knows whether that matters.
        let sorted = |rows: &[String]| {
            let mut rows = rows.to_vec();
            rows.sort();
            rows
        };
        let (ours, theirs) = (sorted(&self.rows), sorted(&postgresql.rows));
        if let Some((ours, theirs)) = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs) {
            compare("row", ours, theirs);
        }
        lines
    }
}

/// The differences between the answers to the records that both engines were asked, each with the modes in which it is there.
pub fn differences(stoa: &HashMap<Place, Answer>, postgresql: &HashMap<Place, Answer>) -> Vec<String> {
    let mut found: HashMap<String, Vec<&str>> = HashMap::new();
    for (place, ours) in stoa {
        for line in postgresql.get(place).map(|theirs| ours.differs(theirs)).unwrap_or_default() {
            found.entry(format!("{}: {line}", place.0)).or_default().push(place.1);
        }
    }
    let mut lines: Vec<String> = found
        .into_iter()
        .map(|(line, mut modes)| {
            modes.sort_unstable();
            format!("({}) {line}", modes.join(", "))
        })
        .collect();
    lines.sort();
    lines
}
