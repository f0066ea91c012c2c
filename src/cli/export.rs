//! `stoa catalog export`: a whole catalog as other platforms read it, dataset by dataset. How a standard writes one is unknown here.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::output::Output;
use super::report::Failure;
use crate::catalog::Publication;
use crate::descriptor::Dataset;
use crate::descriptor::export::{About, Format, Writer, Written, folder_name};
use crate::engine::Engine;
use crate::error::{Error, Kind, Result};

/// How many datasets are read from the catalog at a time.
const PAGE: usize = 256;

/// Which catalog, as what, and where to.
#[derive(Clone, Debug)]
pub struct Options {
    /// The first one when `None`.
    pub catalog: Option<String>,
    pub format: Format,
    /// A file; for Data Packages a folder. Standard output when `None`.
    pub output: Option<PathBuf>,
    /// What is said of the whole: without a title, it is the catalog's name; a publisher without a name is called as the catalog is.
    pub about: About,
}

/// Writes the catalog, and says on standard error what was written. A reader that goes away (`| head`) ends it quietly.
pub fn export(engine: &Arc<Engine>, options: &Options) -> Result<(), Failure> {
    let catalogs = engine.catalogs();
    let name = match &options.catalog {
        Some(name) => name.clone(),
        None => catalogs.names().into_iter().next().ok_or_else(|| {
            Error::new(Kind::UndefinedDatabase, "there is no catalog to export").with_hint("Name a folder with --catalog.")
        })?,
    };
    let about = titled(options.about.clone(), &name);
    let mut vanished = 0;
    let mut datasets = Datasets { engine, name: &name, vanished: &mut vanished };
    let written = match (options.format, &options.output) {
        (Format::DataPackage, Some(folder)) => packages(&mut datasets, &about, folder)?,
        (Format::DataPackage, None) => {
            let error = Error::new(Kind::Config, "Data Packages are a file for each dataset, and need a folder");
            return Err(error.with_hint("Name one that is not there yet with --output DIR.").into());
        }
        (format, Some(file)) => {
            let mut out = Output::file(file)?;
            let written = document(&mut datasets, format, &about, &mut out)?;
            out.keep()?;
            written
        }
        (format, None) => {
            let mut out = Output::stdout();
            match document(&mut datasets, format, &about, &mut out) {
                Err(_) if out.is_closed() => return Ok(()),
                written => written?,
            }
        }
    };
    eprintln!("{}", told(&name, &written, vanished));
    Ok(())
}

/// What is said of a catalog of which nobody said more than its name.
fn titled(mut about: About, name: &str) -> About {
    if about.title.is_empty() {
        name.clone_into(&mut about.title);
    }
    if about.description.is_empty() {
        about.description = format!("The datasets of the catalog {}", about.title);
    }
    if about.publisher.name.is_empty() {
        about.publisher.name.clone_from(&about.title);
    }
    about
}

/// The datasets of a catalog that are still published.
struct Datasets<'e> {
    engine: &'e Arc<Engine>,
    name: &'e str,
    /// How many are not.
    vanished: &'e mut u64,
}

impl Datasets<'_> {
    fn each(&mut self, mut write: impl FnMut(&Dataset) -> Result<()>) -> Result<()> {
        let mut publications = self.engine.catalogs().publications(self.name, None, None)?;
        loop {
            let page = publications.page(PAGE)?;
            if page.is_empty() {
                return Ok(());
            }
            let (gone, published): (Vec<Publication>, Vec<_>) = page.into_iter().partition(|p| p.vanished.is_some());
            *self.vanished += gone.len() as u64;
            published.iter().try_for_each(|publication| write(publication.dataset()?))?;
        }
    }
}

fn document(datasets: &mut Datasets<'_>, format: Format, about: &About, out: &mut Output) -> Result<Written> {
    let mut writer = Writer::begin(format, about, out).map_err(not_written)?;
    datasets.each(|dataset| writer.dataset(dataset).map_err(not_written))?;
    writer.end().map_err(not_written)
}

