//! What a dataset is distributed as: schema.org's `DataDownload`, Croissant's files, sets of files, and records with their fields.

use std::collections::HashMap;

use serde_json::Value;

use super::id;
use crate::descriptor::property::Properties;
use crate::descriptor::published::{self, json, kept};
use crate::descriptor::{Distribution, FieldsMatch, ForeignKey, Place, format};

pub(super) fn distributions(of: &mut Properties<'_>, place: &Place) -> Vec<Distribution> {
    let key = "distribution";
    let items = match of.take(key) {
        None => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(single) => vec![single],
    };
    // Where the archives are that others stand in.
    let links: HashMap<String, String> =
        items.iter().filter_map(|item| Some((id(item)?, item.get("contentUrl").and_then(json::label)?))).collect();
    let words = |item: &Value| item.get("encodingFormat").and_then(json::label);
    let archives: HashMap<String, String> = items.iter().filter_map(|item| Some((id(item)?, words(item)?))).collect();
    let places: Vec<(usize, Option<String>)> = items.iter().enumerate().map(|(i, item)| (i, id(item))).collect();
    let plain: Vec<Value> = items
        .into_iter()
        .map(|item| match item {
            Value::String(url) => serde_json::json!({ "contentUrl": url }),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other,
        })
        .collect();
    if plain.is_empty() {
        return Vec::new();
    }
    of.keep(key, Value::Array(plain));
    let mut made = Vec::new();
    let mut nowhere = Vec::new();
    // The distributions by what they are referred to with.
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for mut file in of.objects(key) {
        let at = file.pointer().rsplit('/').next().and_then(|at| at.parse::<usize>().ok());
        let mut linked = Distribution::default();
        match file.take("containedIn") {
            Some(archive) => within(&mut linked, &mut file, &archive, &links, &archives, place),
            None => urls(&mut linked, &mut file, place),
        }
        if linked.paths.is_empty() && linked.access_url.is_none() {
            file.problem(
                "contentUrl",
                "the distribution has neither a \"contentUrl\" nor a \"url\"; it is kept with the dataset",
            );
            nowhere.push(Value::Object(file.rest().into_iter().collect()));
            continue;
        }
        if let Some(id) = places.iter().find(|(i, _)| Some(*i) == at).and_then(|(_, id)| id.clone()) {
            by_id.insert(id, made.len());
        }
        made.push(file_of(file, linked));
    }
    if !nowhere.is_empty() {
        of.keep(key, Value::Array(nowhere));
    }
    record_sets(of, &mut made, &by_id);
    made
}

fn urls(made: &mut Distribution, file: &mut Properties<'_>, place: &Place) {
    made.access_url = json::text(file, "url").map(|url| url.trim().to_owned());
    for url in json::texts(file, "contentUrl") {
        published::link(made, place, &url);
    }
}

/// A file or several of an archive, or of a repository, whose files can't be reached through its own address.
fn within(
    made: &mut Distribution,
    file: &mut Properties<'_>,
    archive: &Value,
    links: &HashMap<String, String>,
    formats: &HashMap<String, String>,
    place: &Place,
) {
    let archive_id = id(archive).unwrap_or_default();
    let member = json::text_of(file, &["contentUrl", "includes"]);
    let Some(link) = links.get(&archive_id) else {
        file.keep("containedIn", archive.clone());
        made.access_url = member;
        return;
    };
    let is_packed = formats.get(&archive_id).and_then(|word| {
        let word = format::essence(word);
        format::Shape::of_media_type(word).or_else(|| format::Shape::of_word(word)).and_then(|shape| shape.compression)
    });
    if is_packed.is_some() {
        published::link(made, place, link);
        made.compression = is_packed;
        made.member = member;
    } else {
        made.access_url = Some(link.clone());
        file.keep("containedIn", archive.clone());
        if let Some(member) = member {
            file.keep("includes", Value::String(member));
        }
        // Its own format is not that of what stands at the repository's address.
        if let Some(word) = file.take("encodingFormat") {
            file.keep("contentEncodingFormat", word);
        }
    }
}

