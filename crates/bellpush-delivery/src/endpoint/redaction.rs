//! Secrets out of what an endpoint says: it may repeat what it was sent, or what it checks it with, in
//! whatever form its answer has.

use std::fmt;

use base64::{
    Engine,
    engine::{
        GeneralPurpose,
        general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
    },
};
use bellpush_core::{delivery::exchange::MAX_HEADER_BYTES, integration::IntegrationSettings};
use secrecy::{ExposeSecret, SecretString};

use super::{
    escapes::{Match, Writing, find},
    misread::misread,
    secrets::{Secrets, value},
    steps::Steps,
};
use crate::signing::Signer;

/// What is left of a secret at the end of a text that was cut is found from this length on.
const SHORTEST_REST: usize = 4;
/// The part of a secret in base64 that its surroundings have no influence on is found from this length
/// on: a shorter one may be anything.
const SHORTEST_BASE64: usize = 6;
/// In hexadecimal digits it is found from this length on, as well.
const SHORTEST_HEX: usize = 6;
/// What stands in the place of a secret that requests are signed with.
const SIGNING_SECRET: &str = "[signing secret]";
/// What stands in the place of a text of which it is not known whether a secret is in it.
const NOT_SHOWN: &str = "[not shown: looking for secrets in it would take too long]";

/// Takes secrets out of a text.
pub(super) struct Redaction {
    /// What secrets look like before they are escaped, the longest first.
    looks: Vec<Look>,
}

struct Look {
    text: SecretString,
    /// What stands in its place.
    shown: String,
    /// Whether the characters beside it, in base64, hold bits of the secret: before and after.
    edges: (bool, bool),
    /// How else it may be written.
    writing: Writing,
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redaction({} looks)", self.looks.len())
    }
}

impl Redaction {
    /// Of the secrets that the settings name, and those that the endpoint knows signatures by.
    pub(super) fn new(settings: &IntegrationSettings, secrets: &Secrets, signer: &Signer) -> Self {
        let named = settings.secrets().filter_map(|(name, _)| {
            let value = SecretString::from(value(name, secrets).ok()?);
            Some((value, format!("{{secret.{name}}}")))
        });
        let shared = signer.shared_secrets().map(|secret| (secret, SIGNING_SECRET.to_owned()));
        let mut looks: Vec<Look> = Vec::new();
        for (value, shown) in named.chain(shared) {
            let bare = |text: SecretString| Look {
                text,
                shown: shown.clone(),
                edges: (false, false),
                writing: Writing::default(),
            };
            let others = misread(value.expose_secret()).map(|text| bare(text.into()));
            let plain = std::iter::once(bare(value.clone()));
            let encoded = in_base64(value.expose_secret(), &shown);
            let encoded = encoded.chain(in_hex(value.expose_secret(), &shown));
            for look in plain.chain(others).chain(encoded) {
                let text = look.text.expose_secret();
                let is_known = looks.iter().any(|known| known.text.expose_secret() == text);
                if !is_known && !text.is_empty() {
                    looks.push(look);
                }
            }
        }
        looks.sort_by_key(|look| std::cmp::Reverse(look.text.expose_secret().len()));
        Self { looks }
    }

    /// The text without secrets; `limit`: the length in bytes that it may have been cut at.
    pub(super) fn apply(&self, text: String, limit: usize) -> String {
        let steps = Steps::for_bytes(text.len());
        self.apply_to(text, limit, false, &steps)
    }

    /// The same for the value of a header, which is one of many: they share these steps. A longer one is
    /// cut.
    pub(super) fn apply_to_value(&self, mut value: String, steps: &Steps) -> String {
        value.truncate(value.floor_char_boundary(MAX_HEADER_BYTES));
        self.apply_to(value, MAX_HEADER_BYTES, false, steps)
    }

    /// The same for its name, which was written in small letters whatever it was.
    pub(super) fn apply_to_name(&self, name: &str, steps: &Steps) -> String {
        let cut = &name[..name.floor_char_boundary(MAX_HEADER_BYTES)];
        self.apply_to(cut.to_owned(), MAX_HEADER_BYTES, true, steps)
    }

