//! What the command line resolves to, and what it says of values that it does not take.

use clap::FromArgMatches;

use super::*;

/// The command line without its variables, so that the environment that tests run in has no say.
fn deaf(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| argument.env(None::<&'static str>)).mut_subcommands(deaf)
}

fn read(line: &str) -> Result<Config> {
    let typed = deaf(command()).try_get_matches_from(line.split(' ')).expect("well formed");
    RawConfig::from_arg_matches(&typed).expect("well formed").resolve()
}

fn engine_of(line: &str) -> engine::Options {
    match read(line).expect("resolves") {
        Config::Query { engine, .. }
        | Config::Serve { engine, .. }
        | Config::Shell { engine, .. }
        | Config::Refresh { engine, .. }
        | Config::Show { engine, .. }
        | Config::Export { engine, .. }
        | Config::Prune { engine, .. } => engine,
        Config::Inspect { .. }
        | Config::User { .. }
        | Config::Catalog { .. }
        | Config::Compare { .. }
        | Config::Generate { .. } => panic!("it has no engine"),
    }
}

#[test]
fn options_reach_their_layer() {
    let e = engine_of(
        "stoa query select --catalog city=data/city --catalog https://x.org/?a=b --memory 512MB --statement-timeout 5min \
         --threads 3 --mirror https://x.org/=./copy --http-retries 0 --read-timeout 500 --state /s",
    );
    let catalogs: Vec<_> = e.catalogs.iter().map(|c| (c.name.as_deref(), c.location.as_str())).collect();
    assert_eq!(catalogs, [(Some("city"), "data/city"), (None, "https://x.org/?a=b")]);
    assert_eq!((e.memory, e.threads, e.store.retries), (512 << 20, 3, 0));
    assert_eq!((e.statement_timeout, e.store.read_timeout), (Duration::from_secs(300), Duration::from_millis(500)));
    assert_eq!(e.store.mirrors, [("https://x.org/".to_owned(), "./copy".to_owned())]);
    assert_eq!(e.snapshot.state, store::Place::Folder("/s".into()));
    assert_eq!((e.cache, e.snapshot.cache), (PathBuf::from("/s"), PathBuf::from("/s")));
    let e = engine_of("stoa query select --state s3://city/stoa --cache /c --grace 2h");
    assert_eq!(e.snapshot.state, store::Place::Bucket("s3://city/stoa".to_owned()));
    assert_eq!((e.cache, e.snapshot.grace), (PathBuf::from("/c"), Duration::from_secs(7200)));
}

#[test]
fn nothing_typed_gives_the_defaults() {
    let Config::Serve { engine, serve, wire } = read("stoa serve").expect("resolves") else { panic!("serve") };
    let defaults = snapshot::Options::new(engine.cache.clone());
    assert_eq!(format!("{:?}", engine.snapshot), format!("{defaults:?}"), "help tells the library's own defaults");
    assert_eq!(engine.catalogs[0].location, "datasets");
    assert!(engine.memory >= memory::LEAST && engine.threads >= 1);
    assert_eq!((serve.listen, serve.unguarded, wire.access.method), (None, true, wire::Method::Trust));
    assert_eq!(wire.authentication_timeout, wire::Options::default().authentication_timeout);
    assert_eq!((wire.max_connections, wire.drain), (100, Duration::from_secs(30)));
}

#[test]
fn a_bad_value_is_named_with_its_option_and_what_is_taken() {
    for (line, message, hint) in [
        ("serve --memory lots", "--memory does not take \"lots\"", "2GiB"),
        ("serve --threads 0", "--threads does not take \"0\"", "from 1"),
        ("serve --listen nowhere", "--listen does not take \"nowhere\"", "ADDR:PORT"),
        ("serve --drain soon", "--drain does not take \"soon\"", "30s"),
        ("serve --revalidate 30d", "--revalidate does not take \"30d\"", "up to 24d"),
        ("serve --mirror http://x", "--mirror does not take \"http://x\"", "PREFIX=URL"),
        ("serve --max-ratio 0", "--max-ratio does not take \"0\"", "from 1"),
        ("serve --max-file-size big", "--max-file-size does not take \"big\"", "2GiB"),
        ("serve --connect-timeout 0", "--connect-timeout does not take \"0\"", "above zero"),
        ("serve --keep-snapshots 0", "--keep-snapshots does not take \"0\"", "1 or more"),
        ("prune --older-than old", "--older-than does not take \"old\"", "12w"),
        ("query x --format xml", "--format does not take \"xml\"", "ndjson"),
        ("query x --catalog My=d", "--catalog does not take the name \"My\"", "./My=d"),
        ("user list", "which file of roles is not said", "STOA_USERS"),
        ("serve --auth-timeout 0", "--auth-timeout does not take \"0\"", "30s"),
        ("serve --auth md5", "--auth does not take \"md5\"", "scram"),
        ("serve --auth scram", "--auth scram needs --users", "stoa user add"),
        ("serve --auth cert --tls-cert c --tls-key k", "--auth cert needs --tls-client-ca", "authority"),
        ("serve --client-cert verify-ca", "--client-cert verify-ca needs --tls-client-ca", "authority"),
        ("serve --tls require", "--tls require needs --tls-cert and --tls-key", "PEM"),
        ("serve --tls-cert c", "--tls-cert needs --tls-key", "go together"),
        ("serve --tls-key k", "--tls-key needs --tls-cert", "go together"),
        ("serve --tls-client-ca a", "--tls-client-ca needs --tls-cert and --tls-key", "go together"),
        ("compare q --rounds many", "--rounds does not take \"many\"", "from 0"),
        ("compare q --fail-on wrong,late", "--fail-on does not take \"late\"", "slower:1.3"),
        ("compare q --variant x=stoa --variant x=stoa", "two variants are called \"x\"", "of its own"),
        ("generate --dataset moon d", "--dataset does not take \"moon\"", "tpch"),
        ("generate --scale 0 d", "--scale does not take \"0\"", "above 0"),
    ] {
        let e = read(&format!("stoa {line}")).expect_err(line);
        assert_eq!((e.kind(), e.message()), (Kind::Config, message));
        assert!(e.hint().is_some_and(|h| h.contains(hint)), "{line}: {:?}", e.hint());
    }
}

#[test]
fn who_is_let_in_follows_from_what_is_given() {
    use wire::{ClientCertificate, Method};
    let files = "--tls-cert c --tls-key k --tls-client-ca a";
    for (line, method, tls, require, certificate) in [
        ("--trust-remote".to_owned(), Method::Trust, false, false, ClientCertificate::Optional),
        ("--users u".to_owned(), Method::Scram, false, false, ClientCertificate::Optional),
        ("--users u --auth trust".to_owned(), Method::Trust, false, false, ClientCertificate::Optional),
        (format!("--users u {files}"), Method::Scram, true, false, ClientCertificate::Optional),
        (format!("--tls require --auth cert {files}"), Method::Certificate, true, true, ClientCertificate::Optional),
        (format!("--users u --client-cert verify-full {files}"), Method::Scram, true, false, ClientCertificate::OfRole),
        (format!("--tls off {files}"), Method::Trust, false, false, ClientCertificate::Optional),
    ] {
        let Config::Serve { serve, wire, .. } = read(&format!("stoa serve {line}")).expect("resolves") else { panic!("serve") };
        let found = &wire.access;
        assert_eq!((found.method, found.tls.is_some(), found.require_tls), (method, tls, require), "{line}");
        assert_eq!(found.client_certificate, certificate, "{line}");
        assert_eq!(serve.unguarded, method == Method::Trust && !found.trust_remote, "{line}");
    }
}

#[test]
fn what_prune_is_not_told_the_server_s_settings_say_or_nothing() {
    for (line, keep, days) in [
        ("stoa prune", 10, 0),
        ("stoa prune --keep-snapshots 3 --keep-for 90d", 3, 90),
        ("stoa prune --keep-for 90d --keep 2", 2, 0),
        ("stoa prune --older-than 12w", 1, 84),
        ("stoa prune transport --older-than 30d --keep 5 --dry-run", 5, 30),
    ] {
        let Config::Prune { prune, .. } = read(line).expect("resolves") else { panic!("prune") };
        assert_eq!((prune.retention.keep, prune.retention.older_than.as_secs()), (keep, days * 86_400), "{line}");
    }
}

#[test]
fn the_command_line_is_consistent() {
    command().debug_assert();
}
