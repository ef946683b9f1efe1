//! Screens: a script of moments and keys, and what is seen. The clock is the script's.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use why503::app::session::Session;
use why503::demo;
use why503::diagnosis::findings;
use why503::engine::{Engine, Envelope, Gap, Health, LeftOut, Opened, Payload};
use why503::executing;
use why503::formats::Hints;
use why503::inventory::{Item, Outcome, Topic};
use why503::limits::{self, Application, Limits, Settings};
use why503::record::SourceId;
use why503::sources::load::Recording;
use why503::sources::shelf::{Place, Shelf};
use why503::time::{When, Zone};
use why503::ui::cursor::Cursor;
use why503::ui::state::{Effect, Ui};
use why503::ui::theme::{Glyphs, Theme};
use why503::ui::views::{Executing, View};

struct Stage {
    session: Session,
    terminal: Terminal<TestBackend>,
}

impl Stage {
    /// An incident, paused at a moment.
    fn new(incident: &str, moment: &str, (width, height): (u16, u16)) -> Self {
        let recording = Recording::unpack(demo::find(Some(incident)).unwrap().archive, None).unwrap();
        let manifest = recording.manifest.clone().unwrap();
        let shelf = Shelf::default();
        let limits = Limits { given: manifest.limits.clone(), ..Limits::default() };
        let engine = recording.load(Zone::Utc, &shelf, &|| Engine::new(limits.clone(), &[]));
        let ui = Ui::new(format!("demo {incident}"), Cursor::replay(None, 10.0), Zone::Utc, 300);
        let mut session = Session::new(engine, ui, shelf, vec![Theme::default()], Glyphs::unicode());
        session.range = (manifest.from, manifest.to);
        let Ok(When::At(at)) = When::parse(moment) else { panic!("{moment} is no moment") };
        session.ui.cursor.pause(session.bounds());
        session.ui.cursor.go(at, session.bounds());
        Self { session, terminal: Terminal::new(TestBackend::new(width, height)).unwrap() }
    }

    /// Keys by their names: `Enter`, `Esc`, `Tab`, or the characters themselves.
    fn press(&mut self, keys: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for name in keys.split_whitespace() {
            let code = match name {
                "Enter" => KeyCode::Enter,
                "Esc" => KeyCode::Esc,
                "Tab" => KeyCode::Tab,
                "Down" => KeyCode::Down,
                "PgDn" => KeyCode::PageDown,
                "End" => KeyCode::End,
                "Home" => KeyCode::Home,
                "Right" => KeyCode::Right,
                "Space" => KeyCode::Char(' '),
                "Del" => KeyCode::Delete,
                other => KeyCode::Char(other.chars().next().unwrap()),
            };
            self.screen();
            effects.extend(self.session.event(&Event::Key(KeyEvent::new(code, KeyModifiers::NONE))));
        }
        effects
    }

    fn screen(&mut self) -> String {
        self.session.draw(&mut self.terminal).unwrap();
        self.session.answer_now();
        self.session.draw(&mut self.terminal).unwrap();
        self.terminal.backend().to_string()
    }
}

const SMALL: (u16, u16) = (80, 24);
const MIDDLE: (u16, u16) = (120, 40);
const LARGE: (u16, u16) = (200, 60);

/// A screen at 80×24 and at 120×40, each under its own name.
macro_rules! screens {
    ($($name:ident: $incident:literal at $moment:literal, $keys:literal;)*) => {$(
        #[test]
        fn $name() {
            for (suffix, size) in [("80x24", SMALL), ("120x40", MIDDLE)] {
                let mut stage = Stage::new($incident, $moment, size);
                stage.press($keys);
                insta::assert_snapshot!(format!("{}@{suffix}", stringify!($name)), stage.screen());
            }
        }
    )*};
}

screens! {
    overview_of_the_push_storm: "sepm-push-storm" at "2009-10-09T09:32:30Z", "";
    overview_of_the_pool_leak: "pool-leak" at "2007-11-13T20:02:10Z", "2";
    overview_of_the_busy_ns: "ns-busy" at "2008-05-06T07:30:00Z", "3";
    overview_of_the_morning: "all" at "2009-10-12T08:07:40Z", "";
    requests_zoomed: "sepm-push-storm" at "2009-10-09T09:32:30Z", "z";
    pool_zoomed: "pool-leak" at "2007-11-13T20:02:10Z", "2 z";
    ns_zoomed: "ns-busy" at "2008-05-06T07:30:00Z", "3 z";
    applications: "sepm-push-storm" at "2009-10-09T09:32:30Z", "1 Enter";
    application_by_url: "sepm-push-storm" at "2009-10-09T09:32:30Z", "1 Enter Enter";
    application_by_client: "sepm-push-storm" at "2009-10-09T09:32:30Z", "1 Enter Enter b";
    application_by_user_agent: "sepm-push-storm" at "2009-10-09T09:32:30Z", "1 Enter Enter b b";
    application_by_status: "sepm-push-storm" at "2009-10-09T09:32:30Z", "1 Enter Enter b b b";
    lines_of_a_status: "sepm-push-storm" at "2009-10-09T09:32:30Z", "1 Enter Enter b b b Down Enter";
    record_of_a_503: "sepm-push-storm" at "2009-10-09T09:32:30Z", "1 Enter Enter b b b Down Enter Enter";
    pool_tags: "pool-leak" at "2007-11-13T20:02:10Z", "2 Enter";
    pool_tag_history: "pool-leak" at "2007-11-13T20:02:10Z", "2 Enter Down Enter";
    pool_tag_record: "pool-leak" at "2007-11-13T20:02:10Z", "2 Enter Down Enter Enter";
    pool_sampled: "pool-leak" at "2007-11-13T20:02:10Z", "2 Enter Enter";
    pool_sampled_record: "pool-leak" at "2007-11-13T20:02:10Z", "2 Enter Enter Enter";
    ns_types: "ns-busy" at "2008-05-06T07:30:00Z", "3 Enter";
    ns_clients: "ns-busy" at "2008-05-06T07:30:00Z", "3 Enter Enter";
    ns_lines_of_a_client: "ns-busy" at "2008-05-06T07:30:00Z", "3 Enter Enter Enter";
    capacity_of_the_slots: "ns-busy" at "2008-05-06T08:00:00Z", "3 c";
    capacity_of_the_slots_spread: "ns-busy" at "2008-05-06T08:00:00Z", "3 c Down Down Down < <";
    capacity_of_push_mode: "sepm-push-storm" at "2009-10-09T09:36:30Z", "1 c";
    capacity_of_pull_mode: "sepm-push-storm" at "2009-10-09T09:36:30Z", "1 c Down Down Down Down < < <";
    findings_of_the_morning: "all" at "2009-10-12T08:09:00Z", "4 z";
    finding_in_full: "all" at "2009-10-12T08:09:00Z", "4 Enter";
    finding_of_the_pool: "pool-leak" at "2007-11-13T20:02:10Z", "4 Enter";
    sources: "pool-leak" at "2007-11-13T20:02:10Z", "5 Enter";
    log: "all" at "2009-10-12T08:04:40Z", "6 z";
    log_filtered: "all" at "2009-10-12T08:04:40Z", "6 / R e f u s e d Enter";
    help: "all" at "2009-10-12T08:04:40Z", "?";
    capacity_of_a_calm_window: "ns-busy" at "2008-05-06T08:59:59Z", "3 c";
    capacity_of_a_calm_window_all_the_same: "ns-busy" at "2008-05-06T08:59:59Z", "3 c Down Down Down Down >";
    capacity_of_a_finding: "sepm-push-storm" at "2009-10-09T09:36:30Z", "4 c";
    capacity_of_a_finding_in_full: "ns-busy" at "2008-05-06T08:25:00Z", "4 Enter c";
    changed_of_the_push_storm: "sepm-push-storm" at "2009-10-09T09:36:00Z", "4 d";
    changed_of_the_pool_leak: "pool-leak" at "2007-11-13T20:02:10Z", "4 Enter d";
    changed_of_the_busy_ns: "ns-busy" at "2008-05-06T07:30:00Z", "3 d";
    changed_lines_of_a_group: "ns-busy" at "2008-05-06T07:30:00Z", "3 d / G e t C l i e n t Enter Enter";
    changed_without_time_taken: "pool-leak" at "2007-11-13T20:02:10Z", "1 d";
    changed_without_a_finding: "ns-busy" at "2008-05-06T07:00:00Z", "1 Enter d";
    bookmarks: "all" at "2009-10-12T08:04:40Z", "m h e r e Enter n m t h e n Enter '";
    bookmark_on_the_axis: "all" at "2009-10-12T08:04:40Z", "m Enter Right Right Right";
    bookmark_being_noted: "all" at "2009-10-12T08:04:40Z", "m s l o t s";
}

