//! `COPY ... TO STDOUT` on its way to a client: CopyOutResponse, a CopyData for each row, CopyDone (protocol-flow, 55.2.6).

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use bytes::{BufMut, BytesMut};
use pgwire::messages::copy::{CopyDone, CopyOutResponse};
use tokio::io::AsyncWrite;
use tokio_util::sync::CancellationToken;

use crate::engine::{Copy, CopyEncoder, Rows};
use crate::error::Result;
use crate::table::pg_value::{self, Format};

use super::connection::{Conversation, Failure};
use super::rows::{self, Encode, Sending, Source, Writer};

impl Encode for CopyEncoder {
    fn encode(&mut self, batch: &RecordBatch, out: &mut BytesMut) -> Result<()> {
        let bytes = self.load(batch)?;
        out.reserve(bytes + batch.num_rows() * (MESSAGE_HEAD + batch.num_columns()));
        let mut head = self.head();
        if self.format() == Format::Text && !head.is_empty() {
            message(out, |out| out.extend_from_slice(&std::mem::take(&mut head)))?;
        }
        for row in 0..batch.num_rows() {
            // PostgreSQL sends the binary head with the first row, and drivers count on it.
            message(out, |out| {
                out.extend_from_slice(&std::mem::take(&mut head));
                self.row(row, out);
            })?;
        }
        Ok(())
    }
}

/// Type byte and length.
const MESSAGE_HEAD: usize = 5;

/// Adds a CopyData message with what `write` appends.
fn message(out: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) -> Result<()> {
    let start = out.len();
    out.put_slice(b"d\0\0\0\0");
    write(out);
    let Ok(length) = i32::try_from(out.len() - start - 1) else {
        out.truncate(start);
        return Err(pg_value::too_big());
    };
    out[start + 1..start + MESSAGE_HEAD].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

impl<W: AsyncWrite + Unpin> Conversation<'_, W> {
    /// Sends all rows of a `COPY`.
    pub(super) async fn copy_out(
        &mut self,
        schema: &Schema,
        stream: Rows,
        copy: &Copy,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        rows::check_width(schema)?;
        let encoder = CopyEncoder::new(schema, copy, self.style());
        let (code, columns) = (encoder.format().code(), schema.fields().len());
        self.tell_notices()?;
        self.outgoing.put(&CopyOutResponse::new(code as i8, columns as i16, vec![code; columns]))?;
        let mut sending = Sending::new(Source::new(stream), Writer::new(encoder));
        let sent = sending.send(self.outgoing, u64::MAX, cancel).await?;
        let mut encoder = sending.into_encoder();
        // A head that no row took stands before the tail.
        let rest = [&encoder.head()[..], encoder.tail()].concat();
        if !rest.is_empty() {
            message(self.outgoing.buffer(), |out| out.extend_from_slice(&rest))?;
        }
        self.outgoing.put(&CopyDone::new())?;
        self.completed(format!("COPY {sent}"))
    }
}
