//! Opendatasoft: answers of `/api/explore/v2.1/catalog/datasets`, of version 2.0, and of the first interface's search. A dataset's file is
//! the portal's export of its records.

use std::io::{self, BufRead};

use serde_json::Value;

use super::stream;
use super::{Page, Problem, Record, Sink, json, kept, link, paged, settle};
use crate::descriptor::format::stem;
use crate::descriptor::property::{Properties, Report};
use crate::descriptor::{
    AccessRights, Agent, Column, Dataset, Dialect, Distribution, Extra, FieldsMatch, License, Link, Period, Place, Schema,
};

/// How far into the list the interface pages.
const FURTHEST: u64 = 10_000;

pub(super) fn read(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> io::Result<Page> {
    let place = Place::of_file(file);
    let mut deliver = |of: Properties<'_>, text: &str, sink: &mut dyn Sink| match dataset(of, file, &place) {
        Some(dataset) => sink.dataset(dataset, Record { text: text.into(), media_type: "application/json" }),
        None => Ok(()),
    };
    let rest = stream::elements(input, file, &[&["results"], &["datasets"]], sink, &mut deliver)?;
    if !rest.listed && !rest.map.is_empty() {
        let report = Report::new(file);
        deliver(Properties::new(&report, String::new(), rest.map), &rest.text, sink)?;
        report.into_problems().into_iter().for_each(|problem| sink.problem(problem));
        return Ok(Page::default());
    }
    let count = |key: &str| rest.map.get(key).and_then(Value::as_u64);
    let Some(total) = count("total_count") else {
        let total = count("nhits");
        return Ok(Page { next: paged::further(file, "start", rest.count, total), also: Vec::new(), total });
    };
    let next = paged::further(file, "offset", rest.count, Some(total.min(FURTHEST)));
    if next.is_none() && total > FURTHEST && rest.count > 0 && paged::further(file, "offset", rest.count, Some(total)).is_some() {
        let message = format!(
            "the interface lists {FURTHEST} of its {total} datasets; add parts of the catalog by themes (refine=theme:...)"
        );
        sink.problem(Problem { file: file.to_owned(), pointer: "/total_count".to_owned(), message });
    }
    Ok(Page { next, also: Vec::new(), total: Some(total) })
}

fn dataset(mut of: Properties<'_>, file: &str, place: &Place) -> Option<Dataset> {
    // Version 2.0 has links beside each dataset.
    if of.has("dataset") {
        of = of.object("dataset")?;
    }
    let Some(id) = of.label("dataset_id").or_else(|| of.label("datasetid")) else {
        return of.left_out("dataset_id", "the dataset has no \"dataset_id\"");
    };
    let mut metas = Metas::of(&mut of);
    // A list that was not fetched tells its portal here, if at all.
    let source =
        metas.text("source_domain_address").filter(|host| !host.contains(['/', ' '])).map(|host| format!("https://{host}"));
    let root = portal(file).map(str::to_owned).or(source);
    let mut distributions = exports(&mut of, &id, root.as_deref(), place);
    distributions.extend(of.objects("attachments").into_iter().filter_map(|attachment| attached(attachment, place)));
    let references = metas.texts("references");
    Some(Dataset {
        name: id.clone(),
        title: metas.text("title"),
        description: metas.text("description"),
        themes: metas.texts("theme"),
        keywords: metas.texts("keyword"),
        publisher: metas.text("publisher").map(|name| Agent { name, ..Agent::default() }),
        licenses: metas.licence(),
        homepage: root.map(|root| format!("{root}/explore/dataset/{id}/")),
        contact: metas.contact(),
        documentation: references.into_iter().map(|path| Link { title: None, path: Some(path) }).collect(),
        languages: metas.texts("language"),
        spatial: metas.spatial(),
        temporal: metas.text("temporal").and_then(|text| Period::of_text(&text)).into_iter().collect(),
        accrual_periodicity: metas.text("accrualperiodicity"),
        issued: metas.text("issued").or_else(|| metas.text("created")),
        modified: metas.text("modified").or_else(|| metas.text("data_processed")),
        access_rights: access_rights(&mut of),
        identifier: id,
        distributions,
        extra: rest(of, metas),
        ..Dataset::default()
    })
}

