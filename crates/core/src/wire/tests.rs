//! The matrix: every conversation, answer, stream, error and usage × every format of [`Wire::ALL`]. A
//! format joins by its folder under `fixtures/`, named as in routing.yaml:
//!
//! - `models.json`: one ordinary model, and the newest, which refuses most parameters;
//! - `answers/<case>.json`, `streams/<case>.sse`: what the provider sends for each case of `answers`; a
//!   `streams/exceptions.json` where the format cannot say a case;
//! - `errors.json`, `usage.json`: error responses and token counts;
//! - `requests/<case>.json`: what each conversation becomes. These are made: `POINTSMAN_ACCEPT=1`.
//!
//! Every file names the public source of its shape in `_source`, a stream in its first comment.

mod answers;
mod conversations;
pub(in crate::wire) mod cut;
mod errors;
mod fixtures;
mod requests;
mod usage;
