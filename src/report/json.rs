//! The report as JSON.

use super::Report;

/// Serialises, and writes every control, direction and invisible format character as an escape: a terminal or an editor that shows
/// the JSON must not obey what a log says.
pub(super) fn render(report: &Report) -> serde_json::Result<String> {
    let plain = serde_json::to_string_pretty(report)?;
    let mut out = String::with_capacity(plain.len() + 1);
    for c in plain.chars() {
        if is_hostile(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    Ok(out)
}

/// DEL, C1, and what Unicode calls bidirectional control or default ignorable; C0 is escaped by the serialiser already.
fn is_hostile(c: char) -> bool {
    matches!(c,
        '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}
