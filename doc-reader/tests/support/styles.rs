//! One page in many layouts, none of which changes what it says: table styles,
//! dressed names, components, entities, attributes, spaces that nobody sees.

use super::support::{Cells, PageModel, SectionModel, html, markdown, plain};

/// A layout with its name.
pub(crate) type Style = (&'static str, fn(&PageModel) -> String);

/// How Markdown is written.
#[derive(Clone, Copy)]
struct Markdown {
    /// Columns in this order.
    order: [usize; 3],
    /// The first cell of a row.
    name: fn(&str) -> String,
    /// The second cell of a row of members, and the third of a row of events.
    kind: fn(&str) -> String,
    /// Descriptions.
    text: fn(&str) -> String,
    /// Text around the tables.
    paragraph: fn(&str) -> String,
    heading: fn(&SectionModel) -> String,
    example: fn(&str) -> String,
    table: fn(&[String], &[Vec<String>]) -> String,
    /// Whether members have a column that says which are required.
    required: bool,
    /// What stands around the body of a section.
    section: fn(&str) -> String,
}

const PLAIN: Markdown = Markdown {
    order: [0, 1, 2],
    name: escaped,
    kind: escaped,
    text: escaped,
    paragraph: escaped,
    required: false,
    heading: |section| format!("## {}", section.source.unwrap_or(section.heading)),
    example: |code| format!("```json\n{code}\n```"),
    table: pipes,
    section: str::to_owned,
};

fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('_', "\\_").replace('<', "\\<")
}

fn verbatim(text: &str) -> String {
    text.replace('|', "\\|")
}

fn pipes(columns: &[String], rows: &[Vec<String>]) -> String {
    let mut out = format!("| {} |\n|{}\n", columns.join(" | "), " --- |".repeat(columns.len()));
    for row in rows {
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    out
}

fn padded(columns: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| format!(" {cell:<40} ")).collect();
        format!("|{}|\n", cells.join("|"))
    };
    let mut out = line(columns);
    out.push_str(&format!("|{}\n", ":---------------:|".repeat(columns.len())));
    rows.iter().for_each(|row| out.push_str(&line(row)));
    out
}

fn without_frame(columns: &[String], rows: &[Vec<String>]) -> String {
    let mut out = format!("{}\n{}\n", columns.join(" | "), vec!["---"; columns.len()].join(" | "));
    for row in rows {
        // A row that ends in a bar has an empty cell there.
        out.push_str(&format!("{}\n", row.join(" | ")));
    }
    out
}

fn compact(columns: &[String], rows: &[Vec<String>]) -> String {
    let mut out = format!("|{}|\n|{}\n", columns.join("|"), ":-|".repeat(columns.len()));
    rows.iter().for_each(|row| out.push_str(&format!("|{}|\n", row.join("|"))));
    out
}

fn html_table(columns: &[String], rows: &[Vec<String>]) -> String {
    let cells = |tag: &str, row: &[String]| {
        let cells = row.iter().map(|cell| format!("      <{tag} align=\"left\">{cell}</{tag}>\n"));
        format!("    <tr>\n{}    </tr>\n", cells.collect::<String>())
    };
    let rows: String = rows.iter().map(|row| cells("td", row)).collect();
    format!(
        "<table class=\"wide\">\n  <thead>\n{}  </thead>\n\n  <tbody>\n{rows}  </tbody>\n</table>\n",
        cells("th", columns)
    )
}

fn block_table(columns: &[String], rows: &[Vec<String>]) -> String {
    let mut cells = serde_json::Map::new();
    for (at, column) in columns.iter().enumerate() {
        cells.insert(format!("h-{at}"), column.clone().into());
    }
    for (row, content) in rows.iter().enumerate() {
        for (at, cell) in content.iter().enumerate() {
            cells.insert(format!("{row}-{at}"), cell.replace("\\|", "|").into());
        }
    }
    let table = serde_json::json!({"data": cells, "cols": columns.len(), "rows": rows.len()});
    format!("[block:parameters]\n{table:#}\n[/block]\n")
}

