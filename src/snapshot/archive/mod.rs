//! Archives and packings: one published file becomes the plain files that a table is made of, told by their bytes whatever they are
//! called, under guards. What the plain files hold is not looked at.

mod guard;
mod magic;
mod member;
mod stream;
mod tar;
mod zip;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

pub(super) use guard::{Guard, too_large};

use self::magic::Told;
use self::member::{Link, Member};
use self::stream::Codec;
use self::tar::Tar;
use self::zip::Zip;
use super::Options;
use super::sheet::Document;
use super::stop::Stop;
use crate::descriptor::Format;
use crate::descriptor::members::{self, Wanted};
use crate::error::{Error, Kind, Result};

/// How many bytes an archive that is packed as a whole may have to be listed: all of it has to be unpacked for that.
const MAX_LISTED: u64 = 64 << 20;

/// And how many it may unpack to.
const MAX_UNPACKED_LISTED: u64 = 512 << 20;

/// A file that needs no unpacking.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) path: PathBuf,
    /// Where it was published: its URL, and behind a slash the member of an archive.
    pub(super) label: String,
    /// What `_source_file` holds: `file`, or `archive/member`.
    pub(super) name: String,
    /// As its bytes tell, else as a member's own ending does.
    pub(super) format: Option<Format>,
    /// The bytes tell the format: it stands above what is declared.
    pub(super) is_certain: bool,
    /// Of a Shapefile: the files that belong to it, by their endings in lower case.
    pub(super) beside: Vec<(String, PathBuf)>,
}

/// A published file, or what was in one.
struct Packed {
    path: PathBuf,
    label: String,
    name: String,
    format: Option<Format>,
    /// Packings around it.
    depth: usize,
}

/// Opens one published file, which is called `name`. `wanted`: the files within it that are meant, by path or glob; the only data file
/// when it is `None`. Several come in the order of their names. What is left out of an archive is a warning.
pub(super) fn open(
    path: &Path,
    label: &str,
    name: &str,
    wanted: Option<&str>,
    guard: &Guard<'_>,
    warnings: &mut Vec<String>,
) -> Result<Vec<Plain>> {
    let packed = Packed { path: path.to_owned(), label: label.to_owned(), name: name.to_owned(), format: None, depth: 0 };
    let wanted = wanted.map(|text| (text, Wanted::new(text)));
    Opening { guard, warnings }.open(packed, wanted)
}

/// The names of the files in a local archive, by its directory or headers only. `None` for what is no archive, or a workbook, and for an
/// archive packed as a whole that would take long to list ([`MAX_LISTED`]).
pub(super) fn list(path: &Path, options: &Options) -> Result<Option<Vec<String>>> {
    let label = path.display().to_string();
    let members = match magic::look(path)? {
        Told::Zip => {
            let mut zip = Zip::open(path, &label, options)?;
            if zip.document(&label)?.is_some() {
                return Ok(None);
            }
            zip.members
        }
        Told::Tar => Tar::open(path, &label, options, &Stop::default())?.members,
        Told::Packed(codec) => match packed_tar(path, codec, &label, options)? {
            Some(tar) => tar.members,
            None => return Ok(None),
        },
        Told::Format(_) | Told::Refused(..) | Told::Nothing => return Ok(None),
    };
    if members.is_empty() {
        return Err(member::no_data(&label, &members::sort(std::iter::empty())));
    }
    Ok(Some(members.into_iter().map(|member| member.name).collect()))
}

/// The tar archive that is packed in the file at `path`; `None` for what is none, or would take long to list.
fn packed_tar(path: &Path, codec: Codec, label: &str, options: &Options) -> Result<Option<Tar>> {
    if path.metadata()?.len() > MAX_LISTED {
        return Ok(None);
    }
    let mut unpacked = stream::decoder(codec, File::open(path)?)?.take(MAX_UNPACKED_LISTED);
    let head = magic::head(&mut unpacked).map_err(|e| guard::failed(label, &e))?;
    if magic::told(&head) != Told::Tar {
        return Ok(None);
    }
    match Tar::list(head.chain(&mut unpacked), path, label, options) {
        Err(_) if unpacked.limit() == 0 => Ok(None),
        listed => listed.map(Some),
    }
}

/// The format that a file's first bytes tell beyond doubt.
pub(super) fn told(path: &Path) -> Result<Option<Format>> {
    Ok(match magic::look(path)? {
        Told::Format(format) => Some(format),
        Told::Packed(_) | Told::Zip | Told::Tar | Told::Refused(..) | Told::Nothing => None,
    })
}

