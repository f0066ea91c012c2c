//! Table Dialect (version 2), version 1's CSV dialect, and the nested form that frictionless-py 4 wrote.

use serde_json::Value;

use crate::descriptor::property::Properties;
use crate::descriptor::{Dialect, Extra, ItemType, SheetChoice};

/// Reads a resource's `dialect`; properties without a word in the model go to `left` under the same name.
pub(super) fn dialect(resource: &mut Properties<'_>, left: &mut Extra) -> Dialect {
    match resource.take("dialect") {
        None => return Dialect::default(),
        Some(Value::String(place)) => {
            resource.problem("dialect", format!("the dialect stands in a file of its own, \"{place}\"; copy it here; ignored"));
            return Dialect::default();
        }
        Some(value) => resource.keep("dialect", value),
    }
    let Some(mut outer) = resource.object("dialect") else { return Dialect::default() };
    let mut dialect = Dialect::default();
    for kind in ["csv", "json", "excel", "ods"] {
        if let Some(mut inner) = outer.has(kind).then(|| outer.object(kind)).flatten() {
            fill(&mut dialect, &mut inner);
            let rest = inner.rest();
            if !rest.is_empty() {
                outer.keep(kind, Value::Object(rest.into_iter().collect()));
            }
        }
    }
    fill(&mut dialect, &mut outer);
    let rest = outer.rest();
    if !rest.is_empty() {
        left.insert("dialect".to_owned(), Value::Object(rest.into_iter().collect()));
    }
    dialect
}

/// What is declared here goes before what an inner form declared.
fn fill(dialect: &mut Dialect, from: &mut Properties<'_>) {
    let Dialect { delimiter, quote, double_quote, escape, header, header_rows, header_join, comment_rows, .. } = dialect;
    *delimiter = from.character("delimiter").or(*delimiter);
    *quote = from.character("quoteChar").or(*quote);
    *double_quote = from.flag("doubleQuote").or(*double_quote);
    *escape = from.character("escapeChar").or(*escape);
    *header = from.flag("header").or(*header);
    *header_join = from.text("headerJoin").or(header_join.take());
    if let Some(rows) = from.rows("headerRows") {
        *header_rows = rows;
    }
    if let Some(rows) = from.rows("commentRows") {
        *comment_rows = rows;
    }
    let Dialect { comment_char, skip_initial_space, line_terminator, null_sequence, property, .. } = dialect;
    *comment_char = from.text("commentChar").filter(|c| !c.is_empty()).or(comment_char.take());
    *skip_initial_space = from.flag("skipInitialSpace").or(*skip_initial_space);
    *line_terminator = from.text("lineTerminator").or(line_terminator.take());
    *null_sequence = from.text("nullSequence").or(null_sequence.take());
    *property = from.words("property").or(property.take());
    records(dialect, from);
}

/// What only JSON and workbooks have.
fn records(dialect: &mut Dialect, from: &mut Properties<'_>) {
    let Dialect { item_type, item_keys, flatten, sheet, .. } = dialect;
    match from.words("itemType").as_deref() {
        Some("array") => *item_type = Some(ItemType::Array),
        Some("object") => *item_type = Some(ItemType::Object),
        Some(other) => from.problem("itemType", format!("\"{other}\" is neither \"array\" nor \"object\"; ignored")),
        None => {}
    }
    if let Some(keys) = from.texts("itemKeys") {
        *item_keys = keys;
    }
    *flatten = from.flag("stoa:flatten").unwrap_or(*flatten);
    // Frictionless's Excel dialect of version 1 has a name or a number under one word.
    for (key, expected) in [
        ("sheetNumber", "the number of a sheet, from 1"),
        ("sheet", "the name of a sheet or its number, from 1"),
        ("sheetName", "the name of a sheet or its number, from 1"),
    ] {
        let chosen = match from.take(key) {
            Some(Value::String(name)) if key != "sheetNumber" => Some(SheetChoice::Name(name)),
            Some(value) => match value.as_u64().and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0) {
                Some(number) => Some(SheetChoice::Number(number)),
                None => from.wrong(key, expected, &value),
            },
            None => None,
        };
        *sheet = chosen.or(sheet.take());
    }
}
