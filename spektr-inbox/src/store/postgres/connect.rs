//! Makes connections, from a URL, to a server that takes writes.

use std::borrow::Cow;
use std::fs;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::str::Utf8Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{AsyncMessage, Client, Config};

use super::error::{Fault, OpenError};
use super::row::millis;
use super::settings::Silence;
use super::tls::{ClientFiles, Tls};
use crate::{Clock as _, SystemClock};

/// The defaults of the URL's parameters, times in seconds. They give up a silent server soon,
/// and skip a standby, which would reject every write.
const DEFAULTS: &str = "connect_timeout=3&tcp_user_timeout=10&keepalives_idle=10\
     &keepalives_interval=2&keepalives_retries=3&target_session_attrs=read-write\
     &application_name=spektr-inbox";

/// The time limit for connecting, if the URL has none.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The largest difference between this machine's clock and the server's that causes no warning.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

/// The address of the database, and the credentials.
#[derive(Clone)]
pub(super) struct Address {
    /// One configuration for each host of the URL.
    hosts: Vec<Config>,
    /// The index of the host to try first: the last one that accepted a connection, or the one
    /// after the last failure.
    first: Arc<AtomicUsize>,
    tls: Tls,
    /// The file with the password. It is read for each connection, because the password may
    /// change.
    password_file: Option<Arc<Path>>,
}