/// A folder of folders, each with a descriptor: it appears when it is complete.
fn packages(datasets: &mut Datasets<'_>, about: &About, folder: &Path) -> Result<Written> {
    let is_free = !folder.exists() || fs::read_dir(folder).is_ok_and(|mut files| files.next().is_none());
    let Some(name) = folder.file_name().filter(|_| is_free) else {
        let error = Error::new(Kind::Config, format!("{} is there and is no empty folder", folder.display()));
        return Err(error.with_hint("Name another one, or remove it first."));
    };
    let part = Part(folder.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id())));
    let cant_write = |e: io::Error| Error::from(e).within(format!("can't write {}", folder.display()));
    fs::create_dir_all(&part.0).map_err(cant_write)?;
    let mut all = Written::default();
    datasets.each(|dataset| {
        let file = File::create(package_folder(&part.0, dataset).map_err(cant_write)?.join("datapackage.json"));
        let mut out = BufWriter::new(file.map_err(cant_write)?);
        let mut writer = Writer::begin(Format::DataPackage, about, &mut out).map_err(not_written)?;
        writer.dataset(dataset).map_err(not_written)?;
        let written = writer.end().map_err(not_written)?;
        out.flush().map_err(cant_write)?;
        all.datasets += written.datasets;
        written.lacking.into_iter().for_each(|(name, count)| *all.lacking.entry(name).or_default() += count);
        Ok(())
    })?;
    if folder.exists() {
        fs::remove_dir(folder).map_err(cant_write)?;
    }
    fs::rename(&part.0, folder).map_err(cant_write)?;
    Ok(all)
}

/// Makes a dataset's folder: of its name, with a part of its identifier's sum behind where an earlier one has that name.
fn package_folder(folder: &Path, dataset: &Dataset) -> io::Result<PathBuf> {
    let name = folder_name(dataset);
    let sum: String = Sha256::digest(&dataset.identifier).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut last = Ok(PathBuf::new());
    for behind in ["", &sum[..8], &sum] {
        let path = folder.join(format!("{name}{}{behind}", if behind.is_empty() { "" } else { "-" }));
        last = fs::create_dir(&path).map(|()| path);
        if !last.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::AlreadyExists) {
            break;
        }
    }
    last
}

/// A folder that goes unless it was renamed.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // After a rename there is nothing under this name; a folder that can't be removed is not worth an error here.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn not_written(e: io::Error) -> Error {
    match e.kind() {
        io::ErrorKind::InvalidData => Error::new(Kind::Descriptor, e.to_string()),
        _ => Error::from(e).within("can't write the catalog"),
    }
}

fn told(name: &str, written: &Written, vanished: u64) -> String {
    let mut line = format!("{name}: {} datasets written", written.datasets);
    if vanished > 0 {
        line += &format!("; {vanished} that are not published any more are left out");
    }
    for (property, count) in &written.lacking {
        line += &format!("; {count} have no {property}, which the standard demands");
    }
    line
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn what_is_not_valid_is_told() {
        let written = Written { datasets: 3, lacking: [("resources", 2)].into() };
        expect!["city: 3 datasets written; 1 that are not published any more are left out; 2 have no resources, which the standard demands"]
            .assert_eq(&told("city", &written, 1));
        assert_eq!(told("city", &Written::default(), 0), "city: 0 datasets written");
    }

    #[test]
    fn each_package_has_a_folder() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let made = |identifier: &str, name: &str| {
            let dataset = Dataset { identifier: identifier.to_owned(), name: name.to_owned(), ..Dataset::default() };
            let path = package_folder(folder.path(), &dataset)?;
            Ok::<_, io::Error>(path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        };
        assert_eq!(made("1", "Air Quality")?, "air_quality");
        assert_eq!(made("2", "air quality")?, "air_quality-d4735e3a");
        assert_eq!(made("3", "../../空气")?, "dataset");
        Ok(())
    }
}
