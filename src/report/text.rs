//! The report as text, for a person at a console.

use super::Report;
use super::outline::{self, Block, Item, Mark};
use crate::ui::text::{Charset, Shown};

/// Columns to wrap at.
const WIDTH: usize = 100;

pub(super) fn render(report: &Report, ascii: bool) -> String {
    let charset = if ascii { Charset::Ascii } else { Charset::Unicode };
    let mut page = Page { out: String::new(), charset };
    for line in outline::head(report) {
        page.line(&line);
    }
    for block in outline::of(report) {
        page.block(&block);
    }
    page.out
}

struct Page {
    out: String,
    charset: Charset,
}

impl Page {
    /// A line of the page. Everything passes here, so nothing of a log reaches the terminal as it stands.
    fn line(&mut self, text: &str) {
        let shown = Shown::from_str(text).in_charset(self.charset);
        self.out.push_str(shown.as_str());
        self.out.push('\n');
    }

    fn block(&mut self, block: &Block<'_>) {
        match block {
            Block::Title(text) => {
                self.out.push('\n');
                self.line(text);
                self.line(&"-".repeat(text.chars().count()));
            }
            Block::Finding(number, mark, text) => {
                self.out.push('\n');
                self.wrapped(mark.sign(), &format!("{number}. {text}"));
            }
            Block::Label(text) => self.line(&format!("   {text}:")),
            Block::Text(Mark::Plain, text) => self.wrapped("   ", text),
            Block::Text(mark, text) => self.wrapped(mark.sign(), text),
            Block::List(items) => items.iter().for_each(|item| self.item(item)),
            Block::Table(head, rows) => rows.iter().for_each(|row| self.row(head, row)),
            Block::Commands(lines) => lines.iter().for_each(|line| self.line(&format!("     {line}"))),
            Block::Lines(lines) => lines.iter().for_each(|line| self.line(&format!("   > {line}"))),
            Block::Chart(_) => {}
        }
    }

    fn item(&mut self, item: &Item) {
        self.wrapped("   * ", &item.text);
        if let Some(command) = &item.command {
            self.line(&format!("       {command}"));
        }
        if let Some(caution) = item.caution {
            self.wrapped("     Mind: ", caution);
        }
    }

    /// `name: what it is; what else it is`
    fn row(&mut self, head: &[&str], row: &[String]) {
        let Some((name, cells)) = row.split_first() else { return };
        let told = head.iter().skip(1).zip(cells).filter(|(_, cell)| !cell.is_empty());
        // Of two columns, the second needs no name.
        let named = |head: &str| if row.len() > 2 { format!("{head} ") } else { String::new() };
        let told: Vec<String> = told.map(|(head, cell)| named(head) + cell).collect();
        self.wrapped("   ", &format!("{name}: {}", told.join("; ")));
    }

    /// Wraps a text; `mark` stands before its first line, and its width before the others.
    fn wrapped(&mut self, mark: &str, text: &str) {
        let rest = " ".repeat(mark.chars().count());
        let mut indent = mark;
        let mut line = String::new();
        for word in text.split(' ') {
            if !line.is_empty() && line.chars().count() + word.chars().count() + 1 > WIDTH - indent.len() {
                self.line(&format!("{indent}{line}"));
                line.clear();
                indent = &rest;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(&format!("{indent}{line}"));
    }
}
