//! What Call Studio shows of calls: search, timeline, live, exports; and what would happen to a call.

mod analytics;
mod exports;
mod live;
mod rights;
mod routing;
mod search;
mod timeline;