    fn apply_to(&self, mut text: String, limit: usize, any_case: bool, steps: &Steps) -> String {
        if text.is_empty() {
            return text;
        }
        // A character that did not fit in may be missing, too.
        if text.len().saturating_add(char::MAX.len_utf8()) > limit {
            let rest = |look: &Look| rest_of(look, &text, steps);
            if let Some(start) = self.looks.iter().filter_map(rest).min() {
                // It may look like one within another that is there to its end.
                let over = |look: &Look| look.find_over(&text, start, steps);
                let start = self.looks.iter().filter_map(over).min().unwrap_or(start);
                text.truncate(start);
            }
        }
        for look in &self.looks {
            let any_case = any_case || look.writing.any_case;
            look.replace(&mut text, Writing { any_case, ..look.writing }, steps);
        }
        if steps.are_spent() {
            NOT_SHOWN.clone_into(&mut text);
        }
        text.truncate(text.floor_char_boundary(limit));
        text
    }
}

impl Look {
    /// Replaces it in the text, wherever it is and however it is escaped.
    fn replace(&self, text: &mut String, writing: Writing, steps: &Steps) {
        let mut from = 0;
        while let Some((start, end)) = self.find(text, from, writing, steps) {
            let (before, after) = self.edges;
            let is_base64 = |char: char| char.is_ascii_alphanumeric() || "+/-_".contains(char);
            let start = match text[..start].chars().next_back() {
                Some(edge) if before && is_base64(edge) => start - 1,
                _ => start,
            };
            let rest = &text[end..];
            let edge = usize::from(after && rest.starts_with(is_base64));
            let padding = rest[edge..].bytes().take_while(|byte| *byte == b'=').count();
            let end = end + edge + if after { padding } else { 0 };
            text.replace_range(start..end, &self.shown);
            from = start + self.shown.len();
        }
    }

    /// Where it begins that goes over this place.
    fn find_over(&self, text: &str, place: usize, steps: &Steps) -> Option<usize> {
        let mut from = 0;
        while let Some((start, end)) = self.find(text, from, self.writing, steps) {
            match (start < place, end > place) {
                (true, true) => return Some(start),
                (true, false) => from = end,
                (false, _) => return None,
            }
        }
        None
    }

    fn find(
        &self,
        text: &str,
        from: usize,
        writing: Writing,
        steps: &Steps,
    ) -> Option<(usize, usize)> {
        let look = self.text.expose_secret();
        let first = look.chars().next()?;
        let starts = text[from..].match_indices(|char| writing.begins(first, char));
        let mut starts = starts.map(|(index, _)| from + index);
        starts.find_map(|start| match find(look, text, start, writing, steps) {
            Some(Match::Whole { end }) => Some((start, end)),
            Some(Match::Begun { .. }) | None => None,
        })
    }
}

/// Where at the end of the text a secret begins that was cut off.
fn rest_of(look: &Look, text: &str, steps: &Steps) -> Option<usize> {
    let sought = look.text.expose_secret();
    let first = sought.chars().next()?;
    let mut starts = text.match_indices(|char| look.writing.begins(first, char));
    let is_rest = |start: &usize| {
        let found = find(sought, text, *start, look.writing, steps);
        matches!(found, Some(Match::Begun { bytes }) if bytes >= SHORTEST_REST)
    };
    starts.find_map(|(start, _)| Some(start).filter(is_rest))
}

/// A secret as it is found in hexadecimal digits.
fn in_hex(value: &str, shown: &str) -> Option<Look> {
    let text: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    let writing = Writing { any_case: true, in_lines: true };
    let shown = shown.to_owned();
    (text.len() >= SHORTEST_HEX).then(|| Look {
        text: text.into(),
        shown,
        edges: (false, false),
        writing,
    })
}

/// A secret as it is found in base64, by what its place there is: each of three places makes other
/// characters of it, of which the first and the last may hold bits of its neighbours.
fn in_base64<'a>(value: &'a str, shown: &'a str) -> impl Iterator<Item = Look> + 'a {
    let alphabets: [&GeneralPurpose; 2] = [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD];
    alphabets.into_iter().flat_map(move |alphabet| {
        [(0, 0), (1, 2), (2, 3)].into_iter().filter_map(move |(place, first)| {
            let bytes = [&[0; 2][..place], value.as_bytes()].concat();
            let encoded = alphabet.encode(&bytes);
            let last = bytes.len() * 8 / 6;
            let text = encoded.get(first..last).filter(|text| text.len() >= SHORTEST_BASE64)?;
            let edges = (place != 0, bytes.len() % 3 != 0);
            // As mail has it, and what makes it for mail.
            let writing = Writing { any_case: false, in_lines: true };
            Some(Look { text: text.into(), shown: shown.to_owned(), edges, writing })
        })
    })
}

#[cfg(test)]
mod tests;
