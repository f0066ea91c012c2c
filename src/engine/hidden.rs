//! Hidden columns (`_source_file`, `_source_row`, the reasons behind `missing_reason(column)`): a table offers them to statements that
//! name them, and `*` leaves them out. What they hold is the snapshot's business.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    CaseWhen, ExcludeSelectItem, Expr, Function, Ident, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    Statement, TableFactor, Value, VisitMut, VisitorMut, WildcardAdditionalOptions, helpers::attached_token::AttachedToken,
    visit_expressions, visit_relations,
};

use super::dialect::ast::{argument_of, call, folded, folded_parts, value};
use super::dialect::joins::written;
use super::resolve::{FullName, Names};
use crate::error::{Error, Kind, Result};
use crate::snapshot::{Snapshot, field_key};

/// The function that tells why a NULL is one.
const MISSING_REASON: &str = "missing_reason";

/// The start of the names that every snapshot of text hides.
const PREFIX: &str = "_source_";

/// The reason of a NULL that has no other.
const EMPTY: &str = "empty";

/// Makes `names` offer the hidden columns that the statement names, and rewrites the statement so that it names them as columns and its
/// `*` leaves them out. Statements that name none are left as they are. [`Kind::DatatypeMismatch`] when `missing_reason` is asked of
/// something that is not a column of a table.
pub async fn offer(statement: &mut Statement, names: &Names) -> Result<()> {
    let mentioned = mentioned(statement);
    if mentioned.is_empty() {
        return Ok(());
    }
    let mut relations = Vec::new();
    let _: ControlFlow<()> = visit_relations(statement, |relation| {
        relations.push(folded_parts(relation));
        ControlFlow::Continue(())
    });
    let mut tables = BTreeMap::new();
    for relation in relations {
        // A relation that can't be resolved is reported where the statement is planned.
        if let Ok(Some(found)) = names.snapshot(&relation).await {
            tables.insert(relation, found);
        }
    }
    let mut offers: BTreeMap<FullName, BTreeSet<String>> = BTreeMap::new();
    for (table, snapshot) in tables.values() {
        let named = hidden(snapshot).filter(|name| mentioned.contains(*name)).map(str::to_owned);
        offers.entry(table.clone()).or_default().extend(named);
    }
    let mut reasons = Rewriter { tables: &tables, common: Vec::new(), scopes: Vec::new(), offers, wildcards: false };
    if let ControlFlow::Break(error) = statement.visit(&mut reasons) {
        return Err(*error);
    }
    // Only now is it known what each table offers.
    let mut wildcards = Rewriter { wildcards: true, common: Vec::new(), scopes: Vec::new(), ..reasons };
    if let ControlFlow::Break(error) = statement.visit(&mut wildcards) {
        return Err(*error);
    }
    for (table, columns) in wildcards.offers.into_iter().filter(|(_, columns)| !columns.is_empty()) {
        names.offer(&table, &columns);
    }
    Ok(())
}

/// The names in the statement that hidden columns may have, and [`MISSING_REASON`] when it is called.
fn mentioned(statement: &Statement) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let _: ControlFlow<()> = visit_expressions(statement, |expr| {
        let name = match expr {
            Expr::Identifier(name) => Some(folded(name)),
            Expr::CompoundIdentifier(parts) => parts.last().map(folded),
            Expr::Function(f) => folded_parts(&f.name).pop().filter(|name| name == MISSING_REASON),
            _ => None,
        };
        found.extend(name.filter(|name| name.starts_with(PREFIX) || name == MISSING_REASON));
        ControlFlow::Continue(())
    });
    found
}

/// The names of a snapshot's hidden columns.
fn hidden(snapshot: &Snapshot) -> impl Iterator<Item = &str> {
    let fields = snapshot.schema.fields().iter().filter(|f| f.metadata().contains_key(field_key::HIDDEN));
    fields.map(|f| f.name().as_str())
}

/// One item of a `FROM`.
struct Item {
    /// What qualifies its columns; `None` when nothing does.
    qualifier: Option<ObjectName>,
    alias: String,
    /// A table with a snapshot.
    table: Option<(FullName, Arc<Snapshot>)>,
    /// A table of the catalog, and not a subquery, a function or what `WITH` names.
    is_base: bool,
}

