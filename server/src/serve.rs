//! The running hub: from settings and a listener until it is asked to stop.

use std::future::Future;
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::signal;
use tokio::sync::watch;

use crate::api::measures;
use crate::backend::{self, BackendError, FirstStart, Hub, StartError};
use crate::router::{App, router};
use crate::settings::{Settings, Tls};
use crate::verbs;

/// Requests that are under way get this long to end.
const GRACE: Duration = Duration::from_secs(10);

/// A request's head arrives within this, an idle connection ends after it.
const HEAD_WITHIN: Duration = Duration::from_secs(30);

/// How often contacts are written down.
const PRESENCE_EVERY: Duration = Duration::from_secs(5);

/// Why a hub does not run, or does not run on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RunError(#[from] Reason);

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("the data directory cannot be used: {0}")]
    Start(#[from] StartError),
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error("the certificate or key cannot be used: {0}")]
    Tls(#[source] io::Error),
    #[error("the listener cannot be used: {0}")]
    Listener(#[source] io::Error),
    #[error("serving ended: {0}")]
    Serve(#[source] io::Error),
}

/// Runs a hub on a listener until `shutdown` completes, for `main` and tests alike. Prints what the person who starts it
/// needs on standard output: the address, and at the very first start the administrator's log-in.
///
/// # Errors
/// [`RunError`] in words. What was acknowledged before is safe.
pub async fn run(
    settings: Settings,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    Ok(try_run(settings, listener, shutdown).await?)
}

async fn try_run(
    settings: Settings,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Reason> {
    listener.set_nonblocking(true).map_err(Reason::Listener)?;
    let bound = listener.local_addr().map_err(Reason::Listener)?;
    let scheme = if settings.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let address = format!("{scheme}://{bound}");
    let public_url = settings
        .public_url
        .clone()
        .unwrap_or_else(|| address.clone());
    let is_secure = public_url.starts_with("https://");
    let tls = match &settings.tls {
        Some(files) => Some(tls(files).await?),
        None => None,
    };
    let data = settings.data.clone();
    let (hub, first) = tokio::task::spawn_blocking(move || backend::start(&settings, public_url))
        .await
        .map_err(|_| BackendError::Stopped)??;
    if let Some(first) = first {
        introduce(&first);
    }
    measures::start();
    let (stop, stopping) = watch::channel(false);
    let app = App::new(hub.clone(), stopping.clone(), is_secure)?;
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    let stopper = handle.clone();
    tokio::spawn(async move {
        shutdown.await;
        tracing::info!("stopping: requests under way are finished");
        stop.send_replace(true);
        stopper.graceful_shutdown(Some(GRACE));
    });
    verbs::control::listen(&data, hub.clone(), stopping.clone());
    tokio::spawn(write_presence(hub.clone(), stopping));
    // Whoever reads it may be gone; that is no reason not to serve.
    let _ = writeln!(io::stdout(), "listening on {address}");
    tracing::info!(address, "the hub serves");
    // Without delay: the end of a reply would wait 40 ms for the other side to acknowledge what came before it.
    let served = if let Some(config) = tls {
        let server = axum_server::from_tcp(listener).map_err(Reason::Listener)?;
        let acceptor = RustlsAcceptor::new(config).acceptor(NoDelayAcceptor);
        let mut server = server.acceptor(acceptor).handle(handle);
        be_patient_within_limits(server.http_builder());
        server.serve(service).await
    } else {
        let server = axum_server::from_tcp(listener).map_err(Reason::Listener)?;
        let mut server = server.acceptor(NoDelayAcceptor).handle(handle);
        be_patient_within_limits(server.http_builder());
        server.serve(service).await
    };
    hub.write_presence().await?;
    hub.settle_store().await;
    tracing::info!("stopped");
    served.map_err(Reason::Serve)
}

/// A peer that sends its head one byte a minute must not hold a connection for ever.
fn be_patient_within_limits(builder: &mut Builder<TokioExecutor>) {
    builder
        .http1()
        .timer(TokioTimer::new())
        // An eighth of a quiet exchange; the message has the hub's clock where it matters.
        .auto_date_header(false)
        .header_read_timeout(HEAD_WITHIN);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD_WITHIN);
}

/// Completes on SIGTERM or Ctrl-C.
pub(crate) async fn asked_to_stop() {
    let interrupted = signal::ctrl_c();
    match signal::unix::signal(signal::unix::SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => {
            let _ = interrupted.await;
        }
    }
}

fn introduce(first: &FirstStart) {
    println!("administrator: {}", first.login);
    match &first.password {
        Some(password) => println!("password: {password}"),
        None => println!("password: the one in the file you named"),
    }
}

async fn tls(files: &Tls) -> Result<RustlsConfig, Reason> {
    // A second start in one process finds it installed; that is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    RustlsConfig::from_pem_file(&files.certificate, &files.key)
        .await
        .map_err(Reason::Tls)
}

async fn write_presence(hub: Hub, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(PRESENCE_EVERY) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        if let Err(error) = hub.write_presence().await {
            tracing::warn!(%error, "contacts could not be written down; they are tried again");
        }
    }
}
