//! why503: tells an administrator why a Windows server is turning clients away.

pub mod app;
pub mod cli;
pub mod config;
pub mod demo;
pub mod diagnosis;
pub mod drill;
pub mod engine;
pub mod formats;
pub mod headless;
pub mod limits;
pub mod pool;
pub mod record;
pub mod report;
pub mod slots;
pub mod sources;
pub mod time;
pub mod timeline;
pub mod ui;
