//! The signing keys and the form of signatures, from the command line, the environment, or the
//! configuration.
//!
//! Secrets come from the environment or a file, never from the command line, because every process
//! of the machine can read the command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use spektr_verify::{
    KeyRing, KeyRingError, SecretEncoding, SharedKeys, SignatureFormat, SignedContent, Signer,
    SigningKey, UnixSeconds, Verifier, danger,
};
use zeroize::Zeroizing;

use crate::config::Config;
use crate::config::settings::{KEYS_FILE, SIGNATURE_FORMAT, SIGNED_CONTENT, TOLERANCE};
use crate::failure::Failure;
use crate::terminal::{safe, safe_path};
use crate::time;

const HOW: &str = "set SPEKTR_WEBHOOK_KEYS='KEY_ID=SECRET', or name a key file with --keys FILE\n\
                   (a table [[keys]] with id and secret per key)";

const SIGNING: &str = "How deliveries are signed";

/// The signing keys, the signed content, and the format of signatures.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct KeyArguments {
    /// TOML file with the signing keys: a list `keys` of tables with id and secret [without it: SPEKTR_WEBHOOK_KEYS, then keys_file of the configuration]
    #[arg(long, value_name = "FILE", help_heading = SIGNING)]
    keys: Option<PathBuf>,
    #[arg(long, help = SIGNED_CONTENT.help(), value_name = "TEMPLATE", help_heading = SIGNING, value_parser = SIGNED_CONTENT.parser())]
    signed_content: Option<SignedContent>,
    #[arg(long, help = SIGNATURE_FORMAT.help(), value_name = "FORMAT", help_heading = SIGNING, value_parser = SIGNATURE_FORMAT.parser())]
    signature_format: Option<SignatureFormat>,
}

impl KeyArguments {
    pub(crate) fn content(&self, config: &Config) -> SignedContent {
        SIGNED_CONTENT.value(self.signed_content.clone(), config)
    }

    pub(crate) fn format(&self, config: &Config) -> SignatureFormat {
        SIGNATURE_FORMAT.value(self.signature_format, config)
    }

    /// Returns the file that the keys are read from, if they are read from a file.
    pub(crate) fn file(&self, config: &Config) -> Option<PathBuf> {
        match self.source(config) {
            Ok(KeySource::File(path)) => Some(path),
            Ok(KeySource::Environment) | Err(_) => None,
        }
    }

    /// Returns the configuration's key file if the keys of the environment take precedence over it.
    pub(crate) fn hidden_file(&self, config: &Config) -> Option<PathBuf> {
        match self.source(config) {
            Ok(KeySource::Environment) => KEYS_FILE.path(None, config),
            Ok(KeySource::File(_)) | Err(_) => None,
        }
    }

    /// Returns the place to add a key, in words.
    pub(crate) fn place(&self, config: &Config) -> String {
        match self.file(config) {
            Some(path) => format!("the key file {}", safe_path(&path)),
            None => KeyRing::ENV_VAR.to_owned(),
        }
    }

    /// Reads the key ring.
    pub(crate) fn ring(&self, config: &Config) -> Result<KeyRing, Failure> {
        match self.source(config)? {
            KeySource::File(path) => ring_of_file(&path),
            KeySource::Environment => KeyRing::from_env().map_err(|error| in_environment(&error)),
        }
    }

    pub(crate) fn verifier(
        &self,
        config: &Config,
        tolerance: Option<Duration>,
    ) -> Result<Verifier, Failure> {
        Ok(self.verifier_of(self.ring(config)?, config, tolerance))
    }

    /// Returns a verifier with keys that other verifiers can share.
    fn verifier_of(
        &self,
        keys: impl Into<SharedKeys>,
        config: &Config,
        tolerance: Option<Duration>,
    ) -> Verifier {
        Verifier::new(keys, self.content(config))
            .with_signature_format(self.format(config))
            .with_tolerance(TOLERANCE.value(tolerance, config))
    }

    /// Returns a verifier and its keys, which can be replaced later. With `unsigned`, returns a
    /// verifier that accepts every delivery, and no keys.
    pub(crate) fn verifier_or_none(
        &self,
        config: &Config,
        unsigned: bool,
        tolerance: Option<Duration>,
    ) -> Result<(Verifier, Option<SharedKeys>), Failure> {
        if unsigned {
            return Ok((danger::verifier_that_accepts_unsigned_deliveries(), None));
        }
        // Suggest --unsigned only if there is no key. A key with a mistake must be corrected.
        self.source(config).map_err(|failure| {
            failure.or_hint("or accept every delivery without verifying it: --unsigned")
        })?;
        let keys = SharedKeys::new(self.ring(config)?);
        Ok((self.verifier_of(keys.clone(), config, tolerance), Some(keys)))
    }

    /// Returns keys, signed content and tolerance in words, for the first lines that a
    /// receiver prints.
    pub(crate) fn in_words(
        &self,
        config: &Config,
        unsigned: bool,
        tolerance: Option<Duration>,
    ) -> Result<String, Failure> {
        if unsigned {
            return Ok("nothing is verified: --unsigned".to_owned());
        }
        let ids: Vec<_> = self.ring(config)?.ids().map(|id| id.to_string()).collect();
        Ok(format!(
            "keys {}, signed content {}, tolerance {}",
            ids.join(", "),
            self.content(config),
            time::span(TOLERANCE.value(tolerance, config)),
        ))
    }

