//! The practice server from the other end of a connection: what it refuses, and what scripts do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod anthropic;
mod formats;
mod gemini;
mod http;
mod requests;
mod responses;
mod scripts;
