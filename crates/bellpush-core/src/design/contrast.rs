//! Contrast of colours (WCAG 2.2, "contrast ratio" and "relative luminance").

use super::theme::{Color, Palette};

/// Contrast of text with what it stands on, at least (WCAG 2.2, 1.4.3).
pub(super) const TEXT: f64 = 4.5;
/// Contrast of controls and signs with what is around them, at least (WCAG 2.2, 1.4.11).
pub(super) const GRAPHICS: f64 = 3.0;

/// Two colours of a palette that the widget puts on each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// What is in front, as the palette names it.
    pub front: &'static str,
    /// What is behind.
    pub back: &'static str,
    /// The contrast that they have.
    pub ratio: f64,
    /// The contrast that they need.
    pub needed: f64,
}

/// The contrast ratio of two colours, from 1 to 21.
#[must_use]
pub fn contrast(one: Color, other: Color) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(Color([red, green, blue]): Color) -> f64 {
    let linear = |channel: u8| {
        let part = f64::from(channel) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

impl Palette {
    /// Every pair that the widget uses.
    #[must_use]
    pub fn pairs(&self) -> Vec<Pair> {
        let named = [
            ("text", self.text, "canvas", self.canvas, TEXT),
            ("text", self.text, "surface", self.surface, TEXT),
            ("textSoft", self.text_soft, "canvas", self.canvas, TEXT),
            ("textSoft", self.text_soft, "surface", self.surface, TEXT),
            ("onAccent", self.on_accent, "accent", self.accent, TEXT),
            ("onDanger", self.on_danger, "danger", self.danger, TEXT),
            // Links, and the sentences at fields that are not filled in rightly.
            ("accent", self.accent, "canvas", self.canvas, TEXT),
            ("accent", self.accent, "surface", self.surface, TEXT),
            ("danger", self.danger, "canvas", self.canvas, TEXT),
            ("danger", self.danger, "surface", self.surface, TEXT),
            // The edges of fields.
            ("line", self.line, "canvas", self.canvas, GRAPHICS),
            ("line", self.line, "surface", self.surface, GRAPHICS),
        ];
        named
            .into_iter()
            .map(|(front, one, back, other, needed)| Pair {
                front,
                back,
                ratio: contrast(one, other),
                needed,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn color(text: &str) -> Color {
        text.parse().unwrap()
    }

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        for (one, other, ratio) in [
            ("#000000", "#ffffff", 21.0),
            ("#ffffff", "#ffffff", 1.0),
            ("#777777", "#ffffff", 4.478),
            ("#767676", "#ffffff", 4.542),
            ("#0000ff", "#ffffff", 8.592),
            ("#ff0000", "#ffffff", 3.998),
        ] {
            let found = contrast(color(one), color(other));
            assert!((found - ratio).abs() < 0.001, "{one} on {other}: {found}");
            let turned = contrast(color(other), color(one));
            assert!((found - turned).abs() < f64::EPSILON);
        }
    }
}
