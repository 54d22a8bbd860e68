//! Decides whether a delivery is authentic.
//!
//! The order is fixed: headers well-formed, algorithm allowed, key known and valid, MAC over
//! the signed content, and only then the time window. Nothing is parsed before the MAC has
//! matched.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::content::SignedContent;
use crate::error::VerifyError;
use crate::headers::HeaderSource;
use crate::keys::{KeyId, KeyRing, SharedKeys, SigningKey, Validity};
use crate::occurrences::Occurrences;
use crate::time::{Clock, SystemClock, UnixSeconds};
use crate::verified::{Provenance, Verified};
use crate::well_formed::{SignatureFormat, WellFormed};

/// Verifies deliveries.
///
/// Clones are cheap and share the key ring, so the state of every handler can hold a clone.
///
/// # Examples
///
/// ```
/// use spektr_verify::{KeyRing, SignedContent, Verifier, VerifyError};
///
/// let keys = KeyRing::parse("2026-a=correct horse battery staple")?;
/// // The signed content has no default: see `SignedContent` for why.
/// let verifier = Verifier::new(keys, SignedContent::TIMESTAMP_DOT_BODY);
///
/// let headers = [("content-type", "application/json")];
/// let error = verifier.verify(&headers, "{}").unwrap_err();
/// assert_eq!(error.reason(), "header_missing");
/// # Ok::<(), spektr_verify::KeyRingError>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    mode: Mode,
    format: SignatureFormat,
    tolerance: Duration,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
enum Mode {
    Signed { keys: SharedKeys, content: SignedContent },
    Unsigned,
}

impl Verifier {
    /// The greatest distance of the time of signing from now, unless configured: 300 s.
    pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(300);

    /// Creates a verifier with the accepted keys and the signed content.
    ///
    /// Pass a [`KeyRing`], or a clone of [`SharedKeys`] to replace the keys later.
    #[must_use]
    pub fn new(keys: impl Into<SharedKeys>, content: SignedContent) -> Self {
        Self::with_mode(Mode::Signed { keys: keys.into(), content })
    }

    pub(crate) fn unsigned() -> Self {
        Self::with_mode(Mode::Unsigned)
    }

