//! The recorder against real folders, with the time made up.

mod damage;

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::engine::{Engine, Gap};
use crate::formats::Hints;
use crate::sources::load::Recording;
use crate::sources::manifest::{MANIFEST, Manifest};
use crate::sources::shelf::Shelf;

const HEADER: &str = "#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time cs-method cs-uri-stem sc-status sc-substatus time-taken\r\n";

fn row(second: usize) -> String {
    format!("2026-11-21 08:{:02}:{:02} GET /a{second}.aspx 200 0 15\r\n", second / 60, second % 60)
}

fn rows(seconds: std::ops::Range<usize>) -> String {
    seconds.map(row).collect()
}

/// A recorder, the folder it writes to, and a clock that stands until it is told to go.
struct Rig {
    dir: tempfile::TempDir,
    recorder: Option<Recorder>,
    tick: Tick,
}

impl Rig {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let time = Time::from_millis(1_795_248_000_000);
        let mut rig = Self { dir, recorder: None, tick: Tick { time, steady: Duration::from_secs(1) } };
        rig.start(change).unwrap();
        rig
    }

    /// A finished recording of a log with so many rows.
    fn of_rows(count: usize) -> Self {
        let mut rig = Self::new();
        rig.open(0, "logs/W3SVC1/u.log", 0);
        rig.bytes(0, format!("{HEADER}{}", rows(0..count)));
        rig.finish();
        rig
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("rec")
    }

    fn start(&mut self, change: impl FnOnce(&mut Setup)) -> anyhow::Result<()> {
        let mut setup = Setup {
            folder: self.folder(),
            from_start: false,
            max_size: 1 << 30,
            redact: None,
            zone: Zone::Utc,
            limits: Given::default(),
            apps: Vec::new(),
        };
        change(&mut setup);
        self.recorder = Some(Recorder::open(setup, self.tick)?);
        Ok(())
    }

    fn recorder(&mut self) -> &mut Recorder {
        self.recorder.as_mut().unwrap()
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.tick.steady += Duration::from_secs(1);
            self.tick.time = self.tick.time.plus(1000);
            let tick = self.tick;
            self.recorder().tick(tick);
        }
    }

    fn take(&mut self, source: u32, payload: Payload) {
        let (tick, source) = (self.tick, SourceId(source));
        self.recorder().take(&Envelope { heard: tick.time, source, payload }, tick);
    }

    fn open(&mut self, source: u32, path: &str, size: usize) {
        let hints = Hints { name: path.rsplit('/').next().unwrap().to_owned(), ..Hints::default() };
        self.take(
            source,
            Payload::Opened(Opened {
                path: path.into(),
                hints,
                size: size as u64,
                generation: 0,
                first_look: true,
                has_file: true,
            }),
        );
    }

    fn bytes(&mut self, source: u32, text: impl AsRef<[u8]>) {
        self.take(source, Payload::Bytes(text.as_ref().to_vec()));
    }

    /// Ends the recorder as a power cut would: nothing more is written.
    fn kill(&mut self) {
        let recorder = self.recorder.take().unwrap();
        // Only the lock goes, as it does with the process.
        drop(recorder.book);
    }

    fn finish(&mut self) -> Status {
        self.recorder.take().unwrap().finish(self.tick)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder().join(name)).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let manifest = Manifest::parse(&self.text(MANIFEST)).unwrap();
        manifest.work.files.into_iter().map(|file| file.path).collect()
    }

    fn replay(&self) -> Engine {
        replay(&self.folder())
    }
}

fn replay(folder: &std::path::Path) -> Engine {
    Recording::open(&[folder.to_owned()]).unwrap().load(Zone::Utc, &Shelf::default(), &Engine::default)
}

fn records(engine: &Engine) -> u64 {
    engine.sources().values().map(|source| source.records).sum()
}

fn damage(engine: &Engine) -> Vec<String> {
    engine.sources().values().filter_map(|source| source.damage.clone()).collect()
}

