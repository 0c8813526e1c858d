//! `cargo xtask run`, `cargo xtask test`, `cargo xtask bench`, `cargo xtask prices`: the commands of this repository.
//!
//! Each sets up what is missing first and names what it installs. Nothing of the product lives
//! here, and the product never depends on it.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal speaks on the terminal")]

mod bench;
mod packages;
mod prices;
mod run;
mod setup;
mod shell;
mod tally;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask run                 set up what is missing and start Pointsman
cargo xtask test                set up what is missing and run every check
cargo xtask test --only STAGE   set up what is missing and run one stage
cargo xtask bench               measure the release build (Linux)
cargo xtask bench server        measure the server alone, without the app
cargo xtask prices              write the table of list prices anew from the crate genai-prices";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["run"] => run::run(),
        ["test"] => test::test(None),
        ["test", "--only", stage] => test::test(Some(stage)),
        ["bench"] => bench::bench(bench::What::All),
        ["bench", "server"] => bench::bench(bench::What::Server),
        ["prices"] => prices::prices(),
        _ => {
            eprintln!("{USAGE}\n\nStages of test: {}", test::stage_names());
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\n{error:#}");
            ExitCode::FAILURE
        }
    }
}
