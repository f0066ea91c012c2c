//! `stoa serve`: the address, what is said on start, and the stop. Which protocol is spoken on the listener is handed in.

use std::future::Future;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::catalog::Catalogs;
use crate::engine::Engine;
use crate::error::{Error, Kind, Result};

/// Where to listen.
#[derive(Clone, Debug)]
pub struct Options {
    /// As asked for; 127.0.0.1:5432 or the next free port when `None`.
    pub listen: Option<SocketAddr>,
    /// Whether clients are asked for nothing, and nobody said that other machines may come in so.
    pub unguarded: bool,
}

/// PostgreSQL's port, and how many after it are tried when none was asked for.
const PORT: u16 = 5432;
const PORTS_TRIED: u16 = 100;

/// Takes the address. [`Kind::Config`] when it is in use, is not this machine's, or would let other machines in without passwords
/// and nobody said so.
pub async fn bind(options: &Options) -> Result<TcpListener> {
    match options.listen {
        Some(address) if !address.ip().is_loopback() && options.unguarded => {
            let message = format!("{address} can be reached from other machines, and nobody is asked for a password");
            let hint = "Give roles with --users FILE (`stoa user add NAME --users FILE` makes one), say --trust-remote to serve \
                        everyone who reaches it, or listen on 127.0.0.1.";
            Err(Error::new(Kind::Config, message).with_hint(hint))
        }
        Some(address) => TcpListener::bind(address).await.map_err(|e| refused(address, e)),
        None => next_free_port().await,
    }
}

async fn next_free_port() -> Result<TcpListener> {
    for port in PORT..PORT + PORTS_TRIED {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => return Ok(listener),
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => {}
            Err(e) => return Err(refused((Ipv4Addr::LOCALHOST, port).into(), e)),
        }
    }
    let message = format!("no free port on 127.0.0.1 from {PORT} to {}", PORT + PORTS_TRIED - 1);
    Err(Error::new(Kind::Config, message).with_hint("Name one with --listen 127.0.0.1:PORT."))
}

fn refused(address: SocketAddr, e: io::Error) -> Error {
    let hint = match e.kind() {
        io::ErrorKind::AddrInUse => "Another server listens there. Stop it, or choose another port with --listen.",
        io::ErrorKind::PermissionDenied => "Ports below 1024 need privileges; choose a higher one with --listen.",
        io::ErrorKind::AddrNotAvailable => "That address is not one of this machine's; choose another with --listen.",
        _ => "Choose another address with --listen.",
    };
    Error::new(Kind::Config, format!("can't listen on {address}: {e}")).with_hint(hint).caused_by(e)
}

/// Says on standard output how to connect, as `role` if not anybody may, and what there is; and on standard error what is wrong with
/// the descriptors.
pub fn announce(engine: &Engine, listener: &TcpListener, options: &Options, role: Option<String>) -> Result<()> {
    let address = listener.local_addr()?;
    let catalogs = engine.catalogs();
    let names = catalogs.names();
    let (mut themes, mut datasets, mut tables) = (0, 0, 0);
    for name in &names {
        for theme in catalogs.themes(name)? {
            themes += 1;
            datasets += theme.datasets;
            tables += theme.tables;
        }
    }
    let wrong = wrong(catalogs, &names)?;

    let mut lines = Vec::new();
    if options.listen.is_none() && address.port() != PORT {
        lines.push(format!("port {PORT} is in use; listening on {}", address.port()));
    }
    lines.push(psql_line(address, names.first().map(String::as_str), &role.unwrap_or_else(super::user_name)));
    let counts = [(names.len(), "catalog"), (themes, "theme"), (datasets, "dataset"), (tables, "table")];
    lines.push(counts.map(|(n, noun)| counted(n, noun)).join(", ") + "\n");
    // Whether anybody reads this is no reason not to serve.
    let _ = io::stdout().lock().write_all(lines.join("\n").as_bytes());
    let _ = io::stderr().lock().write_all(wrong.as_bytes());
    Ok(())
}

