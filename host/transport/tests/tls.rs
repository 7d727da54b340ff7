//! TLS with real sockets, certificates made for the test, and their exchange (RFC 3261 §26.2, RFC 5922).

// helpers of tests may panic as tests do
#![allow(clippy::unwrap_used)]

#[path = "common/authority.rs"]
mod authority;
mod common;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use authority::Authority;
use bytes::Bytes;
use common::{Host, RESPONSE, expect, listener, loopback, request, rest, soon, towards};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use sip::Transport;
use strowger_transport::{
    ClientTls, CloseReason, SendError, ServerTls, StreamLimits, StreamsConfig, TlsError,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};

fn host(tls: ServerTls, client_tls: ClientTls, limits: StreamLimits) -> Host {
    Host::with(StreamsConfig { listeners: vec![listener(Transport::Tls, Some(tls))], limits, client_tls })
}

fn secure_host(authority: &Authority) -> Host {
    host(authority.install("sip.example.org"), authority.trust(), StreamLimits::default())
}

/// The peer at the other end of [`Host`].
async fn connect(host: &Host, trust: &ClientTls) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = soon(TcpStream::connect(host.address())).await?;
    let connector = TlsConnector::from(trust.load().unwrap());
    soon(connector.connect(ServerName::try_from("sip.example.org").unwrap(), stream)).await
}

