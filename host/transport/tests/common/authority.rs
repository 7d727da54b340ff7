//! Certificates made for a test.

// every test file uses its own part of this
#![allow(dead_code)]
// helpers of tests may panic as tests do
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use strowger_transport::{ClientTls, ServerTls};
use tempfile::TempDir;

/// A certificate authority, and a folder with what it issued.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Authority { issuer, folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn issue(&self, subject: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![subject.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// Writes certificate and key of `subject` the way deployments do, by renaming.
    pub(crate) fn install(&self, subject: &str) -> ServerTls {
        let (certificate, key) = self.issue(subject);
        self.replace("key.pem", &key);
        self.replace("cert.pem", &certificate);
        ServerTls {
            certificate: self.path("cert.pem"),
            key: self.path("key.pem"),
            client_authorities: None,
            client_certificate_required: false,
        }
    }

    pub(crate) fn replace(&self, name: &str, content: &str) {
        let fresh = self.path("fresh");
        std::fs::write(&fresh, content).unwrap();
        std::fs::rename(&fresh, self.path(name)).unwrap();
    }

    pub(crate) fn trust(&self) -> ClientTls {
        ClientTls { authorities: vec![self.path("ca.pem")], ..ClientTls::default() }
    }
}
