//! The command line: arguments, subcommands, how errors leave the program.

mod args;
mod bench;
mod build;
mod check;
mod compare;
mod compiled;
mod device;
mod explain;
mod list;
mod output;
mod plan;
mod profile;
mod run;
mod shorthand;
mod sides;
mod synth;
mod vector;

use std::process::ExitCode;

use clap::Parser;

use crate::diagnostic::Result;
use args::{Cli, Command, MessageFormat};

/// Code of errors in how the program was called.
const USAGE: &str = "usage";

/// Parses the command line, runs it; exit code 0, 1 for bad data, 2 for bad usage.
pub fn main() -> ExitCode {
    let cli = Cli::parse_from(shorthand::written_out(std::env::args_os()));
    let out = output::Output::new(cli.message_format, cli.progress);
    let result = dispatch(&cli, &out);
    match result {
        Ok(code) => code,
        Err(e) => {
            match cli.message_format {
                MessageFormat::Json => output::print(&e.json_lines()),
                MessageFormat::Human => {
                    for each in e.each() {
                        eprintln!("{:?}", miette::Report::new(each.clone()));
                    }
                }
            }
            ExitCode::from(if e.code() == USAGE { 2 } else { 1 })
        }
    }
}

fn dispatch(cli: &Cli, out: &output::Output) -> Result<ExitCode> {
    match &cli.command {
        None => build::build(&cli.build, out),
        Some(Command::Run(a)) => run::run(a, out),
        Some(Command::Check(a)) => check::check(a, out),
        Some(Command::Explain(a)) => explain::explain(a, out),
        Some(Command::List(a)) => list::list(a, out),
        Some(Command::Plan(a)) => plan::plan(a, out),
        Some(Command::Bench(a)) => bench::bench(a, out),
        Some(Command::Synth(a)) => synth::synth(a, out),
        Some(Command::Compare(a)) => compare::compare(a, out),
        Some(Command::Vector(a)) => vector::vector(a, out),
    }
}
