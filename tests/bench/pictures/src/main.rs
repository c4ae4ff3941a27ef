//! Draws the results of `make bench`: time per kind of op, and a roofline. Usage: isobit-bench-pictures RESULTS.json DIR

mod bars;
mod results;
mod roofline;
mod style;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use results::Results;

#[derive(Parser)]
#[command(about = "Draws what `make bench` has measured")]
struct Cli {
    /// Results, as the benchmark writes them with --svg
    results: PathBuf,
    /// Folder for bench-ops.svg and bench-roofline.svg
    folder: PathBuf,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("error: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<(), String> {
    let file = cli.results.display();
    let text = fs::read_to_string(&cli.results).map_err(|e| format!("{file}: {e}"))?;
    let results = Results::parse(&text).map_err(|e| format!("{file}: {e}"))?;
    fs::create_dir_all(&cli.folder).map_err(|e| format!("{}: {e}", cli.folder.display()))?;
    for (name, svg) in [("bench-ops.svg", bars::draw(&results)), ("bench-roofline.svg", roofline::draw(&results))] {
        let path = cli.folder.join(name);
        let svg = svg.map_err(|e| format!("{}: {e}", path.display()))?;
        fs::write(&path, svg).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}
