//! Which of the paths that a browser has nominated is used (RFC 8445 section 8.1.1).

use super::*;

/// Of browsers' checks by UDP and by TCP, as of a candidate that is peer reflexive.
const BY_UDP: u32 = (110 << 24) | (0x7F00 << 8) | 255;
const BY_TCP: u32 = (80 << 24) | (0x7F00 << 8) | 255;

fn by_tcp() -> TransportAddress {
    TransportAddress { protocol: Protocol::Tcp, ..at(9) }
}

impl Simulation {
    /// A check of the browser that nominates.
    fn nominating(&self, priority: u32) -> Vec<u8> {
        let Credentials { ufrag, password } = self.ice.local();
        let name = format!("{ufrag}:{}", self.remote.ufrag);
        let id = TransId::new();
        bytes(StunMessage::binding_request(&name, id, true, 7, priority, true), password)
    }

    fn nominate(&mut self, path: TransportAddress, priority: u32) {
        let check = self.nominating(priority);
        self.ice.receive(self.now, path, &check);
        // Who has connected has proved the path.
        self.answer_at(|_| path.protocol == Protocol::Udp);
    }

    #[track_caller]
    fn uses(&self, path: TransportAddress) {
        assert_eq!(self.ice.media_path(self.now), Some(path));
    }
}

/// As Firefox does, which keeps to the best that works, whatever comes last.
#[test]
fn of_paths_that_are_nominated_once_each_the_best_one_is_used() {
    let mut call = Simulation::new();
    call.nominate(at(1), BY_UDP);
    let late = call.nominating(BY_TCP);
    // It is sent again as it is until it is answered.
    for _ in 0..3 {
        call.ice.receive(call.now, by_tcp(), &late);
        call.uses(at(1));
    }

    // The other way round, and the better one is proved last.
    let mut call = Simulation::new();
    let early = call.nominating(BY_UDP);
    call.ice.receive(call.now, at(1), &early);
    let to_browser = std::mem::take(&mut call.ice.outgoing);
    call.nominate(by_tcp(), BY_TCP);
    call.uses(by_tcp());
    call.ice.outgoing = to_browser;
    call.answer();
    call.uses(at(1));
}

/// A relayed path may have the same priority in its checks as a direct one.
#[test]
fn a_browser_is_sent_to_where_it_sends_from() {
    let mut call = Simulation::new();
    call.nominate(at(1), BY_UDP);
    call.nominate(at(2), BY_UDP);
    call.nominate(at(3), BY_TCP);
    for used in [1, 2, 1, 3] {
        call.ice.heard(call.now, at(used));
        call.uses(at(used));
    }
    // One that is not nominated is only tried.
    call.check(4, false);
    call.answer();
    call.ice.heard(call.now, at(4));
    call.uses(at(3));
}

/// As Chromium does, which nominates the path in use with each check.
#[test]
fn a_browser_that_insists_on_a_worse_path_is_followed() {
    let mut call = Simulation::new();
    call.nominate(at(1), BY_UDP);
    call.nominate(by_tcp(), BY_TCP);
    call.uses(at(1));
    // It has stayed with the better one after all.
    call.nominate(at(1), BY_UDP);
    call.nominate(by_tcp(), BY_TCP);
    call.uses(at(1));
    call.nominate(by_tcp(), BY_TCP);
    call.uses(by_tcp());
    call.nominate(at(1), BY_UDP);
    call.uses(at(1));

    // Or the better one is silent.
    call.now += 16 * SECOND;
    call.nominate(by_tcp(), BY_TCP);
    call.uses(by_tcp());
}

#[test]
fn a_path_that_is_gone_gives_way_to_the_best_of_the_others() {
    let mut call = Simulation::new();
    call.nominate(at(1), BY_UDP);
    call.nominate(at(2), BY_TCP);
    call.check(3, false);
    call.answer();
    call.nominate(by_tcp(), BY_TCP);
    call.ice.heard(call.now, by_tcp());
    call.uses(by_tcp());
    call.ice.forget(call.now, by_tcp());
    assert!(!call.ice.knows(by_tcp()));
    call.uses(at(1));
    for gone in [3, 1] {
        call.ice.forget(call.now, at(gone));
    }
    call.uses(at(2));
    call.ice.forget(call.now, at(2));
    assert_eq!(call.ice.media_path(call.now), None);
}
