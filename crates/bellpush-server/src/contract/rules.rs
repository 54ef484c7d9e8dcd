//! Which properties the server holds to rules that a JSON Schema can't say. The description names each
//! of them (`x-beyond-schema`): a request that breaks one is refused with 422, and the problem's
//! `pointer` leads there. What holds of a type wherever it stands is said with the type, in the core.

use bellpush_core::schema::BEYOND;
use serde_json::Value;

const WINDOWS: &str = "a window has a length, and overlaps with no other";
const DESIGN_VERSION: &str = "a version that was published, and not replaced more than a day ago";
const FIELDS: &str = "fields that the form of the app's published design has";
const FORM: &str = "what the form of the app's design asks for";

/// Schema, property, rule.
const RULES: &[(&str, &str, &str)] = &[
    ("Acceptance", "password", "needed unless single sign-on is the only way in"),
    ("AlertRuleSettings", "emails", "e-mail addresses, each once in whatever case"),
    ("AlertRuleSettings", "errorCodes", "none but for call_errors"),
    ("AlertRuleSettings", "integrationId", "for breaker_open and backlog; one of the app"),
    ("AlertRuleSettings", "quietHours", "they begin and end within a day"),
    ("AlertRuleSettings", "recoveryThreshold", "on the good side of the line; as threshold"),
    ("AlertRuleSettings", "threshold", "up to 100 for a share; none where there is no line"),
    ("AlertRuleSettings", "trunkId", "for trunk_down; one that is there"),
    ("ApiKeyDraft", "apps", "apps that are there, and that its maker may use"),
    ("ApiKeyDraft", "scopes", "scopes that its maker has, like calls:read, or *"),
    ("FirstOwner", "email", "an e-mail address"),
    ("FirstOwner", "password", "one that is not easily guessed"),
    ("MemberPatch", "apps", "apps that are there"),
    ("NewInvitation", "apps", "apps that are there"),
    ("NewInvitation", "email", "an e-mail address"),
    ("BusinessHours", "week", "empty with alwaysOpen"),
    ("ButtonEffect", "data", "no context of its own, and up to 8 KiB as JSON"),
    ("CallRequest", "consent", "the one that the app's design asks for"),
    ("CallRequest", "designVersion", DESIGN_VERSION),
    ("CallRequest", "destination", "a destination of the app"),
    ("CallRequest", "formValues", FORM),
    ("CallbackRequest", "designVersion", DESIGN_VERSION),
    ("CallbackRequest", "formValues", FORM),
    ("CallbackRequest", "reason", "one that the app's design offers a call-back for"),
    ("HoursException", "date", "exceptions do not overlap"),
    ("HoursException", "until", "not before the date, and less than 366 days after it"),
    ("HoursException", "windows", WINDOWS),
    ("IntegrationSettings", "headers", "up to 32"),
    ("IntegrationSettings", "signatures", "v1 is always among them"),
    ("GroupRole", "apps", "none with the role owner, which is for all"),
    ("NewView", "appId", "an app that is there, and that you may look into"),
    ("PasskeyDraft", "credential", "what a browser answers, as WebAuthn has it"),
    ("PasskeyShown", "credential", "what a browser answers, as WebAuthn has it"),
    ("Payload", "template", "needed for custom and not taken for raw; the syntax of templates"),
    ("PersonExport", "key", "needed for the context"),
    ("PersonQuery", "key", "needed for the context"),
    ("ProfileSettings", "callerName", FIELDS),
    (
        "ProfileSettings",
        "headers",
        "up to 16, and none that begins with X-Bellpush-; fields that the app's design has",
    ),
    ("ProfileSettings", "overflow", "a profile of the app; no circle, and up to eight in a row"),
    ("ProfileSettings", "routingKeys", "up to 200"),
    ("ProfileSettings", "to", "set for sip alone"),
    ("ProfileSettings", "trunkId", "set for sip alone; the trunk is there"),
    ("Question", "id", "unique in the survey"),
    ("RehearsalSettings", "destinationId", "none beside integrationId; a destination of the app"),
    ("RehearsalSettings", "fault", "one of those of what is rehearsed"),
    (
        "RehearsalSettings",
        "integrationId",
        "needed without destinationId; one of the app that is active, and gets events of previews",
    ),
    ("RoutingQuestion", "destinationId", "a destination of the app"),
    ("ScheduleRequest", "publishAt", "in the future, and within a year"),
    ("SessionRequest", "destination", "a destination of the app"),
    ("SignInSettings", "requireSso", "needs sso"),
    ("SsoSettings", "newMembers", "any role but owner"),
    ("Submission", "event", "one that a widget may send, as docs/events.md says, of the last day"),
    ("Submission", "id", "of a time at most a day from the event's timestamp"),
    ("Submission", "survey", "answers to questions that were asked, each once"),
    ("Submissions", "designVersion", DESIGN_VERSION),
    ("TrunkSettings", "assertedIdentity", "a SIP URI, not a user alone"),
    ("TrunkSettings", "caller", "needed to register by a user name that is no part of an address"),
    ("TrunkSettings", "mediaEncryption", "required needs the transport tls"),
    ("TrunkSettings", "username", "a password and a registration need it"),
    ("TrustedSessionRequest", "destinationId", "a destination of the app"),
    ("Week", "friday", WINDOWS),
    ("Week", "monday", WINDOWS),
    ("Week", "saturday", WINDOWS),
    ("Week", "sunday", WINDOWS),
    ("Week", "thursday", WINDOWS),
    ("Week", "tuesday", WINDOWS),
    ("Week", "wednesday", WINDOWS),
];

/// Names the rules in the schemas of a document.
pub(super) fn add(document: &mut Value) {
    for &(schema, property, rule) in RULES {
        let schema = &mut document["components"]["schemas"][schema];
        if let Some(property) = find(schema, property) {
            property[BEYOND] = rule.into();
        }
    }
}

/// A property of a schema, or of one that it is put together from.
fn find<'a>(schema: &'a mut Value, property: &str) -> Option<&'a mut Value> {
    let Value::Object(words) = schema else { return None };
    for (word, inner) in words {
        let found = match (&**word, inner) {
            ("properties", properties) => properties.get_mut(property),
            ("allOf" | "oneOf", Value::Array(parts)) => {
                parts.iter_mut().find_map(|part| find(part, property))
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_of_a_property_that_is_there() {
        let mut document = crate::openapi();
        for &(schema, property, rule) in RULES {
            let found = find(&mut document["components"]["schemas"][schema], property);
            assert_eq!(
                found.map(|it| it[BEYOND].clone()),
                Some(rule.into()),
                "{schema} {property}"
            );
        }
    }
}
