//! `ir-build`: compiles encoder templates to standalone libraries, runs them and compares them.

use std::process::ExitCode;

fn main() -> ExitCode {
    isobit::cli::main()
}
