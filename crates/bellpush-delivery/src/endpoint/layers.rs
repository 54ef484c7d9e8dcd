//! Layers of escapes: what is escaped for JSON or HTML may be so within a URL, and so on. One layer is taken
//! off here, and what is below it can be searched as if that were all.

use super::{
    form::{Form, starts_with},
    references,
};

/// Characters below a layer that are looked at: more than the longest escape of one in a secret.
const MAX_PEELED: usize = 24;
/// So many backslashes of JSON, which HTML and URLs may leave as they are, stand before what is escaped.
const MAX_BACKSLASHES: usize = 3;

/// How a layer escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    Url,
    Json,
    Html,
}

/// Each of them.
pub(super) const LAYERS: [Layer; 3] = [Layer::Url, Layer::Json, Layer::Html];

/// What a text begins with, in a layer.
enum First {
    /// This character, escaped with so many bytes.
    Escaped(char, usize),
    /// No escape.
    Plain,
    /// The beginning of one, at the end of the text.
    Begun,
}

impl Layer {
    fn first(self, text: &str) -> First {
        match self {
            Self::Url if text.starts_with('%') => by_code(text, 1, 2),
            Self::Json if starts_with(text, "\\u") => by_code(text, 2, 4),
            Self::Json if text == "\\" => First::Begun,
            Self::Json => match text.strip_prefix('\\').and_then(|tail| tail.chars().next()) {
                Some(char @ ('"' | '\\' | '/')) => First::Escaped(char, 2),
                _ => First::Plain,
            },
            Self::Html => match references::first(text) {
                Some(Some((char, bytes))) => First::Escaped(char, bytes),
                Some(None) => First::Begun,
                None => First::Plain,
            },
            Self::Url => First::Plain,
        }
    }
}

/// So many hexadecimal digits behind so many bytes. What escapes are made of is ASCII.
fn by_code(text: &str, before: usize, digits: usize) -> First {
    let code = text.as_bytes().get(before..).unwrap_or_default();
    let code = code.get(..digits).unwrap_or(code);
    let value = code.iter().try_fold(0, |value, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(value * 16 + digit)
    });
    match value.and_then(char::from_u32).filter(char::is_ascii) {
        Some(_) if code.len() < digits => First::Begun,
        Some(char) => First::Escaped(char, before + digits),
        None => First::Plain,
    }
}

/// The beginning of a text without one of its layers.
#[derive(Debug, Default)]
pub(super) struct Peeled {
    pub(super) text: String,
    /// For each of its bytes, where what it was ends in the text with the layer.
    ends: Vec<usize>,
    /// Whether nothing follows.
    is_all: bool,
}

impl Peeled {
    fn push(&mut self, char: char, bytes: usize) {
        let end = self.ends.last().copied().unwrap_or(0) + bytes;
        self.text.push(char);
        self.ends.resize(self.text.len(), end);
    }

    /// What is found below the layer, as it is with it.
    pub(super) fn before(&self, form: Form) -> Option<Form> {
        match form {
            Form::Whole { bytes } => {
                let bytes = *self.ends.get(bytes.checked_sub(1)?)?;
                Some(Form::Whole { bytes })
            }
            Form::Begun => self.is_all.then_some(form),
        }
    }
}

/// Takes a layer off the beginning of a text, where an escape may begin below it.
pub(super) fn peel(layer: Layer, text: &str) -> Option<Peeled> {
    let slashes = text.bytes().take(MAX_BACKSLASHES).take_while(|byte| *byte == b'\\').count();
    let plain = if layer == Layer::Json { 0 } else { slashes };
    match layer.first(&text[plain..]) {
        First::Escaped('\\' | '%' | '&', _) | First::Begun => {}
        First::Escaped(..) if plain > 0 => {}
        First::Escaped(..) | First::Plain => return None,
    }
    let mut peeled = Peeled::default();
    for _ in 0..MAX_PEELED {
        let rest = &text[peeled.ends.last().copied().unwrap_or(0)..];
        match (layer.first(rest), rest.chars().next()) {
            (First::Escaped(char, bytes), _) => peeled.push(char, bytes),
            (First::Plain, Some(char)) => peeled.push(char, char.len_utf8()),
            (First::Begun, _) | (First::Plain, None) => {
                peeled.is_all = true;
                break;
            }
        }
    }
    Some(peeled)
}
