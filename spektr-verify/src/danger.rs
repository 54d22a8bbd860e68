//! Functions that bypass the verification, with names that a reviewer notices.
//!
//! Search a code base for `danger::` to find every place that trusts bytes without proof.

use crate::verified::{Provenance, Verified};
use crate::verifier::Verifier;

/// Returns a verifier that accepts every delivery, from any sender, without looking at
/// signature headers.
///
/// The vendor's HMAC authentication is optional; this verifier is for workspaces that have not
/// switched it on yet. Anybody who finds the endpoint can then write your customers' statuses,
/// so let something else prove the sender: mutual TLS, or a proxy with a secret. There is no
/// mode that verifies only signatures that are present, because an attacker would leave them
/// out.
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

/// Marks a body as verified without any proof.
///
/// This is for bytes that were verified before and are read back, without their headers, from a
/// store that you trust. With the headers, use [`Verifier::verify_ignoring_time_window`].
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
