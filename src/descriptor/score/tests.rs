//! Datasets made by hand, and what they score.

use super::*;
use crate::descriptor::{Agent, Distribution, Format, License, Period};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).expect("2023-11-14")
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// What a dataset gets for some criteria: `name points/weight`, with the reason where it is not known.
fn scores(dataset: &Dataset, tables: &[TableFacts], criteria: &[Criterion]) -> String {
    let facts = Facts { dataset, tables, now: now() };
    let of = |criterion: &Criterion| {
        let (score, told) = (criterion.score(&facts), criterion.told());
        let value = score.value.as_deref().map(|v| format!(" ({v})")).unwrap_or_default();
        match score.met {
            Ok(met) => format!("{} {:.1}/{}{value}", told.name, met * told.weight, told.weight),
            Err(reason) => format!("{} unknown: {reason}", told.name),
        }
    };
    criteria.iter().map(of).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_weights_of_the_metadata_quality_assessment_are_its_own() {
    let sum = |dimension: &str| {
        let of = Criterion::ALL.iter().map(|c| c.told()).filter(|t| t.dimension == dimension);
        of.map(|t| t.weight).sum::<f64>()
    };
    let dimensions = ["findability", "accessibility", "interoperability", "reusability", "contextuality"];
    assert_eq!(dimensions.map(sum), [100.0, 100.0, 110.0, 75.0, 20.0]);
    let mut names: Vec<_> = Criterion::ALL.iter().map(|c| c.told().name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Criterion::ALL.len());
}

#[test]
fn metadata_is_scored_by_what_is_published() {
    let csv = Distribution {
        paths: vec!["https://example.org/a.csv".to_owned()],
        format: Some(Format::Csv),
        media_type: text("text/csv"),
        bytes: Some(7),
        ..Distribution::default()
    };
    let page = Distribution { access_url: text("https://example.org"), declared_format: text("PDF"), ..Distribution::default() };
    let full = Dataset {
        keywords: vec!["air".to_owned()],
        themes: vec!["ENVI".to_owned()],
        spatial: vec!["Xinghe".to_owned()],
        temporal: vec![Period { start: text("2020"), end: None }],
        publisher: Some(Agent { name: "City".to_owned(), ..Agent::default() }),
        licenses: vec![License { name: text("CC-BY-4.0"), ..License::default() }],
        distributions: vec![csv, page],
        ..Dataset::default()
    };
    use Criterion as C;
    let asked = [
        C::Keywords,
        C::Spatial,
        C::Temporal,
        C::DownloadUrl,
        C::Format,
        C::MediaType,
        C::FormatVocabulary,
        C::NonProprietary,
        C::MachineReadable,
        C::DcatAp,
        C::Licence,
        C::LicenceVocabulary,
        C::AccessRights,
        C::Contact,
        C::Publisher,
        C::ByteSize,
        C::Issued,
        C::Stars,
    ];
    expect_test::expect![[r#"
        keywords 30.0/30 (air)
        spatial 20.0/20 (Xinghe)
        temporal 20.0/20 (2020/)
        download_url 10.0/20 (1 of 2)
        format 20.0/20 (2 of 2)
        media_type 5.0/10 (1 of 2)
        format_vocabulary 10.0/10 (3 of 3)
        non_proprietary 20.0/20 (csv, pdf)
        machine_readable 20.0/20 (csv, pdf)
        dcat_ap unknown: records are not validated against the shapes of DCAT-AP here
        licence 20.0/20 (2 of 2)
        licence_vocabulary 10.0/10 (2 of 2)
        access_rights unknown: PUBLIC, as published or for want of anything else
        contact 0.0/20
        publisher 10.0/10 (City)
        byte_size 2.5/5 (1 of 2)
        issued 0.0/5
        stars 30.0/50 (3)"#]]
    .assert_eq(&scores(&full, &[], &asked));
    expect_test::expect![[r#"
        keywords 0.0/30
        format unknown: it has no distributions
        licence unknown: it has no distributions
        stars unknown: it has no distributions"#]]
    .assert_eq(&scores(&Dataset::default(), &[], &[C::Keywords, C::Format, C::Licence, C::Stars]));
}

#[test]
fn age_is_judged_by_the_declared_frequency() {
    let of = |frequency: Option<&str>, modified: Option<&str>| {
        let (accrual_periodicity, modified) = (frequency.map(str::to_owned), modified.map(str::to_owned));
        scores(&Dataset { accrual_periodicity, modified, ..Dataset::default() }, &[], &[Criterion::Freshness])
    };
    let all = [
        (Some("R/P1D"), Some("2023-11-14T08:00:00Z")),
        (Some("monthly"), Some("2023-10-01")),
        (Some("monthly"), Some("2023-09")),
        (Some("annual"), Some("2019")),
        (Some("daily"), Some("2030-01-01")),
        (Some("never"), None),
        (Some("daily"), None),
        (Some("irregular"), Some("2023-11-01")),
        (Some("now and then, perhaps"), Some("2023-11-01")),
        (None, Some("2023-11-01")),
    ];
    let scored: Vec<String> = all.iter().map(|(frequency, modified)| of(*frequency, *modified)).collect();
    expect_test::expect![[r#"
        freshness 50.0/50 (2023-11-14, 0 days ago, DAILY)
        freshness 50.0/50 (2023-10-01, 44 days ago, MONTHLY)
        freshness 17.8/50 (2023-09-01, 74 days ago, MONTHLY)
        freshness 0.0/50 (2019-01-01, 1778 days ago, ANNUAL)
        freshness 50.0/50 (2030-01-01, 0 days ago, DAILY)
        freshness 50.0/50 (NEVER)
        freshness unknown: no date of the last change is published
        freshness unknown: the declared frequency has no period
        freshness unknown: the declared frequency is not understood
        freshness unknown: no frequency is declared"#]]
    .assert_eq(&scored.join("\n"));
}

#[test]
fn what_was_measured_is_scored_and_what_was_not_is_unknown() {
    let read = TableFacts {
        readable: Some(true),
        rejects: Some((1_000, 10)),
        cells: Some((10_000, 2_500)),
        columns: Some((10, 4)),
        drifted: Some((10, 1)),
    };
    let failed = TableFacts { readable: Some(false), ..TableFacts::default() };
    use Criterion as C;
    let asked =
        [C::AccessUrlStatus, C::DownloadUrlStatus, C::Completeness, C::Rejects, C::ColumnDocumentation, C::SchemaStability];
    expect_test::expect![[r#"
        access_url_status 25.0/50 (1 of 2)
        download_url_status 15.0/30 (1 of 2)
        completeness 22.5/30 (2500 cells without a value of 10000)
        rejects 29.7/30 (10 rejects in rows 1000)
        column_documentation 12.0/30 (6 columns unexplained of 10)
        schema_stability 27.0/30 (1 columns differ of 10)"#]]
    .assert_eq(&scores(&Dataset::default(), &[read, failed], &asked));
    expect_test::expect![[r#"
        access_url_status unknown: none of its tables was read yet
        download_url_status unknown: none of its tables was read yet
        completeness unknown: none of its tables was measured yet
        rejects unknown: none of its tables was read yet
        column_documentation unknown: its columns are neither declared nor known
        schema_stability unknown: none of its tables was read yet"#]]
    .assert_eq(&scores(&Dataset::default(), &[TableFacts::default()], &asked));
    let spoilt = TableFacts { rejects: Some((10, 400)), ..TableFacts::default() };
    assert_eq!(scores(&Dataset::default(), &[spoilt], &[C::Rejects]), "rejects 0.0/30 (400 rejects in rows 10)");
    let rights = Dataset { published_rights: text("open to whom it may concern"), ..Dataset::default() };
    assert_eq!(
        scores(&rights, &[], &[C::AccessRights, C::AccessRightsVocabulary]),
        "access_rights 10.0/10 (open to whom it may concern)\naccess_rights_vocabulary 0.0/5 (open to whom it may concern)"
    );
}
