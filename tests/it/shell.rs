//! `stoa shell` as a person types it: keys into a terminal, and what it shows.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::harness::{program, root};

/// A shell in a terminal of its own.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Receiver<Vec<u8>>,
    /// What was shown and not asked for yet.
    shown: String,
}

impl Terminal {
    fn open(state: &std::path::Path) -> Self {
        // `exec`, since a shell between the terminal and ours would take Ctrl-C for its own.
        let shell = format!("exec '{}' shell --catalog datasets/city --state '{}'", env!("CARGO_BIN_EXE_stoa"), state.display());
        // script(1) of util-linux gives the process a terminal.
        let mut child = program("script")
            .args(["-qec", &shell, "/dev/null"])
            .current_dir(root())
            // script(1) runs the words by `$SHELL`, which may be any program.
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm-256color")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script is part of every Debian");
        let mut out = child.stdout.take().expect("is piped");
        let (send, screen) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 1 << 12];
            while let Ok(n @ 1..) = out.read(&mut buffer) {
                if send.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let keys = child.stdin.take().expect("is piped");
        Self { child, keys, screen, shown: String::new() }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the shell reads");
        self.keys.flush().expect("the shell reads");
    }

    /// Waits until `text` is shown; what was shown up to its end.
    fn sees(&mut self, text: &str) -> String {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(at) = self.shown.find(text) {
                let rest = self.shown.split_off(at + text.len());
                return std::mem::replace(&mut self.shown, rest);
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => {
                    // A terminal answers when it is asked where its cursor is.
                    if bytes.windows(4).any(|w| w == b"\x1b[6n") {
                        self.press("\x1b[1;1R");
                    }
                    self.shown.push_str(&String::from_utf8_lossy(&bytes));
                }
                Err(_) => panic!("{text:?} is not shown, but {:?}", self.shown),
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_person_types_into_the_shell() {
    let state = tempfile::tempdir().expect("a temporary folder");
    let mut terminal = Terminal::open(state.path());
    terminal.sees("city=> ");

    // Tab completes schema, table and command names.
    terminal.press("select count(*) as n from health.facil\t;\r");
    terminal.sees("(1 row)");
    terminal.sees("city=> ");
    terminal.press("\\d health.facil\t\r");
    terminal.sees("geometry");
    terminal.sees("city=> ");

    // A statement goes over lines, and its error shows the place.
    terminal.press("select 1,\r");
    terminal.sees("city-> ");
    terminal.press("nothing from health.facilities;\r");
    terminal.sees("column \"nothing\" does not exist");
    terminal.sees("city=> ");

    // The arrow brings the last statement back; Ctrl-C drops what is typed.
    terminal.press("select 40 + 2;\r");
    terminal.sees(" 42");
    terminal.sees("city=> ");
    terminal.press("\x1b[A\r");
    terminal.sees(" 42");
    terminal.sees("city=> ");
    terminal.press("select broken");
    terminal.sees("broken");
    terminal.press("\x03");
    terminal.sees("city=> ");
    terminal.press("select 'still here';\r");
    terminal.sees(" still here");
    terminal.sees("city=> ");

    // Ctrl-C ends a statement that runs, and the shell stays.
    terminal.press("select count(*) from generate_series(1, 100000000000) as t(n) where n % 7 = 3;\r");
    // Until the editor has it, Ctrl-C would drop the line; then it takes a moment to be a running statement.
    terminal.sees("= 3;");
    std::thread::sleep(Duration::from_millis(500));
    terminal.press("\x03");
    terminal.sees("cancel");
    terminal.sees("city=> ");

    terminal.press("\\q\r");
    let ended = terminal.child.wait().expect("ends");
    assert!(ended.success(), "{ended}");

    // The next shell knows what was typed before.
    let mut terminal = Terminal::open(state.path());
    terminal.sees("city=> ");
    terminal.press("\x1b[A\x1b[A");
    terminal.sees("generate_series");
}
