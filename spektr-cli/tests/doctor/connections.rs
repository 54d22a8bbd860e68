//! Tests the findings about the addresses of the service, its endpoint, and the sender's list.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::service::Service;
use crate::tls::TlsServer;
use crate::{Diagnosis, KEYS, MARKER, NO_API_KEY, Setting, closed_port, list};

#[test]
fn an_endpoint_that_does_not_listen_is_a_fault() {
    let setting = Setting::new();
    let url = format!("http://127.0.0.1:{}/", closed_port());
    setting.doctor(&["--forward", &url]).assert(&[&format!(
        "fault: forwarding to {url}: connection refused; start the endpoint, or correct --forward"
    )]);
}

#[test]
fn an_endpoint_of_an_unknown_authority_is_a_fault_until_it_is_named_and_gets_no_request() {
    let (setting, folder) = (Setting::new(), tempfile::tempdir().expect("a folder"));
    let asked = Arc::<AtomicBool>::default();
    let seen = Arc::clone(&asked);
    let server = TlsServer::start(folder.path(), move |_| {
        seen.store(true, Ordering::Release);
        String::new()
    });
    let url = format!("{}/", server.url);
    setting.doctor(&["--forward", &url]).assert(&[&format!(
        "fault: forwarding to {url}: invalid peer certificate: UnknownIssuer; name the authority \
         of its certificate with --forward-ca FILE"
    )]);
    let authority = server.certificate.to_str().expect("text");
    let said = setting.doctor(&["--forward", &url, "--forward-ca", authority]);
    said.assert(&[]);
    said.assert_has(&format!("ok: forwarding to {url}: connected by TLS"));
    assert!(!asked.load(Ordering::Acquire));
    setting.doctor(&["--forward", &url, "--forward-ca", "none.pem"]).assert(&[&format!(
        "fault: forwarding to {url}: cannot read none.pem: No such file or directory (os error 2); \
         examine the files that the options --forward-… name"
    )]);
}

#[test]
fn a_proxy_is_connected_to_in_place_of_the_endpoint() {
    let setting = Setting::new();
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let doctor = |url: &str, proxy: String| {
        let mut command = setting.command(KEYS, &["--forward", url]);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().to_ascii_lowercase().ends_with("_proxy") {
                command.env_remove(name);
            }
        }
        Diagnosis::of(command.env("HTTP_PROXY", proxy))
    };
    let url = "http://endpoint.example/";
    let said = doctor(url, format!("http://{}", proxy.local_addr().expect("an address")));
    said.assert(&[]);
    said.assert_has(&format!(
        "ok: forwarding to {url}: connected to the proxy; the endpoint was not tried"
    ));
    doctor(url, format!("http://127.0.0.1:{}", closed_port())).assert(&[&format!(
        "fault: forwarding to {url}: connection refused; start the proxy that the environment \
         names, or correct HTTPS_PROXY, HTTP_PROXY, ALL_PROXY or NO_PROXY"
    )]);
    doctor(url, "proxy:port".to_owned()).assert(&[&format!(
        "fault: forwarding to {url}: HTTP_PROXY must name a proxy, for example \
         http://proxy.example:3128; NO_PROXY lists the hosts, domains and networks that are \
         connected to directly"
    )]);
}

#[test]
fn a_list_that_refuses_the_key_or_does_not_answer_is_a_fault() {
    let setting = Setting::new();
    let doctor = |url: &str| {
        let mut command = setting.command(KEYS, &["--from", url]);
        Diagnosis::of(command.env("SPEKTR_API_KEY", "marker-of-a-secret"))
    };
    let url = list("401 Unauthorized", Duration::ZERO);
    let said = doctor(&url);
    said.assert(&[&format!(
        "fault: list of events {url}: it refuses the API key (401); see that the key is valid, may \
         read events, and belongs to this environment"
    )]);
    said.assert_has("ok: clock of the sender: the same as this machine's");
    let base = "see that the base URL (--from) is right and this machine reaches it";
    let url = list("503 Service Unavailable", Duration::ZERO);
    let expected = format!("fault: list of events {url}: the server answered 503; {base}");
    doctor(&url).assert(&[&expected]);
    let url = list("404 Not Found", Duration::ZERO);
    let expected = format!("fault: list of events {url}: it answers 404 instead of 200; {base}");
    doctor(&url).assert(&[&expected]);
    let mut command = setting.command(KEYS, &[]);
    Diagnosis::of(command.env("SPEKTR_API_KEY", "marker of a secret")).assert(&[
        "fault: list of events: SPEKTR_API_KEY cannot be used: the API key has a character that is not visible ASCII; was it \
         copied with a space?; correct SPEKTR_API_KEY, or the file, which must hold the key and \
         nothing else",
    ]);
}

#[test]
fn a_clock_behind_that_of_the_sender_is_a_fault_beyond_the_tolerance() {
    let setting = Setting::new();
    let url = list("200 OK", Duration::from_secs(3600));
    let doctor = |more: &[&str]| {
        let mut command = setting.command(KEYS, &[&["--from", &url], more].concat());
        Diagnosis::of(command.env("SPEKTR_API_KEY", MARKER))
    };
    let finding = "clock of the sender: this machine's clock is 1 h behind; set the clock that is \
                   wrong; `timedatectl` says whether this machine's is synchronized";
    doctor(&[]).assert(&[&format!("fault: {finding}")]);
    doctor(&["--tolerance", "2h"]).assert(&[&format!("warning: {finding}")]);
}

#[test]
fn without_an_api_key_nothing_that_was_lost_is_fetched() {
    let setting = Setting::new();
    setting.inbox();
    setting.doctor(&[]).assert_has(NO_API_KEY);
}

#[test]
fn an_address_is_free_or_of_a_running_service_and_not_another_program_s() {
    let setting = Setting::new();
    setting.inbox();
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = other.local_addr().expect("an address");
    let free = format!("127.0.0.1:{}", closed_port());
    let said = setting.doctor(&["--listen", &taken.to_string(), "--operations", &free]);
    let fault = format!(
        "fault: address of deliveries {taken}: in use, and no service answers at the address of \
         operations; end the program that uses it, or choose another address: --listen IP:PORT; a \
         socket of systemd may use it"
    );
    said.assert(&[&fault]);
    said.assert_has(&format!("ok: address of operations {free}: free"));

    let service = Service::start(KEYS, setting.path(), &[]);
    let (public, private) = (service.address().to_string(), service.operations.to_string());
    let said = setting.doctor(&["--listen", &public, "--operations", &private]);
    said.assert_has(&format!("ok: address of deliveries {public}: in use by a running service"));
    said.assert_has(&format!("ok: address of operations {private}: in use by a running service"));

    let own = format!("http://localhost:{}/events", public.rsplit(':').next().expect("a port"));
    let said = setting.doctor(&["--listen", &public, "--operations", &private, "--forward", &own]);
    said.assert_has(&format!(
        "fault: forwarding to {own}: this is an address that `serve` itself listens on; correct \
         --forward: it must name the endpoint that handles the events"
    ));
    assert_eq!(said.code, Some(1));
}
