//! SQL's own statements about what a client has named: `PREPARE`, `EXECUTE`, `DEALLOCATE`, and those about cursors, which `fetch` moves. Both
//! protocols come here; a prepared statement is the same whether the protocol or SQL made it, as in PostgreSQL.

use std::sync::Arc;

use arrow::array::ArrayRef;
use futures::StreamExt;
use pgwire::messages::response::EmptyQueryResponse;
use tokio::io::AsyncWrite;
use tokio_util::sync::CancellationToken;

use crate::engine::{Command, Outcome, Prepared, Statement};
use crate::error::{Error, Kind, Result};
use crate::table::pg_type::{self, PgType};
use crate::table::pg_value::{self, Format, Values};

use super::connection::Conversation;
use super::extended::{Planned, no_statement, told_types};
use super::failure::Failure;
use super::fetch::no_cursor;
use super::parameters;
use super::rows::{self, Sending, Source, Writer};
use super::simple::rows_tag;

/// How rows are answered with.
#[derive(Clone, Copy)]
pub(super) struct Answer<'a> {
    /// A format for each column; empty for text in all.
    pub(super) formats: &'a [Format],
    /// RowDescription comes first, as in the simple protocol.
    pub(super) described: bool,
}

impl Answer<'_> {
    /// The simple protocol's.
    pub(super) const SIMPLE: Answer<'static> = Answer { formats: &[], described: true };

    pub(super) fn formats(self, columns: usize) -> Vec<Format> {
        if self.formats.len() == columns { self.formats.to_vec() } else { vec![Format::Text; columns] }
    }
}

