//! What is said of a catalog as a whole where it is written.

use crate::descriptor::Agent;

/// A catalog, as its document tells of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    pub title: String,
    pub description: String,
    /// Who publishes the catalog, and each dataset of which nothing else is told.
    pub publisher: Agent,
    /// Whom to ask about datasets of which nobody is told.
    pub contact: Option<Agent>,
    /// The page that shows it to people.
    pub homepage: Option<String>,
    /// Where its tables are asked.
    pub endpoint: Option<Endpoint>,
}

/// A SQL endpoint: a `dcat:DataService` that serves every dataset of the catalog.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Such as `postgres://data.example.org:5432/city`.
    pub url: String,
}

impl Endpoint {
    /// What the service is called, in words that any endpoint of a catalog is.
    pub(super) fn title(&self, about: &About) -> String {
        format!("{}: tables by SQL", about.title)
    }

    /// What it is.
    pub(super) fn description(&self) -> &'static str {
        "The catalog's datasets as tables, for clients of PostgreSQL. Statements that read are taken."
    }
}
