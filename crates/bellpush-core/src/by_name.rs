//! JSON objects that are written as objects.
//!
//! What serde derives for a struct also takes a list of its fields' values in their order. No client
//! should come to need that, and a field in the middle would change what such a list means.

use serde::{
    Deserializer,
    de::{
        Error as _, Expected, IntoDeserializer, Visitor,
        value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Value};

/// Reads a type from a JSON value as serde does, but a list in the place of an object is refused.
#[derive(Debug, Clone, Copy)]
pub struct ByName<'a>(pub &'a Value);

impl<'a> ByName<'a> {
    /// A list, where fields have names.
    fn refuse_list(self) -> Result<(), Error> {
        match self.0 {
            Value::Array(_) => Err(Error::custom("write a JSON object here, not an array")),
            _ => Ok(()),
        }
    }

    fn fields(self) -> Option<MapDeserializer<'a, impl Iterator<Item = (&'a str, Self)>, Error>> {
        let fields = self.0.as_object()?;
        Some(MapDeserializer::new(fields.iter().map(|(name, value)| (name.as_str(), Self(value)))))
    }
}

/// Whether what is read is an enum whose kind stands among its fields. serde asks for these as for a
/// value of any kind, and tells nothing else of them.
fn has_its_kind_in_a_field(expected: &dyn Expected) -> bool {
    expected.to_string().starts_with("internally tagged enum")
}

impl<'de> IntoDeserializer<'de, Error> for ByName<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for ByName<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                if has_its_kind_in_a_field(&visitor) {
                    self.refuse_list()?;
                }
                let mut rest = SeqDeserializer::<_, Error>::new(items.iter().map(Self));
                let read = visitor.visit_seq(&mut rest)?;
                rest.end()?;
                Ok(read)
            }
            Value::Object(_) => {
                let Some(mut rest) = self.fields() else { return visitor.visit_unit() };
                let read = visitor.visit_map(&mut rest)?;
                rest.end()?;
                Ok(read)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.0.deserialize_any(visitor)
            }
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.refuse_list()?;
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.fields() {
            Some(fields) if self.0.as_object().is_some_and(|fields| fields.len() == 1) => {
                visitor.visit_enum(MapAccessDeserializer::new(fields))
            }
            // A variant without fields; or what serde has its own words for.
            _ => self.0.deserialize_enum(name, variants, visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize, de::DeserializeOwned};
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Place {
        name: String,
        at: Point,
        list: Vec<Point>,
        by_name: BTreeMap<String, Point>,
        maybe: Option<Box<Point>>,
        shape: Shape,
        button: Button,
        pair: (u8, String),
        any: Value,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Point {
        x: i8,
        y: f64,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Dot,
        Circle(u8),
        Line { from: Point, to: Point },
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "action")]
    enum Button {
        Copy { text: String },
    }

    fn place() -> Value {
        let point = json!({ "x": -1, "y": 2.5 });
        json!({
            "name": "here", "at": point, "list": [point, point], "by_name": { "a": point },
            "maybe": point, "shape": { "Line": { "from": point, "to": point } },
            "button": { "action": "Copy", "text": "t" }, "pair": [1, "one"],
            "any": [{ "x": [1, null] }, true, 1.5],
        })
    }

    fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
        T::deserialize(ByName(value))
    }

    #[test]
    fn what_is_written_by_name_is_read_as_serde_reads_it() {
        let mut value = place();
        for shape in [json!("Dot"), json!({ "Circle": 3 }), value["shape"].clone()] {
            value["shape"] = shape;
            let found = read::<Place>(&value).unwrap();
            assert_eq!(found, serde_json::from_value(value.clone()).unwrap());
            assert_eq!(serde_json::to_value(found).unwrap(), value);
        }
        value["maybe"] = Value::Null;
        assert_eq!(read::<Place>(&value).unwrap().maybe, None);
    }

    #[test]
    fn a_list_in_the_place_of_an_object_is_refused_wherever_it_stands() {
        let point = json!([-1, 2.5]);
        for (pointer, list) in [
            ("", json!([])),
            ("/at", point.clone()),
            ("/list/1", point.clone()),
            ("/by_name/a", point.clone()),
            ("/maybe", point.clone()),
            ("/shape/Line/to", point),
            ("/button", json!(["Copy", "t"])),
        ] {
            let mut value = place();
            *value.pointer_mut(pointer).unwrap() = list;
            if !pointer.is_empty() {
                assert!(serde_json::from_value::<Place>(value.clone()).is_ok(), "{pointer}");
            }
            let refusal = read::<Place>(&value).unwrap_err().to_string();
            assert_eq!(refusal, "write a JSON object here, not an array", "{pointer}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_as_serde_refuses_it() {
        for (pointer, wrong) in [
            ("/at/x", json!(1_000)),
            ("/at/x", json!(1.5)),
            ("/name", json!(["here"])),
            ("/shape", json!({ "Dot": null, "Circle": 1 })),
            ("/shape", json!(["Dot"])),
            ("/shape", json!("Square")),
            ("/pair", json!([1])),
            ("/list", json!({})),
            ("/button", json!("Copy")),
        ] {
            let mut value = place();
            *value.pointer_mut(pointer).unwrap() = wrong;
            let usual = serde_json::from_value::<Place>(value.clone()).unwrap_err();
            assert_eq!(read::<Place>(&value).unwrap_err().to_string(), usual.to_string());
        }
        assert!(read::<(u8, String)>(&json!([1, "one", 2])).is_err());
    }
}
