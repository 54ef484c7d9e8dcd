//! Ports for what tests start, each for one test alone, though tests run beside each other.
//!
//! All are below those that media of far sides have by default (from 20000), and below those that
//! the system hands out by itself: nobody takes one while a killed server is away.

use std::{
    fs::{self, File, TryLockError},
    net::{Ipv4Addr, TcpListener, UdpSocket},
    ops::Range,
    sync::Mutex,
};

use anyhow::{Context as _, bail};

const PORTS: Range<u16> = 10_000..20_000;
/// Places that are tried.
const TRIES: usize = 200;

/// The locks of claimed ports. The system takes them away when the process ends.
static CLAIMED: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port of loopback that is free for TCP and UDP. It is even, and the odd one after it is free,
/// too. Until this process ends, no other one is given them.
///
/// # Errors
/// None is free.
pub fn free_port() -> anyhow::Result<u16> {
    free_ports(1)
}

/// The first port of as many neighbouring pairs of ports, which are free as that of [`free_port`].
///
/// # Errors
/// None are free.
pub fn free_ports(pairs: u16) -> anyhow::Result<u16> {
    let last = PORTS.end.checked_sub(2 * pairs).context("too many ports")?;
    for _ in 0..TRIES {
        let first = rand::random_range(PORTS.start..=last) & !1;
        let claims = (0..pairs).map_while(|pair| claim(first + 2 * pair).transpose());
        let claims = claims.collect::<anyhow::Result<Vec<File>>>()?;
        if claims.len() == usize::from(pairs) {
            CLAIMED.lock().map_err(|_| anyhow::anyhow!("a claim has panicked"))?.extend(claims);
            return Ok(first);
        }
    }
    bail!("no free port was found")
}

/// Claims a pair; `None` when another process has it.
fn claim(port: u16) -> anyhow::Result<Option<File>> {
    let folder = std::env::temp_dir().join("bellpush-test-ports");
    fs::create_dir_all(&folder)?;
    let file = File::create(folder.join(port.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok([port, port + 1].into_iter().all(is_free).then_some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).context("a port's lock"),
    }
}

fn is_free(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port);
    TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_that_are_given_away_are_not_claimed_again() {
        let first = free_ports(3).unwrap();
        for port in [first, first + 2, first + 4] {
            assert!(claim(port).unwrap().is_none(), "{port} is claimed twice");
        }
        let other = free_port().unwrap();
        assert!(other.is_multiple_of(2) && !(first..first + 6).contains(&other));
    }

    #[test]
    fn a_port_in_use_is_not_given_away() {
        let taken = free_port().unwrap();
        CLAIMED.lock().unwrap().clear();
        let _socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, taken + 1)).unwrap();
        assert!(claim(taken).unwrap().is_none());
    }
}
