//! Ready-made presets: a template over the envelope, and what the rest of the settings should be.

use bellpush_core::integration::Preset;

/// What is known of a preset.
#[derive(Debug, Clone, Copy)]
pub struct PresetFacts {
    /// Which.
    pub preset: Preset,
    /// Its name, for people.
    pub name: &'static str,
    /// What it sends where, in a sentence or two.
    pub description: &'static str,
    /// A URL to start from.
    pub url: &'static str,
    /// Headers to start from.
    pub headers: &'static [(&'static str, &'static str)],
    /// The secrets that URL and headers name, with what they are.
    pub secrets: &'static [(&'static str, &'static str)],
    /// Its template; `None`: it has none of its own.
    pub template: Option<&'static str>,
}

/// All presets.
pub const PRESETS: [PresetFacts; 6] = [
    PresetFacts {
        preset: Preset::Raw,
        name: "Raw envelope",
        description: "The event as it is, byte for byte, for a receiver of your own.",
        url: "https://hooks.example/bellpush",
        headers: &[],
        secrets: &[],
        template: None,
    },
    PresetFacts {
        preset: Preset::Slack,
        name: "Slack",
        description: "A message in a channel, by an incoming webhook of Slack.",
        url: "https://hooks.slack.com/services/{secret.webhookPath}",
        headers: &[],
        secrets: &[("webhookPath", "what follows /services/ in the URL that Slack shows")],
        template: Some(include_str!("presets/slack.jinja")),
    },
    PresetFacts {
        preset: Preset::GoogleAnalytics,
        name: "Google Analytics 4",
        description: "An event by the Measurement Protocol. Put the visitor's client id into the \
                      context as gaClientId, or each event counts as a user of its own.",
        url: "https://www.google-analytics.com/mp/collect?measurement_id=G-XXXXXXXXXX\
              &api_secret={secret.apiSecret}",
        headers: &[],
        secrets: &[("apiSecret", "made in the data stream's settings, under Measurement Protocol")],
        template: Some(include_str!("presets/google_analytics.jinja")),
    },
    PresetFacts {
        preset: Preset::Crm,
        name: "CRM",
        description: "A flat record in properties, as HubSpot takes it. For Salesforce, take the \
                      fields out of properties and name them as your object does.",
        url: "https://api.hubapi.com/crm/v3/objects/calls",
        headers: &[("Authorization", "Bearer {secret.accessToken}")],
        secrets: &[("accessToken", "an access token of the CRM's API")],
        template: Some(include_str!("presets/crm.jinja")),
    },
    PresetFacts {
        preset: Preset::CatchHook,
        name: "n8n or Zapier",
        description: "One flat object, whose fields the next steps of a workflow can pick.",
        url: "https://hooks.zapier.com/hooks/catch/{secret.hookPath}/",
        headers: &[],
        secrets: &[("hookPath", "what follows /catch/ in the URL that Zapier shows")],
        template: Some(include_str!("presets/catch_hook.jinja")),
    },
    PresetFacts {
        preset: Preset::Custom,
        name: "Custom",
        description: "A template of your own.",
        url: "https://hooks.example/bellpush",
        headers: &[],
        secrets: &[],
        template: None,
    },
];

/// What is known of this preset.
#[must_use]
pub const fn facts(preset: Preset) -> &'static PresetFacts {
    match preset {
        Preset::Raw => &PRESETS[0],
        Preset::Slack => &PRESETS[1],
        Preset::GoogleAnalytics => &PRESETS[2],
        Preset::Crm => &PRESETS[3],
        Preset::CatchHook => &PRESETS[4],
        Preset::Custom => &PRESETS[5],
    }
}