#[test]
fn the_largest_screen_is_filled() {
    let mut stage = Stage::new("all", "2009-10-12T08:07:40Z", LARGE);
    insta::assert_snapshot!("overview_of_the_morning@200x60", stage.screen());
}

#[test]
fn a_small_screen_keeps_the_pane_that_turns_clients_away() {
    let mut stage = Stage::new("pool-leak", "2007-11-13T20:02:10Z", (60, 15));
    let screen = stage.screen();
    assert!(screen.contains("2 Pool") && !screen.contains("1 Requests"), "{screen}");
    insta::assert_snapshot!("small_screen@60x15", screen);
}

#[test]
fn a_tiny_screen_says_so_and_no_size_breaks_it() {
    let mut stage = Stage::new("pool-leak", "2007-11-13T20:02:10Z", (30, 4));
    assert!(stage.screen().contains("too small"));
    for keys in ["", "z", "Enter", "Enter", "?"] {
        stage.press(keys);
        for (width, height) in [(1, 1), (2, 50), (39, 9), (40, 10), (60, 15), (76, 20), (500, 300), (3, 3), (80, 24)] {
            stage.terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            stage.screen();
        }
    }
}

#[test]
fn colour_is_never_the_only_sign_and_ascii_is_ascii() {
    let mut stage = Stage::new("all", "2009-10-12T08:07:40Z", SMALL);
    stage.session.glyphs = Glyphs::ascii();
    let screen = stage.screen();
    assert!(screen.is_ascii(), "{screen}");
    assert!(screen.contains("X REFUSING") && screen.contains("CRIT"), "{screen}");
    insta::assert_snapshot!("ascii@80x24", screen);
}

#[test]
fn the_programs_own_signs_are_drawn_in_the_characters_of_an_old_console() {
    let mut stage = Stage::new("sepm-push-storm", "2009-10-09T09:32:30Z", MIDDLE);
    stage.session.glyphs = Glyphs::cp437();
    for keys in ["1", "Enter", "Enter", "Enter", "Enter", "Esc Esc Esc Esc 5", "Enter", "Esc m", "Esc ?"] {
        stage.press(keys);
        let screen = stage.screen();
        assert!(!screen.contains(r"\u{"), "after {keys}: {screen}");
    }
}

#[test]
fn esc_goes_back_level_by_level_to_the_panes() {
    let mut stage = Stage::new("sepm-push-storm", "2009-10-09T09:32:30Z", SMALL);
    let panes = stage.screen();
    stage.press("Enter Enter Enter Enter");
    assert_eq!(stage.session.ui.path.len(), 4);
    stage.press("Esc Esc Esc Esc");
    assert_eq!(stage.screen(), panes);
}

#[test]
fn what_was_read_for_an_earlier_moment_says_so() {
    let mut stage = Stage::new("sepm-push-storm", "2009-10-09T09:32:30Z", SMALL);
    stage.press("1 Enter Enter");
    let title = |screen: &str| screen.lines().nth(1).unwrap().to_owned();
    let fresh = title(&stage.screen());
    assert!(fresh.contains("by URL") && !fresh.contains("as of"), "{fresh}");
    // The logs are read again elsewhere, which takes its time.
    let later = stage.session.moment().at.plus(10_000);
    stage.session.ui.cursor.go(later, stage.session.bounds());
    stage.session.draw(&mut stage.terminal).unwrap();
    let waiting = title(&stage.terminal.backend().to_string());
    assert!(waiting.contains("by URL  as of 09:32:30"), "{waiting}");
    let answered = title(&stage.screen());
    assert!(!answered.contains("as of"), "{answered}");
}

/// Of the row of a table that begins so: the number in the column of the limit, and the share turned away.
fn limit_and_share(screen: &str, row: &str) -> (u64, f64) {
    let line = screen.lines().find(|line| line.contains(row)).unwrap();
    let words: Vec<&str> = line.split_once(row).unwrap().1.split_whitespace().collect();
    let percent = words.iter().position(|word| word.starts_with('%')).unwrap();
    (words[percent - 2].parse().unwrap(), words[percent - 1].trim_start_matches('<').parse().unwrap())
}

#[test]
fn with_more_slots_less_is_turned_away_and_with_more_clients_more() {
    let mut stage = Stage::new("ns-busy", "2008-05-06T08:00:00Z", SMALL);
    stage.press("3 c");
    let chosen = |stage: &mut Stage| limit_and_share(&stage.screen(), "as chosen below");
    let (limit, before) = chosen(&mut stage);
    assert_eq!(limit, 50);
    assert!(before > 30.0, "{before}");
    stage.press("> > >");
    let (limit, with_more) = chosen(&mut stage);
    assert_eq!(limit, 100);
    assert!(with_more < before / 5.0, "{with_more} % of {limit} slots, {before} % of 50");
    // The curve begins where it began; the table keeps what was measured.
    assert_eq!(limit_and_share(&stage.screen(), "computed for the same"), (50, before));
    stage.press("Down > >");
    let (limit, with_clients) = chosen(&mut stage);
    assert_eq!(limit, 100);
    assert!(with_clients > with_more, "{with_clients} and {with_more}");
    stage.press("< < Down <");
    let screen = stage.screen();
    let (_, quicker) = limit_and_share(&screen, "as chosen below");
    assert!(quicker < with_more, "{quicker} and {with_more}");
    assert!(screen.contains("< less") && screen.contains("> more"), "{screen}");
    // What was chosen is forgotten when one leaves; c leads in and out.
    stage.press("c");
    assert!(stage.session.ui.path.is_empty());
    stage.press("c");
    assert_eq!(chosen(&mut stage), (50, before));
    stage.press("Esc");
    assert!(stage.session.ui.path.is_empty());
}

