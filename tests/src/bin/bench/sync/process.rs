//! What a process has used, as the operating system counts it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// Linux reports processor time in hundredths of a second to every program, whatever the kernel's own tick is.
const TICK: Duration = Duration::from_millis(10);

/// A look at one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Processor time, of the program and of the kernel on its behalf.
    pub(crate) processor: Duration,
    /// Memory in use now.
    pub(crate) resident_bytes: u64,
    /// The most it ever was.
    pub(crate) peak_bytes: u64,
}

impl Usage {
    /// Of the process with this number.
    ///
    /// # Errors
    /// When there is none, or this is no Linux.
    pub(crate) fn of(process: u32) -> Result<Self> {
        let read = |name: &str| {
            let path = format!("/proc/{process}/{name}");
            fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
        };
        let (stat, status) = (read("stat")?, read("status")?);
        Ok(Self {
            processor: processor(&stat).context("no processor time in /proc/<pid>/stat")?,
            resident_bytes: bytes(&status, "VmRSS:").context("no VmRSS")?,
            peak_bytes: bytes(&status, "VmHWM:").context("no VmHWM")?,
        })
    }
}

/// Bytes that a file or a directory with all below it takes on disk (blocks, not lengths).
///
/// # Errors
/// When something cannot be looked at. What vanishes meanwhile does not count.
pub(crate) fn bytes_on_disk(path: &Path) -> Result<u64> {
    use std::os::unix::fs::MetadataExt as _;

    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(0);
    };
    let mut bytes = metadata.blocks() * 512;
    if metadata.is_dir() {
        for entry in fs::read_dir(path).with_context(|| format!("{}", path.display()))? {
            bytes += bytes_on_disk(&entry?.path())?;
        }
    }
    Ok(bytes)
}

/// Fields 14 and 15; the name before them may hold spaces and parentheses of its own.
fn processor(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * (user + system))
}

fn bytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 500 0 0 0 150 50 0 0 20 0 4 0 1 2 3";
        assert_eq!(processor(stat), Some(Duration::from_secs(2)));
    }

    #[test]
    fn memory_is_in_bytes() {
        assert_eq!(
            bytes("Name: x\nVmRSS:\t  2048 kB\n", "VmRSS:"),
            Some(2_097_152)
        );
    }
}
