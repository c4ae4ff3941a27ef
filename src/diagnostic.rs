//! One diagnostic type for everything that can go wrong: what, where, the facts compared, how to fix it.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use miette::{LabeledSpan, NamedSource, SourceCode};

/// Result of every fallible step of the compiler.
pub type Result<T, E = Diagnostic> = std::result::Result<T, E>;

/// A text file as read, kept for rendering the line an error points at.
#[derive(Debug, Clone)]
pub struct Source {
    pub name: String,
    pub text: Arc<str>,
}

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }

    /// Line and column (both from 1, columns in characters) of a byte offset.
    pub fn line_col(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len());
        let before = &self.text[..offset];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        (line, before[start..].chars().count() + 1)
    }
}

/// Where an error is: a span in a text file, or a byte position in a binary one.
#[derive(Debug, Clone)]
pub enum Place {
    Text { source: Arc<Source>, span: Range<usize>, pointer: String },
    Bytes { file: String, offset: u64 },
    File { file: String },
}

/// One error, rendered with `miette` on a terminal and as one JSON object for machines.
#[derive(Debug, Clone)]
pub struct Diagnostic(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    code: &'static str,
    message: String,
    place: Option<Place>,
    label: String,
    facts: Vec<String>,
    help: Option<String>,
    more: Vec<Diagnostic>,
}

impl Diagnostic {
    /// `code` is a stable kebab-case identifier such as `gguf-truncated`.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            place: None,
            label: String::new(),
            facts: Vec::new(),
            help: None,
            more: Vec::new(),
        }))
    }

    /// Points at a byte span of a text file; `label` is printed under the caret.
    pub fn at(mut self, source: &Arc<Source>, span: Range<usize>, pointer: impl Into<String>, label: impl Into<String>) -> Self {
        self.0.place = Some(Place::Text { source: source.clone(), span, pointer: pointer.into() });
        self.0.label = label.into();
        self
    }

    /// Points at a byte offset of a binary file.
    pub fn at_byte(mut self, file: &Path, offset: u64) -> Self {
        self.0.place = Some(Place::Bytes { file: file.display().to_string(), offset });
        self
    }

    /// Names a file without a position in it.
    pub fn in_file(mut self, file: &Path) -> Self {
        self.0.place = Some(Place::File { file: file.display().to_string() });
        self
    }

    /// Adds one compared fact, one line each, printed in order.
    pub fn fact(mut self, fact: impl Into<String>) -> Self {
        self.0.facts.push(fact.into());
        self
    }

    /// Says how to fix it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Asks whether one of the known names was meant, if one is alike.
    pub fn near<'a>(self, name: &str, known: impl IntoIterator<Item = &'a String>) -> Self {
        match close_names(name, known.into_iter().map(String::as_str)).first() {
            Some(close) if strsim::osa_distance(name, close) <= (name.len() / 3).clamp(1, 2) => {
                self.help(format!("did you mean \"{close}\"?"))
            }
            _ => self,
        }
    }

    /// Several errors as one result: the first carries the rest.
    pub fn all(errors: Vec<Diagnostic>) -> Option<Self> {
        let mut flat = errors.into_iter().flat_map(|mut e| {
            let more = std::mem::take(&mut e.0.more);
            std::iter::once(e).chain(more)
        });
        let mut first = flat.next()?;
        first.0.more = flat.collect();
        Some(first)
    }

    pub fn code(&self) -> &'static str {
        self.0.code
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub fn has_place(&self) -> bool {
        self.0.place.is_some()
    }

    /// This error and those collected with it.
    pub fn each(&self) -> impl Iterator<Item = &Diagnostic> {
        std::iter::once(self).chain(self.0.more.iter())
    }

    /// `file:line:col`, `file:byte N`, or `file`.
    pub fn location(&self) -> Option<String> {
        match self.0.place.as_ref()? {
            Place::Text { source, span, .. } => {
                let (line, col) = source.line_col(span.start);
                Some(format!("{}:{line}:{col}", source.name))
            }
            Place::Bytes { file, offset } => Some(format!("{file}:byte {offset}")),
            Place::File { file } => Some(file.clone()),
        }
    }

    /// One line per fact, without colours or carets: the form that tests compare.
    pub fn plain(&self) -> String {
        let mut out = String::new();
        for e in self.each() {
            out.push_str(&format!("error[{}]: {}\n", e.0.code, e.0.message));
            if let Some(at) = e.location() {
                out.push_str(&format!("  at {at}"));
                if let Some(Place::Text { pointer, .. }) = &e.0.place
                    && !pointer.is_empty()
                {
                    out.push_str(&format!(" ({pointer})"));
                }
                out.push('\n');
            }
            if !e.0.label.is_empty() {
                out.push_str(&format!("  here: {}\n", e.0.label));
            }
            for fact in &e.0.facts {
                out.push_str(&format!("  - {fact}\n"));
            }
            if let Some(help) = &e.0.help {
                out.push_str(&format!("  help: {help}\n"));
            }
        }
        out
    }

    /// One JSON object per error (`reason`, `level`, `code`, `message`, `location`, `facts`, `help`).
    pub fn json_lines(&self) -> String {
        self.each()
            .map(|e| {
                serde_json::json!({
                    "reason": "diagnostic", "level": "error", "code": e.0.code, "message": e.0.message,
                    "location": e.location(), "label": e.0.label, "facts": e.0.facts, "help": e.0.help,
                })
                .to_string()
                    + "\n"
            })
            .collect()
    }
}

/// Up to three of the known names that differ from this one by a slip of the fingers, the closest first.
pub fn close_names<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let limit = (name.len() / 4).max(2);
    let mut near: Vec<(usize, &str)> = known
        .filter(|k| k.len().abs_diff(name.len()) <= limit)
        .map(|k| (strsim::osa_distance(name, k), k))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().take(3).map(|(_, k)| k).collect()
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match &self.0.place {
            Some(Place::Text { .. }) | None => Ok(()),
            Some(_) => write!(f, " [{}]", self.location().unwrap_or_default()),
        }
    }
}

impl std::error::Error for Diagnostic {}

impl miette::Diagnostic for Diagnostic {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.0.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let mut text = self.0.facts.join("\n");
        if let Some(help) = &self.0.help {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(help);
        }
        (!text.is_empty()).then(|| Box::new(text) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        match self.0.place.as_ref()? {
            Place::Text { source, .. } => Some(source.as_ref()),
            _ => None,
        }
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        match self.0.place.as_ref()? {
            Place::Text { span, .. } => {
                let label = if self.0.label.is_empty() { "here" } else { &self.0.label };
                Some(Box::new(std::iter::once(LabeledSpan::new(Some(label.to_string()), span.start, span.len().max(1)))))
            }
            _ => None,
        }
    }
}

impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &miette::SourceSpan,
        before: usize,
        after: usize,
    ) -> std::result::Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        let named = NamedSource::new(&self.name, "");
        let inner = self.text.as_ref().read_span(span, before, after)?;
        Ok(Box::new(miette::MietteSpanContents::new_named(
            named.name().to_string(),
            inner.data(),
            *inner.span(),
            inner.line(),
            inner.column(),
            inner.line_count(),
        )))
    }
}
