//! The way from a verb to the running daemon: a Unix socket in the data directory.
//!
//! Why a socket there and no route of the office's: whoever may use it is decided by the file system, with the same right that
//! opens the store itself, so there is no secret to make, keep or lose, and nothing that a network could reach. It
//! lies in a directory that only the daemon's own user may enter.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use shared::store::backup::{Answering, Ask, Here, answer, serve_stream};
use tokio::net::UnixListener;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::schema;
use crate::backend::{Hub, header_of};

/// How long one side waits for the other: for a portion of a store, or for a slow disk to take one.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers verbs until `stopping` becomes true. A daemon to which verbs find no way works all the same, so what goes wrong
/// is logged and no more.
pub(crate) fn listen(data: &Path, hub: Hub, stopping: watch::Receiver<bool>) {
    match bind(data) {
        Ok(listener) => {
            tokio::spawn(answer_all(listener, hub, stopping));
        }
        Err(error) => {
            tracing::warn!(%error, "backup and verify will not reach this daemon while it runs");
        }
    }
}

/// The running daemon of a data directory; none when none runs.
///
/// # Errors
/// When one may run and cannot be reached.
pub(super) fn connect(data: &Path) -> Result<Option<Answering<UnixStream>>> {
    match UnixStream::connect(socket(data)) {
        Ok(stream) => {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(Some(Answering::over(stream)))
        }
        // What a daemon that was killed left behind, or a name too long for a socket.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::InvalidInput
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error).context("the running daemon cannot be asked; are you its user?"),
    }
}

fn socket(data: &Path) -> PathBuf {
    data.join("control").join("socket")
}

fn bind(data: &Path) -> io::Result<UnixListener> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data.join("control"))?;
    let socket = socket(data);
    // The store's lock says that no other daemon runs here, so what lies there is left from one that was killed.
    if let Err(error) = std::fs::remove_file(&socket)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    UnixListener::bind(socket)
}

/// One verb at a time: the others wait in the socket's queue.
async fn answer_all(listener: UnixListener, hub: Hub, mut stopping: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // An error means that the daemon is gone, which ends this too.
            _ = stopping.wait_for(|stopping| *stopping) => return,
        };
        let hub = hub.clone();
        let served = match accepted.and_then(|(stream, _)| stream.into_std()) {
            Ok(stream) => {
                let runtime = Handle::current();
                tokio::task::spawn_blocking(move || serve(stream, &hub, &runtime))
                    .await
                    .unwrap_or_else(|ended| Err(io::Error::other(ended)))
            }
            Err(error) => Err(error),
        };
        if let Err(error) = served {
            tracing::warn!(%error, "a verb was not answered to its end");
        }
    }
}

fn serve(stream: UnixStream, hub: &Hub, runtime: &Handle) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    serve_stream(stream, |ask: Ask| {
        if let Ask::Own(question) = ask {
            return schema::answer(hub, runtime, &question).map_err(|error| format!("{error:#}"));
        }
        let answered = runtime.block_on(hub.look(move |store| {
            let header = header_of(store)?;
            Ok(answer(&mut Here::new(store, header), &ask).map_err(|error| error.to_string()))
        }));
        answered.map_err(|error| error.to_string())?
    })
}
