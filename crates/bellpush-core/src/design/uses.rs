//! Fields of the form that profiles name, as `{form.name}`: a design has all of them.

use std::collections::BTreeSet;

use super::{block::Block, document::Design};
use crate::{FieldError, profile::ProfileSettings};

/// Where a form before the call stands.
const PLACE: &str = "/states/idle";

impl Design {
    /// The fields of the form before a call, whether they are always shown or not.
    #[must_use]
    pub fn form_fields(&self) -> BTreeSet<&str> {
        let forms = self.states.idle.iter().filter_map(|block| match block {
            Block::Form(form) => Some(form),
            _ => None,
        });
        forms.flat_map(|form| &form.fields).map(|field| field.name.as_str()).collect()
    }

    /// Whether the form has all fields that these profiles name.
    ///
    /// # Errors
    /// Each use of a field that is not there, by where the form stands in the document.
    pub fn check_uses<'a>(
        &self,
        profiles: impl IntoIterator<Item = &'a ProfileSettings>,
    ) -> Result<(), Vec<FieldError>> {
        let fields = self.form_fields();
        let missing: Vec<_> = profiles
            .into_iter()
            .flat_map(|profile| profile.form_fields().map(move |used| (profile, used)))
            .filter(|(_, (_, field))| !fields.contains(field))
            .map(|(profile, (pointer, field))| {
                let (name, place) = (&profile.name, pointer.trim_start_matches('/'));
                let message = format!(
                    "the form has no field {field:?}, which the profile {name:?} uses in {place}: keep \
                     the field, or change the profile first"
                );
                FieldError::new(PLACE, message)
            })
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    }

    /// Whether the form has all fields that this profile names.
    ///
    /// # Errors
    /// The first that it has not, by its place in the profile.
    pub fn check_names(&self, profile: &ProfileSettings) -> Result<(), FieldError> {
        let fields = self.form_fields();
        match profile.form_fields().find(|(_, field)| !fields.contains(field)) {
            Some((pointer, field)) => {
                let message = format!(
                    "the form of the published design has no field {field:?}: publish one that has it \
                     first"
                );
                Err(FieldError::new(pointer, message))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn design() -> Design {
        let mut document: serde_json::Value =
            serde_json::from_str(include_str!("../../schemas/design.example.json")).unwrap();
        document["states"]["idle"] = json!([{
            "type": "form",
            "fields": [{ "name": "topic", "kind": "text", "label": { "en": "Topic", "de": "Thema" } }],
        }]);
        Design::read_draft(document).unwrap()
    }

    fn profile(caller_name: &str, header: &str) -> ProfileSettings {
        ProfileSettings {
            name: "Sales".into(),
            caller_name: Some(caller_name.parse().unwrap()),
            headers: [("X-Topic".to_owned(), header.parse().unwrap())].into(),
            ..ProfileSettings::demo()
        }
    }

    #[test]
    fn a_field_that_a_profile_names_has_to_be_there() {
        let good = profile("{form.topic} {{form.none}} {context.none}", "");
        assert_eq!(design().check_uses([&good]), Ok(()));
        assert_eq!(design().check_names(&good), Ok(()));

        let bad = profile("{form.topic} {form.name}", "{form.mail}");
        let faults = design().check_uses([&good, &bad]).unwrap_err();
        let places: Vec<_> = faults.iter().map(|it| it.pointer.as_str()).collect();
        assert_eq!(places, ["/states/idle"; 2]);
        assert!(
            faults[0].message.contains(r#""name", which the profile "Sales" uses in callerName"#)
        );
        assert!(
            faults[1]
                .message
                .contains(r#""mail", which the profile "Sales" uses in headers/X-Topic"#)
        );
        assert_eq!(design().check_names(&bad).unwrap_err().pointer, "/callerName");
        let bad = profile("", "{form.mail}");
        assert_eq!(design().check_names(&bad).unwrap_err().pointer, "/headers/X-Topic");
    }
}
