//! The pages of operations, tested by plain HTTP requests: their content, the right to make
//! changes, and refused requests. `operations_browser.rs` tests the pages in a browser.

mod support;

#[path = "support/deliver.rs"]
mod deliver;
#[path = "support/operated.rs"]
mod operated;
#[path = "support/receiver.rs"]
mod receiver;
#[path = "support/service.rs"]
mod service;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::Stdio;

use deliver::Connection;
use operated::{KEYS, MARKER, Operated, TOKEN, alert, field, figure, token_file};
use serde_json::Value;
use service::Service;
use support::{spektr, text, until};

/// Returns the paths on this server that a page links to.
fn links(page: &str) -> Vec<String> {
    let parts = page.split("href=\"/").skip(1);
    let paths = parts.filter_map(|part| part.split('"').next());
    paths.map(|path| format!("/{}", path.replace("&#38;", "&"))).collect()
}

#[test]
fn no_page_has_anything_of_a_payload_and_every_link_leads_to_one() {
    let operated = Operated::start();
    let (cookie, _) = operated.sign_in();
    let host = operated.host();
    let signed_in = [("host", &*host), ("cookie", &*cookie)];
    let mut seen = BTreeSet::new();
    // The flag means signed in: a page then has forms beside its public content.
    let mut ahead = vec![("/".to_owned(), false), ("/".to_owned(), true)];
    while let Some((path, is_signed_in)) = ahead.pop() {
        if !seen.insert((path.clone(), is_signed_in)) {
            continue;
        }
        let headers = if is_signed_in { &signed_in[..] } else { &signed_in[..1] };
        let answer = operated.send("GET", &path, headers, "");
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.body.contains(MARKER), "{path}");
        assert!(!answer.head.contains(MARKER), "{path}");
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{path}");
        ahead.extend(links(&answer.body).into_iter().map(|path| (path, is_signed_in)));
    }
    let seen: BTreeSet<_> =
        seen.into_iter().filter_map(|(path, is_signed_in)| is_signed_in.then_some(path)).collect();
    // The list of all entries, the lists by state, and the actions on entries.
    let entries = operated.inbox(&["list"]);
    assert_eq!(entries.len(), 5);
    for entry in &entries {
        let number = &entry["number"];
        assert!(seen.contains(&format!("/entries/{number}")), "{seen:?}");
        let page = operated.page(&format!("/entries/{number}")).body;
        for member in ["id", "wire_type", "spektr_id", "state"] {
            if let Some(shown) = entry[member].as_str() {
                assert!(page.contains(shown), "{member} of {entry}");
            }
        }
    }
    for path in
        ["/replay?number=2", "/entries/2/resolve", "/replay?state=dead", "/pause", "/?span=day"]
    {
        assert!(seen.contains(path), "{path}: {seen:?}");
    }
    let refused = operated.page("/entries?state=lost");
    assert_eq!(
        (refused.status, refused.body.contains("<h1>The request is not valid</h1>")),
        (400, true)
    );
    assert_eq!(operated.page("/entries/99").status, 404);
    assert_eq!(operated.page("/entries/x").status, 404);
}