impl Address {
    /// Parses a URL as libpq does, except `sslmode`: over TCP it is `verify-full` unless it is
    /// `disable`. libpq's `prefer` falls back to plain text without a warning, and its
    /// `require` trusts any certificate.
    pub(super) fn parse(url: &str) -> Result<Self, OpenError> {
        let problem = |problem| OpenError::Url { problem };
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(problem("it does not begin with postgres://"));
        }
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let path =
            |value: Result<Cow<'_, str>, Utf8Error>| value.ok().map(|path| PathBuf::from(&*path));
        let (mut mode, mut rest) = (None, Vec::new());
        let (mut roots, mut certificate, mut key, mut password_file) = (None, None, None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value).decode_utf8();
            match name {
                "sslmode" => mode = value.ok(),
                "sslrootcert" => roots = path(value),
                "sslcert" => certificate = path(value),
                "sslkey" => key = path(value),
                "passwordfile" => password_file = path(value),
                _ => rest.push(pair),
            }
        }
        // The parser's own messages can quote a part of the URL. Later parameters override
        // earlier ones.
        let query = format!("{DEFAULTS}&{}", rest.join("&"));
        let parse = |base: String| {
            format!("{base}?{query}").parse::<Config>().map_err(|_| {
                problem(
                    "write postgres://USER:PASSWORD@HOST/DATABASE, with %40 for an @ in a part, \
                     and no parameter that is not known",
                )
            })
        };
        let mut hosts = each_host(base).into_iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let is_local = hosts.iter().all(|config| {
            let mut hosts = config.get_hosts().iter();
            config.get_hostaddrs().is_empty() && hosts.all(|host| matches!(host, Host::Unix(_)))
        });
        let is_plain = match mode.as_deref() {
            Some("disable") => true,
            Some("verify-full" | "require") => false,
            None => is_local,
            Some(_) => return Err(problem("sslmode is neither verify-full nor disable")),
        };
        let client = match (&certificate, &key) {
            (Some(certificate), Some(key)) => Some(ClientFiles { certificate, key }),
            (None, None) => None,
            _ => return Err(problem("sslcert and sslkey belong together")),
        };
        let tls = if is_plain { Tls::unused() } else { Tls::new(roots.as_deref(), client) }?;
        if password_file.is_some() && hosts.iter().any(|config| config.get_password().is_some()) {
            return Err(problem("it has a password and a passwordfile"));
        }
        for config in &mut hosts {
            config.ssl_mode(if is_plain { SslMode::Disable } else { SslMode::Require });
        }
        let password_file = password_file.map(Arc::from);
        Ok(Self { hosts, first: Arc::default(), tls, password_file })
    }

    /// Makes a connection. The session has the default settings of server, database and user.
    pub(super) async fn connect(&self) -> Result<Session, Fault> {
        let mut last = Fault::new("the URL has no host");
        let first = self.first.load(Ordering::Relaxed);
        let count = self.hosts.len();
        for (index, host) in self.hosts.iter().enumerate().cycle().skip(first).take(count) {
            // The next host, for other callers, and for the next call if this one is cancelled.
            self.first.store((index + 1) % count, Ordering::Relaxed);
            match self.connect_to(host).await {
                Ok(session) => {
                    self.first.store(index, Ordering::Relaxed);
                    return Ok(session);
                }
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    async fn connect_to(&self, config: &Config) -> Result<Session, Fault> {
        // The client's own limit covers only the socket, not the handshakes after it.
        let patience = config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT);
        let connecting = async {
            match &self.password_file {
                None => Ok(config.connect(self.tls.clone()).await?),
                Some(file) => {
                    let mut config = config.clone();
                    config.password(password(Arc::clone(file)).await?);
                    Ok::<_, Fault>(config.connect(self.tls.clone()).await?)
                }
            }
        };
        let (client, mut connection) = timeout(patience, connecting)
            .await
            .map_err(|_| Fault::new("the server does not answer"))??;
        let task = tokio::spawn(async move {
            // Errors, and the end of this task, reach the user of the client.
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await
            {
                if is_not_replicated(&message) {
                    break;
                }
            }
        });
        Ok(Session { client, task })
    }
}

/// Reads a password from a file, without the line break at its end.
async fn password(file: Arc<Path>) -> Result<Vec<u8>, Fault> {
    // A file on a network drive can take a while.
    let read = spawn_blocking(move || fs::read(file)).await;
    let mut password = read.ok().and_then(Result::ok).ok_or_else(|| {
        Fault::new("cannot read the file with the password, passwordfile in the URL")
    })?;
    for end in [b'\n', b'\r'] {
        if password.last() == Some(&end) {
            password.pop();
        }
    }
    Ok(password)
}

/// Returns whether the server has stopped waiting for its standbys. It warns of that, and then
/// reports success of a commit that the standbys may lack. The text of the warning depends on
/// the server's language, but the name of the server's function does not.
fn is_not_replicated(message: &AsyncMessage) -> bool {
    matches!(message, AsyncMessage::Notice(notice) if notice.routine() == Some("SyncRepWaitForLSN"))
}

/// Splits a URL of several hosts into one URL for each host, without parameters. The client
/// itself would spend the whole time limit on a host that accepts a connection and then does
/// not answer.
fn each_host(base: &str) -> Vec<String> {
    let credentials = base.find('@').or_else(|| base.find("://").map(|colon| colon + 2));
    let (begin, rest) = base.split_at(credentials.map_or(0, |end| end + 1));
    let (hosts, end) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    hosts.split(',').map(|host| format!("{begin}{host}{end}")).collect()
}

/// A connection, and the task that transfers its bytes.
pub(super) struct Session {
    pub(super) client: Client,
    task: JoinHandle<()>,
}

impl Session {
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Warns of settings that silently break a guarantee. Returns which log settings the user
    /// may change.
    pub(super) async fn check(&self) -> Result<Silence, Fault> {
        let before = SystemClock::new().now().as_millis();
        let row = self
            .client
            .query_one(
                concat!(
                    "SELECT ",
                    millis!("clock_timestamp()"),
                    ", \
                 current_setting('fsync'), current_setting('is_superuser') = 'on', \
                 current_setting('server_version_num')::integer >= 150000"
                ),
                &[],
            )
            .await?;
        let after = SystemClock::new().now().as_millis();
        let (server, fsync): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        if let Some(ahead_ms) = ahead(before, server, after) {
            tracing::warn!(
                ahead_ms,
                "the clocks of this machine and of the database differ: entries are due by the \
                 database's, and the times of their arrival are this machine's",
            );
        }
        if fsync != "on" {
            tracing::warn!("the database runs with fsync = off: a power cut loses deliveries");
        }
        let (is_superuser, has_grants): (bool, bool) = (row.try_get(2)?, row.try_get(3)?);
        if is_superuser || !has_grants {
            return Ok(Silence { values: is_superuser, details: is_superuser });
        }
        // Ask for the privileges: each refused attempt would be an error in the server's log.
        let row = self
            .client
            .query_one(
                "SELECT has_parameter_privilege('log_parameter_max_length', 'SET'), \
                 has_parameter_privilege('log_error_verbosity', 'SET')",
                &[],
            )
            .await?;
        Ok(Silence { values: row.try_get(0)?, details: row.try_get(1)? })
    }
}

impl Drop for Session {
    /// Closes the connection at once, even if the server does not read any more.
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns by how many milliseconds this machine's clock is ahead of the server's, if the
/// difference exceeds the tolerance. The server's clock was read between `before` and `after`.
fn ahead(before: i64, server: i64, after: i64) -> Option<i64> {
    let tolerance = CLOCK_TOLERANCE.as_millis() as i64;
    let difference = difference(before, server, after);
    (difference.abs() > tolerance).then_some(difference)
}

/// Returns the least number of milliseconds by which this machine's clock is ahead of the
/// server's; negative if it is behind.
pub(super) fn difference(before: i64, server: i64, after: i64) -> i64 {
    server.clamp(before, after) - server
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_several_hosts_is_that_of_each() {
        let several = "postgres://u:p,/@a:1,[::1],%2Frun:5/x,y";
        let each = ["a:1", "[::1]", "%2Frun:5"].map(|one| format!("postgres://u:p,/@{one}/x,y"));
        assert_eq!(each_host(several), each);
        assert_eq!(each_host("postgres://a,b"), ["postgres://a", "postgres://b"]);
        assert_eq!(each_host("postgres:///x"), ["postgres:///x"]);
        assert_eq!(each_host("postgres://"), ["postgres://"]);
    }

    #[test]
    fn clocks_that_differ_by_more_than_two_seconds_are_noticed() {
        // The request took a second, and the server's clock was read during it.
        let noticed = |server| ahead(10_000, server, 11_000);
        assert_eq!([8_000, 10_500, 13_000].map(noticed), [None; 3]);
        assert_eq!(noticed(7_999), Some(2_001));
        assert_eq!(noticed(13_001), Some(-2_001));
    }
}
