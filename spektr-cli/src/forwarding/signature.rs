//! Signs posted events by the specification Standard Webhooks: three headers, `webhook-id`,
//! `webhook-timestamp` and `webhook-signature`.

use std::path::Path;

use base64ct::{Base64, Encoding as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::secret::secret_file;

/// The beginning of a key.
const PREFIX: &str = "whsec_";

/// Two keys may sign, so that one can replace the other.
const MOST_KEYS: usize = 2;

/// The number of bytes of a key, from the specification.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 24..=64;

const HOW: &str = "a line holds a key, whsec_ and 24 to 64 bytes in Base64:\n\
                   echo \"whsec_$(openssl rand -base64 32)\"";

/// The signing keys: one key, or two during a rotation. Each key makes a signature.
pub(crate) struct ForwardKeys(Vec<Hmac<Sha256>>);

impl ForwardKeys {
    /// Reads a file with a key on each line.
    pub(crate) fn of_file(path: &Path) -> Result<Self, Failure> {
        secret_file(path, "signing keys", HOW, Self::parse)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut keys: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        for (line, text) in text.lines().map(str::trim).enumerate() {
            if text.is_empty() {
                continue;
            }
            let key = key(text).map_err(|message| format!("line {}: {message}", line + 1))?;
            if keys.contains(&key) {
                return Err(format!("line {}: the key is there twice", line + 1));
            }
            keys.push(key);
        }
        match keys.len() {
            0 => Err("there is no key".to_owned()),
            1..=MOST_KEYS => {
                let macs = keys.iter().map(|key| Hmac::new_from_slice(key));
                macs.collect::<Result<_, _>>().map(Self).map_err(|error| error.to_string())
            }
            more => Err(format!("there are {more} keys, and at most {MOST_KEYS} can sign")),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the headers that sign a body at a time, in seconds since 1970.
    pub(crate) fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> [(&'static str, String); 3] {
        let signatures: Vec<String> = self
            .0
            .iter()
            .map(|key| {
                let mut mac = key.clone();
                mac.update(format!("{id}.{seconds}.").as_bytes());
                mac.update(body);
                format!("v1,{}", Base64::encode_string(&mac.finalize().into_bytes()))
            })
            .collect();
        [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", signatures.join(" ")),
        ]
    }
}

fn key(text: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let text = text.strip_prefix(PREFIX).ok_or("the key does not begin with whsec_")?;
    let key = Base64::decode_vec(text).map_err(|_| "what follows whsec_ is not Base64")?;
    let key = Zeroizing::new(key);
    if KEY_LENGTH.contains(&key.len()) {
        return Ok(key);
    }
    Err(format!("the key has {} bytes, and 24 to 64 are expected", key.len()))
}

/// Returns the id of a message, which is a hash of the source and the JSON.
///
/// Each attempt has the same id, on each machine that shares the inbox, and also after the entry
/// was moved to another inbox. A conflict has another content under the same event id, and so
/// another message id.
pub(crate) fn message_id(source: &str, raw: &[u8]) -> String {
    use std::fmt::Write as _;

    const BYTES: usize = 16;
    let mut hash = Sha256::new();
    hash.update((source.len() as u64).to_be_bytes());
    hash.update(source);
    hash.update(raw);
    let mut id = "msg_".to_owned();
    for byte in hash.finalize().iter().take(BYTES) {
        let _ = write!(id, "{byte:02x}");
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn signature(text: &str) -> String {
        let keys = ForwardKeys::parse(text).expect("keys");
        let [_, _, (_, signature)] =
            keys.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        signature
    }

    #[test]
    fn signs_as_the_specification_does_with_one_key_and_with_two() {
        // The example that the libraries of the specification share.
        let one = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature(ONE), one);
        let both = signature(&format!("{ONE}\n\n {OTHER}\r\n"));
        assert_eq!(both, format!("{one} {}", signature(OTHER)));
    }

    #[test]
    fn says_what_is_wrong_with_a_file_without_its_keys() {
        let message = |text: &str| ForwardKeys::parse(text).err().expect("is refused");
        assert_eq!(message(""), "there is no key");
        assert_eq!(message("marker"), "line 1: the key does not begin with whsec_");
        assert_eq!(message("\nwhsec_mar-ker"), "line 2: what follows whsec_ is not Base64");
        let short = "line 1: the key has 6 bytes, and 24 to 64 are expected";
        assert_eq!(message("whsec_bWFya2Vy"), short);
        assert_eq!(message(&format!("{ONE}\n{ONE}")), "line 2: the key is there twice");
        let third = "whsec_ICECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let three = message(&format!("{ONE}\n{OTHER}\n{third}"));
        assert_eq!(three, "there are 3 keys, and at most 2 can sign");
    }

    #[test]
    fn a_message_has_one_id_and_another_content_or_source_another() {
        let id = message_id("spektr", b"{}");
        assert_eq!((id.len(), message_id("spektr", b"{}")), (36, id.clone()));
        for (source, raw) in [("spektr", "{ }"), ("sandbox", "{}"), ("spekt", "r{}")] {
            assert_ne!(message_id(source, raw.as_bytes()), id);
        }
    }
}
