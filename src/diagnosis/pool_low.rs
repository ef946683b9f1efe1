//! placeholder
use super::{Rule, Verdict};
pub(super) const RULE: Rule = Rule { name: "pool-low", watches: "", check: |_| Verdict::Fine };
