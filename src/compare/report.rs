//! What a comparison found, in words for people and as one JSON object for machines.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, LineStyle, Table, presets};
use serde_json::{Value, json};

use super::segment::{Segment, Segments};
use super::target::{Cell, Cells};
use super::{Causes, Comparison, Difference, Outcome, TapComparison, class_of};
use crate::maps::Maps;

/// A comparison with the op at fault named, as far as is known.
pub struct Report {
    pub comparison: Comparison,
    /// The same values when every op computes on the reference's operands; none without a replay.
    pub forced: Option<Comparison>,
    pub first: Option<Finding>,
    /// Every value that differs although its operands were the reference's, in graph order.
    pub seeds: Vec<Finding>,
}

/// A value that differs, and what is known of the reason.
pub struct Finding {
    pub label: String,
    pub op: String,
    pub kernel: String,
    pub class: String,
    /// The reference's kernel, if it is of another class.
    pub other_kernel: Option<String>,
    /// The steps of the class.
    pub law: Vec<String>,
    pub outcome: Outcome,
    pub cell: Option<Cell>,
    pub segment: Option<Segment>,
    pub verdict: Option<Verdict>,
    pub causes: Vec<String>,
}

/// Whether an op is wrong or its input was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Op,
    Input,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Self::Op => "op",
            Self::Input => "input",
        }
    }
}

/// What findings are explained with.
pub struct Knowledge<'a> {
    pub maps: &'a Maps,
    pub causes: &'a Causes,
    pub cells: &'a Cells,
    pub segments: Option<&'a Segments<'a>>,
}

impl Report {
    pub fn new(comparison: Comparison, forced: Option<Comparison>, k: &Knowledge) -> Self {
        let first = comparison.first_different().map(|t| {
            let verdict = forced.as_ref().and_then(|f| f.find(&t.label)).map(|f| if f.is_equal() { Verdict::Input } else { Verdict::Op });
            Finding::new(t, verdict, k)
        });
        let seeds = forced.iter().flat_map(|f| &f.taps).filter(|t| !t.is_equal()).map(|t| Finding::new(t, Some(Verdict::Op), k)).collect();
        Self { comparison, forced, first, seeds }
    }

    pub fn is_equal(&self) -> bool {
        self.comparison.is_equal()
    }

    /// For a terminal: the last equal value and up to `rows` different ones, then the finding in words.
    pub fn text(&self, rows: usize, paint: Paint) -> String {
        let c = &self.comparison;
        let mut out = format!("left:  {}\nright: {}\n", short(&c.left), short(&c.right));
        let different: Vec<&TapComparison> = c.taps.iter().filter(|t| !t.is_equal()).collect();
        if !different.is_empty() {
            let shown = c.last_equal().into_iter().chain(different.iter().take(rows).copied());
            out += &self.table(shown);
            if different.len() > rows {
                out += &format!("{} more values differ\n", different.len() - rows);
            }
        }
        for (side, list) in [("left", &c.only_left), ("right", &c.only_right)] {
            if !list.is_empty() {
                let names = list.iter().take(6).map(String::as_str).collect::<Vec<_>>().join(", ");
                let more = if list.len() > 6 { ", …" } else { "" };
                out += &format!("only {side}: {} value(s): {names}{more}\n", list.len());
            }
        }
        let Some(first) = &self.first else {
            out += &paint.good(&format!("{} values, all bits equal", c.taps.len()));
            out.push('\n');
            return out;
        };
        out += &format!("{} of {} values equal\n\n", c.equal_count(), c.taps.len());
        out += &format!("last equal:      {}\n", c.last_equal().map_or("none", |t| &t.label));
        out += &format!("first different: {}\n", paint.bad(&first.label));
        out += &first.text(paint);
        out + &self.seeds_text(paint)
    }

