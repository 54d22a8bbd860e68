//! The settings of a transaction. Each transaction sets its own, and they end with it. So
//! nothing depends on the session or on the user's defaults, and a pooler passes no setting on
//! to the next client.

use std::time::Duration;

/// Makes acknowledged data durable on the server's disk, and on the disk of a synchronous
/// standby, if configured. `remote_apply` promises more, so it stays.
const DURABLE: &str = "SELECT set_config('synchronous_commit', \
     CASE current_setting('synchronous_commit') \
       WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)";

/// The least time that a transaction may wait for its next statement before the server ends it.
const IDLE: Duration = Duration::from_secs(60);

/// The purpose of a transaction, which determines the plans that the planner may choose.
///
/// A statement that runs a thousand times a second is planned once. Its plan must not change
/// because the statistics say that a table was empty a minute ago. With the other methods
/// turned off, only the plan along the intended index remains.
#[derive(Clone, Copy, Debug)]
pub(super) enum TransactionKind {
    /// Stores deliveries: joins arrays by hash, and looks each key up in an index. Sorts the
    /// largest delivery in memory, because temporary files may not be allowed.
    Accept,
    /// Claims and settles: always along an index, never with a sort.
    Work,
    /// All other operations.
    Operate,
}

impl TransactionKind {
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

/// The log settings that the user may change, to keep payloads out of the server's log.
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
            // Every user may set it.
            "; SET LOCAL log_parameter_max_length_on_error = 0",
            if self.values { "; SET LOCAL log_parameter_max_length = 0" } else { "" },
            if self.details { "; SET LOCAL log_error_verbosity = terse" } else { "" },
        ]
    }
}

/// Begins a transaction with a time limit for its statements and, if given, a time limit for
/// locks.
pub(super) fn begin(
    kind: TransactionKind,
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
        // Preparing the values of a large delivery takes time between two statements.
        millis(statement.max(IDLE)),
        kind.planning(),
    )
}

/// Returns a time limit for the server. 0 would mean no limit.
fn millis(limit: Duration) -> u128 {
    limit.as_millis().clamp(1, i32::MAX as u128)
}
