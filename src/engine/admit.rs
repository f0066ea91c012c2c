//! Which statements are taken at all: those listed here, each turned into what the session does. All else is refused by its kind, so that
//! nothing can write, name a file or reach DataFusion's own settings.

mod read;
mod setting;
mod writes;

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{self, CastKind, DiscardObject, Expr, Reset, SelectItem, SetExpr, Statement as Ast, Value};
use datafusion::sql::sqlparser::tokenizer::TokenWithSpan;

use self::read::Parsed;
pub(super) use self::read::written;
use self::writes::read_only;
use super::command::{self, Command};
use super::copy::{self, Copy};
use super::dialect::ast::{folded, folded_parts};
use super::runtime::STACK_BYTES;
use super::session::Asked;
use super::transactions::{self, Modes};
use super::{blame, dialect, explain, failure, lacking, limits, syntax, tokens};
use crate::error::{Error, Kind, Result};
use crate::table::pg_type::PgType;

/// How deep parsing may recurse (as [`limits::check`] counts) on the caller's stack, of 2 MiB at least.
const PARSED_IN_PLACE: usize = 32;

/// A parsed and admitted statement, and the query string it stood in.
#[derive(Clone, Debug)]
pub struct Statement {
    pub(super) sql: Arc<str>,
    pub(super) action: Action,
}

impl Statement {
    /// The query string that it stood in.
    pub fn sql(&self) -> &Arc<str> {
        &self.sql
    }

    /// The query with its columns cast to these types, `None` for as they are; another statement as it is.
    pub fn cast_columns(&self, types: &[Option<&PgType>]) -> Self {
        let Action::Query(ast) = &self.action else { return self.clone() };
        let mut ast = ast.as_ref().clone();
        if let Ast::Query(query) = &mut ast
            && let SetExpr::Select(select) = query.body.as_mut()
        {
            for (item, to) in select.projection.iter_mut().zip(types) {
                let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { continue };
                let Some(data_type) = to.and_then(dialect::type_named) else { continue };
                let inner = Box::new(std::mem::replace(expr, Expr::Value(Value::Null.into())));
                *expr = Expr::Cast { kind: CastKind::DoubleColon, expr: inner, data_type, array: false, format: None };
            }
        }
        Self { sql: Arc::clone(&self.sql), action: Action::Query(Arc::new(ast)) }
    }

    /// What the statement does with what its client has named, if that is all it does.
    pub fn command(&self) -> Option<&Arc<Command>> {
        let Action::Named(command) = &self.action else { return None };
        Some(command)
    }
}

/// What the session does for a statement.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Query(Arc<Ast>),
    Explain(Arc<Ast>, explain::Options),
    Show(String),
    ShowAll,
    /// `None` is the default.
    Set {
        name: String,
        value: Option<String>,
        local: bool,
    },
    /// `RESET` of one setting.
    Reset(String),
    ResetAll,
    Begin {
        tag: &'static str,
        modes: Modes,
    },
    /// What the open transaction is to be, or with `session` those that follow.
    Transaction {
        modes: Modes,
        session: bool,
    },
    Commit {
        chain: bool,
    },
    Rollback {
        chain: bool,
    },
    Savepoint(String),
    ReleaseSavepoint(String),
    RollbackTo(String),
    /// Everything the session was given is taken back.
    DiscardAll,
    /// `COPY ... TO STDOUT` of a query's rows.
    Copy(Arc<Ast>, Arc<Copy>),
    /// What is done with a prepared statement or a cursor: for whoever keeps them by name.
    Named(Arc<Command>),
    /// What is asked of channels, and the tag that it gives.
    Ask(&'static str, Asked),
    /// `LOCK` of tables by their parts; `reads` when it is the lock that reading takes.
    Lock {
        tables: Vec<Vec<String>>,
        reads: bool,
    },
    /// Accepted, and nothing happens: the tag is all there is.
    Nothing(&'static str),
}

/// The statements of a query string. PostgreSQL parses the whole string before it runs the first one, and so do we.
pub fn parse(sql: &str) -> Result<Vec<Statement>> {
    limits::check_length(sql)?;
    let tokens = read::tokens(sql).map_err(|e| failure::from_tokenizer(&e, sql))?;
    lacking::check(&tokens, sql)?;
    writes::check(&tokens)?;
    let tokens = tokens::readable(tokens, sql)?;
    if limits::check(&tokens)? <= PARSED_IN_PLACE {
        return parse_tokens(tokens, sql);
    }
    // Parsing and rewriting recurse along flat chains too, deeper than the caller's stack may reach.
    std::thread::scope(|scope| {
        let parser = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || parse_tokens(tokens, sql))?;
        parser.join().map_err(|_| Error::new(Kind::Internal, "internal error: the parser panicked"))?
    })
}

