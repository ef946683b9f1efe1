//! why503 answers one question on a Windows server under pressure: **why is this server turning clients away?**
//!
//! Everything that happens is folded into one **timeline**, indexed by the time at which it happened. A **cursor** says which moment
//! is looked at. That is the whole program: live is a cursor that follows the end, pause one that stands still, replay one that
//! walks, a report one at the end with no screen.
//!
//! ```text
//!  edges: I/O, threads, clock          │  pure core: no clock, no I/O, no threads                 │  what people see
//!                                      │                                                          │
//!  sources::follow   a log that grows ─┐                                                          │
//!  sources::pool_tags who holds it    ─┤                                                          │
//!  sources::counters what is sampled  ─┤                                                          │
//!  sources::load     finished files   ─┼─ Envelope ─▶ engine ─ formats ─ Record ─▶ timeline       │
//!  sources::manifest limits and gaps  ─┘    │           │    (bytes → lines → records)  │         │
//!  sources::recording ◀── the same envelopes ┘           └──────── Moment {heard, at} ◀──┘         │
//!    through redact, if asked for      │                                │                         │
//!                                      │                                │                         │
//!                                      │        pool, slots, RULES ─▶ Finding ────────────────────┼─▶ ui::panes ─▶ screen
//!                                      │                                │                         ├─▶ report    ─▶ text, JSON,
//!                                      │                                │                         │       Markdown, HTML
//!                                      │                                │                         ├─▶ check     ─▶ one line
//!  sources::shelf    parts of logs  ───┼──────────▶ drill: a window's blocks, read again ─────────┼─▶ ui::views ─▶ raw lines
//!                                      │                                                          │
//!  key ─▶ ui::action::ACTIONS ─▶ Ui::update ─▶ Effect, done by app                                │
//! ```
//!
//! Finished files are loaded by all processors: several engines, which are one in the end, take in files and parts of large ones
//! ([`sources::load::Piece`], [`engine::part`]). Packed ones are unpacked as they are read ([`sources::packed`]). A large log that is
//! followed is begun at its end, and what stands before is loaded beside it ([`sources::follow::ahead`]).
//!
//! | to add | do |
//! |---|---|
//! | a log format | a file in `formats/`, a row in [`formats::FORMATS`], a folder in `tests/fixtures/` |
//! | a way logs are packed | a variant in `sources/packed.rs` and its arm in [`sources::packed::Packed::open`], a story in `tests/packed.rs` |
//! | a product to find on a machine | a file in `sources/discovery/`, a machine with it in `tests/machines/` |
//! | a counter that is sampled | a row in [`sources::counters::wanted::WANTED`] |
//! | a rule | a file in `diagnosis/`, a row in [`diagnosis::RULES`], a folder and its quiet twin in `tests/incidents/` |
//! | an incident, or a case that must stay silent | a folder in `tests/incidents/`, with what must be found beside the logs |
//! | a pane | a file in `ui/panes/`, an arm in [`ui::panes::limit_pane`] |
//! | a part of the reports | a function in `report/outline.rs`; all forms have it |
//! | a measure of `check` | a variant of [`check::Metric`], a function in `check/measure.rs`, a row in README |
//! | a level of the drilldown | a variant of [`ui::views::View`], its arms there |
//! | a key | a row in [`ui::action::ACTIONS`], an arm in [`ui::state::Ui::update`]; what only the outside can do, in `app/stage.rs` |
//! | a secret to take out of a recording | a row in `redact/rows.rs` (columns) or `redact/named.rs` (names), a seed in `tests/support/seeded.rs` |
//! | a theme | a file in `themes/`, a row in [`ui::theme::THEMES`] |
//!
//! To find the way: this page, then [`record`], `formats/httperr.rs`, `diagnosis/http_connections_refused.rs`, its incident in
//! `tests/incidents/`, `ui/panes/pool.rs` and the screens in `tests/snapshots/`.
//!
//! What there is to follow, and which limits a machine has, [`sources::discovery`] finds; it asks a [`sources::machine::Machine`].
//!
//! What depends on what is held by `tests/layers.rs`: `time`, `record` and `limits` know only each other; `formats` and `timeline`
//! know those; `engine`, `counters`, `executing`, `forecast`, `pool`, `slots`, `diagnosis`, `drill`, `redact`, `report` and `check` are the rest
//! of the core; only `sources`, `ui::terminal`, `app`, `config`, `demo` and `headless` touch the system, and only [`sources::clock`] reads the clock.

pub mod app;
pub mod check;
pub mod cli;
pub mod config;
pub mod counters;
pub mod demo;
pub mod diagnosis;
pub mod drill;
pub mod engine;
pub mod executing;
pub mod forecast;
pub mod formats;
pub mod headless;
pub mod inventory;
pub mod limits;
pub mod pool;
pub mod record;
pub mod redact;
pub mod report;
pub mod slots;
pub mod sources;
pub mod time;
pub mod timeline;
pub mod ui;
