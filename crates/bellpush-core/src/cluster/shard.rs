//! Shards: parts of the integrations, each delivered by one node at a time.

use crate::ids::{IntegrationId, NodeId};

/// How many shards there are. More nodes than these would stand idle.
pub const SHARDS: u8 = 128;

/// A part of the integrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shard(u8);

impl Shard {
    /// The shard whose owner does what must be done once in all.
    pub const FIRST: Self = Self(0);

    /// The one with this number; `None` when there is none.
    #[must_use]
    pub fn new(number: i64) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| *number < SHARDS).map(Self)
    }

    /// The shard of an integration: the same on every node and in every version.
    #[must_use]
    pub fn of(id: IntegrationId) -> Self {
        let (high, low) = id.uuid().as_u64_pair();
        let number = mixed(high ^ mixed(low)) % u64::from(SHARDS);
        Self(u8::try_from(number).unwrap_or(0))
    }

    /// Its number, from 0.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Spreads numbers that are much alike, as ids made one after the other are (the last steps of
/// SplitMix64).
const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A set of shards.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ShardSet(u128);

impl ShardSet {
    /// None.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self(u128::MAX);

    /// Whether a shard is in it.
    #[must_use]
    pub const fn contains(self, shard: Shard) -> bool {
        self.0 & (1 << shard.0) != 0
    }

    /// How many are in it.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether none is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in this one or the other.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Its shards, in the order of their numbers.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Shard> {
        (0..SHARDS).map(Shard).filter(move |shard| self.contains(*shard))
    }
}

impl FromIterator<Shard> for ShardSet {
    fn from_iter<I: IntoIterator<Item = Shard>>(shards: I) -> Self {
        Self(shards.into_iter().fold(0, |set, shard| set | 1 << shard.0))
    }
}

impl std::fmt::Debug for ShardSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter().map(Shard::number)).finish()
    }
}

/// How many shards a node should have beside these. All who see the same nodes come to shares that
/// add up to all shards.
pub(super) fn share(nodes: &[NodeId], own: NodeId) -> usize {
    let Some(rank) = nodes.contains(&own).then(|| nodes.iter().filter(|it| **it < own).count())
    else {
        return 0;
    };
    let (all, nodes) = (usize::from(SHARDS), nodes.len());
    all / nodes + usize::from(rank < all % nodes)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn node(number: u128) -> NodeId {
        NodeId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn shares_add_up_to_all_shards_and_differ_by_one_at_most() {
        for count in 1..=200 {
            let nodes: Vec<NodeId> = (0..count).map(node).collect();
            let shares: Vec<usize> = nodes.iter().map(|it| share(&nodes, *it)).collect();
            assert_eq!(shares.iter().sum::<usize>(), usize::from(SHARDS));
            let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
            assert!(most - least <= 1, "{count}: {shares:?}");
        }
    }

    #[test]
    fn a_node_that_is_none_of_those_has_no_share() {
        assert_eq!(share(&[node(1)], node(2)), 0);
        assert_eq!(share(&[], node(2)), 0);
    }

    #[test]
    fn an_integration_stays_in_its_shard_from_version_to_version() {
        let id = |text: &str| text.parse::<IntegrationId>().unwrap();
        let known = [
            ("int_00000000000000000000000000000000", 0),
            ("int_0192f0a1b2c37d4e8f90123456789abc", 80),
        ];
        for (text, shard) in known {
            assert_eq!(Shard::of(id(text)).number(), shard, "{text}");
        }
    }

    #[test]
    fn integrations_made_one_after_the_other_are_spread_over_the_shards() {
        let first = 0x0192_f0a1_b2c3_7d4e_8f90_1234_5678_0000_u128;
        let mut counts = [0_usize; SHARDS as usize];
        for number in 0..12_800 {
            let id = IntegrationId::from_uuid(Uuid::from_u128(first + number));
            counts[usize::from(Shard::of(id).number())] += 1;
        }
        assert!(counts.iter().all(|count| (40..250).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let shards = [0, 1, 64, 127].map(|number| Shard::new(number).unwrap());
        let set: ShardSet = shards.into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), shards);
        assert_eq!((set.len(), ShardSet::ALL.len()), (4, 128));
        assert!(set.without(set).is_empty());
        assert_eq!(Shard::new(128), None);
    }
}
