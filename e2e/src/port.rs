//! Ports of 127.0.0.1 that nobody listens on.

use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

/// Which port a server should listen on. Only ever on 127.0.0.1.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Port {
    /// Any that is free; another one is tried when somebody is faster.
    #[default]
    Free,
    /// This one or none: for a server that comes back where it was.
    Exactly(u16),
    /// This one when it is free, else any.
    Preferably(u16),
}

impl Port {
    /// The port to try first.
    pub(crate) fn first(self) -> io::Result<u16> {
        match self {
            Self::Free => free_port(),
            Self::Exactly(port) => Ok(port),
            Self::Preferably(port) if is_free(port) => Ok(port),
            Self::Preferably(_) => free_port(),
        }
    }

    /// The port to try when the last one was taken meanwhile.
    pub(crate) fn next(self) -> Option<io::Result<u16>> {
        match self {
            Self::Free | Self::Preferably(_) => Some(free_port()),
            Self::Exactly(_) => None,
        }
    }
}

/// A port of 127.0.0.1 that is free now and was not given out before by this process.
///
/// Somebody else may still take it before it is used: whoever binds it must be ready to ask for another.
///
/// # Errors
///
/// Whatever the system says when it has no port to give.
pub fn free_port() -> io::Result<u16> {
    static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let given = given.get_or_insert_with(HashSet::new);
    loop {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        // The kernel may name a port again as soon as the probe above is closed; two servers started at the same time
        // by two tests would then race for it.
        if given.insert(port) {
            return Ok(port);
        }
        // Thousands of servers later: better a port given before than no port.
        if given.len() > 10_000 {
            given.clear();
        }
    }
}

/// Whether nobody listens on it now.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_bound_and_is_given_once() {
        let ports: Vec<_> = (0..200).map(|_| free_port().unwrap()).collect();
        let distinct: HashSet<_> = ports.iter().collect();
        assert_eq!(distinct.len(), ports.len());
        assert!(
            ports
                .iter()
                .any(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        );
    }

    #[test]
    fn a_taken_port_is_avoided_unless_it_must_be_that_one() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_ne!(Port::Preferably(port).first().unwrap(), port);
        assert_eq!(Port::Exactly(port).first().unwrap(), port);
        assert!(Port::Exactly(port).next().is_none());
        assert!(Port::Free.next().is_some());
    }
}
