//! The settings of a transaction. Each transaction sets its own, which end with it: nothing
//! depends on the session or on anybody's defaults, and behind a pooler nothing is left to
//! the next client.

use std::time::Duration;

/// What is acknowledged is on the disk of the server, and on that of a standby where one is
/// configured. `remote_apply` is more than that, and stays.
const DURABLE: &str = "SELECT set_config('synchronous_commit', \
     CASE current_setting('synchronous_commit') \
       WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)";

/// How long a transaction may wait for its next statement at least, before the server ends it.
const IDLE: Duration = Duration::from_secs(60);

/// What a transaction is for decides how the planner may choose.
///
/// A statement that runs a thousand times a second is planned once, and must not change
/// because the statistics of a table that was empty a minute ago say so. What is turned
/// off leaves one plan, which goes by the index that was made for it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Stores deliveries: arrays joined by hash, and each key looked up in an index. What the
    /// largest delivery needs is sorted in memory, since files may not be allowed.
    Accept,
    /// Claims and settles: always along an index, never a sort.
    Work,
    /// All the rest.
    Operate,
}

impl Kind {
    fn planning(self) -> &'static str {
        match self {
            Self::Accept => {
                "; SET LOCAL plan_cache_mode = force_generic_plan; \
                 SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; \
                 SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'"
            }
            Self::Work => {
                "; SET LOCAL plan_cache_mode = force_generic_plan; \
                 SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; \
                 SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
                 SET LOCAL enable_sort = off"
            }
            Self::Operate => "",
        }
    }
}

/// What keeps payloads out of the server's log, as far as the user may set it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Silence {
    /// The values of logged statements.
    pub(super) values: bool,
    /// The details and the context of errors, which can quote a row.
    pub(super) details: bool,
}

impl Silence {
    fn settings(self) -> [&'static str; 3] {
        [
            // Anybody may set it.
            "; SET LOCAL log_parameter_max_length_on_error = 0",
            if self.values { "; SET LOCAL log_parameter_max_length = 0" } else { "" },
            if self.details { "; SET LOCAL log_error_verbosity = terse" } else { "" },
        ]
    }
}

/// Begins a transaction whose statements have a limit of time, and one for locks, if any.
pub(super) fn begin(
    kind: Kind,
    silence: Silence,
    statement: Duration,
    lock: Option<Duration>,
) -> String {
    let [on_error, values, details] = silence.settings();
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; {DURABLE}; \
         SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}; \
         SET LOCAL idle_in_transaction_session_timeout = {}; SET LOCAL jit = off\
         {on_error}{values}{details}{}",
        millis(statement),
        lock.map_or(0, millis),
        // What a large delivery has to be made into takes time between two statements, too.
        millis(statement.max(IDLE)),
        kind.planning(),
    )
}

/// A limit as the server takes it, where 0 would be none at all.
fn millis(limit: Duration) -> u128 {
    limit.as_millis().clamp(1, i32::MAX as u128)
}
