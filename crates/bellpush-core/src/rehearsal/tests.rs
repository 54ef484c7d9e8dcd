//! What is simulated, for whom, and until when.

use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn settings(json: &str) -> RehearsalSettings {
    serde_json::from_str(json).unwrap()
}

fn at(millis: i64) -> EventTime {
    EventTime::from_millis(millis).unwrap()
}

#[test]
fn a_fault_is_of_endpoints_or_of_calls_and_is_written_as_it_is_read() {
    for fault in Fault::ALL {
        assert_ne!(fault.of_endpoint().is_some(), fault.of_call().is_some(), "{fault:?}");
        assert_eq!(fault.of_call().is_some(), fault.error_code().is_some(), "{fault:?}");
        let written = serde_json::to_value(fault).unwrap();
        assert_eq!(written, fault.as_str());
    }
}

#[test]
fn what_does_not_fit_is_named_by_its_place() {
    let int = "int_01920000000070008000000000000001";
    let dest = "dest_01920000000070008000000000000001";
    let of = |fields: &str| settings(&format!("{{{fields}}}")).target().map_err(|it| it.pointer);
    for (fields, pointer) in [
        (r#""fault":"hanging""#.to_owned(), "/integrationId"),
        (
            format!(r#""integrationId":"{int}","destinationId":"{dest}","fault":"hanging""#),
            "/destinationId",
        ),
        (format!(r#""integrationId":"{int}","fault":"trunk_busy""#), "/fault"),
        (format!(r#""destinationId":"{dest}","fault":"server_error""#), "/fault"),
        (format!(r#""integrationId":"{int}","fault":"hanging","seconds":29"#), "/seconds"),
        (format!(r#""integrationId":"{int}","fault":"hanging","seconds":601"#), "/seconds"),
    ] {
        assert_eq!(of(&fields).unwrap_err(), pointer, "{fields}");
    }
    let good = settings(&format!(r#"{{"integrationId":"{int}","fault":"rate_limited"}}"#));
    assert_eq!(good.seconds, 120);
    assert_eq!(good.target().unwrap(), Target::Integration(int.parse().unwrap()));
    let good = settings(&format!(r#"{{"destinationId":"{dest}","fault":"microphone_denied"}}"#));
    assert_eq!(good.target().unwrap(), Target::Profile(dest.parse().unwrap()));
}

#[test]
fn an_endpoint_that_hangs_takes_the_whole_time_of_an_attempt_and_no_other_does() {
    let timeout = Duration::from_secs(7);
    assert_eq!(EndpointFault::Hanging.answer(timeout).after, timeout);
    assert_eq!(EndpointFault::ServerError.answer(timeout).after, Duration::ZERO);
    let limited = EndpointFault::RateLimited.answer(timeout);
    assert_eq!((limited.status, limited.retry_after), (Some(429), Some(Duration::from_secs(20))));
}

proptest! {
    #[test]
    fn what_is_no_preview_never_meets_a_rehearsal(
        which in 0_usize..6, ends in 0_i64..10_000_000, now in 0_i64..10_000_000,
    ) {
        let running = Running {
            id: RehearsalId::from_uuid(Uuid::nil()),
            fault: Fault::ALL[which],
            ends_at: at(ends),
        };
        prop_assert_eq!(running.fault_for(false, at(now)), None);
        prop_assert_eq!(running.fault_for(true, at(now)).is_some(), now < ends);
    }
}
