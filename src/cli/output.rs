//! What goes to the terminal: results for people or machines, progress bars.

use std::io::{ErrorKind, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::args::{MessageFormat, ProgressMode};
use crate::diagnostic::Diagnostic;

pub struct Output {
    pub format: MessageFormat,
    progress: ProgressMode,
}

impl Output {
    pub fn new(format: MessageFormat, progress: ProgressMode) -> Self {
        Self { format, progress }
    }

    /// Prints a result: text for people, one JSON object for machines.
    pub fn result(&self, text: &str, json: &Value) {
        match self.format {
            MessageFormat::Human => print(&format!("{}\n", text.trim_end_matches('\n'))),
            MessageFormat::Json => print(&format!("{json}\n")),
        }
    }

    /// Says what does not stop the work and should not be overlooked.
    pub fn warn(&self, text: &str) {
        match self.format {
            MessageFormat::Human => eprintln!("warning: {text}"),
            MessageFormat::Json => print(&format!("{}\n", json!({ "reason": "warning", "message": text }))),
        }
    }

    /// A bar over `total` units, drawn on a terminal only and after a second.
    pub fn bar(&self, what: &str, total: u64, bytes: bool) -> ProgressBar {
        let bar = ProgressBar::new(total);
        if self.progress == ProgressMode::Never || !std::io::stderr().is_terminal() || self.format == MessageFormat::Json {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let unit = if bytes { "{bytes}/{total_bytes}" } else { "{pos}/{len}" };
        let style = ProgressStyle::with_template(&format!("{{prefix}} [{{bar:40}}] {unit} {{eta}} {{msg}}"));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(what.to_string());
        bar
    }

    /// A spinner for work of unknown length.
    pub fn spinner(&self, what: &str) -> ProgressBar {
        let bar = ProgressBar::new_spinner();
        if self.progress == ProgressMode::Never || !std::io::stderr().is_terminal() || self.format == MessageFormat::Json {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        bar.set_message(what.to_string());
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }
}

/// Writes to standard output. Ends the program if nobody reads any more, with an error if the text cannot be written.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(e) if e.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(e) => {
            eprintln!("{:?}", miette::Report::new(Diagnostic::new("write-failed", format!("cannot write to standard output: {e}"))));
            std::process::exit(1);
        }
    }
}

/// `1234567` → `1.2 MB`
pub fn bytes(n: u64) -> String {
    indicatif::DecimalBytes(n).to_string()
}
