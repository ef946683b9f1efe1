//! The non-paged pool as of a moment: used, maximum, available, and who holds it.

use crate::engine::Moment;
use crate::limits::Limit;
use crate::time::Time;
use crate::timeline::POOL_USED;

/// Growth is measured over so many milliseconds before the moment.
const GROWTH: i64 = 15 * 60_000;

/// The non-paged pool as of a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// When it was last sampled, and the bytes in use then.
    pub used: Option<(Time, f64)>,
    /// What it can grow to.
    pub max: Option<Limit>,
    /// Available bytes under which HTTP.sys refuses connections.
    pub cutoff: Limit,
    /// Maximum less used.
    pub available: Option<f64>,
    /// Bytes a minute that it grows by.
    pub per_minute: Option<f64>,
    /// The tags that hold it, the greatest first.
    pub tags: Vec<Tag>,
}

/// What one pool tag holds as of a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Tag {
    /// Four bytes, space padded.
    pub tag: [u8; 4],
    /// Non-paged bytes.
    pub bytes: f64,
    /// Bytes a minute that it grows by.
    pub per_minute: Option<f64>,
    /// The driver it belongs to; empty where nobody knows.
    pub driver: String,
    /// What it is used for; empty where nobody knows.
    pub what: String,
    /// How that was found: `pooltag.txt`, `built-in table`, `poolmon`, `searched drivers`; empty where nobody knows.
    pub how: &'static str,
}

impl Tag {
    /// The tag as text, without the padding.
    #[must_use]
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.tag).trim_end().to_owned()
    }
}

impl Pool {
    /// The pool as of a moment.
    #[must_use]
    pub fn of(moment: &Moment<'_>) -> Self {
        let recent = moment.at.plus(-GROWTH)..moment.at.plus(1);
        let samples = moment.timeline.counter(POOL_USED);
        let used = samples.and_then(|s| s.at(moment.at));
        let max = moment.limits.pool_max();
        #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
        let available = used.zip(max.as_ref()).map(|((_, used), max)| max.value as f64 - used);
        let owner_of = moment.tag_owners();
        let mut tags: Vec<Tag> = moment
            .timeline
            .tags()
            .filter_map(|(tag, history)| {
                let (_, bytes) = history.bytes.at(moment.at)?;
                let owner = owner_of(tag, &history.driver);
                let how = owner.as_ref().map_or("", |owner| owner.how.as_str());
                let (driver, what) = owner.map(|owner| (owner.driver.to_string(), owner.purpose())).unwrap_or_default();
                Some(Tag { tag, bytes, per_minute: history.bytes.per_minute(recent.clone()), driver, what, how })
            })
            .collect();
        tags.sort_by(|a, b| b.bytes.total_cmp(&a.bytes).then(a.tag.cmp(&b.tag)));
        Self {
            used,
            max,
            cutoff: moment.limits.pool_cutoff(),
            available,
            per_minute: samples.and_then(|s| s.per_minute(recent)),
            tags,
        }
    }
}
