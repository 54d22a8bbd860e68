//! SIGHUP: reads again the signing keys, the API key, the token of operations, the log level, and
//! the keys, headers and certificates for forwarding.
//!
//! Each of them is replaced separately. If a file cannot be read, its old content stays in use: a
//! broken file does not end the service or remove its keys.

use std::future::pending;
use std::sync::Arc;

use spektr_inbox::Count;
use spektr_inbox::reconcile::Client;
use spektr_verify::{KeyId, KeyRing, SharedKeys};
use tokio::signal::unix::Signal;
use tokio::task::spawn_blocking;

use super::forward::ForwardHandler;
use super::warn_of_open_files;
use crate::arguments::Global;
use crate::config::Config;
use crate::failure::Failure;
use crate::keys::fingerprint;
use crate::log::LevelHandle;
use crate::operations::Access;
use crate::serving::ServeArguments;
use crate::time;

/// The sources of keys and settings, and the parts of the service that use them.
pub(super) struct Reload {
    pub(super) global: Global,
    pub(super) arguments: ServeArguments,
    /// The keys of the verifier; `None` with `--unsigned`.
    pub(super) keys: Option<SharedKeys>,
    /// The client of the sender's list, if there was an API key at the start.
    pub(super) client: Option<Client>,
    pub(super) forward: Option<ForwardHandler>,
    /// Decides who may use the pages of operations.
    pub(super) access: Access,
    pub(super) level: LevelHandle,
    pub(super) reloads: Count,
    pub(super) failures: Count,
}

impl Reload {
    /// Reads everything again at each signal.
    pub(super) async fn run(self, mut hangups: Signal) {
        let reload = Arc::new(self);
        while hangups.recv().await.is_some() {
            let reload = Arc::clone(&reload);
            // Reading a file on another machine can be slow, and must not delay deliveries.
            let _done = spawn_blocking(move || reload.read()).await;
        }
        pending().await
    }

    fn read(&self) {
        self.reloads.add(1);
        let config = match self.global.config() {
            Ok(config) => config,
            Err(failure) => return self.stays("keys and settings", &failure),
        };
        warn_of_open_files(&self.arguments, &config);
        let level = self.arguments.log_level(&config);
        self.level.set(level);
        if let Err(failure) = self.read_keys(&config) {
            self.stays("the signing keys", &failure);
        }
        if let Err(failure) = self.read_api_key(&config) {
            self.stays("the API key", &failure);
        }
        match self.arguments.ops_token_file(&config) {
            Some(file) => match self.access.read_again(&file) {
                Ok(()) => tracing::info!("the token of operations was read again"),
                Err(failure) => self.stays("the token of operations", &failure),
            },
            None if self.access.revoke() => {
                tracing::warn!("the token of operations has been removed: all sessions have ended");
            }
            None => {}
        }
        if let Some(forward) = &self.forward {
            for (what, read) in forward.read_again(&self.arguments.forwarding, &config) {
                if let Err(failure) = read {
                    self.stays(what, &failure);
                }
            }
            let [keys, headers, certificates] = forward.counts();
            if [keys, headers, certificates] != [None; 3] {
                tracing::info!(
                    keys,
                    headers,
                    certificates,
                    "keys, headers and certificates for forwarding were read again"
                );
            }
        }
        tracing::info!(log_level = %level, "settings were read again");
    }

    fn stays(&self, what: &str, failure: &Failure) {
        self.failures.add(1);
        let reason = failure.message();
        tracing::error!(what, reason, "stays as it was: it cannot be read again");
    }

    fn read_keys(&self, config: &Config) -> Result<(), Failure> {
        let Some(keys) = &self.keys else { return Ok(()) };
        let ring = self.arguments.keys.ring(config)?;
        let Some(file) = self.arguments.keys.file(config) else {
            tracing::warn!("the signing keys are in the environment: only a restart changes them");
            return Ok(());
        };
        let (before, now) = (keys.current(), time::now());
        if before.has_valid_key_at(now) && !ring.has_valid_key_at(now) {
            let file = file.display();
            return Err(Failure::new(format!("no key in {file} is valid now")));
        }
        let (added, removed) = (missing(&before, &ring), missing(&ring, &before));
        let changed = changed(&before, &ring);
        let count = ring.ids().count();
        keys.replace(ring);
        tracing::info!(added, removed, changed, count, "the signing keys were read again");
        Ok(())
    }

    fn read_api_key(&self, config: &Config) -> Result<(), Failure> {
        match (&self.client, self.arguments.list.key(config)?) {
            (Some(client), Some(key)) if self.arguments.list.key_file(config).is_some() => {
                client.replace_key(key);
                tracing::info!("the API key was read again");
            }
            (Some(_), None) => {
                return Err(Failure::new("no file and no variable has an API key any more"));
            }
            (None, Some(_)) => tracing::warn!(
                "there was no API key at the start: a restart is necessary to use the new one"
            ),
            (Some(_), Some(_)) | (None, None) => {}
        }
        Ok(())
    }
}

/// Lists the key ids that `ring` has and `other` lacks.
fn missing(other: &KeyRing, ring: &KeyRing) -> Option<String> {
    listed(ring.ids().filter(|id| other.key(id.as_str()).is_none()))
}

/// Lists the ids of keys whose secret differs in the new ring.
fn changed(before: &KeyRing, after: &KeyRing) -> Option<String> {
    let is_changed = |id: &&KeyId| match (before.key(id.as_str()), after.key(id.as_str())) {
        (Some(before), Some(after)) => fingerprint(before) != fingerprint(after),
        _ => false,
    };
    listed(after.ids().filter(is_changed))
}

/// Lists the first ids, and the number of the others. Returns `None` if there are no ids, so that
/// the log has no empty field.
fn listed<'i>(ids: impl Iterator<Item = &'i KeyId>) -> Option<String> {
    const SHOWN: usize = 8;
    let ids: Vec<_> = ids.collect();
    if ids.is_empty() {
        return None;
    }
    let mut listed: Vec<_> = ids.iter().take(SHOWN).map(|id| id.shown().to_string()).collect();
    if ids.len() > SHOWN {
        listed.push(format!("and {} more", ids.len() - SHOWN));
    }
    Some(listed.join(", "))
}
