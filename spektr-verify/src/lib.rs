//! Proves that a spektr webhook delivery is authentic, then opens it.

mod hex;
mod keys;
mod mac;
mod time;

pub use keys::{
    KeyError, KeyId, KeyRing, KeyRingError, Secret, SecretEncoding, SharedKeys, SigningKey,
};
pub use time::{Clock, SystemClock, UnixSeconds};
