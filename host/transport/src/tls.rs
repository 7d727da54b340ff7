//! TLS for SIP and secure WebSocket: configurations from PEM files (RFC 3261 §26.2, RFC 5922).
//!
//! In: paths. Out: rustls configurations, or a [`TlsError`] that names the file and what is wrong with it. TLS 1.2
//! and 1.3 by rustls with ring. Not here: handshakes (`streams`), watching the files (`reload`).

pub(crate) mod reload;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

/// Largest PEM file that is read, in bytes; a system's bundle of authorities has about 250 kB.
pub const MAX_PEM: u64 = 4 << 20;

/// Where systems keep their bundle of certificate authorities; the first that exists is taken.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The server side: who we are to those who connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls {
    /// PEM file with our certificate and the intermediate ones, ours first.
    pub certificate: PathBuf,
    /// PEM file with our private key (PKCS #8, PKCS #1 or SEC 1).
    pub key: PathBuf,
    /// PEM file with the authorities whose certificates clients may show. `None`: clients are not asked for one.
    pub client_authorities: Option<PathBuf>,
    /// Whether a client without certificate is turned away. Counts only with `client_authorities`.
    pub client_certificate_required: bool,
}

/// The client side: whom we trust when we connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTls {
    /// PEM files with the authorities that we trust. Empty: the system's.
    pub authorities: Vec<PathBuf>,
    /// Whether the peer's certificate is checked against authorities and name (RFC 5922 §7). Off is for
    /// laboratories: anybody can then pose as any peer.
    pub verify: bool,
    /// PEM files with certificate chain and key that we show to peers who ask for one.
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl Default for ClientTls {
    fn default() -> Self {
        ClientTls { authorities: Vec::new(), verify: true, identity: None }
    }
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds something else, or damaged PEM.
    #[error("{}: expected {expected}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// Certificate and key do not fit each other, or are of a kind that is not supported.
    #[error("{} with {}: {source}", certificate.display(), key.display())]
    Identity {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// The authorities of client certificates cannot be used.
    #[error("{}: {reason}", path.display())]
    Authorities {
        /// Their file.
        path: PathBuf,
        /// What is wrong.
        reason: rustls::server::VerifierBuilderError,
    },
    /// The cryptographic provider refused; this is a fault of the build.
    #[error("the cryptographic provider: {0}")]
    Provider(#[source] rustls::Error),
}

impl ServerTls {
    /// Reads the files.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn load(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Provider)?;
        let builder = match &self.client_authorities {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                add_authorities(&mut roots, path)?;
                let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
                if !self.client_certificate_required {
                    verifier = verifier.allow_unauthenticated();
                }
                let verifier = verifier
                    .build()
                    .map_err(|reason| TlsError::Authorities { path: path.clone(), reason })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let (chain, key) = identity(&self.certificate, &self.key)?;
        let mut config = builder.with_single_cert(chain, key).map_err(|source| TlsError::Identity {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            source,
        })?;
        // resumption without memory here: the state is in the ticket
        config.ticketer = ring::Ticketer::new().map_err(TlsError::Provider)?;
        config.send_tls13_tickets = 1;
        Ok(Arc::new(config))
    }

    /// The files that this is made of.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        [Some(&self.certificate), Some(&self.key), self.client_authorities.as_ref()]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
    }
}

impl ClientTls {
    /// Reads the files.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn load(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Provider)?;
        let builder = if self.verify {
            let mut roots = RootCertStore::empty();
            if self.authorities.is_empty() {
                // none at all is no error: who connects nowhere needs none, who does is told by the handshake
                if let Some(bundle) = SYSTEM_ROOTS.iter().map(Path::new).find(|path| path.exists()) {
                    add_authorities(&mut roots, bundle)?;
                }
            }
            for path in &self.authorities {
                add_authorities(&mut roots, path)?;
            }
            builder.with_root_certificates(roots)
        } else {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Unverified(provider())))
        };
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let (chain, secret) = identity(certificate, key)?;
                builder.with_client_auth_cert(chain, secret).map_err(|source| TlsError::Identity {
                    certificate: certificate.clone(),
                    key: key.clone(),
                    source,
                })?
            }
        };
        Ok(Arc::new(config))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |source| TlsError::Read { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(failed)?.len() > MAX_PEM {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    std::fs::read(path).map_err(failed)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = || TlsError::Content { path: path.to_owned(), expected: "PEM certificates" };
    let pem = read(path)?;
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|_| wrong())?;
    if chain.is_empty() { Err(wrong()) } else { Ok(chain) }
}

fn identity(
    certificate: &Path,
    key: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let chain = certificates(certificate)?;
    let secret = PrivateKeyDer::from_pem_slice(&read(key)?)
        .map_err(|_| TlsError::Content { path: key.to_owned(), expected: "a PEM private key" })?;
    Ok((chain, secret))
}

/// Adds what can be used; a bundle often holds a few certificates that webpki refuses.
fn add_authorities(roots: &mut RootCertStore, path: &Path) -> Result<(), TlsError> {
    let (added, _) = roots.add_parsable_certificates(certificates(path)?);
    if added == 0 {
        return Err(TlsError::Content { path: path.to_owned(), expected: "certificates of authorities" });
    }
    Ok(())
}

/// Takes any certificate, but still checks that the peer holds its key.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
