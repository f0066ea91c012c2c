//! Names in `ORDER BY`: alone they are the list's columns, as DataFusion takes them; in an expression they are the relation's, which only a
//! qualified name tells it. Of several relations nobody here knows which one has the column, and those are left as they are.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectNamePart, OrderByKind, Query, Select, SelectItem, SetExpr, TableFactor, visit_expressions_mut,
};

use super::ast::{bare, folded};
use super::columns::{MARK, figure};

/// Qualifies the columns in expressions that the list gives another meaning; the names of those.
pub fn by_input(query: &mut Query) -> HashSet<String> {
    let mut found = HashSet::new();
    let SetExpr::Select(select) = query.body.as_ref() else { return found };
    let Some(OrderByKind::Expressions(keys)) = query.order_by.as_mut().map(|order| &mut order.kind) else { return found };
    let relation = only_relation(select);
    let renamed: HashSet<String> = select.projection.iter().filter_map(renamed).collect();
    for key in keys.iter_mut().filter(|key| !matches!(bare(&key.expr), Expr::Identifier(_))) {
        let _: ControlFlow<()> = visit_expressions_mut(&mut key.expr, |expr| {
            match expr {
                Expr::Identifier(name) if renamed.contains(&folded(name)) => {
                    if let Some(relation) = &relation {
                        found.insert(folded(name));
                        *expr = Expr::CompoundIdentifier(vec![relation.clone(), name.clone()]);
                    }
                }
                Expr::CompoundIdentifier(parts) => found.extend(parts.last().map(folded).filter(|name| renamed.contains(name))),
                _ => {}
            }
            ControlFlow::Continue(())
        });
    }
    found
}

/// Takes off columns that ORDER BY names again: they order nothing, and DataFusion's DISTINCT ON counts them.
pub fn once(query: &mut Query) {
    if let Some(OrderByKind::Expressions(keys)) = query.order_by.as_mut().map(|order| &mut order.kind) {
        let mut named = HashSet::new();
        keys.retain(|key| match &key.expr {
            Expr::Identifier(name) => named.insert(vec![folded(name)]),
            Expr::CompoundIdentifier(parts) => named.insert(parts.iter().map(folded).collect()),
            _ => true,
        });
    }
}

/// The same of the outermost query, whose list then keeps its names apart from the relation's: nothing around it looks them up.
pub fn of_outermost(query: &mut Query) {
    let names = by_input(query);
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    for (position, item) in select.projection.iter_mut().enumerate() {
        let Some(name) = renamed(item).filter(|name| names.contains(name)) else { continue };
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = &*item else { continue };
        let alias = Ident::with_quote('"', format!("{name}{MARK}{position}"));
        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: alias.clone() };
        let Some(OrderByKind::Expressions(keys)) = query.order_by.as_mut().map(|order| &mut order.kind) else { continue };
        for key in keys {
            if matches!(bare(&key.expr), Expr::Identifier(of) if folded(of) == name) {
                key.expr = Expr::Identifier(alias.clone());
            }
        }
    }
}

/// The name of a column of the list that is not the relation's of that name.
fn renamed(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::UnnamedExpr(Expr::Identifier(_) | Expr::CompoundIdentifier(_)) => None,
        SelectItem::UnnamedExpr(expr) => figure(expr),
        SelectItem::ExprWithAlias { expr, alias } => {
            let is_same =
                matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) && figure(expr) == Some(folded(alias));
            (!is_same).then(|| folded(alias))
        }
        _ => None,
    }
}

/// How columns of the one relation that a query reads are qualified.
fn only_relation(select: &Select) -> Option<Ident> {
    let [from] = select.from.as_slice() else { return None };
    match &from.relation {
        _ if !from.joins.is_empty() => None,
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            Some(alias.name.clone())
        }
        TableFactor::Table { name, args: None, .. } => name.0.last().and_then(ObjectNamePart::as_ident).cloned(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::columns::MARK;
    use super::super::rewritten;

    fn check(sql: &str, want: Expect) {
        want.assert_eq(&rewritten(sql).replace(MARK, "#"));
    }

    #[test]
    fn names_in_expressions_are_the_relation_s() {
        check(
            "select 1 as x from (select -a as a from t order by a + 0, a) s",
            expect!["SELECT 1 AS x FROM (SELECT -a AS a FROM t ORDER BY t.a + 0, a) s"],
        );
        check(
            "select -a as a from s.t x order by (a) desc, abs(a)",
            expect![[r##"SELECT -a AS "a#0" FROM s.t x ORDER BY "a#0" DESC, abs(x.a)"##]],
        );
        check("select a, b from t order by a + b", expect!["SELECT a, b FROM t ORDER BY a + b"]);
        check("select -a as a from t, u order by a + 0", expect!["SELECT -a AS a FROM t, u ORDER BY a + 0"]);
        check(
            "select -t.a as a from t, u order by abs(t.a), a",
            expect![[r##"SELECT -t.a AS "a#0" FROM t, u ORDER BY abs(t.a), "a#0""##]],
        );
    }
}
