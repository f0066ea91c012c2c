//! Portals: statements with their parameters, executed as many rows at a time as their client asks for.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use pgwire::messages::extendedquery::{Execute, PortalSuspended};
use pgwire::messages::response::EmptyQueryResponse;
use tokio::io::AsyncWrite;
use tokio_util::sync::CancellationToken;

use crate::engine::{CursorOptions, Listed, Outcome, Step};
use crate::error::{Error, Kind, Result};
use crate::table::pg_value::Format;

use super::command::Answer;
use super::connection::Conversation;
use super::cursor::Cursor;
use super::extended::Planned;
use super::failure::Failure;
use super::framing::violation;
use super::rows::{Source, Writer};
use super::simple::rows_tag;

/// A statement with its parameters, and its rows once it runs.
pub(super) struct Portal {
    pub(super) planned: Arc<Planned>,
    parameters: Vec<ArrayRef>,
    /// A format for each column of its rows.
    pub(super) formats: Vec<Format>,
    state: PortalState,
    _listed: Listed,
}

enum PortalState {
    /// Not executed yet.
    Bound,
    /// Executed; there may be rows that nobody asked for yet.
    Open { cursor: Box<Cursor>, tag: &'static str },
    /// Executed, and without rows.
    Finished,
}

impl Portal {
    /// One that was not executed yet.
    pub(super) fn bound(planned: Arc<Planned>, parameters: Vec<ArrayRef>, formats: Vec<Format>, listed: Listed) -> Self {
        Self { planned, parameters, formats, state: PortalState::Bound, _listed: listed }
    }

    /// The columns of its rows; `None` when there will be none.
    pub(super) fn columns(&self) -> Option<SchemaRef> {
        self.planned.columns.clone()
    }

    /// It goes on from here.
    pub(super) fn suspend(&mut self, cursor: Cursor, tag: &'static str) {
        self.state = PortalState::Open { cursor: Box::new(cursor), tag };
    }
}

impl<W: AsyncWrite + Unpin> Conversation<'_, W> {
    /// The Execute message.
    pub(super) async fn execute(&mut self, message: &Execute) -> Result<(), Failure> {
        let name = message.name.as_deref().unwrap_or_default();
        if self.cursors.contains_key(name) {
            return self.execute_cursor(name, message.max_rows).await;
        }
        // Out of the map while it runs; a portal that fails does not come back.
        let mut portal = self.portals.remove(name).ok_or_else(|| no_portal(name))?;
        let was_in_block = self.in_block;
        let executed = self.execute_portal(&mut portal, name, message.max_rows).await;
        // The end of a transaction block is the end of its portals, this one too.
        if executed.is_ok() && self.in_block >= was_in_block {
            self.portals.insert(name.to_owned(), portal);
        }
        executed
    }

    async fn execute_portal(&mut self, portal: &mut Portal, name: &str, max_rows: i32) -> Result<(), Failure> {
        let limit = u64::try_from(max_rows).ok().filter(|n| *n > 0).unwrap_or(u64::MAX);
        let planned = Arc::clone(&portal.planned);
        let cancel = self.begin_statement();
        if planned.command.is_some() {
            if matches!(portal.state, PortalState::Finished) {
                return Err(violation(format!("portal \"{name}\" cannot be run")).into());
            }
            portal.state = PortalState::Finished;
            let answer = Answer { formats: &portal.formats, described: false };
            return self.perform(&planned, &portal.parameters, answer, &cancel).await;
        }
        if planned.prepared.is_none() {
            return Ok(self.outgoing.put(&EmptyQueryResponse::new())?);
        }
        let is_finished = matches!(portal.state, PortalState::Finished);
        let Some((mut cursor, tag)) = self.open(portal, &cancel).await? else {
            return match is_finished {
                true => Err(violation(format!("portal \"{name}\" cannot be run")).into()),
                false => Ok(()),
            };
        };
        self.tell_notices()?;
        let mut writer = Writer::of_rows(&cursor.columns, &portal.formats, self.style());
        let mut sent = 0;
        while sent < limit {
            let Some(batch) = cursor.next(writer.piece(limit - sent)).await? else { break };
            writer.write(self.outgoing, &batch).await?;
            sent += batch.num_rows() as u64;
        }
        portal.suspend(cursor, tag);
        if sent < limit {
            return self.completed(rows_tag(tag, sent));
        }
        // As in PostgreSQL, even when the last row was among them: only the next Execute finds that out.
        self.outgoing.put(&PortalSuspended::new())?;
        Ok(())
    }

    /// The rows of a portal, from where it stands; `None` when it gives none, or no more, and then the client has been told.
    pub(super) async fn open(
        &mut self,
        portal: &mut Portal,
        cancel: &CancellationToken,
    ) -> Result<Option<(Cursor, &'static str)>, Failure> {
        let planned = Arc::clone(&portal.planned);
        let Some(prepared) = &planned.prepared else { return Ok(None) };
        match std::mem::replace(&mut portal.state, PortalState::Finished) {
            PortalState::Bound => match self.run(prepared, &portal.parameters, cancel).await? {
                Outcome::Done { tag } => self.completed(tag)?,
                Outcome::Copy { schema, stream, copy } => self.copy_out(&schema, stream, &copy, cancel).await?,
                Outcome::Rows { schema, stream, tag } => {
                    let options = CursorOptions::default();
                    let cursor = Cursor::new(planned, schema, options, cancel.clone(), Source::new(stream), None);
                    return Ok(Some((cursor, tag)));
                }
            },
            PortalState::Open { cursor, tag } => {
                // With the token that the statement began with, so that a cancel still reaches the scan.
                self.resume_statement(prepared, &cursor.cancel);
                return Ok(Some((*cursor, tag)));
            }
            PortalState::Finished => {}
        }
        Ok(None)
    }

    /// Execute of a cursor that SQL declared: its next rows.
    async fn execute_cursor(&mut self, name: &str, max_rows: i32) -> Result<(), Failure> {
        self.session.check_not_failed()?;
        let all = max_rows <= 0;
        let step = Step::Rows(if all { i64::MAX } else { i64::from(max_rows) });
        let cancel = self.begin_statement();
        let sent = self.fetch(name, step, Some(Answer { formats: &[], described: false }), &cancel).await?;
        if !all && sent == u64::from(max_rows.unsigned_abs()) {
            return Ok(self.outgoing.put(&PortalSuspended::new())?);
        }
        self.completed(rows_tag("SELECT", sent))
    }
}

pub(super) fn no_portal(name: &str) -> Error {
    Error::new(Kind::UndefinedCursor, format!("portal \"{name}\" does not exist"))
}
