//! placeholder
use super::{Rule, Verdict};
pub(super) const RULE: Rule = Rule { name: "pool-tag-hog", watches: "", check: |_| Verdict::Fine };
