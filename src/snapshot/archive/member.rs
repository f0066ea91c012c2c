//! The members of an archive as both kinds list them: names that are safe to show and to compare, and the errors that speak of them.

use std::collections::HashSet;

use super::guard::invalid;
use crate::descriptor::members::{self, Sorted};
use crate::error::{Error, Kind, Result};
use crate::name::quoted;
use crate::snapshot::decode;

/// Names that a message tells; of more it tells how many there are.
const TOLD: usize = 20;

/// One file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// With `/` between its parts, relative, without `.` and `..`.
    pub(super) name: String,
    /// As the archive declares it.
    pub(super) bytes: u64,
    /// Where the archive has it: a zip's index, a tar's offset.
    pub(super) place: u64,
    /// Why it can't be read, as in "is encrypted".
    pub(super) obstacle: Option<String>,
}

/// A name that stands for another file. None is followed: where it leads may be outside of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) name: String,
    /// Where a header tells it.
    pub(super) target: Option<String>,
}

impl Link {
    /// `latest.csv, a link to 2024.csv`
    pub(super) fn told(&self) -> String {
        match &self.target {
            Some(target) => format!("{}, a link to {target}", self.name),
            None => format!("{}, a link", self.name),
        }
    }
}

/// The texts of raw names: UTF-8, else in the encoding that all of them together look like (old zip programs write the system's code
/// page and do not say which). A name that this does not decode is shown with its bytes escaped.
pub(super) fn decoded(raw: &[&[u8]]) -> Vec<String> {
    let fields = decode::guess_texts(raw.iter().copied().filter(|name| std::str::from_utf8(name).is_err()));
    let text = |name: &&[u8]| match std::str::from_utf8(name) {
        Ok(name) => name.to_owned(),
        Err(_) => match fields.as_ref().map(|fields| fields.text(name)) {
            Some((name, false)) => name.into_owned(),
            Some((_, true)) | None => name.escape_ascii().to_string(),
        },
    };
    raw.iter().map(text).collect()
}

/// The name as it is shown and compared. One that leads out of the archive, as `../x`, `/x` and `C:\x` do, is an error: nothing is ever
/// written under a member's name, but who writes such names means harm to somebody.
pub(super) fn checked(label: &str, raw: &str) -> Result<String> {
    // Some programs of Windows write its own separator, which the format forbids (APPNOTE 4.4.17.1).
    let name = if raw.contains('/') { raw.to_owned() } else { raw.replace('\\', "/") };
    let has_drive = matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    let climbs = name.split(['/', '\\']).any(|part| part == "..");
    if name.starts_with(['/', '\\']) || has_drive || climbs || name.contains('\0') {
        let message = format!("{label} holds a member named {raw:?}, which leads out of the archive; nothing of it is read");
        return Err(Error::new(Kind::SourceInvalid, message).with_hint("Publish it with plain relative names."));
    }
    let parts: Vec<&str> = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    Ok(parts.join("/"))
}

/// An error when two members have one name: which of them is meant would be a guess, and other programs may guess otherwise.
pub(super) fn check_unique(label: &str, members: &[Member]) -> Result<()> {
    let mut seen = HashSet::with_capacity(members.len());
    match members.iter().find(|member| !seen.insert(member.name.as_str())) {
        Some(twice) => Err(invalid(label, format!("two of its members are named {}", quoted(&twice.name)))),
        None => Ok(()),
    }
}

/// Names for a message, `no file` when there are none.
pub(super) fn told<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let first = names.iter().take(TOLD).copied().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => "no file".to_owned(),
        n if n > TOLD => format!("{first} and {} more", n - TOLD),
        _ => first,
    }
}

/// The error for an archive of several tables whose descriptor does not say which one is meant, with the lines to write. `url`: the
/// published file. `within`: where in that the archive is, when it is not that itself.
pub(super) fn several(label: &str, url: &str, within: &str, data: &[String]) -> Error {
    let inner = |name: &str| if within.is_empty() { name.to_owned() } else { format!("{within}/{name}") };
    let example = data.first().map_or("", String::as_str);
    let all = members::format_of(example).map_or("**".to_owned(), |_| {
        let ending = example.rsplit('.').next().unwrap_or_default();
        if example.contains('/') { format!("**/*.{ending}") } else { format!("*.{ending}") }
    });
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let resource = |name: &String| {
        let stem = name.rsplit('/').next().and_then(|last| last.split('.').next()).unwrap_or(name);
        format!("{{\"name\": {}, \"path\": {}, \"innerpath\": {}}}", json(stem), json(url), json(&inner(name)))
    };
    let mut resources: Vec<String> = data.iter().take(TOLD).map(resource).collect();
    if data.len() > TOLD {
        resources.push("...".to_owned());
    }
    let message =
        format!("{label} is an archive of {} data files, and its descriptor does not say which make the table", data.len());
    let hint = format!(
        "Say it in the resource: \"innerpath\": {} for one file, \"innerpath\": {} for all as one table when they have the same columns. \
         Or write a resource for each:\n{}",
        json(&inner(example)),
        json(&inner(&all)),
        resources.join(",\n")
    );
    Error::new(Kind::SourceInvalid, message)
        .with_detail(format!("It holds {}.", told(data.iter().map(String::as_str))))
        .with_hint(hint)
}

