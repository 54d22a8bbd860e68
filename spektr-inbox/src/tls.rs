//! TLS to other servers: rustls with ring, and certificates that are always verified.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// A client certificate with its chain up to an authority, and the private key.
pub(crate) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Returns the certificates of the authorities that the operating system trusts, or those in
/// the file that `SSL_CERT_FILE` names.
pub(crate) fn system_certificates() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

/// Makes a client that trusts these authorities. Returns `None` if none of the certificates can
/// be parsed. Some systems have a few unparsable certificates; they are skipped.
pub(crate) fn trusting(
    certificates: Vec<CertificateDer<'static>>,
    identity: Option<Identity>,
) -> Result<Option<ClientConfig>, rustls::Error> {
    let mut roots = RootCertStore::empty();
    let (known, _) = roots.add_parsable_certificates(certificates);
    if known == 0 { Ok(None) } else { client(roots, identity).map(Some) }
}

/// Makes a client that trusts nobody, for connections without TLS.
pub(crate) fn trusting_nobody() -> Result<ClientConfig, rustls::Error> {
    client(RootCertStore::empty(), None)
}

fn client(roots: RootCertStore, identity: Option<Identity>) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.with_root_certificates(roots);
    match identity {
        Some((certificates, key)) => config.with_client_auth_cert(certificates, key),
        None => Ok(config.with_no_client_auth()),
    }
}