#[test]
fn figures_are_those_of_the_store_and_of_the_metrics() {
    let operated = Operated::start();
    let status = operated.inbox(&["status"]).remove(0);
    // The result of an attempt is counted only after it is stored.
    operated.until("both are counted", |of| figure(&of.page("/").body, "failed") == "2");
    let page = operated.page("/").body;
    for state in ["pending", "dead", "malformed", "unknown", "unreadable", "conflict"] {
        assert_eq!(figure(&page, state), status[state].to_string(), "{state}");
    }
    assert_eq!(figure(&page, "quarantined"), "1");
    let listed = operated.inbox(&["list"]).len();
    assert_eq!(figure(&page, "accepted"), listed.to_string());
    let figures = ["handled", "refused"].map(|id| figure(&page, id));
    assert_eq!(figures, ["1", "1"]);
    assert!(page.contains("</span> Ready</h2>"), "{page}");
    // The pages show the reason of the dead letter, and the status of its attempt.
    assert!(operated.page("/dead").body.contains("answered with 400"));
    let entry = operated.page("/entries/2").body;
    let (_, history) = entry.split_once("<h2>History</h2>").expect("a history");
    assert!(history.contains(r#"<td data-label="Result">dead</td>"#), "{history}");
    assert!(history.contains(r#"class="number">400</td>"#), "{history}");
}

#[test]
fn a_replay_is_done_once_as_counted_and_recorded_under_the_name_of_the_operator() {
    let operated = Operated::start();
    let asked = operated.page("/replay?state=dead").body;
    assert!(asked.contains("<h1>This makes 1 entry pending again</h1>"), "{asked}");
    assert!(
        asked.contains("Sign in to do this") && !asked.contains("<form method=\"post\""),
        "{asked}"
    );
    let (cookie, proof) = operated.sign_in();
    let asked = operated.send(
        "GET",
        "/replay?state=dead",
        &[("host", &operated.host()), ("cookie", &cookie)],
        "",
    );
    let number = |name| field(&asked.body, name).expect(name);
    assert_eq!((number("count"), number("up_to")), ("1".to_owned(), "2".to_owned()));
    let form =
        |count: &str, up_to: &str| format!("state=dead&count={count}&up_to={up_to}&proof={proof}");

    // The form confirms fewer entries than there are now.
    let grown = operated.post("/replay", &cookie, &form("0", "2"));
    assert_eq!(grown.status, 409);
    assert!(grown.body.contains("Nothing was done: 0 entries were confirmed, and there are 1"));
    // A form without a count confirms nothing.
    let form_without = format!("state=dead&up_to=2&proof={proof}");
    assert_eq!(operated.post("/replay", &cookie, &form_without).status, 400);
    assert_eq!(operated.status_of("evt_dead"), "dead");
    // A page refuses to replay all handled entries.
    assert_eq!(operated.page("/replay?state=done").status, 400);
    assert_eq!(operated.page("/replay").status, 400);

    let done = operated.post("/replay", &cookie, &form("1", "2"));
    assert_eq!((done.status, done.header("location")), (303, Some("/entries?state=dead")));
    operated.until("evt_dead is done", |of| of.status_of("evt_dead") == "done");
    let headers = [("host", &*operated.host()), ("cookie", &*cookie)];
    let page = operated.send("GET", "/entries", &headers, "").body;
    assert!(page.contains("1 entry is pending again."), "{page}");
    let page = operated.send("GET", "/entries", &headers, "").body;
    assert!(!page.contains("1 entry is pending again."), "{page}");
    // A second click does nothing, and records no action.
    assert_eq!(operated.post("/replay", &cookie, &form("1", "2")).status, 303);

    let resolved =
        operated.post("/entries/3/resolve", &cookie, &format!("proof={proof}&reason=by+hand"));
    assert_eq!(resolved.status, 303);
    assert_eq!(operated.post("/entries/4/resolve", &cookie, &format!("proof={proof}")).status, 400);
    for path in ["/pause", "/resume"] {
        assert_eq!(operated.post(path, &cookie, &format!("proof={proof}")).status, 303);
        let paused = &operated.inbox(&["status"])[0]["paused"];
        assert_eq!(paused["by"], if path == "/pause" { "ada".into() } else { Value::Null });
    }
    let log = operated.inbox(&["log"]);
    let log: Vec<_> = log
        .iter()
        .map(|one| (one["action"].as_str(), one["by"].as_str(), one["affected"].as_u64()))
        .collect();
    let of = |action, affected| (Some(action), Some("ada"), Some(affected));
    assert_eq!(log, [of("replay", 1), of("resolve", 1), of("pause", 0), of("resume", 0)]);
    let shown = &operated.inbox(&["show", "3"])[0];
    assert_eq!((&shown["state"], &shown["reason"]), (&"resolved".into(), &"by hand".into()));

    assert_eq!(operated.post("/sign-out", &cookie, &format!("proof={proof}")).status, 303);
    assert_eq!(operated.post("/pause", &cookie, &format!("proof={proof}")).status, 403);
}

/// The mistake in a post, the headers of the post, and its body.
type Forgery<'a> = (&'a str, Vec<(&'a str, &'a str)>, &'a str);

#[test]
fn a_forged_post_changes_nothing_whatever_it_has_but_the_rest() {
    let operated = Operated::start();
    let (cookie, proof) = operated.sign_in();
    let (host, origin) = (operated.host(), operated.origin());
    let form = format!("proof={proof}");
    let own = ("origin", &*origin);
    let (here, session) = (("host", &*host), ("cookie", &*cookie));
    let elsewhere = format!("http://localhost:{}", operated.service.operations.port());
    let forgeries: [Forgery<'_>; 10] = [
        ("no cookie", vec![here, own], &form),
        ("another cookie", vec![here, own, ("cookie", "spektr_operations=00")], &form),
        ("no proof", vec![here, own, session], ""),
        ("another proof", vec![here, own, session], "proof=00"),
        ("no origin", vec![here, session], &form),
        ("an opaque origin", vec![here, session, ("origin", "null")], &form),
        ("another site", vec![here, session, ("origin", "http://evil.example")], &form),
        ("another name of this machine", vec![here, session, ("origin", &elsewhere)], &form),
        ("a frame", vec![here, own, session, ("sec-fetch-site", "cross-site")], &form),
        (
            "a name that points here",
            vec![("host", "evil.example"), ("origin", "http://evil.example"), session],
            &form,
        ),
    ];
    for path in ["/pause", "/replay", "/retry", "/entries/2/resolve"] {
        for (what, headers, body) in &forgeries {
            let body = format!("{body}&state=dead&count=9&up_to=9&reason=x");
            let answer = operated.send("POST", path, headers, &body);
            assert_eq!(answer.status, 403, "{path}, {what}: {}", answer.body);
        }
    }
    // A foreign host name cannot read pages either, nor can a request with two host headers.
    for path in ["/", "/entries", "/sign-in", "/style.css"] {
        assert_eq!(
            operated.send("GET", path, &[("host", "evil.example")], "").status,
            403,
            "{path}"
        );
        assert_eq!(operated.send("GET", path, &[here, here], "").status, 400, "{path}");
    }
    // A request that a proxy has passed on does not count as a request of this machine.
    let passed_on = operated.send("GET", "/entries", &[here, ("x-forwarded-for", "192.0.2.1")], "");
    assert_eq!(
        (passed_on.status, passed_on.header("location")),
        (303, Some("/sign-in?next=%2Fentries"))
    );
    let wrong = operated.post("/sign-in", "", "name=eve&token=token-of-somebody-else");
    assert_eq!((wrong.status, wrong.header("set-cookie")), (403, None));
    let metrics = operated.page("/metrics").body;
    assert!(metrics.contains("spektr_inbox_operations_sign_ins_refused_total 1\n"), "{metrics}");

    assert_eq!(operated.inbox(&["log"]), Vec::<Value>::new());
    assert_eq!(operated.status_of("evt_dead"), "dead");
    // With a valid cookie, proof and origin, the post succeeds.
    let answer = operated.send("POST", "/pause", &[here, own, session], &form);
    assert_eq!(answer.status, 303);
}

#[test]
fn a_page_of_another_site_has_no_entries_counted() {
    let operated = Operated::start();
    let host = operated.host();
    for path in ["/replay?state=dead", "/retry?type=alert_resolved"] {
        for (site, expected) in
            [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403)]
        {
            let headers = [("host", &*host), ("sec-fetch-site", site)];
            let answer = operated.send("GET", path, &headers, "");
            assert_eq!(answer.status, expected, "{path}, {site}: {}", answer.body);
        }
    }
    // Links from other sites to public pages work.
    let headers = [("host", &*host), ("sec-fetch-site", "cross-site")];
    assert_eq!(operated.send("GET", "/entries/2", &headers, "").status, 200);
}

#[test]
fn the_cookie_of_a_browser_that_comes_by_tls_is_not_sent_without() {
    let operated = Operated::start();
    let host = operated.host();
    let form = format!("name=ada&token={TOKEN}");
    let cookie = |scheme: &str| {
        let origin = format!("{scheme}://{host}");
        let headers = [("host", &*host), ("origin", &*origin)];
        let answer = operated.send("POST", "/sign-in", &headers, &form);
        answer.header("set-cookie").expect("a cookie").to_owned()
    };
    assert!(cookie("https").ends_with("; Max-Age=3600; Secure"));
    assert!(cookie("http").ends_with("; Max-Age=3600"));
}

#[test]
fn a_hostile_id_is_text_on_every_page() {
    let operated = Operated::start();
    let id = r#"<script>alert(1)</script>\u202e"#;
    let known = r#""><img src=x onerror=alert(1)>"#.replace('"', "\\\"");
    operated.deliver(&alert(id, &known), 200);
    for path in ["/entries", "/entries/6"] {
        let page = operated.page(path).body;
        assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62;\\u{202e}"), "{page}");
        assert!(!page.contains("<script>") && !page.contains("<img"), "{page}");
    }
}

#[test]
fn without_a_token_pages_can_be_read_at_loopback_and_nothing_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start(KEYS, folder.path(), &[]);
    let (status, page) = service.get("/");
    assert_eq!((status, page.contains("Reading only")), (200, true));
    let (_, page) = service.get("/pause");
    assert!(page.contains("--ops-token-file FILE"), "{page}");
    let (_, page) = service.get("/sign-in");
    assert!(page.contains("Nobody can sign in"), "{page}");
}

/// The service is ready nevertheless, because it accepts deliveries.
#[test]
fn the_first_page_says_that_the_destination_is_down() {
    let folder = tempfile::tempdir().expect("a folder");
    // The port is closed again, so nothing listens there.
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
    let url = format!("http://{closed}/");
    let arguments = ["--forward", &url, "--forward-down-after", "1"];
    let mut service = Service::start(KEYS, folder.path(), &arguments);
    let says_so = |service: &Service| {
        let (_, page) = service.get("/");
        assert!(page.contains("</span> Ready</h2>"), "{page}");
        page.contains("The destination is down.")
    };
    assert!(!says_so(&service));
    let mut connection = Connection::open(service.address()).expect("is open");
    let delivered = connection.deliver(alert("evt_1", "spk_1").as_bytes());
    assert_eq!(delivered.expect("an answer").status, 200);
    service.logs("the destination is down");
    // A page may show the same figures for a short time.
    until("the page says so", || says_so(&service));
    drop(connection);
    assert_eq!(service.terminate().0, Some(0));
}

#[test]
fn away_from_loopback_everything_but_health_and_metrics_needs_the_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = |arguments: &[&str]| {
        Service::start(KEYS, folder.path(), &[&["--operations", "0.0.0.0:0"], arguments].concat())
    };
    let service = start(&[]);
    assert_eq!(service.get("/").0, 403);
    assert!(service.get("/entries").1.contains("--ops-token-file FILE"));
    assert_eq!((service.get("/health/live").0, service.get("/metrics").0), (200, 200));
    service.kill();

    token_file(folder.path());
    let service = start(&["--ops-token-file", "ops-token.txt"]);
    let private = [
        "/",
        "/entries",
        "/entries/1",
        "/dead",
        "/replay",
        "/retry",
        "/entries/1/resolve",
        "/pause",
        "/resume",
    ];
    for path in private {
        assert_eq!(service.get(path), (303, String::new()), "{path}");
    }
    let host = format!("localhost:{}", service.operations.port());
    let origin = format!("http://{host}");
    for path in private.iter().chain(&["/sign-out"]) {
        let headers = [("host", &*host), ("origin", &*origin)];
        let answer = operated::send(&service, "POST", path, &headers, "proof=00");
        assert_eq!(answer.status, 403, "{path}: {}", answer.body);
    }
    for path in ["/sign-in", "/style.css", "/health/ready", "/metrics"] {
        assert_eq!(service.get(path).0, 200, "{path}");
    }
}

#[test]
fn a_token_that_is_short_is_refused_and_one_that_changes_ends_the_sessions() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("short"), "short").expect("is written");
    let mut tool = spektr(KEYS);
    tool.args(["serve", "--operations", "127.0.0.1:0", "--ops-token-file", "short"]);
    let output = tool.current_dir(folder.path()).stdin(Stdio::null()).output().expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(
        said.contains("the token in short cannot be used: it has fewer than 20 characters"),
        "{said}"
    );
    assert!(said.contains("openssl rand -hex 32"), "{said}");

    let mut operated = Operated::start();
    let (cookie, proof) = operated.sign_in();
    let path = operated.folder.path().join("ops-token.txt");
    std::fs::write(&path, "short").expect("is written");
    operated.service.signal("HUP");
    let line = operated.service.logs("stays as it was");
    assert!(line.contains("the token of operations") && !line.contains(TOKEN), "{line}");
    let pause = format!("proof={proof}");
    assert_eq!(operated.post("/pause", &cookie, &pause).status, 303);
    std::fs::write(&path, format!("another-{TOKEN}")).expect("is written");
    operated.service.signal("HUP");
    operated.service.logs("the token of operations was read again");
    assert_eq!(operated.post("/resume", &cookie, &pause).status, 403);
    assert_eq!(operated.post("/sign-in", "", &format!("name=ada&token={TOKEN}")).status, 403);
}

