//! How columns share a width.

/// How wide a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnWidth {
    /// Exactly so many columns.
    Fixed(u16),
    /// As wide as its widest cell or heading, and at least so many columns.
    Min(u16),
    /// Like `Min(0)`, and in a share of what is left over, by this weight.
    Fill(u16),
}

/// A column is cut down to this before another is dropped.
const LEAST: u16 = 4;

/// The widths of the first columns, as many as fit into `width` with a space between them.
///
/// Each column is given with the width of its content. Where they do not all fit, the widest that is not fixed gives way, one
/// column at a time, so that short columns stay whole; then the last are dropped.
pub(super) fn share(columns: &[(ColumnWidth, u16)], width: u16) -> Vec<u16> {
    let natural: Vec<u16> = columns.iter().map(|&(column, content)| natural(column, content).min(width)).collect();
    for count in (1..=natural.len()).rev() {
        let mut widths = natural.iter().copied().take(count).collect::<Vec<_>>();
        if squeeze(columns, &mut widths, width) {
            fill(columns, &mut widths, width);
            return widths;
        }
    }
    Vec::new()
}

/// Takes from the widest until all fit; false if they cannot.
fn squeeze(columns: &[(ColumnWidth, u16)], widths: &mut [u16], width: u16) -> bool {
    loop {
        match total(widths).checked_sub(u32::from(width)) {
            None | Some(0) => return true,
            Some(over) if shrink(columns, widths, over) => {}
            Some(_) => return false,
        }
    }
}

fn natural(column: ColumnWidth, content: u16) -> u16 {
    match column {
        ColumnWidth::Fixed(width) => width,
        ColumnWidth::Min(least) => content.max(least),
        ColumnWidth::Fill(_) => content,
    }
}

/// All columns and the spaces between them.
fn total(widths: &[u16]) -> u32 {
    widths.iter().map(|&width| u32::from(width) + 1).sum::<u32>().saturating_sub(1)
}

/// Takes from the widest column, at most down to the next widest; false if no column can give any more.
fn shrink(columns: &[(ColumnWidth, u16)], widths: &mut [u16], over: u32) -> bool {
    let can_give = |&(place, width): &(usize, u16)| {
        let fixed = matches!(columns.get(place), Some((ColumnWidth::Fixed(_), _)));
        width > LEAST && (!fixed || widths.len() == 1)
    };
    let mut candidates: Vec<(usize, u16)> = widths.iter().copied().enumerate().filter(can_give).collect();
    candidates.sort_by_key(|&(_, width)| std::cmp::Reverse(width));
    let Some(&(place, widest)) = candidates.first() else {
        return false;
    };
    let next = candidates.get(1).map_or(LEAST, |&(_, width)| width.max(LEAST));
    let step = u32::from(widest - next).clamp(1, over);
    if let Some(width) = widths.get_mut(place) {
        *width = widest - u16::try_from(step).unwrap_or(1);
    }
    true
}

/// Gives what is left over to the columns that fill.
fn fill(columns: &[(ColumnWidth, u16)], widths: &mut [u16], width: u16) {
    let mut left = width.saturating_sub(u16::try_from(total(widths)).unwrap_or(width));
    let weight = |place: usize| match columns.get(place) {
        Some((ColumnWidth::Fill(weight), _)) => u32::from(*weight),
        _ => 0,
    };
    let mut weights: u32 = (0..widths.len()).map(weight).sum();
    for (place, width) in widths.iter_mut().enumerate() {
        let mine = weight(place);
        if mine == 0 {
            continue;
        }
        // Each takes its part of what is still there, so that rounding leaves nothing over.
        let part = u16::try_from(u32::from(left) * mine / weights).unwrap_or(left);
        *width += part;
        left -= part;
        weights -= mine;
    }
}