    fn seeds_text(&self, paint: Paint) -> String {
        let Some(forced) = &self.forced else {
            return "\nno replay: with --template, --model and --image each op also runs on the right side's values,\n\
                    which tells a wrong op from a wrong input\n"
                .to_string();
        };
        if self.seeds.is_empty() {
            return format!("\nreplay: all {} values are equal when each op computes on the reference's operands\n", forced.taps.len());
        }
        let what = format!("{} of {} values differ on the reference's own operands:", self.seeds.len(), forced.taps.len());
        let mut out = format!("\n{}\n", paint.strong(&what));
        let mut table = plain_table(&["value", "ops", "kernel", "differ", "max abs", "max ULP", "pattern"]);
        for s in self.seeds.iter().take(SEEDS) {
            let ops = s.segment.as_ref().map_or_else(|| s.op.clone(), Segment::ops);
            let numbers = match &s.outcome {
                Outcome::Different(d) => [d.differing.to_string(), format!("{:.2e}", d.max_abs), d.max_ulp.to_string(), d.pattern()],
                Outcome::Incomparable(why) => [String::new(), String::new(), String::new(), why.clone()],
                Outcome::Equal => continue,
            };
            table.add_row([s.label.clone(), ops, s.kernel.clone()].into_iter().chain(numbers));
        }
        align(&mut table, 3..6);
        out += &format!("{}\n", table.trim_fmt());
        if self.seeds.len() > SEEDS {
            out += &format!("and {} more\n", self.seeds.len() - SEEDS);
        }
        out
    }

    fn table<'a>(&self, taps: impl Iterator<Item = &'a TapComparison>) -> String {
        let replay = if self.forced.is_some() { "replay" } else { "" };
        let mut table =
            plain_table(&["value", "kernel", "shape", "differ", "share", "max abs", "NMSE", "max ULP", "first at", "pattern", replay]);
        for t in taps {
            let forced = self.forced.as_ref().and_then(|f| f.find(&t.label));
            let verdict = forced.map_or("", |f| if f.is_equal() { "equal" } else { "differs" });
            table.add_row(t.cells().into_iter().chain([verdict.to_string()]));
        }
        align(&mut table, 3..8);
        format!("{}\n", table.trim_fmt())
    }

    /// For machines: everything, with numbers that are not finite as null.
    pub fn json(&self) -> Value {
        let c = &self.comparison;
        let forced: BTreeMap<&str, &TapComparison> = self.forced.iter().flat_map(|f| &f.taps).map(|t| (t.label.as_str(), t)).collect();
        let taps: Vec<Value> = c
            .taps
            .iter()
            .map(|t| {
                let mut value = t.json();
                if let Some(f) = forced.get(t.label.as_str()) {
                    value["replay"] = outcome_json(&f.outcome);
                }
                value
            })
            .collect();
        json!({
            "reason": "compare",
            "left": c.left,
            "right": c.right,
            "equal": self.is_equal(),
            "last_equal": c.last_equal().map(|t| &t.label),
            "first_different": c.first_different().map(|t| &t.label),
            "finding": self.first.as_ref().map(Finding::json),
            "seeds": self.forced.as_ref().map(|_| self.seeds.iter().map(Finding::json).collect::<Vec<_>>()),
            "only_left": c.only_left,
            "only_right": c.only_right,
            "taps": taps,
        })
    }
}

/// Most seeds in the terminal's table.
const SEEDS: usize = 24;

impl Finding {
    fn new(tap: &TapComparison, verdict: Option<Verdict>, k: &Knowledge) -> Self {
        let segment = k.segments.and_then(|s| Some(s.of(s.tap(&tap.label)?)));
        // What the plan says of the last op holds also where the dump of another program names ops in its own words.
        let last = segment.as_ref().and_then(|s| s.steps.last());
        let own = !tap.class().is_empty() || last.is_none();
        let (op, kernel, class) = match last {
            Some(step) if !own => (step.op.clone(), step.kernel.clone(), step.class.clone()),
            _ => (tap.op.clone(), tap.kernel.clone(), tap.class().to_string()),
        };
        let another = !tap.other_kernel.is_empty() && class_of(&tap.other_kernel) != class;
        let other_kernel = another.then(|| tap.other_kernel.clone());
        let law = k.maps.op(&op).and_then(|m| m.classes.get(&class)).map(|c| c.steps.clone()).unwrap_or_default();
        let d = tap.difference();
        let rows = d.map_or(0, |d| d.elements / tap.shape.last().copied().unwrap_or(1).max(1));
        let heads = if tap.shape.len() > 2 { tap.shape[1..tap.shape.len() - 1].iter().product::<u64>().max(1) } else { 1 };
        let cell = d.and_then(|d| k.cells.cell(*d.first.first()?, rows / heads));
        let mut causes = Vec::new();
        if let Some(d) = d {
            // the last op first, then those before it in the segment
            let steps = segment.iter().flat_map(|s| s.steps.iter().rev()).map(|s| (s.op.as_str(), s.class.as_str()));
            for (op, class) in [(op.as_str(), class.as_str())].into_iter().chain(steps).take(4) {
                causes.extend(k.causes.of(d, op, class));
            }
            let mut seen = std::collections::HashSet::new();
            causes.retain(|c| seen.insert(c.clone()));
            causes.truncate(4);
        }
        Self {
            label: tap.label.clone(),
            op,
            kernel,
            class,
            other_kernel,
            law,
            outcome: tap.outcome.clone(),
            cell,
            segment,
            verdict,
            causes,
        }
    }

