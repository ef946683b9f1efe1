//! The looks of the page.

/// A colour's name, and what it is on light and on dark ground.
type Colour = (&'static str, &'static str, &'static str);

/// The two grounds that everything is drawn on.
const GROUNDS: [Colour; 2] = [("ground", "#ffffff", "#14171a"), ("panel", "#f1f3f5", "#20262b")];
/// What is read, or must be told from the ground.
const INKS: [Colour; 6] = [
    ("ink", "#1b1f24", "#e6e9ec"),
    ("dim", "#4d5661", "#a9b3bd"),
    ("value", "#0b57a4", "#78bcff"),
    ("limit", "#8a4300", "#f0ab66"),
    ("critical", "#a8121a", "#ff918c"),
    ("link", "#0b57a4", "#78bcff"),
];

/// The style sheet.
pub(super) fn sheet() -> String {
    let colours = |pick: fn(&Colour) -> &'static str| {
        let one = |colour: &Colour| format!("--{}:{};", colour.0, pick(colour));
        GROUNDS.iter().chain(&INKS).map(one).collect::<String>()
    };
    let (light, dark) = (colours(|colour| colour.1), colours(|colour| colour.2));
    format!(
        ":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{RULES}\
         @media print{{:root{{{light}}}body{{max-width:none;padding:0;font-size:10pt}}a{{color:inherit}}\
         figure,li,tr,pre{{break-inside:avoid}}h2,h3,h4{{break-after:avoid}}.wide{{overflow:visible}}\
         th,td{{overflow-wrap:anywhere}}thead th,.number{{overflow-wrap:break-word}}}}\n"
    )
}

const RULES: &str = "\
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:1rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,\"Segoe UI\",sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:0}
h2{font-size:1.25rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--dim)}
h3{font-size:1.05rem;margin:1.5rem 0 .25rem}
h4{font-size:1rem;margin:.75rem 0 0}
p{margin:.4rem 0}
header p{color:var(--dim)}
a{color:var(--link)}
ul,ol{margin:.25rem 0;padding-left:1.4rem}
pre,code{font-family:ui-monospace,Consolas,\"Cascadia Mono\",monospace;font-size:.9em}
pre{background:var(--panel);margin:.25rem 0;padding:.4rem .6rem;white-space:pre-wrap}
.lines li{margin:.2rem 0}
.lines code{background:var(--panel);white-space:pre-wrap}
.badge{display:inline-block;padding:0 .4rem;border:1px solid currentColor;font-size:.85em}
.critical{color:var(--critical)}
.warning{color:var(--limit)}
.info,.unknown{color:var(--dim)}
.wide{overflow-x:auto}
table{border-collapse:collapse;margin:.5rem 0}
th,td{border:1px solid var(--dim);padding:.2rem .5rem;text-align:left;vertical-align:top;overflow-wrap:break-word}
thead th{background:var(--panel)}
tbody th{font-weight:600}
.number{text-align:right;font-variant-numeric:tabular-nums}
figure{margin:1rem 0}
figcaption{font-size:.95em}
svg{display:block;width:100%;height:9rem;margin-top:.25rem;background:var(--panel)}
svg path{vector-effect:non-scaling-stroke;fill:none}
svg .value{stroke:var(--value);stroke-width:1.5}
svg .area{fill:var(--value);fill-opacity:.18}
svg .limit{stroke:var(--limit);stroke-width:2;stroke-dasharray:8 5}
svg .second{stroke-dasharray:2 4}
svg .floor{stroke:var(--dim)}
svg .away{fill:var(--critical)}
svg .hatch{stroke:var(--dim)}
.axis{display:flex;justify-content:space-between;color:var(--dim);font-size:.85em;margin:0}
";

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of `#rrggbb`, as WCAG 2 has it.
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(colour.get(at..at + 2).unwrap(), 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn all_that_is_read_stands_out_from_both_grounds_in_light_and_dark() {
        assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.01);
        for (ground, light, dark) in GROUNDS {
            for (ink, on_light, on_dark) in INKS {
                for (ink_colour, ground_colour) in [(on_light, light), (on_dark, dark)] {
                    let found = contrast(ink_colour, ground_colour);
                    assert!(found >= 4.5, "{ink} {ink_colour} on {ground} {ground_colour}: {found:.2}");
                }
            }
        }
    }
}
