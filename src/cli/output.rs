//! What goes to the terminal: results for people or machines, progress bars.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use super::args::{MessageFormat, ProgressMode};

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
            MessageFormat::Human => println!("{}", text.trim_end_matches('\n')),
            MessageFormat::Json => println!("{json}"),
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

/// `1234567` → `1.2 MB`
pub fn bytes(n: u64) -> String {
    indicatif::DecimalBytes(n).to_string()
}
