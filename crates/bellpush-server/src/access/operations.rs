//! The table: what each operation of the API needs.

use bellpush_core::access::{
    Permission,
    Resource::{
        self, Alerts, ApiKeys, Apps, Audit, Callbacks, Calls, Deliveries, Design, Events,
        Integrations, Members, Notifications, Privacy, Profiles, Secrets, Sessions, Settings,
        SignIn, Trunks,
    },
};

use super::{Need, Where};

/// What an operation needs, by its id in the API's description; `None` for one that this table does
/// not know, which nobody may use.
pub(crate) fn need_of(operation: &str) -> Option<Need> {
    OPERATIONS.iter().find(|(id, _)| *id == operation).map(|(_, need)| *need)
}

const fn may(permission: Permission, place: Where) -> Need {
    Need::May { permission, place, proof: false }
}

const fn read(resource: Resource) -> Need {
    may(Permission::read(resource), Where::App)
}

const fn write(resource: Resource) -> Need {
    may(Permission::write(resource), Where::App)
}

const fn read_all(resource: Resource) -> Need {
    may(Permission::read(resource), Where::Installation)
}

const fn write_all(resource: Resource) -> Need {
    may(Permission::write(resource), Where::Installation)
}

const fn read_own(resource: Resource) -> Need {
    may(Permission::read(resource), Where::AnyApp)
}

const fn write_own(resource: Resource) -> Need {
    may(Permission::write(resource), Where::AnyApp)
}

const PERSON: Need = Need::Person { proof: false };

