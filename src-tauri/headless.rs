//! The headless executable: the MCP server that clients start, and the command line. It links no web
//! view, so that it starts in milliseconds.

use std::process::ExitCode;

fn main() -> ExitCode {
    pointsman_cli::main_with_args()
}
