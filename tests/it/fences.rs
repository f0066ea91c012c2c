//! What nobody gets past who has not logged in: each of these fails once its fence is taken away, and says how that was seen.

use std::time::{Duration, Instant};

use stoa::wire::{Endpoint, Options, TlsFiles};

use crate::auth::{serve, shared};
use crate::certificates::Certificates;
use crate::harness::{Server, Setup, fixtures, root};
use crate::process::Launch;
use crate::raw::{Message, Raw, error, kinds, message, startup, text, value};

const VERSION: u32 = 3 << 16;
const SSL: u32 = 80_877_103;

/// The SQLSTATE and the message of the error that ends a connection.
fn fatal(said: &[Message]) -> (String, String) {
    let field = |code| error(said, code).unwrap_or_default();
    assert_eq!(field('S'), "FATAL", "{}", kinds(said));
    (field('C'), field('M'))
}

fn refused(said: &[Message], code: &str, words: &str) {
    let (found, message) = fatal(said);
    assert!(found == code && message.contains(words), "{found} {message}");
}

/// A login as this user, up to the server's asking for a proof.
fn asked(raw: &mut Raw, user: &str) -> Message {
    raw.packet(&startup(VERSION, &[("user", user), ("database", "open")]));
    raw.receive().expect("the server asks for a proof")
}

fn initial(mechanism: &str, first: &str) -> Vec<u8> {
    message(b'p', &[text(mechanism), (first.len() as u32).to_be_bytes().to_vec(), first.as_bytes().to_vec()].concat())
}

/// CVE-2021-23214. Without the fence the server says `S` and waits for a handshake behind which it would obey what stood there: the read
/// gives up after a minute (seen with `nothing_behind` of `wire/startup.rs` always content).
#[test]
fn bytes_behind_an_ssl_request_are_refused() {
    let (_, server) = shared();
    let login = startup(VERSION, &[("user", "ann"), ("database", "open")]);
    for behind in [login, vec![0x16], startup(SSL, &[])] {
        let mut raw = Raw::open(server.address);
        raw.packet(&[startup(SSL, &[]), behind].concat());
        let said = raw.until_ready();
        assert_eq!(kinds(&said), "E");
        refused(&said, "08P01", "received unencrypted data after SSL request");
    }
}

/// Without the fence the server waits for the rest, and holds what comes: the read gives up after a minute (seen with
/// `STARTUP_MESSAGE` and `LOGIN_MESSAGE` of `wire/framing.rs` raised to 4 GB).
#[test]
fn long_messages_are_refused_by_their_length_alone() {
    let (_, server) = shared();
    let head = |length: u32| length.to_be_bytes().to_vec();
    for length in [10_001, 100_000_000, u32::MAX] {
        let mut raw = Raw::open(server.address);
        raw.packet(&[head(length), VERSION.to_be_bytes().to_vec()].concat());
        refused(&raw.until_ready(), "08P01", "invalid length of startup packet");
    }
    // Up to the limit they are taken.
    let mut raw = Raw::open(server.address);
    let rest = [("user", "ann"), ("database", "open"), ("application_name", "")];
    let name = "x".repeat(10_000 - startup(VERSION, &rest).len());
    raw.packet(&startup(VERSION, &[rest[0], rest[1], ("application_name", &name)]));
    assert_eq!(raw.receive().map(|m| m.0), Some('R'));
    for (length, taken) in [((16 << 10) + 1, false), (100_000_000, false), (16 << 10, true)] {
        let mut raw = Raw::open(server.address);
        asked(&mut raw, "ann");
        raw.packet(&[b"p".to_vec(), head(length)].concat());
        if taken {
            raw.packet(&vec![b'x'; length as usize - 4]);
            refused(&raw.until_ready(), "08P01", "invalid string in message");
        } else {
            refused(&raw.until_ready(), "08P01", "invalid message length");
        }
    }
    let (mut raw, _) = Raw::session(Server::shared().address, "open");
    raw.packet(&[b"Q".to_vec(), head((16 << 20) + 1)].concat());
    refused(&raw.until_ready(), "08P01", "invalid message length");
}

