//! Where a command's rows go: standard output, or a file that appears when it is complete.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};

/// Standard output or a file, buffered.
pub struct Output {
    target: Target,
    closed: bool,
}

enum Target {
    Stdout(BufWriter<Stdout>),
    File(Part),
    /// What is no file and must stay what it is, such as `/dev/null` or a named pipe.
    Device(BufWriter<File>),
}

/// A file under a temporary name beside its own; removed unless it is kept.
struct Part {
    file: Option<BufWriter<File>>,
    part: PathBuf,
    path: PathBuf,
}

const BUFFER: usize = 64 << 10;

/// The error for lines that standard output does not take.
pub(super) fn not_printed(e: io::Error) -> Error {
    Error::from(e).within("standard output")
}

impl Output {
    /// Standard output.
    pub fn stdout() -> Self {
        Self { target: Target::Stdout(BufWriter::with_capacity(BUFFER, io::stdout())), closed: false }
    }

    /// A file that appears at `path` with [`Self::keep`], in place of one that may be there; nothing appears otherwise. What is there
    /// and is no file (a device, a named pipe) is written to as it stands.
    pub fn file(path: &Path) -> Result<Self> {
        let name = path.file_name().filter(|_| !path.is_dir()).ok_or_else(|| {
            Error::new(Kind::Config, format!("{} is a folder, not a file to write to", path.display()))
                .with_hint("Give the file's name too.")
        })?;
        let cant_write = |e| Error::from(e).within(format!("can't write {}", path.display()));
        if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            let device = File::options().write(true).open(path).map_err(cant_write)?;
            return Ok(Self { target: Target::Device(BufWriter::with_capacity(BUFFER, device)), closed: false });
        }
        let part = path.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
        let file = File::create(&part).map_err(cant_write)?;
        let file = Some(BufWriter::with_capacity(BUFFER, file));
        Ok(Self { target: Target::File(Part { file, part, path: path.to_owned() }), closed: false })
    }

    /// Whether a person reads this.
    pub fn is_terminal(&self) -> bool {
        match &self.target {
            Target::Stdout(out) => out.get_ref().is_terminal(),
            Target::File(_) => false,
            Target::Device(device) => device.get_ref().is_terminal(),
        }
    }

    /// Whether the reader of the pipe has gone (`stoa query .. | head`), which is no failure.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Ends the output: what is buffered is written, and a file appears under its name.
    pub fn keep(mut self) -> Result<()> {
        self.flush()?;
        match &mut self.target {
            Target::Stdout(_) | Target::Device(_) => Ok(()),
            Target::File(part) => part.keep().map_err(|e| Error::from(e).within(format!("can't write {}", part.path.display()))),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.target {
            Target::Stdout(out) => out.write(bytes),
            Target::File(part) => part.writer().write(bytes),
            Target::Device(device) => device.write(bytes),
        };
        self.noticing(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = match &mut self.target {
            Target::Stdout(out) => out.flush(),
            Target::File(part) => part.writer().flush(),
            Target::Device(device) => device.flush(),
        };
        self.noticing(flushed)
    }
}

impl Output {
    /// Remembers that the reader has gone, whatever the writers above make of the error.
    fn noticing<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        self.closed |= result.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::BrokenPipe);
        result
    }
}

impl Part {
    fn writer(&mut self) -> &mut BufWriter<File> {
        self.file.as_mut().expect("the file is open until it is kept, which consumes the output")
    }

    fn keep(&mut self) -> io::Result<()> {
        if let Some(writer) = self.file.take() {
            writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            fs::rename(&self.part, &self.path)?;
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After a rename there is nothing under this name; a file that can't be removed is not worth an error here.
        let _ = fs::remove_file(&self.part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_when_it_is_kept_and_not_before() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("rows.csv");
        let mut out = Output::file(&path).expect("the folder is writable");
        out.write_all(b"half").expect("there is room");
        assert!(!path.exists());
        drop(out);
        assert_eq!(fs::read_dir(dir.path()).expect("the folder is there").count(), 0);

        let mut out = Output::file(&path).expect("the folder is writable");
        out.write_all(b"whole").expect("there is room");
        out.keep().expect("it can be renamed");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "whole");
        assert_eq!(fs::read_dir(dir.path()).expect("the folder is there").count(), 1);
    }

    /// A file of its name would take the device's place for all.
    #[test]
    #[cfg(unix)]
    fn a_device_stays_a_device() {
        use std::os::unix::fs::FileTypeExt;
        let null = Path::new("/dev/null");
        let mut out = Output::file(null).expect("everyone may write to it");
        out.write_all(b"rows").and_then(|()| out.flush()).expect("it takes all");
        assert!(matches!(out.target, Target::Device(_)) && !out.is_terminal());
        out.keep().expect("there is nothing to rename");
        assert!(fs::metadata(null).expect("it is there").file_type().is_char_device());
    }

    #[test]
    fn a_folder_is_refused() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(Output::file(dir.path()).err().map(|e| e.kind()), Some(Kind::Config));
    }
}
