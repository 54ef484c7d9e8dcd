//! What the body of a request is made of: the envelope as it is, or a template over it.

use serde::{Deserialize, Serialize};

use crate::field_error::FieldError;

/// Bytes of a template, at most.
pub const MAX_TEMPLATE_BYTES: usize = 32 * 1024;

/// What a body is made from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// The envelope, byte for byte.
    #[default]
    Raw,
    /// A message for an incoming webhook of Slack.
    Slack,
    /// An event for Google Analytics 4, by its Measurement Protocol.
    GoogleAnalytics,
    /// A flat record for the API of a CRM, as HubSpot and Salesforce take it.
    Crm,
    /// A flat object for a catch hook of n8n or Zapier.
    CatchHook,
    /// A template of one's own.
    Custom,
}

impl Preset {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 6] =
        [Self::Raw, Self::Slack, Self::GoogleAnalytics, Self::Crm, Self::CatchHook, Self::Custom];
}

/// How the body of a request is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Payload {
    /// Whose template is used.
    pub preset: Preset,
    /// A template in place of the preset's own: up to 32 KiB.
    #[cfg_attr(feature = "openapi", schema(max_length = 32768))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

impl Payload {
    /// Checks what can be checked without reading the template.
    ///
    /// # Errors
    /// Why it can't be used, with its place.
    pub fn check(&self) -> Result<(), FieldError> {
        let refuse = |message: String| Err(FieldError::new("/payload/template", message));
        match (self.preset, &self.template) {
            (Preset::Raw, Some(_)) => {
                refuse("the preset raw sends the envelope as it is; choose custom instead".into())
            }
            (Preset::Custom, None) => refuse("the preset custom needs a template".into()),
            (_, Some(template)) if template.len() > MAX_TEMPLATE_BYTES => {
                refuse(format!("a template has at most {MAX_TEMPLATE_BYTES} bytes"))
            }
            _ => Ok(()),
        }
    }
}
