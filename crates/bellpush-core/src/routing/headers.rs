//! What a far side is told of a call beside who calls: headers of the INVITE.

use std::{collections::BTreeMap, fmt::Write};

use crate::{
    context::Context,
    ids::{AppId, CallId},
    profile::{ProfileSettings, TemplateValues},
};

/// Bytes of one header's value, at most.
const MAX_VALUE_BYTES: usize = 512;
/// Bytes of all headers together, at most: an INVITE must still fit into a datagram.
const MAX_BYTES: usize = 4 * 1024;

/// What is known of a call when it is placed.
#[derive(Debug, Clone, Copy)]
pub struct CallFacts<'a> {
    /// The call.
    pub call_id: CallId,
    /// Its app.
    pub app_id: AppId,
    /// The session's context.
    pub context: &'a Context,
    /// The session's routing key.
    pub routing_key: Option<&'a str>,
    /// What the visitor wrote into the form before the call.
    pub form: &'a BTreeMap<String, String>,
    /// The hash of what the visitor consented to before the call.
    pub consent: Option<&'a str>,
}

impl TemplateValues for CallFacts<'_> {
    fn form(&self, field: &str) -> Option<&str> {
        self.form.get(field).map(String::as_str)
    }

    fn context(&self, key: &str) -> Option<&str> {
        self.context.get(key)
    }

    fn routing_key(&self) -> Option<&str> {
        self.routing_key
    }
}

/// The headers of a call to this profile, as names and values: call, app, routing key and consent, then
/// the profile's own, then the context by key, as long as there is room. Values are visible ASCII:
/// everything else, and `%`, is percent-encoded (RFC 3986 section 2.1, in UTF-8).
#[must_use]
pub fn headers(facts: &CallFacts<'_>, profile: &ProfileSettings) -> Vec<(String, String)> {
    let ours = [
        ("X-Bellpush-Call".to_owned(), facts.call_id.to_string()),
        ("X-Bellpush-App".to_owned(), facts.app_id.to_string()),
    ];
    let routing_key =
        facts.routing_key.map(|key| ("X-Bellpush-Routing-Key".to_owned(), escape(key)));
    let own = profile
        .headers
        .iter()
        .map(|(name, template)| (name.clone(), escape(&template.render(facts))))
        .filter(|(_, value)| !value.is_empty());
    let context = facts
        .context
        .iter()
        .map(|(key, value)| (format!("X-Bellpush-Context-{key}"), escape(value)));
    let consent = facts.consent.map(|hash| ("X-Bellpush-Consent".to_owned(), escape(hash)));
    let mut room = MAX_BYTES;
    ours.into_iter()
        .chain(routing_key)
        .chain(consent)
        .chain(own)
        .chain(context)
        .filter(|(name, value)| {
            let bytes = name.len() + value.len() + ": \r\n".len();
            let fits = bytes <= room;
            room -= if fits { bytes } else { 0 };
            fits
        })
        .collect()
}

/// Percent-encodes what is not visible ASCII, and cuts at a whole character.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        let before = escaped.len();
        if character == '%' || !(character.is_ascii_graphic() || character == ' ') {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                // Writing to a text can't fail.
                let _ = write!(escaped, "%{byte:02X}");
            }
        } else {
            escaped.push(character);
        }
        if escaped.len() > MAX_VALUE_BYTES {
            escaped.truncate(before);
            break;
        }
    }
    escaped
}
