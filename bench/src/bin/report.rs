//! Answers the questions of bench/README.md in one run: prints a table and draws curves.
//!
//! ```text
//! cargo xtask bench [--quick] [--without node] [--without python]
//! ```
//!
//! `cargo xtask bench` runs this program with the path of the program `spektr`. A peer that is not
//! installed is an error unless `--without` names it. The table and the curves go to `results/`.
//! With `--quick`, which measures only a second or two to test that everything runs, they go to
//! `target/quick/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use spektr_bench::chart::{Chart, Curve};
use spektr_bench::inbox::remove;
use spektr_bench::load::{Latencies, Result, deliver_at, deliver_for};
use spektr_bench::machine::describe;
use spektr_bench::receivers::{FILE, Kind, SERVE, serve};
use spektr_bench::{outage, rates, verifying, wake};
use spektr_inbox::testing::postgres::Cluster;

const STORE: &str = "bench-report.db";

/// Rate of arrivals for the target of the latency of accepting, in deliveries per second.
const TARGET_RATE: u32 = 5000;

/// The rates of the curve. The curve of a receiver ends once it no longer keeps up.
const RATES: [u32; 6] = [250, 500, 1000, 2000, TARGET_RATE, 10_000];

/// Latency at which a receiver no longer keeps up.
const LATE: Duration = Duration::from_secs(1);

/// The durations and repetitions of a run.
struct Plan {
    is_quick: bool,
}

impl Plan {
    fn seconds(&self, seconds: u64) -> Duration {
        Duration::from_secs(if self.is_quick { 1 } else { seconds })
    }

    fn count(&self, count: u64) -> u64 {
        if self.is_quick { count / 20 } else { count }
    }
}

struct Options {
    plan: Plan,
    peers: Vec<Kind>,
    program: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [SERVE, path, group] = &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return serve(path, group.parse()?).await;
    }
    let options = parse(&arguments)?;
    for peer in &options.peers {
        peer.ensure_installed()
            .map_err(|error| format!("{error}; or leave it out with --without"))?;
    }
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The stores' files are created in this folder.
    fs::create_dir_all(package.join("target"))?;
    std::env::set_current_dir(package.join("target"))?;
    let machine = describe()?;
    println!("{machine}");
    let report = measure(&options, &machine).await?;
    let folder = package.join(if options.plan.is_quick { "target/quick" } else { "results" });
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("table.md"), format!("{machine}\n\n{}", report.table))?;
    for (name, chart) in &report.charts {
        fs::write(folder.join(name), chart.svg())?;
    }
    println!("\n{}\nin {}", report.table, folder.display());
    Ok(())
}

fn parse(arguments: &[String]) -> Result<Options> {
    let mut peers = vec![Kind::Node, Kind::Python];
    let (mut is_quick, mut program) = (false, None);
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        match argument {
            "--quick" => is_quick = true,
            "--without" => match arguments.next() {
                Some("node") => peers.retain(|peer| *peer != Kind::Node),
                Some("python") => peers.retain(|peer| *peer != Kind::Python),
                _ => return Err("--without takes `node` or `python`".into()),
            },
            path if !path.starts_with('-') => program = Some(fs::canonicalize(path)?),
            unknown => return Err(format!("unknown argument {unknown}").into()),
        }
    }
    let program = program.ok_or("the path of the program `spektr` is missing")?;
    Ok(Options { plan: Plan { is_quick }, peers, program })
}

