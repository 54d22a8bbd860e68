//! A page is read whole or refused: components hide nothing, a page that breaks off
//! is no page, and the digests change with the words and with nothing else.

mod support;

use spektr_doc_reader::{Page, ReadError, read, read_part};
use support::webhooks;

fn markdown() -> String {
    support::markdown(&webhooks::page())
}

fn page(text: &str) -> Page {
    read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Puts every example between two lines, indented as components indent it.
fn wrapped(before: &str, after: &str, indent: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    for line in markdown().lines() {
        let fence = line.starts_with("```");
        let opens = fence && !fenced;
        fenced ^= fence;
        if opens {
            out.push_str(&format!("{before}\n"));
        }
        let indent = if fence || fenced { indent } else { "" };
        out.push_str(&format!("{indent}{line}\n"));
        if fence && !opens {
            out.push_str(&format!("{after}\n"));
        }
    }
    out
}

#[test]
fn an_example_directly_under_the_tag_of_a_component_is_read() {
    let plain = page(&markdown());
    for (before, after, indent) in [
        ("<Tab title=\"JSON\">", "</Tab>", ""),
        ("<Accordion title=\"Example\">", "</Accordion>", "  "),
        ("<Callout icon=\"i\"\n  theme=\"info\">", "</Callout>", "    "),
        ("<Tabs>\n  <Tab>", "  </Tab>\n</Tabs>", "    "),
        ("<details>\n<summary>Example</summary>", "</details>", ""),
        ("<div class=\"code\">", "</div>", ""),
    ] {
        assert_eq!(page(&wrapped(before, after, indent)), plain, "{before}");
    }
}

#[test]
fn the_title_of_a_message_is_read_with_its_section_and_a_label_is_not() {
    let with = |tag: &str| {
        let (name, _) = tag.split_once(' ').expect("a name and a title");
        let message = format!("<{tag}>\nSent twice at most.\n</{name}>\n\n```");
        page(&markdown().replacen("```", &message, 1)).sections
    };
    let (one, other) = ("title=\"Sent until Friday\"", "title=\"Sent until Monday\"");
    for name in ["Callout icon=\"i\"", "Note", "Warning"] {
        assert_ne!(with(&format!("{name} {one}")), with(&format!("{name} {other}")), "{name}");
    }
    for name in ["Accordion", "Tab"] {
        assert_eq!(with(&format!("{name} {one}")), with(&format!("{name} {other}")), "{name}");
    }
}

#[test]
fn a_name_with_a_badge_behind_it_is_an_event() {
    for cell in ["LAMP\\_LIT `New`", "`LAMP_LIT` **Beta**", "LAMP_LIT <Badge>New</Badge>"] {
        let text = format!(
            "# Hooks\n\n| Event | Description | Status |\n| --- | --- | --- |\n| {cell} | x | WIP |\n"
        );
        let page = page(&text);
        assert_eq!(page.events[0].name, "LAMP_LIT", "{cell}");
        assert_eq!(page.problems, [], "{cell}");
    }
}

/// Wherever the page ends within an example or within an element, it is refused.
#[test]
fn a_page_that_breaks_off_in_an_example_is_refused() {
    for (name, text) in support::renderings(&webhooks::page()) {
        let from = text
            .rfind("oldStatus\": ")
            .or(text.rfind("oldStatus&quot;: "))
            .unwrap_or_else(|| text.rfind("oldStatus").expect("the last example shows it"));
        let last_example = text[..from].rfind("customer_tag_add").expect("it has a type");
        for end in (last_example..last_example + 120).filter(|&end| text.is_char_boundary(end)) {
            let result = read(&text.as_bytes()[..end]);
            assert_eq!(result, Err(ReadError::CutOff), "{name}: {}", &text[last_example..end]);
        }
    }
}

#[test]
fn half_of_a_saved_page_is_refused() {
    let html = support::html(&webhooks::page());
    let from = html.find("</table>").expect("a table");
    let to = html.rfind("</article>").expect("an article");
    let ends = (from..to).step_by(97).filter(|&end| html.is_char_boundary(end));
    for end in ends {
        assert_eq!(
            read(&html.as_bytes()[..end]),
            Err(ReadError::CutOff),
            "{}",
            &html[end - 80..end]
        );
    }
}

#[test]
fn words_in_however_many_quotes_or_lists_are_read() {
    let words = |marks: &str, count: usize| {
        let marked = format!("{}Definitions", marks.repeat(count));
        page(&markdown().replacen("Definitions", &marked, 1)).around.digest
    };
    for marks in ["> ", "- "] {
        for count in [1, 32, 33, 1_000] {
            assert_eq!(words(marks, count), words("", 0), "{marks:?} {count} times");
        }
    }
}

#[test]
fn what_is_never_closed_hides_nothing_behind_it() {
    let whole = page(&markdown());
    let with =
        |html: &str| markdown().replacen("## SERVICE_RUN", &format!("{html}\n\n## SERVICE_RUN"), 1);
    for (html, end) in [("<svg><path d=\"M0 0\"/>", "</svg>"), ("<!-- a", "-->")] {
        assert_eq!(page(&with(&format!("{html}{end}"))), whole, "{html}");
        assert_eq!(read(with(html).as_bytes()), Err(ReadError::CutOff), "{html}");
    }
}

#[test]
fn a_row_without_its_closing_bar_is_the_end_of_a_page_that_breaks_off() {
    let text = markdown();
    let end = text.rfind("processName").expect("the last row") + 4;
    assert_eq!(read(&text.as_bytes()[..end]), Err(ReadError::CutOff));
}

#[test]
fn any_change_of_words_changes_the_digest_of_its_part_only() {
    let before = page(&markdown());
    let digests = |page: &Page| {
        let rows = page.events.iter().map(|row| (row.name.clone(), format!("{:?}", row.digest)));
        let sections = page.sections.iter().map(|it| {
            let words = format!("{:?} {:?} {:?}", it.text, it.example_digest, it.rows);
            (it.heading.clone(), words)
        });
        let around = [("around".to_owned(), format!("{:?}", page.around))];
        rows.chain(sections).chain(around).collect::<Vec<_>>()
    };
    for (from, to, part) in [
        ("Sent when an alert is raised", "Sent when an alert is lowered", "ALERT_CREATED"),
        ("good for a day", "good for an hour", "PROCESS_RUN_END"),
        ("1700000000000,\n  \"reference\"", "1700000000,\n  \"reference\"", "PROCESS_RUN_START"),
        ("once it is public", "one day", "STEP_SUBMIT (WIP)"),
        ("are not final", "are final", "around"),
    ] {
        assert!(markdown().contains(from), "{from}");
        let after = page(&markdown().replacen(from, to, 1));
        let changed: Vec<String> = digests(&before)
            .into_iter()
            .zip(digests(&after))
            .filter(|(before, after)| before != after)
            .map(|((name, _), _)| name)
            .collect();
        assert_eq!(changed, [part], "{from}");
    }
}

#[test]
fn what_some_renderings_lose_after_a_null_has_a_digest_of_its_own() {
    let row = "| delivered | boolean \\null |  |";
    assert!(markdown().contains(row));
    let kept = markdown().replacen(row, "| delivered | boolean \\|null | Whether it was. |", 1);
    let lost = markdown().replacen(row, "| delivered | boolean \\ | null |", 1);
    let [plain, kept, lost] = [markdown(), kept, lost].map(|text| {
        let rows = page(&text).sections.remove(0).rows;
        rows.into_iter().find(|row| row.path == "delivered").expect("the row")
    });
    assert_eq!(kept.digest, plain.digest);
    assert_eq!(lost.digest, plain.digest);
    assert_eq!((plain.after_null, lost.after_null), (None, None));
    assert!(kept.after_null.is_some());
}

#[test]
fn a_part_of_a_page_is_read_when_the_events_are_known() {
    let text = markdown();
    let start = text.find("## SERVICE_RUN").expect("the section");
    let end = text.find("## ALERT_CREATED").expect("the next one");
    let part = &text.as_bytes()[start..end];
    assert!(matches!(read(part), Err(ReadError::NoEventTable { .. })));
    let known = read_part(part, &["SERVICE_RUN"]).expect("a part");
    let whole = page(&text);
    let section = whole.sections.iter().find(|section| section.heading == "SERVICE_RUN");
    assert_eq!(known.sections.first(), section);
    assert_eq!(known.events, []);
}

#[test]
fn values_validity_and_units_come_from_descriptions() {
    let text = "# Hooks\n\n| Event | Status |\n| --- | --- |\n| LAMP_LIT | WIP |\n\n## LAMP_LIT\n\n\
        | Name | Type | Description |\n| --- | --- | --- |\n\
        | action | string | Either 'on' or 'off' |\n\
        | kind | string | Such as 'desk'. The 'key' is another. |\n\
        | key | string | The 'lamp' has it |\n\
        | url | string | Valid for 24 hours |\n\
        | other | string | Expires in a day |\n\
        | at | number | Epoch seconds |\n\
        | since | number (ms) | When |\n";
    let page = page(text);
    let facts: Vec<_> = page.sections[0]
        .members
        .iter()
        .map(|member| {
            let unit = member.unit.map(|unit| format!("{unit:?}")).unwrap_or_default();
            let seconds = member.valid_for_seconds.unwrap_or(0);
            format!("{}: {} {seconds} {unit}", member.path, member.values.join(","))
        })
        .collect();
    assert_eq!(
        facts,
        [
            "action: on,off 0 ",
            "kind: desk,key 0 ",
            "key:  0 ",
            "url:  86400 ",
            "other:  86400 ",
            "at:  0 Seconds",
            "since:  0 Milliseconds",
        ]
    );
}
