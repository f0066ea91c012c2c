//! Holds the house rules that a compiler does not: layers, crate fences, file heads and sizes, unfinished code, machine paths, and
//! that the README tells of every option. Each rule is a function over texts, and is shown to fail on an example.

use std::fs;
use std::path::{Path, PathBuf};

/// DESIGN.md's table: a module may use modules of lower layers only, never one of its own layer.
const LAYERS: &[(&str, u8)] = &[
    ("error", 0),
    ("name", 0),
    ("roles", 1),
    ("descriptor", 1),
    ("catalog", 2),
    ("store", 2),
    ("snapshot", 3),
    ("table", 4),
    ("engine", 5),
    ("wire", 6),
    ("http", 6),
    ("cli", 6),
    ("generate", 6),
    ("config", 7),
    ("main", 8),
];

/// Crates that only some modules may name.
const FENCES: &[(&str, &[&str])] = &[
    ("pgwire", &["wire"]),
    ("tokio_rustls", &["wire"]),
    ("tokio_postgres", &["cli"]),
    ("rpassword", &["cli"]),
    ("axum", &["http"]),
    ("object_store", &["store", "snapshot", "table"]),
    ("datafusion", &["snapshot", "table", "engine"]),
    ("rusqlite", &["catalog"]),
    ("oxjsonld", &["descriptor"]),
    ("oxrdf", &["descriptor"]),
    ("oxrdfxml", &["descriptor"]),
    ("oxttl", &["descriptor"]),
    ("reqwest", &["store"]),
    ("clap", &["config"]),
    ("reedline", &["cli"]),
    ("indicatif", &["cli"]),
    ("anyhow", &["main"]),
];

/// Files that own what they spawn: they wait for it, or end it. A new one needs a reason: `fuzzing.rs` is a door for fuzzers, whose server
/// lives as long as their process.
const SPAWNERS: &[&str] = &["engine/runtime.rs", "snapshot/touch.rs", "wire/fuzzing.rs", "wire/mod.rs"];

/// A file is read in one sitting.
const MOST_LINES: usize = 500;

/// What nobody is to find in a finished program.
const UNFINISHED: &[&str] = &["todo!(", "unimplemented!(", "#[ignore", "dbg!("];

/// Folders of the machines this is written on.
const MACHINE_PATHS: &[&str] = &["/work/", "/tmp/", "/root/", "/home/"];

/// One file: its path below its folder, with `/`, and its text.
struct File {
    path: String,
    text: String,
}

impl File {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The module at the top that it belongs to.
    fn module(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    /// Whether `super` is the crate's root here.
    fn is_top(&self) -> bool {
        self.path.matches('/').count() == usize::from(self.path.ends_with("/mod.rs"))
    }

    /// Its text without comments, and without the tests, which stand last or in files of their own.
    fn code(&self) -> String {
        let end = self.text.find("\n#[cfg(test)]\nmod ").unwrap_or(self.text.len());
        if self.path.ends_with("/tests.rs") || self.path.contains("/tests/") {
            return String::new();
        }
        self.text[..end].lines().map(|line| format!("{}\n", without_comment(line))).collect()
    }
}

/// The line up to a comment that starts it or follows a blank: `//` within a URL stays.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with("//") { "" } else { line.split(" // ").next().unwrap_or_default() }
}