fn parse_tokens(tokens: Vec<TokenWithSpan>, sql: &str) -> Result<Vec<Statement>> {
    let parsed = read::statements(tokens).map_err(|e| syntax::refined(failure::from_parser(&e, sql), sql))?;
    let sql: Arc<str> = sql.into();
    let admitted = |parsed| admit_parsed(parsed, &sql).map_err(|e| blame::placed(e, &sql));
    parsed.into_iter().map(|parsed| Ok(Statement { sql: Arc::clone(&sql), action: admitted(parsed)? })).collect()
}

fn admit_parsed(parsed: Parsed, sql: &Arc<str>) -> Result<Action> {
    match parsed {
        Parsed::Ast(ast) => {
            dialect::check(&ast, sql)?;
            admit(*ast, sql)
        }
        Parsed::Fetch { name, step, quiet } => Ok(named(Command::Fetch { name, step, quiet })),
        Parsed::Transaction(transactions::Parsed::Begin { tag, modes }) => Ok(Action::Begin { tag, modes }),
        Parsed::Transaction(transactions::Parsed::Abort { chain }) => Ok(Action::Rollback { chain }),
        Parsed::Transaction(transactions::Parsed::Set { modes, session }) => Ok(Action::Transaction { modes, session }),
        Parsed::Transaction(transactions::Parsed::Prepare) => {
            Err(Error::new(Kind::InvalidState, "prepared transactions are disabled")
                .with_hint("Set max_prepared_transactions to a nonzero value."))
        }
        Parsed::Transaction(transactions::Parsed::Prepared(name)) => {
            Err(Error::new(Kind::UndefinedObject, format!("prepared transaction with identifier \"{name}\" does not exist")))
        }
        Parsed::Copy(copy::Parsed::From) => Err(read_only("COPY FROM")),
        Parsed::Copy(copy::Parsed::To { source, target, options }) => match target {
            copy::Target::Stdout => Ok(Action::Copy(query(Ast::Query(source))?, Arc::new(copy::options(options, sql)?))),
            copy::Target::File => Err(not_to_stdout("pg_write_server_files", "to a file")),
            copy::Target::Program => Err(not_to_stdout("pg_execute_server_program", "to or from an external program")),
        },
    }
}

fn not_to_stdout(role: &str, what: &str) -> Error {
    Error::new(Kind::Forbidden, format!("must be superuser or have privileges of the {role} role to COPY {what}"))
        .with_hint("Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.")
}

fn named(command: Command) -> Action {
    Action::Named(Arc::new(command))
}

