//! What the model has no word for, under the name that it was published with.

use crate::descriptor::Extra;

/// Stands before a published name that means something else in a Data Package, the form in which datasets are kept.
pub(super) const PREFIX: &str = "published:";

/// Names that a package is read by, DCAT's prefixes aside.
const OF_DATASET: &[&str] = &[
    "accessLevel",
    "accessRights",
    "accrualPeriodicity",
    "conformsTo",
    "contactPoint",
    "contributors",
    "created",
    "description",
    "documentation",
    "homepage",
    "id",
    "isPartOf",
    "issued",
    "keywords",
    "landingPage",
    "language",
    "license",
    "licenses",
    "modified",
    "name",
    "publisher",
    "resources",
    "sources",
    "spatial",
    "temporal",
    "temporalCoverage",
    "theme",
    "title",
    "version",
];

/// Names that a resource is read by, DCAT's prefixes aside.
const OF_DISTRIBUTION: &[&str] = &[
    "accessURL",
    "bytes",
    "compression",
    "conformsTo",
    "data",
    "describedBy",
    "description",
    "dialect",
    "encoding",
    "format",
    "hash",
    "innerpath",
    "issued",
    "license",
    "licenses",
    "mediaType",
    "mediatype",
    "modified",
    "name",
    "path",
    "schema",
    "title",
    "url",
];

/// Names that a field of a schema is read by.
const OF_COLUMN: &[&str] = &[
    "bareNumber",
    "constraints",
    "decimalChar",
    "description",
    "falseValues",
    "format",
    "groupChar",
    "missingValues",
    "name",
    "title",
    "trueValues",
    "type",
    "unit",
];

/// A dataset's properties that are left over, such that its package can be printed with them and read again.
pub(super) fn of_dataset(rest: Extra) -> Extra {
    renamed(rest, OF_DATASET)
}

/// The same for a distribution.
pub(super) fn of_distribution(rest: Extra) -> Extra {
    renamed(rest, OF_DISTRIBUTION)
}

/// The same for a column.
pub(super) fn of_column(rest: Extra) -> Extra {
    renamed(rest, OF_COLUMN)
}

fn renamed(mut rest: Extra, taken: &[&str]) -> Extra {
    let is_taken = |name: &String| {
        let bare = ["dct:", "dcterms:", "dcat:"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
        taken.contains(&bare) || name.starts_with("stoa:")
    };
    let names: Vec<String> = rest.keys().filter(|name| is_taken(name)).cloned().collect();
    for name in names {
        if let Some(value) = rest.remove(&name) {
            rest.insert(format!("{PREFIX}{name}"), value);
        }
    }
    rest.retain(|_, value| !value.is_null());
    rest
}
