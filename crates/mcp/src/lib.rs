//! Speaks MCP over stdio: parses tool calls, asks the gateway, renders replies.
//!
//! Both protocol eras are answered: the `initialize` handshake (2025-11-25 and older) and the
//! stateless 2026-07-28. Nothing is decided here: a tool checks its arguments against its own schema,
//! calls [`pointsman_engine::Gateway`] and turns the envelope into a tool result. A denial or a
//! failure is a tool result with a code, never a JSON-RPC error. Guards I10: nothing in this crate
//! prints; only the transport writes to stdout.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod arguments;
mod calling;
mod door;
mod reply;
mod server;
mod stdio;
mod tools;

pub use server::{ServeError, serve_stdio};
pub use tools::chat_description;