#[test]
fn the_keys_of_the_speed_change_it_everywhere_else() {
    let mut stage = Stage::new("ns-busy", "2008-05-06T08:00:00Z", SMALL);
    let speed = stage.session.ui.cursor.speed;
    stage.press("3 c > >");
    assert!((stage.session.ui.cursor.speed - speed).abs() < 1e-9);
    stage.press("Esc >");
    assert!(stage.session.ui.cursor.speed > speed);
}

#[test]
fn c_tells_of_what_is_selected_and_says_where_there_is_nothing_to_tell() {
    let mut stage = Stage::new("sepm-push-storm", "2009-10-09T09:36:30Z", SMALL);
    stage.press("1 Enter Down c");
    let other = stage.screen();
    assert!(
        other.contains("Capacity of Symantec Web Server/") && !other.contains("Capacity of Symantec Web Server/secars "),
        "{other}"
    );
    stage.press("Esc Esc Enter Enter c");
    assert!(stage.screen().contains("Capacity of"), "{}", stage.screen());
    stage.press("3 c");
    assert!(stage.screen().contains("none is shown here"), "{}", stage.screen());
    for pane in ["2", "5", "6"] {
        stage.press(pane);
        stage.press("c");
        assert!(stage.screen().contains("c tells of an application (1) or of NS slots (3)"), "{}", stage.screen());
    }
    // A finding about an application leads to its limit, and again from its page.
    for keys in ["4 c", "Esc Enter c"] {
        stage.press(keys);
        assert!(stage.screen().contains("Capacity of Symantec Web Server/secars"), "{}", stage.screen());
    }
    let mut pool = Stage::new("pool-leak", "2007-11-13T20:02:10Z", SMALL);
    pool.press("4 c");
    assert!(pool.screen().contains("this finding is of neither"), "{}", pool.screen());
}

#[test]
fn capacity_is_ascii_where_it_must_and_fits_any_screen() {
    let mut stage = Stage::new("ns-busy", "2008-05-06T08:00:00Z", SMALL);
    stage.session.glyphs = Glyphs::ascii();
    stage.press("3 c");
    let screen = stage.screen();
    assert!(screen.is_ascii(), "{screen}");
    insta::assert_snapshot!("capacity_ascii@80x24", screen);
    for (width, height) in [(40, 10), (41, 11), (60, 12), (60, 16), (79, 20), (200, 60), (500, 300), (3, 3)] {
        stage.terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        stage.press("> Down");
        stage.screen();
    }
}

#[test]
fn every_level_can_be_filtered_and_sorted() {
    let mut stage = Stage::new("sepm-push-storm", "2009-10-09T09:32:30Z", SMALL);
    stage.press("1 Enter Enter b / 1 0 . 2 1 . 1 4 . 8 0 Enter");
    let screen = stage.screen();
    assert!(screen.contains("10.21.14.80"), "{screen}");
    assert!(!screen.contains("10.21.6.187"), "{screen}");
    stage.press("Esc s s s");
    let descending = stage.screen();
    stage.press("S");
    assert_ne!(stage.screen(), descending);
}

#[test]
fn n_goes_from_finding_to_finding_and_the_cursor_is_always_seen() {
    let mut stage = Stage::new("all", "2009-10-12T08:00:00Z", SMALL);
    let mut seen = Vec::new();
    for _ in 0..7 {
        stage.press("n");
        let screen = stage.screen();
        let at = why503::time::Zone::Utc.clock(stage.session.moment().at);
        assert!(screen.contains(&at), "{screen}");
        seen.push(at);
    }
    // There are five, one of them of two findings: then there is nowhere to go.
    assert_eq!(seen[..5], ["08:00:28", "08:01:02", "08:01:05", "08:03:34", "08:07:02"]);
    assert_eq!(seen[5], seen[6]);
}

#[test]
fn a_replay_walks_pauses_and_ends_at_its_end() {
    let mut stage = Stage::new("all", "2009-10-12T08:00:00Z", SMALL);
    stage.press("Space");
    let now = why503::time::Time::MIN;
    for _ in 0..10 {
        stage.session.tick(100, now);
    }
    assert_eq!(stage.session.moment().at.rfc3339(), "2009-10-12T08:00:10Z");
    stage.press("Space");
    stage.session.tick(1000, now);
    assert_eq!(stage.session.moment().at.rfc3339(), "2009-10-12T08:00:10Z");
    stage.press("End");
    assert_eq!(stage.session.moment().at.rfc3339(), "2009-10-12T08:10:00Z");
    assert_eq!(stage.press("q"), [Effect::Quit]);
}

#[test]
fn what_is_copied_is_the_selected_row() {
    let mut stage = Stage::new("sepm-push-storm", "2009-10-09T09:32:30Z", SMALL);
    let effects = stage.press("1 Enter y");
    assert!(matches!(&effects[..], [Effect::Copy(text)] if text.starts_with("Symantec Web Server/secars")), "{effects:?}");
}

#[test]
fn of_a_finding_its_command_is_copied_whole_wherever_one_stands_on_its_page() {
    for (keys, what) in [("4 y", "the row of the finding"), ("4 Enter y", "its page"), ("4 Enter G y", "the end of its page")] {
        for size in [SMALL, MIDDLE] {
            let mut stage = Stage::new("sepm-push-storm", "2009-10-09T09:32:30Z", size);
            let effects = stage.press(keys);
            let [Effect::Copy(text)] = &effects[..] else { panic!("{what}: {effects:?}") };
            assert!(text.contains("appcmd set config") && text.ends_with("/commit:apphost"), "{what}: {text}");
            let told = stage.session.ui.copied(text);
            assert!(told.starts_with("copied: %windir%") && told.ends_with(", if the terminal allows OSC 52"), "{told}");
            assert!(told.len() < usize::from(size.0), "{told}");
        }
    }
}

#[test]
fn of_several_commands_the_one_under_the_selection_is_copied() {
    let mut stage = Stage::new("pool-leak", "2007-11-13T20:02:10Z", LARGE);
    stage.press("4 Enter");
    let mut copied = Vec::new();
    for _ in 0..40 {
        copied.extend(stage.press("y Down"));
    }
    copied.dedup();
    let is = |n: usize, begin: &str| matches!(copied.get(n), Some(Effect::Copy(text)) if text.starts_with(begin));
    // The first one for all that is no command.
    assert!(is(0, "wmic") && is(1, "poolmon") && is(2, "wmic") && copied.len() == 3, "{copied:?}");
}

#[test]
fn a_moment_is_marked_gone_back_to_and_unmarked() {
    let mut stage = Stage::new("all", "2009-10-12T08:04:40Z", SMALL);
    assert_eq!(stage.press("m a x Esc"), []);
    assert!(stage.session.ui.bookmarks.is_empty() && stage.session.ui.noting.is_none());
    // While a note is typed no key does anything else.
    assert_eq!(stage.press("m q d y Enter"), [Effect::Bookmarks]);
    assert!(stage.screen().contains("marked: 08:04:40"));
    stage.press("Home m Enter");
    // The same moment again: its note is gone on with.
    stage.press("' Down Enter");
    let screen = stage.screen();
    assert!(
        screen.contains("2009-10-12 08:04:40 UTC") && screen.contains("08:04:40: qdy") && screen.contains("4 Findings"),
        "{screen}"
    );
    stage.press("m ! Enter");
    let notes: Vec<String> = stage.session.ui.bookmarks.iter().map(|mark| mark.note.clone()).collect();
    assert_eq!(notes, ["", "qdy!"]);
    stage.press("End");
    assert_eq!(stage.press("' Del"), [Effect::Bookmarks]);
    assert_eq!(stage.session.ui.bookmarks.len(), 1);
    assert!(!stage.press("' Del").contains(&Effect::Bookmarks));
    assert!(stage.screen().contains("Del takes away a bookmark"));
}

