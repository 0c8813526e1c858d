//! `pointsman mcp` at the boundary of the process: a real child, raw JSON lines, a real home, and a
//! practice server in place of the provider. What is read from stdout is checked line by line (I10),
//! in every test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "stdio/child.rs"]
mod child;
#[path = "stdio/ends.rs"]
mod ends;
#[path = "stdio/ground.rs"]
mod ground;
#[path = "stdio/jobs.rs"]
mod jobs;
#[path = "stdio/purity.rs"]
mod purity;
#[path = "stdio/replies.rs"]
mod replies;