/// Who sees it: what the whole portal is open to, or those who are let in. The portal's word stays.
fn access_rights(of: &mut Properties<'_>) -> AccessRights {
    let Some(visibility) = of.words("visibility") else { return AccessRights::Public };
    let rights = if visibility == "restricted" { AccessRights::Restricted } else { AccessRights::Public };
    of.keep("visibility", Value::String(visibility));
    rights
}

/// What is told of a dataset in words, by the templates that it stands in; the first interface has one, without a name.
struct Metas<'r> {
    templates: Vec<(&'static str, Properties<'r>)>,
}

impl<'r> Metas<'r> {
    const NAMES: [&'static str; 3] = ["default", "dcat", "dcat_ap"];

    fn of(dataset: &mut Properties<'r>) -> Self {
        let Some(mut metas) = dataset.object("metas") else { return Self { templates: Vec::new() } };
        let has_templates = Self::NAMES.iter().any(|name| metas.has(name));
        if !has_templates {
            return Self { templates: vec![("", metas)] };
        }
        let templates = Self::NAMES.iter().filter_map(|name| Some((*name, metas.object(name)?))).collect();
        let others = metas.rest();
        if !others.is_empty() {
            dataset.keep("metas", Value::Object(others.into_iter().collect()));
        }
        Self { templates }
    }

    fn text(&mut self, key: &str) -> Option<String> {
        self.templates.iter_mut().find_map(|(_, metas)| json::text(metas, key))
    }

    fn texts(&mut self, key: &str) -> Vec<String> {
        let found = self.templates.iter_mut().map(|(_, metas)| json::texts(metas, key));
        found.into_iter().find(|texts| !texts.is_empty()).unwrap_or_default()
    }

    fn licence(&mut self) -> Vec<License> {
        let (title, path) = (self.text("license"), self.text("license_url"));
        match (title, path) {
            (None, None) => Vec::new(),
            (Some(title), None) => vec![json::licence_of(&title)],
            (title, path) => vec![License { name: None, title, path }],
        }
    }

    fn contact(&mut self) -> Option<Agent> {
        let (name, email) = (self.text("contact_name"), self.text("contact_email"));
        Some(Agent { name: name.or_else(|| email.clone())?, homepage: None, email })
    }

    fn spatial(&mut self) -> Vec<String> {
        let mut places = self.texts("territory");
        places.extend(self.text("spatial"));
        let bounds = self.templates.iter_mut().find_map(|(_, metas)| metas.take("bbox"));
        places
            .extend(bounds.and_then(|bounds| bounds.get("geometry").cloned().or(Some(bounds))).map(|bounds| bounds.to_string()));
        places
    }
}

/// What is left over, templates under their names.
fn rest(of: Properties<'_>, metas: Metas<'_>) -> Extra {
    let mut extra = of.rest();
    let mut told = match extra.remove("metas") {
        Some(Value::Object(others)) => others,
        _ => serde_json::Map::new(),
    };
    for (name, template) in metas.templates {
        let template = template.rest();
        match name {
            "" => told.extend(template),
            _ if template.is_empty() => {}
            _ => drop(told.insert(name.to_owned(), Value::Object(template.into_iter().collect()))),
        }
    }
    if !told.is_empty() {
        extra.insert("metas".to_owned(), Value::Object(told));
    }
    kept::of_dataset(extra)
}

/// The portal's address, where the list was fetched from it.
fn portal(file: &str) -> Option<&str> {
    file.split_once("/api/").map(|(root, _)| root).filter(|root| root.contains("://"))
}

/// The exports of a dataset's records: all of them as text, and the shapes as GeoJSON where it has shapes.
fn exports(of: &mut Properties<'_>, id: &str, root: Option<&str>, place: &Place) -> Vec<Distribution> {
    let has_records = of.flag("has_records");
    of.keep("has_records", has_records.map_or(Value::Null, Value::Bool));
    let schema = schema(of);
    let has_shapes = schema.columns.iter().any(|column| column.extra.values().any(|value| value == "geo_shape"));
    let Some(root) = root.filter(|_| has_records != Some(false)) else { return Vec::new() };
    let export = |format: &str, query: &str| {
        let url = format!("{root}/api/explore/v2.1/catalog/datasets/{id}/exports/{format}{query}");
        let mut distribution =
            Distribution { name: format.to_owned(), declared_format: Some(format.to_owned()), ..Distribution::default() };
        link(&mut distribution, place, &url);
        distribution.schema = schema.clone();
        if format == "csv" {
            distribution.dialect = Dialect { delimiter: Some(';'), ..Dialect::default() };
        }
        settle(&mut distribution);
        distribution
    };
    let mut exports = vec![export("csv", "?delimiter=%3B&use_labels=false")];
    if has_shapes {
        exports.push(export("geojson", ""));
    }
    exports
}

/// The columns by their technical names, which the exports have.
fn schema(of: &mut Properties<'_>) -> Schema {
    let column = |mut field: Properties<'_>| {
        let name = field.words("name")?;
        let (title, description, kind) = (field.words("label"), field.words("description"), field.words("type"));
        Some(Column { title, description, ..json::column(name, kind, field.rest()) })
    };
    let columns: Vec<Column> = of.objects("fields").into_iter().filter_map(column).collect();
    let fields_match = if columns.is_empty() { FieldsMatch::Exact } else { FieldsMatch::Partial };
    Schema { columns, fields_match, ..Schema::default() }
}

