//! The reasons why a delivery is not accepted: one variant per failure, each with a stable code
//! for metrics.
//!
//! They are for logs and metrics only. The sender gets the same answer to all of them, because
//! the difference between "unknown key" and "wrong signature" would help an attacker.

use std::fmt;
use std::time::Duration;

use crate::headers::SignatureHeader;
use crate::keys::KeyId;

/// The reason why a delivery could not be verified.
///
/// No variant contains the secret, the signature, or a part of the body. Key ids are claims of
/// the request: at most 256 characters of visible ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// A signature header is missing. If all deliveries fail like this, the workspace does not
    /// sign: switch signing on in the vendor's export settings, or see
    /// [`danger`](crate::danger).
    MissingHeader {
        /// The header.
        header: SignatureHeader,
    },
    /// A signature header occurs more than once.
    RepeatedHeader {
        /// The header.
        header: SignatureHeader,
    },
    /// A signature header is empty, too long, or malformed.
    MalformedHeader {
        /// The header.
        header: SignatureHeader,
    },
    /// `x-signature-alg` names an algorithm other than `sha256`.
    UnsupportedAlgorithm,
    /// No key of the ring has the id. After a rotation at the vendor, add the new secret to the
    /// ring.
    UnknownKey {
        /// The id that the request claims.
        key_id: KeyId,
    },
    /// The key's validity has not begun.
    KeyNotYetValid {
        /// The key's id.
        key_id: KeyId,
    },
    /// The key's validity has ended.
    KeyExpired {
        /// The key's id.
        key_id: KeyId,
    },
    /// The signature is not the key's signature of this delivery. The delivery may be forged,
    /// or changed in transit (a proxy that rewrites JSON is enough). Or the secret or the
    /// construction differs from the sender's.
    SignatureMismatch {
        /// The key's id.
        key_id: KeyId,
    },
    /// The signature is right, but older than the tolerance: a replay, or a wrong clock.
    TimestampTooOld {
        /// The age of the signature.
        age: Duration,
    },
    /// The signature is right, but further in the future than the tolerance: a clock is wrong.
    TimestampInFuture {
        /// How far in the future the signing time is.
        ahead: Duration,
    },
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingHeader { header } => write!(f, "the header {header} is missing"),
            Self::RepeatedHeader { header } => {
                write!(f, "the header {header} occurs more than once")
            }
            Self::MalformedHeader { header } => write!(f, "the header {header} is malformed"),
            Self::UnsupportedAlgorithm => f.write_str("the signature algorithm is not sha256"),
            Self::UnknownKey { key_id } => {
                write!(f, "no signing key has the id {}", key_id.shown())
            }
            Self::KeyNotYetValid { key_id } => {
                write!(f, "the signing key {} is not valid yet", key_id.shown())
            }
            Self::KeyExpired { key_id } => {
                write!(f, "the signing key {} has expired", key_id.shown())
            }
            Self::SignatureMismatch { key_id } => write!(
                f,
                "the signature by key {} does not match; if no delivery ever matched, \
                 run `diagnose` on a captured one to find what the sender signs",
                key_id.shown()
            ),
            Self::TimestampTooOld { age } => write!(
                f,
                "the delivery was signed {} s ago, which is more than the tolerance",
                age.as_secs()
            ),
            Self::TimestampInFuture { ahead } => write!(
                f,
                "the delivery was signed {} s in the future, which is more than the tolerance",
                ahead.as_secs()
            ),
        }
    }
}

impl std::error::Error for VerifyError {}

impl VerifyError {
    /// Returns a short code for labels of metrics and for alerts. Codes never change.
    ///
    /// ```
    /// use spektr_verify::{SignatureHeader, VerifyError};
    ///
    /// let error = VerifyError::MissingHeader { header: SignatureHeader::Signature };
    /// assert_eq!(error.reason(), "header_missing");
    /// ```
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::MissingHeader { .. } => "header_missing",
            Self::RepeatedHeader { .. } => "header_repeated",
            Self::MalformedHeader { .. } => "header_malformed",
            Self::UnsupportedAlgorithm => "algorithm_unsupported",
            Self::UnknownKey { .. } => "key_unknown",
            Self::KeyNotYetValid { .. } => "key_not_yet_valid",
            Self::KeyExpired { .. } => "key_expired",
            Self::SignatureMismatch { .. } => "signature_mismatch",
            Self::TimestampTooOld { .. } => "timestamp_too_old",
            Self::TimestampInFuture { .. } => "timestamp_in_future",
        }
    }
}