fn gaps(engine: &Engine) -> Vec<Gap> {
    engine.moment(Time::MAX).gaps.to_vec()
}

#[test]
fn what_is_written_from_now_on_is_recorded_under_the_header_in_force() {
    let mut rig = Rig::new();
    let before = format!("{HEADER}{}", rows(0..5));
    rig.open(0, "logs/W3SVC1/u_ex261121.log", before.len());
    rig.bytes(0, format!("{before}{}", rows(5..7)));
    rig.pass(1);
    let text = rig.text("W3SVC1/u_ex261121.log");
    assert!(text.contains("#Fields: date time cs-method") && text.ends_with(&rows(5..7)), "{text}");
    assert!(!text.contains("/a4.aspx"));
    rig.finish();
    let engine = rig.replay();
    assert_eq!((records(&engine), damage(&engine), gaps(&engine)), (2, vec![], vec![]));
}

#[test]
fn from_the_start_a_recording_is_the_log_byte_for_byte() {
    let mut rig = Rig::with(|setup| setup.from_start = true);
    let log = format!("{HEADER}{}", rows(0..50));
    rig.open(0, "logs/W3SVC1/u_ex261121.log", log.len());
    for piece in log.split_inclusive('\n') {
        rig.bytes(0, piece);
    }
    assert_eq!(rig.finish().bytes, log.len() as u64);
    assert_eq!(rig.text("W3SVC1/u_ex261121.log"), log);
}

#[test]
fn a_log_that_comes_later_is_recorded_from_its_start_and_names_never_meet() {
    let mut rig = Rig::new();
    rig.open(0, "a/W3SVC1/u.log", 0);
    rig.bytes(0, format!("{HEADER}{}", row(1)));
    for (source, path) in
        [(1, "b/W3SVC1/u.log"), (2, "b/w3svc1/U.LOG"), (3, "/manifest.toml"), (4, "x/con.log"), (5, "a/?\u{1b}*.log")]
    {
        rig.open(source, path, 0);
        rig.bytes(source, format!("{HEADER}{}", row(2)));
    }
    rig.finish();
    let mut files = rig.files();
    files.sort();
    let expected = ["W3SVC1/u.log", "W3SVC1/u~2.log", "a/___.log", "logs/manifest.toml", "w3svc1/U~3.LOG", "x/_con.log"];
    assert_eq!(files, expected);
    assert_eq!(records(&rig.replay()), 5, "a manifest below is a manifest");
}