/// A file that is attached to the records.
fn attached(mut of: Properties<'_>, place: &Place) -> Option<Distribution> {
    let mut distribution = Distribution { media_type: of.words("mimetype"), title: of.words("title"), ..Distribution::default() };
    let url = of.words("url")?;
    // `odsfile://` names a file of the portal by its own means.
    link(&mut distribution, place, &url);
    if distribution.paths.is_empty() && distribution.access_url.is_none() {
        return None;
    }
    settle(&mut distribution);
    let of_path = distribution.paths.first().map(|path| stem(path).to_owned()).filter(|stem| !stem.trim().is_empty());
    let name = of.label("id").or_else(|| distribution.title.clone()).or(of_path);
    distribution.name = name.unwrap_or_else(|| "attachment".to_owned());
    distribution.extra = kept::of_distribution(of.rest());
    Some(distribution)
}

#[cfg(test)]
mod tests {
    use super::super::{Gathered, Standard, read};
    use super::*;
    use crate::descriptor::{ColumnKind, Format};

    const DATASETS: &str = include_str!("../../../tests/fixtures/catalogs/opendatasoft/datasets.json");
    const AT: &str = "https://data.example.org/api/explore/v2.1/catalog/datasets?limit=3&offset=0";

    fn of_text(text: &str, at: &str) -> (Gathered, Page) {
        let mut sink = Gathered::default();
        let page = read(Standard::Opendatasoft, &mut text.as_bytes(), at, &mut sink).expect("a text can be read");
        (sink, page)
    }

