//! Certificates for servers under test, made anew each time and trusted by nobody.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// The certificate of a server and of the authority that vouches for it, in PEM.
pub(crate) struct Certified {
    pub(crate) authority: String,
    /// Of the server that is called `localhost`.
    pub(crate) server: String,
    pub(crate) key: String,
    /// Of the client that is called `postgres`.
    pub(crate) client: String,
    pub(crate) client_key: String,
}

impl Certified {
    pub(crate) fn new() -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = CertifiedIssuer::self_signed(authority, key).unwrap();
        let key = KeyPair::generate().unwrap();
        let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let server = server.signed_by(&key, &authority).unwrap();
        let client_key = KeyPair::generate().unwrap();
        let mut client = CertificateParams::new(Vec::new()).unwrap();
        client.distinguished_name.push(DnType::CommonName, "postgres");
        let client = client.signed_by(&client_key, &authority).unwrap();
        Self {
            authority: authority.pem(),
            server: server.pem(),
            key: key.serialize_pem(),
            client: client.pem(),
            client_key: client_key.serialize_pem(),
        }
    }
}
