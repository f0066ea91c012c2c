//! What the contexts of JSON-LD documents say, which are never fetched: the terms that DCAT's profiles have in common.

/// Terms by their prefixes. None is said to refer, as many documents have a text where a reference is due.
const TERMS: &[(&str, &[&str])] = &[
    (
        "dcat",
        &[
            "Catalog",
            "CatalogRecord",
            "DataService",
            "Dataset",
            "DatasetSeries",
            "Distribution",
            "Resource",
            "Relationship",
            "bbox",
            "byteSize",
            "centroid",
            "endDate",
            "keyword",
            "spatialResolutionInMeters",
            "startDate",
            "temporalResolution",
            "version",
        ],
    ),
    (
        "dct",
        &[
            "Location",
            "PeriodOfTime",
            "RightsStatement",
            "LicenseDocument",
            "abstract",
            "alternative",
            "created",
            "description",
            "identifier",
            "issued",
            "modified",
            "title",
        ],
    ),
    ("foaf", &["Agent", "Organization", "Person", "Document", "name", "mbox", "givenName", "familyName"]),
    ("vcard", &["Contact", "Individual", "Kind", "fn", "organization-name"]),
    ("skos", &["Concept", "ConceptScheme", "prefLabel", "altLabel", "notation", "definition"]),
    ("rdfs", &["label", "comment"]),
    ("spdx", &["Checksum", "checksumValue"]),
    ("owl", &["versionInfo"]),
    ("adms", &["versionNotes"]),
    (
        "dcat",
        &[
            "accessService",
            "accessURL",
            "catalog",
            "compressFormat",
            "contactPoint",
            "dataset",
            "distribution",
            "downloadURL",
            "endpointDescription",
            "endpointURL",
            "inSeries",
            "landingPage",
            "mediaType",
            "packageFormat",
            "record",
            "seriesMember",
            "servesDataset",
            "service",
            "theme",
            "themeTaxonomy",
            "qualifiedRelation",
        ],
    ),
    (
        "dct",
        &[
            "accessRights",
            "accrualPeriodicity",
            "conformsTo",
            "creator",
            "format",
            "hasPart",
            "hasVersion",
            "isPartOf",
            "isReferencedBy",
            "isVersionOf",
            "language",
            "license",
            "provenance",
            "publisher",
            "references",
            "relation",
            "rights",
            "rightsHolder",
            "source",
            "spatial",
            "subject",
            "temporal",
            "type",
        ],
    ),
    ("foaf", &["homepage", "page", "primaryTopic", "isPrimaryTopicOf"]),
    ("vcard", &["hasEmail", "hasTelephone", "hasURL"]),
    ("adms", &["sample", "status"]),
    ("spdx", &["algorithm", "checksum"]),
    ("locn", &["geometry"]),
    ("odrl", &["hasPolicy"]),
    ("wdrs", &["describedBy"]),
];

/// The context to take in place of the one at `url`.
pub(super) fn of(url: &str) -> String {
    let mut terms = vec![format!("\"@vocab\":\"{}\"", super::vocabulary::UNKNOWN)];
    if url.contains("schema.org") {
        return r#"{"@context":{"@vocab":"http://schema.org/"}}"#.to_owned();
    }
    terms.extend(
        super::vocabulary::prefixes()
            .map(|(prefix, namespace)| format!("\"{prefix}\":{{\"@id\":\"{namespace}\",\"@prefix\":true}}")),
    );
    terms
        .extend(TERMS.iter().flat_map(|(prefix, names)| names.iter().map(move |name| format!("\"{name}\":\"{prefix}:{name}\""))));
    terms.push("\"id\":\"@id\",\"type\":\"@type\",\"graph\":\"@graph\"".to_owned());
    format!("{{\"@context\":{{{}}}}}", terms.join(","))
}