fn entities(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('|', "&#124;")
        .replace('_', "&#95;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
        .replace('"', "&quot;")
        .replace(' ', "&nbsp;")
}

fn tags(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn render(page: &PageModel, style: &Markdown) -> String {
    let mut out = format!("# {}\n\n", page.title);
    for text in page.intro.iter().chain(&page.batch) {
        out.push_str(&format!("{}\n\n", (style.paragraph)(text)));
    }
    let table = |columns: [&str; 3], rows: &[[&str; 3]], kind: usize| {
        let ordered = |cells: [String; 3]| style.order.map(|at| cells[at].clone());
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                let mut cells = [(style.name)(row[0]), (style.text)(row[1]), (style.text)(row[2])];
                cells[kind] = (style.kind)(row[kind]);
                let may_lack = row[1].contains("null") || row[2].contains("ptional");
                let required = if may_lack { "No" } else { "Yes" };
                let required = (style.required && kind == 1).then(|| required.to_owned());
                ordered(cells).into_iter().chain(required).collect()
            })
            .collect();
        let required = (style.required && kind == 1).then(|| "Required".to_owned());
        let columns = ordered(columns.map(str::to_owned)).into_iter().chain(required);
        (style.table)(&columns.collect::<Vec<_>>(), &rows)
    };
    out.push_str(&table(["Webhook", "Description", "Status"], &page.events, 2));
    for section in &page.sections {
        out.push_str(&format!("\n{}\n\n", (style.heading)(section)));
        let mut body = String::new();
        if let Some(text) = section.text {
            body.push_str(&format!("{}\n\n", (style.paragraph)(text)));
        }
        if let Some(example) = section.example {
            body.push_str(&format!("{}\n\n", (style.example)(example)));
        }
        if !section.members.is_empty() {
            body.push_str(&table(["Name", "Type", "Description"], &section.members, 1));
        }
        out.push_str(&(style.section)(&body));
    }
    out
}

/// A table with one more column, which is empty.
fn with_empty_column(at: usize, heading: &str, columns: &[String], rows: &[Vec<String>]) -> String {
    let with = |cells: &[String], cell: &str| {
        let mut cells = cells.to_vec();
        cells.insert(at, cell.to_owned());
        cells
    };
    let rows: Vec<Vec<String>> = rows.iter().map(|row| with(row, "")).collect();
    pipes(&with(columns, heading), &rows)
}

/// A mark for each word that a note could explain, and the text as a note.
const FOOTNOTES: Markdown = Markdown {
    name: |text| format!("{}[^a]", escaped(text)),
    kind: |text| match text {
        "" => String::new(),
        text => format!("{}[^1]", escaped(text)),
    },
    text: |text| format!("{} [^a]", escaped(text)),
    paragraph: |text| format!("[^{}]\n\n[^{0}]: {}", text.len(), escaped(text)),
    heading: |section| format!("## {}[^a]", section.source.unwrap_or(section.heading)),
    ..PLAIN
};
const NOTES: &str = "\n[^a]:\n\n[^1]:\n";

