//! What people see.

pub mod text;
pub mod theme;
pub mod widgets;