/// The same names for an archive that may be packed as a whole, which is unpacked into `scratch`.
pub(super) fn list_unpacked(path: &Path, options: &Options, stop: &Stop, scratch: &Path) -> Result<Option<Vec<String>>> {
    let label = path.display().to_string();
    let guard = Guard::new(&label, path.metadata()?.len(), 0, options, stop, scratch);
    let (mut path, mut depth) = (path.to_owned(), 0);
    while let Told::Packed(codec) = magic::look(&path)? {
        guard.check_depth(&label, depth)?;
        let unpacked = guard.write(&label, stream::decoder(codec, File::open(&path)?)?, None)?;
        guard.discard(&path);
        (path, depth) = (unpacked, depth + 1);
    }
    let names = list(&path, options);
    guard.discard(&path);
    names
}

/// A descriptor's words for the files that are meant, and what they select.
type Meant<'t> = Option<(&'t str, Wanted)>;

struct Opening<'a> {
    guard: &'a Guard<'a>,
    warnings: &'a mut Vec<String>,
}

impl Opening<'_> {
    fn open(&mut self, mut packed: Packed, wanted: Meant<'_>) -> Result<Vec<Plain>> {
        loop {
            let label = &packed.label;
            match magic::look(&packed.path)? {
                Told::Packed(codec) => {
                    self.guard.check_depth(label, packed.depth)?;
                    let file = File::open(&packed.path)?;
                    let unpacked = self.guard.write(label, stream::decoder(codec, file)?, None)?;
                    self.guard.discard(&packed.path);
                    packed = Packed { path: unpacked, depth: packed.depth + 1, ..packed };
                }
                Told::Zip => {
                    let mut zip = Zip::open(&packed.path, label, self.guard.options)?;
                    match zip.document(label)? {
                        Some(Document::Workbook(_)) => {
                            // Whoever reads the workbook unpacks what the directory declares.
                            self.guard.check(zip.members.iter().fold(0, |all, m| all.saturating_add(m.bytes)))?;
                            zip.check_overlap(label)?;
                            return plain(packed, Some(Format::Workbook), &wanted);
                        }
                        Some(Document::Other(what)) => return Err(refused(label, what, "Publish its tables as CSV.")),
                        None => {}
                    }
                    zip.check_overlap(label)?;
                    return self.archive(packed, Archive::Zip(zip), wanted);
                }
                Told::Tar => {
                    let tar = Tar::open(&packed.path, label, self.guard.options, self.guard.stop)?;
                    return self.archive(packed, Archive::Tar(tar), wanted);
                }
                Told::Format(format) => return plain(packed, Some(format), &wanted),
                Told::Refused(what, hint) => return Err(refused(label, what, hint)),
                Told::Nothing => return plain(packed, None, &wanted),
            }
        }
    }

    /// The files of an archive that make the table.
    fn archive(&mut self, packed: Packed, mut archive: Archive, wanted: Meant<'_>) -> Result<Vec<Plain>> {
        self.guard.check_depth(&packed.label, packed.depth)?;
        self.links(&packed, &archive, wanted.as_ref())?;
        let mut plains = Vec::new();
        for (member, within) in self.chosen(&packed, archive.members(), wanted)? {
            let inner = Packed {
                label: format!("{}/{}", packed.label, member.name),
                name: format!("{}/{}", packed.name, member.name),
                format: members::format_of(&member.name),
                depth: packed.depth + 1,
                path: PathBuf::new(),
            };
            let path = archive.unpack(&member, &inner.label, self.guard)?;
            let mut opened = self.open(Packed { path, ..inner }, within)?;
            if let [Plain { format: Some(Format::Shapefile), beside, .. }] = opened.as_mut_slice() {
                *beside = self.beside(&mut archive, &packed.label, &member.name)?;
            }
            plains.append(&mut opened);
        }
        self.guard.discard(&packed.path);
        Ok(plains)
    }

    /// Tells of links that may be meant; an error when nothing else is.
    fn links(&mut self, packed: &Packed, archive: &Archive, wanted: Option<&(&str, Wanted)>) -> Result<()> {
        let links = archive.links();
        let meant: Vec<&Link> = match wanted {
            None => links.iter().collect(),
            Some((_, wanted)) => {
                let names = wanted.select(links.iter().map(|link| link.name.as_str()));
                links.iter().filter(|link| names.contains(&link.name.as_str())).collect()
            }
        };
        if meant.is_empty() {
            return Ok(());
        }
        let told: Vec<String> = meant.iter().map(|link| link.told()).collect();
        let told = member::told(told.iter().map(String::as_str));
        let names = archive.members().iter().map(|member| member.name.as_str());
        if wanted.is_some_and(|(_, wanted)| wanted.select(names).is_empty()) {
            let message = format!("{} holds {told}, and links are not followed", packed.label);
            return Err(
                Error::new(Kind::SourceInvalid, message).with_hint("Name the file itself by \"innerpath\" in the descriptor.")
            );
        }
        self.warnings.push(format!("{} holds links, which are not followed: {told}", packed.label));
        Ok(())
    }

    /// The members that are meant, each with what is meant within it.
    fn chosen<'w>(&mut self, packed: &Packed, all: &[Member], wanted: Meant<'w>) -> Result<Vec<(Member, Meant<'w>)>> {
        let label = &packed.label;
        let names = || all.iter().map(|member| member.name.as_str());
        let by_name: HashMap<&str, &Member> = all.iter().map(|member| (member.name.as_str(), member)).collect();
        let of_name = |name: &str| by_name.get(name).map(|member| (*member).clone());
        let Some((text, wanted)) = wanted else {
            let sorted = members::sort(names());
            let [only] = sorted.data.as_slice() else {
                return Err(match sorted.data.len() {
                    0 => member::no_data(label, &sorted),
                    _ => member::several(label, self.guard.url, self.guard.place(label), &sorted.data),
                });
            };
            if !sorted.left_out.is_empty() {
                let left_out = member::told(sorted.left_out.iter().map(String::as_str));
                self.warnings.push(format!("{label} is read for {only}, and left out is {left_out}"));
            }
            return Ok(of_name(only).map(|member| (member, None)).into_iter().collect());
        };
        let direct: Vec<_> = wanted.select(names()).into_iter().filter_map(of_name).map(|member| (member, None)).collect();
        if !direct.is_empty() {
            return Ok(direct);
        }
        let into = all.iter().find_map(|member| Some((member, wanted.within(&member.name)?)));
        match into {
            Some((member, within)) => Ok(vec![(member.clone(), Some((text, within)))]),
            None => Err(member::none_meant(label, text, all)),
        }
    }

    /// The files that belong to the Shapefile `shp`, unpacked. One that can't be read is an error: without it the table would lack columns.
    fn beside(&self, archive: &mut Archive, label: &str, shp: &str) -> Result<Vec<(String, PathBuf)>> {
        let parts: Vec<Member> = archive.members().iter().filter(|m| members::is_beside(shp, &m.name)).cloned().collect();
        let mut beside = Vec::with_capacity(parts.len());
        for part in &parts {
            let path = archive.unpack(part, &format!("{label}/{}", part.name), self.guard)?;
            let ending = part.name.rsplit('.').next().unwrap_or_default().to_lowercase();
            beside.push((ending, path));
        }
        Ok(beside)
    }
}

