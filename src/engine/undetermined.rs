//! Parameters whose type nothing tells: PostgreSQL takes one for a text where a value of some type is wanted, and refuses one that is only asked whether
//! it is NULL, or is given to a function of anything.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Statement, Value, Visit, Visitor};

use super::dialect::ast::folded_parts;
use crate::error::{Error, Kind, Result};
use crate::table::pg_type::PgType;

/// Functions that take values of any type.
const OF_ANYTHING: &[&str] = &[
    "concat",
    "count",
    "json_build_array",
    "json_build_object",
    "jsonb_build_array",
    "jsonb_build_object",
    "num_nonnulls",
    "num_nulls",
    "pg_typeof",
];

/// [`Kind::Indeterminate`] for the first parameter that has no type and stands nowhere that gives it one.
pub fn check(statement: &Statement, types: &[Option<&'static PgType>]) -> Result<()> {
    if types.iter().all(Option::is_some) {
        return Ok(());
    }
    let mut places = Places { above: Vec::new(), texts: HashSet::new() };
    let _: ControlFlow<()> = statement.visit(&mut places);
    let untold = types.iter().zip(1..).find(|(known, number)| known.is_none() && !places.texts.contains(number));
    match untold {
        Some((_, number)) => {
            Err(Error::new(Kind::Indeterminate, format!("could not determine data type of parameter ${number}")))
        }
        None => Ok(()),
    }
}

struct Places {
    /// Of each expression around, whether it takes what is of no type.
    above: Vec<bool>,
    /// The numbers of parameters that stand where a text may.
    texts: HashSet<usize>,
}

impl Visitor for Places {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let takes_any = match expr {
            Expr::IsNull(_) | Expr::IsNotNull(_) => true,
            Expr::Function(f) => folded_parts(&f.name).last().is_some_and(|name| OF_ANYTHING.contains(&name.as_str())),
            Expr::Nested(_) => self.above.last().copied().unwrap_or(false),
            _ => false,
        };
        if let Expr::Value(v) = expr
            && let Value::Placeholder(name) = &v.value
            && !self.above.last().copied().unwrap_or(false)
            && let Some(number) = name.strip_prefix('$').and_then(|n| n.parse().ok())
        {
            self.texts.insert(number);
        }
        self.above.push(takes_any);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.above.pop();
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;
    use crate::engine::grammar::Grammar;

    #[test]
    fn what_is_only_asked_for_null_has_no_type() {
        for (sql, parameters, want) in [
            ("select $1", 1, None),
            ("select $1 is null", 1, Some("could not determine data type of parameter $1")),
            ("select ($1) is null, lower($1)", 1, None),
            ("select count($1)", 1, Some("could not determine data type of parameter $1")),
            ("select $2", 2, Some("could not determine data type of parameter $1")),
        ] {
            let statement = Parser::parse_sql(&Grammar::default(), sql).expect(sql).remove(0);
            let e = check(&statement, &vec![None; parameters]).err();
            assert_eq!(e.as_ref().map(Error::message), want, "{sql}");
        }
    }
}
