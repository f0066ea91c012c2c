//! Prepared statements, cursors and COPY, asked for by real clients. What PostgreSQL 15 answers to `tests/psql/*.sql` stands beside them.

use crate::harness::{Server, Setup, fixtures, root};
use crate::raw::{Message, Raw, error, kinds, message, text};
use futures::{StreamExt, TryStreamExt};

/// What psql prints for a script that was written down from PostgreSQL 15: the rows, and the errors with their line and SQLSTATE.
fn as_postgresql(script: &str) {
    let folder = root().join("tests/psql");
    let read = |name: String| std::fs::read_to_string(folder.join(&name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let file = folder.join(format!("{script}.sql"));
    let file = file.to_str().expect("a path in UTF-8");
    let (out, err) = Server::shared().psql("open", &["-v", "VERBOSITY=verbose", "-a", "-f", file]);
    let prefix = format!("psql:{file}:");
    let err: String = err
        .lines()
        .filter(|line| !line.starts_with("LOCATION"))
        .map(|line| format!("{}\n", line.strip_prefix(&prefix).unwrap_or(line)))
        .collect();
    assert_eq!(out, read(format!("{script}.out")));
    assert_eq!(err, read(format!("{script}.err")));
}

#[test]
fn commands_are_answered_as_postgresql_does() {
    as_postgresql("commands");
}

#[test]
fn cursors_go_back_as_postgresqls_do() {
    as_postgresql("scrolling");
}

#[test]
fn columns_and_parameters_are_told_as_postgresql_does() {
    as_postgresql("descriptions");
}

#[tokio::test]
async fn drivers_copy_rows_out_in_every_form() {
    let client = Server::shared().client("open").await;
    let rows = "select n, 'a' || n as t from generate_series(1, 3) as s(n)";
    for (options, want) in [
        ("", "1\ta1\n2\ta2\n3\ta3\n"),
        ("with csv header", "n,t\n1,a1\n2,a2\n3,a3\n"),
        ("(format csv, force_quote *)", "\"1\",\"a1\"\n\"2\",\"a2\"\n\"3\",\"a3\"\n"),
    ] {
        let stream = client.copy_out(&format!("copy ({rows}) to stdout {options}")).await.expect("COPY begins");
        let chunks: Vec<_> = stream.try_collect().await.expect("COPY ends");
        assert_eq!(String::from_utf8(chunks.concat()).expect("text"), want, "{options}");
    }
    // As many as the protocol's buffers hold many times over, in the binary form.
    let sql = "copy (select n, repeat('x', 100) from generate_series(1, 100000) as s(n)) to stdout (format binary)";
    let stream = client.copy_out(sql).await.expect("COPY begins");
    let (mut bytes, mut messages) = (0, 0);
    let mut stream = std::pin::pin!(stream);
    while let Some(chunk) = stream.next().await {
        bytes += chunk.expect("a part of it").len();
        messages += 1;
    }
    assert_eq!((bytes, messages), (19 + 100_000 * (2 + 4 + 4 + 4 + 100) + 2, 100_001));
    // An error amid the rows is the statement's, and the connection goes on.
    let stream = client
        .copy_out("copy (select 10 / (n - 50000) from generate_series(1, 100000) as s(n)) to stdout")
        .await
        .expect("it begins");
    let failed = stream.try_collect::<Vec<_>>().await.expect_err("a division by zero");
    assert_eq!(failed.code().map(tokio_postgres::error::SqlState::code), Some("22012"));
    assert_eq!(client.query_one("select 1::int", &[]).await.expect("it goes on").get::<_, i32>(0), 1);
}

#[tokio::test]
async fn cursors_and_portals_are_one() {
    let mut client = Server::shared().client("open").await;
    let transaction = client.transaction().await.expect("BEGIN");
    // A cursor of SQL with a parameter of the protocol, fetched in the binary form.
    let declare =
        transaction.prepare("declare c cursor for select n from generate_series(1::bigint, 100) as s(n) where n > $1").await;
    let declare = declare.expect("DECLARE takes parameters");
    transaction.execute(&declare, &[&95_i64]).await.expect("DECLARE");
    let fetched = transaction.query("fetch 2 from c", &[]).await.expect("FETCH");
    assert_eq!(fetched.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>(), [96, 97]);
    transaction.execute("move c", &[]).await.expect("MOVE");
    let fetched = transaction.query("fetch all from c", &[]).await.expect("FETCH");
    assert_eq!(fetched.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>(), [99, 100]);
    transaction.commit().await.expect("COMMIT");
    let gone = client.query("fetch c", &[]).await.expect_err("it went with its transaction");
    assert_eq!(gone.code().map(tokio_postgres::error::SqlState::code), Some("34000"));
}

#[tokio::test]
async fn a_cursor_that_nobody_reads_on_is_no_burden() {
    let server = Server::start(Setup { catalogs: vec![("open", fixtures())], memory: Some(16 << 20), ..Setup::default() });
    let client = server.client("open").await;
    client
        .batch_execute("begin; declare c scroll cursor for select n from generate_series(1, 10000000) as s(n)")
        .await
        .expect("DECLARE");
    let rows = client.simple_query("fetch 3 from c").await.expect("FETCH");
    assert!(rows.len() >= 3);
    // More than the memory that is shared is an error of this statement.
    let failed = client.simple_query("move last in c").await.expect_err("it does not fit");
    assert_eq!(failed.code().map(tokio_postgres::error::SqlState::code), Some("53200"));
    client.batch_execute("rollback").await.expect("ROLLBACK");
}

/// Parse of a statement, Bind to a portal with all as text, Execute of a portal, and Sync.
fn execute(raw: &mut Raw, sql: &str, bound: &str, executed: &str) -> Vec<Message> {
    let parse = [text(""), text(sql), vec![0; 2]].concat();
    let bind = [text(bound), text(""), vec![0; 6]].concat();
    let execute = [text(executed), vec![0; 4]].concat();
    raw.packet(&[message(b'P', &parse), message(b'B', &bind), message(b'E', &execute), message(b'S', &[])].concat());
    raw.until_ready()
}

/// As PostgreSQL 15 answers the same messages.
#[test]
fn cursors_and_portals_share_their_names() {
    let (mut raw, _) = Raw::session(Server::shared().address, "open");
    raw.query("begin; declare c binary cursor for select 12::int");
    // Bind says how rows are sent, whatever the cursor was declared as.
    let fetched = execute(&mut raw, "fetch c", "", "");
    assert_eq!((kinds(&fetched).as_str(), &fetched[2].1[..]), ("12DCZ", &b"\0\x01\0\0\0\x0212"[..]));
    let taken = execute(&mut raw, "select 7", "c", "c");
    assert_eq!(error(&taken, 'C').as_deref(), Some("42P03"));
    // The transaction failed, and so nothing is fetched by Execute either.
    raw.packet(&[message(b'E', &[text("c"), vec![0; 4]].concat()), message(b'S', &[])].concat());
    assert_eq!(error(&raw.until_ready(), 'C').as_deref(), Some("25P02"));
    raw.query("rollback; begin");
    // What gives no rows is not run by FETCH.
    let bind = [text("p"), text(""), vec![0; 6]].concat();
    let parse = [text(""), text("copy (select 1) to stdout"), vec![0; 2]].concat();
    raw.packet(&[message(b'P', &parse), message(b'B', &bind), message(b'S', &[])].concat());
    raw.until_ready();
    assert_eq!(kinds(&raw.query("fetch p")), "EZ");
    raw.query("rollback; begin");
    assert_eq!(kinds(&execute(&mut raw, "select 1", "p", "p")), "12DCZ");
    let at_the_end = raw.query("fetch p");
    assert_eq!(kinds(&at_the_end), "TCZ");
    raw.query("rollback");
}
