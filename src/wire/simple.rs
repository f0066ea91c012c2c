//! The simple protocol: a string of statements, run in order until one fails (protocol-flow, 55.2.2).

use pgwire::messages::response::EmptyQueryResponse;
use tokio::io::AsyncWrite;
use tokio_util::sync::CancellationToken;

use crate::engine::{Outcome, Transaction};

use super::connection::{Conversation, Failure};
use super::rows::{self, Sending};
use crate::table::pg_value::Format;

impl<W: AsyncWrite + Unpin> Conversation<'_, W> {
    /// Runs the statements of a query string and says that more may come.
    pub(super) async fn query(&mut self, sql: &str) -> Result<(), Failure> {
        // A simple query also ends what the unnamed statement and portal hold.
        self.statements.remove("");
        self.portals.remove("");
        let cancel = self.begin_statement();
        let run = self.run_all(sql, &cancel).await;
        self.end_command();
        self.settle(run)?;
        if self.session.transaction() == Transaction::Idle {
            self.portals.clear();
        }
        self.ready().await
    }

    async fn run_all(&mut self, sql: &str, cancel: &CancellationToken) -> Result<(), Failure> {
        let statements = self.session.parse(sql)?;
        if statements.is_empty() {
            self.outgoing.put(&EmptyQueryResponse::new())?;
        }
        for statement in &statements {
            let prepared = self.prepare(statement, &[], cancel).await?;
            match self.run(&prepared, &[], cancel).await? {
                Outcome::Done { tag } => self.completed(tag)?,
                Outcome::Deallocated(name) => self.deallocated(name)?,
                Outcome::Rows { schema, stream, tag } => {
                    let formats = vec![Format::Text; schema.fields().len()];
                    self.tell_notices()?;
                    self.outgoing.put(&rows::description(&schema, &formats))?;
                    let mut sending = Sending::new(&schema, stream, &formats, self.style());
                    let sent = sending.send(self.outgoing, u64::MAX, cancel).await?;
                    self.completed(rows_tag(tag, sent))?;
                }
            }
        }
        Ok(())
    }
}

/// The command tag of a statement that gave rows: only these three count them.
pub(super) fn rows_tag(tag: &str, rows: u64) -> String {
    match tag {
        "SELECT" | "FETCH" | "MOVE" => format!("{tag} {rows}"),
        _ => tag.to_owned(),
    }
}