#[cfg(unix)]
#[test]
fn nobody_but_the_owner_may_look_into_it() {
    use std::os::unix::fs::PermissionsExt;
    let mut rig = Rig::new();
    rig.open(0, "logs/W3SVC1/u.log", 0);
    rig.bytes(0, format!("{HEADER}{}", row(1)));
    rig.finish();
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(rig.folder()), 0o700);
    assert_eq!(mode(rig.folder().join("W3SVC1")), 0o700);
    for file in ["W3SVC1/u.log", MANIFEST, LOCK] {
        assert_eq!(mode(rig.folder().join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_second_run_goes_on_and_the_time_between_is_a_gap() {
    let mut rig = Rig::new();
    rig.open(0, "logs/W3SVC1/u.log", 0);
    rig.bytes(0, format!("{HEADER}{}", row(1)));
    rig.finish();
    rig.tick.time = rig.tick.time.plus(60_000);
    rig.start(|_| {}).unwrap();
    let size = HEADER.len() + row(1).len();
    rig.open(0, "logs/W3SVC1/u.log", size);
    rig.bytes(0, format!("{HEADER}{}{}", row(1), row(2)));
    rig.finish();
    assert_eq!(rig.files(), ["W3SVC1/u.log", "W3SVC1/u~2.log"]);
    let engine = rig.replay();
    assert_eq!(records(&engine), 2);
    let [gap] = &gaps(&engine)[..] else { panic!("{:?}", gaps(&engine)) };
    assert_eq!((gap.to.unwrap().since(gap.from), gap.why.as_str()), (60_000, "nothing was recorded"));
    let error = rig.start(|setup| setup.from_start = true).unwrap_err();
    assert!(error.to_string().contains("would be there twice"), "{error}");
}

#[test]
fn the_second_of_two_recorders_is_told_who_holds_the_folder() {
    let mut rig = Rig::new();
    let first = rig.recorder.take();
    let error = rig.start(|_| {}).unwrap_err().to_string();
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    drop(first);
    rig.start(|_| {}).unwrap();
}

#[test]
fn a_folder_of_other_things_and_a_newer_recording_are_left_alone() {
    let mut rig = Rig::new();
    rig.finish();
    fs::create_dir_all(rig.dir.path().join("mine")).unwrap();
    fs::write(rig.dir.path().join("mine/letter.txt"), "dear").unwrap();
    let mine = rig.dir.path().join("mine");
    let error = rig.start(|setup| setup.folder = mine).unwrap_err().to_string();
    assert!(error.contains("not empty"), "{error}");
    fs::write(rig.folder().join(MANIFEST), "[recording]\nschema = \"why503/recording/7\"\n").unwrap();
    let error = format!("{:#}", rig.start(|_| {}).unwrap_err());
    assert!(error.contains("newer why503"), "{error}");
    assert!(Recording::open(&[rig.folder()]).is_err());
}

#[test]
fn a_log_goes_on_in_another_file_each_hour_and_when_one_is_large() {
    let mut rig = Rig::with(|setup| setup.max_size = 8 << 20);
    rig.open(0, "logs/W3SVC1/u.log", 0);
    rig.bytes(0, format!("{HEADER}{}", rows(0..10)));
    rig.tick.time = rig.tick.time.plus(3_600_000);
    rig.bytes(0, rows(10..20));
    let many = rows(20..30).repeat(3000);
    rig.bytes(0, &many);
    rig.bytes(0, rows(30..40));
    rig.finish();
    assert_eq!(rig.files(), ["W3SVC1/u.log", "W3SVC1/u~2.log", "W3SVC1/u~3.log"]);
    let engine = rig.replay();
    assert_eq!((records(&engine), damage(&engine), gaps(&engine)), (30_030, vec![], vec![]));
}

#[test]
fn listings_keep_their_times_where_a_file_of_them_goes_on_in_another() {
    let mut rig = Rig::new();
    rig.open(0, "pool-tags.txt", 0);
    rig.bytes(0, "# 2026-11-21T08:59:50Z\n Abcd Nonp 3 1 2 64 32\n Efgh Nonp 3 1 2 96 48\n");
    rig.tick.time = rig.tick.time.plus(3_600_000);
    rig.bytes(0, " Ijkl Nonp 3 1 2 32 16\n# 2026-11-21T09:00:00Z\n Abcd Nonp 4 1 3 96 32\n");
    rig.finish();
    assert_eq!(rig.files(), ["logs/pool-tags.txt", "logs/pool-tags~2.txt"]);
    let engine = rig.replay();
    let times: Vec<String> = engine.timeline().tag(*b"Abcd").unwrap().proofs.keys().map(|time| time.rfc3339()).collect();
    assert_eq!(times, ["2026-11-21T08:59:50Z", "2026-11-21T09:00:00Z"]);
    let rest = engine.timeline().tag(*b"Ijkl").unwrap();
    assert_eq!(rest.proofs.keys().next().unwrap().rfc3339(), "2026-11-21T08:59:50Z");
    assert_eq!((records(&engine), damage(&engine)), (4, vec![]));
}

#[test]
fn utf16_is_recorded_as_it_is_and_goes_on_under_its_mark() {
    let mut rig = Rig::new();
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let before = [&[0xFF, 0xFE][..], &wide(&format!("{HEADER}{}", row(0)))].concat();
    rig.open(0, "logs/W3SVC1/u.log", before.len());
    rig.bytes(0, [before, wide(&row(1))].concat());
    rig.finish();
    let bytes = fs::read(rig.folder().join("W3SVC1/u.log")).unwrap();
    assert!(bytes.starts_with(&[0xFF, 0xFE]) && bytes.ends_with(&wide(&row(1))));
    let engine = rig.replay();
    assert_eq!((records(&engine), damage(&engine)), (1, vec![]));
}

#[test]
fn other_counters_begin_another_file_unless_they_change_all_the_time() {
    let mut rig = Rig::new();
    let hints = Hints::default();
    rig.take(
        1,
        Payload::Opened(Opened {
            path: "counters.csv".into(),
            hints,
            size: 0,
            generation: 0,
            first_look: false,
            has_file: false,
        }),
    );
    let sample = |counter: &str, second: u32| {
        format!("\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\H\\{counter}\"\n\"11/21/2026 10:00:{second:02}.000\",\"1\"\n")
    };
    for (counter, second, pause) in [("A(1)\\x", 0, 1), ("A(2)\\x", 1, 61), ("A(3)\\x", 2, 1)] {
        rig.bytes(1, sample(counter, second));
        rig.pass(pause);
    }
    rig.finish();
    assert_eq!(rig.files(), ["logs/counters.csv", "logs/counters~2.csv"]);
    assert_eq!(rig.text("logs/counters.csv"), sample("A(1)\\x", 0) + &sample("A(2)\\x", 1));
    assert_eq!(rig.text("logs/counters~2.csv"), sample("A(3)\\x", 2));
    assert_eq!(rig.replay().timeline().counters_under(r"\a(").count(), 3);
}

#[test]
fn no_file_of_a_redacted_recording_begins_with_the_name_of_the_server() {
    let mut rig = Rig::with(|setup| setup.redact = Some([7; 16]));
    rig.open(0, "counters.csv", 0);
    rig.bytes(0, "\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\SEEDHOST\\Memory\\Available Bytes\"\r\n\"11/21/2026 08:00:00.000\",\"1\"\r\n");
    // A log goes on in another file each hour.
    for hour in 9..11 {
        rig.pass(3600);
        rig.bytes(0, format!("\"11/21/2026 {hour:02}:00:00.000\",\"2\"\r\n"));
    }
    rig.finish();
    let counters: Vec<String> = rig.files().iter().map(|file| rig.text(file)).collect();
    assert_eq!(counters.len(), 3, "{counters:?}");
    for text in counters {
        assert!(text.contains(",\"\\\\host-") && !text.contains("SEEDHOST"), "{text}");
        assert!(text.lines().next().unwrap().ends_with("\\Memory\\Available Bytes\"") && text.contains("\n\"11/21"), "{text}");
    }
}

#[test]
fn what_was_marked_while_it_was_recorded_is_in_the_recording_whoever_recorded_it() {
    let notes = |rig: &Rig| -> Vec<String> {
        let manifest = Manifest::of_folder(&rig.folder()).unwrap();
        manifest.bookmarks.into_iter().map(|mark| format!("{} {}", String::from(mark.at), mark.note)).collect()
    };
    let mut rig = Rig::new();
    let at = rig.tick.time;
    rig.recorder().mark(vec![(at, String::from("first")), (at.plus(5000), String::from("a slip"))]);
    rig.pass(3);
    // What is taken away again is not in it.
    rig.recorder().mark(vec![(at, String::from("first"))]);
    rig.finish();
    assert_eq!(notes(&rig), ["2026-11-21T08:00:00Z first"]);
    // The next run knows nothing of it, and keeps it all the same; whoever took it over from there has it once.
    rig.start(|_| {}).unwrap();
    rig.recorder().mark(vec![(at, String::from("first")), (at.plus(-1000), String::from("second"))]);
    rig.pass(3);
    rig.finish();
    assert_eq!(notes(&rig), ["2026-11-21T07:59:59Z second", "2026-11-21T08:00:00Z first"]);
}
