//! The report as one HTML page: no script, no network, no other file. Light and dark as the reader has it, and light on paper.
//!
//! Whatever comes from a log passes [`safe`]: the page's elements are the same whatever the logs say.

mod style;

use super::charts::Chart;
use super::outline::{self, Block, Item, Mark};
use super::{Report, svg};
use crate::ui::text::Shown;

/// What a browser may load for the page: nothing but the style in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

pub(super) fn render(report: &Report) -> String {
    let mut page = Page { out: String::new(), open: false, charts: 0 };
    let span = report.span.as_ref().map_or_else(String::new, |span| format!(": {} to {}", span.from, span.to));
    page.out.push_str(&format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <title>why503 report{}</title>\n<style>\n{}</style>\n</head>\n<body>\n<header>\n<h1>why503 report</h1>\n",
        safe(&span),
        style::sheet()
    ));
    for line in outline::head(report) {
        page.out.push_str(&format!("<p>{}</p>\n", safe(&line)));
    }
    page.out.push_str("</header>\n<main>\n");
    for block in outline::of(report) {
        page.block(&block);
    }
    page.close();
    page.out.push_str("</main>\n</body>\n</html>\n");
    page.out
}

/// Text for an element or a quoted attribute: nothing in it is obeyed by a browser, or overlooked by a reader.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in Shown::from_str(text).as_str().chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

struct Page {
    out: String,
    /// A section is open.
    open: bool,
    charts: usize,
}

impl Page {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.push("</section>\n");
        }
    }

    fn block(&mut self, block: &Block<'_>) {
        match block {
            Block::Title(text) => {
                self.close();
                self.open = true;
                self.push(&format!("<section>\n<h2>{}</h2>\n", safe(text)));
            }
            Block::Finding(number, mark, text) => {
                let badge = badge(*mark);
                self.push(&format!("<h3 id=\"finding{number}\">{badge}{number}. {}</h3>\n", safe(text)));
            }
            Block::Label(text) => self.push(&format!("<h4>{}</h4>\n", safe(text))),
            Block::Text(mark, text) => self.push(&format!("<p>{}{}</p>\n", badge(*mark), safe(text))),
            Block::List(items) => {
                self.push("<ul>\n");
                for item in items {
                    self.item(item);
                }
                self.push("</ul>\n");
            }
            Block::Table(head, rows) => self.table(head, rows),
            Block::Commands(lines) => lines.iter().for_each(|line| self.command(line)),
            Block::Lines(lines) => {
                self.push("<ol class=\"lines\">\n");
                for line in lines {
                    self.push(&format!("<li><code>{}</code></li>\n", safe(line)));
                }
                self.push("</ol>\n");
            }
            Block::Chart(chart) => self.chart(chart),
        }
    }

    fn item(&mut self, item: &Item) {
        let text = safe(&item.text);
        self.push("<li>");
        match item.to {
            Some(number) => self.push(&format!("<a href=\"#finding{number}\">{text}</a>")),
            None => self.push(&text),
        }
        if let Some(command) = &item.command {
            self.command(command);
        }
        if let Some(caution) = item.caution {
            self.push(&format!("<p><strong>Mind:</strong> {}</p>", safe(caution)));
        }
        self.push("</li>\n");
    }

    fn command(&mut self, command: &str) {
        self.push(&format!("<pre><code>{}</code></pre>\n", safe(command)));
    }

    fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        self.push("<div class=\"wide\"><table>\n<thead><tr>");
        for name in head {
            self.push(&format!("<th scope=\"col\">{}</th>", safe(name)));
        }
        self.push("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.push("<tr>");
            for (place, cell) in row.iter().enumerate() {
                let number = !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit());
                let text = safe(cell);
                self.push(&match (place, number) {
                    (0, _) => format!("<th scope=\"row\">{text}</th>"),
                    (_, true) => format!("<td class=\"number\">{text}</td>"),
                    (_, false) => format!("<td>{text}</td>"),
                });
            }
            self.push("</tr>\n");
        }
        self.push("</tbody>\n</table></div>\n");
    }

    fn chart(&mut self, chart: &Chart) {
        self.charts += 1;
        let (from, to) = (chart.span.0.rfc3339(), chart.span.1.rfc3339());
        let told = safe(&told(chart));
        let title = format!("{}, {from} to {to}. {told}", safe(&format!("{}: {}", chart.name, chart.unit)));
        self.push(&format!(
            "<figure>\n<figcaption><strong>{}</strong>: {}. {told}</figcaption>\n{}\n\
             <p class=\"axis\"><span>{from}</span><span>{to}</span></p>\n</figure>\n",
            safe(&chart.name),
            safe(chart.unit),
            svg::render(chart, &title, self.charts)
        ));
    }
}

/// What a chart shows, in words: colour and shape are never the only sign.
fn told(chart: &Chart) -> String {
    let most = chart.columns.iter().filter_map(|column| column.value).reduce(f64::max);
    let mut parts = vec![most.map_or_else(|| String::from("no value is known"), |most| format!("at most {}", number(most)))];
    for (place, (limit, name)) in chart.limits.iter().enumerate() {
        let line = if place == 0 { "dashed line" } else { "dotted line" };
        parts.push(format!("{name} at {} ({line})", number(*limit)));
    }
    parts.push(format!("scale 0 to {}", number(svg::top(chart))));
    let away: u64 = chart.columns.iter().map(|column| column.turned_away).sum();
    if away > 0 {
        parts.push(format!("{away} turned away (blocks below the line)"));
    }
    if chart.columns.iter().any(|column| column.missing) {
        parts.push(String::from("hatched: missing in the recording"));
    }
    format!("{}.", parts.join("; "))
}

fn number(value: f64) -> String {
    if value >= 100.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

fn badge(mark: Mark) -> String {
    match mark.word() {
        "" => String::new(),
        word => format!("<strong class=\"badge {word}\">{word}</strong> "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_opens_an_element_ends_an_attribute_or_turns_the_line_round() {
        let text = safe("<script>\"&amp;'\u{202e}\u{0}\n</title>");
        assert_eq!(text, "&lt;script&gt;&quot;&amp;amp;&#39;&lt;U+202E&gt;\\x00\\n&lt;/title&gt;");
    }
}