/// pgwire waits on a message of length 0. Without the fence a packet is cut before its own length, and taking it apart panics: XX000 (seen
/// with a `least` of 0 in `wire/framing.rs`).
#[test]
fn messages_shorter_than_their_head_are_refused() {
    let (_, server) = shared();
    for length in [0u32, 3] {
        let mut raw = Raw::open(server.address);
        raw.packet(&length.to_be_bytes());
        refused(&raw.until_ready(), "08P01", "invalid length of startup packet");
        let mut raw = Raw::open(server.address);
        asked(&mut raw, "ann");
        raw.packet(&[b"p", &length.to_be_bytes()[..]].concat());
        refused(&raw.until_ready(), "08P01", "invalid message length");
        let (mut raw, _) = Raw::session(Server::shared().address, "open");
        raw.packet(&[b"S", &length.to_be_bytes()[..]].concat());
        refused(&raw.until_ready(), "08P01", "invalid message length");
    }
}

/// Without the fence the read gives up after a minute (seen with a timeout a thousand times as long in `wire/login.rs`).
#[test]
fn a_login_has_a_deadline_whatever_it_waits_for() {
    let certificates = Certificates::new();
    let start = |timeout: u64| {
        let users = certificates.write("roles", crate::auth::ROLES);
        let method = stoa::wire::Method::Scram;
        let access = stoa::wire::Access { method, users: Some(users), tls: Some(certificates.files()), ..Default::default() };
        let authentication_timeout = Some(Duration::from_millis(timeout));
        Server::start(Setup { catalogs: vec![("open", fixtures())], access, authentication_timeout, ..Setup::default() })
    };
    let server = start(1500);
    let begun = Instant::now();
    let silent = Raw::open(server.address);
    let mut asked_for_proof = Raw::open(server.address);
    asked(&mut asked_for_proof, "ann");
    let mut under_tls = Raw::secure(server.address, certificates.client(&[]));
    asked(&mut under_tls, "ann");
    for mut raw in [silent, asked_for_proof, under_tls] {
        refused(&raw.until_ready(), "57014", "canceling authentication due to timeout");
    }
    // In the midst of a handshake there are no words.
    let mut in_handshake = Raw::open(server.address);
    in_handshake.packet(&startup(SSL, &[]));
    assert_eq!(in_handshake.byte(), b'S');
    in_handshake.packet(b"\x16\x03\x01");
    assert!(in_handshake.receive().is_none());
    // A byte now and then does not help.
    let mut dripping = Raw::open(server.address);
    let packet = startup(VERSION, &[("user", "ann"), ("database", "open")]);
    for byte in &packet[..8] {
        dripping.packet(&[*byte]);
        std::thread::sleep(Duration::from_millis(40));
    }
    assert_eq!(kinds(&dripping.until_ready()), "E");
    assert!(begun.elapsed() < Duration::from_secs(30), "after {:?}", begun.elapsed());
    // Who is in stays.
    let trusting = Server::start(Setup {
        catalogs: vec![("open", fixtures())],
        authentication_timeout: Some(Duration::from_millis(2000)),
        ..Setup::default()
    });
    let (mut raw, _) = Raw::session(trusting.address, "open");
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(value(&raw.query("select 1")).as_deref(), Some(b"1".as_slice()));
}

/// pgwire replaces what is not UTF-8. Without the fence a session begins, as another user (seen with `utf8(texts)?` left out of
/// `wire/startup.rs`).
#[test]
fn names_that_are_no_utf8_are_refused() {
    let address = Server::shared().address;
    for parameters in [&b"user\0a\xff\0database\0open\0\0"[..], b"user\0ann\0database\0\xc3\x28\0\0"] {
        let mut raw = Raw::open(address);
        let length = 8 + parameters.len() as u32;
        raw.packet(&[&length.to_be_bytes(), &VERSION.to_be_bytes()[..], parameters].concat());
        refused(&raw.until_ready(), "22021", "invalid byte sequence for encoding \"UTF8\"");
    }
    let mut raw = Raw::open(shared().1.address);
    asked(&mut raw, "ann");
    raw.packet(&message(b'p', b"SCRAM-SHA-256\0\0\0\0\x02\xc3\x28"));
    refused(&raw.until_ready(), "22021", "invalid byte sequence for encoding \"UTF8\"");
}

