//! What this process has used.

use std::time::Duration;

use procfs::{ProcResult, WithCurrentSystemInfo as _, process::Process};

/// Processor time and memory of this process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    /// Processor time since it started, all threads together.
    pub(super) processor: Duration,
    /// Memory that it has now.
    pub(super) resident_bytes: u64,
    /// The most memory that it ever had.
    pub(super) peak_bytes: u64,
}

impl Usage {
    /// Until now.
    pub(super) fn now() -> ProcResult<Self> {
        let process = Process::myself()?;
        let (stat, status) = (process.stat()?, process.status()?);
        let ticks = (stat.utime + stat.stime) as f64;
        let kib = |value: Option<u64>| value.unwrap_or(0) * 1_024;
        Ok(Self {
            processor: Duration::from_secs_f64(ticks / procfs::ticks_per_second() as f64),
            resident_bytes: stat.rss_bytes().get(),
            peak_bytes: kib(status.vmhwm),
        })
    }
}
