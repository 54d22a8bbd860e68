//! Certificates for servers under test. They are new in each test, and no system trusts them.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// The certificates of an authority, a server and a client, in PEM.
pub(crate) struct Certified {
    pub(crate) authority: String,
    /// The certificate of the server, for the name `localhost`.
    pub(crate) server: String,
    pub(crate) key: String,
    /// The certificate of the client, for the user `postgres`.
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
