use super::*;
use crate::drill::matching::{About, By};
use crate::time::Time;

const MS: Duration = Duration::from_millis(1);

fn groups(by: By, second: i64) -> Ask {
    let about = About::App(String::from("Default Web Site/shop"));
    Ask::Groups { about, by, times: Time::from_second(second - 300)..Time::from_second(second) }
}

/// A level of a live screen at some second, with an answer of an earlier one.
fn live(by: By, second: i64) -> Question {
    Question { slot: Slot::Level, ask: groups(by, second), mode: Mode::Live, standing: Standing::Aged }
}

/// Begins to answer; gives the job's number and whether it is given up.
fn begin(asking: &mut Asking, question: Question) -> (u64, Arc<AtomicBool>) {
    let given_up = Arc::new(AtomicBool::new(false));
    (asking.begin(question.slot, question.ask, Arc::clone(&given_up)), given_up)
}

/// Asks as often as it may for `seconds`, where each answer takes `took`. Gives when it asked.
fn asked(asking: &mut Asking, mode: Mode, seconds: u32, took: Duration) -> Vec<Duration> {
    let mut times = Vec::new();
    let mut ends: Option<(Duration, u64)> = None;
    for millis in 0..seconds * 1000 {
        let now = Duration::from_secs(100) + millis * MS;
        if let Some((_, number)) = ends.take_if(|(end, _)| now >= *end) {
            asking.end(number, took, now);
        }
        if asking.is_due(now)
            && let Some(question) = asking.next(Some(Question { mode, ..live(By::Url, i64::from(millis / 1000)) }), now)
        {
            times.push(now);
            ends = Some((now + took, begin(asking, question).0));
        }
    }
    times
}

#[test]
fn reading_the_logs_again_takes_no_more_than_a_tenth_of_a_core() {
    let took = 3000 * MS;
    let times = asked(&mut Asking::new(100 * MS), Mode::Live, 200, took);
    assert!((6..=8).contains(&times.len()), "{times:?}");
    assert!(times.windows(2).all(|pair| pair[1] >= pair[0] + (REST + 1) * took), "{times:?}");
}

#[test]
fn what_is_read_fast_is_asked_once_a_second_live_and_more_often_while_it_plays() {
    assert_eq!(asked(&mut Asking::new(100 * MS), Mode::Live, 20, MS).len(), 20);
    assert_eq!(asked(&mut Asking::new(100 * MS), Mode::Playing, 20, MS).len(), 50);
    assert_eq!(asked(&mut Asking::new(5000 * MS), Mode::Playing, 20, MS).len(), 4, "over a slow line");
}

#[test]
fn another_question_is_asked_at_once_and_the_one_before_given_up() {
    let mut asking = Asking::new(100 * MS);
    let (url, given_up) = begin(&mut asking, live(By::Url, 0));
    // A key that asks nothing else: the job goes on, though time does, too.
    asking.press();
    assert!(asking.is_due(MS));
    assert_eq!(asking.next(Some(live(By::Url, 1)), MS), None);
    assert!(!given_up.load(Ordering::Relaxed));
    // Grouped by something else.
    let by_client = Question { standing: Standing::Open, ..live(By::Client, 1) };
    assert_eq!(asking.next(Some(by_client.clone()), 2 * MS), Some(by_client.clone()));
    assert!(given_up.load(Ordering::Relaxed));
    let (client, given_up) = begin(&mut asking, by_client);
    // What was given up ends late, and answers nothing.
    assert_eq!(asking.end(url, 9000 * MS, 3 * MS), None);
    assert!(!given_up.load(Ordering::Relaxed));
    assert_eq!(asking.end(client, MS, 4 * MS), Some((Slot::Level, groups(By::Client, 1))));
}

#[test]
fn a_level_that_is_left_is_given_up_and_the_pane_asked_although_the_level_was_slow() {
    let mut asking = Asking::new(100 * MS);
    let (number, _) = begin(&mut asking, live(By::Url, 0));
    asking.end(number, 6000 * MS, 6000 * MS);
    assert_eq!(asking.next(Some(live(By::Url, 7)), 7000 * MS), None, "it has to rest");
    let (_, given_up) = begin(&mut asking, live(By::Url, 7));
    let latest = Ask::Latest { until: Time::from_second(8), most: 100 };
    let pane = Question { slot: Slot::Pane, ask: latest, ..live(By::Url, 8) };
    assert_eq!(asking.next(Some(pane.clone()), 8000 * MS), Some(pane));
    assert!(given_up.load(Ordering::Relaxed));
}

#[test]
fn a_list_that_needs_nothing_read_gives_up_what_is_under_way() {
    let mut asking = Asking::new(100 * MS);
    let (_, given_up) = begin(&mut asking, live(By::Url, 0));
    assert_eq!(asking.next(None, MS), None);
    assert!(given_up.load(Ordering::Relaxed));
}

#[test]
fn a_cursor_moved_by_hand_asks_anew() {
    let mut asking = Asking::new(100 * MS);
    let paused = |second| Question { mode: Mode::Paused, standing: Standing::Open, ..live(By::Url, second) };
    let (_, given_up) = begin(&mut asking, paused(0));
    assert_eq!(asking.next(Some(paused(0)), MS), None);
    assert_eq!(asking.next(Some(paused(1)), 2 * MS), Some(paused(1)));
    assert!(given_up.load(Ordering::Relaxed));
}

#[test]
fn on_a_share_that_does_not_answer_only_so_many_threads_wait() {
    let mut asking = Asking::new(100 * MS);
    let mut numbers = Vec::new();
    for second in 0..100 {
        let question = Question { mode: Mode::Paused, standing: Standing::Open, ..live(By::Url, second) };
        if let Some(question) = asking.next(Some(question), MS) {
            numbers.push(begin(&mut asking, question).0);
        }
    }
    assert_eq!(numbers.len(), MOST_GIVEN_UP);
    // One of them ends: there is room again.
    asking.end(numbers[0], MS, MS);
    let question = Question { standing: Standing::Open, ..live(By::Url, 200) };
    assert_eq!(asking.next(Some(question.clone()), MS), Some(question));
}
