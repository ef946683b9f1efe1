//! The `why503` program.
fn main() {}