impl<W: AsyncWrite + Unpin> Conversation<'_, W> {
    /// Plans a statement, or what a command plans.
    pub(super) async fn plan(
        &mut self,
        statement: &Statement,
        declared: &[Option<&'static PgType>],
        cancel: &CancellationToken,
    ) -> Result<Planned, Failure> {
        let command = statement.command().cloned();
        if command.is_some() {
            self.session.check_not_failed()?;
        }
        let (query, columns) = match command.as_deref() {
            None => (Some(statement), None),
            Some(Command::Declare { query, .. }) => (Some(query), None),
            Some(Command::Fetch { name, quiet: false, .. }) => (None, self.columns_of(name)?),
            Some(Command::Execute { name, .. }) => (None, self.statement(name)?.columns.clone()),
            Some(Command::Fetch { .. } | Command::Prepare { .. } | Command::Deallocate(_) | Command::Close(_)) => (None, None),
        };
        let sql = Arc::clone(statement.sql());
        let Some(query) = query else {
            return Ok(Planned { sql, prepared: None, columns, command, parameters: told_types(declared, &[]) });
        };
        let prepared = self.prepare(query, declared, cancel).await?;
        let columns = if command.is_none() { prepared.columns().cloned() } else { None };
        let parameters = told_types(declared, prepared.parameters());
        Ok(Planned { sql, prepared: Some(prepared), columns, command, parameters })
    }

    /// Runs what was planned to its end and tells the client all of it.
    pub(super) async fn perform(
        &mut self,
        planned: &Arc<Planned>,
        parameters: &[ArrayRef],
        answer: Answer<'_>,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        match (&planned.command, &planned.prepared) {
            (Some(command), _) => self.command(planned, &Arc::clone(command), parameters, answer, cancel).await,
            (None, Some(prepared)) => self.answer(prepared, parameters, answer, cancel).await,
            (None, None) => Ok(self.outgoing.put(&EmptyQueryResponse::new())?),
        }
    }

    /// Carries out a command.
    async fn command(
        &mut self,
        of: &Arc<Planned>,
        command: &Command,
        parameters: &[ArrayRef],
        answer: Answer<'_>,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        self.session.check_not_failed()?;
        match command {
            Command::Prepare { name, types, statement } => {
                if self.statements.contains_key(name) {
                    return Err(
                        Error::new(Kind::DuplicateStatement, format!("prepared statement \"{name}\" already exists")).into()
                    );
                }
                let declared = types.iter().map(|name| type_named(name)).collect::<Result<Vec<_>>>()?;
                let planned = self.plan(statement, &declared, cancel).await?;
                let planned = Planned { sql: Arc::clone(&of.sql), ..planned };
                self.keep_statement(name.clone(), Arc::new(planned), true);
                self.completed("PREPARE".to_owned())
            }
            Command::Execute { name, arguments, count } => {
                let target = Arc::clone(self.statement(name)?);
                let wanted = target.parameters.len();
                // PostgreSQL does not look at what nothing is asked for.
                if wanted > 0 && wanted != *count {
                    let e = Error::new(Kind::Syntax, format!("wrong number of parameters for prepared statement \"{name}\""));
                    return Err(e.with_detail(format!("Expected {wanted} parameters but got {count}.")).into());
                }
                let given = match arguments {
                    Some(arguments) if wanted > 0 => self.arguments(arguments, &target, cancel).await?,
                    Some(_) | None => Vec::new(),
                };
                match (&target.prepared, &target.command) {
                    (Some(prepared), None) => self.answer(prepared, &given, answer, cancel).await,
                    (_, Some(_)) => Err(Error::new(Kind::Unsupported, "EXECUTE of a command is not supported").into()),
                    (None, None) => self.completed("SELECT 0".to_owned()),
                }
            }
            Command::Deallocate(None) => {
                self.statements.clear();
                self.completed("DEALLOCATE ALL".to_owned())
            }
            Command::Deallocate(Some(name)) => {
                self.statements.remove(name).ok_or_else(|| no_statement(name))?;
                self.completed("DEALLOCATE".to_owned())
            }
            Command::Declare { name, options, .. } => self.declare(of, name, *options, parameters, cancel).await,
            Command::Fetch { name, step, quiet } => {
                let answer = (!quiet).then_some(answer);
                let passed = self.fetch(name, *step, answer, cancel).await?;
                self.completed(rows_tag(if *quiet { "MOVE" } else { "FETCH" }, passed))
            }
            Command::Close(None) => {
                self.cursors.clear();
                self.portals.clear();
                self.completed("CLOSE CURSOR ALL".to_owned())
            }
            Command::Close(Some(name)) => {
                if self.cursors.remove(name).is_none() && self.portals.remove(name).is_none() {
                    return Err(no_cursor(name).into());
                }
                self.completed("CLOSE CURSOR".to_owned())
            }
        }
    }

    /// Runs a planned query, or what changes the session, and tells the client all of it.
    async fn answer(
        &mut self,
        prepared: &Prepared,
        parameters: &[ArrayRef],
        answer: Answer<'_>,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        match self.run(prepared, parameters, cancel).await? {
            Outcome::Done { tag } => self.completed(tag),
            Outcome::Copy { schema, stream, copy } => self.copy_out(&schema, stream, &copy, cancel).await,
            Outcome::Rows { schema, stream, tag } => {
                let formats = answer.formats(schema.fields().len());
                self.tell_notices()?;
                if answer.described {
                    self.outgoing.put(&rows::description(&schema, &formats))?;
                }
                let writer = Writer::of_rows(&schema, &formats, self.style());
                let mut sending = Sending::new(Source::new(stream), writer);
                let sent = sending.send(self.outgoing, u64::MAX, cancel).await?;
                self.completed(rows_tag(tag, sent))
            }
        }
    }

    /// The values of `EXECUTE`'s arguments, each as the statement's parameter: as text, which is how PostgreSQL reads what has no type yet.
    async fn arguments(
        &mut self,
        arguments: &Statement,
        target: &Planned,
        cancel: &CancellationToken,
    ) -> Result<Vec<ArrayRef>, Failure> {
        // As an assignment would: by the types, and not by their texts. A numeric keeps its digits, and a text is what it is.
        let by_type =
            |pg: &'static PgType| (*pg != pg_type::NUMERIC && pg.category != 'S' && pg.element_type().is_none()).then_some(pg);
        let types: Vec<_> = target.parameters.iter().map(|pg| by_type(pg)).collect();
        let prepared = self.prepare(&arguments.cast_columns(&types), &[], cancel).await?;
        let Outcome::Rows { schema, mut stream, .. } = self.run(&prepared, &[], cancel).await? else {
            return Err(Error::new(Kind::Internal, "arguments gave no row").into());
        };
        let row = loop {
            match stream.next().await.transpose()? {
                Some(batch) if batch.num_rows() == 1 => break batch,
                Some(batch) if batch.num_rows() == 0 => {}
                Some(_) | None => return Err(Error::new(Kind::Syntax, "an argument of EXECUTE is one value").into()),
            }
        };
        let style = self.style();
        let targets = target.prepared.as_ref().map_or(&[][..], Prepared::parameters);
        let mut values = Values::default();
        let mut given = Vec::with_capacity(targets.len());
        for (index, to) in targets.iter().enumerate() {
            let field = schema.field(index);
            values.clear();
            pg_value::encode(row.column(index), field, PgType::of_field(field), Format::Text, &style, &mut values)?;
            let (of, pg) = (PgType::of_field(field), target.parameters[index]);
            let value = values.get(0).map(|value| if is_text(pg) { as_text(of, value) } else { value });
            given.push(parameters::decode(pg, Format::Text, value, to.data_type(), &style)?);
        }
        Ok(given)
    }
}

