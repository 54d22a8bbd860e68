//! Tests whole processes: kills, and TLS.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use spektr_inbox::reconcile::{ApiKey, BaseUrl, Client, TimeUnit};
use spektr_inbox::store::sqlite::SqliteOptions;
use spektr_inbox::store::{Archive as _, Filter};
use spektr_inbox::{Clock as _, SystemClock};
use tokio::process::Command;
use tokio::sync::oneshot;

use super::list::{Behaviour, KEY, List, pieces};
use super::setup::{MINUTE, Setup};
use crate::support::certificate::Certified;
use crate::support::{Inbox, example};

/// Returns a command that runs the example over the store of a test. The first run goes back
/// two hours.
fn process(setup: &Setup, base: &str) -> Command {
    static EXAMPLE: OnceLock<PathBuf> = OnceLock::new();
    let mut command = Command::new(EXAMPLE.get_or_init(|| example("reconcile")));
    command
        .arg(setup.inbox.folder.path().join("other.db"))
        .args([base, "2"])
        .env("SPEKTR_API_KEY", KEY)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Returns the ids in the store of the process, in the order of arrival.
async fn ids_of_process(setup: &Setup) -> Vec<String> {
    let path = setup.inbox.folder.path().join("other.db");
    let store = SqliteOptions::new(path).open().unwrap();
    let all = store.list(Filter::all(), 0, 100_000).await.unwrap();
    all.into_iter().filter_map(|entry| entry.id).collect()
}

#[tokio::test]
async fn a_process_that_is_killed_goes_on_where_it_was() {
    let setup = Setup::new().await;
    let now = SystemClock::new().now().as_millis();
    let times: Vec<_> = (0..1000).map(|index| now - 100 * MINUTE + index).collect();
    setup.fill(times.iter().copied());
    let base = format!("http://{}", setup.address);
    let (mut count, mut last) = (0, 0);
    for round in 1..=4 {
        let (reached, reach) = oneshot::channel();
        let mut reached = Some(reached);
        let began = setup.list.queries().len();
        setup.list.answer(move |request, _| {
            (request == began + 2 + round).then(|| {
                let _gone = reached.take().map(|reached| reached.send(()));
                pieces(vec![Bytes::new()], Duration::from_secs(600), false)
            })
        });
        let mut child = process(&setup, &base).spawn().unwrap();
        reach.await.unwrap();
        child.start_kill().unwrap();
        // The process was still running before the signal.
        assert_eq!(child.wait().await.unwrap().signal(), Some(9));
        // Every page that was answered is stored. Each page repeats one entry of the page
        // before, and the first page of a further run repeats stored entries only.
        count += if round == 1 { 99 } else { 49 * round };
        let expected: Vec<_> = (0..count).map(|index| format!("e{index}")).collect();
        assert_eq!(ids_of_process(&setup).await, expected, "round {round}");
        // The run did not start again from the beginning.
        let query = setup.list.queries()[began].clone();
        let after = query.split("createdAfter=").nth(1).unwrap().split('&').next().unwrap();
        let after = after.parse::<i64>().unwrap();
        let expected = if round == 1 { after } else { last - 1 };
        assert_eq!(after, expected, "round {round}: {query}");
        last = times[count - 50];
    }
    setup.list.answer(|_, _| None);
    let output = process(&setup, &base).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let expected: Vec<_> = (0..1000).map(|index| format!("e{index}")).collect();
    assert_eq!(ids_of_process(&setup).await, expected);
}

#[tokio::test]
async fn the_key_goes_only_to_a_server_that_the_system_trusts() {
    let list = List::new(Behaviour::unit(TimeUnit::Milliseconds));
    let certified = Certified::new();
    let address = list.serve_encrypted(&certified).await;
    let setup = Setup { inbox: Inbox::new(), list, address };
    let now = SystemClock::new().now().as_millis();
    setup.fill((0..3).map(|index| now - 100 * MINUTE + index));
    let folder = tempfile::tempdir().unwrap();
    let run = async |host: &str, authority: &str| {
        let path = folder.path().join("trusted.pem");
        std::fs::write(&path, authority).unwrap();
        let mut command = process(&setup, &format!("https://{host}:{}", address.port()));
        command.env("SSL_CERT_FILE", path).output().await.unwrap()
    };
    let trusted = run("localhost", &certified.authority).await;
    assert!(trusted.status.success(), "{trusted:?}");
    assert_eq!(String::from_utf8(trusted.stdout).unwrap(), "3 seen, 3 new, 1 requests\n");
    // A host name that is not in the certificate, and an authority that the client does not
    // trust.
    let count = setup.list.queries().len();
    let other = Certified::new().authority;
    for (host, authority) in [("127.0.0.1", &certified.authority), ("localhost", &other)] {
        let untrusted = run(host, authority).await;
        assert!(!untrusted.status.success());
        let errors = String::from_utf8_lossy(&untrusted.stderr).into_owned();
        assert!(errors.contains("is not trusted") && !errors.contains("marker"), "{errors}");
    }
    assert_eq!(setup.list.queries().len(), count);
}

#[test]
fn nothing_shows_the_key() {
    let client = Client::new(
        BaseUrl::parse("http://localhost:1").unwrap(),
        ApiKey::new("marker-api-key").unwrap(),
    );
    let shown = format!("{:?}", client.unwrap());
    assert!(shown.contains("localhost") && !shown.contains("marker"), "{shown}");
}