/// Everything that is said in an exchange with a wrong proof, random parts and the name left out.
fn wrong_login(raw: &mut Raw, user: &str) -> (String, String) {
    let mut said = vec![asked(raw, user)];
    raw.packet(&initial("SCRAM-SHA-256", "n,,n=,r=client"));
    let challenge = raw.receive().expect("the server's first message");
    let first = String::from_utf8_lossy(&challenge.1[4..]).into_owned();
    let salt = first.split(',').find(|a| a.starts_with("s=")).expect("a salt").to_owned();
    let nonce = first.split(',').next().expect("a nonce");
    let iterations = first.split(',').next_back().expect("iterations");
    let shape = format!("{} {} {iterations}", nonce.len(), salt.len());
    let proof = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    raw.packet(&message(b'p', format!("c=biws,{nonce},p={proof}").as_bytes()));
    said.extend(raw.until_ready());
    let all: Vec<String> = said.iter().map(|(kind, body)| format!("{kind}{}", String::from_utf8_lossy(body))).collect();
    (format!("{shape} {}", all.join("\n").replace(user, "USER")), salt)
}

/// Without the fence an unknown role is told apart by its error, or by a salt that is never the same twice (seen with
/// `Gate::admit` refusing unknown names at once).
#[test]
fn unknown_roles_look_like_wrong_passwords() {
    let (certificates, server) = shared();
    let plain = || Raw::open(server.address);
    let (known, salt) = wrong_login(&mut plain(), "ann");
    assert!(known.contains("C28P01\0Mpassword authentication failed for user \"USER\""), "{known}");
    let mut salts = vec![salt];
    for user in ["nobody", "svc", "ANN", "no\"body"] {
        let (said, salt) = wrong_login(&mut plain(), user);
        assert_eq!(said, known, "{user}");
        assert_eq!(wrong_login(&mut plain(), user).1, salt, "{user}");
        assert!(!salts.contains(&salt), "{user}");
        salts.push(salt);
    }
    let secure = || Raw::secure(server.address, certificates.client(&[]));
    assert_eq!(wrong_login(&mut secure(), "nobody").0, wrong_login(&mut secure(), "ann").0);
}

