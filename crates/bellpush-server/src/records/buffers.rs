//! What was seen of calls and is not on disk yet. Pure: time comes in.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_call::ToRecord;
use bellpush_core::{
    ids::{AppId, CallId},
    record::{RecordEntry, Recorded},
};
use bellpush_store::CallRecordPart;

/// What is seen of a live call is on disk after this time at the latest.
const KEEP_AFTER: Duration = Duration::from_secs(30);
/// A part of so many bytes goes to disk at once.
const PART_BYTES: usize = 48 * 1_024;
/// After its end, a call is waited for so long: a BYE is answered, a survey is sent.
const KEEP_AFTER_END: Duration = Duration::from_secs(3);
/// Then a call is forgotten.
const FORGET_AFTER_END: Duration = Duration::from_secs(120);
/// A call that nothing was seen of for so long is forgotten, too: its end found no room in the queue.
const FORGET_UNSEEN: Duration = Duration::from_secs(3_600);
/// Bytes of one call's SIP messages, at most.
const MAX_SIP_BYTES: usize = 256 * 1_024;
/// Samples of one call, at most: those of six hours of both sides.
const MAX_SAMPLES: usize = 14_400;
/// Other things of one call, at most.
const MAX_OTHERS: usize = 2_000;

/// The calls that are recorded at present.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    calls: HashMap<CallId, Buffer>,
    /// What is on its way to disk.
    leaving: Arc<Vec<CallRecordPart>>,
}

#[derive(Debug)]
struct Buffer {
    app_id: AppId,
    entries: Vec<Recorded>,
    bytes: usize,
    dropped: u32,
    /// When the oldest one that is not on disk came.
    since: Instant,
    ended: Option<Instant>,
    /// When something was seen of it last.
    seen: Instant,
    /// Of the whole call, as far as it may have more.
    sip_bytes: usize,
    samples: usize,
    others: usize,
}

impl Buffers {
    /// Takes in what was seen. Of calls that were not begun here, nothing is kept.
    pub(super) fn take(&mut self, now: Instant, told: ToRecord) {
        match told {
            ToRecord::Begin { call_id, app_id } => {
                self.calls.entry(call_id).or_insert_with(|| Buffer::new(now, app_id));
            }
            ToRecord::Seen { call_id, recorded } => {
                if let Some(buffer) = self.calls.get_mut(&call_id) {
                    buffer.take(now, recorded);
                }
            }
            ToRecord::End { call_id } => {
                if let Some(buffer) = self.calls.get_mut(&call_id) {
                    buffer.ended.get_or_insert(now);
                }
            }
        }
    }

    /// The parts that are due to go to disk; with `all`, everything. They can be read here until
    /// they are said to be written.
    pub(super) fn due(&mut self, now: Instant, all: bool) -> Arc<Vec<CallRecordPart>> {
        let mut parts = Vec::new();
        self.calls.retain(|call_id, buffer| {
            if all || buffer.is_due(now) {
                parts.extend(buffer.part(*call_id));
            }
            let is_over = buffer.ended.is_some_and(|ended| now >= ended + FORGET_AFTER_END);
            !is_over && now < buffer.seen + FORGET_UNSEEN
        });
        self.leaving = Arc::new(parts);
        Arc::clone(&self.leaving)
    }

    /// What was due last is on disk, or lost.
    pub(super) fn written(&mut self) {
        self.leaving = Arc::default();
    }

    /// What there is of a call that is not on disk, and how much found no room.
    pub(super) fn unkept(&self, call_id: CallId) -> (Vec<Recorded>, u32) {
        let (mut entries, mut dropped) = (Vec::new(), 0);
        for part in self.leaving.iter().filter(|part| part.call_id == call_id) {
            entries.extend(part.entries.iter().cloned());
            dropped += part.dropped;
        }
        if let Some(buffer) = self.calls.get(&call_id) {
            entries.extend(buffer.entries.iter().cloned());
            dropped += buffer.dropped;
        }
        (entries, dropped)
    }
}

impl Buffer {
    fn new(now: Instant, app_id: AppId) -> Self {
        Self {
            app_id,
            entries: Vec::new(),
            bytes: 0,
            dropped: 0,
            since: now,
            ended: None,
            seen: now,
            sip_bytes: 0,
            samples: 0,
            others: 0,
        }
    }

    fn take(&mut self, now: Instant, recorded: Recorded) {
        self.seen = now;
        let (count, more, max) = match &recorded.entry {
            RecordEntry::Sip(message) => (&mut self.sip_bytes, message.text.len(), MAX_SIP_BYTES),
            RecordEntry::Quality(_) => (&mut self.samples, 1, MAX_SAMPLES),
            _ => (&mut self.others, 1, MAX_OTHERS),
        };
        if *count + more > max {
            self.dropped = self.dropped.saturating_add(1);
            let reason = "call_too_large";
            metrics::counter!("bellpush_call_records_dropped_total", "reason" => reason)
                .increment(1);
            return;
        }
        *count += more;
        self.bytes += 100
            + if let RecordEntry::Sip(message) = &recorded.entry { message.text.len() } else { 0 };
        if self.entries.is_empty() {
            self.since = now;
        }
        self.entries.push(recorded);
    }

