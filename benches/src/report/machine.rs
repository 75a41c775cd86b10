//! The machine that figures are of.

use std::{
    fmt,
    time::{Duration, UNIX_EPOCH},
};

use playerdata_core::{Clock as _, SystemClock};
use procfs::{CpuInfo, Current as _, Meminfo, sys::kernel::Version};
use serde::Serialize;

/// A machine and a day. What the system does not report is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// How many processors it has.
    pub processors: Option<usize>,
    /// What they are.
    pub processor: Option<String>,
    /// How much memory it has, in bytes.
    pub memory_bytes: Option<u64>,
    /// The version of its Linux.
    pub kernel: Option<String>,
    /// The day, such as `2026-01-31`.
    pub date: String,
}

impl Machine {
    /// This machine, today.
    #[must_use]
    pub fn this() -> Self {
        let cpus = CpuInfo::current().ok();
        let now = UNIX_EPOCH + Duration::from_millis(SystemClock.now().get());
        let date = humantime::format_rfc3339_seconds(now).to_string();
        Self {
            processors: cpus.as_ref().map(CpuInfo::num_cores),
            processor: cpus.and_then(|cpus| cpus.model_name(0).map(str::to_owned)),
            memory_bytes: Meminfo::current().ok().map(|memory| memory.mem_total),
            kernel: Version::current()
                .ok()
                .map(|version| format!("{}.{}", version.major, version.minor)),
            date: date.chars().take("2026-01-31".len()).collect(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.date)?;
        if let Some(processors) = self.processors {
            let processor = self.processor.as_deref().unwrap_or("a processor unknown");
            write!(f, ", {processors} × {processor}")?;
        }
        if let Some(bytes) = self.memory_bytes {
            write!(f, ", {} GiB of memory", bytes.div_ceil(1 << 30))?;
        }
        if let Some(kernel) = &self.kernel {
            write!(f, ", Linux {kernel}")?;
        }
        Ok(())
    }
}