    fn with_mode(mode: Mode) -> Self {
        Self {
            mode,
            format: SignatureFormat::default(),
            tolerance: Self::DEFAULT_TOLERANCE,
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Sets the greatest distance of the time of signing from now, in either direction and
    /// inclusive. Fractions of a second are ignored.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Sets the format of `x-signature`.
    #[must_use]
    pub fn with_signature_format(mut self, format: SignatureFormat) -> Self {
        self.format = format;
        self
    }

    /// Sets the clock of [`verify`](Self::verify).
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Returns the current key ring, or `None` if unsigned deliveries are accepted.
    #[must_use]
    pub fn keys(&self) -> Option<Arc<KeyRing>> {
        match &self.mode {
            Mode::Signed { keys, .. } => Some(keys.current()),
            Mode::Unsigned => None,
        }
    }

    /// Returns the greatest distance of the time of signing from now.
    #[must_use]
    pub fn tolerance(&self) -> Duration {
        self.tolerance
    }

    /// Returns the current time by this verifier's clock.
    #[must_use]
    pub fn now(&self) -> UnixSeconds {
        self.clock.now()
    }

    /// Verifies a delivery: its headers, and its body exactly as it arrived.
    ///
    /// The body may be any type that can be read as bytes (`&[u8]`, `Vec<u8>`, `Bytes`);
    /// [`Verified`] returns it. The body need not be JSON, or even text: an authentic body must
    /// be kept even if it cannot be parsed. So only [`Verified::entries`] parses it.
    ///
    /// # Errors
    ///
    /// In the order of the checks:
    ///
    /// - [`VerifyError::MissingHeader`], [`VerifyError::RepeatedHeader`],
    ///   [`VerifyError::MalformedHeader`]
    /// - [`VerifyError::UnsupportedAlgorithm`]
    /// - [`VerifyError::UnknownKey`], [`VerifyError::KeyNotYetValid`], [`VerifyError::KeyExpired`]
    /// - [`VerifyError::SignatureMismatch`]
    /// - [`VerifyError::TimestampTooOld`], [`VerifyError::TimestampInFuture`]
    pub fn verify<H, B>(&self, headers: &H, body: B) -> Result<Verified<B>, VerifyError>
    where
        H: HeaderSource + ?Sized,
        B: AsRef<[u8]>,
    {
        self.verify_at(headers, body, self.now())
    }

    /// Verifies a delivery as of a given time.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`verify`](Self::verify).
    pub fn verify_at<H, B>(
        &self,
        headers: &H,
        body: B,
        now: UnixSeconds,
    ) -> Result<Verified<B>, VerifyError>
    where
        H: HeaderSource + ?Sized,
        B: AsRef<[u8]>,
    {
        let provenance = self.prove(&Occurrences::of(headers), body.as_ref(), Some(now))?;
        Ok(Verified::new(body, provenance))
    }

    /// Verifies a delivery regardless of its time of signing: for deliveries that you have
    /// stored together with their headers. Do not use it for an endpoint: anybody could send
    /// again a delivery that they have captured.
    ///
    /// A key's validity is checked at the time of signing instead of now.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`verify`](Self::verify), except the last two.
    pub fn verify_ignoring_time_window<H, B>(
        &self,
        headers: &H,
        body: B,
    ) -> Result<Verified<B>, VerifyError>
    where
        H: HeaderSource + ?Sized,
        B: AsRef<[u8]>,
    {
        let provenance = self.prove(&Occurrences::of(headers), body.as_ref(), None)?;
        Ok(Verified::new(body, provenance))
    }

    /// Runs the checks that need no body, so that a server can refuse a request before it reads
    /// megabytes.
    ///
    /// Success does not mean that the delivery is authentic.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`verify`](Self::verify) that come before [`VerifyError::SignatureMismatch`].
    pub fn check_headers_at<H>(&self, headers: &H, now: UnixSeconds) -> Result<(), VerifyError>
    where
        H: HeaderSource + ?Sized,
    {
        if let Mode::Signed { keys, .. } = &self.mode {
            let headers = WellFormed::read(&Occurrences::of(headers), self.format)?;
            usable_key(&keys.current(), headers.key_id, now)?;
        }
        Ok(())
    }

    /// Runs all checks in their order. Without `now` there is no time window, and a key's
    /// validity is checked at the time of signing.
    fn prove(
        &self,
        headers: &Occurrences<'_>,
        body: &[u8],
        now: Option<UnixSeconds>,
    ) -> Result<Provenance, VerifyError> {
        let Mode::Signed { keys, content } = &self.mode else {
            return Ok(Provenance::Unsigned);
        };
        let headers = WellFormed::read(headers, self.format)?;
        let time = now.unwrap_or(headers.signed_at);
        let ring = keys.current();
        let key = usable_key(&ring, headers.key_id, time);
        // Without a usable key, compute the MAC with another key and ignore the result, so that
        // the duration of the answer does not reveal which ids are known.
        let matches = key.as_ref().ok().copied().or_else(|| ring.first()).is_some_and(|key| {
            let mut mac = key.mac();
            content.feed(&mut mac, headers.timestamp, headers.key_id, body);
            mac.matches(&headers.signature)
        });
        let key_id = key?.id().clone();
        if !matches {
            return Err(VerifyError::SignatureMismatch { key_id });
        }
        if let Some(now) = now {
            self.check_window(headers.signed_at, now)?;
        }
        Ok(Provenance::Signed { key_id, signed_at: headers.signed_at })
    }

    fn check_window(&self, signed_at: UnixSeconds, now: UnixSeconds) -> Result<(), VerifyError> {
        let distance = now.abs_diff(signed_at);
        if distance.as_secs() <= self.tolerance.as_secs() {
            Ok(())
        } else if signed_at < now {
            Err(VerifyError::TimestampTooOld { age: distance })
        } else {
            Err(VerifyError::TimestampInFuture { ahead: distance })
        }
    }
}

/// Finds the key that a well-formed header names, and checks its validity.
fn usable_key<'r>(
    ring: &'r KeyRing,
    id: &[u8],
    time: UnixSeconds,
) -> Result<&'r SigningKey, VerifyError> {
    let Some(key) = ring.find(id) else {
        return Err(VerifyError::UnknownKey { key_id: KeyId::from_well_formed(id) });
    };
    let key_id = || key.id().clone();
    match key.validity_at(time) {
        Validity::Valid => Ok(key),
        Validity::NotYet => Err(VerifyError::KeyNotYetValid { key_id: key_id() }),
        Validity::Expired => Err(VerifyError::KeyExpired { key_id: key_id() }),
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Verifier");
        match &self.mode {
            Mode::Signed { keys, content } => {
                out.field("keys", keys).field("content", content).field("format", &self.format)
            }
            Mode::Unsigned => out.field("unsigned", &true),
        };
        out.field("tolerance", &self.tolerance).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mac::work;
    use crate::{Secret, Signer};

    /// Makes a key for an id, with a secret of its own and a validity.
    fn key(id: &str, valid: (Option<u64>, Option<u64>)) -> SigningKey {
        let secret = Secret::from_bytes(id.as_bytes()).expect("it is not empty");
        let key = SigningKey::new(id, secret).expect("the id is well-formed");
        let [from, until] = [valid.0, valid.1].map(|time| time.map(UnixSeconds::new));
        key.with_validity(from, until).expect("it begins before it ends")
    }

    #[test]
    fn one_mac_over_the_whole_body_is_computed_whichever_key_is_named() {
        let now = UnixSeconds::new(1_700_000_000);
        let content = SignedContent::TIMESTAMP_DOT_BODY;
        let keys = [
            key("known", (None, None)),
            key("expired", (None, Some(1))),
            key("later", (Some(1_800_000_000), None)),
        ];
        let verifier = Verifier::new(KeyRing::new(keys).expect("the ids differ"), content.clone());
        let body = vec![b'a'; 1000];
        let once = ("1700000000.".len() + body.len(), 1);
        for (id, reason) in [
            ("known", "signature_mismatch"),
            ("unknown", "key_unknown"),
            ("expired", "key_expired"),
            ("later", "key_not_yet_valid"),
        ] {
            // Signed with the right key for another body.
            let signer = Signer::new(key(id, (None, None)), content.clone());
            let headers = signer.sign_at(b"another body", now);
            let work = work::of(|| {
                let refused = verifier.verify_at(&headers, &body, now);
                assert_eq!(refused.map(drop).map_err(|error| error.reason()), Err(reason));
            });
            assert_eq!(work, once, "{id}");
        }
    }
}
