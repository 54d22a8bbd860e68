//! One page model and its renderings, so that the fixtures agree by
//! construction.
//!
//! The page documents the same events as spektr's, in this project's words, and
//! has the same flaws: examples that are no valid JSON, a heading that lost its
//! underscores, members without their prefix, a wire type copied from another
//! event.

pub(crate) mod webhooks;

/// A documentation page before it is rendered.
#[derive(Clone)]
pub(crate) struct PageModel {
    pub(crate) title: &'static str,
    pub(crate) intro: Vec<&'static str>,
    pub(crate) batch: Option<&'static str>,
    pub(crate) events: Vec<[&'static str; 3]>,
    pub(crate) sections: Vec<SectionModel>,
}

/// The section of one event.
#[derive(Clone)]
pub(crate) struct SectionModel {
    /// The heading as the page shows it.
    pub(crate) heading: &'static str,
    /// The heading as its author wrote it, where Markdown spoils it.
    pub(crate) source: Option<&'static str>,
    pub(crate) text: Option<&'static str>,
    pub(crate) example: Option<&'static str>,
    /// Name, type, description.
    pub(crate) members: Vec<[&'static str; 3]>,
}

const NAVIGATION: [&str; 3] = ["Home", "Guides", "Sign in"];
const EVENT_COLUMNS: [&str; 3] = ["Webhook", "Description", "Status"];
const MEMBER_COLUMNS: [&str; 3] = ["Name", "Type", "Description"];

/// Markdown with pipe tables.
pub(crate) fn markdown(page: &PageModel) -> String {
    let mut out = format!("# {}\n\n", page.title);
    for text in page.intro.iter().chain(&page.batch) {
        out.push_str(&format!("{text}\n\n"));
    }
    let table = |out: &mut String, columns: [&str; 3], rows: &[[&str; 3]]| {
        out.push_str(&format!("| {} |\n| --- | --- | --- |\n", columns.join(" | ")));
        for row in rows {
            let cells = row.map(|cell| cell.replace('|', "\\|").replace('_', "\\_"));
            out.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        out.push('\n');
    };
    table(&mut out, EVENT_COLUMNS, &page.events);
    for section in &page.sections {
        out.push_str(&format!("## {}\n\n", section.source.unwrap_or(section.heading)));
        if let Some(text) = section.text {
            out.push_str(&format!("{text}\n\n"));
        }
        if let Some(example) = section.example {
            out.push_str(&format!("```json\n{example}\n```\n\n"));
        }
        if !section.members.is_empty() {
            table(&mut out, MEMBER_COLUMNS, &section.members);
        }
    }
    out
}

/// HTML as a browser saves it: navigation, scripts and wrappers all around.
pub(crate) fn html(page: &PageModel) -> String {
    let mut out = format!(
        "<!DOCTYPE html>\n<!-- saved from url=(0024)https://docs.example/hooks -->\n<html lang=\"en\"><head>\
         <meta charset=\"utf-8\"><title>{}</title>\n<style>.a > b {{ color: red }}</style>\n\
         <script id=\"props\" type=\"application/json\">{{\"doc\":\"<h2>NOT_A_SECTION</h2><table>\"}}</script>\n\
         </head><body><div id=\"root\"><nav class=\"top\"><ul>",
        escape(page.title)
    );
    for item in NAVIGATION {
        out.push_str(&format!("<li><a href=\"#\">{item}</a>"));
    }
    out.push_str("</ul></nav><nav class=\"side\"><h2>ON THIS PAGE</h2>");
    for section in &page.sections {
        out.push_str(&format!("<a href=\"#x\">{}</a>", escape(section.heading)));
    }
    out.push_str("</nav><main><article><header id=\"head\"><h1>");
    out.push_str(&format!("{}</h1></header><div class=\"body\">\n", escape(page.title)));
    for text in page.intro.iter().chain(&page.batch) {
        out.push_str(&format!("<p>{}</p>\n", escape(text)));
    }
    let table = |out: &mut String, columns: [&str; 3], rows: &[[&str; 3]]| {
        out.push_str("<div class=\"table\"><div><table>\n<thead><tr>");
        for column in columns {
            out.push_str(&format!("<th style=\"text-align:left\">{column}</th>"));
        }
        out.push_str("</tr></thead>\n<tbody>");
        for row in rows {
            out.push_str("<tr>");
            for cell in row {
                out.push_str(&format!("<td style=\"text-align:left\">{}</td>", escape(cell)));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody></table></div></div>\n");
    };
    table(&mut out, EVENT_COLUMNS, &page.events);
    for section in &page.sections {
        let heading = match section.source {
            // The underscores became emphasis.
            Some(_) => escape(section.heading).replace("TAG", "<em>TAG</em>"),
            None => escape(section.heading),
        };
        out.push_str(&format!(
            "<h2 class=\"heading\"><div class=\"anchor\" id=\"x\"></div><div class=\"text\">{heading}</div>\
             <a aria-label=\"Skip link\" href=\"#x\"></a></h2>\n"
        ));
        if let Some(text) = section.text {
            out.push_str(&format!("<p>{}</p>\n", escape(text)));
        }
        if let Some(example) = section.example {
            let lines: Vec<String> = example
                .lines()
                .map(|line| format!("<span class=\"cm\">{}</span>", escape(line)))
                .collect();
            out.push_str(&format!(
                "<div class=\"tabs\"><div><button type=\"button\">JSON</button></div><pre><button>Copy</button>\
                 <code class=\"lang-json\">{}</code></pre></div>\n",
                lines.join("\n")
            ));
        }
        if !section.members.is_empty() {
            table(&mut out, MEMBER_COLUMNS, &section.members);
        }
    }
    out.push_str("</div></article></main><footer><p>Was this page helpful?</p></footer></div></body></html>\n");
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// How copied text separates the cells of a table.
#[derive(Clone, Copy)]
pub(crate) enum Cells {
    RunTogether,
    OnePerLine,
    Tabs,
}

/// Text as somebody copies it out of a browser.
pub(crate) fn plain(page: &PageModel, cells: Cells) -> String {
    let mut out = format!("{}\n{}\n\n{}\n\n", NAVIGATION[..2].concat(), NAVIGATION[2], page.title);
    for text in page.intro.iter().chain(&page.batch) {
        out.push_str(&format!("{text}\n\n"));
    }
    let table = |out: &mut String, columns: [&str; 3], rows: &[[&str; 3]]| {
        for row in std::iter::once(&columns).chain(rows) {
            let line = match cells {
                Cells::RunTogether => row.concat(),
                Cells::Tabs => row.join("\t"),
                // An empty cell leaves no line.
                Cells::OnePerLine => row
                    .iter()
                    .copied()
                    .filter(|cell| !cell.is_empty())
                    .collect::<Vec<_>>()
                    .join("\n"),
            };
            out.push_str(&format!("{line}\n"));
        }
        out.push('\n');
    };
    table(&mut out, EVENT_COLUMNS, &page.events);
    for section in &page.sections {
        out.push_str(&format!("{}\n\n", section.heading));
        if let Some(text) = section.text {
            out.push_str(&format!("{text}\n\n"));
        }
        if let Some(example) = section.example {
            out.push_str(&format!("{example}\n"));
        }
        if !section.members.is_empty() {
            table(&mut out, MEMBER_COLUMNS, &section.members);
        }
    }
    out
}

/// Every rendering with its name.
pub(crate) fn renderings(page: &PageModel) -> [(&'static str, String); 5] {
    [
        ("webhooks.md", markdown(page)),
        ("webhooks.html", html(page)),
        ("webhooks.run-together.txt", plain(page, Cells::RunTogether)),
        ("webhooks.one-per-line.txt", plain(page, Cells::OnePerLine)),
        ("webhooks.tabs.txt", plain(page, Cells::Tabs)),
    ]
}
