//! Code lists: what a column's declaration says its values are taken from.

use std::fmt::Write;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Column;

/// Values of an enumeration below which it says nothing of what they are: `yes` and `no` are everywhere.
const FEW: usize = 5;

impl Column {
    /// What tells the code list that the column declares from others: the address of a concept or list (`rdfType`, `conformsTo`, or one
    /// in `categories`), else a hash of the values that are allowed (`enum`, `categories`), whatever their order.
    pub fn code_list(&self) -> Option<String> {
        let address = |value: &Value| value.as_str().map(str::trim).filter(|text| text.contains("://")).map(str::to_owned);
        let named = ["rdfType", "conformsTo", "categories"].into_iter().find_map(|key| self.extra.get(key).and_then(address));
        named.or_else(|| {
            let listed = self.constraints.get("enum").or(self.extra.get("categories"))?.as_array()?;
            let value = |item: &Value| match item {
                Value::Object(category) => category.get("value").map(text),
                other => Some(text(other)),
            };
            let mut values: Vec<String> = listed.iter().filter_map(value).collect();
            values.sort_unstable();
            values.dedup();
            (values.len() >= FEW).then(|| {
                let hash = Sha256::digest(values.join("\0"));
                hash[..16].iter().fold("values:".to_owned(), |mut out, byte| {
                    write!(out, "{byte:02x}").expect("writing to a text does not fail");
                    out
                })
            })
        })
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_is_known_by_its_address_or_its_values() {
        let of = |constraints: Value, extra: Value| {
            let map = |value: Value| value.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
            Column { constraints: map(constraints), extra: map(extra), ..Column::default() }.code_list()
        };
        let address = "http://publications.europa.eu/resource/authority/country";
        assert_eq!(of(json!({}), json!({"rdfType": address})).as_deref(), Some(address));
        assert_eq!(of(json!({"enum": ["yes", "no"]}), json!({})), None);
        let days = of(json!({"enum": ["mo", "tu", "we", "th", "fr"]}), json!({}));
        assert!(days.is_some());
        let categories = json!([{"value": "fr", "label": "Friday"}, "mo", "th", "tu", "we"]);
        assert_eq!(of(json!({}), json!({"categories": categories})), days);
    }
}
