//! A publication as a whole: who published what, under which terms, and where more is said of it.

use super::{AccessRights, Distribution, Extra, Refresh};

/// One publication: what DCAT calls a `dcat:Dataset` and Data Package a package.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// The publisher's identifier, unique in its catalog; the package's `id`, else its `name`, else its place.
    pub identifier: String,
    /// The published short name, from which the table's name is made.
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    /// `dcat:theme` as published: titles, codes or URIs. The schema's name is made of the first.
    pub themes: Vec<String>,
    pub keywords: Vec<String>,
    pub publisher: Option<Agent>,
    pub licenses: Vec<License>,
    pub sources: Vec<Link>,
    /// The page that shows it to people (`dcat:landingPage`).
    pub homepage: Option<String>,
    /// Whom to ask (`dcat:contactPoint`).
    pub contact: Option<Agent>,
    /// Pages that explain it (`foaf:page`, DCAT-US's `describedBy` and `references`).
    pub documentation: Vec<Link>,
    /// `dct:language` as published.
    pub languages: Vec<String>,
    /// `dct:spatial` as published: names, URIs, bounds, or geometries as text.
    pub spatial: Vec<String>,
    pub temporal: Vec<Period>,
    /// The standards that it follows (`dct:conformsTo`).
    pub conforms_to: Vec<String>,
    pub version: Option<String>,
    /// The identifier of the dataset or series that it is a part of (`dct:isPartOf`, `dcat:inSeries`).
    pub part_of: Option<String>,
    /// `dct:accrualPeriodicity` as published, such as `R/P1D`, `daily` or an EU frequency URI.
    pub accrual_periodicity: Option<String>,
    /// When its sources are asked whether they changed (`stoa:refresh`); see [`Self::believed_for`].
    pub refresh: Option<Refresh>,
    /// Whether a reject fails the reading of its files (`stoa:strict`); see [`Self::is_strict`].
    pub strict: Option<bool>,
    /// `dct:issued` as published.
    pub issued: Option<String>,
    /// `dct:modified` as published.
    pub modified: Option<String>,
    pub access_rights: AccessRights,
    /// What [`Self::access_rights`] was made of, as published; `None` where nothing was, and where it is the code itself.
    pub published_rights: Option<String>,
    pub distributions: Vec<Distribution>,
    pub extra: Extra,
}

impl Dataset {
    /// The theme that its schema is named after.
    pub fn theme(&self) -> Option<&str> {
        self.themes.first().map(String::as_str)
    }
}

/// A publisher, or whom to ask.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agent {
    pub name: String,
    pub homepage: Option<String>,
    pub email: Option<String>,
}

/// A licence: at least one of the three is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct License {
    /// An Open Definition or SPDX identifier, such as `CC-BY-4.0`.
    pub name: Option<String>,
    pub title: Option<String>,
    pub path: Option<String>,
}

/// A time that is covered (`dct:PeriodOfTime`): its ends as published, one of them at least.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Period {
    pub start: Option<String>,
    pub end: Option<String>,
}

impl Period {
    /// Two ends with a slash between them (ISO 8601), one of which may be open (`..` or nothing); a text without one is a start and an
    /// end. `None` for a text that says nothing.
    pub fn of_text(text: &str) -> Option<Self> {
        let end = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty() && text != "..");
        let (start, last) = text.split_once('/').unwrap_or((text, text));
        Some(Self { start: end(start), end: end(last) }).filter(|period| period.start.is_some() || period.end.is_some())
    }
}

/// A named link to where data came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    pub title: Option<String>,
    pub path: Option<String>,
}
