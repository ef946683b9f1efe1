//! A log that is made from a seed, and read.

use std::fmt::Write;

use why503::engine::{Engine, Envelope, Opened, Payload};
use why503::formats::Hints;
use why503::limits::Limits;
use why503::record::SourceId;
use why503::time::Time;

/// Bytes that are handed on at a time when a log is read.
const PIECE: usize = 256 * 1024;

/// Numbers that look like chance, the same in each run.
pub struct Dice(u64);

impl Dice {
    /// Dice that fall alike for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below a bound. (Knuth's generator of 64 bits; the upper ones are the good ones.)
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// One of some.
    pub fn of<T: Copy + Default>(&mut self, some: &[T]) -> T {
        let at = usize::try_from(self.below(some.len() as u64)).unwrap_or(0);
        some.get(at).copied().unwrap_or_default()
    }

    /// Milliseconds: most requests take little, few take long.
    pub fn taken(&mut self) -> u64 {
        let longest = self.of(&[300, 300, 300, 300, 300, 300, 2000, 2000, 15_000, 60_000]);
        self.below(longest)
    }
}

/// The time of day of a row of so many in an hour.
pub fn clock(row: u64, rows: u64) -> String {
    let second = row * 3600 / rows;
    format!("08:{:02}:{:02}", second / 60, second % 60)
}

/// An hour of a busy site in the fields of IIS 8 and later, a row in a thousand of it refused.
pub fn w3c(rows: u64) -> String {
    let mut dice = Dice::new(2026);
    let mut log = String::from(
        "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-11-20 08:00:00\r\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n",
    );
    let stems = ["/secars/secars.dll", "/default.aspx", "/reporting/summary.php", "/content/update.zip", "/shop/cart.aspx"];
    let agents =
        ["Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/142.0.0.0", "Smc", "-"];
    for row in 0..rows {
        let (stem, agent, client) = (dice.of(&stems), dice.of(&agents), dice.below(2000));
        let (came, taken) = if dice.below(1000) == 0 { ("503 2 0", dice.below(16)) } else { ("200 0 0", dice.taken()) };
        _ = write!(
            log,
            "2026-11-20 {} 10.0.0.5 GET {stem} id={row:06} 443 - 10.1.{}.{} {agent} - {came} {taken}\r\n",
            clock(row, rows),
            client / 250,
            client % 250,
        );
    }
    log
}

/// What a log is heard as, in the pieces that it is read in.
pub fn heard(log: &[u8]) -> Vec<Envelope> {
    let opened = Opened {
        path: "W3SVC1/u_ex261120.log".into(),
        hints: Hints::default(),
        size: log.len() as u64,
        generation: 0,
        first_look: true,
        has_file: true,
    };
    let pieces = log.chunks(PIECE).map(|piece| Payload::Bytes(piece.to_vec()));
    let payloads = std::iter::once(Payload::Opened(opened)).chain(pieces).chain([Payload::Closed]);
    payloads.map(|payload| Envelope { heard: Time::MIN, source: SourceId(0), payload }).collect()
}

/// An engine that has taken that in.
pub fn read(heard: Vec<Envelope>) -> Engine {
    let mut engine = Engine::new(Limits::default(), &[]);
    for envelope in heard {
        engine.take(envelope);
    }
    engine
}
