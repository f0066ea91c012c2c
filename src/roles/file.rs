//! The file of roles: a line for each, `"name" "verifier"`, as PgBouncer's `auth_file` has them, so that one file serves both. A
//! verifier of `""` is a role without a password; `;` begins a comment. It is replaced whole, and only its owner may read it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Role, RoleList, Verifier, check_name};
use crate::error::{Error, Kind, Result};

/// The largest file that is read, in bytes: a hundred thousand roles.
const LARGEST: u64 = 32 << 20;

/// Reads a file of roles.
pub(super) fn read(path: &Path) -> Result<RoleList> {
    list(&text(path)?, path)
}

fn text(path: &Path) -> Result<String> {
    let refused = |e: std::io::Error| {
        let hint = match e.kind() {
            std::io::ErrorKind::NotFound => format!("`stoa user add NAME --users {}` makes it.", path.display()),
            std::io::ErrorKind::PermissionDenied => "The user that runs the server must be able to read it.".to_owned(),
            _ => "It is a text file with a line for each role.".to_owned(),
        };
        Error::new(Kind::Config, format!("can't read the roles of {}: {e}", path.display())).with_hint(hint).caused_by(e)
    };
    let metadata = fs::metadata(path).map_err(refused)?;
    if metadata.len() > LARGEST || metadata.is_dir() {
        let message = format!("{} is no file of roles", path.display());
        return Err(Error::new(Kind::Config, message).with_hint("Name a file that `stoa user add` wrote."));
    }
    fs::read_to_string(path).map_err(refused)
}

fn list(text: &str, path: &Path) -> Result<RoleList> {
    let mut roles = RoleList::default();
    for (at, line) in text.lines().enumerate() {
        let wrong = |what: String, hint: &str| {
            Error::new(Kind::Config, format!("{}:{}: {what}", path.display(), at + 1)).with_hint(hint.to_owned())
        };
        let Some(role) = role(line).map_err(|(what, hint)| wrong(what, hint))? else { continue };
        if roles.find(&role.name).is_some() {
            return Err(wrong(format!("there is a role \"{}\" already", role.name), "Remove one of the two lines."));
        }
        roles.0.push(role);
    }
    Ok(roles)
}

/// The role of a line, if it has one; else what is wrong and what helps.
fn role(line: &str) -> Result<Option<Role>, (String, &'static str)> {
    const FORM: &str = "A line is \"name\" \"SCRAM-SHA-256$...\"; `stoa user add` writes one, and a ; begins a comment.";
    let line = line.trim();
    if line.is_empty() || line.starts_with(';') {
        return Ok(None);
    }
    let shape = || ("this is no role".to_owned(), FORM);
    let (name, rest) = quoted(line).ok_or_else(shape)?;
    let (secret, rest) = quoted(rest.trim_start()).ok_or_else(shape)?;
    // PgBouncer, too, passes over what stands behind.
    if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
        return Err(shape());
    }
    check_name(&name).map_err(|e| (e.message().to_owned(), "Names have 1 to 63 bytes and are not reserved."))?;
    let verifier = match (secret.as_str(), Verifier::parse(&secret)) {
        ("", _) => None,
        (_, Some(verifier)) => Some(verifier),
        // What stands there may be a password: it is not repeated.
        (_, None) => {
            let what = format!("what stands behind \"{name}\" is no SCRAM-SHA-256 verifier");
            return Err((what, "`stoa user add` replaces it; plain and md5 passwords are not taken."));
        }
    };
    Ok(Some(Role { name, verifier }))
}

/// The text in quotes at the start, a quote in it doubled, and what stands behind.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('"')?;
    let mut inside = String::new();
    loop {
        let (before, behind) = rest.split_once('"')?;
        inside.push_str(before);
        match behind.strip_prefix('"') {
            Some(more) => {
                inside.push('"');
                rest = more;
            }
            None => return Some((inside, behind)),
        }
    }
}

fn line(role: &Role) -> String {
    let verifier = role.verifier.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("\"{}\" \"{verifier}\"\n", role.name.replace('"', "\"\""))
}

/// A file of roles that is being changed, and that nobody else changes meanwhile.
pub struct Edit {
    path: PathBuf,
    aside: PathBuf,
    lock: File,
    text: String,
    roles: RoleList,
    saved: bool,
}

impl Edit {
    /// Begins to change the file; one that is not there is made when it is [saved](Self::save). [`Kind::Config`] when it is broken, or
    /// is being changed.
    pub fn begin(path: &Path) -> Result<Self> {
        // What a link points at is replaced, not the link.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut aside = path.clone().into_os_string();
        aside.push(".new");
        let aside = PathBuf::from(aside);
        let lock = create(&aside).map_err(|e| locked(&aside, e))?;
        let (text, roles) = Self::contents(&path).inspect_err(|_| drop(fs::remove_file(&aside)))?;
        Ok(Self { path, aside, lock, text, roles, saved: false })
    }

    fn contents(path: &Path) -> Result<(String, RoleList)> {
        let text = if path.exists() { text(path)? } else { String::new() };
        let roles = list(&text, path)?;
        Ok((text, roles))
    }

    /// Its roles as they stand.
    pub fn roles(&self) -> &RoleList {
        &self.roles
    }

    /// Adds a role, or replaces the one of its name.
    pub fn put(&mut self, role: Role) {
        let new = line(&role);
        let replaced = self.replace(&role.name, &new);
        match self.roles.0.iter_mut().find(|known| known.name == role.name) {
            Some(known) if replaced => *known = role,
            Some(_) | None => {
                if !self.text.is_empty() && !self.text.ends_with('\n') {
                    self.text.push('\n');
                }
                self.text += &new;
                self.roles.0.push(role);
            }
        }
    }

