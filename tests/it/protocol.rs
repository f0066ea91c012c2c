//! The protocol message by message, over a bare socket: framing, startup, formats of values, transaction status, cancel.

use std::time::{Duration, Instant};

use crate::harness::Server;
use crate::raw::{Raw, cancel_key, error, kinds, message, startup, text, value};

fn session() -> Raw {
    Raw::session(Server::shared().address, "open").0
}

/// Parse, Bind, Execute and Sync of a statement with one parameter.
fn ask(raw: &mut Raw, sql: &str, (format, parameter): (u16, Option<&[u8]>), result: u16) -> Vec<crate::raw::Message> {
    let mut bind = text("");
    bind.extend(text(""));
    bind.extend(1u16.to_be_bytes());
    bind.extend(format.to_be_bytes());
    bind.extend(1u16.to_be_bytes());
    match parameter {
        Some(bytes) => {
            bind.extend((bytes.len() as u32).to_be_bytes());
            bind.extend(bytes);
        }
        None => bind.extend((-1i32).to_be_bytes()),
    }
    bind.extend(1u16.to_be_bytes());
    bind.extend(result.to_be_bytes());
    let parse = [text(""), text(sql), vec![0, 0]].concat();
    let execute = [text(""), vec![0; 4]].concat();
    raw.packet(&[message(b'P', &parse), message(b'B', &bind), message(b'E', &execute), message(b'S', &[])].concat());
    raw.until_ready()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |c: u8| char::from(c).to_digit(16).expect("a hexadecimal digit") as u8;
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// Each type's text and binary form, taken from PostgreSQL 15's own output and `typsend` functions.
const VALUES: &[(&str, &str, &str)] = &[
    ("bool", "t", "01"),
    ("bool", "f", "00"),
    ("int2", "-32768", "8000"),
    ("int4", "2147483647", "7fffffff"),
    ("int8", "-9223372036854775808", "8000000000000000"),
    ("float4", "1.5", "3fc00000"),
    ("float4", "-Infinity", "ff800000"),
    ("float8", "0.1", "3fb999999999999a"),
    ("float8", "1e+300", "7e37e43c8800759c"),
    ("float8", "NaN", "7ff8000000000000"),
    ("numeric", "-12345.6789", "0003 0001 4000 0004 0001 0929 1a85"),
    ("numeric", "0", "0000 0000 0000 0000"),
    ("numeric(15, 10)", "-12345.6789000000", "0003 0001 4000 000a 0001 0929 1a85"),
    ("numeric(15, 10)", "0.0000000000", "0000 0000 0000 000a"),
    ("text", "焼津市 'quoted' \\", "e784bce6b4a5e5b882202771756f74656427205c"),
    ("text", "", ""),
    ("date", "2024-02-29", "0000 2279"),
    ("date", "1969-12-31", "ffffd532"),
    ("timestamp", "2024-02-29 12:34:56.789", "0002b58341728608"),
    ("timestamptz", "2024-02-29 12:34:56+00", "0002b58341667c00"),
    ("interval", "1 year 2 mons 3 days 04:05:06.7", "000000036c966ee0 00000003 0000000e"),
    ("interval", "-1 days -00:00:01", "fffffffffff0bdc0 ffffffff 00000000"),
    ("bytea", "\\x00ff5c", "00ff5c"),
    ("int4[]", "{1,NULL,3}", "00000001 00000001 00000017 00000003 00000001 00000004 00000001 ffffffff 00000004 00000003"),
    ("text[]", "{a,\"b c\",NULL}", "00000001 00000001 00000019 00000003 00000001 00000001 61 00000003 622063 ffffffff"),
    ("float8[]", "{}", "00000000 00000000 000002bd"),
];

#[test]
fn values_go_in_and_come_out_in_both_formats() {
    let mut raw = session();
    for (name, shown, sent) in VALUES {
        let sent = bytes(&sent.replace(' ', ""));
        let sql = format!("select $1::{name}");
        for (result, want) in [(0, shown.as_bytes()), (1, sent.as_slice())] {
            for given in [(0, Some(shown.as_bytes())), (1, Some(sent.as_slice()))] {
                let answer = ask(&mut raw, &sql, given, result);
                assert_eq!(error(&answer, 'M'), None, "{name} {shown}");
                let got = value(&answer).unwrap_or_else(|| panic!("{name} {shown} came out null"));
                assert_eq!(got, want, "{name} {shown} in format {} as {}", given.0, String::from_utf8_lossy(&got));
            }
            let null = ask(&mut raw, &sql, (1, None), result);
            assert_eq!((kinds(&null).as_str(), value(&null)), ("12DCZ", None), "{name}");
        }
    }
}

#[test]
fn encryption_is_declined_and_the_session_begins() {
    let mut raw = Raw::open(Server::shared().address);
    raw.packet(&startup(80_877_104, &[]));
    assert_eq!(raw.byte(), b'N', "GSSENCRequest");
    raw.packet(&startup(80_877_103, &[]));
    assert_eq!(raw.byte(), b'N', "SSLRequest");
    raw.packet(&startup(3 << 16, &[("user", "tester"), ("database", "open")]));
    let said = raw.until_ready();
    assert!(kinds(&said).starts_with("RSS") && kinds(&said).ends_with("KZ"), "{}", kinds(&said));
}

#[test]
fn options_of_the_protocol_are_negotiated_away() {
    let mut raw = Raw::open(Server::shared().address);
    raw.packet(&startup(3 << 16 | 2, &[("user", "tester"), ("database", "open"), ("_pq_.x", "1")]));
    let said = raw.until_ready();
    let (kind, body) = &said[0];
    assert_eq!((*kind, body.as_slice()), ('v', b"\0\x03\0\x02\0\0\0\x01_pq_.x\0".as_slice()));
    assert_eq!(value(&raw.query("select 'in'")).as_deref(), Some(b"in".as_slice()));
}

#[test]
fn what_breaks_the_framing_ends_the_connection() {
    let in_session: &[(&[u8], &str)] = &[
        (b"Q\0\0\0\0", "invalid message length"),
        (b"Q\x7f\xff\xff\xff", "invalid message length"),
        (b"!\0\0\0\x04", "invalid frontend message type 33"),
    ];
    for (sent, want) in in_session {
        let mut raw = session();
        raw.packet(sent);
        let said = raw.until_ready();
        assert_eq!(kinds(&said), "E", "{want}");
        assert_eq!((error(&said, 'S').as_deref(), error(&said, 'C').as_deref()), (Some("FATAL"), Some("08P01")));
        assert_eq!(error(&said, 'M').as_deref(), Some(*want));
    }
    // Before a session nothing long is taken, nor kept.
    for sent in [&b"\0\0\0\0"[..], b"\x7f\xff\xff\xff\0\x03\0\0", b"GET / HTTP/1.1\r\n\r\n"] {
        let mut raw = Raw::open(Server::shared().address);
        raw.packet(sent);
        let said = raw.until_ready();
        assert_eq!(error(&said, 'M').as_deref(), Some("invalid length of startup packet"), "{sent:?}");
    }
}

#[test]
fn text_that_is_not_utf8_fails_its_statement_alone() {
    let mut raw = session();
    raw.send(b'Q', b"select '\xff'\0");
    let said = raw.until_ready();
    assert_eq!((kinds(&said).as_str(), error(&said, 'C').as_deref()), ("EZ", Some("22021")));
    let said = ask(&mut raw, "select $1::text", (0, Some(b"\xc3\x28")), 0);
    assert_eq!((kinds(&said).as_str(), error(&said, 'C').as_deref()), ("1EZ", Some("22021")));
    assert_eq!(kinds(&raw.query("select 1")), "TDCZ");
}

#[test]
fn strings_of_statements_stop_at_the_first_that_fails() {
    let mut raw = session();
    for (sql, want) in [
        ("", "IZ"),
        (" ; ", "IZ"),
        ("select 1; select 2", "TDCTDCZ"),
        ("select 1; select 1 / 0; select 2", "TDCTEZ"),
        ("select 1; selec 2", "EZ"),
        ("begin; select 1; commit", "CTDCCZ"),
    ] {
        // An error at the first row comes before or behind the row description.
        assert_eq!(kinds(&raw.query(sql)).replace("TEZ", "EZ"), want.replace("TEZ", "EZ"), "{sql}");
    }
}

#[test]
fn the_status_byte_follows_the_transaction() {
    let mut raw = session();
    for (sql, status, code) in [
        ("select 1", b'I', None),
        ("begin", b'T', None),
        ("select 1", b'T', None),
        ("select nope", b'E', Some("42703")),
        ("select 1", b'E', Some("25P02")),
        ("commit", b'I', None),
        ("select 1 / 0", b'I', Some("22012")),
        ("begin; select nope; select 1", b'E', Some("42703")),
        ("rollback", b'I', None),
    ] {
        let said = raw.query(sql);
        assert_eq!(error(&said, 'C').as_deref(), code, "{sql}");
        assert_eq!(said.last().map(|(_, body)| body.as_slice()), Some([status].as_slice()), "{sql}");
    }
}

#[test]
fn after_a_failed_step_all_up_to_sync_is_passed_over() {
    let mut raw = session();
    let parse = |name: &str, sql: &str| message(b'P', &[text(name), text(sql), vec![0, 0]].concat());
    let sync = message(b'S', &[]);
    let describe = |name: &str| message(b'D', &[vec![b'S'], text(name)].concat());
    raw.packet(&[parse("a", "select 1"), parse("b", "select nope"), parse("c", "select 3"), sync.clone()].concat());
    assert_eq!(kinds(&raw.until_ready()), "1EZ");
    raw.packet(&[describe("a"), sync.clone(), describe("c"), sync].concat());
    assert_eq!(kinds(&raw.until_ready()), "tTZ", "what stood before the error stays");
    let said = raw.until_ready();
    assert_eq!(error(&said, 'C').as_deref(), Some("26000"), "what stood behind it was passed over");
}

#[test]
fn changed_settings_are_told() {
    let mut raw = session();
    let told = |said: &[crate::raw::Message]| -> Vec<String> {
        let all = said.iter().filter(|(kind, _)| *kind == 'S');
        all.map(|(_, body)| String::from_utf8_lossy(&body[..body.len() - 1]).replace('\0', "=")).collect()
    };
    assert_eq!(told(&raw.query("set timezone to 'Asia/Tokyo'")), ["TimeZone=Asia/Tokyo"]);
    assert_eq!(told(&raw.query("begin; set local application_name = 'x'")), ["application_name=x"]);
    assert_eq!(told(&raw.query("rollback")), ["application_name="]);
    assert_eq!(told(&raw.query("select 1")), Vec::<String>::new());
    assert_eq!(value(&raw.query("show timezone")).as_deref(), Some(b"Asia/Tokyo".as_slice()));
}

/// Runs for minutes unless it is ended.
pub const LONG: &str = "select count(*) from transport.ourairports_airports a, transport.ourairports_airports b, \
    transport.ourairports_airports c where a.name < b.name and b.name < c.name";

/// Waits until so many statements run whose text begins with this comment.
pub fn wait_for_running(watcher: &mut Raw, comment: &str, count: &[u8]) {
    let running = format!("select count(*) from pg_stat_activity where state = 'active' and query like '{comment}%'");
    let start = Instant::now();
    while value(&watcher.query(&running)).as_deref() != Some(count) {
        assert!(start.elapsed() < Duration::from_secs(20), "not {} running", String::from_utf8_lossy(count));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn only_the_right_key_cancels() {
    let server = Server::shared();
    let (mut watcher, _) = Raw::session(server.address, "open");
    let (mut raw, said) = Raw::session(server.address, "open");
    let key = cancel_key(&said);
    let mut wrong = key.clone();
    wrong[7] ^= 1;
    // The first touch is not what this test waits for.
    raw.query("select count(*) from transport.ourairports_airports");
    raw.send(b'Q', &text(&format!("/* key */ {LONG}")));
    let cancel = |key: &[u8]| {
        let mut other = Raw::open(server.address);
        other.packet(&[&16u32.to_be_bytes(), &80_877_102u32.to_be_bytes(), key].concat());
        assert!(other.receive().is_none(), "a cancel request has no answer");
    };
    wait_for_running(&mut watcher, "/* key */", b"1");
    cancel(&wrong);
    std::thread::sleep(Duration::from_millis(200));
    wait_for_running(&mut watcher, "/* key */", b"1");
    let asked = Instant::now();
    cancel(&key);
    let said = raw.until_ready();
    assert_eq!(error(&said, 'C').as_deref(), Some("57014"));
    assert!(asked.elapsed() < Duration::from_secs(5), "cancelled after {:?}", asked.elapsed());
    assert_eq!(kinds(&raw.query("select 1")), "TDCZ");
}

#[test]
fn a_client_that_vanishes_frees_its_query() {
    let server = Server::shared();
    let (mut watcher, _) = Raw::session(server.address, "open");
    watcher.query("select count(*) from transport.ourairports_airports");
    let (mut raw, _) = Raw::session(server.address, "open");
    raw.send(b'Q', &text(&format!("/* gone */ {LONG}")));
    wait_for_running(&mut watcher, "/* gone */", b"1");
    drop(raw);
    wait_for_running(&mut watcher, "/* gone */", b"0");
}

/// A statement that ended the process: its expression is far deeper than any stack, and no operator in it is a common one.
#[test]
fn chains_of_any_operator_are_refused() {
    let mut raw = session();
    for link in [" -> 'a'", " ~ 'a'", " collate x", "[1]"] {
        let said = raw.query(&format!("select '{{}}'{}", link.repeat(100_000)));
        assert_eq!(error(&said, 'C').as_deref(), Some("54001"), "{link}");
    }
    assert_eq!(kinds(&raw.query("select 1")), "TDCZ");
}

#[test]
fn what_a_session_is_can_not_be_said_by_its_client() {
    let mut raw = Raw::open(Server::shared().address);
    let options = ("options", "-c session_authorization=root");
    raw.packet(&startup(3 << 16, &[("user", "tester"), ("database", "open"), options]));
    let said = raw.until_ready();
    assert_eq!((error(&said, 'S').as_deref(), error(&said, 'C').as_deref()), (Some("FATAL"), Some("22023")));
}
