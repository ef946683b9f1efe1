//! What is around the panes: the status line, the footer with its keys, the help.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};

use super::{Looks, vitals};
use crate::counters;
use crate::diagnosis::Severity;
use crate::engine::Moment;
use crate::ui::action::{ACTIONS, Action, Footer, KeyRow};
use crate::ui::cursor::Mode;
use crate::ui::level::Pane;
use crate::ui::panes::limit::{Draw, line};
use crate::ui::state::{Recorded, Ui};
use crate::ui::text::{Charset, Shown};
use crate::ui::theme::Role;
use crate::ui::views::{View, sources};

/// A key's name in the characters that the terminal has.
fn key_name(shown: &str, looks: Looks<'_>) -> String {
    if looks.glyphs.charset == Charset::Ascii {
        shown.replace('←', "Left").replace('→', "Right").replace("↑ ", "").replace("↓ ", "")
    } else {
        shown.to_owned()
    }
}

/// Text that may come from outside, safe and in the characters that the terminal has.
pub(super) fn safe(text: &str, looks: Looks<'_>) -> String {
    Shown::from_str(text).in_charset(looks.glyphs.charset).to_string()
}

/// What plays, how, and the moment looked at; at the right how bad it is.
pub(super) fn header(frame: &mut Frame<'_>, area: Rect, ui: &Ui, moment: &Moment<'_>, looks: Looks<'_>) {
    let Looks { theme, glyphs, .. } = looks;
    let status = theme.style(Role::Status);
    let (sign, mode) = match ui.cursor.mode {
        // Logs that ended long ago are shown at their end, which is not now.
        Mode::Live if moment.heard.since(moment.at) > 60_000 => (glyphs.pause, String::from("live, logs end")),
        Mode::Live => (glyphs.play, String::from("live")),
        Mode::Playing => (glyphs.play, format!("x{}", ui.cursor.speed)),
        Mode::Paused => (glyphs.pause, String::from("paused")),
    };
    let when = match moment.timeline.span() {
        Some(_) => format!("{} {}", ui.zone.date_clock(moment.at), ui.zone),
        None => String::from("no record yet"),
    };
    let mut spans = vec![
        Span::styled(" why503 ", theme.style(Role::Title)),
        Span::styled(format!("{} ", safe(&ui.title, looks)), status),
        Span::styled(format!("{sign} {mode} "), theme.style(Role::Key)),
        Span::styled(format!(" {when} "), theme.style(Role::Cursor)),
        Span::styled(format!(" last {}", duration(ui.window)), status),
    ];
    if let Some(loaded) = ui.loading {
        spans.push(Span::styled(format!("  loading {}", bar(loaded, looks)), theme.style(Role::Warn)));
    }
    match &ui.recording {
        Some(Recorded::Going(size)) => spans.push(Span::styled(format!("  REC {size}"), theme.style(Role::Key))),
        Some(Recorded::Paused(why)) => {
            spans.push(Span::styled(format!("  REC PAUSED: {}", safe(why, looks)), theme.style(Role::Critical)));
        }
        None => {}
    }
    frame.buffer_mut().set_style(area, status);
    let line = Line::from(spans);
    let used = u16::try_from(line.width()).unwrap_or(area.width);
    line.render(area, frame.buffer_mut());
    let mut right = area.x + area.width;
    for (text, role) in [Some(verdict(moment, looks)), losses(moment, area.width, looks)].into_iter().flatten() {
        let width = u16::try_from(Shown::from_str(&text).width()).unwrap_or(0);
        if width < right - area.x {
            right -= width;
            frame.buffer_mut().set_string(right, area.y, &text, theme.style(role));
        }
    }
    vitals::draw(frame, Rect { width: right - area.x, ..area }, used, moment, looks);
}

/// What was lost of the logs: it is said wherever one looks, for what is shown is not all there was.
fn losses(moment: &Moment<'_>, width: u16, looks: Looks<'_>) -> Option<(String, Role)> {
    let sign = looks.glyphs.warn;
    if moment.gaps.iter().any(|gap| gap.bytes > 0 || gap.to != Some(gap.from)) {
        return Some((format!(" {sign} gaps (5) "), Role::Warn));
    }
    let lost = sources::lost(moment)?;
    let lost = if width < 110 { lost.split(" in ").next().unwrap_or_default() } else { &lost };
    // The key of the view that tells which.
    Some((format!(" {sign} {lost} (5) "), Role::Warn))
}

fn verdict(moment: &Moment<'_>, looks: Looks<'_>) -> (String, Role) {
    let diagnosis = looks.diagnosis;
    let count = |severity: Severity| diagnosis.stories.iter().filter(|story| story.severity == severity).count();
    let (critical, warnings) = (count(Severity::Critical), count(Severity::Warning));
    let glyphs = looks.glyphs;
    match (critical, warnings) {
        _ if critical == 0 && counters::loads(moment).iter().any(|load| load.rejected > 0) => {
            (format!(" {} ", glyphs.critical), Role::Critical)
        }
        _ if moment.timeline.span().is_none() => (String::from(" ? "), Role::Unknown),
        (0, _) if diagnosis.untold.is_some() => (format!(" {} ", glyphs.critical), Role::Critical),
        (0, 0) => (format!(" {} ", glyphs.ok), Role::Ok),
        (0, n) => (format!(" {} {n} ", glyphs.warn), Role::Warn),
        (n, _) => (format!(" {} {n} ", glyphs.critical), Role::Critical),
    }
}

