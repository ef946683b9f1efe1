use ratatui::buffer::CellWidth;
use ratatui::style::Modifier;

use super::*;

/// Roles that only mark or divide: they must be seen, not read.
const MARKS: [Role; 3] = [Role::Border, Role::Free, Role::Band];

/// Roles that must not be taken for one another.
const ALARMS: [Role; 5] = [Role::Ok, Role::Warn, Role::Critical, Role::Limit, Role::Refused];

fn built_in() -> impl Iterator<Item = Theme> {
    THEMES.iter().map(|file| Theme::parse(file.name, file.text).expect(file.name))
}

/// The contrast of a role; the terminal's own background is taken for black.
fn contrast(theme: &Theme, role: Role) -> f64 {
    let style = theme.style(role);
    let background = style.bg.or(theme.background).and_then(colour::rgb).unwrap_or([0; 3]);
    colour::contrast(style.fg.and_then(colour::rgb).expect("a colour"), background)
}

fn complaint(text: &str) -> String {
    Theme::parse("mine", text).expect_err(text).to_string()
}

#[test]
fn every_built_in_theme_gives_every_role() {
    for file in THEMES {
        let table: toml::Table = file.text.parse().expect(file.name);
        let roles = table["roles"].as_table().expect("roles");
        let expected: Vec<_> = Role::ALL.iter().map(|role| role.name()).collect();
        // In the same order, so that two files can be read side by side; the table itself sorts its keys.
        let given: Vec<_> = file.text.lines().filter_map(|line| line.split_once(" = {")).map(|(role, _)| role).collect();
        assert_eq!(given, expected, "{}", file.name);
        assert_eq!(roles.len(), expected.len(), "{}", file.name);
    }
    assert_eq!(built_in().count(), 5);
    assert_eq!(Theme::default().name(), "dark");
}

#[test]
fn text_can_be_read() {
    for theme in built_in().filter(|theme| theme.name() != "mono") {
        for &role in Role::ALL {
            let least = match theme.name() {
                "high-contrast" => 7.0,
                _ if MARKS.contains(&role) => 3.0,
                _ => 4.5,
            };
            let contrast = contrast(&theme, role);
            assert!(contrast >= least, "{}: {} has {contrast:.2}", theme.name(), role.name());
        }
    }
}

#[test]
fn fewer_colours_can_still_be_read() {
    for theme in built_in().filter(|theme| theme.name() != "mono") {
        for depth in [ColorDepth::Ansi16, ColorDepth::Indexed256] {
            let theme = theme.downgrade(depth);
            for &role in Role::ALL {
                let contrast = contrast(&theme, role);
                assert!(contrast >= 3.0, "{} at {depth:?}: {} has {contrast:.2}", theme.name(), role.name());
            }
        }
    }
}

#[test]
fn alarms_differ_at_every_depth() {
    for theme in built_in() {
        for depth in [ColorDepth::None, ColorDepth::Ansi16, ColorDepth::Indexed256, ColorDepth::True] {
            let shown = theme.downgrade(depth);
            for (place, one) in ALARMS.iter().enumerate() {
                for other in &ALARMS[place + 1..] {
                    let alike = shown.style(*one) == shown.style(*other);
                    // Critical means that clients are refused; where there is colour the two share one.
                    let same_thing = depth != ColorDepth::None && (*one, *other) == (Role::Critical, Role::Refused);
                    assert!(!alike || same_thing, "{} at {depth:?}: {} and {}", theme.name(), one.name(), other.name());
                }
            }
        }
    }
}

#[test]
fn no_colour_means_none() {
    for theme in built_in() {
        let plain = theme.downgrade(ColorDepth::None);
        assert_eq!(plain.background, None);
        for &role in Role::ALL {
            let style = plain.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{}", role.name());
            let everywhere = Modifier::BOLD | Modifier::UNDERLINED | Modifier::REVERSED;
            assert!(everywhere.contains(style.add_modifier), "{}", role.name());
        }
    }
}

#[test]
fn the_console_theme_keeps_to_sixteen_colours() {
    let theme = Theme::load("console").unwrap();
    assert_eq!(theme.downgrade(ColorDepth::Ansi16), theme);
}

#[test]
fn sixteen_colours_keep_the_hue() {
    let dark = Theme::load("dark").unwrap().downgrade(ColorDepth::Ansi16);
    assert_eq!(dark.style(Role::Critical).fg, Some(Color::LightRed));
    assert_eq!(dark.style(Role::Warn).fg, Some(Color::LightYellow));
    assert_eq!(dark.style(Role::Ok).fg, Some(Color::LightGreen));
    assert_eq!(dark.screen().bg, Some(Color::Black));
    let light = Theme::load("light").unwrap().downgrade(ColorDepth::Ansi16);
    assert_eq!(light.style(Role::Critical).fg, Some(Color::Red));
    assert_eq!(light.screen().bg, Some(Color::White));
}

