//! How datasets and their distributions get their names in SQL. Pure: the same datasets in the same order give the same
//! names.

use std::collections::{HashMap, HashSet};

use crate::name::{Identifier, MAX_BYTES, clip};

/// Where datasets without a theme stand.
pub(super) const DEFAULT_SCHEMA: &str = "public";

/// Schemas that Stoa and PostgreSQL keep for themselves.
const SYSTEM_SCHEMAS: &[&str] = &["catalog", "system", "information_schema", "pg_catalog", "pg_toast"];

/// The schema of a theme as published. A theme given as a URI goes by its last part, as in the EU's `.../data-theme/TRAN`.
pub(super) fn schema_name(theme: Option<&str>) -> Identifier {
    let Some(theme) = theme else { return Identifier::from_title(DEFAULT_SCHEMA) };
    let words = if theme.contains("://") { theme.trim_end_matches(['/', '#']).rsplit(['/', '#']).next() } else { None };
    let name = Identifier::from_title(words.unwrap_or(theme));
    free(&name, |name| SYSTEM_SCHEMAS.contains(&name.as_str()))
}

/// The name a table would have if no other had it: the dataset's, with the distribution's behind it where there are several.
pub(super) fn table_name(dataset: &str, distribution: Option<&str>) -> Identifier {
    let dataset = Identifier::from_title(dataset);
    let Some(distribution) = distribution.map(Identifier::from_title) else { return dataset };
    if dataset.as_str().len() + 1 + distribution.as_str().len() <= MAX_BYTES {
        return dataset.joined(&distribution);
    }
    // Cutting the end off would make all of a long-named dataset's tables alike: the distribution keeps up to half.
    let distribution = clip(distribution.as_str(), MAX_BYTES / 2);
    let dataset = clip(dataset.as_str(), MAX_BYTES - 1 - distribution.len());
    Identifier::from_title(&format!("{dataset}_{distribution}"))
}

/// The names of one catalog's tables, each within its schema: the first to want a name has it, later ones are numbered, past
/// any name that another table has by itself.
pub(super) fn table_names(wanted: &[(Identifier, Identifier)]) -> Vec<Identifier> {
    let natural: HashSet<&(Identifier, Identifier)> = wanted.iter().collect();
    // The last number given behind a name: many tables may want the same one, and counting goes on from there.
    let mut numbers: HashMap<&(Identifier, Identifier), usize> = HashMap::with_capacity(natural.len());
    // Two long names may be the same when numbered, as the number takes the place of their ends.
    let mut numbered: HashSet<(Identifier, Identifier)> = HashSet::new();
    let mut names = Vec::with_capacity(wanted.len());
    for place in wanted {
        let (schema, name) = place;
        let last = numbers.entry(place).or_insert(0);
        *last += 1;
        if *last == 1 {
            names.push(name.clone());
            continue;
        }
        let name = loop {
            let place = (schema.clone(), name.numbered(*last));
            if !natural.contains(&place) && numbered.insert(place.clone()) {
                break place.1;
            }
            *last += 1;
        };
        names.push(name);
    }
    names
}

/// `name` itself when it is free, else the first free one of `name_2`, `name_3` and so on.
pub(super) fn free(name: &Identifier, is_taken: impl Fn(&Identifier) -> bool) -> Identifier {
    let numbered = (2..).map(|n| name.numbered(n));
    std::iter::once(name.clone()).chain(numbered).find(|name| !is_taken(name)).expect("there are more numbers than names")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn themes_become_schemas() {
        for (theme, schema) in [
            (None, "public"),
            (Some("Public Transport"), "public_transport"),
            (Some("交通"), "交通"),
            (Some("http://publications.europa.eu/resource/authority/data-theme/TRAN"), "tran"),
            (Some("Catalog"), "catalog_2"),
            (Some("pg_catalog"), "pg_catalog_2"),
        ] {
            assert_eq!(schema_name(theme).as_str(), schema);
        }
    }

    #[test]
    fn a_long_dataset_leaves_room_for_its_distributions() {
        let long = "Sustainable Development Goals – Mortality and Health (WHO, 2019) by country";
        for (dataset, distribution, name) in [
            ("GDP", None, "gdp"),
            ("GDP", Some("by year"), "gdp_by_year"),
            (long, None, "sustainable_development_goals_mortality_and_health_who_2019_by"),
            (long, Some("2019"), "sustainable_development_goals_mortality_and_health_who_20_2019"),
        ] {
            assert_eq!(table_name(dataset, distribution).as_str(), name);
            assert!(name.len() <= MAX_BYTES);
        }
    }

    #[test]
    fn collisions_are_numbered_in_order() {
        let id = Identifier::from_title;
        let wanted: Vec<_> = ["s.a", "s.a", "s.a_2", "t.a", "s.A"]
            .iter()
            .filter_map(|place| place.split_once('.'))
            .map(|(schema, name)| (id(schema), id(name)))
            .collect();
        let names: Vec<String> = table_names(&wanted).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["a", "a_3", "a_2", "a", "a_4"]);

        let long = |end: &str| (id("s"), id(&("x".repeat(MAX_BYTES - 1) + end)));
        let names = table_names(&[long("a"), long("b"), long("a"), long("b")]);
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), 4, "{names:?}");
    }
}
