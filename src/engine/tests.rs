//! What an engine makes of what a follower says of a log.

use proptest::prelude::*;

use super::*;
use crate::formats::Hints;
use crate::timeline::tally::NsRequest;

const HEADER: &str = "#Fields: date time cs-method cs-uri-stem sc-status sc-substatus time-taken\n";
const ROW: &str = "2026-11-21 06:55:00 GET /secars 200 0 15\n";

fn engine(said: Vec<Payload>) -> Engine {
    let mut engine = Engine::new(Limits::default(), &[]);
    let opened =
        Opened { path: "u_ex.log".into(), hints: Hints::default(), size: 0, generation: 0, first_look: true, has_file: true };
    for payload in std::iter::once(Payload::Opened(opened)).chain(said) {
        engine.take(Envelope { heard: Time::default(), source: SourceId(1), payload });
    }
    engine
}

#[test]
fn a_hole_that_is_filled_late_is_decoded_with_the_fields_in_force_and_its_bytes_are_conserved() {
    let hole = vec![0; ROW.len() * 3];
    let read = [HEADER.as_bytes(), ROW.as_bytes(), &hole, ROW.as_bytes()].concat();
    let (len, offset) = (read.len() as u64, (HEADER.len() + ROW.len()) as u64);
    let filled = Payload::Filled { offset, bytes: ROW.repeat(3).into_bytes() };
    let engine = engine(vec![Payload::Bytes(read), filled, Payload::Bytes(ROW.as_bytes().to_vec())]);
    let source = &engine.sources()[&SourceId(1)];
    let row = ROW.len() as u64;
    assert_eq!((source.records, source.malformed, source.bytes), (6, 0, len + 4 * row));
    assert_eq!((source.ledger.total(), source.ledger.records, source.ledger.nul), (source.bytes, 6 * row, 3 * row));
}

#[test]
fn what_was_waited_for_and_never_came_leaves_no_row() {
    for (health, rows) in
        [(Health::Unmatched, 0), (Health::LeftOut(LeftOut::Compressed, 2), 0), (Health::Waiting, 0), (Health::Following, 1)]
    {
        let engine = engine(vec![Payload::Health(health.clone()), Payload::Closed]);
        assert_eq!(engine.sources().len(), rows, "{health:?}");
    }
}

#[test]
fn a_log_that_comes_back_is_counted_as_re_opened() {
    let gone = |health| vec![Payload::Health(health), Payload::Health(Health::Following)];
    let mut said = vec![Payload::Bytes(HEADER.into())];
    said.extend(gone(Health::Unreachable(String::from("the network name is gone"))));
    said.extend(gone(Health::Draining));
    assert_eq!(engine(said).sources()[&SourceId(1)].reopened, 2);
    assert_eq!(engine(gone(Health::Waiting)).sources()[&SourceId(1)].reopened, 0);
}

#[test]
fn how_the_watching_machine_fares_moves_no_log_into_the_present() {
    let mut engine = Engine::new(Limits::default(), &[]);
    let mut take = |source, payload| engine.take(Envelope { heard: Time::default(), source: SourceId(source), payload });
    let opened = |path: &str, has_file| {
        let hints = Hints::default();
        Payload::Opened(Opened { path: path.into(), hints, size: 0, generation: 0, first_look: true, has_file })
    };
    take(0, opened("u_ex.log", true));
    take(0, Payload::Bytes(b"#Fields: date time sc-status\r\n2009-10-09 08:00:00 200\r\n".to_vec()));
    take(1, opened(source::VITALS, false));
    let now = "\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\H\\Memory\\Available Bytes\"\r\n\"11/21/2026 17:00:00.000\",\"5\"\r\n";
    take(1, Payload::Bytes(now.as_bytes().to_vec()));
    let end = engine.timeline().span().unwrap().1;
    assert_eq!(end.rfc3339(), "2009-10-09T08:00:00Z");
    assert!(engine.timeline().counter(r"\memory\available bytes").is_some());
}

