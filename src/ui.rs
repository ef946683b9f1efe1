//! The screen.

pub mod action;
pub mod cursor;
pub mod draw;
pub mod level;
pub mod listing;
pub mod panes;
pub mod replies;
pub mod state;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod views;
pub mod widgets;
