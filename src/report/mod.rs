//! The page of a comparison: error over depth, the finding, values, memory and graph, in one file that needs nothing else.

mod chart;
mod graph;
mod memory;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde_json::json;

use crate::compare::{Finding, Outcome, Report, Segments, dims, scientific};
use crate::diagnostic::{Diagnostic, Result};
use crate::plan::{Placement, Plan};

/// The build whose memory and graph are shown.
pub struct Build<'a> {
    pub label: String,
    pub plan: &'a Plan,
    pub place: Placement,
    pub segments: Option<&'a Segments<'a>>,
}

/// The whole page as text.
pub fn page(report: &Report, build: Option<&Build>) -> Result<String> {
    let c = &report.comparison;
    let different = c.taps.iter().filter(|t| !t.is_equal()).count();
    let context = json!({
        "left": c.left,
        "right": c.right,
        "build": build.map(|b| &b.label),
        "equal": report.is_equal(),
        "count": c.taps.len(),
        "different": different,
        "seed_count": report.forced.as_ref().map(|_| report.seeds.len()),
        "last_equal": c.last_equal().map(|t| &t.label),
        "first": report.first.as_ref().map(finding),
        "seeds": report.seeds.iter().map(finding).collect::<Vec<_>>(),
        "chart": chart::chart(report),
        "taps": rows(report),
        "only_left": c.only_left,
        "only_right": c.only_right,
        "memory": build.map(memory::memory),
        "graph": build.map(|b| graph::graph(report, b)),
    });
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    let rendered = environment.render_named_str("page.html", include_str!("page.html.j2"), Value::from(Serde(&context)));
    rendered.map_err(|e| Diagnostic::new("internal-report", format!("the page does not render: {e:#}")).help("this is a bug in isobit"))
}

fn finding(f: &Finding) -> serde_json::Value {
    let d = f.difference();
    json!({
        "label": f.label, "op": f.op, "kernel": f.kernel, "class": f.class, "other_kernel": f.other_kernel, "law": f.law,
        "causes": f.causes, "verdict": f.verdict.map(|v| v.word()), "verdict_text": f.verdict_text(), "place": f.place_text(),
        "steps": f.segment.iter().flat_map(|s| &s.steps).map(|s| json!({ "value": s.value, "op": s.op, "kernel": s.kernel })).collect::<Vec<_>>(),
        "pattern": match &f.outcome {
            Outcome::Different(d) => d.pattern(),
            Outcome::Incomparable(why) => why.clone(),
            Outcome::Equal => String::new(),
        },
        "numbers": d.map(|d| json!({
            "differing": d.differing, "elements": d.elements, "share": format!("{:.3} %", 100.0 * d.share()),
            "max_abs": format!("{:.3e}", d.max_abs), "mean_abs": format!("{:.3e}", d.mean_abs), "rmse": format!("{:.3e}", d.rmse),
            "nmse": scientific(d.nmse), "cosine": d.cosine.map_or("-".to_string(), |c| format!("{c:.9}")), "max_ulp": d.max_ulp,
            "left": format!("{:.8e}", d.first_values[0]), "right": format!("{:.8e}", d.first_values[1]),
        })),
    })
}

/// The table of values: one row each, with what the replay says.
fn rows(report: &Report) -> Vec<serde_json::Value> {
    let first = report.comparison.first_different().map(|t| t.label.as_str());
    let row = |t: &crate::compare::TapComparison| {
        let forced = report.forced.as_ref().and_then(|f| f.find(&t.label));
        let (word, numbers) = match &t.outcome {
            Outcome::Equal => ("equal", None),
            Outcome::Incomparable(_) => ("incomparable", None),
            Outcome::Different(d) => ("different", Some(d)),
        };
        let pattern = match &t.outcome {
            Outcome::Different(d) => d.pattern(),
            Outcome::Incomparable(why) => why.clone(),
            Outcome::Equal => "equal".to_string(),
        };
        json!({
            "label": t.label, "op": t.op, "kernel": t.kernel, "shape": format!("{} {}", t.dtype.name(), dims(&t.shape)), "state": word,
            "first": first == Some(t.label.as_str()), "pattern": pattern,
            "share": numbers.map_or(String::new(), |d| format!("{:.2} %", 100.0 * d.share())),
            "max_abs": numbers.map_or(String::new(), |d| format!("{:.2e}", d.max_abs)),
            "nmse": numbers.map_or(String::new(), |d| scientific(d.nmse)),
            "max_ulp": numbers.map_or(String::new(), |d| d.max_ulp.to_string()),
            "replay": forced.map(|f| if f.is_equal() { "equal" } else { "differs" }),
        })
    };
    report.comparison.taps.iter().map(row).collect()
}