/// What is wrong in the catalogs, a line each: of those that are given, each problem; of those that were harvested, which other platforms
/// publish, how many there are.
fn wrong(catalogs: &Catalogs, names: &[String]) -> Result<String> {
    let (mut lines, mut problems) = (String::new(), 0);
    for name in names {
        match catalogs.harvested_problems(name)? {
            Some(0) => {}
            Some(count) => {
                lines += &format!(
                    "  {name}: {}; psql -d {name} -c \"table catalog.problems\" shows them\n",
                    counted(count, "problem")
                );
                problems += count;
            }
            None => {
                let found = catalogs.problems(Some(name))?;
                problems += found.len();
                found.iter().for_each(|problem| lines += &format!("  {problem}\n"));
            }
        }
    }
    Ok(if problems > 0 { format!("{} in catalogs:\n{lines}", counted(problems, "problem")) } else { lines })
}

/// Runs a server until it ends or the process is told to stop. The first Ctrl-C or SIGTERM cancels the token that `serve` is given, upon
/// which it is expected to drain and end; the second stops waiting for it. SIGHUP calls `reload`.
pub async fn until_told<F>(serve: impl FnOnce(CancellationToken) -> F, reload: impl Fn()) -> Result<()>
where
    F: Future<Output = ()>,
{
    let stop = CancellationToken::new();
    let mut serving = pin!(serve(stop.clone()));
    let mut signals = Signals::new()?;
    loop {
        tokio::select! {
            () = &mut serving => return Ok(()),
            told = signals.next() => match told {
                Told::Reload => reload(),
                Told::Stop if stop.is_cancelled() => {
                    return Err(Error::new(Kind::Shutdown, "stopped without waiting for running statements"));
                }
                Told::Stop => {
                    tracing::info!("stopping");
                    eprintln!("stopping; running statements may end. Once more stops at once.");
                    stop.cancel();
                }
            }
        }
    }
}

/// What a signal tells.
enum Told {
    Stop,
    #[cfg_attr(not(unix), expect(dead_code, reason = "no signal says it there"))]
    Reload,
}

/// Ctrl-C, SIGTERM and SIGHUP, caught from here on.
#[cfg(unix)]
struct Signals {
    hangup: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let [hangup, interrupt, terminate] = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()].map(signal);
        Ok(Self { hangup: hangup?, interrupt: interrupt?, terminate: terminate? })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.hangup.recv() => Told::Reload,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.terminate.recv() => Told::Stop,
        }
    }
}

/// Ctrl-C; there is no SIGTERM here.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Told {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Told::Stop
    }
}

/// A line to paste into a shell.
fn psql_line(address: SocketAddr, database: Option<&str>, user: &str) -> String {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let database = database.map(|name| format!(" -d {}", shell_word(name))).unwrap_or_default();
    format!("psql -h {host} -p {}{database} -U {}", address.port(), shell_word(user))
}

/// `text` as one word of a POSIX shell.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// `1 table`, `2 tables`.
fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_to_paste_is_one_a_shell_takes() {
        for (address, database, user, line) in [
            ("127.0.0.1:5432", Some("datasets"), "ann", "psql -h 127.0.0.1 -p 5432 -d datasets -U ann"),
            ("0.0.0.0:1", None, "ann", "psql -h 127.0.0.1 -p 1 -U ann"),
            ("[::]:1", Some("東京"), "a b", "psql -h ::1 -p 1 -d 東京 -U 'a b'"),
            ("127.0.0.1:1", Some("it's"), "x", r"psql -h 127.0.0.1 -p 1 -d 'it'\''s' -U x"),
        ] {
            assert_eq!(psql_line(address.parse().expect("an address"), database, user), line);
        }
    }

    #[tokio::test]
    async fn a_taken_port_is_an_error_when_asked_for_and_skipped_when_not() {
        let free = Options { listen: None, unguarded: true };
        let first = bind(&free).await.expect("there is a free port");
        let second = bind(&free).await.expect("and another");
        let taken = first.local_addr().expect("it is bound");
        assert_ne!(taken, second.local_addr().expect("it is bound"));
        let error = bind(&Options { listen: Some(taken), unguarded: true }).await.expect_err("it is taken");
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.message().contains(&taken.to_string()), "{error}");
    }

    #[tokio::test]
    async fn other_machines_are_let_in_only_when_said() {
        let listen = Some("0.0.0.0:0".parse().expect("an address"));
        let error = bind(&Options { listen, unguarded: true }).await.expect_err("nobody said so");
        assert!(error.hint().is_some_and(|h| h.contains("--trust-remote") && h.contains("--users")));
        assert!(bind(&Options { listen, unguarded: false }).await.is_ok());
    }

    #[tokio::test]
    async fn a_server_that_ends_by_itself_ends_the_wait() {
        assert!(until_told(|_| async {}, || {}).await.is_ok());
    }
}
