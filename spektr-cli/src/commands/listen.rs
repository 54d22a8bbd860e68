//! `spektr listen`: an endpoint for development, which shows what arrives.
//!
//! It does not use the extractor of spektr-axum: that hides from handlers why a
//! delivery was refused, which is what this command is there to show. Nothing of
//! a body is printed unless it was verified.

mod endpoint;
mod message;
mod selection;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use spektr_inbox::HttpUrl;
use tokio::net::TcpListener;

use self::endpoint::Endpoint;
use self::message::Printer;
use self::selection::Selection;
use crate::arguments::{Global, quietly};
use crate::client::{Client, TlsFiles, parse_url};
use crate::config::Config;
use crate::failure::{Answer, Failure};
use crate::keys::KeyArguments;
use crate::record::Recorder;
use crate::runtime::{self, Signals};
use crate::time;

const EXAMPLES: &str = "\
Examples:
  SPEKTR_WEBHOOK_KEYS='dev=any secret' spektr listen
  spektr listen --port 0 --count 10 --format json          # a free port; ends after ten
  spektr listen --forward http://127.0.0.1:3000/webhooks/spektr
  spektr listen --record deliveries                        # then: spektr replay deliveries --to URL

Any path is taken. A verified delivery is answered with 200, any other with 401. With --forward
everything is passed on as it came, verified or not, and the answer is the receiver's. Ctrl-C ends
it. Exit code 1: a delivery was not verified or not recorded, or the receiver's answer was not 200.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Port; 0 takes a free one [preset: 8787]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Address to bind to [preset: 127.0.0.1, which only this machine reaches]
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
    /// Pass deliveries on to this URL, unchanged
    #[arg(long, value_name = "URL", value_parser = quietly(parse_url))]
    forward: Option<HttpUrl>,
    /// Record deliveries in this folder, two files each, readable only by you
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// End after this many deliveries
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    #[command(flatten)]
    selection: Selection,
    /// Print all members of the events; sensitive ones are hidden
    #[arg(long)]
    full: bool,
    /// Accept everything, whoever sent it: for a workspace that has signing switched off
    #[arg(long)]
    unsigned: bool,
    /// How far the time of signing may lie from now, as 90s or 5m [preset: 5m]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_span)]
    tolerance: Option<Duration>,
    #[command(flatten)]
    keys: KeyArguments,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    const FORWARD_TIMEOUT: Duration = Duration::from_secs(30);
    let config = global.config()?;
    let (verifier, _) =
        arguments.keys.verifier_or_none(&config, arguments.unsigned, arguments.tolerance)?;
    let secrets =
        if arguments.unsigned { Vec::new() } else { arguments.keys.secret_texts(&config)? };
    let folder = arguments.record.clone().or_else(|| config.path_setting("listen.record"));
    let recorder = folder.as_deref().map(Recorder::open).transpose()?;
    let forward = arguments
        .forward
        .clone()
        .or_else(|| config.setting("listen.forward", |text| parse_url(text).ok()));
    let client = forward
        .clone()
        .map(|url| Client::new(url, FORWARD_TIMEOUT, &TlsFiles::default()))
        .transpose()?;
    let endpoint = Endpoint::new(
        verifier,
        secrets,
        arguments.keys.content(&config),
        recorder,
        client,
        Printer::new(global.is_json(), arguments.full, arguments.selection.clone()),
        arguments.count,
    );
    let address = address(arguments, &config);
    runtime::block_on(async {
        let signals = Signals::catch()?;
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Failure::caused_by(format!("cannot listen on {address}"), &error)
                .hint("another port: --port N; --port 0 takes a free one")
        })?;
        let bound = listener
            .local_addr()
            .map_err(|error| Failure::caused_by("cannot tell the address", &error))?;
        endpoint.printer().listening(
            bound,
            &arguments.keys.in_words(&config, arguments.unsigned, arguments.tolerance)?,
            forward.as_ref(),
        )?;
        endpoint::serve(listener, endpoint, signals).await
    })
}

fn address(arguments: &Arguments, config: &Config) -> SocketAddr {
    const PORT: u16 = 8787;
    let address = arguments
        .address
        .or_else(|| config.setting("listen.address", |text| text.parse().ok()))
        .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let port = arguments
        .port
        .or_else(|| config.setting("listen.port", |text| text.parse().ok()))
        .unwrap_or(PORT);
    SocketAddr::new(address, port)
}
