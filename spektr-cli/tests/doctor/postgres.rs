//! Tests the findings about an inbox in PostgreSQL: its tables and grants, the server's settings,
//! and a pooler before it.

use spektr_inbox::testing::pgbouncer::PgBouncer;
use spektr_inbox::testing::postgres::Cluster;

use crate::support::{spektr, text};
use crate::{Diagnosis, Setting};

/// A server of PostgreSQL, with a runtime and a setting for a test.
struct Database {
    cluster: Cluster,
    runtime: tokio::runtime::Runtime,
    setting: Setting,
}

impl Database {
    fn start(settings: &[&str]) -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        Self { cluster: Cluster::start(settings), runtime, setting: Setting::new() }
    }

    fn admin(&self, script: &str) {
        let done = async { self.cluster.connect("postgres").await.batch_execute(script).await };
        self.runtime.block_on(done).expect("the server does it");
    }

    /// Examines a database by its URL. Allows a long time, because the machine may be busy.
    fn doctor(&self, url: &str) -> Diagnosis {
        self.setting.doctor(&["--store", &format!("{url}?connect_timeout=60")])
    }
}

#[test]
fn a_database_is_examined_and_left_without_tables() {
    let database = Database::start(&[]);
    let url = database.cluster.url("postgres");
    let subject = format!("inbox {url}");
    let said = database.doctor(&url);
    said.assert(&[]);
    let expected = [
        format!("ok: {subject}: there are no tables yet, `serve` creates them"),
        "ok: clock of the database: the same as this machine's".to_owned(),
        format!("ok: {subject}: commits wait for the disk: synchronous_commit is on"),
        format!("ok: {subject}: commits wait for no standby"),
    ];
    assert_eq!(said.lines[2..6], expected);
    database.doctor(&url).assert_has(&expected[0]);

    database.admin("CREATE ROLE app LOGIN; ALTER ROLE app SET synchronous_commit = off");
    let of_app = url.replace("postgres@", "app@");
    let subject = format!("inbox {of_app}");
    database.doctor(&of_app).assert(&[&format!(
        "fault: {subject}: there are no tables, and role app may not create them; let a role with \
         that right run the SQL of `spektr inbox schema --role app`"
    )]);
    let mut inbox = spektr(None);
    let script = inbox.args(["inbox", "schema", "--role", "app"]).output().expect("the tool runs");
    database.admin(text(&script.stdout));
    let said = database.doctor(&of_app);
    said.assert(&[]);
    said.assert_has(&format!("ok: {subject}: version 5"));
    said.assert_has(&format!(
        "ok: {subject}: commits wait for the disk: `serve` sets synchronous_commit, which is off"
    ));

    database.admin("REVOKE ALL ON ALL SEQUENCES IN SCHEMA spektr_inbox FROM app");
    database.doctor(&of_app).assert(&[&format!(
        "fault: {subject}: role app lacks USAGE ON ALL SEQUENCES IN SCHEMA spektr_inbox; let an \
         owner of the tables grant it: `spektr inbox schema --role app` prints the grants"
    )]);
    database.admin(text(&script.stdout).split_once("COMMIT;\n").expect("grants follow").1);
    database.admin("UPDATE spektr_inbox.version SET version = 9");
    database.doctor(&of_app).assert(&[&format!(
        "fault: {subject}: the tables have version 9, and this program knows 5; run the version of \
         spektr that has created them, or a later one"
    )]);
    database.admin("UPDATE spektr_inbox.version SET version = 3");
    database.doctor(&of_app).assert(&[&format!(
        "fault: {subject}: version 3, and role app may not migrate it to 5; let a role with that \
         right run the SQL of `spektr inbox schema --from 3 --role app`"
    )]);
}

#[test]
fn a_database_whose_clock_differs_is_a_fault() {
    let database = Database::start(&["fsync = on"]);
    // The schema `fake` precedes `pg_catalog` in the search path, so its clock is the one found.
    database.admin(
        "CREATE SCHEMA fake; CREATE FUNCTION fake.clock_timestamp() RETURNS timestamptz \
         LANGUAGE sql AS $$ SELECT pg_catalog.clock_timestamp() - interval '1 hour' $$; \
         ALTER DATABASE postgres SET search_path = fake, pg_catalog",
    );
    database.doctor(&database.cluster.url("postgres")).assert(&[
        "fault: clock of the database: this machine's clock is 1 h ahead; set the clock that is \
         wrong; `timedatectl` says whether this machine's is synchronized",
    ]);
}

#[test]
fn a_server_that_loses_commits_or_accepts_none_is_a_fault() {
    let database = Database::start(&[
        "fsync = off",
        "full_page_writes = off",
        "synchronous_standby_names = 'elsewhere'",
    ]);
    let url = database.cluster.url("postgres");
    let subject = format!("inbox {url}");
    database.doctor(&url).assert(&[
        &format!(
            "fault: {subject}: the server runs with fsync = off: a power cut loses deliveries; set \
             fsync = on in postgresql.conf, and let the server read it again"
        ),
        &format!(
            "warning: {subject}: the server runs with full_page_writes = off: a power cut can \
             damage pages; set full_page_writes = on, unless the file system writes pages whole"
        ),
        &format!(
            "fault: {subject}: commits wait for a standby, and none of synchronous_standby_names \
             is connected; start the standby, or empty synchronous_standby_names"
        ),
    ]);
}

#[test]
fn a_pooler_of_transactions_is_a_fault_and_one_of_sessions_is_none() {
    let database = Database::start(&[]);
    let own = database.cluster.url("postgres");
    let pooler = PgBouncer::start(&database.cluster, "pool_mode = transaction");
    let url = pooler.url(&own);
    database.doctor(&url).assert(&[&format!(
        "fault: inbox {url}: a pooler in front of the database pools transactions, and the store \
         needs sessions; set its pool_mode to session, or connect to the database itself"
    )]);
    let pooler = PgBouncer::start(&database.cluster, "pool_mode = session");
    database.doctor(&pooler.url(&own)).assert(&[]);
}
