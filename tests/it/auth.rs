//! Who comes in, through psql: TLS, passwords, certificates, the file of roles. PostgreSQL 15 with the same roles, certificates and
//! rules in its `pg_hba.conf` answered each of these with the same words.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use stoa::wire::{Access, ClientCertificate, Method};

use crate::certificates::Certificates;
use crate::harness::{Server, Setup, fixtures, program, root};
use crate::process::Launch;
use crate::protocol::{LONG, wait_for_running};
use crate::raw::{Raw, cancel_key, kinds, startup, text};

/// `ann` with the password `secret`, made by PostgreSQL 15's `CREATE ROLE`, and `svc` without one.
pub const ROLES: &str = "\"ann\" \"SCRAM-SHA-256$4096:tQtleUa9Cf4eunxnrWFxkA==$\
    1bjfnVP4n+W74bLdmAL3Z+EFsl5qys7xgqmxMPiuMyY=:czEYKMKr0+HqaedT8SJb2wYS6jOu0NmBGvUZGArfN4o=\"\n\"svc\" \"\"\n";

/// A server over the fixture catalog, and its certificates.
pub fn serve(certificates: &Certificates, change: impl FnOnce(Access) -> Access) -> Server {
    let users = certificates.write("roles", ROLES);
    let access = Access { method: Method::Scram, users: Some(users), tls: Some(certificates.files()), ..Access::default() };
    Server::start(Setup { catalogs: vec![("open", fixtures())], access: change(access), ..Setup::default() })
}

/// The certificates and the server that most of these tests share: passwords, and TLS for those who ask.
pub fn shared() -> &'static (Certificates, Server) {
    static SHARED: OnceLock<(Certificates, Server)> = OnceLock::new();
    SHARED.get_or_init(|| {
        let certificates = Certificates::new();
        certificates.issue("ann", &rcgen::PKCS_ECDSA_P256_SHA256);
        let server = serve(&certificates, |access| access);
        (certificates, server)
    })
}

/// What psql prints, on whichever output, with its own words left out.
fn psql(port: &str, certificates: &Certificates, password: &str, words: &str, sql: &str) -> String {
    let conninfo = format!("host=localhost port={port} dbname=open {words}");
    let out = program("psql")
        .args(["-X", "-At", &conninfo, "-c", sql])
        .env("PGPASSWORD", password)
        .env("PGCONNECT_TIMEOUT", "20")
        .current_dir(certificates.folder())
        .output()
        .expect("psql is installed by tests/run");
    let text = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    let said = text.lines().map(|line| line.split_once("failed: ").map_or(line, |(_, said)| said));
    said.collect::<Vec<_>>().join(" / ")
}

const FULL: &str = "sslmode=verify-full sslrootcert=ca.crt";
const ANNS: &str = "sslcert=ann.crt sslkey=ann.key";
const WRONG: &str = "FATAL:  password authentication failed for user";

fn check(server: &Server, certificates: &Certificates, cases: &[(&str, String, &str)]) {
    for (password, words, want) in cases {
        let said = psql(&server.address.port().to_string(), certificates, password, words, "select current_user");
        assert_eq!(said, *want, "{words}");
    }
}

#[test]
fn passwords_are_proved_with_and_without_tls() {
    let (certificates, server) = shared();
    check(
        server,
        certificates,
        &[
            ("secret", format!("user=ann {FULL}"), "ann"),
            ("secret", format!("user=ann {FULL} channel_binding=require"), "ann"),
            ("secret", format!("user=ann {FULL} channel_binding=disable"), "ann"),
            ("secret", format!("user=ann {FULL} channel_binding=require ssl_max_protocol_version=TLSv1.2"), "ann"),
            ("secret", "user=ann sslmode=disable".to_owned(), "ann"),
            (
                "secret",
                "user=ann sslmode=disable channel_binding=require".to_owned(),
                "channel binding required, but SSL not in use",
            ),
            ("wrong", format!("user=ann {FULL}"), &format!("{WRONG} \"ann\"")),
            ("wrong", "user=ann sslmode=disable".to_owned(), &format!("{WRONG} \"ann\"")),
            ("secret", format!("user=nobody {FULL}"), &format!("{WRONG} \"nobody\"")),
            ("secret", format!("user=svc {FULL}"), &format!("{WRONG} \"svc\"")),
            ("secret", format!("user=Ann {FULL}"), &format!("{WRONG} \"Ann\"")),
            // AuthenticationOk comes first, so that libpq does not try again in plain text.
            (
                "secret",
                "user=ann dbname=nothing sslmode=prefer".to_owned(),
                "FATAL:  database \"nothing\" does not exist / HINT:  There are: open.",
            ),
        ],
    );
}

