//! Profiles that refer to each other: overflow and routing keys.

use std::collections::BTreeMap;

use super::{KeyRoute, ProfileSettings};
use crate::{field_error::FieldError, ids::DestinationId};

/// Profiles in one chain of overflows beside the first, at most.
pub const MAX_OVERFLOWS: usize = 8;

/// Why a profile's references can't be saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// It refers to a profile that the app does not have.
    #[error("the app has no profile {0}")]
    Unknown(DestinationId),
    /// A call could come back to a profile that has not answered it.
    #[error("calls would go round in a circle: {0} overflows to itself, by itself or by others")]
    Cycle(DestinationId),
    /// Over [`MAX_OVERFLOWS`].
    #[error("a call overflows at most {MAX_OVERFLOWS} times; make the chain shorter")]
    TooLong,
}

/// Checks the references of one profile among all profiles of its app, itself included.
///
/// # Errors
/// The first reference that can't be saved, with its place.
pub fn check_references(
    profiles: &BTreeMap<DestinationId, ProfileSettings>,
    changed: DestinationId,
) -> Result<(), FieldError> {
    let Some(settings) = profiles.get(&changed) else { return Ok(()) };
    let refuse =
        |pointer: String, error: ChainError| Err(FieldError::new(pointer, error.to_string()));
    for (key, route) in &settings.routing_keys {
        if let KeyRoute::Profile(id) = route
            && !profiles.contains_key(id)
        {
            let part = key.replace('~', "~0").replace('/', "~1");
            return refuse(format!("/routingKeys/{part}/profile"), ChainError::Unknown(*id));
        }
    }
    // Any chain may have become too long, or a circle, but only by what the changed profile says.
    for first in profiles.keys() {
        let mut visited = vec![*first];
        let mut present = *first;
        while let Some(next) = profiles.get(&present).and_then(|profile| profile.overflow) {
            let error = if !profiles.contains_key(&next) {
                Some(ChainError::Unknown(next))
            } else if visited.contains(&next) {
                Some(ChainError::Cycle(next))
            } else if visited.len() > MAX_OVERFLOWS {
                Some(ChainError::TooLong)
            } else {
                None
            };
            if let Some(error) = error {
                return refuse("/overflow".into(), error);
            }
            visited.push(next);
            present = next;
        }
    }
    Ok(())
}

/// The profiles that refer to this one, itself left out: it can't be deleted as long as there are
/// any.
pub fn referring_to(
    profiles: &BTreeMap<DestinationId, ProfileSettings>,
    id: DestinationId,
) -> impl Iterator<Item = &ProfileSettings> {
    profiles.iter().filter(move |(other, _)| **other != id).map(|(_, settings)| settings).filter(
        move |settings| {
            let by_key = |route: &KeyRoute| *route == KeyRoute::Profile(id);
            settings.overflow == Some(id) || settings.routing_keys.values().any(by_key)
        },
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn id(n: usize) -> DestinationId {
        DestinationId::from_uuid(Uuid::from_u128(n as u128))
    }

    /// Profiles of which each overflows to the one given, by its place.
    fn profiles(overflows: &[Option<usize>]) -> BTreeMap<DestinationId, ProfileSettings> {
        let profile = |overflow: &Option<usize>| ProfileSettings {
            overflow: overflow.map(id),
            ..ProfileSettings::demo()
        };
        overflows.iter().enumerate().map(|(n, overflow)| (id(n), profile(overflow))).collect()
    }

    fn refusal(profiles: &BTreeMap<DestinationId, ProfileSettings>, changed: usize) -> String {
        check_references(profiles, id(changed)).unwrap_err().message
    }

    #[test]
    fn a_circle_is_refused_whoever_closes_it() {
        assert!(check_references(&profiles(&[Some(1), Some(2), None]), id(0)).is_ok());
        for circle in [&[Some(0)][..], &[Some(1), Some(0)], &[Some(1), Some(2), Some(1)]] {
            assert!(refusal(&profiles(circle), 0).contains("in a circle"), "{circle:?}");
        }
    }

    #[test]
    fn a_chain_has_an_end_and_knows_its_members() {
        let long: Vec<_> = (1..=MAX_OVERFLOWS).map(Some).chain([None]).collect();
        assert!(check_references(&profiles(&long), id(0)).is_ok());
        let longer: Vec<_> = (1..=MAX_OVERFLOWS + 1).map(Some).chain([None]).collect();
        assert!(refusal(&profiles(&longer), 3).contains("at most 8 times"));
        assert!(refusal(&profiles(&[Some(7)]), 0).contains("has no profile"));
        let mut keyed = profiles(&[None]);
        keyed.get_mut(&id(0)).unwrap().routing_keys.insert("vip".into(), KeyRoute::Profile(id(9)));
        let error = check_references(&keyed, id(0)).unwrap_err();
        assert_eq!(error.pointer, "/routingKeys/vip/profile");
        assert_eq!(referring_to(&profiles(&[Some(1), None]), id(1)).count(), 1);
        assert_eq!(referring_to(&profiles(&[Some(1), None]), id(0)).count(), 0);
    }

    proptest! {
        #[test]
        fn what_may_be_saved_comes_to_an_end(
            overflows in proptest::collection::vec(proptest::option::of(0_usize..12), 1..12)
        ) {
            let profiles = profiles(&overflows);
            if check_references(&profiles, id(0)).is_ok() {
                for first in profiles.keys() {
                    let mut present = Some(*first);
                    for _ in 0..=MAX_OVERFLOWS {
                        present = present.and_then(|id| profiles[&id].overflow);
                    }
                    prop_assert_eq!(present, None);
                }
            }
        }
    }
}