#[test]
fn notes_of_a_recording_are_bounded_and_a_terminal_obeys_none_of_them() {
    let mut stage = Stage::new("all", "2009-10-12T08:04:40Z", SMALL);
    let at = stage.session.moment().at;
    let long = "\u{1b}[2J\u{202e}x".repeat(1000);
    stage.session.ui.remember((0..10_000).map(|n| (at.plus(-n * 1000), long.clone())));
    assert_eq!(stage.session.ui.bookmarks.len(), 500);
    assert!(stage.session.ui.bookmarks.iter().all(|mark| mark.note.chars().count() <= 200));
    for keys in ["'", "Enter", "m"] {
        stage.press(keys);
        let screen = stage.screen();
        // The first of them is of a time before the logs.
        assert!(keys != "Enter" || screen.contains("(beside these logs): "), "{screen}");
        assert!(!screen.contains(['\u{1b}', '\u{202e}']), "{screen}");
    }
}

#[test]
fn what_has_no_before_says_so_and_a_comparison_begins_anew_where_it_is() {
    let mut stage = Stage::new("ns-busy", "2008-05-06T07:30:00Z", SMALL);
    stage.press("5 d");
    assert!(stage.screen().contains("d compares before and during"));
    stage.press("4 d");
    let View::Changed(first) = stage.session.ui.level().view.clone() else { panic!() };
    // A finding goes on: so does what is compared, once d is pressed again.
    stage.press("] d");
    let View::Changed(then) = stage.session.ui.level().view.clone() else { panic!() };
    assert!(then.change.during.end > first.change.during.end || then.change == first.change, "{then:?}");
    assert_eq!(stage.session.ui.path.len(), 1);
    stage.press("Esc");
    assert!(stage.screen().contains("4 Findings"));
}

#[test]
fn what_changed_and_bookmarks_need_no_colour_and_no_unicode() {
    for keys in ["4 d", "m x Enter '", "m"] {
        let mut stage = Stage::new("pool-leak", "2007-11-13T20:02:10Z", MIDDLE);
        stage.session.glyphs = Glyphs::ascii();
        stage.press(keys);
        let screen = stage.screen();
        assert!(screen.is_ascii(), "{screen}");
    }
}

#[test]
fn every_finding_can_be_selected_and_opened_from_the_pane_and_from_the_list() {
    for way in ["4 z", "4"] {
        for (keys, finding) in [("", 0), ("Down", 1), ("j j", 2), ("G", 6), ("Down Down k", 1), ("G g", 0)] {
            let mut stage = Stage::new("all", "2009-10-12T08:09:00Z", MIDDLE);
            let titles = findings(&stage.session.moment());
            assert_eq!(titles.len(), 7, "{titles:?}");
            stage.press(way);
            stage.press(keys);
            stage.press("Enter");
            let opened = stage.session.ui.level().view.clone();
            let View::Finding { rule, subject } = opened else { panic!("{way} {keys}: {opened:?}") };
            assert_eq!((rule, subject), (titles[finding].rule, titles[finding].subject.clone()), "{way} {keys}");
        }
    }
}

#[test]
fn every_row_of_every_list_can_be_reached() {
    let on_the_way = |stage: &mut Stage, keys: &str| {
        stage.press(keys);
        stage.press("g");
        for row in 0.. {
            stage.screen();
            let listing = stage.session.ui.listing(&stage.session.moment(), None);
            assert_eq!(stage.session.ui.level().selection(&listing), row, "{keys}");
            if row + 1 == listing.rows.len() {
                break;
            }
            stage.press("Down");
        }
    };
    for (keys, counters) in [("4", FULL), ("4 z", FULL), ("5", FULL), ("1 Enter", FULL), ("M", FULL)] {
        on_the_way(&mut server(counters, true, true, bare(), SMALL), keys);
    }
    let mut stage = server(CALM, true, true, Vec::new(), SMALL);
    stage.session.ui.show_executing();
    stage.session.ui.executing = listed();
    on_the_way(&mut stage, "");
    // These findings share their first cell.
    on_the_way(&mut Stage::new("all", "2009-10-12T08:09:00Z", SMALL), "4");
    for keys in ["2 Enter", "2 Enter Down Enter", "5 Enter", "5 Enter Enter", "4 Enter"] {
        on_the_way(&mut Stage::new("pool-leak", "2007-11-13T20:02:10Z", SMALL), keys);
    }
}

/// Logs that were read, each with its text.
fn read(logs: &[(&str, String)], at: &str, size: (u16, u16)) -> Stage {
    let mut stage = Stage::new("pool-leak", "2007-11-13T20:02:10Z", size);
    let Ok(When::At(now)) = When::parse(at) else { panic!("that is a moment") };
    stage.session.engine = Engine::new(Limits::default(), &[]);
    (stage.session.range, stage.session.wall) = ((None, None), None);
    stage.session.ui.title = String::from("logs");
    for (id, (path, text)) in (1..).map(SourceId).zip(logs) {
        let (path, hints) = (path.into(), Hints::default());
        let size = text.len() as u64;
        let opened = Opened { path, hints, size, generation: 0, first_look: true, has_file: true };
        for payload in [Payload::Opened(opened), Payload::Bytes(text.clone().into_bytes()), Payload::Closed] {
            stage.session.take(Envelope { heard: now, source: id, payload });
        }
        stage.session.shelf.put(id, Place::Memory(text.clone().into_bytes().into()));
    }
    stage.session.ui.cursor.go(now, stage.session.bounds());
    stage
}

/// The rows of the list that has the keys.
fn rows(stage: &mut Stage) -> Vec<String> {
    stage.screen();
    let listing = stage.session.ui.listing(&stage.session.moment(), None);
    listing.rows.iter().map(why503::ui::listing::ListRow::all_text).collect()
}

/// A server that turns clients away for reasons that no finding tells of, long before the moment looked at, too.
fn turns_away_otherwise(size: (u16, u16)) -> Stage {
    let mut refused = String::from(
        "#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\n",
    );
    let mut row = |time: &str, port: u16, end: &str| {
        refused.push_str(&format!("2026-11-21 {time} 10.0.0.7 50123 10.0.0.1 {port} HTTP/1.1 GET /shop/pay {end}\n"));
    };
    row("03:00:00", 80, "503 1 N/A ShopPool");
    row("06:54:01", 80, "503 1 N/A ShopPool");
    row("06:54:02", 80, "503 1 Overslept ShopPool");
    row("06:54:03", 80, "400 1 BadRequest -");
    // UPnP is no web site.
    row("06:54:04", 2869, "503 - N/A -");
    let mut ended = String::from("#Fields: date time cs-method cs-uri-stem sc-status sc-substatus time-taken\n");
    for (time, status) in [("06:54:05", "503 4"), ("06:54:06", "503 2"), ("06:54:07", "200 0"), ("06:55:30", "503 4")] {
        ended.push_str(&format!("2026-11-21 {time} GET /shop/pay {status} 15\n"));
    }
    let logs = [("/logs/HTTPERR/httperr1.log", refused), ("/logs/W3SVC1/u_ex261121.log", ended)];
    read(&logs, "2026-11-21T06:55:00Z", size)
}

