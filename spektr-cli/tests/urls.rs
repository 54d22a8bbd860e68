//! URLs, proxies and environment variables: invalid values are refused, and no request goes to an
//! unintended place.

mod support;

#[path = "support/receiver.rs"]
mod receiver;

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::Output;

use receiver::Receiver;
use support::{run, spektr, text};

const KEYS: Option<&str> = Some("dev=any secret");

#[test]
fn a_port_that_cannot_be_is_refused_wherever_a_url_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("spektr.toml");
    for port in ["99999", "65536", "8o80", "-1", "", "0"] {
        let url = format!("http://127.0.0.1:{port}/hook");
        for arguments in [
            &["send", "alert_resolved", "--to", &url][..],
            &["replay", ".", "--to", &url],
            &["listen", "--forward", &url],
            &["serve", "--forward", &url],
            &["reconcile", "--from", &url],
        ] {
            let output = run(KEYS, arguments);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            let said = text(&output.stderr);
            assert!(said.contains("port of the URL must be a number from 1 to 65535"), "{said}");
        }
        let settings =
            [("send", "to"), ("listen", "forward"), ("serve", "forward"), ("reconcile", "from")];
        for (table, name) in settings {
            fs::write(&file, format!("[{table}]\n{name} = '{url}'\n")).expect("is written");
            let output = run(None, &["config", "check", "--config", file.to_str().expect("text")]);
            assert_eq!(output.status.code(), Some(1), "{table}.{name} {url}");
        }
    }
}

fn send(url: &str, environment: &[(&str, &str)]) -> Output {
    let mut command = spektr(KEYS);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_ascii_lowercase());
    }
    command.envs(environment.iter().copied());
    command.args(["send", "alert_resolved", "--retries", "0", "--timeout", "1s", "--to", url]);
    command.output().expect("the tool runs")
}

#[test]
fn plain_requests_go_to_a_proxy_as_plain_requests() {
    let proxy = Receiver::start(&["200 OK"]);
    let address = proxy.url.trim_end_matches("/hook").replace("http://", "http://me:word@");
    let sent = send("http://receiver.example:8080/hook?a=b", &[("http_proxy", &address)]);
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stdout));
    let [request] = &proxy.finish()[..] else { panic!("one request") };
    assert_eq!(request.headers[0], "POST http://receiver.example:8080/hook?a=b HTTP/1.1");
    let has = |line: &str| request.headers.iter().any(|header| header == line);
    assert!(has("host: receiver.example:8080"), "{:?}", request.headers);
    assert!(has("proxy-authorization: Basic bWU6d29yZA=="), "{:?}", request.headers);
}

#[test]
fn encrypted_requests_go_through_a_tunnel_of_the_proxy() {
    let proxy = Receiver::start(&["502 No"]);
    let address = proxy.url.trim_end_matches("/hook").to_owned();
    let sent = send("https://receiver.example/hook", &[("ALL_PROXY", &address)]);
    assert_eq!(sent.status.code(), Some(1));
    let [request] = &proxy.finish()[..] else { panic!("one request") };
    assert_eq!(request.headers[0], "CONNECT receiver.example:443 HTTP/1.1");
}

#[test]
fn this_machine_and_what_no_proxy_lists_are_connected_to_directly() {
    let own_name = fs::read_to_string("/proc/sys/kernel/hostname").expect("a name");
    let own_name = own_name.trim();
    for host in ["127.0.0.1", "localhost", "0.0.0.0"] {
        let receiver = Receiver::start(&["200 OK"]);
        let url = receiver.url.replace("127.0.0.1", host);
        let sent = send(&url, &[("ALL_PROXY", "http://127.0.0.1:1")]);
        assert_eq!(sent.status.code(), Some(0), "{host}: {}", text(&sent.stdout));
        receiver.finish();
    }
    // Nothing answers at these URLs. The test only checks that the proxy gets no connection.
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a free port");
    proxy.set_nonblocking(true).expect("does not wait");
    let address = format!("http://{}", proxy.local_addr().expect("an address"));
    for (url, list) in [
        (format!("http://{own_name}:1/"), ""),
        ("http://localhost.:1/".to_owned(), ""),
        ("http://[::ffff:127.0.0.1]:1/".to_owned(), ""),
        ("http://10.255.0.1:1/".to_owned(), "10.255.0.0/16"),
        ("http://receiver.invalid:1/".to_owned(), ".invalid"),
    ] {
        let environment = [("ALL_PROXY", &address[..]), ("NO_PROXY", list)];
        let sent = send(&url, &environment);
        assert_eq!(sent.status.code(), Some(1), "{url}");
        let asked = proxy.accept().map(drop).map_err(|error| error.kind());
        assert_eq!(asked, Err(ErrorKind::WouldBlock), "{url}");
    }
}

#[test]
fn a_proxy_that_cannot_be_is_refused() {
    for proxy in ["socks5://127.0.0.1:1", "http://127.0.0.1:99999", "not a url"] {
        let sent = send("http://receiver.example/", &[("HTTP_PROXY", proxy)]);
        assert_eq!(sent.status.code(), Some(2), "{proxy}");
        let said = text(&sent.stderr);
        assert!(said.starts_with("error: HTTP_PROXY must name a proxy, for example "), "{said}");
    }
}

#[test]
fn a_variable_with_a_slip_in_its_name_is_an_error_as_in_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let mut command = spektr(KEYS);
        command.env("SPEKTR_SERVE_KEEP_DOEN", "marker").env("SPEKTR_PORT", "tcp://10.0.0.1:8787");
        command.args(arguments).current_dir(folder.path()).output().expect("the tool runs")
    };
    let checked = run(&["config", "check"]);
    assert_eq!(checked.status.code(), Some(1));
    let shown = text(&checked.stdout);
    assert!(shown.contains("SPEKTR_SERVE_KEEP_DOEN: there is no such setting"), "{shown}");
    assert!(!shown.contains("marker") && !shown.contains("SPEKTR_PORT:"), "{shown}");
    let sent = run(&["send", "alert_resolved", "--to", "http://127.0.0.1:1/"]);
    assert_eq!(sent.status.code(), Some(2));
    assert!(text(&sent.stderr).contains("did you mean `SPEKTR_SERVE_KEEP_DONE`?"));
}
