//! Whether the files that are open are still the ones at their paths.
//!
//! A database that was moved, removed or replaced stays open: SQLite would go
//! on writing into files that nobody finds any more, while the next process
//! makes new ones. So the three files are compared with their paths around
//! every group and every read. That is done by path alone. Opening and closing
//! one of them in this process would drop SQLite's own locks on it.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use playerdata_core::backend::ErrorKind;
use tracing::error;

use crate::error::Fault;

/// Which file it is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    #[cfg(unix)]
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = fs::metadata(path)?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    /// Elsewhere a file that is open can't be moved or removed.
    #[cfg(not(unix))]
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|_| Self {
            device: 0,
            inode: 0,
        })
    }
}

/// The path of a file that SQLite keeps beside the database.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(suffix);
    PathBuf::from(name)
}

/// The files of an open database.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// None of a database in memory.
    opened: Vec<(PathBuf, FileId)>,
    /// Once a file is gone it stays so: what others did to it meanwhile is
    /// not known.
    replaced: OnceLock<PathBuf>,
}

impl Files {
    /// Those of a database that was opened at `path`, and that SQLite knows
    /// under the path `own`, links followed.
    pub(crate) fn opened(path: &Path, own: &Path) -> io::Result<Self> {
        // The working directory may change later.
        let path = std::path::absolute(path)?;
        let paths = [path, beside(own, "-wal"), beside(own, "-shm")];
        let opened = paths.into_iter().map(|path| {
            let id = FileId::at(&path)?;
            Ok((path, id))
        });
        Ok(Self {
            opened: opened.collect::<io::Result<_>>()?,
            replaced: OnceLock::new(),
        })
    }

    /// Which of them is not the one that was opened, if any.
    pub(crate) fn replaced(&self) -> io::Result<Option<&Path>> {
        if let Some(path) = self.replaced.get() {
            return Ok(Some(path));
        }
        for (path, opened) in &self.opened {
            match FileId::at(path) {
                Ok(there) if there == *opened => continue,
                Ok(_) => {}
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(error),
            }
            error!(path = %path.display(), "{}", Self::SAYS);
            return Ok(Some(self.replaced.get_or_init(|| path.clone())));
        }
        Ok(None)
    }

    pub(crate) const SAYS: &str = "a file of the database was moved, removed or replaced under \
        the running process, which neither reads nor writes it any more";

    /// Fails if one of them is not the one that was opened.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        match self.replaced() {
            Ok(None) => Ok(()),
            Ok(Some(path)) => Err(Fault::new(
                ErrorKind::Rejected,
                format!("{}: {}", path.display(), Self::SAYS),
            )),
            Err(error) => Err(Fault::new(
                ErrorKind::Unavailable,
                format!("can't look at the database's files: {error}"),
            )),
        }
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