/// A binding is made by the hash of the certificate's signature, and Ed25519 has none.
#[test]
fn certificates_of_other_kinds_are_served_and_bound_to() {
    let unbound = "channel binding is required, but server did not offer an authentication method that supports channel binding";
    for (algorithm, required) in [(&rcgen::PKCS_ECDSA_P384_SHA384, "ann"), (&rcgen::PKCS_ED25519, unbound)] {
        let certificates = Certificates::of_authority(algorithm);
        certificates.issue("server", algorithm);
        let server = serve(&certificates, |access| access);
        let require = format!("user=ann {FULL} channel_binding=require");
        check(&server, &certificates, &[("secret", format!("user=ann {FULL}"), "ann"), ("secret", require, required)]);
    }
}

#[test]
fn plain_text_is_refused_where_tls_is_required() {
    let (certificates, _) = shared();
    let server = serve(certificates, |access| Access { require_tls: true, ..access });
    let refused = "FATAL:  no pg_hba.conf entry for host \"127.0.0.1\", user \"ann\", database \"open\", no encryption / \
                   HINT:  Connect with sslmode=require.";
    check(
        &server,
        certificates,
        &[
            ("secret", "user=ann sslmode=disable".to_owned(), refused),
            // libpq begins in plain text and goes on under TLS once it is refused.
            ("secret", "user=ann sslmode=allow".to_owned(), "ann"),
            ("secret", "user=ann sslmode=prefer".to_owned(), "ann"),
        ],
    );
}

#[test]
fn client_certificates_stand_for_roles() {
    let (certificates, _) = shared();
    let strangers = Certificates::new();
    strangers.issue("ann", &rcgen::PKCS_ECDSA_P256_SHA256);
    for name in ["crt", "key"] {
        let theirs = std::fs::read_to_string(strangers.path(&format!("ann.{name}"))).expect("it was written");
        certificates.write(&format!("stranger.{name}"), &theirs);
    }
    let server = serve(certificates, |access| Access { method: Method::Certificate, ..access });
    let no_certificate = "FATAL:  connection requires a valid client certificate";
    check(
        &server,
        certificates,
        &[
            ("", format!("user=ann {FULL} {ANNS}"), "ann"),
            ("", format!("user=svc {FULL} {ANNS}"), "FATAL:  certificate authentication failed for user \"svc\""),
            ("", format!("user=ann {FULL}"), no_certificate),
            (
                "",
                "user=ann sslmode=disable".to_owned(),
                "FATAL:  no pg_hba.conf entry for host \"127.0.0.1\", user \"ann\", database \"open\", no encryption / \
                 HINT:  Connect with sslmode=require.",
            ),
        ],
    );
    let port = server.address.port().to_string();
    let said = psql(&port, certificates, "", &format!("user=ann {FULL} sslcert=stranger.crt sslkey=stranger.key"), "select 1");
    assert!(said.contains("SSL error: ") && said.contains("alert"), "{said}");
    let both = |access| Access { client_certificate: ClientCertificate::OfRole, ..access };
    let server = serve(certificates, both);
    check(
        &server,
        certificates,
        &[
            ("secret", format!("user=ann {FULL} {ANNS}"), "ann"),
            ("wrong", format!("user=ann {FULL} {ANNS}"), &format!("{WRONG} \"ann\"")),
            ("secret", format!("user=svc {FULL} {ANNS}"), &format!("{WRONG} \"svc\"")),
            ("secret", format!("user=ann {FULL}"), no_certificate),
        ],
    );
}

#[test]
fn a_role_that_is_not_in_the_file_is_not_trusted() {
    let (certificates, _) = shared();
    let server = serve(certificates, |access| Access { method: Method::Trust, ..access });
    check(
        &server,
        certificates,
        &[
            ("", "user=svc sslmode=disable".to_owned(), "svc"),
            ("", "user=bob sslmode=disable".to_owned(), "FATAL:  role \"bob\" does not exist"),
        ],
    );
}

