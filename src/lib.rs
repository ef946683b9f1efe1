//! why503: tells an administrator why a Windows server is turning clients away.

pub mod engine;
pub mod formats;
pub mod headless;
pub mod limits;
pub mod record;
pub mod sources;
pub mod time;
