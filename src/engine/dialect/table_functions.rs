//! Functions in `FROM`: an alias of one that gives single values is also its column's name, as in
//! `FROM generate_series(1, 3) s WHERE s > 1`.

use datafusion::sql::sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, ObjectNamePart, TableAliasColumnDef, TableFactor};

use super::ast::{call, folded, folded_parts};

/// Table functions of one column.
const SINGLE: [&str; 2] = ["generate_series", "unnest"];

/// Gives the column of a single-valued table function its table's alias; `pg_catalog.unnest(..)` becomes `unnest(..)`.
pub fn name(factor: &mut TableFactor) {
    if let TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } = factor {
        if let [schema, _] = name.0.as_slice()
            && schema.as_ident().is_some_and(|s| folded(s) == "pg_catalog")
        {
            name.0.remove(0);
        }
        let parts = folded_parts(name);
        if parts == ["unnest"] {
            let array_exprs: Vec<Expr> = args
                .args
                .iter()
                .filter_map(|a| match a {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(call("array_flat", vec![e.clone()])),
                    _ => None,
                })
                .collect();
            let alias = alias.take();
            let with_ordinality = *with_ordinality;
            *factor = TableFactor::UNNEST { alias, array_exprs, with_offset: false, with_offset_alias: None, with_ordinality };
        }
    }
    let (alias, single) = match factor {
        TableFactor::Table { name, alias, args: Some(_), .. } => {
            let single = name.0.last().and_then(ObjectNamePart::as_ident).is_some_and(|n| SINGLE.contains(&folded(n).as_str()));
            (alias, single)
        }
        TableFactor::UNNEST { alias, array_exprs, with_ordinality: false, .. } => (alias, array_exprs.len() == 1),
        _ => return,
    };
    if let Some(alias) = alias
        && single
        && alias.columns.is_empty()
    {
        alias.columns.push(TableAliasColumnDef { name: alias.name.clone(), data_type: None });
    }
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn the_alias_names_the_column() {
        assert_eq!(rewritten("select s from pg_catalog.generate_series(1, 3) s"), "SELECT s FROM generate_series(1, 3) s (s)");
    }
}