struct Rewriter<'a> {
    tables: &'a BTreeMap<Vec<String>, (FullName, Arc<Snapshot>)>,
    /// The names that `WITH` gives, of all queries around.
    common: Vec<String>,
    /// The `FROM` of each select around, innermost last.
    scopes: Vec<Vec<Item>>,
    offers: BTreeMap<FullName, BTreeSet<String>>,
    /// Whether it is `*` that is rewritten now, else `missing_reason`.
    wildcards: bool,
}

impl Rewriter<'_> {
    fn item(&self, factor: &TableFactor, items: &mut Vec<Item>) {
        let (alias, name) = match factor {
            TableFactor::Table { name, alias, args: None, .. } => (alias.as_ref(), Some(name)),
            TableFactor::NestedJoin { table_with_joins, alias } if written(alias.as_ref()).is_none() => {
                self.item(&table_with_joins.relation, items);
                table_with_joins.joins.iter().for_each(|join| self.item(&join.relation, items));
                return;
            }
            TableFactor::Table { alias, .. }
            | TableFactor::Derived { alias, .. }
            | TableFactor::TableFunction { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::UNNEST { alias, .. }
            | TableFactor::NestedJoin { alias, .. } => (alias.as_ref(), None),
            _ => (None, None),
        };
        let parts = name.map(folded_parts).unwrap_or_default();
        let common = matches!(parts.as_slice(), [only] if self.common.contains(only));
        let qualifier = alias.map(|a| ObjectName::from(vec![a.name.clone()])).or_else(|| name.cloned());
        items.push(Item {
            alias: alias.map(|a| folded(&a.name)).or_else(|| parts.last().cloned()).unwrap_or_default(),
            qualifier,
            table: self.tables.get(&parts).filter(|_| !common).cloned(),
            is_base: name.is_some() && !common,
        });
    }

    fn offered(&self, item: &Item) -> Vec<String> {
        let table = item.table.as_ref().and_then(|(table, _)| self.offers.get(table));
        table.map(|columns| columns.iter().cloned().collect()).unwrap_or_default()
    }

    /// `*` without what the tables hide.
    fn without_hidden(&self, select: &mut Select, items: &[Item]) {
        let offering = items.iter().filter(|item| !self.offered(item).is_empty()).count();
        if offering == 0 {
            return;
        }
        let alone = offering == 1 && (items.len() == 1 || items.iter().all(|item| item.is_base));
        let projection = std::mem::take(&mut select.projection);
        for entry in projection {
            match entry {
                SelectItem::Wildcard(options) if alone => {
                    let columns = items.iter().flat_map(|item| self.offered(item)).collect();
                    select.projection.push(SelectItem::Wildcard(excluding(options, columns)));
                }
                SelectItem::Wildcard(options) if items.iter().all(|item| item.qualifier.is_some()) => {
                    let each = items.iter().filter_map(|item| Some((item, item.qualifier.clone()?)));
                    select.projection.extend(each.map(|(item, name)| {
                        let kind = SelectItemQualifiedWildcardKind::ObjectName(name);
                        SelectItem::QualifiedWildcard(kind, excluding(options.clone(), self.offered(item)))
                    }));
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    let qualifier = folded_parts(&name).pop();
                    let of = items.iter().find(|item| Some(&item.alias) == qualifier.as_ref());
                    let columns = of.map(|item| self.offered(item)).unwrap_or_default();
                    let kind = SelectItemQualifiedWildcardKind::ObjectName(name);
                    select.projection.push(SelectItem::QualifiedWildcard(kind, excluding(options, columns)));
                }
                other => select.projection.push(other),
            }
        }
    }

    /// `missing_reason(column)` in terms of the column and its reasons.
    fn reason(&mut self, argument: &Expr) -> Result<Expr> {
        let (qualifier, column) = match argument {
            Expr::Identifier(column) => (None, folded(column)),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., qualifier, column] => (Some(folded(qualifier)), folded(column)),
                _ => return Err(not_a_column(argument)),
            },
            _ => return Err(not_a_column(argument)),
        };
        for scope in self.scopes.iter().rev() {
            let mut items = scope.iter().filter(|item| qualifier.as_ref().is_none_or(|q| *q == item.alias));
            let has = |item: &&Item| item.table.as_ref().is_some_and(|(_, s)| s.schema.field_with_name(&column).is_ok());
            if let Some(item) = items.clone().find(has)
                && let Some((table, snapshot)) = &item.table
            {
                let explains = |f: &&Arc<arrow::datatypes::Field>| f.metadata().get(field_key::EXPLAINS) == Some(&column);
                let reasons = snapshot.schema.fields().iter().find(explains).map(|f| f.name().clone());
                let text = value(Value::SingleQuotedString(EMPTY.to_owned()));
                let result = match reasons {
                    Some(reasons) => {
                        self.offers.entry(table.clone()).or_default().insert(reasons.clone());
                        let mut path = match argument {
                            Expr::CompoundIdentifier(parts) => parts[..parts.len() - 1].to_vec(),
                            _ => vec![Ident::with_quote('"', item.alias.clone())],
                        };
                        path.push(Ident::with_quote('"', reasons));
                        call("coalesce", vec![Expr::CompoundIdentifier(path), text])
                    }
                    None => text,
                };
                let condition = Expr::IsNull(Box::new(argument.clone()));
                return Ok(Expr::Case {
                    case_token: AttachedToken::empty(),
                    end_token: AttachedToken::empty(),
                    operand: None,
                    conditions: vec![CaseWhen { condition, result }],
                    else_result: None,
                });
            }
            if items.any(|item| !item.is_base) {
                return Err(not_a_column(argument));
            }
        }
        if self.scopes.is_empty() {
            return Err(not_a_column(argument));
        }
        // No table has the column: the statement fails with its name.
        Ok(argument.clone())
    }
}