/// The files below `folder` of the package that have one of these endings, by path. `target` and hidden folders are left out.
fn files(folder: &str, endings: &[&str]) -> Vec<File> {
    fn walk(root: &Path, dir: &Path, endings: &[&str], found: &mut Vec<File>) {
        let mut entries: Vec<PathBuf> = fs::read_dir(dir)
            .unwrap_or_else(|e| panic!("{}: {e}", dir.display()))
            .map(|entry| entry.expect("it is listed").path())
            .collect();
        entries.sort();
        for path in entries {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() && !["target", "node_modules"].contains(&name.as_str()) && !name.starts_with('.') {
                walk(root, &path, endings, found);
            } else if endings.iter().any(|ending| name.ends_with(ending)) && path.is_file() {
                let below = path.strip_prefix(root).expect("the walk stays below its root").to_string_lossy().replace('\\', "/");
                found.push(File::new(&below, &fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    walk(&root, &root, endings, &mut found);
    found
}

/// A rule over one file: what is wrong with it, a line each.
type Rule = fn(&File) -> Vec<String>;

/// Every file of `src` keeps the rule, and the example does not: a rule that can't fail proves nothing.
fn check(rule: Rule, path: &str, counterexample: &str) {
    let example = File::new(path, counterexample);
    assert!(!rule(&example).is_empty(), "the rule does not see what is wrong with {counterexample:?}");
    nothing_wrong(files("src", &[".rs"]).iter().flat_map(rule).collect());
}

fn nothing_wrong(problems: Vec<String>) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn imports_point_down() {
    check(imports, "store/http/client.rs", "use crate::snapshot::Snapshot;\n");
    check(imports, "wire/mod.rs", "use super::cli::report;\n");
    check(imports, "cli/run.rs", "use crate::{\n    engine::{Engine, Session},\n    wire,\n};\n");
    check(imports, "table/mod.rs", "fn f(_: crate::Engine) {}\n");
    check(imports, "helpers.rs", "\n");
    let fine =
        File::new("wire/mod.rs", "use crate::engine::{self, Engine};\nuse super::error::Kind;\nuse crate::wire::encode;\n");
    assert_eq!(imports(&fine), Vec::<String>::new());
}

fn imports(file: &File) -> Vec<String> {
    let layer = |module: &str| LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer);
    let module = file.module();
    if module == "lib" {
        return Vec::new();
    }
    let Some(own) = layer(module) else { return vec![format!("{}: the module {module} has no layer", file.path)] };
    let used = used_modules(file).into_iter().filter(|used| used != module);
    used.filter_map(|used| match layer(&used) {
        Some(theirs) if theirs < own => None,
        Some(theirs) => Some(format!("{}: {module} (layer {own}) uses {used} (layer {theirs})", file.path)),
        None => Some(format!("{}: uses {used}, which has no layer", file.path)),
    })
    .collect()
}

/// The top modules that a file names, by `crate::`, by `stoa::` in `main`, and by `super::` where that is the same.
fn used_modules(file: &File) -> Vec<String> {
    let code = file.code();
    let mut used = Vec::new();
    for root in ["crate::", "stoa::", "super::"] {
        if root == "super::" && !file.is_top() {
            continue;
        }
        for (at, _) in code.match_indices(root).filter(|(at, _)| starts_word(&code, *at)) {
            let rest = &code[at + root.len()..];
            let names = if rest.starts_with('{') { group(rest) } else { vec![first_word(rest)] };
            used.extend(names.into_iter().map(|name| match name {
                "Engine" => "engine".to_owned(),
                "Error" | "Kind" | "Result" => "error".to_owned(),
                "self" => file.module().to_owned(),
                other => other.to_owned(),
            }));
        }
    }
    used
}

/// The first words of the parts of a `{a::b, c::{d, e}}` at the start of `text`.
fn group(text: &str) -> Vec<&str> {
    let (mut depth, mut part, mut parts) = (0, 1, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 1 => {
                parts.push(first_word(text[part..at].trim_start()));
                part = at + 1;
                depth -= i32::from(c == '}');
            }
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| c != '_' && !c.is_alphanumeric()).next().unwrap_or_default()
}

/// Whether what stands at `at` is not the end of a longer name or path.
fn starts_word(text: &str, at: usize) -> bool {
    !text[..at].ends_with(|c: char| c == '_' || c == ':' || c.is_alphanumeric())
}

#[test]
fn crates_stay_behind_their_fences() {
    check(fences, "engine/plan.rs", "use rusqlite::Connection;\n");
    check(fences, "cli/mod.rs", "fn f() -> datafusion::error::Result<()> {}\n");
    assert!(fences(&File::new("engine/plan.rs", "use datafusion::prelude::*; // not rusqlite::\n")).is_empty());
}

fn fences(file: &File) -> Vec<String> {
    let code = file.code();
    let outside = FENCES.iter().filter(|(_, modules)| !modules.contains(&file.module()));
    outside
        .filter(|(name, _)| code.match_indices(&format!("{name}::")).any(|(at, _)| starts_word(&code, at)))
        .map(|(name, modules)| format!("{}: {name} belongs in {} only", file.path, modules.join(", ")))
        .collect()
}

#[test]
fn tasks_are_spawned_where_their_life_is_owned() {
    check(spawns, "cli/run.rs", "    tokio::spawn(async {});\n");
}

fn spawns(file: &File) -> Vec<String> {
    let code = file.code();
    let spawn = ["tokio::spawn(", "task::spawn(", "thread::spawn(", "JoinSet::new("].into_iter().find(|how| code.contains(how));
    spawn
        .filter(|_| !SPAWNERS.contains(&file.path.as_str()))
        .map(|how| format!("{}: {how} is not for here", file.path))
        .into_iter()
        .collect()
}

#[test]
fn files_say_what_lives_in_them() {
    check(heads, "a.rs", "use std::fmt;\n");
}

fn heads(file: &File) -> Vec<String> {
    let head = file.text.strip_prefix("//!").map(str::trim_start);
    if head.is_some_and(|head| !head.is_empty()) { Vec::new() } else { vec![format!("{}: does not open with //!", file.path)] }
}

#[test]
fn files_are_read_in_one_sitting() {
    check(sizes, "a.rs", &"\n".repeat(MOST_LINES + 1));
}

fn sizes(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    if lines <= MOST_LINES { Vec::new() } else { vec![format!("{}: {lines} lines, more than {MOST_LINES}", file.path)] }
}

#[test]
fn nothing_is_unfinished() {
    check(unfinished, "a.rs", "#[cfg(test)]\nmod tests { #[ignore] fn f() {} }\n");
    let tests = files("tests", &[".rs"]);
    nothing_wrong(tests.iter().filter(|file| !file.path.ends_with("tidy.rs")).flat_map(unfinished).collect());
}

fn unfinished(file: &File) -> Vec<String> {
    UNFINISHED.iter().filter(|word| file.text.contains(*word)).map(|word| format!("{}: {word}", file.path)).collect()
}

#[test]
fn nothing_is_unwrapped() {
    check(unwraps, "a.rs", "fn f() { g().unwrap() }\n");
    assert!(unwraps(&File::new("a.rs", "\n#[cfg(test)]\nmod tests { fn f() { g().unwrap() } }\n")).is_empty());
}

fn unwraps(file: &File) -> Vec<String> {
    if file.code().contains(".unwrap()") {
        vec![format!("{}: unwrap; an expect states why it can't fail", file.path)]
    } else {
        Vec::new()
    }
}

#[test]
fn names_are_exported_one_by_one() {
    check(globs, "a.rs", "pub use self::inner::*;\n");
}

fn globs(file: &File) -> Vec<String> {
    let is_glob = |line: &&str| line.trim_start().starts_with("pub") && line.contains("use ") && line.trim_end().ends_with("*;");
    file.text.lines().filter(is_glob).map(|line| format!("{}: {line}", file.path)).collect()
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    check(machine_paths, "a.rs", "const DATA: &str = \"/work/shared\";\n");
    for folder in ["tests", "benches", "datasets", "docs", "fuzz", ".ci"].map(Path::new) {
        if Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).is_dir() {
            let folder = folder.to_str().expect("the names above are text");
            let texts = files(folder, &[".rs", ".sql", ".slt", ".json", ".toml", ".md", "run"]);
            nothing_wrong(texts.iter().filter(|file| !file.path.ends_with("tidy.rs")).flat_map(machine_paths).collect());
        }
    }
}

fn machine_paths(file: &File) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    // A place on the web may have a folder of any name.
    let on_machine = |line: &str| {
        MACHINE_PATHS
            .iter()
            .any(|path| line.match_indices(path).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '.')))
    };
    lines.filter(|(_, line)| on_machine(line)).map(|(n, line)| format!("{}:{}: {}", file.path, n + 1, line.trim())).collect()
}

#[test]
fn the_readme_tells_of_every_option() {
    let command = stoa::config::command();
    assert!(!untold(&command, "no options here").is_empty());
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&readme).unwrap_or_else(|e| panic!("README.md: {e}"));
    nothing_wrong(untold(&command, &text));
}

/// The commands, options and environment variables that `text` does not name.
fn untold(command: &clap::Command, text: &str) -> Vec<String> {
    let mut missing = Vec::new();
    for command in std::iter::once(command).chain(command.get_subcommands()) {
        for argument in command.get_arguments().filter(|a| !matches!(a.get_id().as_str(), "help" | "version")) {
            let long = argument.get_long().map(|long| format!("--{long}"));
            let variable = argument.get_env().map(|name| name.to_string_lossy().into_owned());
            missing.extend(long.into_iter().chain(variable).filter(|word| !text.contains(&format!("`{word}"))));
        }
        let usage = format!("stoa {}", command.get_name());
        if command.get_name() != "stoa" && !text.contains(&usage) {
            missing.push(usage);
        }
    }
    missing.dedup();
    missing.into_iter().map(|word| format!("README.md does not name `{word}`")).collect()
}
