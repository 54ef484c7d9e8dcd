-- The span that the request named which brought an event, as a W3C traceparent. Only where events are
-- traced: everything else of a trace derives from the event's id. Apart from the events, which are
-- written and read all the time.
CREATE TABLE event_traces (
    event_seq BIGINT PRIMARY KEY,
    trace_parent TEXT NOT NULL
) {CLUSTERED};
