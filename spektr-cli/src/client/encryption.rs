//! The TLS configuration of the client: the trusted authorities, and the client's certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use spektr_inbox::HttpUrl;

use crate::failure::Failure;
use crate::terminal::safe_path;

/// Files in PEM format that replace the certificates of the operating system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The only authorities to trust.
    pub(crate) authorities: Option<PathBuf>,
    /// The certificate and private key of the client.
    pub(crate) identity: Option<Identity>,
}

/// A certificate with its intermediate certificates, and its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) private_key: PathBuf,
}

impl Identity {
    /// Takes both files, or neither. The hint of the failure says how to name both.
    pub(crate) fn of(
        certificate: Option<PathBuf>,
        private_key: Option<PathBuf>,
        hint: &str,
    ) -> Result<Option<Self>, Failure> {
        match (certificate, private_key) {
            (Some(certificate), Some(private_key)) => Ok(Some(Self { certificate, private_key })),
            (None, None) => Ok(None),
            _ => Err(Failure::new(
                "a certificate and its private key belong together, and one is missing",
            )
            .hint(hint)),
        }
    }
}

/// Returns the TLS configuration. Without a file of authorities, it trusts the certificates of the
/// operating system, or the certificates in the file that `SSL_CERT_FILE` names.
pub(super) fn encryption(url: &HttpUrl, files: &TlsFiles) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &files.authorities {
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|_| unusable(path, "certificates of authorities"))?;
        }
    } else if url.is_encrypted() {
        // Some certificates of an operating system are unreadable; the others are enough.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::caused_by("cannot speak TLS", &error))?
        .with_root_certificates(roots);
    let Some(Identity { certificate, private_key }) = &files.identity else {
        return Ok(config.with_no_client_auth());
    };
    let chain = certificates(certificate)?;
    let key = PrivateKeyDer::from_pem_file(private_key)
        .map_err(|error| unreadable(private_key, "a private key", &error))?;
    config.with_client_auth_cert(chain, key).map_err(|_| {
        let (certificate, key) = (safe_path(certificate), safe_path(private_key));
        Failure::new(format!(
            "the private key in {key} does not belong to the certificate in {certificate}"
        ))
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    const WHAT: &str = "certificates";
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(path, WHAT, &error))?;
    if certificates.is_empty() { Err(unusable(path, WHAT)) } else { Ok(certificates) }
}

fn unreadable(path: &Path, what: &str, error: &pem::Error) -> Failure {
    match error {
        pem::Error::Io(error) => Failure::file("read", path, error),
        // The error may quote a line of the file.
        _ => unusable(path, what),
    }
}

fn unusable(path: &Path, what: &str) -> Failure {
    Failure::new(format!("{} is not a file in PEM format with {what}", safe_path(path)))
}
