//! Parts of a machine that go wrong: a disk that is small, a network whose cable is pulled. Both are the kernel's own, so both
//! need root; whoever is not is told so, and the test fails.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};

/// A file system in memory with little room. It goes with the value.
#[derive(Debug)]
pub struct SmallDisk {
    place: PathBuf,
}

impl SmallDisk {
    /// Mounts a new one at a directory, which is made.
    ///
    /// # Errors
    /// When this is not root, or the kernel refuses.
    pub fn mount(place: &Path, mebibytes: u32) -> Result<Self> {
        must_be_root("mounts a small disk")?;
        fs::create_dir_all(place)?;
        let size = format!("size={mebibytes}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "offpiste-small-disk"]);
        succeed(mount.arg(place))?;
        Ok(Self {
            place: place.to_owned(),
        })
    }

    /// Takes all the room that is left.
    ///
    /// # Errors
    /// When it cannot be written for another reason than that it is full.
    pub fn fill(&self) -> Result<()> {
        let mut filler = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.filler())?;
        // Large pieces first, then what is left between them.
        for piece in [64 * 1024, 4096, 1] {
            let zeros = vec![0; piece];
            loop {
                match filler.write_all(&zeros) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error).context("cannot fill the disk"),
                }
            }
        }
        Ok(())
    }

    /// Gives the room back that [`Self::fill`] took.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn make_room(&self) -> Result<()> {
        fs::remove_file(self.filler()).context("cannot make room")
    }

    fn filler(&self) -> PathBuf {
        self.place.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whatever a failed test left open does not keep the directory.
        if let Err(error) = succeed(Command::new("umount").arg("-l").arg(&self.place)) {
            eprintln!("{} stays mounted: {error:#}", self.place.display());
        }
    }
}

/// A network of its own, joined to this machine's by one cable: a pair of virtual Ethernet devices between namespaces.
#[derive(Debug)]
pub struct Network {
    name: String,
    subnet: String,
}

impl Network {
    /// Lays it. Its own end of the cable is [`Self::address`].
    ///
    /// # Errors
    /// When this is not root, `ip` is missing or the kernel refuses.
    pub fn lay() -> Result<Self> {
        static LAID: AtomicU32 = AtomicU32::new(0);
        must_be_root("lays a network of its own")?;
        // Runs beside each other get other names and addresses.
        let number = LAID.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        let subnet = format!(
            "10.{}.{}",
            64 + (process + number) % 128,
            process / 128 % 256
        );
        let network = Self {
            name: format!("op{process}n{number}"),
            subnet,
        };
        let (inside, outside) = (network.inside(), network.outside());
        ip(&["netns", "add", &network.name])?;
        ip(&[
            "link",
            "add",
            &outside,
            "type",
            "veth",
            "peer",
            "name",
            &inside,
            "netns",
            &network.name,
        ])?;
        ip(&[
            "addr",
            "add",
            &format!("{}.1/24", network.subnet),
            "dev",
            &outside,
        ])?;
        ip(&["link", "set", &outside, "up"])?;
        let address = format!("{}/24", network.address());
        network.ip_within(&["addr", "add", &address, "dev", &inside])?;
        network.ip_within(&["link", "set", "lo", "up"])?;
        network.ip_within(&["link", "set", &inside, "up"])?;
        Ok(network)
    }

    /// The address of whoever listens within.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}.2", self.subnet)
    }

    /// Its name, for commands that run within it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Pulls the cable: what is under way is lost, and nobody is told.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn pull(&self) -> Result<()> {
        ip(&["link", "set", &self.outside(), "down"])
    }

    /// Plugs it in again.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn plug(&self) -> Result<()> {
        ip(&["link", "set", &self.outside(), "up"])
    }

    /// From now on what comes from outside arrives, and nothing that is sent from within does.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn mute(&self) -> Result<()> {
        self.ip_within(&[
            "route",
            "add",
            "blackhole",
            &format!("{}.1/32", self.subnet),
        ])
    }

    /// Ends [`Self::mute`].
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn unmute(&self) -> Result<()> {
        self.ip_within(&[
            "route",
            "del",
            "blackhole",
            &format!("{}.1/32", self.subnet),
        ])
    }

    fn inside(&self) -> String {
        format!("{}i", self.name)
    }

    fn outside(&self) -> String {
        format!("{}o", self.name)
    }

    fn ip_within(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new("ip");
        succeed(command.args(["-n", &self.name]).args(arguments))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The cable goes with the network that one of its ends is in.
        if let Err(error) = ip(&["netns", "del", &self.name]) {
            eprintln!("the network {} stays: {error:#}", self.name);
        }
    }
}

/// The same command, run within a network of that name.
#[must_use]
pub(crate) fn within(network: &str, command: &Command) -> Command {
    let mut wrapped = Command::new("ip");
    wrapped.args(["netns", "exec", network]);
    wrapped.arg(command.get_program());
    wrapped.args(command.get_args());
    wrapped
}

fn must_be_root(does: &str) -> Result<()> {
    ensure!(
        rustix::process::geteuid().is_root(),
        "this test {does}, which only root may do; run it as root, as the CI does"
    );
    Ok(())
}

fn ip(arguments: &[&str]) -> Result<()> {
    succeed(Command::new("ip").args(arguments))
}

fn succeed(command: &mut Command) -> Result<()> {
    let output = command.output();
    let output = output.with_context(|| {
        format!("{command:?} cannot be run; `cargo xtask prepare` installs what is missing")
    })?;
    ensure!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
