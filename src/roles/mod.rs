//! Who may come in: roles and their password verifiers, in a file that people and `stoa user` write and that is read again when it
//! changes. How a client proves who it is is the wire's business.

mod file;
mod verifier;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::error::{Error, Kind, Result};

pub use file::Edit;
pub use verifier::Verifier;

/// The longest name of a role, in bytes: PostgreSQL's.
pub const MAX_NAME: usize = 63;

/// One role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// 1 to [`MAX_NAME`] bytes, without control characters.
    pub name: String,
    /// `None` for a role that comes in by certificate only.
    pub verifier: Option<Verifier>,
}

/// The roles of one reading of the file, each name once.
#[derive(Debug, Default)]
pub struct RoleList(Vec<Role>);

impl RoleList {
    /// In the file's order.
    pub fn all(&self) -> &[Role] {
        &self.0
    }

    /// The role of this name: case matters, as in PostgreSQL's startup message.
    pub fn find(&self, name: &str) -> Option<&Role> {
        self.0.iter().find(|role| role.name == name)
    }

    /// The verifier to ask a client for a proof with, and whether any proof will do. For a role that there is not, or that has no
    /// password, it is one that nothing proves and that looks like the others.
    pub fn verifier(&self, name: &str) -> (Verifier, bool) {
        let known = self.find(name).and_then(|role| role.verifier.clone());
        known.map_or_else(|| (self.nobodys(name), false), |verifier| (verifier, true))
    }

    /// Its salt must not change when roles are added or the server is started anew: the first role's verifier is the secret.
    fn nobodys(&self, name: &str) -> Verifier {
        let first = self.0.iter().find_map(|role| role.verifier.as_ref());
        let secret = first.map_or([0; 32], Verifier::secret);
        Verifier::nobodys(name, &secret, first)
    }
}

/// A file of roles that is followed: [`Roles::current`] reads it again when it was changed.
#[derive(Debug)]
pub struct Roles {
    path: PathBuf,
    last: Mutex<Reading>,
}

#[derive(Debug)]
struct Reading {
    stamp: Option<Stamp>,
    list: Arc<RoleList>,
}

/// What tells one version of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
    inode: u64,
}

impl Roles {
    /// Reads the file. [`Kind::Config`] with the file, the line and the remedy when it is not there or is no file of roles.
    pub fn open(path: &Path) -> Result<Self> {
        let stamp = Stamp::of(path);
        let list = Arc::new(file::read(path)?);
        if list.all().is_empty() {
            tracing::warn!("{} holds no role: nobody can log in until `stoa user add` wrote one", path.display());
        }
        if file::is_open_to_others(path) {
            tracing::warn!("{} can be read by other users of this machine; chmod 600 keeps the verifiers secret", path.display());
        }
        Ok(Self { path: path.to_owned(), last: Mutex::new(Reading { stamp, list }) })
    }

    /// The roles as the file has them now. What can't be read is logged, and the last that could be stays. Reads files: call it where
    /// that may block.
    pub fn current(&self) -> Arc<RoleList> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = Stamp::of(&self.path);
        if stamp != last.stamp {
            // Noted whatever comes of it: what is broken is told once.
            last.stamp = stamp;
            match file::read(&self.path) {
                Ok(list) => {
                    tracing::info!("{} was changed and is read anew: {} roles", self.path.display(), list.all().len());
                    last.list = Arc::new(list);
                }
                Err(e) => tracing::error!("{e}; the roles stay as they were. {}", e.hint().unwrap_or_default()),
            }
        }
        Arc::clone(&last.list)
    }

    /// The roles as they were last read.
    pub fn last(&self) -> Arc<RoleList> {
        Arc::clone(&self.last.lock().unwrap_or_else(PoisonError::into_inner).list)
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self { modified: metadata.modified().ok()?, length: metadata.len(), inode: inode(&metadata) })
    }
}

#[cfg(unix)]
fn inode(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &std::fs::Metadata) -> u64 {
    0
}

/// A name that a role may have. [`Kind::Config`] in PostgreSQL's words for those that `CREATE ROLE` refuses.
pub fn check_name(name: &str) -> Result<()> {
    let refused = |message: String, hint: &str| Err(Error::new(Kind::Config, message).with_hint(hint));
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        return refused(
            format!("{name:?} can't be the name of a role"),
            "A name has 1 to 63 bytes and no control characters; case matters.",
        );
    }
    if name.starts_with("pg_") || ["public", "none"].contains(&name) {
        return refused(format!("role name \"{name}\" is reserved"), "Choose another one.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: &str = "\"ann\" \"SCRAM-SHA-256$4096:c2FsdA==$\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBE=\"\n";

    #[test]
    fn a_changed_file_is_read_again_and_a_broken_one_is_not_believed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("users");
        let names = |roles: &Roles| roles.current().all().iter().map(|role| role.name.clone()).collect::<Vec<_>>();
        std::fs::write(&path, ANN).expect("written");
        let roles = Roles::open(&path).expect("a file of roles");
        assert_eq!(names(&roles), ["ann"]);
        std::fs::write(&path, format!("{ANN}\"bob\" \"\"\n")).expect("written");
        assert_eq!(names(&roles), ["ann", "bob"]);
        std::fs::write(&path, "bob").expect("written");
        assert_eq!(names(&roles), ["ann", "bob"]);
        std::fs::remove_file(&path).expect("it is there");
        assert_eq!(names(&roles), ["ann", "bob"]);
        std::fs::write(&path, ANN).expect("written");
        assert_eq!(names(&roles), ["ann"]);
    }

    #[test]
    fn an_unknown_role_is_asked_for_a_proof_as_a_known_one_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("users");
        std::fs::write(&path, format!("\"svc\" \"\"\n{ANN}")).expect("written");
        let list = Roles::open(&path).expect("a file of roles").current();
        let (known, real) = list.verifier("ann");
        assert!(real && known.salt() == b"salt");
        for name in ["svc", "Ann", "nobody"] {
            let (verifier, real) = list.verifier(name);
            assert!(!real && verifier.salt().len() == 4 && verifier == list.verifier(name).0, "{name}");
        }
    }

    #[test]
    fn names_that_postgresql_refuses_are_refused() {
        for (name, ok) in [("ann", true), ("Ann B", true), ("", false), ("a\nb", false), ("public", false), ("pg_x", false)] {
            assert_eq!(check_name(name).is_ok(), ok, "{name:?}");
        }
        assert!(check_name(&"é".repeat(31)).is_ok() && check_name(&"é".repeat(32)).is_err());
    }
}
