//! The life of one connection: startup, then message by message until the client or the server ends it. While a statement runs
//! the socket is watched beside it, so that a client that vanishes frees what it asked for.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::array::ArrayRef;
use futures::FutureExt;
use pgwire::messages::PgWireFrontendMessage;
use pgwire::messages::response::{CommandComplete, NotificationResponse, ReadyForQuery, TransactionStatus};
use pgwire::messages::startup::{BackendKeyData, ParameterStatus};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::engine::{Notice, Notification, Outcome, Prepared, Session, Statement, Transaction};
use crate::error::{Error, Kind, Result};

use super::Server;
use super::cancel::Seat;
use super::cursor::Cursor;
use super::extended::Named;
use super::failure::{Broken, Failure};
use super::framing::{Incoming, Phase, Received, violation};
use super::link::Link;
use super::login::{self, Login};
use super::outgoing::Outgoing;
use super::portal::Portal;
use super::recent::Recent;
use super::report::Severity;
use super::{progress, rows};
use crate::table::pg_type::PgType;
use crate::table::pg_value::Style;

/// Serves one client from its first byte to its last.
pub(super) async fn run(server: &Arc<Server>, mut link: Link, login: Login) -> Result<()> {
    // A panic is one connection's misfortune, not the server's, and its client is told.
    let served = AssertUnwindSafe(begin(server, &mut link, login)).catch_unwind().await;
    let served = served.unwrap_or_else(|_| {
        Err(Error::new(Kind::Internal, "the statement met a fault of the server").with_hint("The server's log has the details."))
    });
    if let Err(e) = &served {
        let _ = link.outgoing.error(Severity::Fatal, e);
    }
    // The client may be gone, then nobody is left to be told; one under TLS takes an end without a word for an attack.
    let _ = link.outgoing.close().await;
    served
}

/// The login, then the conversation. An error is told as FATAL.
async fn begin(server: &Arc<Server>, link: &mut Link, login: Login) -> Result<()> {
    let Some(entry) = login::enter(server, link, login).await? else { return Ok(()) };
    let session = server.engine.session(entry.client)?;
    if let Some(tls) = link.secured.as_ref().and_then(|secured| secured.told.clone()) {
        session.set_tls(tls);
    }
    let Link { incoming, outgoing, .. } = link;
    incoming.enter(Phase::Ready(server.options.max_message));

    let key = server.running.seat(session.id(), entry.minor)?;
    let terminated = session.terminated();
    let (heard, progress) = progress::channel();
    session.on_progress(heard);
    let mut conversation = Conversation {
        outgoing,
        session,
        statements: HashMap::new(),
        recent: Recent::default(),
        portals: HashMap::new(),
        cursors: HashMap::new(),
        implicit: false,
        skipping: false,
        in_block: false,
        seat: key,
        progress,
        alive: server.halt.child_token(),
        halt: server.halt.clone(),
        style: (0, Style::default()),
    };
    conversation.welcome(&entry.settings).await?;
    // Another session may end this one (`pg_terminate_backend`), and then whatever it runs.
    let end = async {
        terminated.cancelled().await;
        Err(shutdown())
    };
    tokio::select! {
        biased;
        ended = end => ended,
        ended = conversation.converse(incoming, &server.stop) => ended,
    }
}

/// A client's session and what it has named.
pub(super) struct Conversation<'a, W> {
    pub(super) outgoing: &'a mut Outgoing<W>,
    pub(super) session: Session,
    pub(super) statements: HashMap<String, Named>,
    pub(super) recent: Recent,
    pub(super) portals: HashMap<String, Portal>,
    pub(super) cursors: HashMap<String, Cursor>,
    /// A query string of several statements runs, which are one transaction.
    pub(super) implicit: bool,
    /// An extended step failed: all up to Sync is passed over.
    pub(super) skipping: bool,
    /// A transaction block was open when the last statement ended.
    pub(super) in_block: bool,
    seat: Seat,
    progress: mpsc::Receiver<Notice>,
    /// Cancelled when the client is gone; each statement's token is its child.
    alive: CancellationToken,
    /// Cancelled when the server stops waiting for statements to end.
    halt: CancellationToken,
    /// How the session wants its text, and the settings that it was under.
    style: (u64, Style),
}

