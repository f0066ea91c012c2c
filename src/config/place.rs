//! Where this machine keeps what need not be shared: the index, spill files, what is being written.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Kind, Result};
use crate::store::Place;

/// The folder as given; else the state's own, and for a bucket one in the user's cache that no other state has.
pub(super) fn cache(given: Option<&Path>, state: &Place) -> Result<PathBuf> {
    match (given, state) {
        (Some(given), _) => Ok(given.to_owned()),
        (None, Place::Folder(folder)) => Ok(folder.clone()),
        (None, Place::Bucket(url)) => {
            let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
            let users = users_cache(std::env::consts::OS, variable).ok_or_else(|| {
                Error::new(Kind::Config, format!("no folder of this machine is known for the state {url}"))
                    .with_hint("Give one with --cache.")
            })?;
            Ok(users.join("stoa").join(name(url)))
        }
    }
}

/// The user's folder for what can be made again: the XDG Base Directory Specification's, macOS's or Windows's.
fn users_cache(system: &str, variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    // The specification has relative paths ignored.
    let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
    match system {
        "windows" => absolute("LOCALAPPDATA"),
        "macos" => absolute("HOME").map(|home| home.join("Library/Caches")),
        _ => absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache"))),
    }
}

/// A state's name as a folder's: readable, and told apart by a hash.
fn name(url: &str) -> String {
    let readable: String = url.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(60).collect();
    let hash: String = Sha256::digest(url.as_bytes())[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{readable}-{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_beside_the_state_or_the_users() {
        let folder = Place::Folder("/srv/state".into());
        let bucket = Place::Bucket("s3://city/stoa".into());
        let given = Path::new("/c");
        assert_eq!(cache(None, &folder).ok(), Some("/srv/state".into()));
        assert_eq!(cache(Some(given), &folder).ok(), Some("/c".into()));
        assert_eq!(cache(Some(given), &bucket).ok(), Some("/c".into()));
        for (system, variables, want) in [
            ("linux", &[("HOME", "/h")][..], Some("/h/.cache")),
            ("linux", &[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")], Some("/x")),
            ("linux", &[("HOME", "/h"), ("XDG_CACHE_HOME", "x")], Some("/h/.cache")),
            ("macos", &[("HOME", "/h")], Some("/h/Library/Caches")),
            ("windows", &[("LOCALAPPDATA", "/l")], Some("/l")),
            ("linux", &[], None),
        ] {
            let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| PathBuf::from(v));
            assert_eq!(users_cache(system, variable), want.map(PathBuf::from), "{system} {variables:?}");
        }
        assert!(name("s3://city/stoa").starts_with("s3---city-stoa-"));
        assert_ne!(name("s3://city/stoa"), name("s3://city-stoa"));
    }
}
