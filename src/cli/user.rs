//! `stoa user`: the file of roles, by hand. A password is typed twice at a terminal or read from standard input, and only its verifier
//! is kept.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use crate::error::{Error, Kind, Result};
use crate::roles::{Edit, Role, Roles, Verifier, check_name};

/// Which file, and what to do with it.
#[derive(Clone, Debug)]
pub struct Options {
    pub users: PathBuf,
    pub action: Action,
}

/// What is done with the file of roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Adds a role, or gives the one of this name another password.
    Add { name: String, password: Password },
    /// Removes a role.
    Remove { name: String },
    /// Lists the roles.
    List,
}

/// Where a password comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Password {
    Terminal,
    Stdin,
    /// There is none: the role comes in by certificate.
    None,
}

/// The longest password, in bytes.
const LONGEST: u64 = 1024;

/// Does it, and says on standard output what was done.
pub fn user(options: &Options) -> Result<()> {
    let done = match &options.action {
        Action::Add { name, password } => add(options, name, *password)?,
        Action::Remove { name } => remove(options, name)?,
        Action::List => list(options)?,
    };
    // Whether anybody reads this is no reason to fail: it is done.
    let _ = io::stdout().lock().write_all(done.as_bytes());
    Ok(())
}

fn add(options: &Options, name: &str, password: Password) -> Result<String> {
    check_name(name)?;
    let verifier = match password {
        Password::None => None,
        Password::Terminal => Some(Verifier::of_password(&typed()?)?),
        Password::Stdin => Some(Verifier::of_password(&first_line(io::stdin().lock())?)?),
    };
    let mut file = Edit::begin(&options.users)?;
    let done = if file.roles().find(name).is_some() { "changed" } else { "added" };
    file.put(Role { name: name.to_owned(), verifier });
    file.save()?;
    Ok(format!("{done} \"{name}\" in {}\n", options.users.display()))
}

fn remove(options: &Options, name: &str) -> Result<String> {
    // A file that is not there is not made to remove from it.
    Roles::open(&options.users)?;
    let mut file = Edit::begin(&options.users)?;
    if !file.remove(name) {
        let message = format!("no role \"{name}\" in {}", options.users.display());
        return Err(Error::new(Kind::Config, message).with_hint("`stoa user list` shows them; case matters."));
    }
    file.save()?;
    Ok(format!("removed \"{name}\" from {}\n", options.users.display()))
}

fn list(options: &Options) -> Result<String> {
    let roles = Roles::open(&options.users)?.last();
    let line = |role: &Role| match role.verifier {
        Some(_) => format!("{}\tpassword\n", role.name),
        None => format!("{}\tcertificate only\n", role.name),
    };
    Ok(roles.all().iter().map(line).collect())
}

/// A password from the terminal, typed twice.
fn typed() -> Result<String> {
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt).map_err(|e| {
            Error::new(Kind::Config, format!("can't read a password from the terminal: {e}"))
                .with_hint("Without a terminal, pipe it in and say --password-stdin.")
                .caused_by(e)
        })
    };
    let password = ask("Password: ")?;
    usable(&password)?;
    if ask("Once more: ")? != password {
        return Err(Error::new(Kind::Config, "the two passwords differ").with_hint("Nothing was changed; try again."));
    }
    Ok(password)
}

/// The first line, without its end.
fn first_line(input: impl Read) -> Result<String> {
    let mut bytes = Vec::new();
    input.take(LONGEST + 3).read_to_end(&mut bytes)?;
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let password = std::str::from_utf8(line).map_err(|e| {
        Error::new(Kind::Config, "the password on standard input is not UTF-8").with_hint("Convert it first.").caused_by(e)
    })?;
    usable(password)?;
    Ok(password.to_owned())
}

fn usable(password: &str) -> Result<()> {
    let refused = |message: &str, hint: &str| Err(Error::new(Kind::Config, message).with_hint(hint.to_owned()));
    if password.is_empty() {
        return refused(
            "the password is empty",
            "Clients can't send an empty one; --no-password is for roles with certificates.",
        );
    }
    if password.len() as u64 > LONGEST || password.contains('\0') {
        return refused("the password can't be used", "It has 1 to 1024 bytes, and no zero byte.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line() {
        let long = "x".repeat(1025);
        for (input, want) in [
            ("secret\n", Some("secret")),
            ("secret", Some("secret")),
            ("a b \r\nmore\n", Some("a b ")),
            ("焼津市", Some("焼津市")),
            ("", None),
            ("\nsecret", None),
            ("a\0b", None),
            (&long, None),
        ] {
            assert_eq!(first_line(input.as_bytes()).ok().as_deref(), want, "{input:?}");
        }
        assert!(first_line(&b"\xff"[..]).is_err());
    }

    #[test]
    fn roles_come_and_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let users = folder.path().join("users");
        let does = |action: Action| {
            let options = Options { users: users.clone(), action: action.clone() };
            match action {
                Action::Add { name, password } => add(&options, &name, password),
                Action::Remove { name } => remove(&options, &name),
                Action::List => list(&options),
            }
        };
        let add = |name: &str| Action::Add { name: name.to_owned(), password: Password::None };
        let gone = |name: &str| Action::Remove { name: name.to_owned() };
        assert!(does(Action::List).is_err_and(|e| e.hint().is_some_and(|h| h.contains("stoa user add"))));
        assert!(does(gone("ann")).is_err() && !users.exists());
        assert!(does(add("ann")).is_ok_and(|said| said.starts_with("added \"ann\" in ")));
        assert!(does(add("ann")).is_ok_and(|said| said.starts_with("changed \"ann\" in ")));
        assert!(does(add("pg_ann")).is_err());
        assert_eq!(does(Action::List).expect("it is there"), "ann\tcertificate only\n");
        assert!(does(gone("bob")).is_err_and(|e| e.message().contains("no role \"bob\"")));
        assert!(does(gone("ann")).is_ok_and(|said| said.starts_with("removed \"ann\" from ")));
    }
}
