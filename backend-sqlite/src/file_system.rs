//! What the file system is like: whether SQLite's locks can be relied on, and
//! how much room it has.

use std::{io, path::Path};

/// The name of the network file system that `path` is on; `None` if it is on
/// none that is known.
#[cfg(target_os = "linux")]
pub(crate) fn network(path: &Path) -> io::Result<Option<&'static str>> {
    let found = rustix::fs::statfs(path)?;
    // The width of the number differs between architectures; the magic
    // numbers have 32 bits.
    Ok(name_of(found.f_type as u32))
}

/// Other systems are not asked.
#[cfg(not(target_os = "linux"))]
pub(crate) fn network(_: &Path) -> io::Result<Option<&'static str>> {
    Ok(None)
}

/// How many bytes the file system of `path` has left for this process.
#[cfg(unix)]
pub(crate) fn free_bytes(path: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Other systems are not asked.
#[cfg(not(unix))]
pub(crate) fn free_bytes(_: &Path) -> io::Result<u64> {
    Ok(u64::MAX)
}

/// From `linux/magic.h` and the file systems' own sources. FUSE is not among
/// them: it is local as often as not.
#[cfg(target_os = "linux")]
fn name_of(magic: u32) -> Option<&'static str> {
    const KNOWN: [(u32, &str); 13] = [
        (0x6969, "NFS"),
        (0x517b, "SMB"),
        (0xff53_4d42, "CIFS"),
        (0xfe53_4d42, "SMB2"),
        (0x564c, "NCP"),
        (0x00c3_6400, "Ceph"),
        (0x5346_414f, "AFS"),
        (0x6b41_4653, "AFS"),
        (0x7375_7245, "Coda"),
        (0x0bd0_0bd0, "Lustre"),
        (0x4750_4653, "GPFS"),
        (0x7461_636f, "OCFS2"),
        (0x0116_1970, "GFS2"),
    ];
    let found = KNOWN.iter().find(|(known, _)| *known == magic);
    found.map(|(_, name)| *name)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn s13_network_file_systems_are_told_from_local_ones() {
        assert_eq!(name_of(0x6969), Some("NFS"));
        assert_eq!(name_of(0xff53_4d42), Some("CIFS"));
        let local = [0xef53, 0x0102_1994, 0x9123_683e, 0x5846_5342, 0x794c_7630];
        assert_eq!(local.map(name_of), [None; 5]);
    }

    #[test]
    fn a_path_that_is_not_there_is_an_error() {
        let error = network(Path::new("/nowhere/at/all")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
