//! `SET` and its kin: which setting gets which value, as texts. What a setting takes is not decided here.

use datafusion::sql::sqlparser::ast::{ContextModifier, Expr, ObjectName, Set, Value};

use super::Action;
use crate::engine::dialect::ast::folded;
use crate::error::{Error, Kind, Result};
use crate::name::quoted;

/// `SET` as the session does it.
pub(super) fn set(set: Set) -> Result<Action> {
    match set {
        Set::SingleAssignment { scope, variable, values, .. } => {
            let local = matches!(scope, Some(ContextModifier::Local));
            let name = plain(&variable);
            let is_path = name.eq_ignore_ascii_case("search_path");
            let value = match values.as_slice() {
                [Expr::Identifier(only)] if only.value.eq_ignore_ascii_case("default") => None,
                [_, _, ..] if !is_path && !name.eq_ignore_ascii_case("datestyle") => {
                    return Err(Error::new(Kind::InvalidParameter, format!("SET {name} takes only one argument")));
                }
                // Each is one name, whatever stands in it.
                _ if is_path => Some(values.iter().map(schema_name).collect::<Vec<_>>().join(", ")),
                _ => Some(values.iter().map(setting_text).collect::<Vec<_>>().join(", ")),
            };
            Ok(Action::Set { name, value, local })
        }
        Set::SetTimeZone { local, value } => {
            let text = setting_text(&value);
            let value = (!text.eq_ignore_ascii_case("default") && !text.eq_ignore_ascii_case("local")).then_some(text);
            Ok(Action::Set { name: "TimeZone".to_owned(), value, local })
        }
        Set::SetNames { charset_name, .. } => {
            Ok(Action::Set { name: "client_encoding".to_owned(), value: Some(charset_name.value), local: false })
        }
        Set::SetNamesDefault {} => Ok(Action::Set { name: "client_encoding".to_owned(), value: None, local: false }),
        // What remains of it here names a snapshot, and none is ever exported.
        Set::SetTransaction { snapshot, .. } => {
            let name = snapshot.map(|name| name.to_string()).unwrap_or_default();
            Err(Error::new(Kind::InvalidParameter, format!("invalid snapshot identifier: \"{}\"", name.trim_matches('\''))))
        }
        Set::SetSessionParam(_) => Ok(Action::Nothing("SET")),
        Set::SetRole { role_name: None, .. } => Ok(Action::Nothing("SET")),
        Set::SetRole { .. } | Set::SetSessionAuthorization(_) => {
            Err(Error::new(Kind::Forbidden, "permission denied to set role").with_hint("Connect as that role."))
        }
        Set::ParenthesizedAssignments { .. } | Set::MultipleAssignments { .. } => {
            Err(Error::new(Kind::Syntax, "one setting is set at a time"))
        }
    }
}

fn setting_text(value: &Expr) -> String {
    match value {
        Expr::Value(v) => match &v.value {
            Value::SingleQuotedString(s) | Value::DoubleQuotedString(s) | Value::EscapedStringLiteral(s) => s.clone(),
            other => other.to_string(),
        },
        Expr::Identifier(i) => i.value.clone(),
        // Its fields only restrict it, but for a number alone.
        Expr::Interval(i) => match (&i.leading_field, &i.last_field) {
            (Some(field), None) => format!("INTERVAL '{} {field}'", setting_text(&i.value)),
            _ => format!("INTERVAL '{}'", setting_text(&i.value)),
        },
        other => other.to_string(),
    }
}

/// A name of the search path as a list of names holds it.
fn schema_name(value: &Expr) -> String {
    match value {
        Expr::Identifier(name) => quoted(&folded(name)),
        other => quoted(&setting_text(other)),
    }
}

/// `a.b` of a setting's name, without quotes.
pub(super) fn plain(name: &ObjectName) -> String {
    name.0.iter().filter_map(|p| p.as_ident()).map(folded).collect::<Vec<_>>().join(".")
}
