use super::*;
use crate::engine::Engine;
use crate::sources::shelf::Shelf;
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
