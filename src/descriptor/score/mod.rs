//! Scoring: how far a dataset meets the criteria of published assessments of open data, from what is said of it and what was measured of its
//! tables. Pure: who asks gathers the facts. Each criterion says its rule and its source, so that anyone can score again and compare.

mod criteria;
mod metadata;
mod quality;

use chrono::{DateTime, Utc};

use super::Dataset;

pub use criteria::{Criterion, Told};

/// What was found of one of a dataset's tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableFacts {
    /// Whether its source could be read when it was last asked; `None` when it never was.
    pub readable: Option<bool>,
    /// Rows that were read, and cells and rows that did not fit.
    pub rejects: Option<(u64, u64)>,
    /// Cells of its profile, and those without a value.
    pub cells: Option<(u64, u64)>,
    /// Its columns, and those that are explained. `None` where none are known.
    pub columns: Option<(u64, u64)>,
    /// Of its columns, how many differ between its files.
    pub drifted: Option<(u64, u64)>,
}

/// What a score is made of.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub dataset: &'a Dataset,
    pub tables: &'a [TableFacts],
    /// The moment of the assessment.
    pub now: DateTime<Utc>,
}

/// How far a dataset meets a criterion.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// What was found, in words or numbers; `None` where nothing was.
    pub value: Option<String>,
    /// From 0 to 1; or why that can't be known, which leaves the criterion out of any sum.
    pub met: Result<f64, &'static str>,
}

impl Score {
    /// A criterion that is met or is not.
    fn yes(is_met: bool, value: Option<String>) -> Self {
        Self { value, met: Ok(if is_met { 1.0 } else { 0.0 }) }
    }

    /// The part of things that meet it.
    fn part(met: usize, of: usize, reason: &'static str) -> Self {
        if of == 0 {
            return Self::unknown(reason);
        }
        Self { value: Some(format!("{met} of {of}")), met: Ok(met as f64 / of as f64) }
    }

    fn unknown(reason: &'static str) -> Self {
        Self { value: None, met: Err(reason) }
    }

    /// The points of a criterion's weight; `None` where that can't be known.
    pub fn points(&self, weight: f64) -> Option<f64> {
        self.met.ok().map(|met| met * weight)
    }
}

impl Criterion {
    /// Whether it is of a dimension that is judged by what was found of the tables.
    pub fn looks_at_tables(self) -> bool {
        matches!(self.told().dimension, "accessibility" | "data quality" | "documentation" | "stability")
    }

    /// How far a dataset meets it.
    pub fn score(self, facts: &Facts<'_>) -> Score {
        match self {
            Self::Keywords
            | Self::Themes
            | Self::Spatial
            | Self::Temporal
            | Self::DownloadUrl
            | Self::Format
            | Self::MediaType
            | Self::FormatVocabulary
            | Self::NonProprietary
            | Self::MachineReadable
            | Self::DcatAp
            | Self::Licence
            | Self::LicenceVocabulary
            | Self::AccessRights
            | Self::AccessRightsVocabulary
            | Self::Contact
            | Self::Publisher
            | Self::Rights
            | Self::ByteSize
            | Self::Issued
            | Self::Modified => metadata::score(self, facts.dataset),
            Self::AccessUrlStatus | Self::DownloadUrlStatus => quality::readable(facts),
            Self::Stars => quality::stars(facts.dataset),
            Self::Freshness => quality::freshness(facts.dataset, facts.now),
            Self::Completeness => quality::completeness(facts.tables),
            Self::Rejects => quality::rejects(facts.tables),
            Self::ColumnDocumentation => quality::documentation(facts.tables),
            Self::SchemaStability => quality::stability(facts.tables),
        }
    }
}

#[cfg(test)]
mod tests;
