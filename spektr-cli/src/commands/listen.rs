//! `spektr listen`: an endpoint for development, which shows the deliveries that arrive.
//!
//! The command shows why it refuses a delivery. The extractor of spektr-axum hides this reason from
//! handlers, so the command does not use it. Nothing of a body that fails verification is printed.

mod endpoint;
mod message;
mod selection;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use clap::Args;
use spektr_inbox::HttpUrl;

use self::endpoint::{Endpoint, EndpointProgress};
use self::message::Printer;
use self::selection::Selection;
use crate::arguments::{Global, quietly};
use crate::client::{Client, TlsFiles};
use crate::config::settings::{
    LISTEN_ADDRESS, LISTEN_FORWARD, LISTEN_PORT, LISTEN_RECORD, TOLERANCE,
};
use crate::failure::{Answer, Failure};
use crate::http;
use crate::keys::KeyArguments;
use crate::record::Recorder;
use crate::runtime::{self, Signals};

const EXAMPLES: &str = "\
Examples:
  SPEKTR_WEBHOOK_KEYS='dev=any secret' spektr listen
  spektr listen --port 0 --count 10 --format json          # a free port; ends after ten
  spektr listen --forward http://127.0.0.1:3000/webhooks/spektr
  spektr listen --record deliveries                        # then: spektr replay deliveries --to URL

The endpoint accepts any path. It answers a verified delivery with 200, and any other with 401. With
--forward it passes each delivery on unchanged, verified or not, and returns the receiver's answer.
Ctrl-C ends the command. Exit code 1: a delivery was not verified or not recorded, or the receiver's
answer was not 200.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[arg(long, help = LISTEN_PORT.help(), value_name = "PORT", value_parser = LISTEN_PORT.parser())]
    port: Option<u16>,
    #[arg(long, help = LISTEN_ADDRESS.help(), value_name = "IP", value_parser = LISTEN_ADDRESS.parser())]
    address: Option<IpAddr>,
    #[arg(long, help = LISTEN_FORWARD.help(), value_name = "URL", value_parser = quietly(LISTEN_FORWARD.parser()))]
    forward: Option<HttpUrl>,
    #[arg(long, help = LISTEN_RECORD.help(), value_name = "DIR", value_parser = LISTEN_RECORD.parser())]
    record: Option<PathBuf>,
    /// End after this many deliveries
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    #[command(flatten)]
    selection: Selection,
    /// Print all members of the events; sensitive values are hidden
    #[arg(long)]
    full: bool,
    /// Accept every delivery without verifying it: for a workspace that does not sign
    #[arg(long)]
    unsigned: bool,
    #[arg(long, help = TOLERANCE.help(), value_name = "DURATION", value_parser = TOLERANCE.parser())]
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
    let folder = LISTEN_RECORD.path(arguments.record.as_ref(), &config);
    let recorder = folder.as_deref().map(Recorder::open).transpose()?;
    let forward = LISTEN_FORWARD.chosen(arguments.forward.clone(), &config);
    let client = forward
        .clone()
        .map(|url| Client::new(url, FORWARD_TIMEOUT, &TlsFiles::default()))
        .transpose()?;
    let endpoint = Endpoint {
        verifier,
        secrets,
        content: arguments.keys.content(&config),
        recorder,
        forward: client,
        printer: Printer::new(
            global.format,
            arguments.full,
            arguments.selection.clone(),
            arguments.keys.place(&config),
        ),
        rest: arguments.count.map(AtomicU64::new),
        progress: EndpointProgress::default(),
    };
    let address = SocketAddr::new(
        LISTEN_ADDRESS.value(arguments.address, &config),
        LISTEN_PORT.value(arguments.port, &config),
    );
    runtime::block_on(async {
        let signals = Signals::catch()?;
        let hint = "choose another port with --port N; --port 0 takes a free one";
        let listener = http::bind(address, hint).await?;
        endpoint.printer.listening(
            http::address_of(&listener)?,
            &arguments.keys.in_words(&config, arguments.unsigned, arguments.tolerance)?,
            forward.as_ref(),
        )?;
        endpoint::serve(listener, endpoint, signals).await
    })
}