#[test]
fn what_is_drawn_is_never_a_hole() {
    let mono = Theme::load("mono").unwrap();
    assert_eq!(mono.ink(Role::Critical), Style::new().add_modifier(Modifier::BOLD));
    let mine = Theme::parse("mine", "base = 'dark'\n[roles]\nwarn = { fg = 'black', bg = 'yellow' }").unwrap();
    assert_eq!(mine.ink(Role::Warn), Style::new().fg(Color::Yellow));
    assert_eq!(mine.ink(Role::Ok), mine.style(Role::Ok));
}

#[test]
fn a_patch_changes_what_it_gives() {
    let dark = Theme::load("dark").unwrap();
    let mine =
        Theme::parse("mine", "base = 'dark'\nbackground = 'default'\n[roles]\nwarn = { fg = 208 }\ncritical = { bold = false }")
            .unwrap();
    assert_eq!(mine.name(), "mine");
    assert_eq!(mine.screen().bg, None);
    assert_eq!(mine.style(Role::Warn), Style::new().fg(Color::Indexed(208)));
    assert_eq!(mine.style(Role::Critical), Style::new().fg(Color::Rgb(0xff, 0x6b, 0x63)));
    assert_eq!(mine.style(Role::Ok), dark.style(Role::Ok));
}

#[test]
fn mistakes_are_named_with_what_is_right() {
    insta::assert_snapshot!(
        [
            "base = 'drak'",
            "base = 3",
            "backgruond = 'red'",
            "base = 'dark'\nbackground = '#12345'",
            "base = 'dark'\n[roles]\ncritcal = { fg = 'red' }",
            "base = 'dark'\n[roles]\ncritical = 'red'",
            "base = 'dark'\n[roles]\ncritical = { fg = 'crimson' }",
            "base = 'dark'\n[roles]\ncritical = { fg = 256 }",
            "base = 'dark'\n[roles]\ncritical = { bold = 'yes' }",
            "base = 'dark'\n[roles]\ncritical = { blink = true }",
            "[roles]\ntext = {}",
        ]
        .map(complaint)
        .join("\n"),
        @r##"
        there is no theme "drak"; there are dark, light, console, high-contrast, mono
        there is no theme "3"; there are dark, light, console, high-contrast, mono
        theme "mine": "backgruond" is not a setting; there are base = "…", background = "…" and [roles]
        theme "mine": background cannot be "#12345"; right is "#rrggbb", a name such as "red" or "light-red", a number from 0 to 255, or "default"
        theme "mine": there is no role "critcal"; there are text, dim, title, border, border_focus, header, accent, info, ok, warn, critical, gauge, gauge_high, slot_config, slot_package, free, limit, cutoff, refused, band, unknown, spark, selected, cursor, key, status
        theme "mine": critical cannot be "red"; right is critical = { fg = "red", bold = true }
        theme "mine": critical cannot have fg = "crimson"; right is "#rrggbb", a name such as "red" or "light-red", a number from 0 to 255, or "default"
        theme "mine": critical cannot have fg = 256; right is "#rrggbb", a name such as "red" or "light-red", a number from 0 to 255, or "default"
        theme "mine": critical cannot have bold = "yes"; right is true or false
        theme "mine": critical cannot have blink = true; right is fg, bg, bold, dim, italic, underline or reverse
        theme "mine" does not give dim; give it, or set base = "dark" to take the rest from there
        "##
    );
    assert!(complaint("base = ").contains("not valid TOML"));
}

#[test]
fn glyphs_are_one_column_of_their_charset() {
    const CP437: &str = "─│┼═║╬░▒▓▄█▌▀■·▲▼►•√↑↓←→┌┐└┘";
    for glyphs in [Glyphs::unicode(), Glyphs::ascii(), Glyphs::cp437()] {
        // The debug text names every field, so that none can be forgotten here.
        let debug = format!("{glyphs:?}");
        let all: Vec<_> = debug.split('"').skip(1).step_by(2).collect();
        assert!(all.len() > 50);
        for glyph in all {
            assert_eq!(glyph.cell_width(), 1, "{glyph}");
            if glyphs == Glyphs::ascii() {
                assert!(glyph.is_ascii(), "{glyph}");
            }
            if glyphs == Glyphs::cp437() {
                assert!(glyph.is_ascii() || CP437.contains(glyph), "{glyph}");
            }
        }
    }
}

#[test]
fn one_client_turned_away_can_be_seen() {
    let line = |glyphs: Glyphs| [0, 1, 9, 10, 99, 100, 1_000, u64::MAX].map(|count| glyphs.turned_away(count)).concat();
    assert_eq!(line(Glyphs::unicode()), " ▁▂▃▄▅▇█");
    assert_eq!(line(Glyphs::ascii()), " 19xxX##");
}
