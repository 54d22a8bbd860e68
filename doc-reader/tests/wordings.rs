//! Pages as vendors word them, exports write them and browsers save them.

mod short;

use short::facts;
use spektr_doc_reader::{ReadError, read};

const TABLE: &str = "# Hooks\n\n| Event | Description | Status |\n| --- | --- | --- |\n\
                     | LAMP_LIT | x | Available |\n| LAMP_OUT | x | Available |\n\n";
const MEMBERS: &str = "| Name | Type | Description |\n| --- | --- | --- |\n| id | string | Id. |\n";

/// What the facts say of events and problems.
fn events(text: &str) -> Vec<String> {
    let wanted = |line: &&str| line.starts_with("event ") || line.starts_with("problem ");
    facts(text).lines().filter(wanted).map(str::to_owned).collect()
}

#[test]
fn an_export_with_blocks_of_json() {
    let page = r###"---
title: "Hooks"
---
[block:callout]
{"type": "info", "title": "Batches", "body": "The body is {\"results\": [ … ]}, a batch of events."}
[/block]
[block:parameters]
{"data": {"h-0": "Webhook", "h-1": "Description", "h-2": "Status",
  "0-0": "`LAMP_LIT`", "0-1": "A lamp\n\nwas **lit**", "0-2": "Available",
  "1-0": "LAMP\\_OUT", "1-1": "", "1-2": "~~WIP~~ Available"}, "cols": 3, "rows": 2}
[/block]
[block:api-header]
{"title": "LAMP_LIT"}
[/block]
[block:code]
{"codes": [{"code": "{\n  \"id\": \"1\",\n  \"type\": \"lamp_lit\"\n}", "language": "json"}]}
[/block]
[block:parameters]
{"data": {"h-0": "Name", "h-1": "Type", "0-0": "id", "0-1": "string"}, "cols": 2, "rows": 1}
[/block]
[block:parameters]
{"data": not JSON
[/block]
"###;
    assert_eq!(
        facts(page),
        "title Hooks\nbatch results\nevent LAMP_LIT available\nevent LAMP_OUT available\n\
         section \"LAMP_LIT\" [\"LAMP_LIT\"] id:string\nwire types [\"lamp_lit\"]\n\
         problem BlockUnread: parameters\nproblem NotInTable: type"
    );
}

#[test]
fn an_event_is_deprecated_wherever_the_page_says_so() {
    let headings = [
        "## LAMP_LIT (Deprecated)\n",
        "## ~~LAMP_LIT~~\n",
        "## ⚠️ LAMP_LIT - deprecated\n",
        "## LAMP_LIT\n\n> ❗️ Deprecated\n>\n> Use another one.\n",
        "## LAMP_LIT\n\nThis event is deprecated and will go.\n",
        "## LAMP_LIT\n\nLAMP_LIT has been deprecated.\n",
        "## LAMP_LIT\n\n### Deprecated\n\nUse another one.\n",
        "<h2><del>LAMP_LIT</del></h2>\n",
    ];
    for heading in headings {
        let facts = facts(&format!("{TABLE}{heading}\n{MEMBERS}"));
        assert!(facts.contains("event LAMP_LIT deprecated\nevent LAMP_OUT available"), "{facts}");
        assert!(facts.contains("[\"LAMP_LIT\"] id:string"), "{facts}");
    }
    let struck = TABLE.replace("| LAMP_LIT |", "| ~~LAMP_LIT~~ |");
    assert_eq!(events(&struck), ["event LAMP_LIT deprecated", "event LAMP_OUT available"]);
    let listed = TABLE.replace("# Hooks\n", "# Hooks\n\n## Deprecated events\n");
    assert_eq!(events(&listed), ["event LAMP_LIT deprecated", "event LAMP_OUT deprecated"]);
    let again =
        "## Deprecated events\n\n| Event | Description |\n| --- | --- |\n| LAMP_OUT | x |\n";
    assert_eq!(
        events(&format!("{TABLE}{again}")),
        [
            "event LAMP_LIT available",
            "event LAMP_OUT deprecated",
            "problem EventRepeated: LAMP_OUT"
        ]
    );
}

#[test]
fn a_deprecated_member_or_another_event_deprecates_nothing() {
    let page = format!("{TABLE}## LAMP_LIT\n\nThe member `id` is deprecated.\n\n{MEMBERS}");
    assert_eq!(
        events(&page),
        [
            "event LAMP_LIT available",
            "event LAMP_OUT available",
            "problem DeprecationUnclear: The member id is deprecated."
        ]
    );
    let page = TABLE.replace("| LAMP_LIT | x |", "| LAMP_LIT | Replaces the deprecated LAMP_ON |");
    assert_eq!(events(&page), ["event LAMP_LIT available", "event LAMP_OUT available"]);
}

#[test]
fn the_section_gives_the_status_that_the_table_lacks() {
    let page = "# Hooks\n\n| Event | Description |\n| --- | --- |\n| LAMP_LIT | x |\n\n## LAMP_LIT (WIP)\n\ntext\n";
    assert_eq!(events(page), ["event LAMP_LIT wip"]);
}

#[test]
fn a_bold_line_or_a_folded_part_is_a_heading() {
    for heading in [
        "**LAMP_OUT**",
        "<details>\n<summary>LAMP_OUT</summary>",
        "<p><strong>LAMP_OUT</strong></p>",
        "<h2>LAMP_OUT</h2>",
    ] {
        let page = format!("{TABLE}## LAMP_LIT\n\n{MEMBERS}\n{heading}\n\n{MEMBERS}");
        let sections: Vec<String> = facts(&page)
            .lines()
            .filter(|line| line.starts_with("section"))
            .map(str::to_owned)
            .collect();
        assert_eq!(
            sections,
            [
                "section \"LAMP_LIT\" [\"LAMP_LIT\"] id:string",
                "section \"LAMP_OUT\" [\"LAMP_OUT\"] id:string"
            ],
            "{heading}"
        );
    }
}

#[test]
fn html_inside_markdown_is_read_as_html() {
    let page = format!(
        "{TABLE}## <a id=\"x\"></a>LAMP_LIT\n\n<!-- LAMP_OUT -->\n\n{MEMBERS}\
         | <code>level</code> | string<br>null | x |\n| ~~room~~ | <del>string</del> number | x |\n\
         | $.data.watt | <number> | x |\n"
    );
    assert_eq!(
        facts(&page),
        "title Hooks\nevent LAMP_LIT available\nevent LAMP_OUT available\n\
         section \"LAMP_LIT\" [\"LAMP_LIT\"] id:string level:unknown|null room:number data.watt:number\n\
         problem TypeUnknown: level: string null\nproblem MemberStruckOut: room"
    );
}

#[test]
fn invisible_characters_and_needless_escapes_are_no_part_of_names() {
    let page = TABLE.replace("LAMP_LIT", "`LAMP\\_LIT`").replace("LAMP_OUT", "LAMP_\u{200b}OUT")
        + "## LAMP_OUT\n\n```\n{\"ty\u{200b}pe\": \"lamp_\u{200b}out\"}\n```\n";
    assert_eq!(
        facts(&page),
        "title Hooks\nevent LAMP_LIT available\nevent LAMP_OUT available\n\
         section \"LAMP_OUT\" [\"LAMP_OUT\"] \nwire types [\"lamp_out\"]"
    );
}

#[test]
fn code_is_found_outside_pre_and_in_the_tables_of_highlighters() {
    let code = "{\n  \"id\": \"1\",\n  \"type\": \"lamp_lit\"\n}";
    for html in [
        format!("<div><code style=\"white-space: pre\">{code}</code></div>"),
        format!("<table><tr><td><pre>1\n2</pre></td><td><pre>{code}</pre></td></tr></table>"),
    ] {
        let page = format!(
            "<h1>Hooks</h1><table><tr><th>Event<th>Status<tr><td>LAMP_LIT<td>WIP</table><h2>LAMP_LIT</h2>{html}"
        );
        assert_eq!(
            facts(&page),
            "title Hooks\nevent LAMP_LIT wip\nsection \"LAMP_LIT\" [\"LAMP_LIT\"] \nwire types [\"lamp_lit\"]",
            "{html}"
        );
    }
}

#[test]
fn names_in_capitals_are_events_only_on_a_page_about_events() {
    let table =
        |heads: &str, row: &str| format!("# API\n\n| {heads} |\n| --- | --- | --- |\n{row}\n");
    for page in [
        table("Error | Meaning | Status", "| NOT_FOUND | x | 404 |"),
        table("Key | Description | Default", "| SOME_SECRET | x | y |"),
        table("Event | Change | Date", "| LAMP_LIT | added | May |"),
        table("Version | Change | Note", "| 2.1 | LAMP_LIT | x |"),
    ] {
        let title = Some("API".to_owned());
        assert_eq!(read(page.as_bytes()), Err(ReadError::NoEventTable { title }), "{page}");
    }
    // Beside a table of events, a table of error codes adds none.
    let page =
        format!("{TABLE}## Errors\n\n| Code | Meaning |\n| --- | --- |\n| NOT_FOUND | x |\n");
    assert_eq!(events(&page), ["event LAMP_LIT available", "event LAMP_OUT available"]);
}

#[test]
fn one_cell_to_a_line_with_texts_that_begin_like_a_status() {
    let page = "Hooks\n\nEvent\n\nDescription\n\nStatus\n\nLAMP_LIT\n\nDeprecated. The event for a lamp that is lit\n\n\
                Available\n\nLAMP_OUT\n\nx\n\nWIP\n";
    assert_eq!(events(page), ["event LAMP_LIT deprecated", "event LAMP_OUT wip"]);
}

#[test]
fn one_cell_to_a_line_with_a_status_in_other_words() {
    let page = "Hooks\n\nEvent\nDescription\nStatus\nLAMP_LIT\nx\nAvailable\nLAMP_DIM\ny\nBeta\nLAMP_OUT\nz\nWIP\n\n\
                LAMP_OUT\n\nName\nType\nDescription\nid\nstring\nx\nlevel\nidentifier\ny\nroom\nstring\nz\n";
    assert_eq!(
        facts(page),
        "title Hooks\nevent LAMP_LIT available\nevent LAMP_DIM ?\nevent LAMP_OUT wip\n\
         section \"LAMP_OUT\" [\"LAMP_OUT\"] id:string level:unknown room:string\n\
         problem StatusUnknown: LAMP_DIM: Beta\nproblem TypeUnknown: level: identifier"
    );
}

#[test]
fn text_with_a_column_of_wire_types() {
    for page in [
        "Hooks\n\nEvent\nType\nDescription\nStatus\nLAMP_LIT\nlamp_lit\nWhen it is lit\nWIP\nLAMP_OUT\nlamp_out\nx\nAvailable\n",
        "Hooks\n\nEventTypeDescriptionStatus\nLAMP_LITlamp_litWhen it is litWIP\nLAMP_OUTlamp_outXAvailable\n",
    ] {
        assert_eq!(events(page), ["event LAMP_LIT wip", "event LAMP_OUT available"]);
        let page = read(page.as_bytes()).expect("a page");
        assert_eq!(page.events[0].wire_type.as_deref(), Some("lamp_lit"));
    }
}

#[test]
fn run_together_rows_with_rare_types_and_blank_lines_between() {
    let page = "Hooks\n\nEventStatus\n\nLAMP_LITWIP\n\nLAMP_OUTWIP\n\nLAMP_LIT\n\n{\n\"id\": \"1\",\n\"at\": 5,\n\"kind\": \"x\"\n}\n\n\
                NameTypeDescription\n\nidstring | null\n\nattimestampWhen it was\n\nkindenum | nullWhich\n\n";
    assert_eq!(
        facts(page),
        "title Hooks\nevent LAMP_LIT wip\nevent LAMP_OUT wip\n\
         section \"LAMP_LIT\" [\"LAMP_LIT\"] id:string|null at:unknown kind:string|null\n\
         problem TypeUnknown: at: timestamp"
    );
}

#[test]
fn words_around_a_wire_type_are_no_wire_types() {
    let types = |description: &str| {
        let page = format!("{TABLE}## LAMP_LIT\n\n{MEMBERS}| type | string | {description} |\n");
        let page = read(page.as_bytes()).expect("a page");
        page.sections[0].wire_types.join(" ")
    };
    assert_eq!(types("One of event_types, e.g. \"lamp_lit\"."), "lamp_lit");
    assert_eq!(types("Always lamp_lit. Before v2 it was lamp_on."), "lamp_lit");
    assert_eq!(types("lamp_lit or lamp_out"), "lamp_lit lamp_out");
}

#[test]
fn a_table_may_be_made_of_any_elements_with_roles() {
    let row = |role: &str, cells: [&str; 3]| {
        let cells = cells.map(|cell| format!("<span role=\"{role}\">{cell}</span>")).concat();
        format!("<p role=\"row\">{cells}</p>")
    };
    let page = format!(
        "<h1>Hooks</h1><section role=\"table\">{}{}</section>",
        row("columnheader", ["Event", "Description", "Status"]),
        row("cell", ["LAMP_LIT", "x", "WIP"]),
    );
    assert_eq!(facts(&page), "title Hooks\nevent LAMP_LIT wip");
}

#[test]
fn versions_and_words_that_come_again_are_no_wire_types() {
    for column in ["v2.0", "real-time"] {
        let page = TABLE.replace("Description", "More").replace("| x |", &format!("| {column} |"));
        let page = read(page.as_bytes()).expect("a page");
        let types: Vec<_> = page.events.iter().map(|event| event.wire_type.clone()).collect();
        assert_eq!(types, [None, None], "{column}");
    }
}

#[test]
fn a_table_without_types_says_nothing_of_them() {
    let page =
        format!("{TABLE}## LAMP_LIT\n\n| Field | Description |\n| --- | --- |\n| id | x |\n");
    let page = read(page.as_bytes()).expect("a page");
    assert_eq!(page.sections[0].members[0].said, None);
}

#[test]
fn a_heading_in_other_words_is_that_of_the_only_event_it_can_mean() {
    for (heading, how) in [("The LAMP_OUT event in detail", "LAMP_OUT"), ("LAMPOUT", "LAMP_OUT")] {
        let page = format!("{TABLE}## LAMP_LIT\n\n{MEMBERS}\n## {heading}\n\n{MEMBERS}");
        assert!(
            facts(&page).contains(&format!("section {heading:?} [{how:?}] id:string")),
            "{}",
            facts(&page)
        );
        assert!(facts(&page).contains(&format!("problem HeadingMatchedLoosely: {how}")));
    }
    // What Markdown leaves of `LAMP_<LIT|OUT>`.
    for heading in ["LAMP\\_", "LAMP", "LAMP_<LIT|OUT>"] {
        let page = format!("{TABLE}## {heading}\n\n{MEMBERS}");
        assert!(
            facts(&page).contains("[\"LAMP_LIT\", \"LAMP_OUT\"] id:string"),
            "{}",
            facts(&page)
        );
    }
}

#[test]
fn a_heading_that_mentions_its_own_event_again_opens_no_section() {
    let page = format!("{TABLE}## LAMP_LIT\n\n## What LAMP_LIT holds\n\n{MEMBERS}");
    assert_eq!(
        facts(&page),
        "title Hooks\nevent LAMP_LIT available\nevent LAMP_OUT available\n\
         section \"LAMP_LIT\" [\"LAMP_LIT\"] id:string"
    );
}

#[test]
fn tables_with_bars_and_without_the_line_of_hyphens() {
    let expected = "title Hooks\nevent LAMP_LIT wip\nevent LAMP_OUT available\n\
                    section \"LAMP_LIT\" [\"LAMP_LIT\"] id:string level:number|null";
    let markdown = "# Hooks\n\n| Event | Status |\n| LAMP_LIT | WIP |\n| LAMP_OUT | Available |\n\n\
                    ## LAMP_LIT\n\n```\ncode\n```\n\nName | Type\nid | string\nlevel | number \\| null\n";
    let text = "Hooks\n\nEvent | Status\nLAMP_LIT | WIP\nLAMP_OUT | Available\n\n\
                LAMP_LIT\n\nevent = {\n  \"id\": \"1\",\n  \"level\": 2\n}\n\nName | Type | Description\nid | string | The id\nlevel | number | null | \n\n\
                On | off\n\ntext\n";
    let framed = "Hooks\n\n+----------+-----------+\n| Event    | Status    |\n+==========+===========+\n\
                  | LAMP_LIT | WIP       |\n+----------+-----------+\n| LAMP_OUT | Available |\n\
                  +----------+-----------+\n\nLAMP_LIT\n\n| Name | Type |\n| id | string |\n| level | number or null |\n";
    for page in [markdown, text, framed] {
        assert_eq!(facts(page), expected, "{page}");
    }
}

#[test]
fn a_page_that_a_table_arranges_is_read_inside_of_it() {
    let table = "<table><tr><th>Event</th><th>Status</th></tr><tr><td>LAMP_LIT</td><td>WIP</td></tr></table>";
    let members =
        "<table><tr><th>Name</th><th>Type</th></tr><tr><td>id</td><td>string</td></tr></table>";
    let page = format!(
        "<html><body><table><tr><td>Menu<td><h1>Hooks</h1>{table}<h2>LAMP_LIT</h2>{members}</td></tr></table>"
    );
    assert_eq!(
        facts(&page),
        "title Hooks\nevent LAMP_LIT wip\nsection \"LAMP_LIT\" [\"LAMP_LIT\"] id:string"
    );
}

#[test]
fn a_table_in_a_cell_is_text_of_its_row() {
    let inner = "<table><tr><td>on</td><td>off</td></tr></table>";
    let page = format!(
        "<html><body><h1>Hooks</h1><table><tr><th>Event</th><th>Status</th></tr><tr><td>LAMP_LIT</td><td>WIP</td></tr></table>\
         <h2>LAMP_LIT</h2><table><tr><th>Name</th><th>Type</th><th>Description</th></tr>\
         <tr><td>id</td><td>string</td><td>One of {inner}</td></tr><tr><td>level</td><td>number</td><td></td></tr></table></body></html>"
    );
    assert_eq!(
        facts(&page),
        "title Hooks\nevent LAMP_LIT wip\nsection \"LAMP_LIT\" [\"LAMP_LIT\"] id:string level:number"
    );
}