    #[test]
    fn datasets_are_read_and_lead_to_the_next() {
        let (found, page) = of_text(DATASETS, AT);
        assert_eq!(page.next.as_deref(), Some("https://data.example.org/api/explore/v2.1/catalog/datasets?limit=3&offset=3"));
        assert_eq!((page.total, found.datasets.len()), (Some(7), 2));
        let [problem] = found.problems.as_slice() else { panic!("{:?}", found.problems) };
        assert_eq!(problem.pointer, "/results/2/dataset_id");
        let [trees, about] = found.datasets.as_slice() else { panic!("{} datasets", found.datasets.len()) };
        assert_eq!((trees.identifier.as_str(), trees.title.as_deref()), ("les-arbres", Some("Les arbres")));
        assert_eq!((trees.themes.as_slice(), trees.keywords.len()), (["Environnement".to_owned()].as_slice(), 2));
        assert_eq!(trees.licenses[0].path.as_deref(), Some("https://opendatacommons.org/licenses/odbl/"));
        assert_eq!(
            (trees.accrual_periodicity.as_deref(), trees.spatial.as_slice()),
            (Some("Quotidienne"), ["Paris".to_owned()].as_slice())
        );
        assert_eq!(trees.extra["metas"]["default"]["records_count"], 3);
        assert_eq!(trees.extra["metas"]["custom"]["tree-office"], "north");
        let [csv, shapes, notice] = trees.distributions.as_slice() else { panic!("{} distributions", trees.distributions.len()) };
        assert_eq!(
            csv.paths,
            ["https://data.example.org/api/explore/v2.1/catalog/datasets/les-arbres/exports/csv?delimiter=%3B&use_labels=false"]
        );
        assert_eq!((csv.format, csv.dialect.delimiter, shapes.format), (Some(Format::Csv), Some(';'), Some(Format::GeoJson)));
        let columns: Vec<_> = csv.schema.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
        assert_eq!(columns, [("id", ColumnKind::Any), ("nom", ColumnKind::String), ("geom", ColumnKind::Any)]);
        assert_eq!((notice.name.as_str(), notice.is_table()), ("notice_pdf", false));
        assert!(about.distributions.is_empty());
    }

    #[test]
    fn other_versions_are_read() {
        let second = r#"{"total_count": 1, "links": [], "datasets": [{"links": [], "dataset": {"dataset_id": "a", "metas": {"default": {"title": "A"}}}}]}"#;
        let (found, page) = of_text(second, "https://x.org/api/v2/catalog/datasets");
        assert_eq!((found.datasets[0].title.as_deref(), page.next, found.problems.len()), (Some("A"), None, 0));
        let first = r#"{"nhits": 30, "parameters": {}, "datasets": [{"datasetid": "a", "metas": {"title": "A", "theme": "T"}, "fields": [], "attachments": []}]}"#;
        let (found, page) = of_text(first, "https://x.org/api/datasets/1.0/search/?rows=1");
        assert_eq!((found.datasets[0].themes[0].as_str(), found.datasets[0].distributions.len()), ("T", 1));
        assert_eq!(page.next.as_deref(), Some("https://x.org/api/datasets/1.0/search/?rows=1&start=1"));
        let saved =
            r#"{"dataset_id": "a", "visibility": "restricted", "metas": {"default": {"source_domain_address": "data.x.org"}}}"#;
        let (found, _) = of_text(saved, "/srv/a.json");
        assert_eq!(found.datasets[0].access_rights, AccessRights::Restricted);
        assert_eq!(found.datasets[0].homepage.as_deref(), Some("https://data.x.org/explore/dataset/a/"));
        assert!(found.datasets[0].distributions[0].is_table());
        let (found, _) = of_text(r#"{"dataset_id": "a", "metas": {}}"#, "https://x.org/api/explore/v2.1/catalog/datasets/a");
        assert_eq!(found.datasets.len(), 1);
    }

    #[test]
    fn a_list_ends_where_the_interface_does() {
        let many = DATASETS.replace("\"total_count\": 7", "\"total_count\": 20000");
        let (found, page) = of_text(&many, "https://data.example.org/api/explore/v2.1/catalog/datasets?limit=3&offset=9997");
        assert_eq!((page.next, found.problems.len()), (None, 2));
    }
}
