//! `JOIN ... USING` and `NATURAL JOIN`: DataFusion takes the merged column from a side that its name decides, leaves it where it stood, and
//! knows no merged column of three tables. They are put in parentheses, where [`crate::engine::merged`] plans them.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::common::JoinType;
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, Query, Select, SelectItem, TableAlias, TableAliasColumnDef,
    TableFactor, TableWithJoins, VisitMut, visit_expressions,
};

use super::ast::{each_select, folded, folded_parts};
use super::own;

/// Stands before the names that merged columns are qualified by.
pub const MARK: char = '\u{1}';

/// The constraint of a join that merges columns, and which join it is. One whose right side is lateral stays DataFusion's, which alone
/// knows the columns that it may refer to.
pub fn merging(join: &Join) -> Option<(&JoinConstraint, JoinType)> {
    let (constraint, kind) = match &join.join_operator {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => (constraint, JoinType::Inner),
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => (constraint, JoinType::Left),
        JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => (constraint, JoinType::Right),
        JoinOperator::FullOuter(constraint) => (constraint, JoinType::Full),
        _ => return None,
    };
    let merges = matches!(constraint, JoinConstraint::Using(_) | JoinConstraint::Natural);
    (merges && !is_lateral(&join.relation)).then_some((constraint, kind))
}

/// Whether a relation may refer to those before it.
fn is_lateral(relation: &TableFactor) -> bool {
    let names_columns = || {
        let found: ControlFlow<()> = visit_expressions(relation, |expr| match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        found.is_break()
    };
    match relation {
        TableFactor::Derived { lateral, .. } => *lateral,
        TableFactor::Table { args: Some(_), .. }
        | TableFactor::Function { .. }
        | TableFactor::UNNEST { .. }
        | TableFactor::TableFunction { .. } => names_columns(),
        _ => false,
    }
}

/// The names of the columns that `USING` lists.
pub fn using(columns: &[ObjectName]) -> Vec<String> {
    columns.iter().filter_map(|name| folded_parts(name).pop()).collect()
}

/// What qualifies the columns that a join with this table merges: of all qualifiers it comes first.
pub fn qualifier(right: &TableFactor) -> String {
    let name = match right {
        TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. }
        | TableFactor::UNNEST { alias: Some(alias), .. } => folded(&alias.name),
        TableFactor::Table { name, .. } => folded_parts(name).pop().unwrap_or_default(),
        _ => String::new(),
    };
    format!("{MARK}{name}")
}

/// Of which merged columns a side's own can be referred to, beside the merged one.
pub enum Own {
    /// Of those by these names.
    Named(Vec<String>),
    All,
}

/// What a join in parentheses was told by [`enclose`], and nothing of one that the statement itself gives a name.
pub fn own(alias: Option<&TableAlias>) -> Own {
    match alias {
        Some(alias) if alias.name.value == MARK.to_string() => {
            let names: Vec<String> = alias.columns.iter().map(|column| column.name.value.clone()).collect();
            if names.iter().any(|name| name == "*") { Own::All } else { Own::Named(names) }
        }
        Some(_) => Own::Named(Vec::new()),
        None => Own::All,
    }
}

/// The name that the statement itself gives a join in parentheses.
pub fn written(alias: Option<&TableAlias>) -> Option<TableAlias> {
    alias.filter(|alias| alias.name.value != MARK.to_string()).cloned()
}

/// Puts the joins of a query's selects that merge columns, and those before them, in parentheses.
pub fn enclose(query: &mut Query) {
    each_select(query, enclose_select);
}

fn enclose_select(select: &mut Select, by: &mut [&mut Expr]) {
    if !select.from.iter().any(has_merging) {
        return;
    }
    let mut names = HashSet::new();
    for item in &select.projection {
        if matches!(item, SelectItem::QualifiedWildcard(..)) {
            names.insert("*".to_owned());
        }
    }
    let mut note = |expr: &Expr| {
        match expr {
            Expr::CompoundIdentifier(parts) => names.extend(parts.last().map(folded)),
            // A whole row.
            Expr::CompoundFieldAccess { .. } | Expr::QualifiedWildcard(..) => drop(names.insert("*".to_owned())),
            _ => {}
        }
        ControlFlow::<()>::Continue(())
    };
    let _ = visit_expressions(select, &mut note);
    for expr in by.iter() {
        let _ = visit_expressions(&**expr, &mut note);
    }
    let mut merged = Vec::new();
    for table in &mut select.from {
        enclose_table(table, &names, &mut merged);
    }
    merged.retain(|(column, _): &(String, String)| names.contains(column) || names.contains("*"));
    if merged.is_empty() {
        return;
    }
    for item in &mut select.projection {
        // `*` and the names of the list stay.
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            refer(expr, &merged);
        }
    }
    refer(&mut select.selection, &merged);
    refer(&mut select.group_by, &merged);
    refer(&mut select.having, &merged);
}

fn has_merging(table: &TableWithJoins) -> bool {
    let within = |relation: &TableFactor| match relation {
        TableFactor::NestedJoin { table_with_joins, alias: None } => has_merging(table_with_joins),
        _ => false,
    };
    table.joins.iter().any(|join| merging(join).is_some() || within(&join.relation)) || within(&table.relation)
}

/// The table with its joins in parentheses that tell `names`, which are referred to with a qualifier; `merged` takes the columns of `USING`
/// with what qualifies them.
fn enclose_table(table: &mut TableWithJoins, names: &HashSet<String>, merged: &mut Vec<(String, String)>) {
    let columns = || {
        let mut names: Vec<&String> = names.iter().collect();
        names.sort_unstable();
        names.into_iter().map(|name| TableAliasColumnDef::from_name(name.as_str())).collect()
    };
    let mark = || TableAlias { explicit: true, name: Ident::new(MARK.to_string()), columns: columns(), at: None };
    for relation in std::iter::once(&mut table.relation).chain(table.joins.iter_mut().map(|join| &mut join.relation)) {
        if let TableFactor::NestedJoin { table_with_joins, alias } = relation
            && alias.is_none()
            && has_merging(table_with_joins)
        {
            enclose_table(table_with_joins, names, merged);
            if table_with_joins.joins.last().is_some_and(|join| merging(join).is_some()) {
                *alias = Some(mark());
            }
        }
    }
    let Some(last) = table.joins.iter().rposition(|join| merging(join).is_some()) else { return };
    for join in &table.joins[..=last] {
        if let Some((JoinConstraint::Using(columns), _)) = merging(join) {
            for column in using(columns) {
                merged.retain(|(known, _)| *known != column);
                merged.push((column, qualifier(&join.relation)));
            }
        }
    }
    let rest = table.joins.split_off(last + 1);
    let inner = TableWithJoins { relation: table.relation.clone(), joins: std::mem::replace(&mut table.joins, rest) };
    table.relation = TableFactor::NestedJoin { table_with_joins: Box::new(inner), alias: Some(mark()) };
}

/// Names merged columns by what qualifies them, in the query itself and none within.
fn refer(node: &mut impl VisitMut, merged: &[(String, String)]) {
    own::change_after(node, |expr| {
        if let Expr::Identifier(column) = expr
            && let Some((_, qualifier)) = merged.iter().find(|(name, _)| *name == folded(column))
        {
            *expr = Expr::CompoundIdentifier(vec![Ident::with_quote('"', qualifier.clone()), column.clone()]);
        }
    });
}
