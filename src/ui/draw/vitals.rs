//! The machine's vital signs in the status line. They are rounded: a screen on which nothing happens must not send bytes because a
//! number trembles.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::Looks;
use crate::counters::{self, Vitals};
use crate::engine::Moment;
use crate::ui::text::Shown;
use crate::ui::theme::Role;

/// From this width on all of them are shown; under it only the worst, where it is bad.
const ROOM: u16 = 110;
/// Per cent of the processors' time over which they are busy.
const BUSY: f64 = 90.0;
/// Bytes of memory under which there is little: how much there is in all is not told.
const LITTLE_MEMORY: f64 = 100.0 * MB;
/// Megabytes of the log's volume under which there is little.
const LITTLE_DISK: f64 = 500.0;
const MB: f64 = 1_048_576.0;

/// Draws them at the right end of an area of whose left so many columns are used.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, used: u16, moment: &Moment<'_>, looks: Looks<'_>) {
    let vitals = counters::vitals(moment);
    let vitals = Vitals {
        disk: vitals.disk.map(|(name, free)| (Shown::from(name).in_charset(looks.glyphs.charset).to_string(), free)),
        ..vitals
    };
    let bad = worst(&vitals);
    let (role, sign) = match bad {
        Some(_) => (Role::Warn, format!("{} ", looks.glyphs.warn)),
        None => (Role::Status, String::new()),
    };
    let all = all(&vitals, looks).filter(|_| area.width >= ROOM).map(|text| (text, area.width.saturating_sub(used)));
    // A bad sign is worth more than the words at the left.
    let bad = bad.map(|text| (text, area.width));
    for (text, room) in all.into_iter().chain(bad) {
        let text = Shown::from(format!(" {sign}{text} "));
        let width = u16::try_from(text.width()).unwrap_or(u16::MAX);
        if width <= room {
            let style = looks.theme.style(role);
            frame.buffer_mut().set_string(area.right() - width, area.y, text.as_str(), style);
            return;
        }
    }
}

/// The worst of what is bad.
fn worst(vitals: &Vitals) -> Option<String> {
    let memory = vitals.available.filter(|bytes| *bytes < LITTLE_MEMORY).map(memory);
    let disk = || vitals.disk.as_ref().filter(|(_, free)| *free < LITTLE_DISK).map(|(name, free)| disk(name, *free));
    let cpu = || vitals.cpu.filter(|cpu| *cpu > BUSY).map(cpu);
    memory.or_else(disk).or_else(cpu)
}

/// `cpu 10 % · 3.1 GB RAM free · C: 12 GB`
fn all(vitals: &Vitals, looks: Looks<'_>) -> Option<String> {
    let disk = vitals.disk.as_ref().map(|(name, free)| disk(name, *free));
    let parts: Vec<String> = [vitals.cpu.map(cpu), vitals.available.map(memory), disk].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(&format!(" {} ", looks.glyphs.separator)))
}

fn cpu(percent: f64) -> String {
    format!("cpu {:.0} %", (percent / 5.0).round() * 5.0)
}

fn memory(bytes: f64) -> String {
    format!("{} RAM free", rough(bytes))
}

fn disk(name: &str, megabytes: f64) -> String {
    format!("{name} {}", rough(megabytes * MB))
}

/// A size with two digits: `3.1 GB`, `12 GB`, `860 MB`.
fn rough(bytes: f64) -> String {
    let mut size = bytes.max(0.0) / MB;
    for unit in ["MB", "GB"] {
        if size < 999.5 {
            return format!("{} {unit}", two_digits(size));
        }
        size /= 1024.0;
    }
    format!("{} TB", two_digits(size))
}

fn two_digits(value: f64) -> String {
    match value {
        v if v < 9.95 => format!("{v:.1}"),
        v if v < 99.5 => format!("{v:.0}"),
        v if v < 999.5 => format!("{:.0}", (v / 10.0).round() * 10.0),
        v => format!("{v:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_tremble_look_the_same() {
        let sizes =
            [0.0, 3.13 * 1024.0 * MB, 3.12 * 1024.0 * MB, 857.0 * MB, 863.0 * MB, 12.3 * 1024.0 * MB, 2048.0 * 1024.0 * MB];
        assert_eq!(sizes.map(rough), ["0.0 MB", "3.1 GB", "3.1 GB", "860 MB", "860 MB", "12 GB", "2.0 TB"]);
        assert_eq!([8.0, 11.9, 97.6].map(cpu), ["cpu 10 %", "cpu 10 %", "cpu 100 %"]);
    }

    #[test]
    fn only_what_is_bad_is_a_warning_and_memory_comes_first() {
        let fine = Vitals { cpu: Some(90.0), available: Some(200.0 * MB), disk: Some((String::from("C:"), 600.0)) };
        assert_eq!(worst(&fine), None);
        let bad = Vitals { cpu: Some(99.0), available: Some(80.0 * MB), disk: Some((String::from("C:"), 40.0)) };
        assert_eq!(worst(&bad).as_deref(), Some("80 MB RAM free"));
        assert_eq!(worst(&Vitals { available: None, ..bad }).as_deref(), Some("C: 40 MB"));
    }
}
