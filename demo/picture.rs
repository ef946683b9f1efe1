//! Draws the picture of the README: the program's own screen at one moment of a built-in incident, as SVG.
//!
//! `cargo run --example picture > demo/picture.svg`

use std::io::{self, Write};

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use why503::app::session::Session;
use why503::demo;
use why503::engine::Engine;
use why503::limits::Limits;
use why503::sources::load::Recording;
use why503::sources::shelf::Shelf;
use why503::time::{Time, Zone};
use why503::ui::cursor::Cursor;
use why503::ui::state::Ui;
use why503::ui::theme::{Glyphs, Theme};

/// Cells of the picture.
const SIZE: (u16, u16) = (120, 36);
/// Size of a cell.
const CELL: (u16, u16) = (9, 18);

fn main() -> anyhow::Result<()> {
    let recording = Recording::unpack(demo::find(None)?.archive, None)?;
    let manifest = recording.manifest.clone().unwrap_or_default();
    let shelf = Shelf::default();
    let limits = Limits { given: manifest.limits.clone(), ..Limits::default() };
    let engine = recording.load(Zone::Utc, &shelf, &|| Engine::new(limits.clone(), &[]));
    let moment = Time::from_ymd_hms(2009, 10, 12, 8, 7, 40).unwrap_or_default();
    let mut cursor = Cursor::replay(Some(moment), 10.0);
    cursor.go(moment, (Time::MIN, Time::MAX));
    let ui = Ui::new("demo all", cursor, Zone::Utc, 600);
    let mut session = Session::new(engine, ui, shelf, vec![Theme::default()], Glyphs::unicode());
    session.range = (manifest.from, manifest.to);
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1))?;
    session.draw(&mut terminal)?;
    session.answer_now();
    session.draw(&mut terminal)?;
    io::stdout().write_all(svg(terminal.backend().buffer())?.as_bytes())?;
    Ok(())
}

fn svg(buffer: &Buffer) -> anyhow::Result<String> {
    let (width, height) = (buffer.area.width * CELL.0, buffer.area.height * CELL.1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,monospace\" font-size=\"14.9\">\n<rect width=\"100%\" height=\"100%\" fill=\"#101418\"/>\n"
    );
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            x = run(buffer, x, y, &mut out)?;
        }
    }
    out.push_str("</svg>\n");
    Ok(out)
}

/// Writes the cells of one row that look alike, from a place on; gives the place after them.
fn run(buffer: &Buffer, from: u16, y: u16, out: &mut String) -> anyhow::Result<u16> {
    let first = &buffer[(from, y)];
    let look = (first.fg, first.bg, first.modifier);
    let mut text = String::new();
    let mut to = from;
    while to < buffer.area.width && (buffer[(to, y)].fg, buffer[(to, y)].bg, buffer[(to, y)].modifier) == look {
        text.push_str(buffer[(to, y)].symbol());
        to += 1;
    }
    let reversed = first.modifier.contains(Modifier::REVERSED);
    let (fg, bg) = if reversed { (first.bg, first.fg) } else { (first.fg, first.bg) };
    let (left, top, width) = (from * CELL.0, y * CELL.1, (to - from) * CELL.0);
    if let Some(bg) = hex(bg) {
        out.push_str(&format!("<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{}\" fill=\"{bg}\"/>\n", CELL.1));
    }
    let shown = text.trim();
    if !shown.is_empty() {
        let fg = hex(fg).unwrap_or_else(|| String::from("#d8dee9"));
        let weight = if first.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
        let before = u16::try_from(text.chars().count() - text.trim_start().chars().count())?;
        let (left, width) = (left + before * CELL.0, u16::try_from(shown.chars().count())? * CELL.0);
        let shown = shown.replace('&', "&amp;").replace('<', "&lt;").replace(' ', "\u{a0}");
        let baseline = top + 14;
        out.push_str(&format!(
            "<text x=\"{left}\" y=\"{baseline}\" fill=\"{fg}\"{weight} textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\">{shown}</text>\n"
        ));
    }
    Ok(to)
}

fn hex(color: Color) -> Option<String> {
    match color {
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        _ => None,
    }
}
