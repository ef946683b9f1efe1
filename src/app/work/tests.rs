use super::*;
use crate::app::session::Standing;
use crate::engine::{Engine, Envelope, Opened, Payload};
use crate::formats::Hints;
use crate::record::SourceId;
use crate::sources::shelf::{Place, Shelf};
use crate::time::Zone;
use crate::ui::cursor::Cursor;
use crate::ui::state::Ui;
use crate::ui::theme::{Glyphs, Theme};

fn session() -> Session {
    let ui = Ui::new("live", Cursor::live(), Zone::Utc, 300);
    Session::new(Engine::default(), ui, Shelf::default(), vec![Theme::default()], Glyphs::unicode())
}

/// IIS is asked, and answers or is given up.
fn ask(body: &str, leave: impl FnOnce(&mut Session)) -> Executing {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut session = session();
    session.ui.show_executing();
    runtime.block_on(async {
        let (mut work, mut heard) = Work::new(Asking::new(Duration::ZERO));
        work.list_executing(appcmd::stand_in(folder.path(), body));
        leave(&mut session);
        if !session.ui.awaits_executing() {
            work.give_up_executing();
        }
        let done = heard.recv().await.unwrap();
        work.take(done, &mut session, Duration::ZERO);
        work.finish(&mut heard).await;
    });
    session.ui.executing
}

#[test]
fn what_iis_executes_is_shown_and_what_it_cannot_tell_says_why() {
    let body = "echo '<appcmd><REQUEST Time=\"12\" Url=\"/a\" Verb=\"GET\"/></appcmd>'";
    let Executing::Listed(_, listed) = ask(body, |_| {}) else { panic!() };
    assert_eq!((listed.requests.len(), listed.requests[0].url.as_str()), (1, "/a"));
    let told = ask("echo 'ERROR ( hresult:80070005, message:Access is denied. )'", |_| {});
    assert!(matches!(&told, Executing::Failed(why) if why.contains("elevated prompt")), "{told:?}");
}

#[test]
fn whoever_goes_back_ends_the_asking() {
    // It would take longer than any test may.
    let left = ask("exec sleep 1000", |session| session.ui.path.clear());
    assert_eq!(left, Executing::Asked);
}

/// Rows of one second of a log that lies in memory.
fn rows(second: u32) -> Vec<u8> {
    format!("2026-11-21 08:00:{second:02} /shop/cart.aspx 10.0.0.7 200 0 40\n").repeat(20).into_bytes()
}

#[test]
fn while_nothing_is_written_no_log_is_read_again_for_the_next_second() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut session, source) = (session(), SourceId(1));
    let at = |second: u32| Time::from_ymd_hms(2026, 11, 21, 8, 0, second).unwrap();
    let opened = Opened {
        path: "W3SVC1/u_ex.log".into(),
        has_file: true,
        hints: Hints::default(),
        size: 0,
        generation: 0,
        first_look: true,
    };
    let mut log = Vec::new();
    let mut write = |session: &mut Session, second, bytes: &[u8]| {
        log.extend(bytes);
        session.shelf.put(source, Place::Memory(log.clone().into()));
        session.take(Envelope { heard: at(second), source, payload: Payload::Bytes(bytes.to_vec()) });
    };
    session.take(Envelope { heard: at(1), source, payload: Payload::Opened(opened) });
    write(&mut session, 1, b"#Fields: date time cs-uri-stem c-ip sc-status sc-substatus time-taken\n");
    write(&mut session, 1, &rows(1));
    let (mut asked, mut lines) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        let (mut work, mut heard) = Work::new(Asking::new(Duration::ZERO));
        for second in 3..19 {
            if second == 6 {
                write(&mut session, second, &rows(second));
            }
            if second == 9 {
                session.shelf.put(source, Place::Gone("W3SVC1/u_ex.log".into()));
            }
            session.wall = Some(at(second));
            let now = Duration::from_secs(u64::from(second));
            work.ask(&mut session, now);
            if session.question().unwrap().standing != Standing::Answered {
                asked.push(second);
                let done = heard.recv().await.unwrap();
                if let Done::Answer(_, Some(Reply::Lines(answer)), _) = &done {
                    lines.push(answer.rows.len());
                }
                work.take(done, &mut session, now);
            }
            assert_eq!(session.question().unwrap().standing, Standing::Answered, "{second}");
        }
    });
    // A second that is not over may get more rows; and that a log has gone is told, only later.
    assert_eq!((asked, lines), (vec![3, 6, 7, 17, 18], vec![20, 40, 40, 0, 0]));
}
