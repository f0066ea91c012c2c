//! The assets of a collection or an item: its files.

use serde_json::Value;

use crate::descriptor::property::Properties;
use crate::descriptor::published::{json, kept, link, settle};
use crate::descriptor::{Column, Distribution, FieldsMatch, Place};

/// What a file is for that shows or tells of data and is none.
const BESIDE: &[&str] = &["metadata", "thumbnail", "overview", "legend"];

/// Reads the `assets`, each by its key, in published order. Columns that are told for all (`table:columns`) are those of each that has none.
pub(super) fn assets(record: &mut Properties<'_>, place: &Place) -> Vec<Distribution> {
    let columns = columns(record);
    let Some(Value::Object(assets)) = record.take("assets") else { return Vec::new() };
    let keys: Vec<String> = assets.keys().cloned().collect();
    record.keep("assets", Value::Object(assets));
    let Some(mut assets) = record.object("assets") else { return Vec::new() };
    let read = keys.into_iter().filter_map(|key| {
        let asset = assets.object(&key)?;
        let mut distribution = asset_of(asset, key, place)?;
        if distribution.format.is_some() && distribution.schema.columns.is_empty() && !columns.is_empty() {
            set_columns(&mut distribution, columns.clone());
        }
        Some(distribution)
    });
    read.collect()
}

/// An asset; `None`, with the reason reported, when it leads nowhere.
fn asset_of(mut asset: Properties<'_>, name: String, place: &Place) -> Option<Distribution> {
    let Some(href) = asset.words("href") else { return asset.left_out("href", "the asset has no \"href\"") };
    let mut distribution = Distribution {
        name,
        title: json::text(&mut asset, "title"),
        description: json::text(&mut asset, "description"),
        media_type: asset.words("type"),
        issued: json::text_of(&mut asset, &["published", "created"]),
        modified: json::text(&mut asset, "updated"),
        bytes: asset.take("file:size").and_then(|size| json::count(&size)),
        ..Distribution::default()
    };
    let roles = asset.take("roles");
    let has = |role: &&str| roles.as_ref().and_then(Value::as_array).is_some_and(|own| own.iter().any(|own| own == role));
    let is_beside = BESIDE.iter().any(has);
    if let Some(roles) = roles {
        asset.keep("roles", roles);
    }
    if let Some(checksum) = asset.words("file:checksum") {
        match checksum.strip_prefix("1220").filter(|hex| hex.len() == 64) {
            Some(hex) => distribution.hash = Some(format!("sha256:{hex}")),
            None => asset.keep("file:checksum", Value::String(checksum)),
        }
    }
    link(&mut distribution, place, &href);
    if is_beside {
        // It can be looked at, and is no table.
        let there = distribution.paths.pop().or_else(|| distribution.access_url.take());
        settle(&mut distribution);
        distribution.access_url = there;
    } else {
        settle(&mut distribution);
    }
    let columns = columns(&mut asset);
    set_columns(&mut distribution, columns);
    distribution.extra = kept::of_distribution(asset.rest());
    Some(distribution)
}

/// The columns that the table extension tells of.
fn columns(of: &mut Properties<'_>) -> Vec<Column> {
    let column = |mut column: Properties<'_>| {
        let name = column.words("name")?;
        let (description, kind) = (column.words("description"), column.words("type"));
        Some(Column { description, ..json::column(name, kind, column.rest()) })
    };
    of.objects("table:columns").into_iter().filter_map(column).collect()
}

fn set_columns(distribution: &mut Distribution, columns: Vec<Column>) {
    if !columns.is_empty() {
        distribution.schema.columns = columns;
        distribution.schema.fields_match = FieldsMatch::Partial;
    }
}
