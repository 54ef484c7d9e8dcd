//! What can be done that is written down.

use serde::{Deserialize, Serialize};

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident, $word:literal;)*) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum AuditAction {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl AuditAction {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

/// What a line of the trail says was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Deed {
    /// An action.
    Known(AuditAction),
    /// The word of an action that only a newer version knows.
    Unknown(String),
}

impl Deed {
    /// Its word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(action) => action.as_str(),
            Self::Unknown(word) => word,
        }
    }
}

impl From<String> for Deed {
    fn from(word: String) -> Self {
        let known = AuditAction::ALL.iter().find(|action| action.as_str() == word);
        known.map_or(Self::Unknown(word), |action| Self::Known(*action))
    }
}

impl PartialEq<AuditAction> for Deed {
    fn eq(&self, action: &AuditAction) -> bool {
        matches!(self, Self::Known(known) if known == action)
    }
}

actions! {
    /// A named secret was made or replaced.
    SecretSet, "secret_set";
    /// A named secret was deleted.
    SecretDeleted, "secret_deleted";
    /// A named secret was read back.
    SecretRevealed, "secret_revealed";
    /// The signing secret was read back.
    SigningSecretRevealed, "signing_secret_revealed";
    /// The signing secret was replaced.
    SigningSecretRotated, "signing_secret_rotated";
    /// An app was made.
    AppMade, "app_made";
    /// An app's settings were changed.
    AppUpdated, "app_updated";
    /// An app was deleted, with all that belongs to it.
    AppDeleted, "app_deleted";
    /// A widget key was made.
    WidgetKeyMade, "widget_key_made";
    /// A widget key was deleted.
    WidgetKeyDeleted, "widget_key_deleted";
    /// A profile was made.
    ProfileMade, "profile_made";
    /// A profile was changed.
    ProfileUpdated, "profile_updated";
    /// A profile was deleted.
    ProfileDeleted, "profile_deleted";
    /// A trunk was made.
    TrunkMade, "trunk_made";
    /// A trunk was changed.
    TrunkUpdated, "trunk_updated";
    /// A trunk was deleted.
    TrunkDeleted, "trunk_deleted";
    /// An integration was made.
    IntegrationMade, "integration_made";
    /// An integration was changed.
    IntegrationUpdated, "integration_updated";
    /// An integration was deleted.
    IntegrationDeleted, "integration_deleted";
    /// The server switched an integration off.
    IntegrationDisabled, "integration_disabled";
    /// A delivery was replayed.
    DeliveryReplayed, "delivery_replayed";
    /// A replay of many deliveries was begun.
    ReplayMade, "replay_made";
    /// A replay was stopped.
    ReplayCancelled, "replay_cancelled";
    /// A breaker was reset by hand.
    BreakerReset, "breaker_reset";
    /// An alert rule was made.
    AlertRuleMade, "alert_rule_made";
    /// An alert rule was changed.
    AlertRuleUpdated, "alert_rule_updated";
    /// An alert rule was silenced, or its silence ended.
    AlertRuleSilenced, "alert_rule_silenced";
    /// An alert rule was deleted.
    AlertRuleDeleted, "alert_rule_deleted";
    /// A rehearsal was begun.
    RehearsalBegun, "rehearsal_begun";
    /// A rehearsal ended.
    RehearsalEnded, "rehearsal_ended";
    /// Something was not permitted.
    Refused, "refused";
    /// The draft of a design was changed.
    DesignDraftSaved, "design_draft_saved";
    /// A version of a design was published.
    DesignPublished, "design_published";
    /// A design is to be published at a time.
    DesignScheduled, "design_scheduled";
    /// A design is not to be published by itself any more.
    DesignUnscheduled, "design_unscheduled";
    /// An earlier version of a design was brought back.
    DesignRolledBack, "design_rolled_back";
    /// A file was applied to an app.
    ConfigurationApplied, "configuration_applied";
    /// An export of calls or events was made.
    ExportMade, "export_made";
    /// The file of an export was handed out.
    ExportDownloaded, "export_downloaded";
    /// An export was deleted.
    ExportDeleted, "export_deleted";
    /// The SIP messages of a call were handed out as a file.
    SipExported, "sip_exported";
    /// The audit trail was handed out as a file.
    AuditExported, "audit_exported";
    /// What is kept of a person was handed out.
    PersonExported, "person_exported";
    /// What is kept of a person was erased.
    PersonErased, "person_erased";
    /// A link for the first owner was made.
    SetupLinkMade, "setup_link_made";
    /// The first owner was made.
    SetUp, "set_up";
    /// A member signed in.
    SignedIn, "signed_in";
    /// Somebody did not get in.
    SignInRefused, "sign_in_refused";
    /// A member signed out.
    SignedOut, "signed_out";
    /// Browsers were signed out from elsewhere.
    SignInsEnded, "sign_ins_ended";
    /// A member proved again who sits there.
    SteppedUp, "stepped_up";
    /// Codes from a telephone were added.
    TotpAdded, "totp_added";
    /// Codes from a telephone were removed.
    TotpRemoved, "totp_removed";
    /// New codes on paper were made.
    BackupCodesRenewed, "backup_codes_renewed";
    /// A code on paper was used.
    BackupCodeUsed, "backup_code_used";
    /// A passkey was added.
    PasskeyAdded, "passkey_added";
    /// A passkey was removed.
    PasskeyRemoved, "passkey_removed";
    /// A link was made on the host by which an owner comes back.
    RecoveryLinkMade, "recovery_link_made";
    /// An owner came back.
    Recovered, "recovered";
    /// A member was linked with an account of single sign-on.
    SsoLinked, "sso_linked";
    /// How people may sign in was changed.
    SignInSettingsUpdated, "sign_in_settings_updated";
    /// A member's password was set.
    PasswordSet, "password_set";
    /// A member's name, role or apps were changed.
    MemberUpdated, "member_updated";
    /// A member was removed, or left.
    MemberRemoved, "member_removed";
    /// Somebody was invited.
    InvitationMade, "invitation_made";
    /// An invitation was taken back.
    InvitationDeleted, "invitation_deleted";
    /// Somebody became a member by an invitation.
    InvitationAccepted, "invitation_accepted";
    /// An API key was made.
    ApiKeyMade, "api_key_made";
    /// An API key was revoked.
    ApiKeyRevoked, "api_key_revoked";
}
