//! Makes a signed delivery, and changes it.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

use spektr_verify::{
    KeyRing, Secret, SignatureHeader, SignedContent, Signer, SigningKey, UnixSeconds, Verified,
    Verifier, VerifyError,
};

pub(crate) const NOW: UnixSeconds = UnixSeconds::new(1_731_057_600);
pub(crate) const KEY_ID: &str = "key-a";
pub(crate) const SECRET: &[u8] = b"correct horse battery staple";

pub(crate) const ALGORITHM: SignatureHeader = SignatureHeader::Algorithm;
pub(crate) const TIMESTAMP: SignatureHeader = SignatureHeader::Timestamp;
pub(crate) const KEY: SignatureHeader = SignatureHeader::KeyId;
pub(crate) const SIGNATURE: SignatureHeader = SignatureHeader::Signature;
pub(crate) const HEADERS: [SignatureHeader; 4] = [ALGORITHM, TIMESTAMP, KEY, SIGNATURE];

pub(crate) fn key() -> SigningKey {
    SigningKey::new(KEY_ID, Secret::from_bytes(SECRET).unwrap()).unwrap()
}

pub(crate) fn verifier() -> Verifier {
    verifier_with(key())
}

pub(crate) fn verifier_with(key: SigningKey) -> Verifier {
    Verifier::new(KeyRing::new([key]).unwrap(), SignedContent::TIMESTAMP_DOT_BODY)
}

pub(crate) fn signer() -> Signer {
    Signer::new(key(), SignedContent::TIMESTAMP_DOT_BODY)
}

/// The headers in the form of a server that keeps raw bytes.
#[derive(Clone)]
pub(crate) struct Headers(pub(crate) Vec<(&'static str, Vec<u8>)>);

impl Headers {
    /// Makes the correct headers for a body that is signed now.
    pub(crate) fn signed(body: &[u8]) -> Self {
        let signed = signer().sign_at(body, NOW);
        Self(signed.pairs().map(|(name, value)| (name, value.as_bytes().to_vec())).to_vec())
    }

    pub(crate) fn without(mut self, header: SignatureHeader) -> Self {
        self.0.retain(|(name, _)| *name != header.name());
        self
    }

    pub(crate) fn with(mut self, header: SignatureHeader, value: impl Into<Vec<u8>>) -> Self {
        self.0.push((header.name(), value.into()));
        self
    }

    pub(crate) fn replacing(self, header: SignatureHeader, value: impl Into<Vec<u8>>) -> Self {
        self.without(header).with(header, value)
    }

    pub(crate) fn value(&self, header: SignatureHeader) -> Vec<u8> {
        self.0.iter().find(|(name, _)| *name == header.name()).unwrap().1.clone()
    }

    /// Verifies the headers and a body now.
    pub(crate) fn verify<'b>(&self, body: &'b [u8]) -> Result<Verified<&'b [u8]>, VerifyError> {
        verifier().verify_at(&self.0, body, NOW)
    }

    /// Returns the error of verifying now.
    pub(crate) fn error(&self, body: &[u8]) -> Option<VerifyError> {
        self.verify(body).err()
    }
}
