//! Cursors that SQL declares, and what `FETCH` and `MOVE` send of them. Portals of the protocol are cursors too: these move them as well.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use tokio::io::AsyncWrite;
use tokio_util::sync::CancellationToken;

use crate::engine::{CursorOptions, Outcome, Step, Transaction};
use crate::error::{Error, Kind, Result};
use crate::table::pg_value::Format;

use super::command::Answer;
use super::connection::Conversation;
use super::cursor::{Cursor, Passed, reversed};
use super::encode::RowEncoder;
use super::extended::Planned;
use super::failure::Failure;
use super::portal::Portal;
use super::rows::{self, Source, Writer};

impl<W: AsyncWrite + Unpin> Conversation<'_, W> {
    /// `DECLARE`: the query begins, and its rows wait.
    pub(super) async fn declare(
        &mut self,
        planned: &Arc<Planned>,
        name: &str,
        options: CursorOptions,
        parameters: &[ArrayRef],
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        if name.is_empty() {
            // It would be the protocol's unnamed portal.
            return Err(Error::new(Kind::Syntax, "zero-length delimited identifier").with_hint("Give the cursor a name.").into());
        }
        if !options.hold && self.session.transaction() == Transaction::Idle && !self.implicit {
            return Err(Error::new(Kind::NoTransaction, "DECLARE CURSOR can only be used in transaction blocks").into());
        }
        if self.cursors.contains_key(name) || self.portals.contains_key(name) {
            return Err(Error::new(Kind::DuplicateCursor, format!("cursor \"{name}\" already exists")).into());
        }
        let prepared = planned.prepared.as_ref().ok_or_else(|| Error::new(Kind::Internal, "a cursor without a query"))?;
        // The query outlives this command, and so does what ends it.
        let own = self.outliving();
        let begun = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(rows::cancelled().into()),
            begun = self.run(prepared, parameters, &own) => begun?,
        };
        let Outcome::Rows { schema, stream, .. } = begun else {
            return Err(Error::new(Kind::Internal, "a cursor's query gave no rows").into());
        };
        let kept = self.session.keeping(options.scroll);
        let mut cursor = Cursor::new(Arc::clone(planned), schema, options, own, Source::new(stream), kept);
        cursor.listed = Some(self.session.list_cursor(name, &planned.sql, options));
        cursor.savepoints = self.session.savepoints();
        self.cursors.insert(name.to_owned(), cursor);
        self.completed("DECLARE CURSOR".to_owned())
    }

    /// Moves a cursor and sends the rows that it passes, unless there is no `answer` to be given. How many they are.
    pub(super) async fn fetch(
        &mut self,
        name: &str,
        step: Step,
        answer: Option<Answer<'_>>,
        cancel: &CancellationToken,
    ) -> Result<u64, Failure> {
        // Out of its map while it moves; a cursor that fails does not come back.
        if let Some(mut cursor) = self.cursors.remove(name) {
            let moved = self.advance(&mut cursor, step, answer, cancel).await;
            if stays(&moved) {
                self.cursors.insert(name.to_owned(), cursor);
            }
            return moved;
        }
        // A portal is a cursor too: asyncpg moves its own so.
        self.columns_of(name)?.ok_or_else(|| no_cursor(name))?;
        let mut portal = self.portals.remove(name).ok_or_else(|| no_cursor(name))?;
        let (mut cursor, tag) = self.open(&mut portal, cancel).await?.ok_or_else(|| no_cursor(name))?;
        let moved = self.advance(&mut cursor, step, answer, cancel).await;
        if stays(&moved) {
            portal.suspend(cursor, tag);
            self.portals.insert(name.to_owned(), portal);
        }
        moved
    }

    async fn advance(
        &mut self,
        cursor: &mut Cursor,
        step: Step,
        answer: Option<Answer<'_>>,
        cancel: &CancellationToken,
    ) -> Result<u64, Failure> {
        let planned = Arc::clone(&cursor.planned);
        if let Some(prepared) = &planned.prepared {
            self.resume_statement(prepared, cancel);
        }
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(rows::cancelled().into()),
            moved = self.pass(cursor, step, answer) => moved,
        }
    }

    async fn pass(&mut self, cursor: &mut Cursor, step: Step, answer: Option<Answer<'_>>) -> Result<u64, Failure> {
        let passed = cursor.step(step).await?;
        let columns = Arc::clone(&cursor.columns);
        self.tell_notices()?;
        let Some(answer) = answer else { return Ok(pass_over(cursor, passed).await?) };
        // In the extended protocol Bind says how rows are sent, whatever the cursor was declared as.
        let formats = if cursor.options.binary && answer.described {
            vec![Format::Binary; columns.fields().len()]
        } else {
            answer.formats(columns.fields().len())
        };
        if answer.described {
            self.outgoing.put(&rows::description(&columns, &formats))?;
        }
        let mut writer = Writer::of_rows(&columns, &formats, self.style());
        let mut sent = 0;
        match passed {
            Passed::Rows(batches) => {
                for batch in &batches {
                    sent += self.write_pieces(&mut writer, batch).await?;
                }
            }
            Passed::Back(batches) => {
                for batch in batches.iter().rev() {
                    sent += self.write_pieces(&mut writer, &reversed(batch)?).await?;
                }
            }
            Passed::Stream(count) => {
                while sent < count {
                    let Some(batch) = cursor.next(writer.piece(count - sent)).await? else { break };
                    writer.write(self.outgoing, &batch).await?;
                    sent += batch.num_rows() as u64;
                }
            }
        }
        Ok(sent)
    }

    /// Writes a batch, however large its rows are; how many they were.
    async fn write_pieces(&mut self, writer: &mut Writer<RowEncoder>, batch: &RecordBatch) -> Result<u64, Failure> {
        let mut done = 0;
        while done < batch.num_rows() {
            let piece = batch.slice(done, writer.piece((batch.num_rows() - done) as u64));
            writer.write(self.outgoing, &piece).await?;
            done += piece.num_rows();
        }
        Ok(done as u64)
    }

    /// The columns of a cursor's rows, or of a portal's.
    pub(super) fn columns_of(&self, name: &str) -> Result<Option<SchemaRef>> {
        let of_cursor = self.cursors.get(name).map(|cursor| Some(Arc::clone(&cursor.columns)));
        of_cursor.or_else(|| self.portals.get(name).map(Portal::columns)).ok_or_else(|| no_cursor(name))
    }
}

/// Whether a cursor can go on from where it stands.
fn stays(moved: &Result<u64, Failure>) -> bool {
    match moved {
        Ok(_) => true,
        Err(Failure::Statement(e)) => e.kind() == Kind::InvalidState,
        Err(Failure::Connection(_)) => false,
    }
}

/// Moves a cursor over what it passes; how many rows that are.
async fn pass_over(cursor: &mut Cursor, passed: Passed) -> Result<u64> {
    let count = match passed {
        Passed::Rows(batches) | Passed::Back(batches) => return Ok(batches.iter().map(|batch| batch.num_rows() as u64).sum()),
        Passed::Stream(count) => count,
    };
    let mut over = 0;
    while over < count {
        let Some(batch) = cursor.next(usize::try_from(count - over).unwrap_or(usize::MAX)).await? else { break };
        over += batch.num_rows() as u64;
    }
    Ok(over)
}

pub(super) fn no_cursor(name: &str) -> Error {
    Error::new(Kind::UndefinedCursor, format!("cursor \"{name}\" does not exist"))
}
