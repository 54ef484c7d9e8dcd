//! Objects of JSON that are nothing else.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

/// Reads an object. Without this, an array whose items are the fields in their order is taken as well,
/// and one of none wherever all fields may be left out.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_map(Object(PhantomData))
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{app::AppSettings, hours::BusinessHours};

    #[test]
    fn an_array_is_no_object() {
        let app = |more: serde_json::Value| {
            let mut app = json!({ "name": "Shop" });
            app.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value::<AppSettings>(app)
        };
        assert!(app(json!({ "retention": { "events": 3 }, "customCode": { "head": "" } })).is_ok());
        assert!(app(json!({ "retention": [null, null] })).is_err());
        assert!(app(json!({ "retention": [] })).is_err());
        assert!(app(json!({ "customCode": ["", ""] })).is_err());
        let week = json!({ "timeZone": "UTC", "week": [] });
        assert!(serde_json::from_value::<BusinessHours>(week).is_err());
    }
}
