//! `FULL` and `RIGHT JOIN ... USING`, and `NATURAL` ones: DataFusion takes the merged column from the left side, where it may be NULL. They
//! are put in parentheses, where [`crate::engine::merged`] plans them.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, Select, SelectItem, TableAlias, TableFactor, TableWithJoins,
    visit_expressions, visit_expressions_mut,
};

use super::ast::{folded, folded_parts};
use crate::error::{Error, Kind, Result};

/// Stands before the names that merged columns are qualified by.
const MARK: char = '\u{1}';

/// The constraint of a join whose merged columns are not the left side's.
pub fn merging(join: &Join) -> Option<&JoinConstraint> {
    let (JoinOperator::FullOuter(constraint) | JoinOperator::RightOuter(constraint) | JoinOperator::Right(constraint)) =
        &join.join_operator
    else {
        return None;
    };
    matches!(constraint, JoinConstraint::Using(_) | JoinConstraint::Natural).then_some(constraint)
}

/// What qualifies the columns that a join with this table merges.
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

/// The names of the columns that `USING` lists.
pub fn using(columns: &[ObjectName]) -> Vec<String> {
    columns.iter().filter_map(|name| folded_parts(name).pop()).collect()
}

/// Whether each side's own merged columns can be referred to, beside the merged one.
pub fn keeps_both(alias: Option<&TableAlias>) -> bool {
    alias.is_some_and(|alias| alias.name.value == MARK.to_string())
}

/// Puts such joins in parentheses. [`Kind::Unsupported`] for `*` beside a side's own merged column.
pub fn enclose(select: &mut Select) -> Result<()> {
    let mut merged = Vec::new();
    let mut from = std::mem::take(&mut select.from);
    for table in &mut from {
        let Some(last) = table.joins.iter().rposition(|join| merging(join).is_some()) else { continue };
        let mut kept = false;
        for join in &table.joins[..=last] {
            if let Some(JoinConstraint::Using(columns)) = merging(join) {
                let columns = using(columns);
                kept |= names_a_side(select, &columns);
                merged.extend(columns.into_iter().map(|column| (column, qualifier(&join.relation))));
            }
        }
        if !kept {
            merged.clear();
        }
        let rest = table.joins.split_off(last + 1);
        let inner = TableWithJoins { relation: table.relation.clone(), joins: std::mem::replace(&mut table.joins, rest) };
        let mark = || TableAlias { explicit: true, name: Ident::new(MARK.to_string()), columns: Vec::new(), at: None };
        table.relation = TableFactor::NestedJoin { table_with_joins: Box::new(inner), alias: kept.then(mark) };
    }
    select.from = from;
    if merged.is_empty() {
        return Ok(());
    }
    if select.projection.iter().any(|item| matches!(item, SelectItem::Wildcard(_))) {
        return Err(Error::new(
            Kind::Unsupported,
            "\"*\" beside one side's own column of a FULL or RIGHT JOIN USING is not supported",
        )
        .with_hint("Name the columns."));
    }
    let _: ControlFlow<()> = visit_expressions_mut(select, |expr| {
        if let Expr::Identifier(column) = expr
            && let Some((_, qualifier)) = merged.iter().rev().find(|(name, _)| *name == folded(column))
        {
            *expr = Expr::CompoundIdentifier(vec![Ident::with_quote('"', qualifier.clone()), column.clone()]);
        }
        ControlFlow::Continue(())
    });
    Ok(())
}

/// Whether a select list or condition says `a.x` of a merged column `x`.
fn names_a_side(select: &Select, columns: &[String]) -> bool {
    let found: ControlFlow<()> = visit_expressions(select, |expr| match expr {
        Expr::CompoundIdentifier(parts) if parts.last().is_some_and(|last| columns.contains(&folded(last))) => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}
