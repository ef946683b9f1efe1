//! The processors of systems that sysinfo knows.

use sysinfo::System;

/// Looks at the processors.
pub struct Processor {
    /// `None` on a system that sysinfo does not know.
    system: Option<System>,
    is_first: bool,
}

impl Processor {
    pub fn new() -> Self {
        Self { system: System::new().ok(), is_first: true }
    }

    /// Percent since the last look.
    pub fn look(&mut self) -> Option<f64> {
        let system = self.system.as_mut()?;
        system.refresh_cpu_usage();
        let usage = f64::from(system.global_cpu_usage());
        (!std::mem::take(&mut self.is_first)).then_some(usage)
    }
}
