//! The program as scripts call it: what it prints, what it says instead, and its exit codes.

use std::io::Write;
use std::process::Stdio;

use crate::harness::{program, root};

/// What one run left: its exit code, standard output and standard error.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs `stoa` over the synthetic city with a fresh state, with variables of the environment and with bytes on standard input.
fn stoa(words: &[&str], environment: &[(&str, &str)], input: &[u8]) -> Ran {
    let state = tempfile::tempdir().expect("a temporary folder");
    let mut child = program(env!("CARGO_BIN_EXE_stoa"))
        .args(words)
        .args(["--catalog", "datasets/city", "--state"])
        .arg(state.path())
        .current_dir(root())
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("stoa starts");
    // One that ends without reading leaves the pipe broken.
    let _ = child.stdin.take().expect("is piped").write_all(input);
    let out = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: out.status.code(), out: text(&out.stdout), err: text(&out.stderr) }
}

#[test]
fn rows_are_written_as_the_session_s_settings_say() {
    let sql = "set timezone = 'Asia/Shanghai'; set bytea_output = 'escape'; \
               select timestamptz '2024-01-01 00:00:00+00' as t, '\\x61'::bytea as b";
    let ran = stoa(&["query", "--format", "csv", sql], &[], b"");
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "t,b\n2024-01-01 08:00:00+08,a\n", ""));
}

#[test]
fn statements_come_from_standard_input_too() {
    let ran = stoa(&["query", "--format", "csv", "-f", "-"], &[], "select '東京' as 名".as_bytes());
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "名\n東京\n"), "{}", ran.err);
    let ran = stoa(&["query", "-f", "-"], &[], b"select '\xff'");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.starts_with("error: can't read SQL from standard input: "), "{}", ran.err);
}

#[test]
fn what_can_t_be_used_is_named_and_ends_with_2() {
    for (variable, value, said) in [
        ("STOA_LOG", "stoa=loud", "error: STOA_LOG does not take \"stoa=loud\": "),
        ("STOA_MEMORY", "lots", "error: --memory does not take \"lots\""),
    ] {
        let ran = stoa(&["query", "select 1"], &[(variable, value)], b"");
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{variable}");
        assert!(ran.err.starts_with(said) && ran.err.contains("\nhint: "), "{}", ran.err);
    }
    let ran = stoa(&["query", "select nothing"], &[], b"");
    assert_eq!(ran.code, Some(1), "{}", ran.err);
}

/// A log is for files too.
#[test]
fn logs_have_no_colours_where_no_terminal_is() {
    let ran = stoa(&["query", "select 1"], &[("STOA_LOG", "trace")], b"");
    assert!(ran.code == Some(0) && ran.err.contains("DEBUG") && !ran.err.contains('\x1b'), "{}", ran.err);
}
