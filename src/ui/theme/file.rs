//! Reads theme files.
//!
//! ```toml
//! base = "dark"             # a patch over this theme; without it, every role must be given
//! background = "#101418"    # or "default", the terminal's own
//!
//! [roles]
//! critical = { fg = "#ff7b72", bold = true }
//! ```
//!
//! The file is walked by hand, not derived, so that a message can name the role and say what would be right.

use ratatui::style::{Color, Modifier, Style};
use toml::{Table, Value};

use super::{Role, Theme, ThemeError, colour};

const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];

/// A theme from the text of its file.
pub(super) fn parse(name: &str, text: &str) -> Result<Theme, ThemeError> {
    let file: Table = text.parse().map_err(|source| ThemeError::Syntax { theme: name.to_owned(), source: Box::new(source) })?;
    let base = base(name, &file)?;
    let complete = base.is_some();
    let mut theme = Theme { name: name.to_owned(), ..base.unwrap_or_else(Theme::unstyled) };
    let mut given = Vec::new();
    for (key, value) in &file {
        match (key.as_str(), value) {
            ("base", _) => {}
            ("background", value) => theme.background = background(name, value)?,
            ("roles", Value::Table(roles)) => given = patch(&mut theme, roles)?,
            _ => return Err(ThemeError::Key { theme: name.to_owned(), key: key.clone() }),
        }
    }
    match Role::ALL.iter().find(|role| !complete && !given.contains(*role)) {
        Some(role) => Err(ThemeError::Missing { theme: name.to_owned(), role: role.name() }),
        None => Ok(theme),
    }
}

fn base(name: &str, file: &Table) -> Result<Option<Theme>, ThemeError> {
    match file.get("base") {
        None => Ok(None),
        // Only an embedded theme can be a base, so bases cannot go round in a circle.
        Some(Value::String(base)) if base != name => Theme::load(base).map(Some),
        Some(other) => {
            Err(ThemeError::Unknown { name: other.as_str().map_or_else(|| written(other), str::to_owned), known: super::names() })
        }
    }
}

fn background(name: &str, value: &Value) -> Result<Option<Color>, ThemeError> {
    let colour = colour::parse(value).ok_or_else(|| ThemeError::Background { theme: name.to_owned(), value: written(value) })?;
    Ok(Some(colour).filter(|colour| *colour != Color::Reset))
}

/// Changes what the file gives and leaves the rest; returns the roles given.
fn patch(theme: &mut Theme, roles: &Table) -> Result<Vec<Role>, ThemeError> {
    let mut given = Vec::new();
    for (key, value) in roles {
        let role = Role::from_name(key).ok_or_else(|| ThemeError::Role { theme: theme.name.clone(), role: key.clone() })?;
        let bad = |value: &Value| ThemeError::RoleValue { theme: theme.name.clone(), role: key.clone(), value: written(value) };
        let attributes = value.as_table().ok_or_else(|| bad(value))?;
        let mut style = theme.style(role);
        for (attribute, value) in attributes {
            style = apply(style, attribute, value).map_err(|right| ThemeError::Attribute {
                theme: theme.name.clone(),
                role: key.clone(),
                attribute: attribute.clone(),
                value: written(value),
                right,
            })?;
        }
        theme.set(role, style);
        given.push(role);
    }
    Ok(given)
}

/// The style with one attribute changed, or what would be right.
fn apply(mut style: Style, attribute: &str, value: &Value) -> Result<Style, &'static str> {
    if let Some((_, modifier)) = MODIFIERS.iter().find(|(name, _)| *name == attribute) {
        let on = value.as_bool().ok_or("true or false")?;
        style.add_modifier.set(*modifier, on);
        return Ok(style);
    }
    let place = match attribute {
        "fg" => &mut style.fg,
        "bg" => &mut style.bg,
        _ => return Err("fg, bg, bold, dim, italic, underline or reverse"),
    };
    let colour = colour::parse(value).ok_or(colour::COLOUR_HELP)?;
    *place = Some(colour).filter(|colour| *colour != Color::Reset);
    Ok(style)
}

/// The value as it stands in the file, near enough to find it there.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
        Value::Datetime(time) => time.to_string(),
        Value::Array(_) => "[…]".to_owned(),
        Value::Table(_) => "{ … }".to_owned(),
    }
}