/// Either kind of archive.
enum Archive {
    Zip(Zip),
    Tar(Tar),
}

impl Archive {
    fn members(&self) -> &[Member] {
        match self {
            Self::Zip(zip) => &zip.members,
            Self::Tar(tar) => &tar.members,
        }
    }

    fn links(&self) -> &[Link] {
        match self {
            Self::Zip(zip) => &zip.links,
            Self::Tar(tar) => &tar.links,
        }
    }

    /// Writes a member's bytes to a scratch file; an error when something stands in the way of reading it.
    fn unpack(&mut self, member: &Member, label: &str, guard: &Guard<'_>) -> Result<PathBuf> {
        if let Some(obstacle) = &member.obstacle {
            return Err(Error::new(Kind::SourceInvalid, format!("{label} {obstacle}")));
        }
        match self {
            Self::Zip(zip) => zip.unpack(member, label, guard),
            Self::Tar(tar) => tar.unpack(member, label, guard),
        }
    }
}

/// What needs no more unpacking; an error when files within it are meant.
fn plain(packed: Packed, told: Option<Format>, wanted: &Meant<'_>) -> Result<Vec<Plain>> {
    let Packed { path, label, name, format, .. } = packed;
    if let Some((text, _)) = wanted {
        let message = format!("{label} is no archive, and the descriptor's innerpath names {text} in one");
        return Err(Error::new(Kind::SourceInvalid, message).with_hint("Take \"innerpath\" out of the descriptor."));
    }
    Ok(vec![Plain { path, label, name, is_certain: told.is_some(), format: told.or(format), beside: Vec::new() }])
}

fn refused(label: &str, what: &str, hint: &str) -> Error {
    Error::new(Kind::SourceInvalid, format!("{label} is {what}, which no table is made of")).with_hint(hint)
}

#[cfg(test)]
mod tests;