#[test]
fn a_token_whose_setting_is_gone_opens_nothing_any_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("spektr.toml");
    std::fs::write(&config, "[serve]\nops_token_file = \"ops-token.txt\"\n").expect("is written");
    token_file(folder.path());
    let mut service = Service::start(KEYS, folder.path(), &[]);
    let host = service.operations.to_string();
    let origin = format!("http://{host}");
    let post = |service: &Service, path: &str, cookie: &str, form: &str| {
        let headers = [("host", &*host), ("origin", &*origin), ("cookie", cookie)];
        operated::send(service, "POST", path, &headers, form)
    };
    let sign_in = format!("name=ada&token={TOKEN}");
    let answer = post(&service, "/sign-in", "", &sign_in);
    let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
    let cookie = cookie.expect("a cookie").to_owned();
    let page = operated::send(&service, "GET", "/", &[("host", &host), ("cookie", &cookie)], "");
    let pause = format!("proof={}", field(&page.body, "proof").expect("a form"));
    assert_eq!(post(&service, "/pause", &cookie, &pause).status, 303);

    std::fs::write(&config, "").expect("is written");
    service.signal("HUP");
    service.logs("the token of operations has been removed");
    assert_eq!(post(&service, "/resume", &cookie, &pause).status, 403);
    let answer = post(&service, "/sign-in", "", &sign_in);
    assert_eq!((answer.status, answer.header("set-cookie")), (403, None));
}
