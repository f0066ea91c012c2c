//! What the catalog answers with: tables, their known columns, themes, counts. Plain values.

use std::sync::Arc;

use crate::descriptor::{Dataset, Distribution};

/// The longest part of a description that stands in a comment, in characters.
const COMMENT_DESCRIPTION: usize = 300;

/// One table, as the catalog knows it.
#[derive(Clone, Debug)]
pub struct TableEntry {
    /// Stable across restarts while the table keeps its name; 16384 and up, as PostgreSQL's user objects.
    pub oid: u32,
    /// The database.
    pub catalog: String,
    pub schema: String,
    pub name: String,
    /// The path or URL of the dataset's descriptor; the catalog's folder for files without one.
    pub descriptor: String,
    pub dataset: Arc<Dataset>,
    /// Which of the dataset's distributions.
    pub distribution: usize,
    /// The columns as found at the first touch; `None` before it.
    pub columns: Option<Arc<Vec<KnownColumn>>>,
    /// The rows of the last snapshot; `None` before the first touch.
    pub rows: Option<u64>,
}

/// A column found at a table's first touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownColumn {
    pub name: String,
    /// The PostgreSQL type's name, such as `int8` or `timestamptz` (see [`crate::table::pg_type`]).
    pub pg_type: String,
    /// `pg_attribute.atttypmod`; -1 for none.
    pub modifier: i32,
    pub nullable: bool,
    pub comment: Option<String>,
}

/// A schema and how many tables stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    pub oid: u32,
    pub catalog: String,
    pub name: String,
    /// The theme as published.
    pub title: String,
    pub datasets: usize,
    pub tables: usize,
}

/// How much there is in all catalogs together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub catalogs: usize,
    pub themes: usize,
    pub datasets: usize,
    pub tables: usize,
}

impl TableEntry {
    /// The distribution behind the table.
    pub fn distribution(&self) -> &Distribution {
        &self.dataset.distributions[self.distribution]
    }

    /// What `\d+` and BI tools show of the table, in one or two lines: title and description, then publisher and licence.
    pub fn comment(&self) -> Option<String> {
        let (dataset, distribution) = (&self.dataset, self.distribution());
        let title = match (&dataset.title, &distribution.title) {
            (Some(dataset), Some(part)) if dataset != part => Some(format!("{dataset}: {part}")),
            (Some(title), _) | (None, Some(title)) => Some(title.clone()),
            (None, None) => None,
        };
        let description = distribution.description.as_ref().or(dataset.description.as_ref());
        let description = description.map(|text| shortened(text, COMMENT_DESCRIPTION)).filter(|text| !text.is_empty());
        let about = joined(title, " - ", description);

        let publisher = dataset.publisher.as_ref().map(|agent| format!("published by {}", agent.name));
        let licenses: Vec<&str> = dataset
            .licenses
            .iter()
            .filter_map(|l| l.name.as_ref().or(l.title.as_ref()).or(l.path.as_ref()))
            .map(String::as_str)
            .collect();
        let licence = (!licenses.is_empty()).then(|| format!("licence {}", licenses.join(", ")));
        joined(about, "\n", joined(publisher, "; ", licence))
    }
}

fn joined(a: Option<String>, separator: &str, b: Option<String>) -> Option<String> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + separator + &b),
        (Some(one), None) | (None, Some(one)) => Some(one),
        (None, None) => None,
    }
}

/// `text` on one line and at most `max` characters, `…` where more was said.
fn shortened(text: &str, max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(max) {
        None => line,
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::{Agent, License};

    #[test]
    fn a_comment_says_what_is_known() {
        let text = |s: &str| Some(s.to_owned());
        let agent = Some(Agent { name: "City".into(), ..Agent::default() });
        let by = License { name: text("CC-BY-4.0"), ..License::default() };
        for (title, description, publisher, licenses, want) in [
            (None, None, None, vec![], None),
            (text("Trips"), None, None, vec![], text("Trips")),
            (
                text("Trips"),
                text("All\n trips."),
                agent,
                vec![by.clone()],
                text("Trips - All trips.\npublished by City; licence CC-BY-4.0"),
            ),
            (None, None, None, vec![by], text("licence CC-BY-4.0")),
            (None, text(&"気".repeat(301)), None, vec![], Some("気".repeat(300) + "…")),
        ] {
            let distributions = vec![Distribution::default()];
            let dataset = Dataset { title, description, publisher, licenses, distributions, ..Dataset::default() };
            let entry = TableEntry {
                oid: 0,
                catalog: String::new(),
                schema: String::new(),
                name: String::new(),
                descriptor: String::new(),
                dataset: Arc::new(dataset),
                distribution: 0,
                columns: None,
                rows: None,
            };
            assert_eq!(entry.comment(), want);
        }
    }
}
