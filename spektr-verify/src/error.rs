//! Why a delivery is not accepted: one variant per failure, each with a stable
//! code for metrics.
//!
//! For logs and metrics only. The sender gets the same answer to all of them,
//! because the difference between "unknown key" and "wrong signature" is worth
//! something to an attacker.

use std::fmt;
use std::time::Duration;

use crate::headers::SignatureHeader;
use crate::keys::KeyId;

/// Why a delivery could not be verified.
///
/// No variant carries the secret, the signature, or anything of the body. Key
/// ids are what the request claimed: at most 256 characters of visible ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// A signature header is not there at all. If all deliveries fail like
    /// this, the workspace does not sign: switch it on in the vendor's export
    /// settings, or see [`danger`](crate::danger).
    MissingHeader {
        /// The header.
        header: SignatureHeader,
    },
    /// A signature header occurs more than once.
    RepeatedHeader {
        /// The header.
        header: SignatureHeader,
    },
    /// A signature header is empty, too long, or not spelled as it must be.
    MalformedHeader {
        /// The header.
        header: SignatureHeader,
    },
    /// `x-signature-alg` names an algorithm other than `sha256`.
    UnsupportedAlgorithm,
    /// No key of the ring has the id. After a rotation at the vendor, the new
    /// secret has to be added here.
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
    /// The signature is not that of the key over this delivery: forged, changed
    /// on the way (a proxy that rewrites JSON is enough), another secret, or
    /// another construction than the configured one.
    SignatureMismatch {
        /// The key's id.
        key_id: KeyId,
    },
    /// The signature is right, and older than the tolerance: a replay, or a
    /// clock that is wrong.
    TimestampTooOld {
        /// How long ago it was signed.
        age: Duration,
    },
    /// The signature is right, and from further in the future than the
    /// tolerance: a clock is wrong.
    TimestampInFuture {
        /// How far in the future it was signed.
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
    /// A short code that never changes, for labels of metrics and for alerts.
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
