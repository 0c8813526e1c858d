//! Golden bodies: what real servers send, and what it must become. The shapes are those the servers
//! document; each is named where it is used.

mod decode;
mod encode;
mod stream;

use crate::wire::Head;

/// The head of a response that should hold an answer.
fn ok() -> Head {
    Head { status: 200, content_type: "application/json".into(), retry_after: None }
}
