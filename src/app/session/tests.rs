use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::engine::Opened;
use crate::formats::Hints;
use crate::record::SourceId;
use crate::sources::load::Piece;
use crate::time::Zone;
use crate::ui::cursor::Cursor;

const LOG: &str = "#Fields: date time cs-uri-stem c-ip sc-status sc-substatus time-taken\n";

fn session() -> (Session, Ahead) {
    let ui = Ui::new("live", Cursor::live(), Zone::Utc, 300);
    let mut session = Session::new(Engine::default(), ui, Shelf::default(), vec![Theme::default()], Glyphs::unicode());
    let ids = Arc::new(AtomicU32::new(0));
    let ahead = session.ahead(&ids);
    (session, ahead)
}

fn opened(path: &str, has_file: bool) -> Payload {
    let hints = Hints::default();
    Payload::Opened(Opened { path: path.into(), hints, size: 0, generation: 0, first_look: true, has_file })
}

fn rows(first: u32) -> Vec<u8> {
    let row = |n: u32| format!("2026-11-20 09:00:{:02} /shop/a.aspx 10.0.0.{n} 200 0 5\n", n % 60);
    [LOG.to_owned(), (first..first + 20).map(row).collect()].concat().into_bytes()
}

fn take(session: &mut Session, source: u32, payload: Payload) {
    session.take(Envelope { heard: Time::MIN, source: SourceId(source), payload });
}

fn records(session: &Session) -> Vec<(u32, u64)> {
    session.engine.sources().iter().map(|(id, source)| (id.0, source.records)).collect()
}

#[test]
fn logs_that_come_again_are_there_once_and_what_is_sampled_goes_on() {
    let (mut session, ahead) = session();
    let counters = b"\"(PDH-CSV 4.0) (Coordinated Universal Time)(0)\",\"\\\\WEB01\\Memory\\Pool Nonpaged Bytes\"\n\"11/20/2026 09:00:00.000\",\"5\"\n";
    ahead.ids.store(3, Ordering::Relaxed);
    take(&mut session, 0, opened("counters", false));
    take(&mut session, 0, Payload::Bytes(counters.to_vec()));
    for id in [1, 2] {
        take(&mut session, id, opened("u_ex.log", true));
        take(&mut session, id, Payload::Bytes(rows(id)));
    }
    assert_eq!(records(&session), [(0, 1), (1, 20), (2, 20)]);
    session.begin_loading(1000);
    session.take_piece(Piece::Over);
    assert_eq!((records(&session), ahead.again.load(Ordering::Relaxed)), (vec![(0, 1)], 1));
    // What was on its way is of logs that are met again: whoever would load what stands before hears that, too.
    assert!(!session.take(Envelope { heard: Time::MIN, source: SourceId(1), payload: opened("u_ex.log", true) }));
    take(&mut session, 2, opened("u_ex.log", true));
    take(&mut session, 2, Payload::Bytes(rows(2)));
    take(&mut session, 3, opened("u_ex.log", true));
    take(&mut session, 3, Payload::Bytes(rows(3)));
    take(&mut session, 0, Payload::Bytes(b"\"11/20/2026 09:00:10.000\",\"6\"\n".to_vec()));
    session.loaded();
    assert_eq!(records(&session), [(0, 2), (3, 20)]);
    let timeline = session.engine.timeline();
    assert!(timeline.blocks.holding(SourceId(0), 120).is_some(), "its rows can be looked at");
    let all = Time::MIN..Time::MAX;
    let samples = timeline
        .counter(crate::timeline::POOL_USED)
        .map(|samples| samples.within(all).into_iter().map(|(_, value)| value).collect::<Vec<_>>());
    assert_eq!((samples, timeline.app("W3SVC1/").is_none()), (Some(vec![5.0, 6.0]), true));
}

#[test]
fn what_was_answered_from_half_of_a_log_is_asked_again_when_it_is_loaded() {
    let (mut session, _) = session();
    take(&mut session, 1, opened("u_ex.log", true));
    take(&mut session, 1, Payload::Bytes(rows(0)));
    session.shelf.put(SourceId(1), Place::Memory(rows(0).into()));
    session.begin_loading(1000);
    session.answer_now();
    assert_eq!(session.question().map(|question| question.standing), Some(Standing::Answered));
    let mut rest = session.engine.maker()();
    rest.take(Envelope { heard: Time::MIN, source: SourceId(2), payload: opened("u_ex2.log", true) });
    rest.take(Envelope { heard: Time::MIN, source: SourceId(2), payload: Payload::Bytes(rows(40)) });
    session.take_piece(Piece::Found(Box::new(rest), 2000));
    assert_eq!(session.ui.loading, Some(1.0));
    session.loaded();
    assert_eq!(session.question().map(|question| question.standing), Some(Standing::Open));
}

#[test]
fn frames_of_a_live_view_that_come_fast_say_what_was_wrong_at_the_last_slow_one() {
    let (mut session, _) = session();
    session.wall = Time::from_ymd_hms(2026, 11, 20, 9, 1, 0);
    let mut terminal = Terminal::new(ratatui::backend::TestBackend::new(120, 40)).unwrap();
    let row = |n: u32| format!("2026-11-20 09:00:{n:02} /secars/secars.dll 10.0.0.{n} 503 2 0\n");
    let refused = [LOG.to_owned(), (0..20).map(row).collect()].concat().into_bytes();
    let mut shows = |session: &mut Session, hastily: bool| {
        let drawn = if hastily { session.draw_hastily(&mut terminal) } else { session.draw(&mut terminal) };
        drawn.unwrap();
        let screen = terminal.backend().to_string();
        [screen.contains("20 requests turned away"), screen.contains("503 2 0")]
    };
    take(&mut session, 1, opened("W3SVC1/u_ex.log", true));
    assert_eq!(shows(&mut session, false), [false, false]);
    take(&mut session, 1, Payload::Bytes(refused.clone()));
    session.shelf.put(SourceId(1), Place::Memory(refused.into()));
    session.answer_now();
    assert_eq!(shows(&mut session, true), [false, true], "the row is on the screen at once");
    assert_eq!(shows(&mut session, false), [true, true]);
    assert_eq!(shows(&mut session, true), [true, true]);
    // A view that stands still was moved by hand.
    session.diagnosis = session.diagnosis.take().map(|said| Diagnosis { stories: Vec::new(), ..said });
    session.event(&Event::Key(KeyEvent::from(KeyCode::Char(' '))));
    assert_eq!(shows(&mut session, true), [true, true]);
}
