//! What Pointsman decides: money, policy, budgets, wire formats, failures, edit plans.
//!
//! Pure functions on values. There is no clock, disk, network, environment or randomness in this
//! crate: `now`, file texts, environment maps and random numbers are parameters. What must be *done*
//! about a decision lives in `pointsman-engine`.
#![deny(clippy::float_arithmetic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod approval;
pub mod breaker;
pub mod budget;
pub mod catalog;
pub mod chat;
pub mod clients;
pub mod code;
pub mod csv;
pub mod estimate;
pub mod failure;
pub mod fingerprint;
pub mod forecast;
pub mod id;
pub mod money;
pub mod plan;
pub mod policy;
pub mod privacy;
pub mod reservation;
pub mod retry;
pub mod structured;
pub mod wire;