/// What else is said of a file whose links are known.
fn file_of(mut file: Properties<'_>, linked: Distribution) -> Distribution {
    let (compression, member) = (linked.compression, linked.member.clone());
    file.take("@type");
    let own = json::text(&mut file, "@id");
    let title = json::text(&mut file, "name");
    let size = file.take("contentSize");
    let bytes = size.as_ref().and_then(json::count);
    if let (Some(size), None) = (size, bytes) {
        file.keep("contentSize", size);
    }
    let sha256 = json::text(&mut file, "sha256").map(|hash| json::hash("sha256", &hash));
    let hash = sha256.or_else(|| json::text(&mut file, "md5"));
    let mut made = Distribution {
        description: json::text(&mut file, "description"),
        licenses: json::licences(&mut file, "license"),
        issued: json::text_of(&mut file, &["datePublished", "uploadDate", "dateCreated"]),
        modified: json::text(&mut file, "dateModified"),
        conforms_to: json::texts(&mut file, "conformsTo"),
        bytes,
        hash,
        ..linked
    };
    let mut words = json::texts(&mut file, "encodingFormat");
    words.extend(json::texts(&mut file, "fileFormat"));
    for word in words {
        let is_type = word.contains('/') && !word.contains("://");
        let kept = if is_type { &mut made.media_type } else { &mut made.declared_format };
        kept.get_or_insert(word);
    }
    published::settle(&mut made);
    if compression.is_some() {
        // The archive's, as the formats that are told are those of what it holds.
        (made.compression, made.member) = (compression, member);
    }
    let link = made.paths.first().or(made.access_url.as_ref());
    let short = title.as_deref().filter(|title| title.len() <= 100).or(own.as_deref().filter(|id| !id.contains("://")));
    made.name = short.or_else(|| link.map(|link| format::stem(link))).unwrap_or_default().to_owned();
    made.title = title.filter(|title| *title != made.name);
    let mut extra = file.rest();
    if let Some(own) = own.filter(|own| *own != made.name) {
        extra.insert("@id".to_owned(), Value::String(own));
    }
    made.extra = kept::of_distribution(extra);
    made
}

/// Croissant's record sets: columns of the files that their fields come from, keys and references. What can't be placed stays.
fn record_sets(of: &mut Properties<'_>, made: &mut [Distribution], by_id: &HashMap<String, usize>) {
    let key = "recordSet";
    let sets = match of.take(key) {
        None => return,
        Some(Value::Array(sets)) => sets,
        Some(single) => vec![single],
    };
    // Where each field went: its distribution and column.
    let mut placed: HashMap<String, (usize, String)> = HashMap::new();
    let mut references: Vec<(usize, String, String)> = Vec::new();
    let mut left = Vec::new();
    for set in sets {
        let mut all = true;
        for field in listed(set.get("field")) {
            let source = field.get("source");
            let file =
                source.and_then(|source| ["fileObject", "fileSet", "distribution"].iter().find_map(|key| id(source.get(*key)?)));
            let distribution = file.and_then(|file| by_id.get(&file).copied());
            let column = source.and_then(|source| source.get("extract")?.get("column")).and_then(json::label);
            let (Some(at), Some(name)) = (distribution, column) else {
                all = false;
                continue;
            };
            if let Some(id) = id(field) {
                if let Some(target) = field.get("references").and_then(id_of_field) {
                    references.push((at, name.clone(), target));
                }
                placed.insert(id, (at, name.clone()));
            }
            let schema = &mut made[at].schema;
            if schema.columns.iter().any(|column| column.name == name) {
                continue;
            }
            let kind = field.get("dataType").and_then(json::label);
            let mut column = json::column(name, kind, crate::descriptor::Extra::new());
            column.title = field.get("name").and_then(json::label).filter(|title| *title != column.name && !title.contains('/'));
            column.description = field.get("description").and_then(json::label);
            schema.columns.push(column);
            schema.fields_match = FieldsMatch::Partial;
        }
        let keys: Vec<&Value> = listed(set.get("key")).collect();
        let key: Vec<_> = keys.iter().filter_map(|key| placed.get(&id(key)?)).collect();
        if let Some((at, _)) = key.first().filter(|(first, _)| key.len() == keys.len() && key.iter().all(|(at, _)| at == first)) {
            made[*at].schema.primary_key = key.iter().map(|(_, column)| column.clone()).collect();
        }
        if !all || set.get("data").is_some() {
            left.push(set);
        }
    }
    for (at, column, target) in references {
        let Some((other, referred)) = placed.get(&target) else { continue };
        let resource = if *other == at { String::new() } else { made[*other].name.clone() };
        let key = ForeignKey { fields: vec![column], package: None, resource, reference_fields: vec![referred.clone()] };
        made[at].schema.foreign_keys.push(key);
    }
    if !left.is_empty() {
        of.keep(key, Value::Array(left));
    }
}

/// The field that a reference names, in Croissant's first form or its present one.
fn id_of_field(target: &Value) -> Option<String> {
    id(target.get("field").unwrap_or(target))
}

fn listed(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    match value {
        Some(Value::Array(items)) => items.iter(),
        Some(single) => std::slice::from_ref(single).iter(),
        None => [].iter(),
    }
}