fn admit(ast: Ast, sql: &Arc<str>) -> Result<Action> {
    match ast {
        Ast::Query(_) => query(ast).map(Action::Query),
        Ast::Explain { analyze, verbose, statement, options, format, .. } => {
            let options = explain::Options::new(analyze, verbose, options.as_deref().unwrap_or_default(), format.as_ref(), sql)?;
            match *statement {
                Ast::Query(_) => Ok(Action::Explain(query(*statement)?, options)),
                other => admit(other, sql).and(Err(unsupported("EXPLAIN of anything but a query"))),
            }
        }
        Ast::ShowVariable { variable } => {
            let words: Vec<String> = variable.into_iter().map(|i| i.value).collect();
            let name = words.join(" ");
            match name.to_ascii_lowercase().as_str() {
                "all" => Ok(Action::ShowAll),
                "transaction isolation level" => Ok(Action::Show("transaction_isolation".to_owned())),
                "session authorization" => Ok(Action::Show("session_authorization".to_owned())),
                _ => Ok(Action::Show(words.join(if name.contains("time zone") { " " } else { "." }))),
            }
        }
        Ast::Set(set) => setting::set(set),
        Ast::Reset(reset) => match reset.reset {
            Reset::ALL => Ok(Action::ResetAll),
            Reset::ConfigurationParameter(name) => Ok(Action::Reset(setting::plain(&name))),
        },
        Ast::Commit { chain, .. } => Ok(Action::Commit { chain }),
        Ast::Rollback { chain, savepoint: None } => Ok(Action::Rollback { chain }),
        Ast::Rollback { savepoint: Some(name), .. } => Ok(Action::RollbackTo(folded(&name))),
        Ast::Savepoint { name } => Ok(Action::Savepoint(folded(&name))),
        Ast::ReleaseSavepoint { name } => Ok(Action::ReleaseSavepoint(folded(&name))),
        Ast::Discard { object_type } => Ok(match object_type {
            DiscardObject::ALL => Action::DiscardAll,
            DiscardObject::PLANS => Action::Nothing("DISCARD PLANS"),
            DiscardObject::SEQUENCES => Action::Nothing("DISCARD SEQUENCES"),
            DiscardObject::TEMP => Action::Nothing("DISCARD TEMP"),
        }),
        Ast::Deallocate { name, .. } if name.quote_style.is_none() && name.value.eq_ignore_ascii_case("all") => {
            Ok(named(Command::Deallocate(None)))
        }
        Ast::Deallocate { name, .. } => Ok(named(Command::Deallocate(Some(folded(&name))))),
        Ast::Prepare { name, data_types, statement } => {
            let action = match *statement {
                ast @ Ast::Query(_) => Action::Query(query(ast)?),
                other => admit(other, sql).and(Err(unsupported("PREPARE of anything but a query")))?,
            };
            let statement = Statement { sql: Arc::clone(sql), action };
            let name_of = |t: &ast::DataType| t.to_string().trim_start_matches("pg_catalog.").to_owned();
            let types = data_types.iter().map(name_of).collect();
            Ok(named(Command::Prepare { name: folded(&name), types, statement }))
        }
        Ast::Execute { name: Some(name), parameters, immediate: false, .. } => {
            let count = parameters.len();
            let arguments = (count > 0).then(|| arguments(parameters, sql)).transpose()?;
            Ok(named(Command::Execute { name: folded_parts(&name).join("."), arguments, count }))
        }
        Ast::Declare { stmts } => match <[ast::Declare; 1]>::try_from(stmts) {
            Ok([declared]) => {
                let options = command::cursor_options(&declared);
                let ast::Declare { names, for_query: Some(of), .. } = declared else { return Err(unsupported("DECLARE")) };
                let name = names.first().map(folded).unwrap_or_default();
                let query = Statement { sql: Arc::clone(sql), action: Action::Query(query(Ast::Query(of))?) };
                Ok(named(Command::Declare { name, options, query }))
            }
            Err(_) => Err(unsupported("DECLARE of several cursors")),
        },
        Ast::Close { cursor } => Ok(named(Command::Close(match cursor {
            ast::CloseCursor::All => None,
            ast::CloseCursor::Specific { name } => Some(folded(&name)),
        }))),
        Ast::LISTEN { channel } => Ok(Action::Ask("LISTEN", Asked::Listen(folded(&channel)))),
        // A channel of that name would be quoted.
        Ast::UNLISTEN { channel } if channel.quote_style.is_none() && channel.value == "*" => {
            Ok(Action::Ask("UNLISTEN", Asked::Unlisten(None)))
        }
        Ast::UNLISTEN { channel } => Ok(Action::Ask("UNLISTEN", Asked::Unlisten(Some(folded(&channel))))),
        Ast::NOTIFY { channel, payload } => {
            let asked = Asked::Notify { channel: folded(&channel), payload: payload.unwrap_or_default() };
            Ok(Action::Ask("NOTIFY", asked))
        }
        Ast::Lock(lock) => {
            let tables = lock.tables.iter().map(|target| folded_parts(&target.name)).collect();
            Ok(Action::Lock { tables, reads: lock.lock_mode == Some(ast::LockTableMode::AccessShare) })
        }
        Ast::Insert(_) => Err(read_only("INSERT")),
        Ast::Update(_) => Err(read_only("UPDATE")),
        Ast::Delete(_) => Err(read_only("DELETE")),
        Ast::Merge(_) => Err(read_only("MERGE")),
        Ast::Truncate(_) => Err(read_only("TRUNCATE TABLE")),
        other => Err(refuse(&other)),
    }
}

/// The query of one row that `EXECUTE`'s arguments are.
fn arguments(parameters: Vec<Expr>, sql: &Arc<str>) -> Result<Statement> {
    let row = copy::select(parameters, None).map_err(|e| failure::from_parser(&e, sql))?;
    Ok(Statement { sql: Arc::clone(sql), action: Action::Query(query(Ast::Query(row))?) })
}

