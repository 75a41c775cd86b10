//! What is done to a file before SQLite sees it.

use std::{fs, io, path::Path};

use crate::{OpenError, SqliteOptions, files::beside};

/// Makes the file, if it is missing and may be made, and makes sure that it
/// can be written: with permission to read only, SQLite would make files
/// beside it that its owner could not write to, and leave them there.
pub(crate) fn prepare(path: &Path, options: &SqliteOptions) -> Result<(), OpenError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() == 0 && !options.create => {
            Err(OpenError::Missing {
                path: path.to_owned(),
            })
        }
        Ok(_) => check_access(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if !options.create {
                return Err(OpenError::Missing {
                    path: path.to_owned(),
                });
            }
            make(path, options.file_mode).map_err(|source| OpenError::CannotCreate {
                path: path.to_owned(),
                source,
            })
        }
        // SQLite says what is wrong with it.
        Err(_) => Ok(()),
    }
}

/// Makes an empty file under another name first. It is closed before it can
/// be found: closing it later would drop the locks of whoever has opened it.
fn make(path: &Path, mode: u32) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let file = tempfile::Builder::new()
        .prefix(".playerdata-")
        .tempfile_in(folder)?;
    set_mode(file.as_file(), mode)?;
    match file.into_temp_path().persist_noclobber(path) {
        Ok(()) => Ok(()),
        // Another process was faster.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}

#[cfg(unix)]
pub(crate) fn set_mode(file: &fs::File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(crate) fn set_mode(_: &fs::File, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn check_access(path: &Path) -> Result<(), OpenError> {
    use rustix::{
        fs::{Access, AtFlags, CWD, accessat},
        io::Errno,
    };

    for path in [path, &beside(path, "-wal"), &beside(path, "-shm")] {
        let wanted = Access::READ_OK | Access::WRITE_OK;
        let access = accessat(CWD, path, wanted, AtFlags::EACCESS);
        // Whatever else is wrong, SQLite says when it opens the file.
        if matches!(access, Err(Errno::ACCESS | Errno::ROFS)) {
            return Err(OpenError::ReadOnly {
                path: path.to_owned(),
                source: None,
            });
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_access(_: &Path) -> Result<(), OpenError> {
    Ok(())
}