proptest! {
    #[test]
    fn rows_that_come_together_tell_what_they_tell_one_by_one(
        rows in proptest::collection::vec((prop_oneof![0u32..4, 55..75u32, Just(1100)], 0usize..4, 0usize..6, 0usize..3, 0usize..6), 0..80),
        with_site in any::<bool>(),
        // The row before which the columns change places.
        change in 0usize..80,
    ) {
        let row = |(at, (second, page, end, agent, taken)): (usize, (u32, usize, usize, usize, usize))| {
            let page = ["/secars/secars.dll", "/Altiris/NS/Agent/GetClientPolicies.aspx", "/altiris/ns/x.aspx", "-"][page];
            let end = ["200 0", "304 0", "503 2", "503 0", "200 -", "404 70000"][end];
            let taken = ["0", "499", "999", "1001", "31000", "-"][taken];
            let asked = format!("{page} 10.0.0.{agent} {}", ["Smc", "-", "Agent"][agent]);
            let time = format!("2026-11-21 06:{:02}:{:02}", 30 + second / 60, second % 60);
            match (at < change, with_site) {
                (true, false) => format!("{time} {asked} {end} {taken}\n"),
                (true, true) => format!("{time} W3SVC{} {asked} {end} {taken}\n", 1 + agent % 2),
                (false, _) => format!("{time} {end} {taken} {asked}\n"),
            }
        };
        let mut lines: Vec<String> = rows.into_iter().enumerate().map(row).collect();
        if change < lines.len() {
            lines.insert(change, "#Fields: date time sc-status sc-substatus time-taken cs-uri-stem c-ip cs(User-Agent)\n".into());
        }
        let site = if with_site { "s-sitename " } else { "" };
        lines.insert(0, format!("#Fields: date time {site}cs-uri-stem c-ip cs(User-Agent) sc-status sc-substatus time-taken\n"));
        let together = engine(vec![Payload::Bytes(lines.concat().into_bytes())]);
        let one_by_one = engine(lines.into_iter().map(|line| Payload::Bytes(line.into_bytes())).collect());
        prop_assert!(together.timeline() == one_by_one.timeline());
        prop_assert!(together.timeline().blocks == one_by_one.timeline().blocks);
        let about = |engine: &Engine| engine.sources().values().map(|source| (source.records, source.span, source.ledger)).collect::<Vec<_>>();
        prop_assert_eq!(about(&together), about(&one_by_one));
    }
}

#[test]
fn rows_that_name_no_client_make_no_stretch_in_which_nobody_asked() {
    const FIELDS: &str =
        "#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\n";
    let row = |client: &str| {
        let uri = "/Altiris/NS/Agent/GetClientPolicies.aspx";
        format!("2026-11-21 06:55:00 {client} 50000 10.0.0.5 80 HTTP/1.1 GET {uri} 503 1 N/A DefaultAppPool\n")
    };
    for (clients, stretches) in [(["-", "-"], 0), (["-", "10.0.0.9"], 1)] {
        let engine = engine(vec![Payload::Bytes([FIELDS, &row(clients[0]), &row(clients[1])].concat().into_bytes())]);
        assert_eq!(engine.sources()[&SourceId(1)].records, 2);
        let ns: Vec<_> = NsRequest::ALL.iter().filter_map(|kind| engine.timeline().ns(*kind)).collect();
        assert_eq!(ns.iter().map(|series| series.clients.len()).sum::<usize>(), stretches, "{clients:?}");
        assert_eq!(ns.len(), 1);
    }
}

#[test]
fn more_clients_of_one_second_than_are_held_are_all_counted() {
    const FIELDS: &str = "#Fields: date time cs-method cs-uri-stem c-ip sc-status sc-substatus time-taken\n";
    let row = |n: usize| {
        format!("2026-11-21 06:55:00 GET /Altiris/NS/Agent/GetClientPolicies.aspx 10.0.{}.{} 200 0 15\n", n / 250, n % 250)
    };
    let rows: String = (0..1000).cycle().take(5000).map(row).collect();
    let engine = engine(vec![Payload::Bytes([FIELDS, &rows].concat().into_bytes())]);
    let series = NsRequest::ALL.iter().find_map(|kind| engine.timeline().ns(*kind)).unwrap();
    let counts: Vec<u64> = series.clients.values().map(|clients| clients.count(i64::MAX)).collect();
    assert_eq!((counts, series.ended.sum(i64::MIN..i64::MAX)), (vec![1000], 5000));
}