#[test]
fn direct_tls_must_name_the_protocol() {
    let (certificates, server) = shared();
    let mut raw = Raw::secure_directly(server.address, certificates.client(&["postgresql"]));
    raw.packet(&startup(3 << 16, &[("user", "ann"), ("database", "open")]));
    let first = raw.receive().expect("the server asks for a password");
    assert_eq!((first.0, first.1.as_slice()), ('R', b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0".as_slice()));
    let mut raw = Raw::secure_directly(server.address, certificates.client(&[]));
    let said = raw.until_ready();
    let message = "received direct SSL connection request without ALPN protocol negotiation extension";
    assert_eq!(crate::raw::error(&said, 'M').as_deref(), Some(message));
}

#[test]
fn protocol_3_2_is_spoken_with_its_longer_key() {
    let (mut watcher, _) = Raw::session(Server::shared().address, "open");
    watcher.query("select count(*) from transport.ourairports_airports");
    for (minor, length, negotiated) in [(0, 4, ""), (2, 32, ""), (3, 32, "v"), (9999, 32, "v")] {
        let address = Server::shared().address;
        let mut raw = Raw::open(address);
        raw.packet(&startup(3 << 16 | minor, &[("user", "tester"), ("database", "open")]));
        let said = raw.until_ready();
        assert!(kinds(&said).starts_with(&format!("{negotiated}RSS")), "3.{minor}: {}", kinds(&said));
        let key = cancel_key(&said);
        assert_eq!(key.len(), 4 + length, "3.{minor}");
        let comment = format!("/* 3.{minor} */");
        raw.send(b'Q', &text(&format!("{comment} {LONG}")));
        wait_for_running(&mut watcher, &comment, b"1");
        let mut other = Raw::open(address);
        other.packet(&[&((12 + length) as u32).to_be_bytes(), &80_877_102u32.to_be_bytes()[..], &key].concat());
        let said = raw.until_ready();
        assert_eq!(crate::raw::error(&said, 'C').as_deref(), Some("57014"), "3.{minor}");
    }
}

#[test]
fn a_changed_file_of_roles_holds_for_the_next_login() {
    let certificates = Certificates::new();
    let server = serve(&certificates, |access| Access { tls: None, ..access });
    let users = certificates.path("roles");
    let stoa = |words: &[&str]| {
        use std::io::Write;
        let mut child = program(env!("CARGO_BIN_EXE_stoa"))
            .args([&["user"], words, &["--users"]].concat())
            .arg(&users)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("stoa starts");
        // `list` does not read it.
        let _ = child.stdin.take().expect("piped").write_all("pässword\n".as_bytes());
        String::from_utf8_lossy(&child.wait_with_output().expect("it ends").stdout).into_owned()
    };
    let bob =
        |password: &str| psql(&server.address.port().to_string(), &certificates, password, "user=bob sslmode=disable", "\\du");
    assert_eq!(bob("pässword"), format!("{WRONG} \"bob\""));
    assert!(stoa(&["add", "bob", "--password-stdin"]).starts_with("added \"bob\" in "));
    let listed = bob("pässword");
    assert!(["ann|", "bob|", "svc|"].iter().all(|role| listed.contains(role)), "{listed}");
    assert_eq!(stoa(&["list"]), "ann\tpassword\nsvc\tcertificate only\nbob\tpassword\n");
    // A file that is broken while the server runs changes nothing.
    let good = std::fs::read_to_string(&users).expect("text");
    std::fs::write(&users, "broken").expect("written");
    assert!(bob("pässword").contains("bob|"));
    std::fs::write(&users, good).expect("written");
    assert!(stoa(&["remove", "bob"]).starts_with("removed \"bob\" from "));
    assert_eq!(bob("pässword"), format!("{WRONG} \"bob\""));
}

/// Each of the two clients believes one authority only.
#[test]
#[cfg(unix)]
fn sighup_loads_the_certificate_again() {
    let (old, new) = (Certificates::new(), Certificates::new());
    let state = tempfile::tempdir().expect("a temporary folder");
    let files = old.files();
    let server = Launch::new(&root().join("datasets/city"), state.path())
        .with("--tls-cert", files.certificate.as_os_str())
        .with("--tls-key", files.key.as_os_str())
        .start();
    let ask = |believed: &Certificates| psql(server.port(), believed, "", &format!("user=ann dbname=city {FULL}"), "select 1");
    assert_eq!(ask(&old), "1");
    let replace = |name: &str, by: PathBuf| std::fs::copy(by, old.path(name)).expect("copied");
    let hang_up = || assert!(program("kill").args(["-HUP", &server.id().to_string()]).status().is_ok_and(|s| s.success()));
    // A key that is not the certificate's: all stays as it was.
    replace("server.key", new.path("server.key"));
    hang_up();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(ask(&old), "1");
    replace("server.crt", new.path("server.crt"));
    hang_up();
    let start = Instant::now();
    while ask(&new) != "1" {
        assert!(start.elapsed() < Duration::from_secs(20), "the certificate is still the old one");
    }
}

#[tokio::test]
async fn other_drivers_prove_passwords_too() {
    let (_, server) = shared();
    let connect = |password: &'static str| async move {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(server.address.port()).user("ann").password(password).dbname("open");
        config.connect(tokio_postgres::NoTls).await
    };
    let (client, connection) = connect("secret").await.expect("the password is right");
    tokio::spawn(connection);
    assert_eq!(client.query_one("select session_user::text", &[]).await.expect("a row").get::<_, &str>(0), "ann");
    let error = connect("Secret").await.map(drop).expect_err("the password is wrong");
    assert_eq!(error.code(), Some(&tokio_postgres::error::SqlState::INVALID_PASSWORD), "{error}");
}