#[test]
fn behind_clients_turned_away_for_other_reasons_stand_their_lines_and_no_others() {
    both("turned_away_otherwise", "4 Down Down Enter", turns_away_otherwise);
    let mut stage = turns_away_otherwise(MIDDLE);
    stage.press("4 Down Down");
    let sentence = rows(&mut stage).into_iter().find(|row| row.contains("for other reasons")).unwrap();
    assert!(sentence.ends_with("2 N/A, 1 Overslept"), "{sentence}");
    stage.press("Enter");
    let lines = rows(&mut stage);
    let times: Vec<&str> = lines.iter().map(|line| line.split("  ").next().unwrap()).collect();
    assert_eq!(times, ["03:00:00", "06:54:01", "06:54:02"], "{lines:?}");
    stage.press("Enter");
    assert!(rows(&mut stage).iter().any(|row| row == "s-reason  Overslept"), "{}", stage.screen());
}

#[test]
fn from_any_source_a_way_leads_to_its_lines() {
    let config = "<configuration><system.applicationHost><sites><site name=\"Shop\" id=\"1\"><application path=\"/\" \
                  applicationPool=\"ShopPool\"/></site></sites></system.applicationHost></configuration>\n";
    let counters = "\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\WEB01\\Memory\\Pool Nonpaged Bytes\",\"\\\\WEB01\\Processor(_Total)\\% Processor Time\"\n\
                    \"11/21/2026 06:54:00.000\",\"120000000.000000\",\" \"\n";
    let log = "#Fields: date time cs-method cs-uri-stem sc-status time-taken\n2026-11-21 06:54:00 GET /shop 200 15\n";
    let logs = [("/a/applicationHost.config", config), ("/b/counters.csv", counters), ("/c/u_ex261121.log", log)];
    let logs = logs.map(|(path, text)| (path, String::from(text)));
    for (down, told) in [("", "<configuration>"), ("Down", "120000000.000000"), ("Down Down", "GET /shop 200 15")] {
        let mut stage = read(&logs, "2026-11-21T06:55:00Z", MIDDLE);
        stage.press("5");
        stage.press(down);
        stage.press("Enter Enter Enter");
        let lines = rows(&mut stage);
        assert!(lines.len() == 1 && lines[0].contains(told), "{told}: {}", stage.screen());
        stage.press("Enter");
        assert!(stage.screen().contains(told), "{told}: {}", stage.screen());
    }
    both("record_of_counters", "5 Down Enter Enter Enter Enter", |size| read(&logs, "2026-11-21T06:55:00Z", size));
}

#[test]
fn counters_that_are_sampled_here_and_stand_in_no_file_have_their_lines_too() {
    for keys in ["2 Enter Enter Enter", "5 G Enter Enter Enter Enter"] {
        let mut stage = server(CALM, true, true, Vec::new(), MIDDLE);
        stage.press(keys);
        let record = rows(&mut stage);
        let told = |row: &str| record.iter().any(|told| told == row);
        assert!(told(r"120000000  \\SRV\Memory\Pool Nonpaged Bytes"), "{keys}: {}", stage.screen());
        assert!(told(r"4812  \\SRV\W3SVC_W3WP(4711_SepmPool)\Active Requests"), "{keys}: {}", stage.screen());
    }
    // What the full queue turned away is proven by the counter.
    let mut stage = server(FULL, true, true, Vec::new(), MIDDLE);
    stage.press("4");
    let findings = rows(&mut stage);
    let row = findings.iter().position(|row| row.contains("by the full kernel queue")).unwrap();
    stage.press("g");
    stage.press(&"Down ".repeat(row));
    stage.press("Enter");
    let lines = rows(&mut stage);
    assert!(lines.iter().any(|line| line.starts_with("counters of this machine:")), "{lines:?}");
}

/// A log that is followed: what was there, then rows that come a minute late, and what a follower says of it.
fn followed(said: &[(i64, Payload)], size: (u16, u16)) -> Stage {
    let mut stage = Stage::new("pool-leak", "2007-11-13T20:02:10Z", size);
    let Ok(When::At(now)) = When::parse("2026-11-21T06:55:00Z") else { panic!("that is a moment") };
    stage.session.engine = Engine::new(Limits::default(), &[]);
    stage.session.ui.cursor = Cursor::live();
    (stage.session.range, stage.session.wall) = ((None, None), Some(now));
    stage.session.ui.title = String::from("watch");
    let open = |name: &str, size: usize| {
        let path = format!("/inetpub/logs/W3SVC1/{name}").into();
        Payload::Opened(Opened {
            path,
            hints: Hints::default(),
            size: size as u64,
            generation: 0,
            first_look: true,
            has_file: true,
        })
    };
    let rows = |count: i64| {
        let row = |n: i64| {
            let time = now.plus(n * 1000 - 60_000).rfc3339().replace('T', " ").replace('Z', "");
            format!("{time} GET /secars 200 0 15\n")
        };
        (0..count).map(row).collect::<String>().into_bytes()
    };
    let header = b"#Fields: date time cs-method cs-uri-stem sc-status sc-substatus time-taken\nrubbish\n".to_vec();
    let shelved = [header.clone(), rows(60)].concat();
    let mut all = vec![(1, open("u_ex261121.log", header.len())), (1, Payload::Bytes(header)), (1, Payload::Bytes(rows(60)))];
    all.extend(said.iter().cloned());
    all.insert(0, (2, open("archive", 0)));
    all.push((2, Payload::Health(Health::LeftOut(LeftOut::Compressed, 3))));
    for (id, payload) in all {
        stage.session.take(Envelope { heard: now, source: SourceId(u32::try_from(id).unwrap()), payload });
    }
    stage.session.shelf.put(SourceId(1), Place::Memory(shelved.into()));
    stage
}

#[test]
fn rows_that_come_late_are_told_with_the_command_that_writes_them_at_once() {
    for (suffix, size) in [("80x24", SMALL), ("120x40", MIDDLE), ("200x60", LARGE)] {
        let mut stage = followed(&[], size);
        stage.press("5 z");
        insta::assert_snapshot!(format!("sources_followed@{suffix}"), stage.screen());
    }
}

#[test]
fn what_was_lost_is_on_every_screen_and_everything_about_its_file_behind_it() {
    let said = [(1, Payload::Lost(1234)), (1, Payload::Half(23)), (1, Payload::Health(Health::Waiting))];
    for (suffix, size) in [("80x24", SMALL), ("120x40", MIDDLE)] {
        let mut stage = followed(&said, size);
        stage.press("5 z");
        insta::assert_snapshot!(format!("sources_lost@{suffix}"), stage.screen());
        stage.press("Down Enter Enter");
        insta::assert_snapshot!(format!("source_lost@{suffix}"), stage.screen());
    }
}

