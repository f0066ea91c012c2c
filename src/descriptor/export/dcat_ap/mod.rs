//! DCAT-AP 3 (<https://semiceu.github.io/DCAT-AP/releases/3.0.0/>), in two of RDF's syntaxes. The terms and code lists are the profile's; what is
//! told by a published text that no list has is told by a node with that label.

mod catalog;
mod dataset;
mod json_ld;
mod rdf;
mod turtle;

use serde_json::Value;

use super::about::About;
use super::{Layout, Standard};
use crate::descriptor::Dataset;

pub(super) struct Turtle;

impl Layout for Turtle {
    fn standard(&self) -> Standard {
        Standard::Dcat
    }

    fn head(&self, about: &About) -> String {
        turtle::head(&catalog::nodes(about))
    }

    fn record(&self, dataset: &Dataset, also: Option<&Value>, about: &About) -> String {
        turtle::record(&dataset::dataset(dataset, also, about), about.endpoint.is_some())
    }

    fn between(&self) -> &'static str {
        "\n"
    }

    fn tail(&self, _: u64) -> String {
        String::new()
    }
}

pub(super) struct JsonLd;

impl Layout for JsonLd {
    fn standard(&self) -> Standard {
        Standard::Dcat
    }

    fn head(&self, about: &About) -> String {
        json_ld::head(&catalog::nodes(about))
    }

    fn record(&self, dataset: &Dataset, also: Option<&Value>, about: &About) -> String {
        json_ld::record(&dataset::dataset(dataset, also, about), about.endpoint.is_some())
    }
}