    fn is_due(&self, now: Instant) -> bool {
        match self.ended {
            _ if self.bytes >= PART_BYTES => true,
            Some(ended) => now >= ended + KEEP_AFTER_END && now >= self.since + KEEP_AFTER_END,
            None => now >= self.since + KEEP_AFTER,
        }
    }

    fn part(&mut self, call_id: CallId) -> Option<CallRecordPart> {
        if self.entries.is_empty() && self.dropped == 0 {
            return None;
        }
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_by_key(|entry| entry.seq);
        self.bytes = 0;
        let dropped = std::mem::take(&mut self.dropped);
        Some(CallRecordPart { call_id, app_id: self.app_id, entries, dropped })
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use bellpush_core::record::{SipCarrier, SipMessage};
    use uuid::Uuid;

    use super::*;

    fn call() -> CallId {
        CallId::from_uuid(Uuid::from_u128(7))
    }

    fn begun(now: Instant) -> Buffers {
        let mut buffers = Buffers::default();
        let app_id = AppId::from_uuid(Uuid::from_u128(1));
        buffers.take(now, ToRecord::Begin { call_id: call(), app_id });
        buffers
    }

    fn seen(seq: u64, entry: RecordEntry) -> ToRecord {
        ToRecord::Seen { call_id: call(), recorded: Recorded { seq, at: 0, entry } }
    }

    fn sip(bytes: usize) -> RecordEntry {
        let address = SocketAddr::from(([192, 0, 2, 1], 5060));
        RecordEntry::Sip(SipMessage {
            sent: true,
            transport: SipCarrier::Udp,
            local: address,
            remote: address,
            text: "x".repeat(bytes),
        })
    }

    const HELD: RecordEntry = RecordEntry::Hold { held: true };

    #[test]
    fn a_short_call_becomes_one_part_in_the_order_in_which_it_was_seen() {
        let now = Instant::now();
        let mut buffers = begun(now);
        for seq in [3, 1, 2] {
            buffers.take(now, seen(seq, HELD));
        }
        buffers.take(now, ToRecord::End { call_id: call() });
        assert!(buffers.due(now + Duration::from_secs(2), false).is_empty(), "more may come");
        buffers.take(now + Duration::from_secs(2), seen(4, HELD));
        let parts = buffers.due(now + Duration::from_secs(6), false);
        let seqs: Vec<_> = parts[0].entries.iter().map(|entry| entry.seq).collect();
        assert_eq!((parts.len(), seqs), (1, vec![1, 2, 3, 4]));
        // A survey a minute later is a part of its own; after that, the call is forgotten.
        let later = now + Duration::from_secs(60);
        buffers.take(later, seen(5, HELD));
        assert_eq!(buffers.due(later + Duration::from_secs(4), false).len(), 1);
        assert!(buffers.due(now + Duration::from_secs(121), false).is_empty());
        buffers.take(later, seen(6, HELD));
        assert!(buffers.due(later, true).is_empty());
    }

    #[test]
    fn a_long_call_is_kept_while_it_lasts_and_can_be_read_before() {
        let now = Instant::now();
        let mut buffers = begun(now);
        buffers.take(now, seen(1, HELD));
        assert_eq!(buffers.unkept(call()).0.len(), 1);
        assert!(buffers.due(now + Duration::from_secs(29), false).is_empty());
        assert_eq!(buffers.due(now + Duration::from_secs(30), false).len(), 1);
        assert_eq!(buffers.unkept(call()).0.len(), 1, "it is on its way");
        buffers.written();
        assert_eq!(buffers.unkept(call()), (Vec::new(), 0));
        buffers.take(now, seen(2, sip(PART_BYTES)));
        assert_eq!(buffers.due(now, false).len(), 1, "a large one waits for nothing");
    }

    #[test]
    fn what_is_too_much_of_one_call_is_counted_and_leaves_room_for_the_rest() {
        let now = Instant::now();
        let mut buffers = begun(now);
        for seq in 0..20 {
            buffers.take(now, seen(seq, sip(16 * 1_024)));
        }
        buffers.take(now, seen(20, HELD));
        let parts = buffers.due(now, true);
        assert_eq!((parts[0].entries.len(), parts[0].dropped), (17, 4));
        buffers.take(now, seen(21, sip(1)));
        assert_eq!(buffers.due(now, true)[0].dropped, 1, "a part does not begin the count anew");
    }

    #[test]
    fn a_call_whose_end_was_never_told_is_forgotten_once_nothing_is_seen_of_it() {
        let now = Instant::now();
        let mut buffers = begun(now);
        let later = now + FORGET_UNSEEN - Duration::from_secs(1);
        buffers.take(later, seen(1, HELD));
        assert_eq!(buffers.due(now + FORGET_UNSEEN, true).len(), 1);
        assert_eq!(buffers.calls.len(), 1, "it goes on");
        buffers.due(later + FORGET_UNSEEN, false);
        assert!(buffers.calls.is_empty());
    }

    #[test]
    fn of_a_call_that_was_not_begun_nothing_is_kept() {
        let mut buffers = Buffers::default();
        buffers.take(Instant::now(), seen(1, HELD));
        assert!(buffers.due(Instant::now(), true).is_empty());
    }
}
