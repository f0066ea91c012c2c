//! `COPY ... TO STDOUT` on its way to a client: CopyOutResponse, a CopyData for each row, CopyDone (protocol-flow, 55.2.6).

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use pgwire::messages::copy::{CopyDone, CopyOutResponse};
use tokio::io::AsyncWrite;
use tokio_util::sync::CancellationToken;

use crate::engine::{Copy, CopyEncoder, Rows};
use crate::error::Result;
use crate::table::pg_charset::Charset;
use crate::table::pg_value::{self, Format, Room};

use super::connection::Conversation;
use super::failure::Failure;
use super::rows::{self, Encode, Sending, Source, Writer};

impl Encode for CopyEncoder {
    fn encode(&mut self, batch: &RecordBatch, out: &mut Room) -> Result<()> {
        if let Some(charset) = self.charset() {
            return lines_in(charset, self, batch, out);
        }
        let bytes = self.load(batch)?;
        let mut head = self.head();
        if self.format() == Format::Text && !head.is_empty() {
            message(&std::mem::take(&mut head), out)?;
        }
        let before = out.len();
        let ahead = out.ahead(bytes + head.len() + batch.num_rows() * MESSAGE_HEAD);
        let mut at = 0;
        for row in 0..batch.num_rows() {
            // PostgreSQL sends the binary head with the first row, and drivers count on it.
            let head = std::mem::take(&mut head);
            let body = at + MESSAGE_HEAD;
            ahead[body..body + head.len()].copy_from_slice(&head);
            let end = body + head.len() + self.row(row, &mut ahead[body + head.len()..]);
            let Ok(length) = i32::try_from(end - at - 1) else {
                out.truncate(before);
                return Err(pg_value::too_big());
            };
            let [l0, l1, l2, l3] = length.to_be_bytes();
            ahead[at..body].copy_from_slice(&[b'd', l0, l1, l2, l3]);
            at = end;
        }
        out.advance(at);
        Ok(())
    }
}

/// Adds the messages of a batch's lines in another encoding than UTF-8.
fn lines_in(charset: Charset, encoder: &mut CopyEncoder, batch: &RecordBatch, out: &mut Room) -> Result<()> {
    let before = out.len();
    let mut line = vec![0; encoder.load(batch)?];
    let (mut turned, mut length) = (Vec::new(), 0);
    let head = encoder.head();
    if !head.is_empty() {
        message(&in_charset(charset, &head)?, out)?;
    }
    for row in 0..batch.num_rows() {
        let end = length + encoder.row(row, &mut line[length..]);
        turned.clear();
        charset.encode(&String::from_utf8_lossy(&line[length..end]), &mut turned).inspect_err(|_| out.truncate(before))?;
        message(&turned, out)?;
        length = end;
    }
    Ok(())
}

/// A line of UTF-8 in another encoding.
fn in_charset(charset: Charset, line: &[u8]) -> Result<Vec<u8>> {
    let mut turned = Vec::with_capacity(line.len());
    charset.encode(&String::from_utf8_lossy(line), &mut turned)?;
    Ok(turned)
}

/// Type byte and length.
const MESSAGE_HEAD: usize = 5;

/// Adds a CopyData message.
fn message(body: &[u8], out: &mut Room) -> Result<()> {
    let length = i32::try_from(body.len() + MESSAGE_HEAD - 1).map_err(|_| pg_value::too_big())?;
    out.extend_from_slice(b"d");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(body);
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
        let mut rest = [&encoder.head()[..], encoder.tail()].concat();
        if let Some(charset) = encoder.charset() {
            rest = in_charset(charset, &rest)?;
        }
        if !rest.is_empty() {
            message(&rest, self.outgoing.rows())?;
        }
        self.outgoing.put(&CopyDone::new())?;
        self.completed(format!("COPY {sent}"))
    }
}
