//! The sender's list of events and its API key, from the command line, the environment, or the
//! configuration.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use spektr_inbox::reconcile::{ApiKey, ApiKeyError, BaseUrl, Client, Reconciler, TimeUnit};
use spektr_inbox::store::Store;

use crate::arguments::quietly;
use crate::config::Config;
use crate::config::settings::{API_KEY_FILE, LIST, LIST_UNIT, SOURCE};
use crate::failure::Failure;
use crate::location::Location;
use crate::store::StoreArguments;
use crate::terminal::{safe, safe_path};

const HEADING: &str = "The sender's list of events";

/// The address of the list, its API key, and its unit of time.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ListArguments {
    #[arg(long, help = LIST.help(), value_name = "NAME|URL", help_heading = HEADING, value_parser = quietly(LIST.parser()))]
    from: Option<BaseUrl>,
    /// File with the API key [without it: SPEKTR_API_KEY, then reconcile.api_key_file of the configuration]
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    api_key_file: Option<PathBuf>,
    #[arg(long, help = LIST_UNIT.help(), value_name = "UNIT", help_heading = HEADING, value_parser = LIST_UNIT.parser())]
    unit: Option<TimeUnit>,
}

/// The inbox and the list that are compared.
#[derive(Args, Clone, Debug)]
pub(crate) struct ComparedArguments {
    #[arg(long, help = SOURCE.help(), value_name = "NAME", value_parser = SOURCE.parser())]
    source: Option<String>,
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    #[command(flatten)]
    list: ListArguments,
}

impl ComparedArguments {
    /// Returns the client for the list. Fails if there is no API key.
    pub(crate) fn client(&self, config: &Config) -> Result<Client, Failure> {
        self.list.client_if_configured(config)?.ok_or_else(|| {
            Failure::new("there is no API key").hint(
                "set SPEKTR_API_KEY, or name a file that holds only the key:\n\
                 --api-key-file FILE",
            )
        })
    }

    /// Returns the given options, each after a space, for a command that a message suggests.
    pub(crate) fn options(&self) -> String {
        let ListArguments { from, api_key_file, unit } = &self.list;
        let given = [
            ("--source", self.source.clone()),
            ("--store", self.store.store.as_ref().map(Location::shown)),
            ("--from", from.as_ref().map(BaseUrl::to_string)),
            ("--api-key-file", api_key_file.as_ref().map(|path| path.to_string_lossy().into())),
            ("--unit", unit.map(|unit| unit.to_string())),
        ];
        let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
        given.map(|(name, value)| format!(" {name} {}", quoted(&value))).collect()
    }

    /// Returns the source name under which listed events are stored.
    pub(crate) fn source(&self, config: &Config) -> String {
        SOURCE.value(self.source.clone(), config)
    }

    /// Returns the reconciler that compares the client's list with a store.
    pub(crate) fn reconciler(
        &self,
        config: &Config,
        store: Arc<dyn Store>,
        client: Client,
    ) -> Reconciler {
        Reconciler::new(store, client).with_source(&self.source(config))
    }
}

impl ListArguments {
    /// Returns the client for the list, or `None` if there is no API key.
    pub(crate) fn client_if_configured(&self, config: &Config) -> Result<Option<Client>, Failure> {
        let Some(key) = self.key(config)? else { return Ok(None) };
        let unit = LIST_UNIT.value(self.unit, config);
        Client::new(LIST.value(self.from.clone(), config), key)
            .map(|client| Some(client.with_unit(unit)))
            .map_err(|error| Failure::caused_by("cannot ask the sender", &error))
    }

    /// Returns the API key, if there is one.
    pub(crate) fn key(&self, config: &Config) -> Result<Option<ApiKey>, Failure> {
        // Of the library's errors, only `File` names the place of the key.
        let (place, key) = match self.key_file(config) {
            Some(path) => (safe_path(&path), ApiKey::from_file(path)),
            None if is_in_environment() => (ApiKey::ENV_VAR.to_owned(), ApiKey::from_env()),
            None => return Ok(None),
        };
        key.map(Some).map_err(|error| match error {
            ApiKeyError::File { .. } => Failure::of(&error),
            _ => Failure::caused_by(format!("{place} cannot be used"), &error),
        })
    }

    /// Returns the file that the key is read from, if it is read from a file.
    pub(crate) fn key_file(&self, config: &Config) -> Option<PathBuf> {
        if self.api_key_file.is_some() || is_in_environment() {
            return self.api_key_file.clone();
        }
        API_KEY_FILE.path(None, config)
    }
}

/// Quotes a value for a shell, if necessary.
fn quoted(value: &str) -> String {
    let value = safe(value);
    if value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:@%".contains(&byte)) {
        value.into_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

fn is_in_environment() -> bool {
    std::env::var_os(ApiKey::ENV_VAR).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_so_that_a_shell_reads_it_as_one() {
        assert_eq!(quoted("http://127.0.0.1:8787/a_b"), "http://127.0.0.1:8787/a_b");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
