//! The simple protocol: a string of statements, run in order until one fails (protocol-flow, 55.2.2).

use std::sync::Arc;

use pgwire::messages::response::EmptyQueryResponse;
use tokio::io::AsyncWrite;
use tokio_util::sync::CancellationToken;

use super::command::Answer;
use super::connection::Conversation;
use super::failure::Failure;

impl<W: AsyncWrite + Unpin> Conversation<'_, W> {
    /// Runs the statements of a query string and says that more may come.
    pub(super) async fn query(&mut self, sql: &str) -> Result<(), Failure> {
        // A simple query also ends what the unnamed statement and portal hold.
        self.statements.remove("");
        self.portals.remove("");
        let cancel = self.begin_statement();
        let run = self.run_all(sql, &cancel).await;
        self.implicit = false;
        self.end_command();
        self.settle(run)?;
        self.end_implicit();
        self.ready().await
    }

    async fn run_all(&mut self, sql: &str, cancel: &CancellationToken) -> Result<(), Failure> {
        if let Some(planned) = self.recent.get(sql, &self.session) {
            return self.perform(&planned, &[], Answer::SIMPLE, cancel).await;
        }
        let statements = self.session.parse(sql)?;
        if statements.is_empty() {
            self.outgoing.put(&EmptyQueryResponse::new())?;
        }
        // Several statements are one transaction, as PostgreSQL has it.
        self.implicit = statements.len() > 1;
        if self.implicit {
            self.session.begin_statements();
        }
        for statement in &statements {
            let planned = Arc::new(self.plan(statement, &[], cancel).await?);
            self.perform(&planned, &[], Answer::SIMPLE, cancel).await?;
            if !self.implicit {
                self.recent.keep(sql, &planned);
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
