//! The processors of Windows.

use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::System::Threading::GetSystemTimes;

use super::{Times, busy};

/// Looks at the processors.
pub struct Processor {
    before: Option<Times>,
}

impl Processor {
    pub fn new() -> Self {
        Self { before: times() }
    }

    /// Percent since the last look.
    pub fn look(&mut self) -> Option<f64> {
        let (before, after) = (self.before?, times()?);
        self.before = Some(after);
        busy(before, after)
    }
}

/// What all processors did so far. The time in the kernel counts what was idle, too (Microsoft, `GetSystemTimes`).
#[expect(unsafe_code, reason = "a call of the system")]
fn times() -> Option<Times> {
    let mut told = [FILETIME::default(); 3];
    let [idle, kernel, user] = &mut told;
    // SAFETY: three places for times.
    let is_told = unsafe { GetSystemTimes(idle, kernel, user) } != 0;
    let [idle, kernel, user] = told.map(|time| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime));
    is_told.then(|| Times { idle, all: kernel.wrapping_add(user) })
}
