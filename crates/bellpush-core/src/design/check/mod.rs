//! The rules that the types do not carry. Faults come in the order of the document.

mod blocks;
mod faults;
mod fields;
mod syntax;
mod words;

use std::collections::HashSet;

use self::{faults::Faults, syntax::is_https, words::Words};
use super::{
    document::Design,
    form::pointer,
    text_keys::TextKey,
    theme::{Palette, Theme},
};
use crate::FieldError;
use crate::app::is_language_tag;

/// Languages of one design, at most.
const MAX_LANGUAGES: usize = 40;
/// Pixels of a corner's radius, at most.
const MAX_RADIUS: u8 = 32;
/// Characters of one of the widget's texts in other words, at most.
const MAX_OVERRIDE_CHARS: usize = 500;

impl Design {
    /// Every fault, in the order of the document.
    pub(super) fn faults(&self) -> Vec<FieldError> {
        self.check().all()
    }

    /// Those that a draft may not have either: what is unfinished it may have.
    pub(super) fn faults_of_draft(&self) -> Vec<FieldError> {
        self.check().of_draft()
    }

    fn check(&self) -> Faults {
        let mut faults = Faults::default();
        self.check_languages(&mut faults);
        let words = Words { languages: &self.languages };
        check_theme(&self.theme, &words, &mut faults);
        blocks::check(&self.states, &words, &mut faults);
        self.check_texts(&mut faults);
        faults
    }

    fn check_languages(&self, faults: &mut Faults) {
        let count = (1..=MAX_LANGUAGES).contains(&self.languages.len());
        let message = format!("a design has 1 to {MAX_LANGUAGES} languages");
        faults.unless(count, "/languages", message);
        let mut seen = HashSet::new();
        for (index, tag) in self.languages.iter().enumerate() {
            let place = format!("/languages/{index}");
            faults.unless(is_language_tag(tag), &place, "write a language tag like en or pt-BR");
            let new = seen.insert(tag.to_ascii_lowercase());
            faults.unless(new, &place, format!("{tag} is there twice"));
        }
    }

    fn check_texts(&self, faults: &mut Faults) {
        for (language, texts) in &self.texts {
            let place = format!("/texts{}", pointer(language));
            faults.unless(
                is_language_tag(language),
                &place,
                "write a language tag like en or pt-BR",
            );
            for (key, words) in texts {
                let place = format!("{place}{}", pointer(key));
                let key: TextKey = match key.parse() {
                    Ok(key) => key,
                    Err(message) => {
                        faults.add(&place, message);
                        continue;
                    }
                };
                let good = !words.trim().is_empty() && words.chars().count() <= MAX_OVERRIDE_CHARS;
                let message = format!("a text has 1 to {MAX_OVERRIDE_CHARS} characters");
                faults.finish(good, &place, message);
                if let Some(name) = key.placeholder() {
                    let message =
                        format!("the widget puts a value into this text: keep {{{name}}}");
                    faults.finish(words.contains(&format!("{{{name}}}")), &place, message);
                }
            }
        }
    }
}

fn check_theme(theme: &Theme, words: &Words<'_>, faults: &mut Faults) {
    for (name, palette) in [("light", &theme.light), ("dark", &theme.dark)] {
        check_palette(name, palette, faults);
    }
    let radius = format!("a radius is 0 to {MAX_RADIUS}");
    faults.unless(theme.radius <= MAX_RADIUS, "/theme/radius", radius);
    if let Some(file) = &theme.font.file {
        let plain = |char: char| char.is_alphanumeric() || char == ' ' || char == '-';
        let named = (1..=64).contains(&file.family.chars().count())
            && !file.family.trim().is_empty()
            && file.family.chars().all(plain);
        let message = "the name of a font has 1 to 64 letters, digits, spaces and dashes";
        faults.unless(named, "/theme/font/file/family", message);
        let message = "write the address of a WOFF2 file that starts with https://";
        faults.finish(is_https(&file.url), "/theme/font/file/url", message);
    }
    if let Some(logo) = &theme.logo {
        let message = "write the address of a picture that starts with https://";
        faults.finish(is_https(&logo.src), "/theme/logo/src", message);
        words.check(&logo.alt, "/theme/logo/alt", 300, faults);
    }
    if let Some(label) = &theme.launcher.label {
        words.check(label, "/theme/launcher/label", 100, faults);
    }
}

fn check_palette(name: &str, palette: &Palette, faults: &mut Faults) {
    for pair in palette.pairs().into_iter().filter(|pair| pair.ratio < pair.needed) {
        // Rounded down, so that what is too little never looks as if it were enough.
        let ratio = (pair.ratio * 100.0).floor() / 100.0;
        let (front, back, needed) = (pair.front, pair.back, pair.needed);
        faults.add_unfinished(FieldError::new(
            format!("/theme/{name}/{front}"),
            format!(
                "{front} on {back} has a contrast of {ratio:.2} in {name}; WCAG 2.2 AA needs \
                 {needed}"
            ),
        ));
    }
}