fn not_a_column(argument: &Expr) -> Error {
    let message = format!("{MISSING_REASON}({argument}): the argument is not a column of a table in the same FROM");
    Error::new(Kind::DatatypeMismatch, message).with_hint(
        "Call it in the select list or the conditions of the query that reads the table, and use its result outside of it.",
    )
}

/// A wildcard without these columns.
fn excluding(mut options: WildcardAdditionalOptions, columns: Vec<String>) -> WildcardAdditionalOptions {
    if !columns.is_empty() && options.opt_exclude.is_none() {
        let names = columns.into_iter().map(|name| ObjectName::from(vec![Ident::with_quote('"', name)]));
        options.opt_exclude = Some(ExcludeSelectItem::Multiple(names.collect()));
    }
    options
}

/// The argument of a call of `missing_reason`.
fn asked(expr: &Expr) -> Option<Result<&Expr>> {
    let Expr::Function(Function { name, .. }) = expr else { return None };
    (folded_parts(name) == [MISSING_REASON]).then(|| {
        let hint = "Its one argument is a column of a table.";
        argument_of(expr, MISSING_REASON).ok_or_else(|| {
            Error::new(Kind::UndefinedFunction, format!("{expr} is not how {MISSING_REASON} is called")).with_hint(hint)
        })
    })
}

impl VisitorMut for Rewriter<'_> {
    type Break = Box<Error>;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        self.common.extend(query.with.iter().flat_map(|with| &with.cte_tables).map(|table| folded(&table.alias.name)));
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        let mut items = Vec::new();
        for table in &select.from {
            self.item(&table.relation, &mut items);
            table.joins.iter().for_each(|join| self.item(&join.relation, &mut items));
        }
        self.scopes.push(items);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        let items = self.scopes.pop().unwrap_or_default();
        if self.wildcards {
            self.without_hidden(select, &items);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        let rewritten = match asked(expr) {
            None => return ControlFlow::Continue(()),
            Some(argument) => argument.and_then(|argument| self.reason(&argument.clone())),
        };
        match rewritten {
            Ok(rewritten) => {
                *expr = rewritten;
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }
}
