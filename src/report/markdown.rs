//! The report as Markdown, to paste into a ticket.
//!
//! Words that Markdown, or whoever shows it, might take for more than words stand in code spans: in these nothing is obeyed but
//! the backticks that end them.

use super::Report;
use super::outline::{self, Block, Item, Mark};
use crate::ui::text::Shown;

pub(super) fn render(report: &Report) -> String {
    let mut out = String::from("# why503 report\n");
    for line in outline::head(report) {
        out.push_str(&format!("\n{}\n", prose(&line)));
    }
    for block in outline::of(report) {
        write(&block, &mut out);
    }
    out
}

fn write(block: &Block<'_>, out: &mut String) {
    match block {
        Block::Title(text) => out.push_str(&format!("\n## {text}\n")),
        Block::Finding(number, _, text) => out.push_str(&format!("\n### Finding {number}: {}\n", prose(text))),
        Block::Label(text) => out.push_str(&format!("\n**{text}**\n")),
        Block::Text(Mark::Plain, text) => out.push_str(&format!("\n{}\n", prose(text))),
        Block::Text(mark, text) => out.push_str(&format!("\n**{}:** {}\n", mark.word(), prose(text))),
        Block::List(items) => {
            out.push('\n');
            for item in items {
                entry(item, out);
            }
        }
        Block::Table(head, rows) => table(head, rows, out),
        Block::Commands(lines) => fence(lines, "", out),
        Block::Lines(lines) => fence(lines, "", out),
        Block::Chart(_) => {}
    }
}

fn entry(item: &Item, out: &mut String) {
    out.push_str(&format!("- {}\n", prose(&item.text)));
    if let Some(command) = &item.command {
        fence(std::slice::from_ref(command), "  ", out);
        out.push('\n');
    }
    if let Some(caution) = item.caution {
        out.push_str(&format!("  **Mind:** {}\n", prose(caution)));
    }
}

fn table(head: &[&str], rows: &[Vec<String>], out: &mut String) {
    out.push_str(&format!("\n| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len())));
    for row in rows {
        // Readers of tables do not agree how a bar is told from the end of a cell.
        let cells = row.iter().map(|cell| prose(&Shown::from_str(cell).as_str().replace('|', r"\x7c")));
        out.push_str(&format!("| {} |\n", cells.collect::<Vec<_>>().join(" | ")));
    }
}

/// Lines as they are, between fences that are longer than any run of backticks in them.
fn fence(lines: &[String], indent: &str, out: &mut String) {
    let shown: Vec<String> = lines.iter().map(|line| Shown::from_str(line).as_str().to_owned()).collect();
    let longest = shown.iter().map(|line| backticks(line)).max().unwrap_or(0);
    let ticks = "`".repeat((longest + 1).max(3));
    out.push_str(&format!("\n{indent}{ticks}text\n"));
    for line in shown {
        out.push_str(&format!("{indent}{line}\n"));
    }
    out.push_str(&format!("{indent}{ticks}\n"));
}

/// The longest run of backticks.
fn backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A sentence in one line: words as they are, single marks behind a backslash, all else in code spans.
fn prose(text: &str) -> String {
    let shown = Shown::from_str(text);
    let mut parts: Vec<(bool, String)> = Vec::new();
    for (place, word) in shown.as_str().split(' ').filter(|word| !word.is_empty()).enumerate() {
        let plain = if place == 0 { begins_plainly(word) } else { is_plain(word) };
        let mark = place > 0 && word.len() == 1 && "&<>#*~".contains(word);
        let word = if mark { format!("\\{word}") } else { word.to_owned() };
        match parts.last_mut() {
            Some((last, text)) if *last == (plain || mark) => text.extend([" ", &word]),
            _ => parts.push((plain || mark, word)),
        }
    }
    let parts = parts.into_iter().map(|(plain, text)| if plain { text } else { code_within(&text) });
    parts.collect::<Vec<_>>().join(" ")
}

/// Nothing in it is anything but a letter, a digit, or a mark that no reader of Markdown obeys within a line.
fn is_plain(word: &str) -> bool {
    let harmless = |c: char| c.is_alphanumeric() || ".,;:()%+-/'\"?×÷…–≤≥".contains(c);
    let is_link = || {
        let small = word.to_ascii_lowercase();
        small.contains("://") || small.contains("www.") || small.starts_with("//") || small.contains("mailto:")
    };
    word == "=" || word.chars().all(harmless) && !is_link()
}

/// The same of a word that begins a line: a line of nothing but marks is a rule, or makes a heading of the line above it.
fn begins_plainly(word: &str) -> bool {
    is_plain(word) && word.chars().any(char::is_alphanumeric) && !begins_a_list(word)
}

/// `1.` or `2)`
fn begins_a_list(word: &str) -> bool {
    word.strip_suffix(['.', ')']).is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit())) || word.starts_with(['-', '+'])
}

/// A code span between the marks of the sentence that it stands in: `(`, and `.` or `),`.
fn code_within(text: &str) -> String {
    let (open, mut core) = text.strip_prefix('(').map_or(("", text), |rest| ("(", rest));
    while let Some(last) = core.chars().next_back() {
        let is_closed = core.matches(')').count() <= core.matches('(').count();
        match core.strip_suffix(last) {
            Some(rest) if ".,;:".contains(last) || last == ')' && !is_closed => core = rest,
            _ => break,
        }
    }
    if core.trim().is_empty() {
        return code(text);
    }
    let close = text.get(open.len() + core.len()..).unwrap_or_default();
    format!("{open}{}{close}", code(core))
}

/// A code span, whatever backticks are in the text.
fn code(text: &str) -> String {
    let ticks = "`".repeat(backticks(text) + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{space}{text}{space}{ticks}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words_and_all_else_is_code() {
        for (text, wanted) in [
            ("812 clients turned away with 503.2", "812 clients turned away with 503.2"),
            ("see N_Connections_Refused, twice", "see `N_Connections_Refused`, twice"),
            ("in use (64 %) and a & b", r"in use (64 %) and a \& b"),
            ("(a_b and c_d(e)).", "(`a_b` and `c_d(e)`)."),
            ("(a_b) = x_y:", "(`a_b`) = `x_y`:"),
            ("<b>x</b> & `tick`", r"`<b>x</b>` \& `` `tick` ``"),
            ("https://a.example www.b.example a@c.example", "`https://a.example www.b.example a@c.example`"),
            ("1. not a list", "`1`. not a list"),
            ("- - -", "`-` - -"),
            ("a\n# b", "`a\\n#` b"),
        ] {
            assert_eq!(prose(text), wanted);
        }
    }
}
