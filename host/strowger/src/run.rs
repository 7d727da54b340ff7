//! `strowger run` and `strowger check`. In: a configuration file. Out: a host that runs until it is told to stop.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use runtime::Host;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

use crate::sentence::sentence;
use crate::{configuration, logging};

pub(crate) fn run(path: &Path) -> Result<()> {
    let config = configuration::read(path)?;
    logging::start(&config.log)?;
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(8)
        .thread_name("strowger-io")
        .enable_all()
        .build()
        .context("the I/O threads did not start")?;
    threads.block_on(serve(path, config))
}

async fn serve(path: &Path, config: runtime::Config) -> Result<()> {
    // Before anything is opened: a signal that comes while we start must not be lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;

    let listener = match config.admin.address {
        Some(address) => Some(admin::bind(address).await?),
        None => None,
    };
    let admin_token = config.admin.token.clone();
    let host = Host::start(config).await?;
    let handle = host.handle();
    let stop = Arc::new(tokio::sync::Notify::new());
    let admin_task = listener.map(|listener| {
        let router = admin::router(handle.clone(), admin::Access::new(admin_token));
        let stop = Arc::clone(&stop);
        tokio::spawn(admin::serve(listener, router, async move { stop.notified().await }))
    });
    info!("{}", handle.summary());

    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => reload(path, &handle),
        }
    }
    info!("draining");
    tokio::select! {
        () = host.drain() => {}
        _ = terminate.recv() => info!("told to stop again: not waiting for the rest"),
        _ = interrupt.recv() => info!("told to stop again: not waiting for the rest"),
    }
    host.stop().await;
    stop.notify_one();
    if let Some(task) = admin_task {
        task.abort();
    }
    info!("stopped");
    Ok(())
}

/// Takes what a running host can take; a bad file changes nothing.
fn reload(path: &Path, handle: &runtime::Handle) {
    let reloaded = configuration::read(path).and_then(|config| Ok(handle.reload(&config)?));
    match reloaded {
        Ok(what) => info!("reloaded: {what}"),
        Err(error) => error!("not reloaded: {}", sentence(&error)),
    }
}

pub(crate) fn check(path: &Path) -> Result<()> {
    let config = configuration::read(path)?;
    logging::filter(&config.log)?;
    let found = runtime::check(&config)?;
    println!("{}: {found}", path.display());
    Ok(())
}
