//! A document in the YAML that PostgreSQL's EXPLAIN writes: two blanks a level, texts as JSON has them, a list's items under its key.

use serde_json::Value as Json;

/// The document, without a line end at its end.
pub(super) fn text(document: &Json) -> String {
    let mut out = String::new();
    value(document, 0, true, &mut out);
    out
}

/// Writes a value behind its key, or at the start of its line (`begun`), `depth` levels in.
fn value(of: &Json, depth: usize, begun: bool, out: &mut String) {
    match of {
        Json::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                if n > 0 || !begun {
                    line(depth, out);
                }
                out.push_str("- ");
                value(item, depth + 1, true, out);
            }
        }
        Json::Object(fields) => {
            for (n, (key, field)) in fields.iter().enumerate() {
                if n > 0 || !begun {
                    line(depth, out);
                }
                out.push_str(key);
                out.push_str(": ");
                value(field, depth + 1, false, out);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => out.push_str(&of.to_string()),
    }
}

fn line(depth: usize, out: &mut String) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_quoted_and_lists_stand_below() {
        let told = text(&json!([{"a": "x \"y\"", "b": [1, 2], "c": [], "d": true}]));
        assert_eq!(told, "- a: \"x \\\"y\\\"\"\n  b: \n    - 1\n    - 2\n  c: \n  d: true");
    }
}
