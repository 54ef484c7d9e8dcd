//! What follows for an operation from a revision in its `If-Match`: it may be refused with 412, and
//! what is read and written there has an `ETag`.

use serde_json::{Value, json};

use crate::http::revisions::PATTERN;

/// Operations that make what has revisions from then on.
const MAKERS: [&str; 4] = ["createApp", "createDestination", "createIntegration", "createTrunk"];

/// Operations on what has no revision of its own: the one that is named is that of the draft.
const OF_THE_DRAFT: [&str; 2] = ["readDesignSchedule", "scheduleDesign"];

/// Describes the operations of one path.
pub(super) fn describe(operations: &mut Value) {
    let Some(operations) = operations.as_object_mut() else { return };
    let has_revisions = operations.values().any(is_conditional);
    for operation in operations.values_mut() {
        if is_conditional(operation) {
            let responses = operation["responses"].as_object_mut();
            if let Some(responses) = responses {
                responses.entry("412").or_insert_with(|| {
                    json!({ "description": "It has been changed meanwhile: `lastChange` says by whom and when" })
                });
            }
        }
        let is_one =
            |ids: &[&str]| operation["operationId"].as_str().is_some_and(|id| ids.contains(&id));
        let is_maker = is_one(&MAKERS);
        let has_revisions = has_revisions && !is_one(&OF_THE_DRAFT);
        for (status, is_there) in [("200", has_revisions), ("201", is_maker)] {
            let response = operation["responses"].get_mut(status).filter(|_| is_there);
            if let Some(response) = response {
                response["headers"]["ETag"] = json!({
                    "description": "Names the revision, for `If-Match`",
                    "required": true,
                    "schema": { "type": "string", "pattern": "^\"r[0-9]+\"$" },
                });
            }
        }
    }
}

/// Whether an operation takes a revision.
fn is_conditional(operation: &Value) -> bool {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let mut headers = parameters.filter(|parameter| parameter["in"] == "header");
    headers.any(|header| header["name"] == "If-Match" && header["schema"]["pattern"] == PATTERN)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_has_revisions_names_them_in_every_answer() {
        let document = crate::openapi();
        let tagged = |path: &str, method: &str, status: &str| {
            let operation = &document["paths"][path][method];
            operation["responses"][status]["headers"]["ETag"]["required"] == true
        };
        let settings = [
            ("/v1/apps", "/v1/apps/{appId}"),
            ("/v1/apps/{appId}/destinations", "/v1/apps/{appId}/destinations/{destinationId}"),
            ("/v1/apps/{appId}/integrations", "/v1/apps/{appId}/integrations/{integrationId}"),
            ("/v1/trunks", "/v1/trunks/{trunkId}"),
        ];
        for (all, one) in settings {
            assert!(tagged(all, "post", "201"), "{all}");
            assert!(tagged(one, "get", "200") && tagged(one, "patch", "200"), "{one}");
            for method in ["patch", "delete"] {
                let responses = &document["paths"][one][method]["responses"];
                assert!(responses["412"].is_object(), "{method} {one}");
            }
        }
        assert!(tagged("/v1/members/{memberId}", "get", "200"));
        assert!(tagged("/v1/sign-in-settings", "put", "200"));
        assert!(tagged("/v1/apps/{appId}/design/draft", "put", "200"));
        assert!(!tagged("/v1/apps", "get", "200"));
    }
}
