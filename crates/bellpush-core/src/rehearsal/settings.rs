//! What a rehearsal is begun with, and what is refused.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{Fault, Target};
use crate::{
    field_error::FieldError,
    ids::{DestinationId, IntegrationId},
};

/// Seconds that a rehearsal may last.
pub const SECONDS: RangeInclusive<u16> = 30..=600;

crate::schema::forms! {
    /// Seconds that a rehearsal lasts.
    pub(super) RehearsalSeconds: integer((*SECONDS.start()).into(), (*SECONDS.end()).into());
}

/// A rehearsal to be begun: of one integration, or of one profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RehearsalSettings {
    /// The integration whose endpoint fails; `null` for a rehearsal of a profile.
    #[serde(default)]
    pub integration_id: Option<IntegrationId>,
    /// The profile whose calls fail; `null` for a rehearsal of an integration.
    #[serde(default)]
    pub destination_id: Option<DestinationId>,
    /// What goes wrong. Of an integration: `server_error`, `hanging`, `rate_limited`. Of a profile:
    /// `trunk_busy`, `trunk_unavailable`, `microphone_denied`.
    pub fault: Fault,
    /// After how many seconds it ends by itself: 30 to 600.
    #[cfg_attr(feature = "openapi", schema(value_type = RehearsalSeconds, default = 120))]
    #[serde(default = "two_minutes")]
    pub seconds: u16,
}

const fn two_minutes() -> u16 {
    120
}

impl RehearsalSettings {
    /// What it is of.
    ///
    /// # Errors
    /// The first setting that does not fit, with its place.
    pub fn target(&self) -> Result<Target, FieldError> {
        let target = match (self.integration_id, self.destination_id) {
            (Some(id), None) => Target::Integration(id),
            (None, Some(id)) => Target::Profile(id),
            (Some(_), Some(_)) => {
                let message = "a rehearsal is of an integration or of a profile: leave one out";
                return Err(FieldError::new("/destinationId", message));
            }
            (None, None) => {
                let message = "say of which integration, or of which profile by destinationId";
                return Err(FieldError::new("/integrationId", message));
            }
        };
        let (fits, those) = match target {
            Target::Integration(_) => {
                (self.fault.of_endpoint().is_some(), "server_error, hanging or rate_limited")
            }
            Target::Profile(_) => (
                self.fault.of_call().is_some(),
                "trunk_busy, trunk_unavailable or microphone_denied",
            ),
        };
        if !fits {
            let message = format!("{} is not one of its faults: {those}", self.fault.as_str());
            return Err(FieldError::new("/fault", message));
        }
        if !SECONDS.contains(&self.seconds) {
            let (least, most) = (SECONDS.start(), SECONDS.end());
            let message = format!("a rehearsal lasts {least} to {most} seconds");
            return Err(FieldError::new("/seconds", message));
        }
        Ok(target)
    }
}