    pub fn difference(&self) -> Option<&Difference> {
        match &self.outcome {
            Outcome::Different(d) => Some(d),
            _ => None,
        }
    }

    /// What the replay says, in a sentence.
    pub fn verdict_text(&self) -> Option<String> {
        let steps = self.segment.as_ref().filter(|s| !s.steps.is_empty());
        let preprocessing = if steps.is_some_and(|s| s.from_input) { "preprocessing, " } else { "" };
        let ops = preprocessing.to_string() + &steps.map_or_else(|| self.op.clone(), Segment::ops);
        let many = steps.is_some_and(|s| s.steps.len() > 1 || s.from_input);
        let operands = self.segment.as_ref().map(Segment::operand_text).unwrap_or_default();
        Some(match self.verdict? {
            Verdict::Op if many => format!("one of these ops is wrong: {ops}, on the reference's own operands{operands}"),
            Verdict::Op => format!("the op is wrong: {ops} gives other bits on the reference's own operands{operands}"),
            Verdict::Input => format!(
                "its input was: {ops} gives the reference's bits on the reference's own operands{operands}; the left side had others, or was computed by another build"
            ),
        })
    }

    /// `token 3, head 1, channel 17` of an index.
    pub fn place_text(&self) -> Option<String> {
        let d = self.difference()?;
        let names: &[&str] = match d.first.len() {
            1 => &["element"],
            2 => &["token", "channel"],
            3 => &["token", "head", "channel"],
            _ => &["image", "row", "column", "channel"],
        };
        let parts: Vec<String> = names.iter().zip(&d.first).map(|(n, i)| format!("{n} {i}")).collect();
        Some(parts.join(", ") + &self.cell.map_or(String::new(), |c| format!(" ({c})")))
    }

    fn text(&self, paint: Paint) -> String {
        let class = if self.class.is_empty() { String::new() } else { format!(", class {}", self.class) };
        let kernel = if self.kernel.is_empty() { "not known".to_string() } else { self.kernel.clone() };
        let mut out = format!("op:              {}\nkernel:          {kernel}{class}\n", self.op);
        if let Some(other) = &self.other_kernel {
            out += &format!("reference ran:   {other}\n");
        }
        match &self.outcome {
            Outcome::Different(d) => {
                out += &format!("pattern:         {}\n", d.pattern());
                out += &format!(
                    "differ:          {} of {} elements ({:.3} %), in {} of {} rows and {} of {} columns\n",
                    d.differing,
                    d.elements,
                    100.0 * d.share(),
                    d.rows.hit,
                    d.rows.of,
                    d.columns.hit,
                    d.columns.of
                );
                let cosine = d.cosine.map_or("-".to_string(), |c| format!("{c:.9}"));
                out += &format!(
                    "measures:        max abs {:.2e}, mean abs {:.2e}, RMSE {:.2e}, NMSE {}, cosine {cosine}, max ULP {}\n",
                    d.max_abs,
                    d.mean_abs,
                    d.rmse,
                    scientific(d.nmse),
                    d.max_ulp
                );
                let [a, b] = d.first_values;
                out += &format!("first at:        {}: {a:.8e} against {b:.8e}\n", self.place_text().unwrap_or_default());
            }
            Outcome::Incomparable(why) => out += &format!("not comparable:  {why}\n"),
            Outcome::Equal => {}
        }
        if let Some(verdict) = self.verdict_text() {
            out += &format!("verdict:         {}\n", paint.strong(&verdict));
        }
        if let Some(s) = self.segment.as_ref().filter(|s| s.steps.len() > 1) {
            out += "ops since its known operands, in order:\n";
            for step in &s.steps {
                out += &format!("  {} = {} by {}\n", step.value, step.op, step.kernel);
            }
        }
        if !self.law.is_empty() {
            out += &format!("law of class {}:\n", self.class);
            self.law.iter().for_each(|step| out += &format!("  {step}\n"));
        }
        if !self.causes.is_empty() {
            out += "likely cause:\n";
            self.causes.iter().for_each(|cause| out += &format!("  {cause}\n"));
        }
        out
    }

