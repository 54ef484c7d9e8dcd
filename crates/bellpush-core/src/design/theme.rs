//! Colours, shapes and type.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::text::Text;

/// Colours, shapes and type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Theme {
    /// The colours on light.
    pub light: Palette,
    /// The colours on dark.
    pub dark: Palette,
    /// How round corners are, in CSS pixels: 0 to 32.
    #[cfg_attr(feature = "schema", schemars(range(max = 32)))]
    pub radius: u8,
    /// How much room there is around things.
    pub density: Density,
    /// The type.
    pub font: Font,
    /// A picture above everything while idle; without one the widget shows its own sign.
    pub logo: Option<Logo>,
    /// The button in the page that opens the widget.
    pub launcher: Launcher,
}

/// A colour as `#rrggbb`.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Color(pub [u8; 3]);

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Color {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Color".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A colour as `#rrggbb`.",
            "type": "string",
            "pattern": "^#[0-9a-fA-F]{6}$",
        })
    }
}

impl FromStr for Color {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let channel = |at: usize| {
            let digits = text.get(at..at + 2)?;
            digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
            u8::from_str_radix(digits, 16).ok()
        };
        (text.len() == 7 && text.starts_with('#'))
            .then(|| Some(Self([channel(1)?, channel(3)?, channel(5)?])))
            .flatten()
            .ok_or_else(|| "write a colour like #0b7367".to_owned())
    }
}

impl TryFrom<String> for Color {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl fmt::Debug for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Color> for String {
    fn from(color: Color) -> Self {
        color.to_string()
    }
}

/// The colours of one theme. Pairs that are used on each other need the contrast of WCAG 2.2 AA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Palette {
    /// Buttons, links and signs.
    pub accent: Color,
    /// What stands on the accent.
    pub on_accent: Color,
    /// Hanging up, and what went wrong.
    pub danger: Color,
    /// What stands on that.
    pub on_danger: Color,
    /// Behind everything.
    pub canvas: Color,
    /// Behind fields and cards.
    pub surface: Color,
    /// Words.
    pub text: Color,
    /// Words of less weight.
    pub text_soft: Color,
    /// The edges of fields.
    pub line: Color,
}

/// How much room there is around things.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Density {
    /// As designed.
    #[default]
    Comfortable,
    /// Less.
    Compact,
}

/// The type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Font {
    /// Fonts that devices have.
    pub stack: FontStack,
    /// A font of one's own, before those.
    pub file: Option<FontFile>,
}

/// Fonts that devices have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FontStack {
    /// The device's own.
    #[default]
    System,
    /// With round ends.
    Rounded,
    /// With serifs.
    Serif,
    /// With equal widths.
    Mono,
}

/// A font of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FontFile {
    /// Its name: 1 to 64 letters, digits, spaces and dashes.
    pub family: String,
    /// A WOFF2 file at an `https:` address whose server allows other origins to load it (CORS).
    pub url: String,
}

/// A picture above everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Logo {
    /// Its `https:` address.
    pub src: String,
    /// What it says, for those who don't see it.
    pub alt: Text,
}

/// The button in the page that opens the widget.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Launcher {
    /// Its sign.
    pub icon: LauncherIcon,
    /// Words beside the sign; without them they are its name for screen readers only.
    pub label: Option<Text>,
    /// Where it stands.
    pub position: Corner,
}

/// The sign of the launcher.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LauncherIcon {
    /// A handset.
    #[default]
    Phone,
    /// A headset.
    Headset,
    /// A speech bubble.
    Chat,
}

/// A corner of the page, in the direction of its writing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Corner {
    /// Below, where lines end.
    #[default]
    BottomEnd,
    /// Below, where lines begin.
    BottomStart,
    /// Above, where lines end.
    TopEnd,
    /// Above, where lines begin.
    TopStart,
}
