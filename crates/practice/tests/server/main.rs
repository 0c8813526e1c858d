//! The practice server from the other end of a connection: what it refuses, and what scripts do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http;
mod requests;
mod scripts;
