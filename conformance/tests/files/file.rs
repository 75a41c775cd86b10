//! A file with a state in it, that is read, changed and replaced whole.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, ErrorKind::NotFound, Write},
    path::{Path, PathBuf},
};

use playerdata_core::backend::{Effect, Result};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::error::{failed, unwanted};

/// The file of one player, or of one server name, in a folder of its own.
pub(crate) struct StateFile {
    pub(crate) folder: PathBuf,
}

impl StateFile {
    /// The file of a name of up to 128 bytes. In hexadecimal digits, names
    /// that differ in their capitals stay apart, and `/` and `..` are names
    /// like any other. In two parts, they fit the 255 bytes of a file name.
    pub(crate) fn of(root: &Path, kind: &str, name: &str) -> Self {
        let (head, tail) = name.as_bytes().split_at(name.len().min(64));
        let folder = root
            .join(kind)
            .join(hex(head))
            .join("_".to_owned() + &hex(tail));
        Self { folder }
    }

    /// The state as it is. The file is a whole one at any time.
    pub(crate) fn read<S: DeserializeOwned + Default>(&self) -> Result<S> {
        let state = || parse(self.content()?.as_deref());
        state().map_err(|error| failed(Effect::None, error))
    }

    /// Changes the state in one step, if `wanted` still says so when nobody
    /// else is at it. A state that stays the same is not written.
    pub(crate) fn change<S: DeserializeOwned + Default + Serialize, T>(
        &self,
        wanted: impl FnOnce() -> bool,
        step: impl FnOnce(&mut S) -> T,
    ) -> Result<T> {
        let unchanged = |error| failed(Effect::None, error);
        let _guard = self.enter().map_err(unchanged)?;
        if !wanted() {
            return Err(unwanted());
        }
        let before = self.content().map_err(unchanged)?;
        let mut state = parse(before.as_deref()).map_err(unchanged)?;
        let outcome = step(&mut state);
        let after = serde_json::to_vec(&state).map_err(|error| unchanged(error.into()))?;
        if before.is_none_or(|before| before != after) {
            self.prepare(&after).map_err(unchanged)?;
            self.replace()
                .map_err(|error| failed(Effect::Possible, error))?;
        }
        Ok(outcome)
    }

    /// Waits to be the only one, for as long as the file that is returned is
    /// open. If its process dies, the operating system closes it. It is never
    /// removed: who opened it before would then be guarded from nobody.
    fn enter(&self) -> io::Result<File> {
        fs::create_dir_all(&self.folder)?;
        let guard = File::create(self.folder.join("guard"))?;
        guard.lock()?;
        // Somebody may have died between the rename and the sync: what they
        // wrote is on the disk before anything is built on it.
        sync(&self.folder)?;
        Ok(guard)
    }

    fn content(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.folder.join("state")) {
            Err(error) if error.kind() == NotFound => Ok(None),
            content => content.map(Some),
        }
    }

    /// Writes the next state beside this one.
    fn prepare(&self, content: &[u8]) -> io::Result<()> {
        if !self.folder.join("state").exists() {
            // The root's own name is the operator's business.
            self.folder.ancestors().skip(1).take(3).try_for_each(sync)?;
        }
        // What somebody who died left half written there is overwritten.
        let mut file = File::create(self.folder.join("fresh"))?;
        file.write_all(content)?;
        file.sync_all()
    }

    /// **The one step in which a change is made**: who dies before the rename
    /// has changed nothing, who dies after it everything.
    fn replace(&self) -> io::Result<()> {
        fs::rename(self.folder.join("fresh"), self.folder.join("state"))?;
        sync(&self.folder)
    }
}

/// Files that are written once, before a state names them, and removed when
/// none does any more. What nobody ever named, after a crash, stays.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    folder: PathBuf,
}

impl Contents {
    pub(crate) fn of(root: &Path) -> Self {
        let folder = root.join("letters");
        Self { folder }
    }

    pub(crate) fn write(&self, name: Uuid, content: &[u8]) -> Result<()> {
        let write = || {
            fs::create_dir_all(&self.folder)?;
            let mut file = File::create(self.folder.join(name.to_string()))?;
            file.write_all(content)?;
            file.sync_all()?;
            sync(&self.folder)
        };
        write().map_err(|error| failed(Effect::None, error))
    }

    /// None if it was removed, or never written.
    pub(crate) fn read(&self, name: Uuid) -> Result<Option<Vec<u8>>> {
        match fs::read(self.folder.join(name.to_string())) {
            Err(error) if error.kind() == NotFound => Ok(None),
            content => content
                .map(Some)
                .map_err(|error| failed(Effect::None, error)),
        }
    }

    pub(crate) fn remove(&self, names: impl IntoIterator<Item = Uuid>) -> Result<()> {
        for name in names {
            match fs::remove_file(self.folder.join(name.to_string())) {
                Err(error) if error.kind() == NotFound => {}
                removed => removed.map_err(|error| failed(Effect::Possible, error))?,
            }
        }
        Ok(())
    }
}

/// The names that there are files of, sorted: this many of those after `after`.
/// No more than that are in memory at a time.
pub(crate) fn names(root: &Path, kind: &str, after: &str, limit: usize) -> Result<Vec<String>> {
    let list = || {
        let mut page = BTreeSet::new();
        for head in entries(&root.join(kind))? {
            for tail in entries(&root.join(kind).join(&head))? {
                let name = unhex(&(head.clone() + tail.trim_start_matches('_')))?;
                if name.as_str() > after {
                    page.insert(name);
                }
                if page.len() > limit {
                    page.pop_last();
                }
            }
        }
        io::Result::Ok(page.into_iter().collect())
    };
    list().map_err(|error| failed(Effect::None, error))
}

/// What is in a folder; nothing if there is none.
fn entries(folder: &Path) -> io::Result<Vec<String>> {
    let found = match fs::read_dir(folder) {
        Err(error) if error.kind() == NotFound => return Ok(Vec::new()),
        found => found?,
    };
    let names = found.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}

/// Puts the names in a folder on the disk.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Where there is no file, nothing was ever changed.
fn parse<S: DeserializeOwned + Default>(content: Option<&[u8]>) -> io::Result<S> {
    let Some(content) = content else {
        return Ok(S::default());
    };
    Ok(serde_json::from_slice(content)?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> io::Result<String> {
    let byte = |at: usize| {
        let digits = digits.get(at..at + 2)?;
        u8::from_str_radix(digits, 16).ok()
    };
    let bytes = (0..digits.len()).step_by(2).map(byte);
    let bytes: Option<Vec<u8>> = bytes.collect();
    let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a file of no name"))
}
