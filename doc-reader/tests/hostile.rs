//! No input makes the reader panic or work more than its size is worth.

mod support;

use std::time::Duration;

use proptest::prelude::*;
use spektr_doc_reader::{MAX_BYTES, ReadError, read};
use support::webhooks;

/// Pieces that are cheap to write and dear to a careless parser.
const PIECES: &[&str] = &[
    "<b>",
    "<p>",
    "<div>",
    "<table>",
    "<tr>",
    "<td>",
    "<li>",
    "<pre>",
    "<h2>",
    "<nav>",
    "</b>",
    "<svg>",
    "<a a a1=2 ",
    "<!--",
    "<script>",
    "&amp",
    "&#",
    "{",
    "[",
    "{\"a\":",
    "[{\"a\":[",
    "{\"a\":1}\n",
    "\"",
    "\"a\n",
    "'",
    "\\",
    "/*",
    "//",
    "#",
    "# a\n",
    "|",
    "a|b\n",
    "|-|-|\n",
    "|A_B|x|WIP|\n",
    "*",
    "_",
    "**a*",
    "`",
    "```\n",
    "~~",
    "> ",
    "- ",
    "1. ",
    "1. a\n",
    "[^a]",
    "[^a]: b [^a]\n<table></table>\n",
    "![",
    "[a](",
    "<a@",
    "A_",
    "A_B\n",
    "A_B\n\n",
    "A_B (WIP)\n\ntext\n\n",
    "A<B|C>\n",
    "A_B_C/D_E\n",
    "A|",
    "NameTypeDescription\n",
    "NameTypeDescription\nidstringx\n",
    "WebhookDescriptionStatus\nA_BxWIP\n",
    "Name\nType\n",
    "id\nstring\n",
    "Webhook\nDescription\nStatus\nA_B\nx\nWIP\n",
    "string",
    "stringnumber\n",
    "Array of ",
    "null | ",
    "a.",
    "a.b[].",
    "\t",
    "a\tstring\n",
    "Name\tType\nid\tstring\n",
    "~~",
    "~~a~~",
    "<del>",
    "<summary>A_B",
    "**A_B**\n\n",
    "deprecated ",
    "This event is deprecated.\n\n",
    "[block:parameters]\n",
    "[block:parameters]\n{\"data\":{\"0-0\":\"a\"}}\n[/block]\n",
    "[block:code]{\"codes\":[[[[",
    "$.",
    "nullable<",
    "attimestamp",
    "results {",
    "batch \"",
    "...",
    "…",
    "optional ",
    "\u{200b}",
    "é",
    "🚧\n\n",
    " ",
    "\n",
    "Event",
    "events and ",
    "a  b\n",
    "Event | Status\n",
    "A_B | WIP\n",
    "| a | null ",
    "+---+\n",
    "e = {\n",
    "<p role=\"row\">",
];

/// What comes before the pieces, so that each rendering gets them.
fn prefixes() -> [String; 4] {
    let [(_, markdown), (_, html), (_, plain), ..] = support::renderings(&webhooks::page());
    let body = html.find("</article>").expect("the fixture has an article");
    [markdown, html[..body].to_owned(), plain, String::new()]
}

fn repeated(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len())
}

/// How long the processor has worked for this thread; waiting is not counted.
///
/// The clock counts nanoseconds. What `/proc` says of a thread moves on with the timer's ticks only,
/// of which a small text takes none or one.
fn worked() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.try_into().expect("a thread has worked for no negative time")
}

/// How much more work a function does for a piece that comes sixty-four times as often.
fn growth(prefix: &str, piece: &str, work: impl Fn(&str)) -> u128 {
    growth_of(|size| format!("{prefix}{}", repeated(piece, size)), work)
}

/// How much more work a function does for a text of sixty-four times the size.
///
/// Other programs and cold caches only add work, so each size counts with its least measurement. The
/// large text is measured again only while its growth is more than it should be.
fn growth_of(text: impl Fn(usize) -> String, work: impl Fn(&str)) -> u128 {
    let measure = |text: &str| {
        let before = worked();
        work(text);
        (worked() - before).as_nanos().max(1)
    };
    let [small, large] = [4 << 10, 256 << 10].map(text);
    let mut least = [u128::MAX; 2];
    for _ in 0..10 {
        least[0] = (0..5).map(|_| measure(&small)).fold(least[0], u128::min);
        least[1] = least[1].min(measure(&large));
        if least[1] / least[0] < LINEAR * 2 {
            break;
        }
    }
    least[1] / least[0]
}

/// What work in proportion to the size grows by. In proportion to its square it grows by 4096.
const LINEAR: u128 = 64;

/// Eight times what is expected, and an eighth of what is looked for: no machine is so noisy that it
/// makes the one look like the other.
const TOO_MUCH: u128 = LINEAR * 8;

#[test]
fn work_grows_with_the_size_of_the_input_only() {
    for prefix in prefixes() {
        for piece in PIECES {
            let growth = growth(&prefix, piece, |text| match read(text.as_bytes()) {
                Ok(page) => assert!(page.events.len() <= 1_000),
                Err(
                    ReadError::NoEventTable { .. } | ReadError::TooMany { .. } | ReadError::CutOff,
                ) => {}
                Err(ReadError::Empty) => assert_eq!(text.trim(), ""),
                Err(error) => panic!("{piece:?}: {error}"),
            });
            let page = prefix.lines().next();
            assert!(growth < TOO_MUCH, "{piece:?} behind {page:?}: {growth} times the work");
        }
    }
}

