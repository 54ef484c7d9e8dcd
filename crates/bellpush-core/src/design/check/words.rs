//! Texts: there in every language of the design, and not too long.

use super::faults::Faults;
use crate::design::{
    form::pointer,
    text::{RichText, Span, Text},
};

/// Characters of words with marks and links, at most.
const MAX_RICH_CHARS: usize = 2_000;
/// Pieces of words with marks and links, at most.
const MAX_SPANS: usize = 60;

/// The languages that every text of the design's own has to be in.
pub(super) struct Words<'a> {
    pub(super) languages: &'a [String],
}

impl Words<'_> {
    /// Checks a text of up to so many characters.
    pub(super) fn check(&self, text: &Text, place: &str, most: usize, faults: &mut Faults) {
        let Text::Own(own) = text else { return };
        self.check_languages(own.keys(), place, faults);
        for (language, words) in own {
            let good = !words.trim().is_empty() && words.chars().count() <= most;
            let place = format!("{place}{}", pointer(language));
            faults.finish(good, &place, format!("write 1 to {most} characters"));
        }
    }

    /// The same for one that may be left out.
    pub(super) fn check_some(
        &self,
        text: Option<&Text>,
        place: &str,
        most: usize,
        faults: &mut Faults,
    ) {
        if let Some(text) = text {
            self.check(text, place, most, faults);
        }
    }

    /// Checks words with marks and links.
    pub(super) fn check_rich(&self, text: &RichText, place: &str, faults: &mut Faults) {
        self.check_languages(text.keys(), place, faults);
        for (language, spans) in text {
            let place = format!("{place}{}", pointer(language));
            let chars: usize = spans.iter().map(|span| span.text.chars().count()).sum();
            let blank = spans.iter().all(|span| span.text.trim().is_empty());
            let good = !blank && chars <= MAX_RICH_CHARS && spans.len() <= MAX_SPANS;
            let message =
                format!("write 1 to {MAX_RICH_CHARS} characters in up to {MAX_SPANS} pieces");
            faults.finish(good, &place, message);
            for (index, span) in spans.iter().enumerate() {
                check_span(span, &format!("{place}/{index}"), faults);
            }
        }
    }

    fn check_languages<'a>(
        &self,
        given: impl Iterator<Item = &'a String> + Clone,
        place: &str,
        faults: &mut Faults,
    ) {
        for language in self.languages {
            let is_there = given.clone().any(|given| given == language);
            let place = format!("{place}{}", pointer(language));
            faults.finish(is_there, &place, format!("the words in {language} are missing"));
        }
        for language in given {
            let place = format!("{place}{}", pointer(language));
            let message = format!("{language} is not one of the design's languages");
            faults.unless(self.languages.contains(language), &place, message);
        }
    }
}

fn check_span(span: &Span, place: &str, faults: &mut Faults) {
    faults.finish(!span.text.is_empty(), &format!("{place}/text"), "write at least a character");
    let Some(href) = &span.href else { return };
    let good = href.len() <= 2_000
        && url::Url::parse(href).is_ok_and(|url| match url.scheme() {
            "https" => url.has_host() && url.username().is_empty() && url.password().is_none(),
            "mailto" | "tel" => !url.path().is_empty(),
            _ => false,
        });
    let message = "a link leads to an address that starts with https:, mailto: or tel:";
    faults.finish(good, &format!("{place}/href"), message);
}