struct Report {
    table: String,
    charts: Vec<(&'static str, Chart)>,
}

async fn measure(options: &Options, machine: &str) -> Result<Report> {
    let plan = &options.plan;
    let mut table = String::from("| | before | to reach | now | peers |\n|---|---|---|---|---|\n");
    let mut row = |cells: [&str; 5]| {
        let line = format!("| {} |\n", cells.join(" | "));
        print!("{line}");
        table.push_str(&line);
    };

    let shares = verifying::measure(usize::try_from(plan.count(2000))?)?;
    row([
        "verify 0.3 KB, share of the bare MAC's throughput",
        "0.81",
        "0.9",
        &format!("{:.2}", shares.verify),
        &format!("standardwebhooks {:.2}", shares.standardwebhooks),
    ]);
    row([
        "the same with the time as an input, without reading the clock",
        "",
        "",
        &format!("{:.2}", shares.verify_at),
        "",
    ]);

    let accepting = accepting(options).await?;
    row([
        &format!("accept at {TARGET_RATE}/s, open loop, SQLite: p99"),
        "30 ms at full load",
        "10 ms",
        &accepting.own,
        &accepting.peers.join("; "),
    ]);
    row([
        "accepts a second, 64 connections, SQLite",
        "",
        "",
        &format!("{:.0}", full_load(Kind::Own(256), plan).await?),
        &peers_at_full_load(options).await?,
    ]);

    let cluster = Cluster::start(&[]);
    let mut waking = Vec::new();
    for (name, store) in [
        ("SQLite", rates::sqlite(STORE)?.remove(0)),
        ("PostgreSQL", rates::postgres(&cluster, 1).await?.remove(0)),
    ] {
        let measured = wake::measure(store, plan.count(400)).await?;
        row([
            &format!("idle inbox, {name}: accepted to handler started, p50 (p99)"),
            "100 ms",
            "3 ms",
            &format!("{} ({})", ms(measured.started.at(0.5)), ms(measured.started.at(0.99))),
            "",
        ]);
        row([
            &format!("the same from the request on, {name}"),
            "",
            "",
            &format!("{} ({})", ms(measured.in_all.at(0.5)), ms(measured.in_all.at(0.99))),
            "",
        ]);
        waking.push(percentiles(name, &measured.in_all));
    }
    remove(STORE);

    for concurrency in rates::CONCURRENCY {
        for (name, before, target, store) in [
            ("SQLite", "11,000", "20,000", rates::sqlite(STORE)?),
            ("PostgreSQL", "4,800", "15,000", rates::postgres(&cluster, 1).await?),
        ] {
            rates::fill(&store[0], plan.count(100_000)).await?;
            let rate = rates::work(&store, concurrency, plan.seconds(60)).await?;
            row([
                &format!(
                    "handled and settled a second, {name}, one worker, {concurrency} at a time"
                ),
                before,
                target,
                &format!("{:.0} ({:.0?} of processor each)", rate.a_second, rate.processor),
                "",
            ]);
        }
    }
    remove(STORE);
    drop(cluster);

    let waiting = plan.count(100_000);
    let share = outage::measure(&options.program, waiting, plan.seconds(60)).await?;
    row([
        &format!("destination down, {waiting} waiting: share of a core"),
        "-",
        "1 %",
        &format!("{:.2} %", share * 100.0),
        "",
    ]);

    let chart = |title: &str, x, y, curves| Chart {
        title: title.to_owned(),
        note: machine.to_owned(),
        x,
        y,
        curves,
    };
    let of = "1 of so many is slower";
    let charts = vec![
        (
            "accept.svg",
            chart(
                "Accepting one event, SQLite: latency by the rate of arrivals, open loop",
                "arrivals a second",
                "p99, ms",
                accepting.curves,
            ),
        ),
        (
            "accept-percentiles.svg",
            chart(
                &format!("Accepting one event at {TARGET_RATE}/s, open loop, SQLite"),
                of,
                "ms",
                vec![accepting.percentiles],
            ),
        ),
        ("wake.svg", chart("Idle inbox: from the request to the handler", of, "ms", waking)),
    ];
    Ok(Report { table, charts })
}

struct Accepting {
    own: String,
    peers: Vec<String>,
    percentiles: Curve,
    curves: Vec<Curve>,
}

/// Measures latencies of accepting by rate of arrivals, for this crate and its peers.
async fn accepting(options: &Options) -> Result<Accepting> {
    let own = Kind::Own(256);
    let mut accepting = Accepting {
        own: "not reached".to_owned(),
        peers: Vec::new(),
        percentiles: Curve { name: own.name().to_owned(), points: Vec::new() },
        curves: Vec::new(),
    };
    for kind in [own].into_iter().chain(options.peers.iter().copied()) {
        let mut curve = Curve { name: kind.name().to_owned(), points: Vec::new() };
        let mut most = format!("{} does not keep up with {}/s", kind.name(), RATES[0]);
        for rate in RATES {
            remove(FILE);
            let (running, address) = kind.start()?;
            let duration = options.plan.seconds(8);
            let latencies = deliver_at(address, &Default::default(), rate, duration).await?;
            drop(running);
            let late = latencies.at(0.99);
            println!("{} at {rate}/s: p50 {:.2?}, p99 {late:.2?}", kind.name(), latencies.at(0.5));
            curve.points.push((f64::from(rate), late.as_secs_f64() * 1000.0));
            if kind == own && rate == TARGET_RATE {
                accepting.own = format!("{} (p50 {})", ms(late), ms(latencies.at(0.5)));
                accepting.percentiles = percentiles(kind.name(), &latencies);
            }
            if late > LATE {
                break;
            }
            most = format!("{} {} at {rate}/s, its most", kind.name(), ms(late));
        }
        if kind != own {
            accepting.peers.push(most);
        }
        accepting.curves.push(curve);
    }
    remove(FILE);
    Ok(accepting)
}

async fn full_load(kind: Kind, plan: &Plan) -> Result<f64> {
    remove(FILE);
    let (running, address) = kind.start()?;
    let duration = plan.seconds(8);
    let latencies = deliver_for(address, &Default::default(), duration).await?;
    drop(running);
    remove(FILE);
    Ok(latencies.count() as f64 / duration.as_secs_f64())
}

async fn peers_at_full_load(options: &Options) -> Result<String> {
    let mut cells = Vec::new();
    for kind in &options.peers {
        let a_second = full_load(*kind, &options.plan).await?;
        cells.push(format!("{} {a_second:.0}", kind.name()));
    }
    Ok(cells.join(", "))
}

/// Returns the latencies that one in ten, one in a hundred and so on exceed.
fn percentiles(name: &str, latencies: &Latencies) -> Curve {
    let of = |step: i32| 10f64.powf(f64::from(step) / 8.0);
    let steps = (1..).map(of).take_while(|of| *of <= latencies.count() as f64);
    let points = steps.map(|of| (of, latencies.at(1.0 - 1.0 / of).as_secs_f64() * 1000.0));
    Curve { name: name.to_owned(), points: points.collect() }
}

fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}