/// Of one thing that is large and another that comes often.
#[test]
fn work_grows_with_the_sum_of_two_sizes_and_not_with_their_product() {
    let members = |size| (0..size / 10).map(|at| format!("\"m{at}\": 1,\n")).collect::<String>();
    let label = |size| format!("[^{}]:\n\n", "a".repeat(size));
    let labels = |size| (0..size / 8).map(|at| format!("[^{at}]:\n\n")).collect::<String>();
    let example = |size| format!("A_B\n\n{{\n{}\"z\": 1\n}}\n", members(size));
    for prefix in prefixes() {
        for (name, first, piece) in [
            ("a long label", &label as &dyn Fn(usize) -> String, "[^\n<table></table>\n"),
            ("many labels", &labels, "[^1]\n<table></table>\n"),
            ("a large example", &example, "Name\tType\nid\tstring\n\n"),
            ("a large example", &example, "NameTypeDescription\nidstringAn id.\n\n"),
        ] {
            let text = |size| format!("{prefix}{}{}", first(size / 2), repeated(piece, size / 2));
            let growth = growth_of(text, |text| drop(read(text.as_bytes())));
            let page = prefix.lines().next();
            assert!(growth < TOO_MUCH, "{name} behind {page:?}: {growth} times the work");
        }
    }
}

#[test]
fn work_that_grows_with_the_square_of_the_size_is_seen() {
    let pairs = |text: &str| {
        let lines: Vec<&str> = text.lines().collect();
        let earlier = |at: usize| lines[..at].iter().step_by(64).filter(|it| it.is_empty()).count();
        std::hint::black_box((0..lines.len()).map(earlier).sum::<usize>());
    };
    assert!(growth("", "a\n\n", pairs) > TOO_MUCH);
    assert!(growth("", "a\n\n", |text| drop(read(text.as_bytes()))) < TOO_MUCH);
}

#[test]
fn the_largest_input_is_read_and_a_larger_one_refused() {
    let mut text = support::markdown(&webhooks::page());
    text.push_str(&repeated("word ", MAX_BYTES - text.len()));
    assert_eq!(read(text.as_bytes()).map(|page| page.events.len()), Ok(10));
    text.push_str("words");
    text.push_str("words");
    let too_large = ReadError::TooLarge { bytes: text.len(), limit: MAX_BYTES };
    assert_eq!(read(text.as_bytes()), Err(too_large));
}

#[test]
fn too_many_of_anything_is_refused() {
    let table = |rows: &str| format!("| Event | Status |\n| --- | --- |\n{rows}\n");
    let rows: String = (0..1_001).map(|at| format!("| EVENT_{at} | WIP |\n")).collect();
    let too_many = |what, limit| Err(ReadError::TooMany { what, limit });
    assert_eq!(read(table(&rows).as_bytes()), too_many("events", 1_000));
    let sections = "## A_B\n\ntext\n\n".repeat(2_002);
    let page = format!("{}{sections}", table("| A_B | WIP |"));
    assert_eq!(read(page.as_bytes()), too_many("sections", 2_000));
    let members: String = (0..20_001).map(|at| format!("| m{at} | string |\n")).collect();
    let page =
        format!("{}## A_B\n\n| Name | Type |\n| --- | --- |\n{members}", table("| A_B | WIP |"));
    assert_eq!(read(page.as_bytes()), too_many("members", 20_000));
    let values = "1,".repeat(10_001);
    let page = format!("{}## A_B\n\n```\n{{\"a\": [{values}]}}\n```\n", table("| A_B | WIP |"));
    assert_eq!(read(page.as_bytes()), too_many("members", 20_000));
}

/// Wherever in its table of events a page breaks off, it is refused, or read
/// without a row that is not whole.
#[test]
fn a_page_that_breaks_off_in_its_table_of_events_has_no_half_rows() {
    for (name, text) in support::renderings(&webhooks::page()) {
        let whole = read(text.as_bytes()).expect("the fixture can be read").events;
        let from = text.find("Available").expect("the table has a status") + "Available".len();
        let to = from + 350;
        for end in (from..to).filter(|&end| text.is_char_boundary(end)) {
            match read(&text.as_bytes()[..end]) {
                Ok(page) => {
                    let rows = &whole[..page.events.len()];
                    assert_eq!(page.events, rows, "{name}: {}", &text[from..end]);
                }
                Err(error) => assert_eq!(error, ReadError::CutOff, "{name}: {}", &text[from..end]),
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = read(&bytes);
    }

    #[test]
    fn any_pieces_are_read_or_refused(
        prefix in 0..4_usize,
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..60),
    ) {
        let text = format!("{}{}", prefixes()[prefix], pieces.concat());
        let first = read(text.as_bytes());
        prop_assert_eq!(first, read(text.as_bytes()));
    }

    /// A page with a part torn out or put elsewhere is still read without panic.
    #[test]
    fn torn_pages_are_read_or_refused(
        rendering in 0..5_usize,
        cuts in proptest::collection::vec((0..20_000_usize, 0..400_usize), 1..4),
    ) {
        let pages = support::renderings(&webhooks::page());
        let mut text = pages[rendering].1.clone();
        for (from, length) in cuts {
            let from = (0..=from.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            let to = (from..=(from + length).min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(from);
            let torn: String = text.drain(from..to).collect();
            text.push_str(&torn);
        }
        let _ = read(text.as_bytes());
    }
}