/// Whether it is a type that `boolean` and `character` have casts of their own to. A `name` is read from what they are shown as.
fn is_text(pg: &PgType) -> bool {
    pg.category == 'S' && *pg != pg_type::NAME
}

/// The text that a cast makes of what a value is shown as.
fn as_text<'a>(of: &PgType, shown: &'a [u8]) -> &'a [u8] {
    match shown {
        b"t" if *of == pg_type::BOOL => b"true",
        b"f" if *of == pg_type::BOOL => b"false",
        _ if *of == pg_type::BPCHAR => &shown[..shown.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1)],
        _ => shown,
    }
}

/// The type that a parameter of `PREPARE` is declared as.
fn type_named(name: &str) -> Result<Option<&'static PgType>> {
    let lower = name.to_ascii_lowercase();
    let (base, is_array) = lower.strip_suffix("[]").map_or((lower.as_str(), false), |base| (base, true));
    // What a length or scale says is not kept for parameters, in PostgreSQL either.
    let plain: String = match (base.find('('), base.find(')')) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &base[..from], &base[to + 1..]),
        _ => base.to_owned(),
    };
    let plain = match plain.trim() {
        "unknown" => return Ok(None),
        "int" => "integer",
        "float" | "double" => "double precision",
        "decimal" | "dec" => "numeric",
        "char" => "character",
        other => other,
    };
    let base = PgType::by_name(plain);
    let found = if is_array { base.map(PgType::array_type) } else { base };
    found.map(Some).ok_or_else(|| Error::new(Kind::UndefinedObject, format!("type \"{lower}\" does not exist")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_prepare_are_postgresqls() {
        for (name, want) in [
            ("INT", "int4"),
            ("BIGINT", "int8"),
            ("VARCHAR(10)", "varchar"),
            ("NUMERIC(10,2)", "numeric"),
            ("DOUBLE PRECISION", "float8"),
            ("TIMESTAMP WITH TIME ZONE", "timestamptz"),
            ("TEXT[]", "_text"),
            ("date", "date"),
        ] {
            assert_eq!(type_named(name).expect("it is known").map(|t| t.name), Some(want), "{name}");
        }
        assert!(type_named("unknown").expect("it is known").is_none());
        assert_eq!(type_named("colour").expect_err("there is none").kind(), Kind::UndefinedObject);
    }
}