    fn json(&self) -> Value {
        let mut value = json!({
            "tap": self.label, "op": self.op, "kernel": self.kernel, "class": self.class, "reference_kernel": self.other_kernel, "law": self.law,
            "verdict": self.verdict.map(Verdict::word), "place": self.place_text(),
            "cell": self.cell.map(|c| json!({ "row": c.row, "column": c.column, "rows": c.rows, "columns": c.columns })),
            "causes": self.causes,
            "segment": self.segment.as_ref().map(|s| json!({
                "steps": s.steps.iter().map(|s| json!({ "value": s.value, "op": s.op, "kernel": s.kernel, "class": s.class })).collect::<Vec<_>>(),
                "operands": s.operands, "from_input": s.from_input,
            })),
        });
        extend(&mut value, outcome_json(&self.outcome));
        value
    }
}

impl Segment {
    /// The ops' names in order.
    pub fn ops(&self) -> String {
        self.steps.iter().map(|s| s.op.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn operand_text(&self) -> String {
        match self.operands.len() {
            0 => String::new(),
            n => {
                let shown = self.operands.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
                format!(" ({shown}{})", if n > 6 { ", …" } else { "" })
            }
        }
    }
}

impl TapComparison {
    fn cells(&self) -> Vec<String> {
        let shape = match &self.other_shape {
            Some(other) => format!("{} | {}", dims(&self.shape), dims(other)),
            None => dims(&self.shape),
        };
        let mut cells = vec![self.label.clone(), self.kernel.clone(), format!("{} {shape}", self.dtype.name())];
        match &self.outcome {
            Outcome::Equal => cells.extend(["0", "", "", "", "", "", "equal"].map(str::to_string)),
            Outcome::Incomparable(why) => {
                cells.extend([""; 6].map(str::to_string));
                cells.push(why.clone());
            }
            Outcome::Different(d) => cells.extend([
                d.differing.to_string(),
                format!("{:.3} %", 100.0 * d.share()),
                format!("{:.2e}", d.max_abs),
                scientific(d.nmse),
                d.max_ulp.to_string(),
                dims(&d.first),
                d.pattern(),
            ]),
        }
        cells
    }

    fn json(&self) -> Value {
        let mut value = json!({
            "name": self.label, "op": self.op, "kernel": self.kernel, "dtype": self.dtype.name(), "shape": self.shape,
        });
        if let Some(other) = &self.other_shape {
            value["other_shape"] = json!(other);
        }
        extend(&mut value, outcome_json(&self.outcome));
        value
    }
}

fn outcome_json(outcome: &Outcome) -> Value {
    let (word, more) = match outcome {
        Outcome::Equal => ("equal", json!({})),
        Outcome::Incomparable(why) => ("incomparable", json!({ "why": why })),
        Outcome::Different(d) => ("different", d.json()),
    };
    let mut value = json!({ "outcome": word });
    extend(&mut value, more);
    value
}

fn extend(value: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (value.as_object_mut(), more) {
        object.extend(more);
    }
}

pub(super) fn plain_table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none())).set_header(header);
    table
}

pub(super) fn align(table: &mut Table, columns: std::ops::Range<usize>) {
    for i in columns {
        if let Some(column) = table.column_mut(i) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// A description that fits into two lines of a terminal.
fn short(text: &str) -> String {
    match text.char_indices().nth(160) {
        Some((at, _)) => format!("{} …", &text[..at]),
        None => text.to_string(),
    }
}

pub fn scientific(value: Option<f64>) -> String {
    value.map_or("-".to_string(), |v| format!("{v:.2e}"))
}

pub fn dims(shape: &[u64]) -> String {
    format!("[{}]", shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))
}

/// Colours, on a terminal only.
#[derive(Debug, Clone, Copy)]
pub struct Paint(pub bool);

impl Paint {
    fn code(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    fn strong(self, text: &str) -> String {
        self.code("1", text)
    }

    fn bad(self, text: &str) -> String {
        self.code("1;31", text)
    }

    fn good(self, text: &str) -> String {
        self.code("32", text)
    }
}