/// pgwire goes on to ReadyForQuery after some logins that failed. Without the fence there is a `Z` among what is said (seen with
/// `Gate::admit` giving true for what is not proved).
#[test]
fn a_login_that_failed_is_the_end() {
    let (_, server) = shared();
    let login = |user: &str, database: &str| startup(VERSION, &[("user", user), ("database", database)]);
    let exchange = |parts: &[Vec<u8>]| [&[login("ann", "open")], parts].concat();
    let first = || initial("SCRAM-SHA-256", "n,,n=,r=client");
    let proof = message(b'p', b"c=biws,r=client,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let query = message(b'Q', b"select 1\0");
    for (sent, code, words) in [
        (exchange(&[initial("SCRAM-SHA-1", "")]), "08P01", "client selected an invalid SASL authentication mechanism"),
        (exchange(&[initial("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=a")]), "08P01", "invalid SASL"),
        (exchange(&[initial("SCRAM-SHA-256", "x")]), "08P01", "malformed SCRAM message"),
        (exchange(&[first(), proof.clone()]), "08P01", "invalid SCRAM response"),
        (exchange(&[first(), message(b'p', b"")]), "08P01", "malformed SCRAM message"),
        (exchange(std::slice::from_ref(&query)), "08P01", "expected SASL response, got message type 81"),
        (exchange(&[message(b'p', b"secret\0")]), "08P01", "client selected an invalid SASL authentication mechanism"),
        (vec![startup(VERSION, &[("user", "ann"), ("replication", "true")])], "0A000", "replication"),
        (vec![startup(VERSION, &[("database", "open")])], "28000", "no PostgreSQL user name specified"),
        (vec![login("", "open")], "28000", "no PostgreSQL user name specified"),
    ] {
        let mut raw = Raw::open(server.address);
        // What hangs on an answer is sent without waiting for it, and a query behind all.
        raw.packet(&[sent.concat(), query.clone()].concat());
        let said = raw.until_ready();
        assert!(!kinds(&said).contains('Z') && kinds(&said).ends_with('E'), "{words}: {}", kinds(&said));
        refused(&said, code, words);
        assert!(raw.receive().is_none(), "{words}: the connection stays");
    }
    let (said, _) = wrong_login(&mut Raw::open(server.address), "ann");
    assert!(said.contains("28P01") && !said.contains("\nZ"), "{said}");
    for (parameters, code) in [
        ([("user", "ann"), ("database", "nothing")], "3D000"),
        ([("user", "ann"), ("options", "-c nothing=1")], "42704"),
        ([("user", "ann"), ("client_encoding", "nonsense")], "22023"),
    ] {
        let mut raw = Raw::open(Server::shared().address);
        raw.packet(&[startup(VERSION, &parameters), query.clone()].concat());
        let said = raw.until_ready();
        assert_eq!((kinds(&said).as_str(), fatal(&said).0.as_str()), ("RE", code));
        assert!(raw.receive().is_none());
    }
}

/// Somebody between the two who takes SCRAM-SHA-256-PLUS out of the offer. Without the fence the exchange goes on, and the read gives up
/// after a minute (seen with `"y"` taken as `"n"` is in `wire/auth/scram.rs`).
#[test]
fn an_offer_of_binding_can_not_be_taken_away() {
    let (certificates, server) = shared();
    let mut raw = Raw::secure(server.address, certificates.client(&[]));
    asked(&mut raw, "ann");
    raw.packet(&initial("SCRAM-SHA-256", "y,,n=,r=client"));
    refused(&raw.until_ready(), "28000", "SCRAM channel binding negotiation error");
    // A binding to another certificate: to the server's of somebody between the two.
    let mut raw = Raw::secure(server.address, certificates.client(&[]));
    asked(&mut raw, "ann");
    raw.packet(&initial("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=client"));
    let challenge = raw.receive().expect("the server's first message");
    let first = String::from_utf8_lossy(&challenge.1[4..]).into_owned();
    let nonce = first.split(',').next().expect("a nonce");
    let other = "cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let proof = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    raw.packet(&message(b'p', format!("c={other},{nonce},p={proof}").as_bytes()));
    refused(&raw.until_ready(), "28000", "SCRAM channel binding check failed");
}

/// datafusion-postgres only warns and goes on in plain text. Without the fence the server starts (seen with the error of `Tls::load` made
/// `None` in `wire/auth/mod.rs`).
#[test]
fn tls_files_that_do_not_load_stop_the_server() {
    let certificates = Certificates::new();
    certificates.issue("other", &rcgen::PKCS_ECDSA_P256_SHA256);
    certificates.write("empty", "");
    certificates.write("text", "no PEM");
    certificates.write("damaged.crt", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n");
    certificates.write("nothing.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    certificates.write("nothing.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    let sealed = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    certificates.write("sealed.key", sealed);
    let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    certificates.write("old.key", old);
    let cases = [
        ("absent", "server.key", "ca.crt", "can't read the TLS certificate "),
        ("server.crt", "absent", "ca.crt", "can't read the TLS key "),
        ("server.crt", "server.key", "absent", "can't read the TLS client authority "),
        ("empty", "server.key", "ca.crt", "holds no TLS certificate"),
        ("text", "server.key", "ca.crt", "holds no TLS certificate"),
        ("server.crt", "empty", "ca.crt", "holds no TLS key"),
        ("server.crt", "server.key", "empty", "holds no TLS client authority"),
        ("damaged.crt", "server.key", "ca.crt", "is damaged"),
        ("nothing.crt", "server.key", "ca.crt", "can't be read"),
        ("server.crt", "nothing.key", "ca.crt", "can't be used"),
        ("server.crt", "server.key", "nothing.crt", "can't be used"),
        ("server.crt", "other.key", "ca.crt", "does not belong to the certificate"),
        ("server.crt", "sealed.key", "ca.crt", "is protected by a passphrase"),
        ("server.crt", "old.key", "ca.crt", "is protected by a passphrase"),
        ("server.key", "server.crt", "ca.crt", "holds no TLS certificate"),
    ];
    for (certificate, key, authority, words) in cases {
        let [certificate, key, authority] = [certificate, key, authority].map(|name| certificates.path(name));
        let named = [&certificate, &key, &authority].map(|path| path.display().to_string());
        let tls = Some(TlsFiles { certificate, key, client_ca: Some(authority) });
        let access = stoa::wire::Access { tls, ..Default::default() };
        let e = Endpoint::load(Options { access, ..Options::default() }).expect_err(words);
        assert!(e.message().contains(words), "{e}");
        assert!(named.iter().any(|name| e.message().contains(name)) && e.hint().is_some(), "{e}: {:?}", e.hint());
    }
    // The program itself, without and with `--tls require`.
    for when in ["prefer", "require"] {
        let state = tempfile::tempdir().expect("a temporary folder");
        let launch = Launch::new(&root().join("datasets/city"), state.path()).with("--tls", when);
        let launch = launch.with("--tls-cert", certificates.path("server.crt")).with("--tls-key", certificates.path("other.key"));
        let said = launch.try_start().map(drop).expect_err("it does not listen");
        assert!(said.contains("does not belong to the certificate") && said.contains("\nhint: "), "{said}");
    }
    // A server that has them serves.
    drop(serve(&certificates, |access| access));
}
