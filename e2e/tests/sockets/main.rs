//! The layer behind a real server, with clients that behave as clients do: each request is counted once, whatever becomes
//! of its connection.
//!
//! Clients and server share a process and talk over loopback. How many requests the server began is counted outside of the
//! layer, so that nothing is believed that it says of itself.

mod answers;
mod connections;
mod http2;
mod routes;
mod served;
mod shutdown;
mod vanishing;