/// `45 % ████░░░░`
fn bar(share: f64, looks: Looks<'_>) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share from 0 to 1")]
    let filled = (share.clamp(0.0, 1.0) * 10.0) as usize;
    let full = looks.glyphs.block(8).repeat(filled);
    format!("{:.0} % {full}{}", share.clamp(0.0, 1.0) * 100.0, looks.glyphs.track.repeat(10 - filled))
}

/// `5 min`, `2 h`.
fn duration(seconds: i64) -> String {
    match seconds {
        s if s % 3600 == 0 => format!("{} h", s / 3600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

/// A message, the filter being typed, or the keys that do something here.
pub(super) fn footer(frame: &mut Frame<'_>, area: Rect, ui: &Ui, looks: Looks<'_>) {
    let theme = looks.theme;
    let status = theme.style(Role::Status);
    frame.buffer_mut().set_style(area, status);
    if let Some(mark) = &ui.noting {
        let text = format!(" Note at {}: {}_   Enter keeps it, Esc does not", ui.zone.clock(mark.at), safe(&mark.note, looks));
        Line::from(Span::styled(text, theme.style(Role::Accent))).render(area, frame.buffer_mut());
        return;
    }
    if ui.typing {
        let filter = safe(&ui.level().order.filter, looks);
        let text = format!(" Filter: {filter}_   Enter keeps it, Esc clears it");
        Line::from(Span::styled(text, theme.style(Role::Accent))).render(area, frame.buffer_mut());
        return;
    }
    if let Some(message) = &ui.message {
        Line::from(Span::styled(format!(" {}", safe(message, looks)), theme.style(Role::Accent)))
            .render(area, frame.buffer_mut());
        return;
    }
    let grouped = matches!(ui.level().view, View::AppGroups { .. } | View::NsGroups { .. });
    let of_requests = matches!(ui.level().view, View::Apps | View::AppGroups { .. } | View::Executing) && !ui.path.is_empty();
    let changes = !(ui.path.is_empty() && ui.focus != Pane::Findings)
        && matches!(
            ui.level().view,
            View::Finding { .. }
                | View::Findings
                | View::Apps
                | View::AppGroups { .. }
                | View::NsTypes
                | View::NsGroups { .. }
                | View::Tags
        );
    let numbers = matches!(ui.level().view, View::Capacity { .. });
    let limited = grouped || matches!(ui.level().view, View::Apps | View::NsTypes);
    let here = |footer: Footer| match footer {
        Footer::Limits => limited && !ui.path.is_empty(),
        Footer::Capacity => numbers,
        Footer::Always => true,
        Footer::Overview => ui.path.is_empty(),
        Footer::List => !ui.path.is_empty(),
        Footer::Groups => grouped,
        Footer::Changes => changes,
        Footer::Requests => of_requests && ui.focus == Pane::Requests && ui.cursor.mode == Mode::Live,
        Footer::Never => false,
    };
    let mut spans: Vec<Span<'_>> = Vec::new();
    let mut used = 0;
    // Nobody filters or sorts a handful of numbers: the keys that change them take the place.
    let is_idle = |row: &KeyRow| numbers && matches!(row.action, Action::Drill | Action::Filter | Action::Sort);
    for row in ACTIONS.iter().filter(|row| here(row.footer) && !is_idle(row)) {
        let (key, label) = (key_name(row.shown, looks), row.label);
        used += key.chars().count() + label.chars().count() + 3;
        if used > usize::from(area.width) {
            break;
        }
        spans.push(Span::styled(format!(" {key}"), theme.style(Role::Key)));
        spans.push(Span::styled(format!(" {label} "), status));
    }
    Line::from(spans).render(area, frame.buffer_mut());
}

/// All keys, from the table that they are looked up in.
pub(super) fn help(frame: &mut Frame<'_>, area: Rect, from: usize, looks: Looks<'_>) {
    let Looks { theme, glyphs, .. } = looks;
    let block = Block::bordered()
        .border_set(glyphs.border)
        .border_style(theme.style(Role::BorderFocus))
        .title(Span::styled(" Keys (up, down and PgDn scroll; any other key closes) ", theme.style(Role::Title)));
    let inner = block.inner(area);
    block.render(area, frame.buffer_mut());
    let last = ACTIONS.len().saturating_sub(usize::from(inner.height));
    for (row, at) in ACTIONS.iter().skip(from.min(last)).zip(inner.rows()) {
        let spans = vec![
            Span::styled(format!(" {:<10}", key_name(row.shown, looks)), theme.style(Role::Key)),
            Span::styled(row.help, theme.style(Role::Text)),
        ];
        Line::from(spans).render(at, frame.buffer_mut());
    }
}

/// A screen too small for a pane still says the worst.
pub(super) fn too_small(frame: &mut Frame<'_>, area: Rect, looks: Looks<'_>) {
    let worst = looks.diagnosis.stories.first().map_or_else(|| String::from("nothing found"), |story| story.claim.clone());
    let texts = [worst, format!("{}x{} is too small, 40x10 shows a pane", area.width, area.height)];
    let draw = Draw { theme: looks.theme, glyphs: looks.glyphs, focused: false, times: ("", "") };
    for (text, at) in texts.iter().zip(area.rows()) {
        line(frame.buffer_mut(), at, text, Role::Text, draw);
    }
}
