//! A record's distributions.

use serde_json::Value;

use super::dataset::is_type;
use crate::descriptor::property::Properties;
use crate::descriptor::published::{self, json, kept};
use crate::descriptor::{Column, Distribution, FieldsMatch, Place, Schema, format};

/// The distributions of a record, which may hold one without a list around it. Those that lead nowhere stay among the properties.
pub(super) fn distributions(record: &mut Properties<'_>, place: &Place) -> Vec<Distribution> {
    let key = "distribution";
    let items = match record.take(key) {
        None => return Vec::new(),
        Some(Value::Array(items)) => items,
        Some(single @ Value::Object(_)) => vec![single],
        Some(other) => return record.wrong::<Vec<_>>(key, "a list of objects", &other).unwrap_or_default(),
    };
    record.keep(key, Value::Array(items));
    let mut nowhere = Vec::new();
    let mut made = Vec::new();
    for mut of in record.objects(key) {
        let mut distribution = Distribution::default();
        links(&mut distribution, &mut of, place);
        if distribution.paths.is_empty() && distribution.access_url.is_none() {
            of.problem(
                "downloadURL",
                "the distribution has neither a \"downloadURL\" nor an \"accessURL\"; it is kept with the dataset",
            );
            nowhere.push(Value::Object(of.rest().into_iter().collect()));
        } else {
            made.push(self::distribution(of, distribution));
        }
    }
    if !nowhere.is_empty() {
        record.keep(key, Value::Array(nowhere));
    }
    made
}

/// The one that a record of DCAT-US 1.0 is itself, where its files stand beside its title.
pub(super) fn of_its_own(record: &mut Properties<'_>, place: &Place, may: bool) -> Option<Distribution> {
    let keys = ["downloadURL", "accessURL", "webService"];
    if !may || !keys.iter().any(|key| record.has(key)) {
        return None;
    }
    let mut of = Distribution { media_type: None, declared_format: json::text(record, "format"), ..Distribution::default() };
    links(&mut of, record, place);
    if let Some(service) = json::text(record, "webService") {
        of.access_url.get_or_insert(service);
    }
    if of.paths.is_empty() && of.access_url.is_none() {
        return None;
    }
    if of.declared_format.as_deref().is_some_and(|word| word.contains('/')) {
        of.media_type = of.declared_format.take();
    }
    Some(named(of, None))
}

/// A service, as one more way to a dataset; `None` when it is said nowhere where it is.
pub(super) fn service(mut service: Properties<'_>) -> Option<Distribution> {
    let access_url = json::text_of(&mut service, &["endpointURL", "landingPage"]);
    if access_url.is_none() {
        return service.left_out("endpointURL", "the service has no \"endpointURL\"");
    }
    let identifier = json::text(&mut service, "identifier");
    let mut of = Distribution {
        title: json::text(&mut service, "title"),
        description: json::text(&mut service, "description"),
        access_url,
        licenses: json::licences(&mut service, "license"),
        conforms_to: json::texts(&mut service, "conformsTo"),
        described_by: json::text(&mut service, "endpointDescription"),
        ..Distribution::default()
    };
    of.extra = kept::of_distribution(service.rest());
    Some(named(of, identifier))
}

/// What else is said of a distribution whose links are known.
fn distribution(mut of: Properties<'_>, linked: Distribution) -> Distribution {
    is_type(&mut of, "Distribution");
    let identifier = json::text_of(&mut of, &["identifier", "@id"]);
    let mut made = Distribution {
        title: json::text(&mut of, "title"),
        description: json::text(&mut of, "description"),
        declared_format: json::text(&mut of, "format"),
        media_type: json::text(&mut of, "mediaType"),
        licenses: json::licences(&mut of, "license"),
        issued: json::text(&mut of, "issued"),
        modified: json::text(&mut of, "modified"),
        conforms_to: json::texts(&mut of, "conformsTo"),
        described_by: json::text(&mut of, "describedBy"),
        encoding: json::text(&mut of, "characterEncoding"),
        bytes: bytes(&mut of),
        hash: hash(&mut of),
        schema: schema(&mut of),
        ..linked
    };
    let packings = ["compressFormat", "packageFormat"].map(|key| {
        let text = json::text(&mut of, key)?;
        let packing = format::packing(&text);
        if packing.is_none() {
            of.keep(key, Value::String(text));
        }
        packing
    });
    made.extra = kept::of_distribution(of.rest());
    let mut made = named(made, identifier);
    made.compression = made.compression.or_else(|| packings.into_iter().flatten().next());
    made
}

/// Where its files are and what leads to them.
fn links(made: &mut Distribution, of: &mut Properties<'_>, place: &Place) {
    let accesses = json::texts(of, "accessURL");
    let mut accesses = accesses.into_iter().map(|url| url.trim().to_owned());
    made.access_url = accesses.next();
    for url in json::texts(of, "downloadURL") {
        published::link(made, place, &url);
    }
    if made.access_url.is_none() && made.paths.is_empty() {
        let service = of.take("accessService");
        made.access_url = service.as_ref().and_then(|service| {
            let first = service.as_array().and_then(|services| services.first()).unwrap_or(service);
            first.get("endpointURL").and_then(json::label)
        });
        of.keep("accessService", service.unwrap_or_default());
    }
    let more: Vec<Value> = accesses.map(Value::String).collect();
    if !more.is_empty() {
        of.keep("accessURL", Value::Array(more));
    }
}

/// Decides its format and its short name.
fn named(mut of: Distribution, identifier: Option<String>) -> Distribution {
    published::settle(&mut of);
    let link = of.paths.first().or(of.access_url.as_ref());
    let title = of.title.as_deref().filter(|title| title.len() <= 100);
    let short = identifier.as_deref().filter(|id| !id.contains("://")).or(title);
    of.name = short.or_else(|| link.map(|link| format::stem(link))).unwrap_or_default().to_owned();
    if let Some(id) = identifier.filter(|id| *id != of.name) {
        of.extra.insert("identifier".to_owned(), Value::String(id));
    }
    of
}

fn bytes(of: &mut Properties<'_>) -> Option<u64> {
    let value = of.take("byteSize").filter(|value| value != "")?;
    json::count(&value).or_else(|| {
        of.keep("byteSize", value);
        None
    })
}

fn hash(of: &mut Properties<'_>) -> Option<String> {
    let value = of.take("checksum")?;
    let text = |key: &str| value.get(key).and_then(json::label);
    match text("checksumValue") {
        Some(checksum) => Some(json::hash(&text("algorithm").unwrap_or_default(), &checksum)),
        None => {
            of.keep("checksum", value);
            None
        }
    }
}

/// The columns that Argentina's profile tells of.
fn schema(of: &mut Properties<'_>) -> Schema {
    let column = |mut field: Properties<'_>| {
        let name = json::text_of(&mut field, &["title", "name", "id"])?;
        let (description, unit) = (json::text(&mut field, "description"), json::text(&mut field, "units"));
        let kind = json::text(&mut field, "type");
        let column = json::column(name, kind, field.rest());
        Some(Column { description, unit, ..column })
    };
    let columns: Vec<_> = of.objects("field").into_iter().filter_map(column).collect();
    let fields_match = if columns.is_empty() { FieldsMatch::default() } else { FieldsMatch::Partial };
    Schema { columns, fields_match, ..Schema::default() }
}