const OPERATIONS: &[(&str, Need)] = &[
    // Apps.
    ("listApps", read_own(Apps)),
    ("createApp", write_all(Apps)),
    ("readApp", read(Apps)),
    ("readLastChange", read(Apps)),
    ("updateApp", write(Settings)),
    ("deleteApp", write(Apps)),
    ("listWidgetKeys", read(Settings)),
    ("createWidgetKey", write(Settings)),
    ("deleteWidgetKey", write(Settings)),
    ("createPreviewToken", write(Settings)),
    ("checkEmbedding", write(Settings)),
    ("listEmbedReports", read(Settings)),
    // Of previews alone, as the tokens for them.
    ("listRehearsals", read(Settings)),
    ("readRehearsal", read(Settings)),
    ("beginRehearsal", write(Settings)),
    ("endRehearsal", write(Settings)),
    ("sendPreviewEvents", write(Settings)),
    // All of it at once: the handlers ask for the permissions of each part.
    ("readConfiguration", read_own(Apps)),
    ("planConfiguration", read_own(Apps)),
    ("applyConfiguration", write_own(Settings)),
    ("readAppliedConfiguration", read(Settings)),
    // Designs.
    ("readDesignSchema", Need::Nothing),
    ("readDesignDraft", read(Design)),
    ("saveDesignDraft", write(Design)),
    ("publishDesign", write(Design)),
    ("readDesignSchedule", read(Design)),
    ("scheduleDesign", write(Design)),
    ("unscheduleDesign", write(Design)),
    ("listDesignVersions", read(Design)),
    ("readDesignVersion", read(Design)),
    ("rollBackDesign", write(Design)),
    ("listDesignAudit", read(Audit)),
    // Routing.
    ("listDestinations", read(Profiles)),
    ("createDestination", write(Profiles)),
    ("readDestination", read(Profiles)),
    ("updateDestination", write(Profiles)),
    ("deleteDestination", write(Profiles)),
    ("checkRouting", read(Profiles)),
    ("checkAppHours", read(Profiles)),
    ("checkUnsavedHours", read(Profiles)),
    ("checkDestinationHours", read(Profiles)),
    ("listHolidayCountries", read_own(Apps)),
    ("readHolidays", read_own(Apps)),
    ("listTrunks", read_own(Trunks)),
    ("readTrunk", read_own(Trunks)),
    ("createTrunk", write_all(Trunks)),
    ("updateTrunk", write_all(Trunks)),
    ("deleteTrunk", write_all(Trunks)),
    // Integrations and deliveries.
    ("listPresets", read_own(Integrations)),
    ("previewPayload", read_own(Integrations)),
    ("listIntegrations", read(Integrations)),
    ("createIntegration", write(Integrations)),
    ("readIntegration", read(Integrations)),
    ("updateIntegration", write(Integrations)),
    ("deleteIntegration", write(Integrations)),
    ("readIntegrationHealth", read(Integrations)),
    ("sendTestRequest", write(Integrations)),
    ("listSecrets", read(Integrations)),
    ("setSecret", write(Secrets)),
    ("deleteSecret", write(Secrets)),
    ("revealSecret", read(Secrets).proved()),
    ("readSigningSecret", read(Integrations)),
    ("rotateSigningSecret", write(Secrets)),
    ("revealSigningSecret", read(Secrets).proved()),
    ("listIntegrationAudit", read(Audit)),
    ("listDeliveries", read(Deliveries)),
    ("listAppDeliveries", read(Deliveries)),
    ("readDelivery", read(Deliveries)),
    ("replayDelivery", write(Deliveries)),
    ("resetBreaker", write(Deliveries)),
    ("readStatistics", read(Deliveries)),
    ("listReplays", read(Deliveries)),
    ("createReplay", write(Deliveries)),
    ("readReplay", read(Deliveries)),
    ("cancelReplay", write(Deliveries)),
    // What happens.
    ("listCalls", read(Calls)),
    ("readCall", read(Calls)),
    ("countCalls", read(Calls)),
    ("listContextKeys", read(Calls)),
    ("readTimeline", read(Calls)),
    ("exportSipCapture", read(Calls)),
    ("exportSipText", read(Calls)),
    ("readAnalytics", read(Calls)),
    ("readAnalyticsSeries", read(Calls)),
    ("readAnalyticsBreakdown", read(Calls)),
    ("readAnalyticsHeatMap", read(Calls)),
    ("readAnalyticsMarks", read(Calls)),
    ("exportAnalyticsSeries", read(Calls)),
    ("exportAnalyticsBreakdown", read(Calls)),
    ("followApp", read(Calls)),
    ("lookUp", read_own(Calls)),
    // Of events, the handlers ask for the permission of these.
    ("createExport", read(Calls)),
    ("listExports", read(Calls)),
    ("readExport", read(Calls)),
    ("deleteExport", read(Calls)),
    ("downloadExport", read(Calls)),
    ("listEvents", read(Events)),
    ("readEvent", read(Events)),
    ("listCallbacks", read(Callbacks)),
    ("createSession", write_own(Sessions)),
    ("listNotifications", read_all(Notifications)),
    ("listAlertRules", read(Alerts)),
    ("createAlertRule", write(Alerts)),
    ("readAlertRule", read(Alerts)),
    ("updateAlertRule", write(Alerts)),
    ("deleteAlertRule", write(Alerts)),
    ("silenceAlertRule", write(Alerts)),
    ("endAlertSilence", write(Alerts)),
    ("listAlerts", read(Alerts)),
    ("backTestAlertRule", read(Alerts)),
    ("listAppAudit", read(Audit)),
    ("listAudit", read_own(Audit)),
    ("exportAudit", read_own(Audit)),
    ("checkAudit", read_all(Audit)),
    ("readSystem", Need::Anyone),
    ("readRetention", read(Privacy)),
    ("findPerson", read(Privacy)),
    ("exportPerson", read(Privacy)),
    ("erasePerson", write(Privacy)),
    ("listErasures", read(Privacy)),
    ("readErasure", read(Privacy)),
    // People.
    ("readSignInOptions", Need::Nothing),
    ("signIn", Need::Nothing),
    ("signOut", PERSON),
    ("checkSetupLink", Need::Nothing),
    ("setUp", Need::Nothing),
    ("signInByCode", Need::Nothing),
    ("beginPasskeySignIn", Need::Nothing),
    ("signInByPasskey", Need::Nothing),
    ("beginSso", Need::Nothing),
    ("finishSso", Need::Nothing),
    ("readSignInSettings", read_all(SignIn)),
    ("saveSignInSettings", write_all(SignIn).proved()),
    ("checkRecoveryLink", Need::Nothing),
    ("recover", Need::Nothing),
    ("stepUp", PERSON),
    ("readSecondFactors", PERSON),
    ("beginTotp", PERSON.proved()),
    ("confirmTotp", PERSON.proved()),
    ("removeTotp", PERSON.proved()),
    ("renewBackupCodes", PERSON.proved()),
    ("beginPasskey", PERSON.proved()),
    ("addPasskey", PERSON.proved()),
    ("removePasskey", PERSON.proved()),
    ("readMe", Need::Anyone),
    ("updateMe", PERSON),
    ("setPassword", PERSON.proved()),
    ("listSignIns", PERSON),
    ("endSignIn", PERSON),
    ("endOtherSignIns", PERSON),
    ("listViews", PERSON),
    ("keepView", PERSON),
    ("forgetView", PERSON),
    ("listMembers", read_own(Members)),
    ("readMember", read_own(Members)),
    ("updateMember", write_own(Members)),
    ("removeMember", Need::Anyone),
    ("listInvitations", read_own(Members)),
    ("createInvitation", write_own(Members)),
    ("deleteInvitation", write_own(Members)),
    ("checkInvitation", Need::Nothing),
    ("acceptInvitation", Need::Nothing),
    ("listApiKeys", read_own(ApiKeys)),
    // A key is asked for no proof: who makes one could go on without.
    ("createApiKey", write_own(ApiKeys).proved()),
    ("readApiKey", read_own(ApiKeys)),
    ("deleteApiKey", write_own(ApiKeys)),
    // Widgets.
    ("beginWidgetSession", Need::Session),
    ("refreshWidgetSession", Need::Session),
    ("submitEvents", Need::Session),
    ("requestCallback", Need::Session),
    ("reportVisit", Need::Session),
    ("placeCall", Need::Session),
    ("followCall", Need::Session),
    ("hangUp", Need::Session),
    ("restartIce", Need::Session),
    ("resumeCall", Need::Session),
    ("leavePage", Need::Session),
    ("pressKey", Need::Session),
    ("warnOfCall", Need::Session),
];

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use super::*;

    fn described() -> BTreeSet<String> {
        let document = crate::openapi();
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.values().flat_map(|methods| methods.as_object().unwrap().values());
        operations.map(|it| it["operationId"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_table_has_a_line_for_each_operation_and_no_other() {
        let lines: BTreeSet<_> = OPERATIONS.iter().map(|(id, _)| (*id).to_owned()).collect();
        assert_eq!(lines.len(), OPERATIONS.len(), "one is there twice");
        assert_eq!(lines, described());
    }

    #[test]
    fn each_permission_opens_something() {
        let needed: HashSet<_> = OPERATIONS
            .iter()
            .filter_map(|(_, need)| match need {
                Need::May { permission, .. } => Some(*permission),
                _ => None,
            })
            .collect();
        let idle: Vec<_> = Permission::all().filter(|it| !needed.contains(it)).collect();
        assert_eq!(idle, []);
    }

    #[test]
    fn what_a_stolen_cookie_could_be_made_more_of_by_wants_a_proof() {
        let wants_proof = |need: &Need| {
            matches!(need, Need::Person { proof: true } | Need::May { proof: true, .. })
        };
        let found: Vec<_> =
            OPERATIONS.iter().filter(|(_, need)| wants_proof(need)).map(|(id, _)| *id).collect();
        let expected = [
            "revealSecret",
            "revealSigningSecret",
            "saveSignInSettings",
            "beginTotp",
            "confirmTotp",
            "removeTotp",
            "renewBackupCodes",
            "beginPasskey",
            "addPasskey",
            "removePasskey",
            "setPassword",
            "createApiKey",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_operation_that_goes_by_the_app_of_its_path_has_one_there() {
        let document = crate::openapi();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for operation in methods.as_object().unwrap().values() {
                let id = operation["operationId"].as_str().unwrap();
                let need = need_of(id).unwrap();
                let by_path = matches!(need, Need::May { place: Where::App, .. });
                let is_widgets = matches!(need, Need::Session);
                assert_eq!(by_path, path.contains("{appId}") && !is_widgets, "{id}");
            }
        }
    }
}
