//! The extended protocol: statements and portals by name, in steps (protocol-flow, 55.2.3). After an error all messages up to
//! Sync are passed over.

use std::sync::Arc;

use arrow::datatypes::{FieldRef, SchemaRef};
use pgwire::messages::PgWireFrontendMessage;
use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{
    Bind, BindComplete, Close, CloseComplete, Describe, Parse, ParseComplete, TARGET_TYPE_BYTE_PORTAL, TARGET_TYPE_BYTE_STATEMENT,
};
use tokio::io::AsyncWrite;

use crate::engine::{Command, CursorOptions, Listed, Prepared};
use crate::error::{Error, Kind, Result};
use crate::table::pg_type::{self, PgType};

use super::charset;
use super::connection::Conversation;
use super::failure::Failure;
use super::framing::violation;
use super::parameters;
use super::portal::{Portal, no_portal};
use super::rows;
use crate::table::pg_value::Format;

/// A prepared statement, as its client knows it.
#[derive(Default)]
pub(super) struct Planned {
    /// The query string that it stood in.
    pub(super) sql: Arc<str>,
    /// `None` for an empty query string, and for a command that plans nothing.
    pub(super) prepared: Option<Prepared>,
    /// What is done with a prepared statement or a cursor, where that is all.
    pub(super) command: Option<Arc<Command>>,
    /// The rows' columns; `None` when there will be no rows.
    pub(super) columns: Option<SchemaRef>,
    /// The parameters' types as the client declared them or was told; what Bind sends is read as these.
    pub(super) parameters: Vec<&'static PgType>,
}

/// A prepared statement under its name.
pub(super) struct Named {
    planned: Arc<Planned>,
    _listed: Option<Listed>,
}

