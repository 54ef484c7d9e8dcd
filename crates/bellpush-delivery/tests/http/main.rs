//! The engine and the client against real sockets on loopback. The queue is a fake in memory: the
//! store's own tests show that the real one keeps the same contract.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod backlog;
mod bad_endpoints;
mod connections;
mod delivering;
mod failures_of_the_queue;
mod guarded_addresses;
mod lost_streams;
mod nginx;
mod one_of_several;
mod rehearsals;
mod stream_limits;
mod support;
mod tls;
mod tls_failures;
