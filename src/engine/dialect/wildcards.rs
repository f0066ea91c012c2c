//! `t.*` where `FROM` names the table with its schema: DataFusion knows it by the name that stands there, and by no shorter one.

use datafusion::sql::sqlparser::ast::{
    ObjectName, Select, SelectItem, SelectItemQualifiedWildcardKind, TableFactor, TableWithJoins,
};

use super::ast::folded_parts;
use super::joins::written;

/// Names a table before `*` as `FROM` does.
pub fn qualify(select: &mut Select) {
    let mut tables = Vec::new();
    select.from.iter().for_each(|from| named(from, &mut tables));
    for item in &mut select.projection {
        if let SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) = item
            && let [short] = folded_parts(name).as_slice()
            && let Some(whole) = tables.iter().find(|table| folded_parts(table).last() == Some(short))
        {
            *name = (*whole).clone();
        }
    }
}

/// The tables that stand in `FROM` with a schema and under no other name.
fn named<'a>(from: &'a TableWithJoins, tables: &mut Vec<&'a ObjectName>) {
    let relations = std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation));
    for relation in relations {
        match relation {
            TableFactor::Table { name, alias: None, args: None, .. } if name.0.len() > 1 => tables.push(name),
            TableFactor::NestedJoin { table_with_joins, alias } if written(alias.as_ref()).is_none() => {
                named(table_with_joins, tables);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::rewritten;

    #[test]
    fn a_table_with_a_schema_is_named_with_it() {
        let check = |sql: &str, want: expect_test::Expect| want.assert_eq(&rewritten(sql));
        check("select t.* from s.t", expect!["SELECT s.t.* FROM s.t"]);
        check(
            "select u.*, t.* from s.t join (a.u cross join b) on true",
            expect!["SELECT a.u.*, s.t.* FROM s.t JOIN (a.u CROSS JOIN b) ON true"],
        );
        check("select t.* from s.t as t", expect!["SELECT t.* FROM s.t AS t"]);
        check("select t.* from t", expect!["SELECT t.* FROM t"]);
    }
}
