//! `LISTEN` and `NOTIFY` between connections: what PostgreSQL 15 sends, when, and what it does not.

use crate::harness::Server;
use crate::raw::{Message, Raw, error, kinds};

/// The notifications among messages: channel and payload.
fn told(messages: &[Message]) -> Vec<(String, String)> {
    let all = messages.iter().filter(|(kind, _)| *kind == 'A').map(|(_, body)| {
        let mut texts = body[4..].split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
        (texts.next().unwrap_or_default(), texts.next().unwrap_or_default())
    });
    all.collect()
}

fn pair(channel: &str, payload: &str) -> (String, String) {
    (channel.to_owned(), payload.to_owned())
}

#[test]
fn notifications_come_when_they_are_committed_and_between_transactions() {
    let address = Server::shared().address;
    let ((mut here, _), (mut there, _)) = (Raw::session(address, "open"), Raw::session(address, "open"));
    // One that waits for nothing else is told at once.
    assert_eq!(kinds(&here.query("listen a_channel")), "CZ");
    assert_eq!(kinds(&there.query("notify A_CHANNEL, 'x'")), "CZ");
    assert_eq!(told(&[here.receive().expect("a notification")]), [pair("a_channel", "x")]);
    // Whoever sends it and listens is told before it is ready; the same twice is one, and what is taken back is none.
    let sent = here
        .query("begin; notify a_channel, 'y'; notify a_channel, 'y'; savepoint s; notify a_channel, 'z'; rollback to s; commit");
    assert_eq!(told(&sent), [pair("a_channel", "y")]);
    assert_eq!(kinds(&sent[sent.len() - 2..]), "AZ");
    there.query("begin; notify a_channel, 'never'; rollback");
    assert_eq!(kinds(&there.query("notify a_channel, 'never'; select nothing")), "CEZ");
    // Within a block it waits, and pg_notify is the same.
    here.query("begin");
    assert_eq!(kinds(&there.query("select pg_notify('a_channel', 'w')")), "TDCZ");
    assert_eq!(told(&here.query("select 1")), []);
    assert_eq!(told(&here.query("commit")), [pair("a_channel", "w")]);
    // Nobody listens any more.
    here.query("unlisten *");
    there.query("notify a_channel");
    assert_eq!(kinds(&here.query("select 1")), "TDCZ");
    for (sql, message) in [
        ("select pg_notify('', 'x')", "channel name cannot be empty"),
        ("select pg_notify(repeat('c', 64), 'x')", "channel name too long"),
        ("select pg_notify('c', repeat('x', 8000))", "payload string too long"),
    ] {
        let refused = here.query(sql);
        assert_eq!((error(&refused, 'C').as_deref(), error(&refused, 'M').as_deref()), (Some("22023"), Some(message)));
    }
}
