//! The keyed MAC: HMAC-SHA256 from RustCrypto, without cryptography of our own.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

pub(crate) const SIGNATURE_LENGTH: usize = 32;

/// HMAC-SHA256 that has absorbed its key.
///
/// A key is kept as this state, not as bytes. Each delivery starts from a copy, which saves two
/// compressions and leaves no other copy of the padded key on the stack. `sha2` wipes the state
/// on drop.
#[derive(Clone)]
pub(crate) struct Mac(Hmac<Sha256>);

impl Mac {
    #[expect(clippy::unreachable, reason = "no length of a key is an error")]
    pub(crate) fn new(key: &[u8]) -> Self {
        match Hmac::new_from_slice(key) {
            Ok(mac) => Self(mac),
            Err(_) => unreachable!("HMAC takes keys of any length"),
        }
    }

    #[inline]
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        #[cfg(test)]
        work::count(bytes.len(), 0);
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> [u8; SIGNATURE_LENGTH] {
        self.0.finalize().into_bytes().into()
    }

    /// Compares in constant time.
    #[inline]
    pub(crate) fn matches(self, signature: &[u8; SIGNATURE_LENGTH]) -> bool {
        #[cfg(test)]
        work::count(0, 1);
        self.0.verify_slice(signature).is_ok()
    }
}

/// Counts the computed MACs for tests: the cost of a refusal must not reveal its reason.
#[cfg(test)]
pub(crate) mod work {
    use std::cell::Cell;

    thread_local! {
        static DONE: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    }

    pub(super) fn count(bytes: usize, comparisons: usize) {
        DONE.with(|done| done.set((done.get().0 + bytes, done.get().1 + comparisons)));
    }

    /// Returns how many bytes went into MACs of this thread while `run` ran, and how many MACs
    /// were finished and compared.
    pub(crate) fn of(run: impl FnOnce()) -> (usize, usize) {
        let before = DONE.with(Cell::get);
        run();
        let after = DONE.with(Cell::get);
        (after.0 - before.0, after.1 - before.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    /// No test can measure the time, so the test reads the source: only RustCrypto's
    /// constant-time function compares MACs, and the verifier never extracts a MAC that it
    /// could compare otherwise.
    #[test]
    fn macs_are_compared_in_constant_time() {
        let (code, _tests) =
            include_str!("mac.rs").split_once("#[cfg(test)]\nmod tests").expect("both");
        assert_eq!(code.matches(".verify_slice(").count(), 1);
        assert!(!code.contains("=="));
        assert!(!include_str!("verifier.rs").contains(".finish("));
    }

    #[test]
    fn agrees_with_rfc_4231_test_case_2() {
        let mut mac = Mac::new(b"Jefe");
        mac.update(b"what do ya want ");
        mac.update(b"for nothing?");
        assert_eq!(
            hex::encode(&mac.finish()),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        );
    }

    #[test]
    fn the_state_that_a_key_is_kept_in_is_wiped_on_drop() {
        fn wiped<T: zeroize::ZeroizeOnDrop>() {}
        wiped::<sha2::block_api::Sha256VarCore>();
    }
}
