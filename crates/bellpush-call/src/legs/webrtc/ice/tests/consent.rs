//! By which paths a browser wants to be sent to, and for how long (RFC 7675).

use super::*;

#[test]
fn consent_is_of_each_path_its_own() {
    let mut call = Simulation::established(1);
    // Another path is well, and somebody replays checks on the first.
    call.check(2, false);
    call.answer();
    for second in 0..40 {
        call.check(1, false);
        call.check(2, false);
        call.answer_at(|port| port == 2);
        call.ice.heard(call.now, at(2));
        assert_eq!(call.ice.media_path(call.now) == Some(at(1)), second < 30);
        call.pass(SECOND, |port| port == 2);
    }
    assert_eq!(call.ice.media_path(call.now), Some(at(2)));
    call.now += 40 * SECOND;
    assert_eq!(call.ice.media_path(call.now), None);
    assert_eq!(call.check(1, true), StunOutcome::Check);
    assert_eq!(call.ice.media_path(call.now), None);
}

#[test]
fn what_is_heard_by_a_path_where_nobody_answers_is_no_consent() {
    let mut call = Simulation::established(1);
    // Whoever it is says so with each check, too.
    for second in 0..120 {
        assert_eq!(call.ice.media_path(call.now).is_some(), second < 30, "after {second} s");
        call.ice.heard(call.now, at(1));
        call.check(1, true);
        call.pass(SECOND, |_| false);
        call.sent();
    }
    assert!(!call.ice.is_alive(call.now, at(1)));
    // Nobody is asked any more, until a check comes: who answers then may be sent to again.
    call.pass(60 * SECOND, |_| true);
    assert_eq!(call.ice.media_path(call.now), None);
    call.check(1, true);
    call.answer();
    assert_eq!(call.ice.media_path(call.now), Some(at(1)));
}

#[test]
fn a_network_that_keeps_answers_back_ends_no_call() {
    let mut call = Simulation::established(1);
    let mut kept = VecDeque::new();
    for second in 0..300 {
        call.ice.heard(call.now, at(1));
        call.now += SECOND;
        call.ice.tick(call.now);
        kept.push_back(std::mem::take(&mut call.ice.outgoing));
        if second >= 20 {
            call.ice.outgoing = kept.pop_front().unwrap();
            call.answer();
        }
        assert_eq!(call.ice.media_path(call.now), Some(at(1)), "after {second} s");
    }
}

#[test]
fn a_browser_with_a_name_that_is_too_long_for_a_check_is_there_while_it_is_heard() {
    let mut call = Simulation::new();
    call.remote.ufrag = "x".repeat(200);
    call.ice = IceLite::new(call.remote.clone());
    let mut path = Path::new(call.now, at(1), Arc::clone(&call.ice.session));
    // As its handshake does.
    path.prove(call.now);
    path.nominate(1);
    call.ice.paths.push(path);
    call.ice.selected = Some(at(1));
    for _ in 0..60 {
        call.ice.heard(call.now, at(1));
        call.pass(SECOND, |_| false);
        assert_eq!(call.ice.media_path(call.now), Some(at(1)));
    }
    call.pass(5 * SECOND, |_| false);
    assert_eq!(call.ice.media_path(call.now), None);
}

#[test]
fn a_browser_that_only_listens_is_asked_for_consent_and_gives_it() {
    let mut call = Simulation::established(1);
    for _ in 0..300 {
        assert!(call.ice.is_alive(call.now, at(1)));
        assert_eq!(call.ice.media_path(call.now), Some(at(1)));
        call.pass(SECOND, |_| true);
    }
}

#[test]
fn a_browser_is_asked_more_often_while_it_sends_nothing() {
    for (sends, questions) in [(true, 10..=16), (false, 25..=40)] {
        let mut call = Simulation::established(1);
        let mut asked = 0;
        for _ in 0..60 * 10 {
            if sends {
                call.ice.heard(call.now, at(1));
            }
            call.now += SECOND / 10;
            call.ice.tick(call.now);
            asked += call.ice.outgoing.len();
            call.answer();
        }
        assert!(questions.contains(&asked), "{asked}");
    }
}