fn shown(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

fn der(pem: &Path) -> Vec<u8> {
    CertificateDer::from_pem_file(pem).unwrap().to_vec()
}

#[tokio::test]
async fn messages_pass_in_both_directions() {
    let authority = Authority::new();
    let mut host = secure_host(&authority);
    let mut alice = connect(&host, &authority.trust()).await.unwrap();
    let large = request(&"x".repeat(60_000));
    alice.write_all(&[&request("secret")[..], &large, b"\r\n\r\n"].concat()).await.unwrap();
    alice.flush().await.unwrap();
    let (flow, bytes) = host.message().await;
    assert_eq!((flow.transport, bytes), (Transport::Tls, request("secret")));
    assert!(host.message().await.1 == large);
    expect(&mut alice, b"\r\n").await;
    host.send(flow, RESPONSE, 1);
    host.send(flow, &large, 2);
    expect(&mut alice, RESPONSE).await;
    let mut back = vec![0; large.len()];
    soon(alice.read_exact(&mut back)).await.unwrap();
    assert!(back == large);
    alice.shutdown().await.unwrap();
    assert_eq!(host.closed().await, CloseReason::Peer);
}

#[tokio::test]
async fn what_is_not_tls_is_turned_away() {
    let authority = Authority::new();
    let host = secure_host(&authority);
    let mut plain = TcpStream::connect(host.address()).await.unwrap();
    plain.write_all(&request("in the clear")).await.unwrap();
    rest(&mut plain).await;
    assert_eq!(host.streams.counts().handshakes_failed, 1);
    assert_eq!(host.streams.counts().accepted, 0);
}

#[tokio::test]
async fn a_handshake_must_end_in_time() {
    let authority = Authority::new();
    let limits = StreamLimits { handshake: Duration::from_millis(100), ..StreamLimits::default() };
    let host = host(authority.install("sip.example.org"), authority.trust(), limits);
    let mut silent = TcpStream::connect(host.address()).await.unwrap();
    assert!(rest(&mut silent).await.is_empty());
    assert_eq!(host.streams.counts().handshakes_failed, 1);
}

#[tokio::test]
async fn a_client_without_certificate_is_turned_away_where_one_is_required() {
    let authority = Authority::new();
    let tls = ServerTls {
        client_authorities: Some(authority.path("ca.pem")),
        client_certificate_required: true,
        ..authority.install("sip.example.org")
    };
    let mut host = host(tls, authority.trust(), StreamLimits::default());
    // with TLS 1.3 the client learns of it with its first read
    let mut nobody = connect(&host, &authority.trust()).await.unwrap();
    assert!(soon(nobody.read(&mut [0; 1])).await.is_err());
    let (certificate, key) = authority.issue("alice.example.org");
    authority.replace("alice.pem", &certificate);
    authority.replace("alice.key", &key);
    let identity = Some((authority.path("alice.pem"), authority.path("alice.key")));
    let mut alice = connect(&host, &ClientTls { identity, ..authority.trust() }).await.unwrap();
    alice.write_all(&request("it is me")).await.unwrap();
    alice.flush().await.unwrap();
    assert_eq!(host.message().await.1, request("it is me"));
}

/// A TLS server that is not ours, for outgoing connections.
struct Bob {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Bob {
    async fn new(authority: &Authority, subject: &str) -> Bob {
        let (certificate, key) = authority.issue(subject);
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let listener = TcpListener::bind(loopback()).await.unwrap();
        Bob { listener, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    async fn accept(&self) -> std::io::Result<tokio_rustls::server::TlsStream<TcpStream>> {
        let (stream, _) = soon(self.listener.accept()).await?;
        soon(self.acceptor.accept(stream)).await
    }

    fn send(&self, host: &Host, name: Option<&str>, bytes: &[u8], token: u64) {
        let flow = towards(Transport::Tls, self.listener.local_addr().unwrap());
        host.streams.send(flow, Bytes::copy_from_slice(bytes), name.map(Arc::from), token);
    }
}

#[tokio::test]
async fn rfc_5922_7_1_the_peers_certificate_must_be_for_the_domain_asked_for() {
    let authority = Authority::new();
    let mut host = secure_host(&authority);
    let bob = Bob::new(&authority, "bob.example.org").await;
    bob.send(&host, Some("bob.example.org"), &request("1"), 1);
    let mut stream = bob.accept().await.unwrap();
    expect(&mut stream, &request("1")).await;
    bob.send(&host, Some("bob.example.org"), &request("2"), 2);
    expect(&mut stream, &request("2")).await;
    assert_eq!(host.streams.counts().connected, 1);
    // an authenticated connection is not reused for another domain
    for (name, token) in [(Some("carol.example.org"), 3), (None, 4)] {
        bob.send(&host, name, &request("3"), token);
        assert!(bob.accept().await.is_err());
        assert_eq!(host.undelivered().await, (token, SendError::HandshakeFailed));
    }
    stream.write_all(RESPONSE).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(host.message().await.1, RESPONSE);
}

#[tokio::test]
async fn without_a_name_the_certificate_must_be_for_the_address() {
    let authority = Authority::new();
    let host = secure_host(&authority);
    let bob = Bob::new(&authority, "127.0.0.1").await;
    bob.send(&host, None, &request("1"), 1);
    expect(&mut bob.accept().await.unwrap(), &request("1")).await;
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted_unless_told_so() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let mut host = secure_host(&ours);
    let bob = Bob::new(&theirs, "bob.example.org").await;
    bob.send(&host, Some("bob.example.org"), &request("1"), 1);
    assert!(bob.accept().await.is_err());
    assert_eq!(host.undelivered().await, (1, SendError::HandshakeFailed));

    let trusting = ClientTls { verify: false, ..ClientTls::default() };
    let host = self::host(ours.install("sip.example.org"), trusting, StreamLimits::default());
    bob.send(&host, Some("whoever.example.org"), &request("2"), 2);
    expect(&mut bob.accept().await.unwrap(), &request("2")).await;
}

#[tokio::test]
async fn a_new_certificate_is_taken_and_connections_go_on() {
    let authority = Authority::new();
    let mut host = secure_host(&authority);
    let mut reloads = host.streams.certificate_reloads();
    let mut before = connect(&host, &authority.trust()).await.unwrap();
    let old = der(&authority.path("cert.pem"));
    assert_eq!(shown(&before), old);

    authority.install("sip.example.org");
    soon(reloads.wait_for(|reloads| reloads.succeeded == 1)).await.unwrap();
    let after = connect(&host, &authority.trust()).await.unwrap();
    assert_eq!(shown(&after), der(&authority.path("cert.pem")));
    assert_ne!(shown(&after), old);
    before.write_all(&request("still here")).await.unwrap();
    before.flush().await.unwrap();
    assert_eq!(host.message().await.1, request("still here"));
}

#[tokio::test]
async fn a_broken_certificate_leaves_the_old_one_in_force() {
    let authority = Authority::new();
    let host = secure_host(&authority);
    let mut reloads = host.streams.certificate_reloads();
    let old = shown(&connect(&host, &authority.trust()).await.unwrap());

    authority.replace("cert.pem", "no certificate");
    soon(reloads.wait_for(|reloads| reloads.failed == 1)).await.unwrap();
    assert_eq!(shown(&connect(&host, &authority.trust()).await.unwrap()), old);
    assert!(matches!(host.streams.reload_certificates(), Err(TlsError::Content { .. })));

    // a certificate without its key is no better
    authority.replace("cert.pem", &authority.issue("sip.example.org").0);
    soon(reloads.wait_for(|reloads| reloads.failed == 3)).await.unwrap();
    assert_eq!(shown(&connect(&host, &authority.trust()).await.unwrap()), old);

    authority.install("sip.example.org");
    soon(reloads.wait_for(|reloads| reloads.succeeded == 1)).await.unwrap();
    assert_ne!(shown(&connect(&host, &authority.trust()).await.unwrap()), old);
}

#[test]
fn errors_name_the_file() {
    let authority = Authority::new();
    let good = authority.install("sip.example.org");
    let missing = ServerTls { certificate: authority.path("nowhere.pem"), ..good.clone() };
    let error = missing.load().unwrap_err();
    assert!(matches!(error, TlsError::Read { .. }));
    assert!(error.to_string().contains("nowhere.pem"), "{error}");
    let swapped = ServerTls { key: good.certificate.clone(), ..good.clone() };
    assert!(matches!(swapped.load(), Err(TlsError::Content { expected: "a PEM private key", .. })));
    authority.replace("other.key", &authority.issue("sip.example.org").1);
    let foreign = ServerTls { key: authority.path("other.key"), ..good };
    assert!(matches!(foreign.load(), Err(TlsError::Identity { .. })));
}