    /// Returns the signer. It uses the named key, or else the first key of the ring.
    pub(crate) fn signer(&self, config: &Config, id: Option<&str>) -> Result<Signer, Failure> {
        let ring = self.ring(config)?;
        let key = choose(&ring, id)?;
        Ok(Signer::new(key.clone(), self.content(config))
            .with_signature_format(self.format(config)))
    }

    /// Returns the secrets as written, with their key ids. `diagnose` tries each encoding that a
    /// secret could have.
    pub(crate) fn secret_texts(&self, config: &Config) -> Result<Vec<SecretText>, Failure> {
        match self.source(config)? {
            KeySource::File(path) => {
                // Read the file as a key ring first, because its errors are more precise.
                ring_of_file(&path)?;
                let text = Zeroizing::new(read(&path)?);
                let table: toml::Table = text.parse().unwrap_or_default();
                let keys = table.get("keys").and_then(toml::Value::as_array);
                let texts = keys.into_iter().flatten().filter_map(|key| {
                    let member = |name| key.get(name)?.as_str().map(str::to_owned);
                    let encoding = member("encoding").and_then(|name| name.parse().ok());
                    let (id, text) = (member("id")?, Zeroizing::new(member("secret")?));
                    Some(SecretText { id, text, encoding: encoding.unwrap_or_default() })
                });
                Ok(texts.collect())
            }
            KeySource::Environment => {
                KeyRing::from_env().map_err(|error| in_environment(&error))?;
                let text = Zeroizing::new(std::env::var(KeyRing::ENV_VAR).unwrap_or_default());
                Ok(text.split(',').filter_map(SecretText::parse).collect())
            }
        }
    }

    fn source(&self, config: &Config) -> Result<KeySource, Failure> {
        if let Some(path) = &self.keys {
            return Ok(KeySource::File(path.clone()));
        }
        if std::env::var_os(KeyRing::ENV_VAR).is_some() {
            return Ok(KeySource::Environment);
        }
        KEYS_FILE
            .path(None, config)
            .map(KeySource::File)
            .ok_or_else(|| Failure::new("there is no signing key").hint(HOW))
    }
}

enum KeySource {
    File(PathBuf),
    Environment,
}

/// A secret as written, before decoding.
pub(crate) struct SecretText {
    pub(crate) id: String,
    pub(crate) text: Zeroizing<String>,
    /// The encoding of the secret's bytes in the text.
    pub(crate) encoding: SecretEncoding,
}

impl SecretText {
    /// Reads an entry of `SPEKTR_WEBHOOK_KEYS` as [`KeyRing::parse`] does.
    fn parse(entry: &str) -> Option<Self> {
        let (id, text) = entry.split_once('=')?;
        let id = id.trim_start();
        let encoded = id.rsplit_once(':').and_then(|(id, name)| Some((id, name.parse().ok()?)));
        let (id, encoding) = encoded.unwrap_or((id, SecretEncoding::Utf8));
        Some(Self { id: id.to_owned(), text: Zeroizing::new(text.to_owned()), encoding })
    }

    /// Returns the number of bytes that the text encodes.
    pub(crate) fn length(&self) -> usize {
        match self.encoding {
            SecretEncoding::Hex => self.text.len() / 2,
            SecretEncoding::Base64 => self.text.trim_end_matches('=').len() * 3 / 4,
            _ => self.text.len(),
        }
    }
}

/// Finds the key with an id, or the first key if no id is given.
pub(crate) fn choose<'r>(ring: &'r KeyRing, id: Option<&str>) -> Result<&'r SigningKey, Failure> {
    let first = ring.ids().next().map(|id| id.as_str());
    id.or(first).and_then(|id| ring.key(id)).ok_or_else(|| {
        let ids: Vec<_> = ring.ids().map(|id| id.as_str()).collect();
        Failure::new(format!("no signing key has the id {}", safe(id.unwrap_or_default())))
            .hint(format!("the ids are: {}", ids.join(", ")))
    })
}

/// Returns a signature of an empty body, by which keys with the same secret are recognised: a key
/// does not reveal its secret.
pub(crate) fn fingerprint(key: &SigningKey) -> String {
    let signer = Signer::new(key.clone(), SignedContent::TIMESTAMP_DOT_BODY);
    let headers = signer.sign_at(b"", UnixSeconds::new(0));
    let [.., (_, signature)] = headers.pairs();
    signature.to_owned()
}

/// Reads one secret from a file. Ignores a byte order mark before the secret and line breaks after
/// it, because editors add them.
pub(crate) fn secret_of_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = Zeroizing::new(read(path)?);
    let secret = text.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r']);
    let secret = Zeroizing::new(secret.to_owned());
    if secret.is_empty() {
        return Err(Failure::new(format!("{} is empty", safe_path(path))));
    }
    Ok(secret)
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))
}

fn ring_of_file(path: &Path) -> Result<KeyRing, Failure> {
    KeyRing::from_toml_file(path).map_err(|error| {
        let failure = match &error {
            KeyRingError::File { source, .. } => Failure::file("read", path, source),
            other => Failure::caused_by(format!("the key file {} cannot be used", safe_path(path)), other),
        };
        failure.hint("a key file has a table [[keys]] with id and secret per key,\nand optionally encoding, not_before and not_after")
    })
}

fn in_environment(error: &KeyRingError) -> Failure {
    Failure::caused_by(format!("{} cannot be used", KeyRing::ENV_VAR), error).hint(
        "it has the form KEY_ID=SECRET, or ID=SECRET,ID2:hex=SECRET for several keys and encodings",
    )
}
