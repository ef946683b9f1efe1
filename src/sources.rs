//! Where envelopes come from: finished files, and files that grow.

pub mod load;
pub mod manifest;
pub mod shelf;
