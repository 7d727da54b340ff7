//! The HTTP server's life. In: an address, a router. Out: a future that ends when it is told to.

use std::future::Future;
use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;

/// Why the HTTP server did not start or ended.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The address could not be bound.
    #[error("admin.address {address}: {source}")]
    Bind {
        /// The configured address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The server failed while it ran.
    #[error("the admin server ended: {0}")]
    Serve(std::io::Error),
}

/// Binds the address, so that a start fails at once where it is taken.
///
/// # Errors
/// The address could not be bound.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, AdminError> {
    TcpListener::bind(address).await.map_err(|source| AdminError::Bind { address, source })
}

/// Serves until `stop` is ready.
///
/// # Errors
/// The listener failed.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), AdminError> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await.map_err(AdminError::Serve)
}
