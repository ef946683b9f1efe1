//! why503

pub mod ui;
