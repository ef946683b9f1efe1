//! What a frame costs: `cargo bench --bench frame`. The built-in morning, a second later with each frame, drawn into a terminal that is
//! only memory: diagnosis, layout, charts, tables, and the cells that changed. An item is a frame.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]

use std::fmt;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use divan::Bencher;
use divan::counter::ItemsCount;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use why503::app::session::Session;
use why503::demo;
use why503::diagnosis::Diagnosis;
use why503::engine::Engine;
use why503::limits::Limits;
use why503::sources::load::Recording;
use why503::sources::shelf::Shelf;
use why503::time::{Time, Zone};
use why503::ui::cursor::Cursor;
use why503::ui::state::Ui;
use why503::ui::theme::{Glyphs, Theme};

fn main() {
    divan::main();
}

/// A screen, and the keys that lead to it; `\n` is Enter.
#[derive(Clone, Copy)]
struct Screen(&'static str, &'static str);

impl fmt::Display for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

const SCREENS: [Screen; 12] = [
    Screen("all panes", ""),
    Screen("1 requests", "1z"),
    Screen("2 pool", "2z"),
    Screen("3 ns slots", "3z"),
    Screen("4 findings", "4z"),
    Screen("5 sources", "5z"),
    Screen("6 log", "6z"),
    Screen("applications", "1\n"),
    Screen("by url", "1\n\n"),
    Screen("raw lines", "1\n\n\n"),
    Screen("a finding", "4\n"),
    Screen("help", "?"),
];

/// The morning with all incidents at its end, loaded.
fn morning() -> Session {
    let recording = Recording::unpack(demo::find(Some("all")).unwrap().archive, None).unwrap();
    let shelf = Shelf::default();
    let given = recording.manifest.as_ref().map(|manifest| manifest.limits.clone()).unwrap_or_default();
    let limits = Limits { given, ..Limits::default() };
    let engine = recording.load(Zone::Utc, &shelf, &|| Engine::new(limits.clone(), &[]));
    let ui = Ui::new(String::from("demo all"), Cursor::replay(None, 10.0), Zone::Utc, 300);
    Session::new(engine, ui, shelf, vec![Theme::default()], Glyphs::unicode())
}

/// The moments that the frames are of: the last minute, again and again.
fn moments(session: &Session) -> impl Iterator<Item = Time> + use<> {
    let (_, end) = session.bounds();
    (0..60).cycle().map(move |second| end.plus((second - 60) * 1000))
}

fn frames(bencher: Bencher<'_, '_>, Screen(_, keys): Screen, (width, height): (u16, u16)) {
    let mut session = morning();
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    session.ui.cursor.go(session.bounds().1, session.bounds());
    for key in keys.chars() {
        let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
        session.draw(&mut terminal).unwrap();
        session.answer_now();
        session.event(&Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }
    session.draw(&mut terminal).unwrap();
    session.answer_now();
    let mut moments = moments(&session);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        if let Some(at) = moments.next() {
            session.ui.cursor.go(at, session.bounds());
        }
        session.draw(&mut terminal)
    });
}

#[divan::bench(args = SCREENS, max_time = 0.5)]
fn at_80x24(bencher: Bencher<'_, '_>, screen: Screen) {
    frames(bencher, screen, (80, 24));
}

#[divan::bench(args = SCREENS, max_time = 0.5)]
fn at_200x60(bencher: Bencher<'_, '_>, screen: Screen) {
    frames(bencher, screen, (200, 60));
}

/// The diagnosis alone, which is a part of every frame.
#[divan::bench(max_time = 0.5)]
fn diagnosis(bencher: Bencher<'_, '_>) {
    let session = morning();
    let mut moments = moments(&session);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        let at = moments.next().unwrap_or(Time::MIN);
        Diagnosis::of(&session.engine.moment(at))
    });
}
