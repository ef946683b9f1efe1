//! Looks: which style each [`Role`] has, and which [`Glyphs`] the terminal can draw.
//!
//! A theme is a TOML file. Those in `themes/` are built in; a user's own file is a patch over one of them. To add one to the
//! program, add the file and a row to [`THEMES`].

mod colour;
mod file;
mod glyphs;
mod role;
#[cfg(test)]
mod tests;

pub use colour::ColorDepth;
pub use glyphs::{BigFont, Glyphs};
pub use role::Role;

use ratatui::style::{Color, Modifier, Style};

/// A built-in theme.
#[derive(Debug, Clone, Copy)]
pub struct ThemeFile {
    /// What `--theme` takes.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
}

/// The built-in themes; the first is the default.
pub static THEMES: &[ThemeFile] = &[
    ThemeFile { name: "dark", text: include_str!("../../themes/dark.toml") },
    ThemeFile { name: "light", text: include_str!("../../themes/light.toml") },
    ThemeFile { name: "console", text: include_str!("../../themes/console.toml") },
    ThemeFile { name: "high-contrast", text: include_str!("../../themes/high-contrast.toml") },
    ThemeFile { name: "mono", text: include_str!("../../themes/mono.toml") },
];

/// Why a theme cannot be used. Every message says what would be right.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// No built-in theme has this name.
    #[error("there is no theme \"{name}\"; there are {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The file is not TOML.
    #[error("theme \"{theme}\" is not valid TOML: {source}")]
    Syntax {
        /// The theme.
        theme: String,
        /// What TOML has to say; it shows the line.
        source: Box<toml::de::Error>,
    },
    /// A key that is none of the file's.
    #[error("theme \"{theme}\": \"{key}\" is not a setting; there are base = \"…\", background = \"…\" and [roles]")]
    Key {
        /// The theme.
        theme: String,
        /// The key.
        key: String,
    },
    /// The background is no colour.
    #[error("theme \"{theme}\": background cannot be {value}; right is {}", colour::COLOUR_HELP)]
    Background {
        /// The theme.
        theme: String,
        /// The value given.
        value: String,
    },
    /// A role that does not exist.
    #[error("theme \"{theme}\": there is no role \"{role}\"; there are {}", role_names())]
    Role {
        /// The theme.
        theme: String,
        /// The role given.
        role: String,
    },
    /// A role's value is not a table.
    #[error("theme \"{theme}\": {role} cannot be {value}; right is {role} = {{ fg = \"red\", bold = true }}")]
    RoleValue {
        /// The theme.
        theme: String,
        /// The role.
        role: String,
        /// The value given.
        value: String,
    },
    /// An attribute of a role that does not exist or has the wrong value.
    #[error("theme \"{theme}\": {role} cannot have {attribute} = {value}; right is {right}")]
    Attribute {
        /// The theme.
        theme: String,
        /// The role.
        role: String,
        /// The attribute.
        attribute: String,
        /// The value given.
        value: String,
        /// What would be right.
        right: &'static str,
    },
    /// A theme without a base leaves a role out.
    #[error("theme \"{theme}\" does not give {role}; give it, or set base = \"dark\" to take the rest from there")]
    Missing {
        /// The theme.
        theme: String,
        /// The role.
        role: &'static str,
    },
}

/// A style for every role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    name: String,
    background: Option<Color>,
    styles: [Style; Role::ALL.len()],
}

impl Default for Theme {
    /// The first of [`THEMES`].
    fn default() -> Self {
        // A test parses every built-in theme; without colours the screen could still be read.
        THEMES.first().and_then(|file| Self::parse(file.name, file.text).ok()).unwrap_or_else(Self::unstyled)
    }
}

impl Theme {
    /// A built-in theme by name.
    ///
    /// # Errors
    ///
    /// [`ThemeError::Unknown`], with the names there are.
    pub fn load(name: &str) -> Result<Self, ThemeError> {
        match THEMES.iter().find(|file| file.name == name) {
            Some(file) => Self::parse(file.name, file.text),
            None => Err(ThemeError::Unknown { name: name.to_owned(), known: names() }),
        }
    }

    /// A theme from the text of its file, for instance the user's own.
    ///
    /// # Errors
    ///
    /// What is wrong with the file first, and what would be right.
    pub fn parse(name: &str, text: &str) -> Result<Self, ThemeError> {
        file::parse(name, text)
    }

    /// The name it was loaded or parsed under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How a role looks. A role without a background of its own leaves the one beneath.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// How a role looks where it is drawn, not written: bars, blocks, lines, big digits.
    ///
    /// Reverse video would turn a full block into a hole, and underline would fill the gaps between marks. A role that is shown
    /// by its background gives that colour to what is drawn.
    #[must_use]
    pub fn ink(&self, role: Role) -> Style {
        let mut style = self.style(role);
        let reversed = style.add_modifier.contains(Modifier::REVERSED);
        if let Some(background) = style.bg.take()
            && !reversed
        {
            style.fg = Some(background);
        }
        style.add_modifier.remove(Modifier::REVERSED | Modifier::UNDERLINED);
        style
    }

    /// What the whole screen is filled with before anything is drawn: ordinary text on the theme's background.
    #[must_use]
    pub fn screen(&self) -> Style {
        let text = self.style(Role::Text);
        self.background.map_or(text, |background| text.bg(background))
    }

    /// The theme as a terminal of this depth can show it.
    ///
    /// Without colour, the built-in `mono` theme's bold, underline and reverse take over, so that alarms still differ from each
    /// other.
    #[must_use]
    pub fn downgrade(&self, depth: ColorDepth) -> Self {
        if depth == ColorDepth::None {
            let mono = Self::load("mono").unwrap_or_else(|_| Self::unstyled());
            return Self { name: self.name.clone(), ..mono };
        }
        let background = self.background.map(|colour| colour::downgrade(colour, depth, None));
        let mut theme = Self { background, ..self.clone() };
        for style in &mut theme.styles {
            style.bg = style.bg.map(|colour| colour::downgrade(colour, depth, None));
            let against = style.bg.or(background).and_then(colour::rgb);
            style.fg = style.fg.map(|colour| colour::downgrade(colour, depth, against));
        }
        theme
    }

    fn set(&mut self, role: Role, style: Style) {
        if let Some(place) = self.styles.get_mut(role as usize) {
            *place = style;
        }
    }

    const fn unstyled() -> Self {
        Self { name: String::new(), background: None, styles: [Style::new(); Role::ALL.len()] }
    }
}

fn names() -> String {
    THEMES.iter().map(|file| file.name).collect::<Vec<_>>().join(", ")
}

fn role_names() -> String {
    Role::ALL.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ")
}