impl<W: AsyncWrite + Unpin> Conversation<'_, W> {
    /// Gives the session its first settings and tells the client that it is in.
    async fn welcome(&mut self, settings: &[(String, String)]) -> Result<()> {
        for (name, value) in settings {
            self.session.start_with(name, value)?;
        }
        for (name, value) in self.session.reported_settings() {
            self.outgoing.put(&ParameterStatus::new(name.to_owned(), value))?;
        }
        // They were just told.
        drop(self.session.changed_settings());
        self.outgoing.put(&BackendKeyData::new(self.seat.pid, self.seat.secret.clone()))?;
        self.ready().await.map_err(Failure::into_error)
    }

    /// Message by message until one side ends it.
    async fn converse<R: AsyncRead + Unpin>(mut self, incoming: &mut Incoming<R>, stop: &CancellationToken) -> Result<()> {
        loop {
            incoming.speak(self.style().charset());
            let received = self.next_of(incoming, stop).await?;
            let alive = self.alive.clone();
            let handled = match received {
                Received::Closed | Received::Message(PgWireFrontendMessage::Terminate(_)) => return Ok(()),
                received => tokio::select! {
                    biased;
                    // Boxed, so that an idle connection does not keep the room of its statements.
                    handled = Box::pin(self.handle(received)) => handled,
                    () = incoming.gone() => {
                        alive.cancel();
                        return Err(Error::new(Kind::Io, "the client went away while a statement ran"));
                    }
                },
            };
            handled.map_err(Failure::into_error)?;
        }
    }

    /// The next message, unless the server ends first.
    async fn next_of<R: AsyncRead + Unpin>(&mut self, incoming: &mut Incoming<R>, stop: &CancellationToken) -> Result<Received> {
        // Messages that came together are taken without a wait for the next.
        if !self.halt.is_cancelled()
            && let Some(received) = incoming.at_hand()?
        {
            return Ok(received);
        }
        loop {
            // What the client sent before the server stopped is still answered.
            let idle = !incoming.has_more();
            tokio::select! {
                biased;
                () = self.halt.cancelled() => return Err(shutdown()),
                () = stop.cancelled(), if idle => return Err(shutdown()),
                received = incoming.next() => return received,
                () = self.session.notified(), if !self.in_block => {}
            }
            if idle {
                self.tell_notifications()?;
                self.outgoing.flush().await?;
            }
        }
    }

    /// Tells the client what has come on the channels that it listens to, unless a transaction block is open: then it waits for its end.
    fn tell_notifications(&mut self) -> Result<(), Broken> {
        if self.in_block {
            return Ok(());
        }
        for Notification { from, channel, payload } in self.session.notifications() {
            self.outgoing.put(&NotificationResponse::new(from, channel, payload))?;
        }
        Ok(())
    }

    /// One message and its answer. An error is the connection's end.
    async fn handle(&mut self, received: Received) -> Result<(), Failure> {
        match received {
            Received::Message(PgWireFrontendMessage::Sync(_)) => self.sync().await,
            Received::Message(PgWireFrontendMessage::Query(query)) if !self.skipping => self.query(&query.query).await,
            Received::Message(PgWireFrontendMessage::Flush(_)) => Ok(self.outgoing.flush().await?),
            Received::Message(message) if message.is_extended_query() => self.step(message).await,
            // As PostgreSQL does: after an error all is passed over, and a COPY that failed may still send its data.
            Received::Message(
                PgWireFrontendMessage::Query(_)
                | PgWireFrontendMessage::CopyData(_)
                | PgWireFrontendMessage::CopyDone(_)
                | PgWireFrontendMessage::CopyFail(_),
            ) => Ok(()),
            Received::Message(_) => Err(violation("a message that has no place after authentication").into()),
            Received::Malformed { type_byte: b'Q' | b'F', error } if !self.skipping => {
                self.settle(Err(error.into()))?;
                self.ready().await
            }
            Received::Malformed { type_byte: b'S', error } => {
                self.settle(Err(error.into()))?;
                self.sync().await
            }
            Received::Malformed { .. } if self.skipping => Ok(()),
            Received::Malformed { error, .. } => self.skip_after(Err(error.into())),
            Received::Closed => Ok(()),
        }
    }

    /// From here on a cancel request reaches the statement that begins.
    pub(super) fn begin_statement(&mut self) -> CancellationToken {
        let cancel = self.alive.child_token();
        self.seat.running(Some(cancel.clone()));
        cancel
    }

    /// From here on a cancel request reaches a statement that goes on.
    pub(super) fn resume_statement(&mut self, prepared: &Prepared, cancel: &CancellationToken) {
        self.seat.running(Some(cancel.clone()));
        self.session.resume(prepared, cancel);
    }

    /// From here on a cancel request reaches nothing.
    pub(super) fn end_statement(&mut self) {
        self.seat.running(None);
    }

    /// A command is over: the next one has the time of `statement_timeout` for itself.
    pub(super) fn end_command(&mut self) {
        self.end_statement();
        self.session.rest();
    }

    /// Plans a statement; the client sees the progress of first touches meanwhile.
    pub(super) async fn prepare(
        &mut self,
        statement: &Statement,
        hints: &[Option<&'static PgType>],
        cancel: &CancellationToken,
    ) -> Result<Prepared, Failure> {
        let work = Box::pin(self.session.prepare(statement, hints, cancel));
        let prepared = attend(self.outgoing, &mut self.progress, cancel, work).await?;
        prepared.columns().map_or(Ok(()), |schema| rows::check_width(schema))?;
        Ok(prepared)
    }

    /// Runs a planned statement up to its first row.
    pub(super) async fn run(
        &mut self,
        prepared: &Prepared,
        parameters: &[ArrayRef],
        cancel: &CancellationToken,
    ) -> Result<Outcome, Failure> {
        let work = self.session.run(prepared, parameters, cancel);
        attend(self.outgoing, &mut self.progress, cancel, work).await
    }

    /// A statement ended well.
    pub(super) fn completed(&mut self, tag: String) -> Result<(), Failure> {
        if tag == "DISCARD ALL" {
            self.statements.clear();
            self.portals.clear();
            self.cursors.clear();
        }
        let in_block = self.session.transaction() != Transaction::Idle;
        if self.in_block {
            self.end_of_block(&tag, in_block);
        }
        self.in_block = in_block;
        self.follow_settings();
        self.tell_notices()?;
        self.outgoing.put(&CommandComplete::new(tag))?;
        Ok(())
    }

    /// Ends what lasts as long as the transaction block, or the savepoint, that a command with this tag ended.
    fn end_of_block(&mut self, tag: &str, in_block: bool) {
        let savepoints = self.session.savepoints();
        let rolled_back = tag == "ROLLBACK";
        // With AND CHAIN the next block is open already; ROLLBACK TO leaves the savepoint that it names.
        if !in_block || tag == "COMMIT" || (rolled_back && savepoints == 0) {
            self.portals.clear();
            // What a transaction declared goes with it when it is rolled back.
            self.cursors.retain(|_, cursor| cursor.options.hold && !(cursor.fresh && rolled_back));
            self.cursors.values_mut().for_each(|cursor| cursor.fresh = false);
        } else if rolled_back {
            self.cursors.retain(|_, cursor| !cursor.fresh || cursor.savepoints < savepoints);
        } else if tag == "RELEASE" {
            self.cursors.values_mut().for_each(|cursor| cursor.savepoints = cursor.savepoints.min(savepoints));
        }
    }

    /// Ends what lasts as long as a transaction, unless a block is open.
    pub(super) fn end_implicit(&mut self) {
        if self.session.transaction() == Transaction::Idle {
            self.portals.clear();
            self.cursors.retain(|_, cursor| cursor.options.hold);
            self.cursors.values_mut().for_each(|cursor| cursor.fresh = false);
        }
    }

    /// A token for what outlives this command and goes with the client.
    pub(super) fn outliving(&self) -> CancellationToken {
        self.alive.child_token()
    }

    /// Tells the client if a statement failed. What is left is an error that ends the connection.
    pub(super) fn settle(&mut self, ended: Result<(), Failure>) -> Result<(), Failure> {
        let e = match ended {
            Ok(()) => return Ok(()),
            Err(Failure::Connection(e)) => return Err(e.into()),
            Err(Failure::Statement(_)) if self.halt.is_cancelled() => return Err(shutdown().into()),
            Err(Failure::Statement(e)) => e,
        };
        if e.kind() == Kind::Internal {
            tracing::error!(pid = self.seat.pid, cause = std::error::Error::source(&e), "{e}");
        }
        self.session.fail_transaction();
        self.portals.clear();
        if self.session.transaction() == Transaction::Idle {
            // The statements since Query or Sync were one transaction, and it is rolled back.
            self.cursors.retain(|_, cursor| !cursor.fresh);
        }
        self.tell_notices()?;
        self.outgoing.error(Severity::Error, &e)?;
        Ok(())
    }

    /// Ends an answer: news of the session, where its transaction stands, and all that has gathered is written.
    pub(super) async fn ready(&mut self) -> Result<(), Failure> {
        self.session.end_statements();
        self.tell_notices()?;
        for (name, value) in self.session.changed_settings() {
            self.outgoing.put(&ParameterStatus::new(name.to_owned(), value))?;
        }
        let status = match self.session.transaction() {
            Transaction::Idle => TransactionStatus::Idle,
            Transaction::Open => TransactionStatus::Transaction,
            Transaction::Failed => TransactionStatus::Error,
        };
        self.in_block = status != TransactionStatus::Idle;
        self.tell_notifications()?;
        self.outgoing.put(&ReadyForQuery::new(status))?;
        self.outgoing.flush().await?;
        self.follow_settings();
        Ok(())
    }

    pub(super) fn tell_notices(&mut self) -> Result<(), Failure> {
        while let Ok(notice) = self.progress.try_recv() {
            self.outgoing.notice(&notice)?;
        }
        for notice in self.session.notices() {
            self.outgoing.notice(&notice)?;
        }
        Ok(())
    }

    /// Takes over what the settings say of how the client is answered.
    fn follow_settings(&mut self) {
        let generation = self.session.settings_generation();
        if self.style.0 != generation {
            self.style = (generation, Style::from_settings(|name| self.session.setting(name)));
            self.outgoing.tell_from(&self.session.setting("client_min_messages").unwrap_or_default());
            self.outgoing.speak(self.style.1.charset());
        }
    }

    /// How the session wants its text.
    pub(super) fn style(&self) -> Style {
        let (generation, style) = &self.style;
        // It may have changed within the string of statements that runs.
        if *generation == self.session.settings_generation() {
            style.clone()
        } else {
            Style::from_settings(|name| self.session.setting(name))
        }
    }
}

/// Waits for `work`, writes notices as they come, and returns early when cancelled, whatever the work does about it.
async fn attend<W: AsyncWrite + Unpin, T>(
    outgoing: &mut Outgoing<W>,
    progress: &mut mpsc::Receiver<Notice>,
    cancel: &CancellationToken,
    work: impl Future<Output = Result<T>>,
) -> Result<T, Failure> {
    let mut work = std::pin::pin!(work);
    loop {
        let notice = tokio::select! {
            biased;
            done = &mut work => return Ok(done?),
            () = cancel.cancelled() => return Err(rows::cancelled().into()),
            Some(notice) = progress.recv() => notice,
        };
        outgoing.notice(&notice)?;
        outgoing.flush().await?;
    }
}

pub(super) fn shutdown() -> Error {
    Error::new(Kind::Shutdown, "terminating connection due to administrator command")
}
