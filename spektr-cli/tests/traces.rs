//! The traces that `spektr serve` exports to an OpenTelemetry collector with the feature `otel`,
//! and its behaviour without the feature.

mod support;

#[cfg(feature = "otel")]
#[path = "support/collector.rs"]
mod collector;
#[path = "support/deliver.rs"]
mod deliver;
#[cfg(feature = "otel")]
#[path = "traces/exporting.rs"]
mod exporting;
#[path = "support/receiver.rs"]
mod receiver;
#[path = "support/service.rs"]
mod service;

#[cfg(not(feature = "otel"))]
#[test]
fn without_the_feature_a_collector_is_refused_wherever_it_is_named() {
    use support::{spektr, text};

    const MESSAGE: &str = "\
error: this tool is built without the feature otel, which exports traces
hint:  build it with that feature: cargo install --locked --path spektr-cli --features otel; or remove --otlp-endpoint, SPEKTR_SERVE_OTLP_ENDPOINT and serve.otlp_endpoint
";
    let folder = tempfile::tempdir().expect("a folder");
    let said = |command: &mut std::process::Command| {
        let output = command.current_dir(folder.path()).output().expect("the tool runs");
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        text(&output.stderr).to_owned()
    };
    let url = "http://127.0.0.1:4318";
    assert_eq!(said(spektr(None).args(["serve", "--unsigned", "--otlp-endpoint", url])), MESSAGE);
    let variable = ("SPEKTR_SERVE_OTLP_ENDPOINT", url);
    assert_eq!(
        said(spektr(None).args(["serve", "--unsigned"]).env(variable.0, variable.1)),
        MESSAGE
    );
    let configuration = format!("[serve]\notlp_endpoint = '{url}'\n");
    std::fs::write(folder.path().join("spektr.toml"), configuration).expect("is written");
    assert_eq!(said(spektr(None).args(["serve", "--unsigned"])), MESSAGE);
    let checked = spektr(None).args(["config", "check"]).current_dir(folder.path()).output();
    let checked = checked.expect("the tool runs");
    assert_eq!(checked.status.code(), Some(1));
    let problem =
        "error: traces: this tool is built without the feature otel, which exports traces\n";
    assert_eq!(text(&checked.stdout), problem);
}

#[cfg(not(feature = "otel"))]
#[test]
fn without_the_feature_the_variables_of_opentelemetry_are_left_alone() {
    use deliver::{Connection, alert};
    use receiver::Receiver;
    use service::Service;

    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(&["200 OK"]);
    let mut tool = support::spektr(Some("dev=any secret"));
    tool.env("OTEL_EXPORTER_OTLP_ENDPOINT", "no URL");
    let service = Service::run(tool, folder.path(), &["--forward", &receiver.url]);
    let headers = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    let headers = format!("{}{headers}", deliver::signature(&alert("e1")));
    let mut connection = Connection::open(service.address()).expect("is open");
    let answer = connection.post("/webhooks/spektr", &headers, &alert("e1"));
    assert_eq!(answer.expect("an answer").status, 200);
    receiver.waits_for(1);
    assert_eq!(service.terminate().0, Some(0));
    let is_passed_on = |line: &String| line.starts_with("traceparent");
    assert!(!receiver.finish()[0].headers.iter().any(is_passed_on));
}
