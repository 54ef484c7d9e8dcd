//! What the engine counts.

use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};

/// The handles of the engine's metrics, fetched once: looking one up takes a lock.
pub(super) struct Meters {
    /// Live calls.
    pub(super) calls: Gauge,
    /// Pairs of RTP ports in use.
    pub(super) rtp_ports: Gauge,
    /// TCP connections of browsers.
    pub(super) connections: Gauge,
    /// Commands that wait for the engine, of its queue's size: 0 to 1.
    pub(super) queue_fill: Gauge,
    pub(super) packets_in: Counter,
    pub(super) packets_out: Counter,
    /// Not from any call's browser.
    pub(super) dropped_unknown: Counter,
    /// Not a packet that WebRTC knows, or not an intact one.
    pub(super) dropped_malformed: Counter,
    /// More than a sender may send.
    pub(super) dropped_budget: Counter,
    /// The system's send buffer was full, or there is no path to the browser.
    pub(super) dropped_unsent: Counter,
}

impl Meters {
    pub(super) fn new() -> Self {
        describe_gauge!("bellpush_calls_live", "Live calls.");
        describe_gauge!(
            "bellpush_rtp_ports_in_use",
            "Pairs of UDP ports in use for the media of far sides."
        );
        describe_gauge!(
            "bellpush_media_tcp_connections",
            "TCP connections for the media of browsers."
        );
        describe_gauge!(
            "bellpush_call_queue_fill",
            "How full the call engine's command queue is, 0 to 1."
        );
        describe_counter!("bellpush_media_packets_total", "UDP packets of media, by direction.");
        describe_counter!(
            "bellpush_media_packets_dropped_total",
            "UDP packets of media that were dropped, by reason."
        );
        let packets =
            |direction| counter!("bellpush_media_packets_total", "direction" => direction);
        let dropped = |reason| counter!("bellpush_media_packets_dropped_total", "reason" => reason);
        Self {
            calls: gauge!("bellpush_calls_live"),
            rtp_ports: gauge!("bellpush_rtp_ports_in_use"),
            connections: gauge!("bellpush_media_tcp_connections"),
            queue_fill: gauge!("bellpush_call_queue_fill"),
            packets_in: packets("in"),
            packets_out: packets("out"),
            dropped_unknown: dropped("unknown"),
            dropped_malformed: dropped("malformed"),
            dropped_budget: dropped("budget"),
            dropped_unsent: dropped("unsent"),
        }
    }
    /// Counts a packet that went out, or did not.
    pub(super) fn sent(&self, done: bool) {
        if done {
            self.packets_out.increment(1);
        } else {
            self.dropped_unsent.increment(1);
        }
    }
}