    /// Removes a role; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        self.roles.0.retain(|role| role.name != name);
        self.replace(name, "")
    }

    /// Puts `new` where the line of this role stands; whether there is one. Comments and order stay.
    fn replace(&mut self, name: &str, new: &str) -> bool {
        let mut found = false;
        let lines = self.text.split_inclusive('\n').map(|line| match role(line) {
            Ok(Some(role)) if role.name == name => {
                found = true;
                new
            }
            Ok(_) | Err(_) => line,
        });
        self.text = lines.collect();
        found
    }

    /// Puts the changed file in the old one's place: whoever reads sees the one or the other.
    pub fn save(mut self) -> Result<()> {
        let written = self.lock.write_all(self.text.as_bytes()).and_then(|()| self.lock.sync_all());
        keep_owner(&self.path, &self.aside);
        written.and_then(|()| fs::rename(&self.aside, &self.path)).map_err(|e| {
            Error::new(Kind::Config, format!("can't write {}: {e}", self.path.display()))
                .with_hint("The folder it stands in must be writable.")
                .caused_by(e)
        })?;
        self.saved = true;
        Ok(())
    }
}

impl Drop for Edit {
    fn drop(&mut self) {
        // After a save the name may be another editor's.
        if !self.saved {
            let _ = fs::remove_file(&self.aside);
        }
    }
}

fn locked(aside: &Path, e: std::io::Error) -> Error {
    let hint = match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            "Another `stoa user` is at work, or one was killed. Once none is, remove that file.".to_owned()
        }
        std::io::ErrorKind::NotFound => "Make the folder first.".to_owned(),
        _ => "The folder must be writable for whoever adds roles.".to_owned(),
    };
    Error::new(Kind::Config, format!("can't make {}: {e}", aside.display())).with_hint(hint).caused_by(e)
}

/// A new file that its owner alone may read; an error when there is one.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Gives the new file to the owner of the old one, who may be the server's user; only root may, and need.
#[cfg(unix)]
fn keep_owner(old: &Path, new: &Path) {
    use std::os::unix::fs::{MetadataExt, chown};
    if let Ok(metadata) = fs::metadata(old) {
        let _ = chown(new, Some(metadata.uid()), Some(metadata.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &Path, _: &Path) {}

/// Whether users other than the owner can read the file.
#[cfg(unix)]
pub(super) fn is_open_to_others(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|m| std::os::unix::fs::PermissionsExt::mode(&m.permissions()) & 0o077 != 0)
}

#[cfg(not(unix))]
pub(super) fn is_open_to_others(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "SCRAM-SHA-256$4096:c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:\
        BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBE=";

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_without_secrets() {
        let good = format!("; roles\n\n\"ann\" \"{VERIFIER}\"\n \"a \"\"b\" \"\" extra\r\n");
        let names: Vec<String> = list(&good, Path::new("u")).expect("good").0.into_iter().map(|role| role.name).collect();
        assert_eq!(names, ["ann", "a \"b"]);
        for (line, what) in [
            ("ann", "this is no role"),
            ("\"ann\"", "this is no role"),
            ("\"ann\" \"x", "this is no role"),
            ("\"ann\" \"\"x", "this is no role"),
            ("\"ann\" \"hunter2\"", "what stands behind \"ann\" is no SCRAM-SHA-256 verifier"),
            ("\"bob\" \"\"", "there is a role \"bob\" already"),
            ("\"pg_x\" \"\"", "role name \"pg_x\" is reserved"),
            ("\"\" \"\"", "\"\" can't be the name of a role"),
        ] {
            let e = list(&format!("\"bob\" \"\"\n{line}\n"), Path::new("users")).expect_err(line);
            assert_eq!((e.kind(), e.message()), (Kind::Config, format!("users:2: {what}").as_str()));
            assert!(e.hint().is_some() && !format!("{e:?}").contains("hunter2"), "{line}");
        }
    }

    #[test]
    fn a_file_is_changed_in_place_and_kept_from_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("users");
        let role = |name: &str| Role { name: name.to_owned(), verifier: None };
        let mut edit = Edit::begin(&path).expect("nobody else");
        assert!(Edit::begin(&path).is_err_and(|e| e.hint().is_some_and(|h| h.contains("remove that file"))));
        edit.put(role("ann"));
        edit.put(role("a \"b"));
        edit.save().expect("saved");
        fs::write(&path, format!("; kept\n{}\"last\" \"\"", fs::read_to_string(&path).expect("text"))).expect("written");
        let mut edit = Edit::begin(&path).expect("nobody else");
        edit.put(Role { name: "ann".to_owned(), verifier: Verifier::parse(VERIFIER) });
        assert!(edit.remove("a \"b") && !edit.remove("nobody"));
        edit.put(role("bob"));
        edit.save().expect("saved");
        let text = fs::read_to_string(&path).expect("text");
        assert_eq!(text, format!("; kept\n\"ann\" \"{VERIFIER}\"\n\"last\" \"\"\n\"bob\" \"\"\n"));
        assert!(!is_open_to_others(&path) && !folder.path().join("users.new").exists());
    }

    #[test]
    fn a_broken_file_is_not_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("users");
        fs::write(&path, "broken").expect("written");
        assert!(Edit::begin(&path).is_err() && Edit::begin(&path).is_err_and(|e| e.message().contains("users:1: ")));
        assert_eq!(fs::read_to_string(&path).expect("text"), "broken");
    }
}