impl<W: AsyncWrite + Unpin> Conversation<'_, W> {
    /// One message of the extended protocol other than Sync and Flush.
    pub(super) async fn step(&mut self, message: PgWireFrontendMessage) -> Result<(), Failure> {
        if self.skipping {
            return Ok(());
        }
        // As in PostgreSQL, the time of a command counts from its first step to the end of an Execute, or to Sync.
        let ends = matches!(message, PgWireFrontendMessage::Execute(_));
        let stepped = match message {
            PgWireFrontendMessage::Parse(parse) => self.parse(parse).await,
            PgWireFrontendMessage::Bind(bind) => self.bind(bind),
            PgWireFrontendMessage::Describe(describe) => self.describe(&describe),
            PgWireFrontendMessage::Execute(execute) => self.execute(&execute).await,
            PgWireFrontendMessage::Close(close) => self.close(&close),
            other => Err(violation(format!("unexpected message {other:?}")).into()),
        };
        if ends {
            self.end_command();
        } else {
            self.end_statement();
        }
        self.skip_after(stepped)?;
        self.outgoing.flush_full().await?;
        Ok(())
    }

    /// Tells the client of a failed step; the rest up to Sync is passed over.
    pub(super) fn skip_after(&mut self, stepped: Result<(), Failure>) -> Result<(), Failure> {
        self.skipping |= stepped.is_err();
        self.settle(stepped)
    }

    /// Ends the steps since the last Sync, and with them the implicit transaction and its portals.
    pub(super) async fn sync(&mut self) -> Result<(), Failure> {
        self.skipping = false;
        self.end_command();
        self.end_implicit();
        self.ready().await
    }

    async fn parse(&mut self, message: Parse) -> Result<(), Failure> {
        let name = message.name.unwrap_or_default();
        if name.is_empty() {
            self.statements.remove("");
        } else if self.statements.contains_key(&name) {
            let e = Error::new(Kind::DuplicateStatement, format!("prepared statement \"{name}\" already exists"));
            return Err(e.into());
        }
        let declared = message.type_oids.iter().map(|oid| declared_type(*oid)).collect::<Result<Vec<_>>>()?;
        if let Some(planned) = self.recent.get(&message.query, &self.session).filter(|_| declared.is_empty()) {
            self.session.check_not_failed()?;
            self.keep_statement(name, planned, false);
            return Ok(self.outgoing.put(&ParseComplete::new())?);
        }
        let mut statements = self.session.parse(&message.query)?;
        let planned = match (statements.pop(), statements.is_empty()) {
            (None, _) => {
                Planned { sql: message.query.as_str().into(), parameters: told_types(&declared, &[]), ..Planned::default() }
            }
            (Some(statement), true) => {
                let cancel = self.begin_statement();
                self.plan(&statement, &declared, &cancel).await?
            }
            (Some(_), false) => {
                let e = Error::new(Kind::Syntax, "cannot insert multiple commands into a prepared statement");
                return Err(e.into());
            }
        };
        let planned = Arc::new(planned);
        if declared.is_empty() {
            self.recent.keep(&message.query, &planned);
        }
        self.keep_statement(name, planned, false);
        self.outgoing.put(&ParseComplete::new())?;
        Ok(())
    }

    fn bind(&mut self, message: Bind) -> Result<(), Failure> {
        let name = message.portal_name.clone().unwrap_or_default();
        let statement = message.statement_name.as_deref().unwrap_or_default();
        let planned = Arc::clone(self.statement(statement)?);
        if !name.is_empty() && (self.portals.contains_key(&name) || self.cursors.contains_key(&name)) {
            return Err(Error::new(Kind::DuplicateCursor, format!("cursor \"{name}\" already exists")).into());
        }
        let (given, wanted) = (message.parameters.len(), planned.parameters.len());
        if given != wanted {
            return Err(violation(format!(
                "bind message supplies {given} parameters, but prepared statement \"{statement}\" requires {wanted}"
            ))
            .into());
        }
        let given_formats = formats(&message.parameter_format_codes, given)
            .map_err(|n| violation(format!("bind message has {n} parameter formats but {given} parameters")))??;
        let style = self.style();
        let targets = planned.prepared.as_ref().map_or(&[][..], Prepared::parameters);
        let mut parameters = (0..given)
            .map(|i| {
                let pg = planned.parameters[i];
                let own = pg_type::arrow_type(pg);
                let target = targets.get(i).map_or(&own, |field| field.data_type());
                let value = message.parameters[i].as_deref();
                let value = value.map(|value| charset::value(value, pg, given_formats[i], style.charset())).transpose()?;
                parameters::decode(pg, given_formats[i], value.as_deref(), target, &style)
                    .map_err(|e| e.with_detail(format!("Parameter ${} of the statement.", i + 1)))
            })
            .collect::<Result<Vec<_>>>()?;
        // A parameter that is declared and not used must be right, and the plan knows nothing of it.
        parameters.truncate(targets.len());
        let columns = planned.width();
        let results = formats(&message.result_column_format_codes, columns)
            .map_err(|n| violation(format!("bind message has {n} result formats but query has {columns} columns")))??;
        let listed = self.session.list_cursor(&name, &planned.sql, CursorOptions::default());
        self.portals.insert(name, Portal::bound(planned, parameters, results, listed));
        self.outgoing.put(&BindComplete::new())?;
        Ok(())
    }

    fn describe(&mut self, message: &Describe) -> Result<(), Failure> {
        let name = message.name.as_deref().unwrap_or_default();
        let (planned, formats) = match message.target_type {
            TARGET_TYPE_BYTE_STATEMENT => {
                let planned = Arc::clone(self.statement(name)?);
                let types = planned.parameters.iter().map(|t| t.oid).collect();
                self.outgoing.put(&ParameterDescription::new(types))?;
                let formats = vec![Format::Text; planned.width()];
                (planned, formats)
            }
            TARGET_TYPE_BYTE_PORTAL if self.cursors.contains_key(name) => {
                let cursor = &self.cursors[name];
                let formats = vec![Format::Text; cursor.columns.fields().len()];
                self.outgoing.put(&rows::description(&cursor.columns, &formats))?;
                return Ok(());
            }
            TARGET_TYPE_BYTE_PORTAL => {
                let portal = self.portals.get(name).ok_or_else(|| no_portal(name))?;
                (Arc::clone(&portal.planned), portal.formats.clone())
            }
            other => return Err(violation(format!("invalid DESCRIBE message subtype {other}")).into()),
        };
        match &planned.columns {
            Some(schema) => self.outgoing.put(&rows::description(schema, &formats))?,
            None => self.outgoing.put(&NoData::new())?,
        }
        Ok(())
    }

    fn close(&mut self, message: &Close) -> Result<(), Failure> {
        let name = message.name.as_deref().unwrap_or_default();
        // What is not there is closed already.
        match message.target_type {
            TARGET_TYPE_BYTE_STATEMENT => drop(self.statements.remove(name)),
            TARGET_TYPE_BYTE_PORTAL => {
                self.portals.remove(name);
                self.cursors.remove(name);
            }
            other => return Err(violation(format!("invalid CLOSE message subtype {other}")).into()),
        }
        self.outgoing.put(&CloseComplete::new())?;
        Ok(())
    }

    /// Keeps a prepared statement under its name, and lists it.
    pub(super) fn keep_statement(&mut self, name: String, planned: Arc<Planned>, from_sql: bool) {
        let listed = self.session.list_statement(&name, &planned.sql, &planned.parameters, from_sql);
        self.statements.insert(name, Named { planned, _listed: listed });
    }

    pub(super) fn statement(&self, name: &str) -> Result<&Arc<Planned>> {
        self.statements.get(name).map(|named| &named.planned).ok_or_else(|| no_statement(name))
    }
}