/// The error for an archive without a file that a table can be made of.
pub(super) fn no_data(label: &str, sorted: &Sorted) -> Error {
    let message = format!("{label} is an archive without a file that a table can be made of");
    Error::new(Kind::SourceInvalid, message)
        .with_detail(format!("It holds {}.", told(sorted.left_out.iter().map(String::as_str))))
        .with_hint("When one of them is data, name it in the resource: \"innerpath\": \"...\".")
}

/// The error for a descriptor that means no member of the archive.
pub(super) fn none_meant(label: &str, wanted: &str, members: &[Member]) -> Error {
    let message = format!("{label} holds no file {}, which the descriptor's innerpath names", quoted(wanted));
    Error::new(Kind::SourceInvalid, message).with_detail(format!("It holds {}.", told(members.iter().map(|m| m.name.as_str()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_or_refused() {
        for (raw, want) in [
            ("a/b.csv", Some("a/b.csv")),
            ("./a//b.csv", Some("a/b.csv")),
            ("folder\\b.csv", Some("folder/b.csv")),
            ("a..b/..c.csv", Some("a..b/..c.csv")),
            ("../b.csv", None),
            ("a/../../b.csv", None),
            ("a\\..\\..\\b.csv", None),
            ("/etc/passwd", None),
            ("\\\\host\\share", None),
            ("C:\\b.csv", None),
            ("c:b.csv", None),
            ("a\0.csv", None),
        ] {
            assert_eq!(checked("f.zip", raw).ok().as_deref(), want, "{raw:?}");
        }
        let e = checked("f.zip", "../b.csv").expect_err("it climbs");
        assert_eq!(e.message(), "f.zip holds a member named \"../b.csv\", which leads out of the archive; nothing of it is read");
    }

    #[test]
    fn names_of_old_programs_are_decoded() {
        let gbk = encoding_rs::GBK.encode("省份城市统计数据.csv").0.into_owned();
        let names: [&[u8]; 3] = [b"a.csv", "é.csv".as_bytes(), &gbk];
        assert_eq!(decoded(&names), ["a.csv", "é.csv", "省份城市统计数据.csv"]);
        for (encoding, name) in
            [(encoding_rs::GBK, "数据.csv"), (encoding_rs::SHIFT_JIS, "データ一覧.csv"), (encoding_rs::WINDOWS_1252, "Größe.csv")]
        {
            let raw = encoding.encode(name).0.into_owned();
            assert_eq!(decoded(&[b"a.csv", &raw]), ["a.csv", name]);
        }
        // Germany's letters in DOS's page.
        let names: [&[u8]; 5] = [b"K\x94nig.csv", b"a.csv", b"Stra\xe1e.csv", b"M\x81hle.csv", b"J\x84ger.csv"];
        assert_eq!(decoded(&names), ["König.csv", "a.csv", "Straße.csv", "Mühle.csv", "Jäger.csv"]);
    }

    #[test]
    fn several_tables_are_told_with_the_lines_to_write() {
        let e = several("x.org/gtfs.zip", "https://x.org/gtfs.zip", "", &["stops.txt".to_owned(), "trips.txt".to_owned()]);
        assert_eq!(
            e.message(),
            "x.org/gtfs.zip is an archive of 2 data files, and its descriptor does not say which make the table"
        );
        assert_eq!(e.detail(), Some("It holds stops.txt, trips.txt."));
        let hint = e.hint().unwrap_or_default();
        for line in [
            r#""innerpath": "stops.txt" for one"#,
            r#""innerpath": "*.txt" for all"#,
            r#"{"name": "trips", "path": "https://x.org/gtfs.zip", "innerpath": "trips.txt"}"#,
        ] {
            assert!(hint.contains(line), "{hint}");
        }
    }
}
