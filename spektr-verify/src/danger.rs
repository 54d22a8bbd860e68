//! Doors around the verification, named so that a reviewer sees them.
//!
//! Search a code base for `danger::` to find every place that trusts bytes
//! without proof.

use crate::verified::{Provenance, Verified};
use crate::verifier::Verifier;

/// A verifier that accepts every delivery, whoever sent it, and looks at no
/// signature header.
///
/// The vendor's HMAC authentication is optional, and this is for workspaces
/// that have not switched it on yet. Whoever finds the endpoint can then write
/// your customers' statuses, so let something else prove the sender: mutual
/// TLS, or a proxy that holds a secret. There is no mode that verifies
/// signatures only where they are present, because an attacker would leave
/// them out.
///
/// ```
/// use spektr_verify::{Provenance, danger};
///
/// let verifier = danger::verifier_that_accepts_unsigned_deliveries();
/// let verified = verifier.verify(&[("host", "example.test")], "{}")?;
/// assert_eq!(verified.provenance(), &Provenance::Unsigned);
/// # Ok::<(), spektr_verify::VerifyError>(())
/// ```
#[must_use]
pub fn verifier_that_accepts_unsigned_deliveries() -> Verifier {
    Verifier::unsigned()
}

/// Vouches for a body without any proof.
///
/// For bytes that were verified before and are read back from a store that you
/// trust, without the headers they came with. With the headers, use
/// [`Verifier::verify_ignoring_time_window`].
///
/// ```
/// use spektr_verify::{Provenance, danger};
///
/// let verified = danger::assume_verified(r#"{"results":[]}"#);
/// assert_eq!(verified.provenance(), &Provenance::Assumed);
/// ```
#[must_use]
pub fn assume_verified<B: AsRef<[u8]>>(body: B) -> Verified<B> {
    Verified::new(body, Provenance::Assumed)
}