/// A query that only reads, in DataFusion's dialect.
fn query(mut ast: Ast) -> Result<Arc<Ast>> {
    if let Ast::Query(query) = &ast {
        reads_only(query)?;
    }
    limits::check_relations(&ast)?;
    dialect::rewrite(&mut ast)?;
    Ok(Arc::new(ast))
}

/// Refuses what writes inside of a query: `WITH x AS (DELETE ...)`, `SELECT ... INTO`. Row locks are refused wherever they stand when
/// the query is rewritten.
fn reads_only(query: &ast::Query) -> Result<()> {
    for cte in query.with.iter().flat_map(|w| &w.cte_tables) {
        reads_only(&cte.query)?;
    }
    body_reads_only(&query.body)
}

fn body_reads_only(body: &SetExpr) -> Result<()> {
    match body {
        SetExpr::Select(select) if select.into.is_some() => Err(read_only("SELECT INTO")),
        SetExpr::Select(_) | SetExpr::Values(_) | SetExpr::Table(_) => Ok(()),
        SetExpr::Query(query) => reads_only(query),
        SetExpr::SetOperation { left, right, .. } => body_reads_only(left).and_then(|()| body_reads_only(right)),
        SetExpr::Insert(_) => Err(read_only("INSERT")),
        SetExpr::Update(_) => Err(read_only("UPDATE")),
        SetExpr::Delete(_) => Err(read_only("DELETE")),
        SetExpr::Merge(_) => Err(read_only("MERGE")),
    }
}

fn unsupported(what: &str) -> Error {
    Error::new(Kind::Unsupported, format!("{what} is not supported"))
}

/// Everything that is not listed: what PostgreSQL knows as a write is 25006, the rest 0A000.
fn refuse(ast: &Ast) -> Error {
    match writes::tag(ast) {
        Some(tag) => read_only(&tag),
        None => unsupported(&ast.to_string().split_whitespace().next().unwrap_or_default().to_ascii_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_is_admitted_and_all_else_refused_by_its_kind() {
        for (sql, want) in [
            ("select 1; show all;; begin", Ok(3)),
            ("", Ok(0)),
            ("with t as (values (1)) table t", Ok(1)),
            ("set search_path to transport, health", Ok(1)),
            ("set session characteristics as transaction read only", Ok(1)),
            ("insert into t values (1)", Err(Kind::ReadOnly)),
            ("with d as (delete from t returning *) select * from d", Err(Kind::ReadOnly)),
            ("select * into x from t", Err(Kind::ReadOnly)),
            ("select a from t for update", Err(Kind::ReadOnly)),
            ("create table t (a int)", Err(Kind::ReadOnly)),
            ("drop table t", Err(Kind::ReadOnly)),
            ("copy t from stdin", Err(Kind::ReadOnly)),
            ("copy (select 1) to '/etc/passwd'", Err(Kind::Forbidden)),
            ("copy (select 1) to program 'cat'", Err(Kind::Forbidden)),
            ("copy (select 1) to stdout; copy t (a, \"B\") to stdout (format csv, header)", Ok(2)),
            ("copy (select 1) to stdout with csv header delimiter ';' force quote a, b", Ok(1)),
            ("copy (select 1) to stdout (format binary, header)", Err(Kind::Unsupported)),
            ("copy (select 1) to stdout (format csv, delimiter 'ab')", Err(Kind::Unsupported)),
            ("copy (select 1) to stdout (format parquet)", Err(Kind::InvalidParameter)),
            ("copy (select 1) to stdout (colour red)", Err(Kind::Syntax)),
            ("copy (select 1) to stdout elsewhere", Err(Kind::Syntax)),
            ("prepare p (int, text) as select $1, $2; execute p (1, 'a'); execute p", Ok(3)),
            ("prepare p as insert into t values (1)", Err(Kind::ReadOnly)),
            ("declare c scroll cursor with hold for select 1; close c; close all", Ok(3)),
            ("create external table t stored as parquet location '/etc/passwd'", Err(Kind::ReadOnly)),
            ("deallocate all; deallocate prepare x", Ok(2)),
            ("set role admin", Err(Kind::Forbidden)),
            ("call x()", Err(Kind::Unsupported)),
            ("select 1 from t at, t changes, t before", Ok(1)),
            ("select 1 from t for system_time as of '2026-11-01' as at, u for system_time as of now() x", Ok(1)),
            ("selec 1", Err(Kind::Syntax)),
        ] {
            let got = parse(sql).map(|s| s.len()).map_err(|e| e.kind());
            assert_eq!(got, want, "{sql}");
        }
    }
}
