//! Rows on their way to a client: batches are pulled one at a time, encoded in pieces, and written before the next is asked for.
//! A portal keeps this between two Executes.

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema};
use futures::StreamExt;
use futures::stream::Fuse;
use pgwire::messages::data::{FieldDescription, RowDescription};
use tokio::io::AsyncWrite;
use tokio_util::sync::CancellationToken;

use crate::engine::{Origin, Rows};
use crate::error::{Error, Kind, Result};
use crate::table::modifier;
use crate::table::pg_type::{self, PgType};

use super::encode::RowEncoder;
use super::failure::Failure;
use super::outgoing::{FLUSH, Outgoing};
use crate::table::pg_value::{self, Format, Room, Style};

/// Rows that are encoded before the size of one is known.
const FIRST_PIECE: usize = 32;

/// The most rows encoded at a time: enough that the work for a column outweighs its set-up.
const LARGEST_PIECE: usize = 4096;

/// The most columns of a result: the protocol counts them in 16 bits with a sign.
const MOST_COLUMNS: usize = 32_767;

/// Rows that wait to be asked for.
pub(super) struct Source {
    /// Its end is told as often as it is asked for.
    stream: Fuse<Rows>,
    /// The batch that is partly taken, and how many of its rows are.
    batch: Option<(RecordBatch, usize)>,
}

impl Source {
    pub(super) fn new(stream: Rows) -> Self {
        Self { stream: stream.fuse(), batch: None }
    }

    /// The next rows, `most` at most and one at least; `None` at the end.
    pub(super) async fn next(&mut self, most: usize, cancel: &CancellationToken) -> Result<Option<RecordBatch>> {
        loop {
            // Before each piece, not each batch: a cancel is heard while a large batch is on its way.
            if cancel.is_cancelled() {
                return Err(cancelled());
            }
            if let Some((batch, done)) = self.batch.take() {
                let rows = (batch.num_rows() - done).min(most);
                let slice = batch.slice(done, rows);
                if done + rows < batch.num_rows() {
                    self.batch = Some((batch, done + rows));
                }
                if rows > 0 {
                    return Ok(Some(slice));
                }
            }
            let next = tokio::select! {
                biased;
                next = self.stream.next() => next,
                () = cancel.cancelled() => return Err(cancelled()),
            };
            match next {
                None => return Ok(None),
                Some(batch) => self.batch = Some((batch?, 0)),
            }
        }
    }
}

/// How a batch becomes messages.
pub(super) trait Encode {
    /// Adds the messages of a batch's rows.
    fn encode(&mut self, batch: &RecordBatch, out: &mut Room) -> Result<()>;
}

/// Writes batches as messages, in pieces of about one write.
pub(super) struct Writer<E> {
    encoder: E,
    /// Rows to encode next; follows the size of those before.
    piece: usize,
}

impl Writer<RowEncoder> {
    /// A writer of DataRow messages.
    pub(super) fn of_rows(schema: &Schema, formats: &[Format], style: Style) -> Self {
        Self::new(RowEncoder::new(schema, formats, style))
    }
}

impl<E: Encode> Writer<E> {
    pub(super) fn new(encoder: E) -> Self {
        Self { encoder, piece: FIRST_PIECE }
    }

    /// How many rows are best written next, of `left`.
    pub(super) fn piece(&self, left: u64) -> usize {
        self.piece.min(usize::try_from(left).unwrap_or(usize::MAX))
    }

    /// Writes a piece.
    pub(super) async fn write<W: AsyncWrite + Unpin>(
        &mut self,
        outgoing: &mut Outgoing<W>,
        batch: &RecordBatch,
    ) -> Result<(), Failure> {
        let before = outgoing.rows().len();
        self.encoder.encode(batch, outgoing.rows())?;
        let row = ((outgoing.rows().len() - before) / batch.num_rows().max(1)).max(1);
        // Aims the next piece at one write's worth of bytes, so that wide rows do not gather and narrow ones are not split.
        self.piece = (FLUSH / row).clamp(1, (self.piece * 8).min(LARGEST_PIECE));
        outgoing.flush_full().await?;
        Ok(())
    }

    /// The encoder, when all is written.
    pub(super) fn into_encoder(self) -> E {
        self.encoder
    }
}

/// A result that is being sent.
pub(super) struct Sending<E = RowEncoder> {
    source: Source,
    writer: Writer<E>,
}

impl<E: Encode> Sending<E> {
    pub(super) fn new(source: Source, writer: Writer<E>) -> Self {
        Self { source, writer }
    }