impl Planned {
    /// How many columns the rows have; 0 when there will be no rows.
    fn width(&self) -> usize {
        self.columns.as_ref().map_or(0, |schema| schema.fields().len())
    }
}

pub(super) fn no_statement(name: &str) -> Error {
    let message = if name.is_empty() {
        "unnamed prepared statement does not exist".to_owned()
    } else {
        format!("prepared statement \"{name}\" does not exist")
    };
    Error::new(Kind::UndefinedStatement, message)
}

/// The type a client declared; `None` where it leaves that to the server.
fn declared_type(oid: u32) -> Result<Option<&'static PgType>> {
    if oid == 0 || oid == pg_type::UNKNOWN.oid {
        return Ok(None);
    }
    match PgType::by_oid(oid) {
        Some(pg) => Ok(Some(pg)),
        None => Err(Error::new(Kind::UndefinedObject, format!("type with OID {oid} does not exist"))),
    }
}

/// The types to tell the client: its own where it declared any, else those that planning found.
pub(super) fn told_types(declared: &[Option<&'static PgType>], planned: &[FieldRef]) -> Vec<&'static PgType> {
    let told = |(i, field): (usize, &FieldRef)| declared.get(i).copied().flatten().unwrap_or_else(|| PgType::of_field(field));
    let found = planned.iter().enumerate().map(told);
    let unused = declared.iter().skip(planned.len()).map(|t| t.unwrap_or(&pg_type::TEXT));
    found.chain(unused).collect()
}

/// A format for each of `count` values: none given means text, one holds for all. The outer error is the count that does not fit.
fn formats(codes: &[i16], count: usize) -> Result<Result<Vec<Format>>, usize> {
    match codes {
        [] => Ok(Ok(vec![Format::Text; count])),
        [one] => Ok(Format::from_code(*one).map(|format| vec![format; count])),
        many if many.len() == count => Ok(many.iter().map(|code| Format::from_code(*code)).collect()),
        many => Err(many.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_type_is_told_back_and_the_rest_is_found() {
        let declared = [Some(&pg_type::INT4), None];
        let planned = [&pg_type::INT8, &pg_type::JSONB, &pg_type::FLOAT8].map(|pg| FieldRef::new(pg_type::field(pg)));
        let told: Vec<&str> = told_types(&declared, &planned).iter().map(|t| t.name).collect();
        assert_eq!(told, ["int4", "jsonb", "float8"]);
        let told: Vec<&str> = told_types(&declared, &[]).iter().map(|t| t.name).collect();
        assert_eq!(told, ["int4", "text"]);
    }

    #[test]
    fn format_codes_are_none_one_or_all() {
        use Format::{Binary, Text};
        type Case = (&'static [i16], usize, Option<&'static [Format]>);
        let cases: &[Case] = &[
            (&[], 2, Some(&[Text, Text])),
            (&[1], 2, Some(&[Binary, Binary])),
            (&[1], 0, Some(&[])),
            (&[0, 1], 2, Some(&[Text, Binary])),
            (&[0, 1], 3, None),
            (&[2], 1, None),
        ];
        for (codes, count, expected) in cases {
            let found = formats(codes, *count).ok().and_then(Result::ok);
            assert_eq!(found.as_deref(), *expected, "{codes:?}");
        }
    }
}
