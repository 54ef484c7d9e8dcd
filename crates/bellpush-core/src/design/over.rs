//! A document that is written over one that is kept, by which a newer version may have shown more.

use serde_json::Value;

use super::{block::Block, document::Design, read::MAX_BLOCKS};
use crate::kept;

/// A new document with all that this version does not know in the one that is kept: fields where what they
/// belong to is still there, and blocks at their places.
#[must_use]
pub fn over(kept: &str, new: &str) -> String {
    carried(kept, new).unwrap_or_else(|| new.to_owned())
}

/// `None` where nothing is to be carried.
fn carried(kept: &str, new: &str) -> Option<String> {
    let known = Design::read_kept(kept).ok()?.to_json();
    let (mut kept, mut new): (Value, Value) =
        (serde_json::from_str(kept).ok()?, serde_json::from_str(new).ok()?);
    if kept == known || kept["version"] != new["version"] {
        return None;
    }
    let strange = take_unknown_blocks(&mut kept);
    kept::carry(&kept, &known, &mut new);
    for (state, place, block) in strange {
        let blocks = new.get_mut("states")?.get_mut(&state).and_then(Value::as_array_mut);
        if let Some(blocks) = blocks.filter(|blocks| blocks.len() < MAX_BLOCKS) {
            blocks.insert(place.min(blocks.len()), block);
        }
    }
    Some(new.to_string())
}

/// Blocks of kinds that are not known, each with its state and its place in it, in their order.
fn take_unknown_blocks(kept: &mut Value) -> Vec<(String, usize, Value)> {
    let mut taken = Vec::new();
    let Some(states) = kept.get_mut("states").and_then(Value::as_object_mut) else { return taken };
    for (state, blocks) in states {
        let Some(blocks) = blocks.as_array_mut() else { continue };
        for (place, block) in std::mem::take(blocks).into_iter().enumerate() {
            let is_known = block["type"].as_str().is_some_and(|kind| Block::KINDS.contains(&kind));
            if is_known {
                blocks.push(block);
            } else {
                taken.push((state.clone(), place, block));
            }
        }
    }
    taken
}
