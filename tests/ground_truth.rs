//! The estimate of requests in flight against the log of a real server whose true numbers are known, second by second.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use why503::engine::Engine;
use why503::limits::Limits;
use why503::sources::load::Recording;
use why503::sources::shelf::Shelf;
use why503::time::Zone;

#[test]
fn the_estimate_is_within_five_per_cent_and_the_bounds_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples/ground-truth");
    let Ok(truth) = std::fs::read_to_string(folder.join("truth.json")) else {
        eprintln!("skipped: {} is not here", folder.display());
        return;
    };
    let truth: BTreeMap<String, (f64, i64, i64)> = serde_json::from_str(&truth).unwrap();
    let log: Vec<PathBuf> = vec![folder.join("W3SVC1")];
    let engine = Recording::open(&log).unwrap().load(Zone::Utc, &Shelf::default(), &|| Engine::new(Limits::default(), &[]));
    let app = engine.timeline().app("W3SVC1/secars").expect("the log is of SEPM clients");

    let (mut off, mut seconds) = (0.0, 0.0);
    for (second, (mean, least, most)) in &truth {
        let point = app.in_flight.at(second.parse().unwrap());
        assert!(point.low <= *least, "{second}: low {} but only {least} were in flight at one moment", point.low);
        assert!(point.high >= *most, "{second}: high {} but {most} were in flight at one moment", point.high);
        if *mean > 20.0 {
            off += (point.mean - mean).abs() / mean;
            seconds += 1.0;
        }
    }
    assert!(seconds > 20.0, "the truth covers {seconds} busy seconds");
    let average = off / seconds;
    assert!(average < 0.05, "the mean is off by {:.2} % on average over {seconds} seconds", average * 100.0);
}
