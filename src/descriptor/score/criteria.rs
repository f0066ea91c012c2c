//! The criteria: what each is called, what it weighs, its rule in words, and where it comes from.

/// The metadata quality assessment of data.europa.eu, with its weights: 405 points in five dimensions.
const MQA: &str = "data.europa.eu Metadata Quality Assessment (https://data.europa.eu/mqa/methodology)";

/// What the data dimension of the China Open Data Index looks at. Its weights change from report to report; these are Stoa's.
const CODI: &str =
    "China Open Data Index, data dimension (Fudan University, Lab for Digital and Mobile Governance); weight by Stoa";

/// Tim Berners-Lee's stars.
const STARS: &str = "5-star open data (https://5stardata.info); weight by Stoa";

/// What data is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Criterion {
    Keywords,
    Themes,
    Spatial,
    Temporal,
    AccessUrlStatus,
    DownloadUrl,
    DownloadUrlStatus,
    Format,
    MediaType,
    FormatVocabulary,
    NonProprietary,
    MachineReadable,
    DcatAp,
    Licence,
    LicenceVocabulary,
    AccessRights,
    AccessRightsVocabulary,
    Contact,
    Publisher,
    Rights,
    ByteSize,
    Issued,
    Modified,
    Stars,
    Freshness,
    Completeness,
    Rejects,
    ColumnDocumentation,
    SchemaStability,
}

/// What is told of a criterion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    pub name: &'static str,
    pub dimension: &'static str,
    /// Points of a dataset that meets it wholly.
    pub weight: f64,
    pub rule: &'static str,
    pub source: &'static str,
}

impl Criterion {
    /// All of them, by dimension.
    pub const ALL: [Self; 29] = [
        Self::Keywords,
        Self::Themes,
        Self::Spatial,
        Self::Temporal,
        Self::AccessUrlStatus,
        Self::DownloadUrl,
        Self::DownloadUrlStatus,
        Self::Format,
        Self::MediaType,
        Self::FormatVocabulary,
        Self::NonProprietary,
        Self::MachineReadable,
        Self::DcatAp,
        Self::Licence,
        Self::LicenceVocabulary,
        Self::AccessRights,
        Self::AccessRightsVocabulary,
        Self::Contact,
        Self::Publisher,
        Self::Rights,
        Self::ByteSize,
        Self::Issued,
        Self::Modified,
        Self::Stars,
        Self::Freshness,
        Self::Completeness,
        Self::Rejects,
        Self::ColumnDocumentation,
        Self::SchemaStability,
    ];

    /// Its name, dimension, weight, rule and source.
    pub const fn told(self) -> Told {
        let (name, dimension, weight, rule, source) = match self {
            Self::Keywords => ("keywords", "findability", 30.0, "keywords are published (dcat:keyword)", MQA),
            Self::Themes => ("themes", "findability", 30.0, "themes are published (dcat:theme)", MQA),
            Self::Spatial => ("spatial", "findability", 20.0, "the area that is covered is published (dct:spatial)", MQA),
            Self::Temporal => ("temporal", "findability", 20.0, "the time that is covered is published (dct:temporal)", MQA),
            Self::AccessUrlStatus => (
                "access_url_status",
                "accessibility",
                50.0,
                "the part of the tables whose source answered when it was last asked (dcat:accessURL)",
                MQA,
            ),
            Self::DownloadUrl => (
                "download_url",
                "accessibility",
                20.0,
                "the part of the distributions with files to be downloaded (dcat:downloadURL)",
                MQA,
            ),
            Self::DownloadUrlStatus => (
                "download_url_status",
                "accessibility",
                30.0,
                "the part of the tables whose files could be read when they were last asked for (dcat:downloadURL)",
                MQA,
            ),
            Self::Format => ("format", "interoperability", 20.0, "the part of the distributions with a format (dct:format)", MQA),
            Self::MediaType => {
                ("media_type", "interoperability", 10.0, "the part of the distributions with a media type (dcat:mediaType)", MQA)
            }
            Self::FormatVocabulary => (
                "format_vocabulary",
                "interoperability",
                10.0,
                "the part of the published formats and media types that are of a known list",
                MQA,
            ),
            Self::NonProprietary => (
                "non_proprietary",
                "interoperability",
                20.0,
                "a distribution is in a format that belongs to no vendor: text, CSV, JSON, XML, RDF, HTML, Parquet, Arrow, Avro, ORC, KML, ODS",
                MQA,
            ),
            Self::MachineReadable => (
                "machine_readable",
                "interoperability",
                20.0,
                "a distribution is in a format that programs read as data: all of those that become tables, XML and RDF",
                MQA,
            ),
            Self::DcatAp => {
                ("dcat_ap", "interoperability", 30.0, "the published record is valid against the shapes of DCAT-AP", MQA)
            }
            Self::Licence => ("licence", "reusability", 20.0, "the part of the distributions with a licence (dct:license)", MQA),
            Self::LicenceVocabulary => (
                "licence_vocabulary",
                "reusability",
                10.0,
                "the part of the distributions whose licence is certainly one of SPDX's list",
                MQA,
            ),
            Self::AccessRights => ("access_rights", "reusability", 10.0, "access rights are published (dct:accessRights)", MQA),
            Self::AccessRightsVocabulary => (
                "access_rights_vocabulary",
                "reusability",
                5.0,
                "the published access rights are of the EU's list or mean one of it",
                MQA,
            ),
            Self::Contact => ("contact", "reusability", 20.0, "whom to ask is published (dcat:contactPoint)", MQA),
            Self::Publisher => ("publisher", "reusability", 10.0, "the publisher is published (dct:publisher)", MQA),
            Self::Rights => {
                ("rights", "contextuality", 5.0, "rights are published (dct:rights), or a licence that states them", MQA)
            }
            Self::ByteSize => {
                ("byte_size", "contextuality", 5.0, "the part of the distributions with a size (dcat:byteSize)", MQA)
            }
            Self::Issued => ("issued", "contextuality", 5.0, "the date of publication is published (dct:issued)", MQA),
            Self::Modified => ("modified", "contextuality", 5.0, "the date of the last change is published (dct:modified)", MQA),
            Self::Stars => (
                "stars",
                "openness",
                50.0,
                "a fifth for each star: an open licence, structured, non-proprietary, addresses for things (RDF); links to others are not looked for",
                STARS,
            ),
            Self::Freshness => (
                "freshness",
                "timeliness",
                50.0,
                "1 until one and a half of the declared periods after the last change, then falling evenly to 0 at three periods",
                CODI,
            ),
            Self::Completeness => ("completeness", "data quality", 30.0, "the part of the cells that have a value", CODI),
            Self::Rejects => (
                "rejects",
                "data quality",
                30.0,
                "1 less the rejected cells and rows for each row that was read, 0 where there are as many as rows",
                CODI,
            ),
            Self::ColumnDocumentation => (
                "column_documentation",
                "documentation",
                30.0,
                "the part of the columns with a title or description of their own",
                CODI,
            ),
            Self::SchemaStability => (
                "schema_stability",
                "stability",
                30.0,
                "the part of the columns that are the same in all files of their table",
                CODI,
            ),
        };
        Told { name, dimension, weight, rule, source }
    }
}