    /// Sends up to `limit` rows and tells how many there were; fewer than `limit` is the end.
    pub(super) async fn send<W: AsyncWrite + Unpin>(
        &mut self,
        outgoing: &mut Outgoing<W>,
        limit: u64,
        cancel: &CancellationToken,
    ) -> Result<u64, Failure> {
        let mut sent = 0;
        while sent < limit {
            let Some(batch) = self.source.next(self.writer.piece(limit - sent), cancel).await? else { break };
            self.writer.write(outgoing, &batch).await?;
            sent += batch.num_rows() as u64;
        }
        Ok(sent)
    }

    /// The encoder, when all is sent.
    pub(super) fn into_encoder(self) -> E {
        self.writer.into_encoder()
    }
}

/// [`Kind::TooComplex`] when a result has more columns than the protocol can count.
pub(super) fn check_width(schema: &Schema) -> Result<()> {
    match schema.fields().len() {
        ..=MOST_COLUMNS => Ok(()),
        columns => {
            Err(Error::new(Kind::TooComplex, format!("the result has {columns} columns; at most {MOST_COLUMNS} can be sent"))
                .with_hint("Select fewer columns."))
        }
    }
}

/// The columns of a result, as a client is told of them.
pub(super) fn description(schema: &Schema, formats: &[Format]) -> RowDescription {
    let fields = schema.fields().iter().zip(formats).map(|(field, format)| {
        let pg = PgType::of_field(field);
        let name = field.name().replace('\0', "\u{fffd}");
        let (table, column) = Origin::of_field(field).map_or((0, 0), |origin| (origin.table, origin.column));
        FieldDescription::new(name, table as i32, column, pg.oid, pg.len, type_modifier(field), format.code())
    });
    RowDescription::new(fields.collect())
}

/// `atttypmod`: precision and scale of a numeric that declares them, what a cast says of a length or of digits, -1 for all else.
fn type_modifier(field: &Field) -> i32 {
    if let Some(modifier) = modifier::of_cast(field) {
        return modifier;
    }
    let is_told = pg_value::is_declared(field) || *PgType::of_field(field) == pg_type::GEOMETRY;
    if is_told { modifier::of_field(field) } else { modifier::NONE }
}

/// The error of a statement whose token is cancelled.
pub(super) fn cancelled() -> Error {
    Error::new(Kind::Cancelled, "canceling statement due to user request")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use tokio::io::AsyncReadExt;

    use super::*;

    fn batch(rows: i64) -> RecordBatch {
        let a: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
        let b: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(|n| "x".repeat(n as usize % 50))));
        RecordBatch::try_from_iter([("a", a), ("b", b)]).expect("columns of one length")
    }

    fn sending(batches: usize, made: Arc<AtomicUsize>) -> Sending {
        let schema = batch(1).schema();
        let stream = futures::stream::iter(0..batches).map(move |_| {
            made.fetch_add(1, Ordering::Relaxed);
            Ok(batch(10_000))
        });
        Sending::new(Source::new(stream.boxed()), Writer::of_rows(&schema, &[Format::Text; 2], Style::default()))
    }

    #[test]
    fn more_columns_than_can_be_counted_are_refused() {
        let columns =
            |n: usize| Schema::new((0..n).map(|_| Field::new("a", arrow::datatypes::DataType::Int32, true)).collect::<Vec<_>>());
        assert!(check_width(&columns(MOST_COLUMNS)).is_ok());
        assert_eq!(check_width(&columns(MOST_COLUMNS + 1)).expect_err("one more").kind(), Kind::TooComplex);
    }

    #[tokio::test]
    async fn limits_hold_across_batches_and_end_as_in_postgres() {
        let mut rows = sending(2, Arc::default());
        let mut outgoing = Outgoing::new(tokio::io::sink());
        let cancel = CancellationToken::new();
        for (limit, expected) in [(3, 3), (9_998, 9_998), (9_999, 9_999), (5, 0)] {
            assert_eq!(rows.send(&mut outgoing, limit, &cancel).await.ok(), Some(expected));
        }
    }

    #[tokio::test]
    async fn a_slow_reader_slows_the_scan() {
        let made = Arc::new(AtomicUsize::new(0));
        let mut rows = sending(1000, Arc::clone(&made));
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let cancel = CancellationToken::new();
        let token = cancel.clone();
        let serving = tokio::spawn(async move {
            let mut outgoing = Outgoing::new(server);
            let sent = rows.send(&mut outgoing, u64::MAX, &token).await;
            matches!(sent, Err(Failure::Statement(e)) if e.kind() == Kind::Cancelled)
        });
        while made.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(made.load(Ordering::Relaxed) <= 2, "batches were made that nobody could be sent");
        cancel.cancel();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.expect("the server closes");
        assert!(serving.await.expect("no panic") && rest.len() < 1 << 19);
    }
}
