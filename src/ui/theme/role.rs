//! What a colour is for.

macro_rules! roles {
    ($($variant:ident $name:literal $help:literal)*) => {
        /// What a piece of the screen means. Code names the role; the theme decides on the looks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Role {
            $(#[doc = $help] $variant,)*
        }

        impl Role {
            /// Every role, in the order of the sample theme.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The role's key in a theme file.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it is used for, in a few words.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
            }
        }
    };
}

roles! {
    Text "text" "ordinary text"
    Dim "dim" "text of less weight: units, hints, what has not changed"
    Title "title" "titles of panes"
    Border "border" "borders of panes"
    BorderFocus "border_focus" "the border of the pane that has the keys"
    Header "header" "column headings"
    Accent "accent" "what can be followed, and names to find again"
    Info "info" "a finding that is no alarm"
    Ok "ok" "all is well"
    Warn "warn" "near a limit, or blind"
    Critical "critical" "clients are being turned away"
    Gauge "gauge" "a measured value, far from its limit"
    GaugeHigh "gauge_high" "a measured value near its limit"
    SlotConfig "slot_config" "a slot held by a configuration request"
    SlotPackage "slot_package" "a slot held by a package-info request"
    Free "free" "a free slot, the empty part of a gauge"
    Limit "limit" "the line or mark of a limit"
    Cutoff "cutoff" "the line or mark of a second limit, such as the pool's cutoff"
    Refused "refused" "clients turned away"
    Band "band" "between the low and the high estimate"
    Unknown "unknown" "not known, or not known yet"
    Spark "spark" "small curves inside other panes"
    Selected "selected" "the selected row"
    Cursor "cursor" "the moment looked at"
    Key "key" "a key in the footer or the help"
    Status "status" "the status line"
}

impl Role {
    /// The role of this name in a theme file.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.name() == name)
    }
}