#[test]
fn a_gap_in_a_recording_is_on_every_screen_and_never_looks_like_calm() {
    for (suffix, size) in [("80x24", SMALL), ("120x40", MIDDLE)] {
        let mut stage = Stage::new("sepm-push-storm", "2009-10-09T09:36:00Z", size);
        let time = |text: &str| match When::parse(text) {
            Ok(When::At(time)) => time,
            other => panic!("{other:?}"),
        };
        let (from, to) = (time("2009-10-09T09:33:30Z"), Some(time("2009-10-09T09:34:30Z")));
        let gap = Gap { from, to, bytes: 4_711_000, why: String::from("No space left on device (os error 28)") };
        stage.session.take(Envelope { heard: from, source: SourceId(0), payload: Payload::Gap(gap) });
        insta::assert_snapshot!(format!("gap@{suffix}"), stage.screen());
        stage.press("5 z");
        insta::assert_snapshot!(format!("gap_sources@{suffix}"), stage.screen());
    }
}

const NOW: &str = "2026-11-21T06:55:00Z";
/// A counter's path, and its value so many seconds before now.
type Counter = (&'static str, fn(i64) -> f64);

/// A live view on the server: the console and the server of SEPM share a pool unless `alone`.
fn server(counters: &[Counter], is_logged: bool, alone: bool, inventory: Vec<Item>, size: (u16, u16)) -> Stage {
    let mut stage = Stage::new("pool-leak", "2007-11-13T20:02:10Z", size);
    let Ok(When::At(now)) = When::parse(NOW) else { panic!("that is a moment") };
    stage.session.engine = Engine::new(Limits::default(), &[]);
    stage.session.ui.cursor = Cursor::live();
    (stage.session.range, stage.session.wall) = ((None, None), Some(now));
    stage.session.ui.title = String::from("live");
    let app = |path: &str, pool: &str| Application { path: path.into(), pool: pool.into() };
    let console = if alone { "ConsolePool" } else { "SepmPool" };
    let settings = Settings {
        sites: vec![limits::Site {
            name: "Symantec Web Server".into(),
            id: 1,
            applications: vec![app("/", "DefaultAppPool"), app("/secars", "SepmPool"), app("/reporting", console)],
            ..limits::Site::default()
        }],
        ..Settings::default()
    };
    let mut logged = Vec::new();
    let mut said = vec![(0, Payload::Settings(Box::new(settings))), (0, Payload::Inventory(inventory))];
    let opened = |path: &str, size: usize, has_file: bool| {
        let (path, hints) = (path.into(), Hints::default());
        Payload::Opened(Opened { path, hints, size: size as u64, generation: 0, first_look: true, has_file })
    };
    if is_logged {
        let mut rows = String::from("#Fields: date time cs-method cs-uri-stem sc-status sc-substatus time-taken\n");
        // The last rows are buffered for a while.
        for second in -240..-40_i64 {
            let time = now.plus(second * 1000).rfc3339().replace('T', " ").replace('Z', "");
            for _ in 0..(second + 300) / 4 {
                rows.push_str(&format!("{time} GET /secars/secars.dll 200 0 90000\n"));
            }
            rows.push_str(&format!("{time} GET /reporting/index.php 200 0 700\n"));
        }
        said.push((1, opened(r"C:\inetpub\logs\LogFiles\W3SVC1\u_ex261121.log", rows.len(), true)));
        logged = rows.into_bytes();
        said.push((1, Payload::Bytes(logged.clone())));
    }
    if !counters.is_empty() {
        let paths: String = counters.iter().map(|(path, _)| format!(",\"\\\\SRV{path}\"")).collect::<Vec<_>>().concat();
        let mut csv = format!("\"(PDH-CSV 4.0) (UTC)(0)\"{paths}\n");
        for second in -120..=0_i64 {
            let values: Vec<String> = counters.iter().map(|(_, value)| format!("\"{}\"", value(-second))).collect();
            let time = Zone::Utc.clock(now.plus(second * 1000));
            csv.push_str(&format!("\"11/21/2026 {time}.000\",{}\n", values.join(",")));
        }
        said.push((2, opened("counters of this machine", csv.len(), false)));
        said.push((2, Payload::Bytes(csv.into_bytes())));
    }
    for (id, payload) in said {
        stage.session.take(Envelope { heard: now, source: SourceId(id), payload });
    }
    // What a system says of a file that is not there differs.
    stage.session.shelf.put(SourceId(1), Place::Memory(logged.into()));
    stage
}

/// The same screen at both sizes.
fn both(name: &str, keys: &str, mut stage: impl FnMut((u16, u16)) -> Stage) {
    for (suffix, size) in [("80x24", SMALL), ("120x40", MIDDLE)] {
        let mut stage = stage(size);
        stage.press(keys);
        insta::assert_snapshot!(format!("{name}@{suffix}"), stage.screen());
    }
}

const CALM: &[Counter] = &[
    (r"\W3SVC_W3WP(4711_SepmPool)\Active Requests", |ago| f64::from(4812 - 12 * i32::try_from(ago).unwrap())),
    (r"\W3SVC_W3WP(815_ConsolePool)\Active Requests", |_| 3.0),
    (r"\HTTP Service Request Queues(SepmPool)\CurrentQueueSize", |_| 120.0),
    (r"\HTTP Service Request Queues(SepmPool)\RejectedRequests", |_| 7.0),
    (r"\APP_POOL_WAS(SepmPool)\Current Application Pool State", |_| 3.0),
    (r"\Memory\Pool Nonpaged Bytes", |_| 120e6),
    (r"\Memory\Available Bytes", |_| 3.3e9),
    (r"\Processor(_Total)\% Processor Time", |ago| f64::from(i32::try_from(ago % 7).unwrap()) + 9.0),
    (r"\LogicalDisk(C:)\Free Megabytes", |_| 12_345.0),
];

const FULL: &[Counter] = &[
    (r"\W3SVC_W3WP(4711_SepmPool)\Active Requests", |_| 800.0),
    (r"\W3SVC_W3WP(4712_SepmPool)\Active Requests", |_| 900.0),
    (r"\HTTP Service Request Queues(SepmPool)\CurrentQueueSize", |ago| f64::from(990 - 4 * i32::try_from(ago).unwrap())),
    (r"\HTTP Service Request Queues(SepmPool)\RejectedRequests", |ago| f64::from((20 - i32::try_from(ago).unwrap()).max(0) * 3)),
    (r"\APP_POOL_WAS(SepmPool)\Current Application Pool State", |_| 3.0),
    (r"\APP_POOL_WAS(OldPool)\Current Application Pool State", |_| 5.0),
    (r"\Memory\Available Bytes", |_| 82e6),
    (r"\Processor(_Total)\% Processor Time", |_| 96.0),
];

#[test]
fn the_counter_is_the_number_and_the_logs_estimate_stands_beside_it() {
    both("live_counted", "", |size| server(CALM, true, true, Vec::new(), size));
    both("live_counted_zoomed", "z", |size| server(CALM, true, true, Vec::new(), size));
    both("live_counted_applications", "1 Enter", |size| server(CALM, true, true, Vec::new(), size));
}

#[test]
fn counters_alone_tell_of_the_busiest_pool() {
    both("live_unlogged", "", |size| server(CALM, false, true, Vec::new(), size));
    both("live_unlogged_applications", "1 Enter", |size| server(CALM, false, true, Vec::new(), size));
}

#[test]
fn the_counter_of_a_shared_pool_is_called_the_most_that_each_may_have() {
    both("live_shared", "", |size| server(CALM, true, false, Vec::new(), size));
    both("live_shared_zoomed", "z", |size| server(CALM, true, false, Vec::new(), size));
    both("live_shared_applications", "1 Enter", |size| server(CALM, true, false, Vec::new(), size));
}

#[test]
fn a_queue_that_fills_up_is_seen_before_it_turns_clients_away_and_then_by_its_own_name() {
    both("live_queue_full", "", |size| server(FULL, true, true, Vec::new(), size));
    let filling = &FULL[..3];
    let mut stage = server(filling, true, true, Vec::new(), SMALL);
    let screen = stage.screen();
    assert!(screen.contains("1 Requests ▲ HIGH") && screen.contains("kernel queue 990 of 1000"), "{screen}");
}

#[test]
fn a_pool_that_is_stopped_is_told() {
    let stopped: &[Counter] = &[CALM[0], (r"\APP_POOL_WAS(SepmPool)\Current Application Pool State", |_| 5.0)];
    let screen = server(stopped, true, true, Vec::new(), SMALL).screen();
    assert!(screen.contains("STOPPED") && screen.contains("pool SepmPool: disabled"), "{screen}");
}

#[test]
fn counters_that_fell_silent_say_since_when_and_nothing_of_now() {
    let mut stage = server(CALM, true, true, Vec::new(), SMALL);
    let now = stage.session.moment().at;
    stage.session.tick(6000, now.plus(6000));
    let screen = stage.screen();
    assert!(!screen.contains("(counter") && !screen.contains("kernel queue"), "{screen}");
    assert!(screen.contains("no counter since 06:55:00") && screen.contains("number: log's estimate"), "{screen}");
    assert!(screen.contains("no value since 06:55:00") && !screen.contains("a minute"), "{screen}");
    assert!(screen.contains("▀█   ▀█  █  █ non-paged"), "{screen}");
    // What was used long ago is not known any more.
    stage.session.tick(84_000, now.plus(90_000));
    let screen = stage.screen();
    assert!(screen.contains("2 Pool · no data") && screen.contains("no value since 06:55:00"), "{screen}");
    assert!(!screen.contains("▀█   ▀█  █  █ non-paged"), "{screen}");
}

#[test]
fn before_the_first_sample_it_is_said_when_that_comes() {
    let missing = Item::missing(Topic::Counters, r"\Memory\Pool Nonpaged Allocs", [r"\Memory\Pool Nonpaged Allocs: Windows"]);
    let at = |minutes: i64, size| {
        let mut stage = server(CALM, true, true, vec![missing.clone()], size);
        let at = stage.session.moment().at.plus(-minutes * 60_000);
        stage.session.ui.cursor.go(at, stage.session.bounds());
        stage
    };
    let screen = at(3, MIDDLE).screen();
    assert!(screen.contains("no sample yet, first of 06:53:00") && !screen.contains("Allocs"), "{screen}");
    assert!(!at(1, SMALL).screen().contains("06:53:00"));
    let without = server(&[], true, true, vec![missing.clone()], SMALL).screen();
    assert!(without.contains("no counter is read") && !without.contains("Allocs"), "{without}");
}

/// Something more is read: a file, and what stands in it.
fn reads(stage: &mut Stage, id: u32, path: &str, text: &str) {
    let heard = stage.session.moment().at;
    let hints = Hints::default();
    let opened = Opened { path: path.into(), hints, size: text.len() as u64, generation: 0, first_look: true, has_file: true };
    for payload in [Payload::Opened(opened), Payload::Bytes(text.as_bytes().to_vec()), Payload::Quiet] {
        stage.session.take(Envelope { heard, source: SourceId(id), payload });
    }
}

/// What HTTPERR tells of some seconds before now.
fn http_err(stage: &mut Stage, rows: &[(i64, &str, u32)]) {
    let now = stage.session.moment().at;
    let mut text = String::from(
        "#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\n",
    );
    for (ago, reason, count) in rows {
        let time = now.plus(-ago * 1000).rfc3339().replace('T', " ").replace('Z', "");
        for port in 0..*count {
            text.push_str(&format!("{time} 10.2.3.4 {} 10.2.0.1 80 HTTP/1.1 GET /a 503 1 {reason} NsPool\n", 2000 + port));
        }
    }
    reads(stage, 9, r"C:\Windows\System32\LogFiles\HTTPERR\httperr1.log", &text);
}

#[test]
fn what_httperr_tells_of_full_queues_counts_and_never_twice() {
    let mut stage = server(CALM, true, true, Vec::new(), MIDDLE);
    http_err(&mut stage, &[(20, "QueueFull", 83), (30, "Client_Reset", 5)]);
    let screen = stage.screen();
    assert!(screen.contains("1 Requests ✘ REFUSING") && screen.contains("83 turned away (QueueFull, HTTPERR)"), "{screen}");
    // The counter of this pool tells of 60: they are among them.
    let mut stage = server(FULL, true, true, Vec::new(), MIDDLE);
    http_err(&mut stage, &[(20, "QueueFull", 83)]);
    let screen = stage.screen();
    assert!(screen.contains("83 turned away (QueueFull, HTTPERR)") && !screen.contains("60 turned away (QueueFull)"), "{screen}");
    let mut stage = server(FULL, true, true, Vec::new(), MIDDLE);
    http_err(&mut stage, &[(20, "QueueFull", 13)]);
    let screen = stage.screen();
    assert!(screen.contains("60 turned away (QueueFull)") && !screen.contains("13 turned"), "{screen}");
    // Without any other log, and when it was over a while ago.
    let mut stage = server(&[], false, true, Vec::new(), SMALL);
    http_err(&mut stage, &[(20, "QueueFull", 83)]);
    assert!(stage.screen().contains("1 Requests ✘ REFUSING"));
    let mut stage = server(&[], true, true, Vec::new(), SMALL);
    http_err(&mut stage, &[(90, "QueueFull", 83)]);
    assert!(stage.screen().contains("1 Requests ▲ REFUSED"));
}

#[test]
fn a_pool_that_is_stopped_is_told_once_somebody_asks_for_it() {
    let counters: &[Counter] = &[
        CALM[0],
        (r"\APP_POOL_WAS(SepmPool)\Current Application Pool State", |_| 3.0),
        (r"\APP_POOL_WAS(NsPool)\Current Application Pool State", |_| 5.0),
    ];
    for is_logged in [true, false] {
        let mut stage = server(counters, is_logged, true, Vec::new(), SMALL);
        let screen = stage.screen();
        assert!(screen.contains("1 Requests ▲ HIGH"), "{screen}");
        http_err(&mut stage, &[(20, "AppOffline", 12)]);
        let screen = stage.screen();
        assert!(screen.contains("1 Requests ✘ STOPPED") && screen.contains("pool nspool: disabled"), "{screen}");
        assert!(screen.contains("12 refused (AppOffline)"), "{screen}");
    }
    let mut stage = server(&counters[2..], true, true, Vec::new(), SMALL);
    http_err(&mut stage, &[(20, "Disabled", 12), (10, "QueueFull", 1)]);
    let screen = stage.screen();
    assert!(screen.contains("1 Requests ✘ REFUSING") && screen.contains("pool nspool: disabled"), "{screen}");
}

#[test]
fn a_limit_from_a_damaged_configuration_is_in_doubt() {
    for (size, want) in [(SMALL, "5000? (damaged, 5)"), (MIDDLE, "5000? (config damaged, see 5)")] {
        let mut stage = server(CALM, true, true, Vec::new(), size);
        let broken = "<configuration><system.applicationHost><sites><site name=\"Web\" id=\"1\"><application";
        reads(&mut stage, 8, r"C:\Windows\System32\inetsrv\config\applicationHost.config", broken);
        stage.session.take(Envelope { heard: stage.session.moment().at, source: SourceId(8), payload: Payload::Closed });
        let screen = stage.screen();
        assert!(screen.contains(want), "{screen}");
    }
}

#[test]
fn what_still_runs_at_the_end_of_a_log_is_not_taken_for_calm() {
    let mut stage = server(&[], false, true, Vec::new(), MIDDLE);
    let now = stage.session.moment().at;
    let mut rows = String::from("#Fields: date time cs-method cs-uri-stem sc-status sc-substatus time-taken\n");
    // Six hundred requests of eight seconds each.
    for second in -240..=0_i64 {
        let time = now.plus(second * 1000).rfc3339().replace('T', " ").replace('Z', "");
        rows.push_str(&format!("{time} GET /secars/secars.dll 200 0 8000\n").repeat(75));
    }
    reads(&mut stage, 1, r"C:\inetpub\logs\LogFiles\W3SVC1\u_ex261121.log", &rows);
    let screen = stage.screen();
    assert!(screen.contains("4400 left, 88.0 %") && screen.contains("as of 06:54:3"), "{screen}");
    // Where rows of later seconds exist, as much is known as ever will be.
    stage.session.ui.cursor.go(now.plus(-20_000), stage.session.bounds());
    let screen = stage.screen();
    assert!(screen.contains("4400 left, 88.0 %") && !screen.contains("as of"), "{screen}");
}

/// A machine on which little was found.
fn bare() -> Vec<Item> {
    let denied = Outcome::Denied {
        place: r"C:\Windows\System32\LogFiles\HTTPERR".into(),
        grant: r#"icacls "C:\Windows\System32\LogFiles\HTTPERR" /grant "SRV\ann:(OI)(CI)R""#.into(),
    };
    vec![
        Item::found(Topic::System, "Windows", "Windows Server 2012 R2, 64-bit, 8 GB", "the system"),
        Item::found(
            Topic::System,
            "non-paged pool",
            "8192.0 MB",
            "computed: all of RAM on Windows Server 2012 and later, 64-bit",
        ),
        Item::missing(Topic::Iis, "IIS", [r"C:\Windows\System32\inetsrv\config", r"C:\Windows\System32\inetsrv\MetaBase.xml"]),
        Item { topic: Topic::HttpSys, what: String::from("HTTPERR"), outcome: denied },
        Item::found(Topic::Sepm, "SEPM", "14.3", r"HKLM\SOFTWARE\Symantec\Symantec Endpoint Protection\SEPM"),
        Item::remark(Topic::Sepm, "SEPM", "SEPM 14 runs Apache: IIS's limit does not apply"),
        Item::missing(Topic::Ns, "Notification Server", [r"HKLM\SOFTWARE\Altiris\eXpress\Notification Server"]),
        Item::missing(Topic::Counters, "counters", [r"\Memory\Pool Nonpaged Bytes", r"\W3SVC_W3WP(*)\Active Requests"]),
    ]
}

#[test]
fn empty_panes_say_what_was_looked_for_and_the_machine_tells_it_all() {
    both("live_nothing_found", "", |size| server(&[], false, true, bare(), size));
    both("live_machine", "M", |size| server(&[], false, true, bare(), size));
    both("live_sources_of_a_machine", "5", |size| server(CALM, true, true, bare(), size));
}

#[test]
fn what_grants_a_denied_folder_is_copied_from_its_row() {
    let mut stage = server(&[], false, true, bare(), SMALL);
    let copied = stage.press("5 Enter Enter / d e n i e d Enter y");
    assert!(matches!(&copied[..], [Effect::Copy(text)] if text.starts_with("icacls \"C:\\Windows")), "{copied:?}");
    // A second time goes back to where one was.
    stage.press("Esc M");
    assert!(!stage.screen().contains("►Sources → This machine"));
}

/// What IIS says that it executes.
fn listed() -> Executing {
    let mut xml = String::from("<appcmd>");
    for n in 0..40_u32 {
        let url = format!("/secars/secars.dll?h={n:032x}&amp;action=12, time:1 msec");
        xml.push_str(&format!(
            "<REQUEST Time=\"{}\" Verb=\"POST\" Url=\"{url}\" ClientIp=\"10.21.3.{n}\" Stage=\"ExecuteRequestHandler\" \
             Module=\"IsapiModule\" SITE.ID=\"1\" APPPOOL.NAME=\"SepmPool\"/>",
            90_000 - n * 811
        ));
    }
    xml.push_str(
        "<REQUEST Time=\"12\" Verb=\"GET\" Url=\"/a\u{202e}\u{9b}2J\" ClientIp=\"::1\" Stage=\"BeginRequest\"/></appcmd>",
    );
    let Ok(When::At(at)) = When::parse(NOW) else { panic!("that is a moment") };
    Executing::Listed(at, executing::read(xml.as_bytes(), false).unwrap())
}

#[test]
fn x_asks_for_what_is_executing_and_shows_the_longest_first() {
    both("live_executing", "", |size| {
        let mut stage = server(CALM, true, true, Vec::new(), size);
        assert_eq!(stage.press("1 Enter x"), [Effect::Executing]);
        stage.session.ui.show_executing();
        assert!(stage.screen().contains("asking IIS"));
        stage.session.ui.executing = listed();
        stage
    });
    let mut stage = server(CALM, true, true, Vec::new(), SMALL);
    assert_eq!(stage.press("2 x"), []);
    assert!(stage.screen().contains("from pane 1"));
    stage.press("1 Enter");
    stage.session.ui.show_executing();
    stage.session.ui.executing = Executing::Failed(executing::refusal("ERROR ( hresult:80070005, message:no )"));
    let screen = stage.screen();
    assert!(screen.contains("elevated prompt"), "{screen}");
    stage.press("Esc");
    assert!(stage.screen().contains("Requests by application"));
}

#[test]
fn counters_and_the_machine_need_no_colour_and_no_unicode() {
    for (keys, counters) in [("", FULL), ("1 Enter", CALM), ("M", CALM), ("5", FULL)] {
        let mut stage = server(counters, true, false, bare(), MIDDLE);
        stage.session.glyphs = Glyphs::ascii();
        stage.press(keys);
        let screen = stage.screen();
        assert!(screen.is_ascii(), "{screen}");
    }
}