/// Every layout.
pub(crate) const STYLES: &[Style] = &[
    ("markdown", markdown),
    ("html", html),
    ("run together", |page| plain(page, Cells::RunTogether)),
    ("one per line", |page| plain(page, Cells::OnePerLine)),
    ("tabs", |page| plain(page, Cells::Tabs)),
    ("carriage returns", |page| markdown(page).replace('\n', "\r\n")),
    ("byte order mark", |page| format!("\u{feff}{}", markdown(page))),
    ("front matter", |page| {
        format!("---\ntitle: {}\nhidden: false\n---\n\n{}", page.title, markdown(page))
    }),
    ("spaces that do not break", |page| {
        let style = Markdown { text: |text| escaped(text).replace(' ', "\u{a0}"), ..PLAIN };
        render(page, &style)
    }),
    ("spaces of no width", |page| {
        let name = |text: &str| escaped(text).replace('_', "_\u{200b}").replace('.', ".\u{2060}");
        let heading = |section: &SectionModel| {
            format!("## \u{feff}{}\u{200b}", section.source.unwrap_or(section.heading))
        };
        render(page, &Markdown { name, heading, ..PLAIN })
    }),
    ("padded tables", |page| render(page, &Markdown { table: padded, ..PLAIN })),
    ("compact tables", |page| render(page, &Markdown { table: compact, ..PLAIN })),
    ("tables without a frame", |page| render(page, &Markdown { table: without_frame, ..PLAIN })),
    ("tables in blocks", |page| render(page, &Markdown { table: block_table, ..PLAIN })),
    ("tables in HTML", |page| {
        let style = Markdown { table: html_table, name: tags, kind: tags, text: tags, ..PLAIN };
        render(page, &style)
    }),
    ("names as code", |page| {
        render(page, &Markdown { name: |text| format!("`{}`", verbatim(text)), ..PLAIN })
    }),
    ("types as code", |page| {
        let kind = |text: &str| match text {
            "" => String::new(),
            text => format!("`{}`", verbatim(text)),
        };
        render(page, &Markdown { kind, ..PLAIN })
    }),
    ("names in bold, types in italics", |page| {
        let name = |text: &str| format!("**{}**", escaped(text));
        let kind = |text: &str| format!("*{}*", escaped(text));
        render(page, &Markdown { name, kind, ..PLAIN })
    }),
    ("names as links", |page| {
        let name = |text: &str| format!("[`{text}`](https://docs.example/{text}#x \"{text}\")");
        render(page, &Markdown { name, ..PLAIN })
    }),
    ("entities", |page| {
        let style = Markdown { name: entities, kind: entities, text: entities, ..PLAIN };
        render(page, &style)
    }),
    ("columns in another order", |page| render(page, &Markdown { order: [2, 0, 1], ..PLAIN })),
    ("columns the other way round", |page| render(page, &Markdown { order: [2, 1, 0], ..PLAIN })),
    ("headings as code", |page| {
        let heading = |section: &SectionModel| format!("### `{}`", section.heading);
        render(page, &Markdown { heading, ..PLAIN })
    }),
    ("headings underlined", |page| {
        let heading = |section: &SectionModel| {
            format!("{}\n-----------", section.source.unwrap_or(section.heading))
        };
        render(page, &Markdown { heading, ..PLAIN })
    }),
    ("headings with an anchor", |page| {
        let heading = |section: &SectionModel| {
            format!("<a id=\"x\"></a>\n\n## {} [#](#x)", section.source.unwrap_or(section.heading))
        };
        render(page, &Markdown { heading, ..PLAIN })
    }),
    ("headings of HTML", |page| {
        let heading =
            |section: &SectionModel| format!("<h2 id=\"x\">{}</h2>", tags(section.heading));
        render(page, &Markdown { heading, ..PLAIN })
    }),
    ("fences of tildes", |page| {
        let example = |code: &str| format!("~~~~json title=\"Example\"\n{code}\n~~~~");
        render(page, &Markdown { example, ..PLAIN })
    }),
    ("examples without a language", |page| {
        render(page, &Markdown { example: |code| format!("```\n{code}\n```"), ..PLAIN })
    }),
    ("examples in an accordion", |page| {
        let example = |code: &str| {
            let code = code.replace('\n', "\n    ");
            format!(
                "<Accordion title=\"Example\" icon={{\"code\"}} defaultOpen>\n    ```json Example wrap\n    {code}\n    ```\n</Accordion>"
            )
        };
        render(page, &Markdown { example, ..PLAIN })
    }),
    ("examples in tabs", |page| {
        let example = |code: &str| {
            format!("<Tabs>\n  <Tab title=\"JSON\">\n```json\n{code}\n```\n  </Tab>\n</Tabs>")
        };
        render(page, &Markdown { example, ..PLAIN })
    }),
    ("examples in details", |page| {
        let example = |code: &str| {
            format!(
                "<details open>\n<summary>Example</summary>\n\n```json\n{code}\n```\n\n</details>"
            )
        };
        render(page, &Markdown { example, ..PLAIN })
    }),
    ("sections in components", |page| {
        let section = |body: &str| {
            format!("<Panel theme='dark' columns={{2}}>\n\n{body}\n</Panel>\n\n<Divider />\n")
        };
        render(page, &Markdown { section, ..PLAIN })
    }),
    ("examples behind a caption", |page| {
        let example = |code: &str| format!("**Example:**\n\n```json\n{code}\n```");
        render(page, &Markdown { example, ..PLAIN })
    }),
    ("names with a badge, statuses in components", |page| {
        let kind = |text: &str| match text {
            "Available" | "WIP" => format!("<Badge color=\"green\">{text}</Badge>"),
            text => escaped(text),
        };
        render(page, &Markdown { kind, ..PLAIN })
    }),
    ("statuses with a sign", |page| {
        let kind = |text: &str| match text {
            "Available" => "✅ **Available**".to_owned(),
            "WIP" => "🚧 WIP".to_owned(),
            text => escaped(text),
        };
        render(page, &Markdown { kind, ..PLAIN })
    }),
    ("statuses as images", |page| {
        let kind = |text: &str| match text {
            "Available" | "WIP" => format!("![{text}](https://badge.example/{text}.svg)"),
            text => escaped(text),
        };
        render(page, &Markdown { kind, ..PLAIN })
    }),
    ("descriptions with links and bold words", |page| {
        let text = |text: &str| match text.split_once(' ') {
            Some((first, rest)) => match rest.split_once(' ') {
                Some((second, rest)) => format!(
                    "**{}** [{}](/x \"y\") {}",
                    escaped(first),
                    escaped(second),
                    escaped(rest)
                ),
                None => escaped(text),
            },
            None => escaped(text),
        };
        render(page, &Markdown { text, paragraph: text, ..PLAIN })
    }),
    ("text in quotes", |page| {
        render(page, &Markdown { paragraph: |text| format!("> {}", escaped(text)), ..PLAIN })
    }),
    ("text in nested lists", |page| {
        let paragraph = |text: &str| format!("- &nbsp;\n  - {}\n\n<!-- end -->", escaped(text));
        render(page, &Markdown { paragraph, ..PLAIN })
    }),
    ("text in callouts", |page| {
        let paragraph = |text: &str| {
            format!("<Callout icon=\"🚧\" theme=\"warn\">\n  {}\n</Callout>", escaped(text))
        };
        render(page, &Markdown { paragraph, ..PLAIN })
    }),
    ("a column of what is required", |page| render(page, &Markdown { required: true, ..PLAIN })),
    ("a column of notes without any", |page| {
        let table = |columns: &[String], rows: &[Vec<String>]| {
            with_empty_column(columns.len(), "Notes", columns, rows)
        };
        render(page, &Markdown { table, ..PLAIN })
    }),
    ("a column of defaults without any", |page| {
        let table = |columns: &[String], rows: &[Vec<String>]| {
            with_empty_column(2, "Default", columns, rows)
        };
        render(page, &Markdown { table, ..PLAIN })
    }),
    ("a first column without a heading", |page| {
        let table =
            |columns: &[String], rows: &[Vec<String>]| with_empty_column(0, "", columns, rows);
        render(page, &Markdown { table, ..PLAIN })
    }),
    ("quoted words as code", |page| {
        let text = |text: &str| {
            let words = text.split('\'').enumerate();
            let coded = words.map(|(at, word)| match at % 2 {
                0 => escaped(word),
                _ => format!("`{word}`"),
            });
            // An apostrophe is no quotation mark.
            match text.matches('\'').count() % 2 {
                0 => coded.collect(),
                _ => escaped(text),
            }
        };
        render(page, &Markdown { text, ..PLAIN })
    }),
    ("footnotes", |page| format!("{}{NOTES}", render(page, &FOOTNOTES))),
    ("footnotes and tables in HTML", |page| {
        let table = |columns: &[String], rows: &[Vec<String>]| {
            let note = "<sup><a href=\"#a\">1</a></sup>";
            html_table(columns, rows).replace("</td>", &format!("{note}</td>"))
        };
        let style = Markdown { table, name: tags, kind: tags, text: tags, ..FOOTNOTES };
        format!("{}{NOTES}", render(page, &style))
    }),
    ("footnotes of HTML in Markdown", |page| {
        let text = |text: &str| format!("{}<sup>[1](#a)</sup>", escaped(text));
        render(page, &Markdown { text, paragraph: text, ..PLAIN })
    }),
    ("HTML with footnotes", |page| {
        let note = "<sup id=\"ref-1\"><a href=\"#note-1\">1</a></sup>";
        ["</td>", "</p>", "</h2>"]
            .iter()
            .fold(html(page), |text, end| text.replace(end, &format!("{note}{end}")))
    }),
    ("imports", |page| format!("import {{ Tab }} from '/snippets/tab.mdx';\n\n{}", markdown(page))),
    ("comments", |page| {
        let section = |body: &str| {
            format!("<!-- DOOR_OPENED | not shown -->\n\n{{/* nor this */}}\n\n{body}")
        };
        render(page, &Markdown { section, ..PLAIN })
    }),
    ("sections in another order", |page| {
        let mut page = page.clone();
        page.sections.reverse();
        markdown(&page)
    }),
    ("HTML on one line", |page| {
        // Code keeps its lines.
        let text = html(page);
        let parts =
            text.split("<pre>").enumerate().map(|(at, part)| match part.split_once("</pre>") {
                Some((code, rest)) if at > 0 => {
                    format!("<pre>{code}</pre>{}", rest.replace('\n', ""))
                }
                _ => part.replace('\n', ""),
            });
        parts.collect()
    }),
    ("HTML with attributes", |page| {
        html(page)
            .replace("<td ", "<td class='cell' data-x=\"a > b\" colspan=1 ")
            .replace("<tr>", "<tr class=\"row\" hidden=false>")
            .replace("<h2 ", "<h2 data-id='1' tabindex=-1 ")
            .replace("<p>", "<p dir=auto class=\"m-0\">")
    }),
    ("HTML in capitals", |page| {
        ["table", "thead", "tbody", "tr", "td", "th", "h1", "h2", "pre", "p"].iter().fold(
            html(page),
            |text, tag| {
                let upper = tag.to_ascii_uppercase();
                text.replace(&format!("<{tag}>"), &format!("<{upper}>"))
                    .replace(&format!("<{tag} "), &format!("<{upper} "))
                    .replace(&format!("</{tag}>"), &format!("</{upper}>"))
            },
        )
    }),
    ("HTML with marked up cells", |page| {
        html(page)
            .replace("<td style=\"text-align:left\">", "<td>\n  <p><span>")
            .replace("</td>", "</span></p>\n</td>")
    }),
    ("HTML with entities", |page| {
        // Attributes and scripts have underscores of their own.
        html(page).replace("_", "&#x5f;").replace('\'', "&rsquo;")
    }),
    ("HTML of elements with roles", |page| {
        [
            ("<table>", "<div role=\"table\">"),
            ("</table>", "</div>"),
            ("<thead>", "<div>"),
            ("</thead>", "</div>"),
            ("<tbody>", "<div>"),
            ("</tbody>", "</div>"),
            ("<tr>", "<div role=\"row\">"),
            ("</tr>", "</div>"),
            ("<th style", "<span role=\"columnheader\" style"),
            ("</th>", "</span>"),
            ("<td style", "<span role=\"cell\" style"),
            ("</td>", "</span>"),
        ]
        .iter()
        .fold(html(page), |text, (from, to)| text.replace(from, to))
    }),
    ("copied text with carriage returns and spaces that do not break", |page| {
        plain(page, Cells::Tabs).replace('\n', "\r\n").replace(' ', "\u{a0}")
    }),
    ("copied text with bars", |page| {
        // Examples have tabs of their own.
        let text = plain(page, Cells::Tabs);
        let lines = text.lines().map(|line| match line.starts_with('\t') {
            true => format!("{line}\n"),
            false => format!("{}\n", line.replace('\t', " | ")),
        });
        lines.collect()
    }),
    ("copied text with bars around its rows", |page| {
        let text = plain(page, Cells::Tabs);
        let lines = text.lines().map(|line| match line.starts_with('\t') || !line.contains('\t') {
            true => format!("{line}\n"),
            false => format!("| {} |\n", line.replace('\t', " | ")),
        });
        lines.collect()
    }),
    ("run together, without empty lines at the end", |page| {
        plain(page, Cells::RunTogether).trim_end().to_owned()
    }),
];
