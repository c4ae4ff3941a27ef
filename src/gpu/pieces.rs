//! A step in as few calls as the device can bind: whole buffers where they fit, parts of them, or rows piece by piece.

use std::collections::BTreeMap;

use super::device::{Device, PADDING, padded};
use super::formula::{Dims, Formula};
use super::manifest::{Candidate, Kind, Manifest, Ref, ShaderEntry, Step, bad};
use super::plan::Memory;
use crate::diagnostic::{Diagnostic, Result};
use crate::json::{Node, Value};

/// Bindings begin at multiples of this, which every device takes.
const ALIGNMENT: u64 = 256;
const LIMIT: &str = "maxStorageBufferBindingSize";

/// How a shader's calls are cut, over its numbers.
#[derive(Debug)]
pub struct Split {
    /// Rows of a whole call.
    rows: Formula,
    /// Rows of a stretch: a piece lies in one.
    within: Formula,
    /// Pieces begin at multiples of so many rows.
    unit: Formula,
    /// Numbers that are others in a piece; may use `first` and `count`.
    params: BTreeMap<String, Formula>,
    workgroups: Vec<Formula>,
    /// Bindings that a piece has a part of, with their bytes per row; the others are bound whole.
    parts: BTreeMap<String, (Part, Formula)>,
}

/// Which rows of an operand a piece sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Those with the numbers of its own.
    Rows,
    /// Those with the numbers of its own in their stretch.
    Cycle,
    /// All of its stretch.
    Stretch,
}

impl Split {
    /// The entry of a shader; null or no entry, if its calls are never cut.
    pub(super) fn optional(node: Option<&Node>) -> Result<Option<Self>> {
        node.filter(|n| !matches!(n.value, Value::Null)).map(Self::read).transpose()
    }

    fn read(node: &Node) -> Result<Self> {
        let f = node.fields()?;
        let formulas = |node: &Node| node.map()?.iter().map(|(name, n)| Ok((name.clone(), Formula::read(n)?))).collect::<Result<_>>();
        let part = |node: &Node| match node.array()? {
            [Node { value: Value::String(part), .. }, bytes] => {
                let part = match part.as_str() {
                    "rows" => Part::Rows,
                    "cycle" => Part::Cycle,
                    "stretch" => Part::Stretch,
                    _ => return Err(bad(node, "a part is rows, cycle or stretch")),
                };
                Ok((part, Formula::read(bytes)?))
            }
            _ => Err(bad(node, "a part has a kind and bytes per row")),
        };
        let split = Self {
            rows: Formula::read(f.required("rows")?)?,
            within: Formula::read(f.required("within")?)?,
            unit: Formula::read(f.required("unit")?)?,
            params: formulas(f.required("params")?)?,
            workgroups: Formula::list(f.required("workgroups")?)?,
            parts: f.required("parts")?.map()?.iter().map(|(name, n)| Ok((name.clone(), part(n)?))).collect::<Result<_>>()?,
        };
        f.finish()?;
        Ok(split)
    }
}

/// Where a binding begins in its buffer, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub offset: u64,
    pub bytes: u64,
}

/// One call of a step's shader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub workgroups: [u32; 3],
    pub numbers: Vec<u32>,
    /// One per binding but the numbers.
    pub windows: Vec<Window>,
}

/// A binding of a step: the value's place in its buffer, in bytes.
struct Place<'a> {
    name: &'a str,
    /// Of the buffer.
    size: u64,
    at: u64,
    bytes: u64,
    element: u64,
    /// Whether the shader is told where the operand begins; others begin with their binding.
    told: bool,
}

/// What stands in the way of binding so many bytes.
type Missing = (String, u64);

impl Place<'_> {
    /// The shortest binding that has these bytes of the value, and where they begin in it, in elements.
    fn window(&self, from: u64, bytes: u64, limit: u64) -> Result<(Window, u64), Missing> {
        let offset = from / ALIGNMENT * ALIGNMENT;
        let end = (from + bytes).next_multiple_of(PADDING).min(self.size);
        let window = Window { offset, bytes: end.saturating_sub(offset) };
        match window.bytes <= limit && (self.told || offset == from) {
            true => Ok((window, (from - offset) / self.element)),
            false => Err((self.name.to_string(), window.bytes)),
        }
    }

    /// All of the value: the whole buffer if it can be bound.
    fn whole(&self, limit: u64) -> Result<(Window, u64), Missing> {
        match self.size <= limit {
            true => Ok((Window { offset: 0, bytes: self.size }, self.at / self.element)),
            false => self.window(self.at, self.bytes, limit),
        }
    }
}

/// The calls of a step by this candidate. Errors: `gpu-limit`, where a binding is too large however the step is cut.
pub(super) fn pieces(
    manifest: &Manifest,
    device: &Device,
    memory: &Memory,
    step: &Step,
    candidate: &Candidate,
    shader: &ShaderEntry,
    dims: &Dims,
) -> Result<Vec<Piece>> {
    let limit = device.limit(LIMIT);
    let numbers = step.numbers(shader, dims)?;
    let places = step
        .refs
        .iter()
        .zip(&shader.bindings)
        .map(|(r, name)| place(manifest, memory, shader, r, name, dims))
        .collect::<Result<Vec<_>>>()?;
    let whole: Result<Vec<_>, Missing> = places.iter().map(|p| p.whole(limit)).collect();
    match (whole, &shader.split) {
        (Ok(found), _) => Ok(vec![piece(device, step, shader, &places, &found, numbers, &candidate.workgroups, dims)?]),
        (Err(missing), None) => Err(too_large(device, step, missing)),
        (Err(_), Some(split)) => cut(device, step, shader, split, &places, numbers, limit),
    }
}

fn place<'a>(manifest: &Manifest, memory: &Memory, shader: &ShaderEntry, r: &Ref, name: &'a str, dims: &Dims) -> Result<Place<'a>> {
    let size = match r.kind {
        Kind::Buffer => memory.buffers.get(r.index).copied(),
        Kind::Output => memory.outputs.get(r.index).copied(),
        Kind::Weight => manifest.weights.get(r.index).and_then(|w| padded(w.bytes)),
        Kind::Table => manifest.tables.get(r.index).and_then(|t| padded(t.words.saturating_mul(4))),
    };
    let size = size.unwrap_or_default();
    let at = r.at.saturating_mul(r.element);
    let bytes = r.bytes.as_ref().map_or(Ok(size.saturating_sub(at)), |b| b.value(dims))?;
    Ok(Place { name, size, at, bytes, element: r.element, told: shader.params.iter().any(|p| p.strip_suffix("_at") == Some(name)) })
}

fn too_large(device: &Device, step: &Step, (operand, bytes): Missing) -> Diagnostic {
    let what = format!("{operand} of {}", step.name);
    match device.check_limit(LIMIT, bytes, &what) {
        Err(error) => error.help("the step cannot be cut into smaller ones: use a smaller image or batch, or another device"),
        Ok(()) => Diagnostic::new("gpu-limit", format!("{what} does not begin where a binding may")).fact(device.facts.label()),
    }
}

/// The fewest pieces whose bindings all fit.
fn cut(
    device: &Device,
    step: &Step,
    shader: &ShaderEntry,
    split: &Split,
    places: &[Place<'_>],
    numbers: Vec<u32>,
    limit: u64,
) -> Result<Vec<Piece>> {
    let mut scope: Dims = shader.params.iter().cloned().zip(numbers.iter().map(|n| u64::from(*n))).collect();
    let parts = places.iter().map(|p| split.parts.get(p.name).map(|(part, bytes)| Ok((*part, bytes.value(&scope)?))).transpose());
    let parts = parts.collect::<Result<Vec<Option<(Part, u64)>>>>()?;
    let (rows, within) = (split.rows.value(&scope)?, split.within.value(&scope)?.max(1));
    let mut unit = split.unit.value(&scope)?.max(1);
    let mut count = within;
    for (place, part) in places.iter().zip(&parts) {
        if let Some((Part::Rows | Part::Cycle, bytes)) = part {
            let aligned = ALIGNMENT / gcd(ALIGNMENT, *bytes);
            unit = unit / gcd(unit, aligned) * aligned;
            count = count.min(limit.saturating_sub(place.at % ALIGNMENT) / (*bytes).max(1));
        }
    }
    if count < within {
        count = count / unit * unit;
    }
    let mut out = Vec::new();
    for stretch in 0..rows.div_ceil(within) {
        let mut first = 0;
        while first < within {
            // a piece of no rows is too large, and the error names what is in its way
            let here = if count == 0 { unit.min(within) } else { count.min(within - first) };
            let found = places.iter().zip(&parts).map(|(place, part)| match part {
                None => place.whole(limit),
                Some((Part::Rows, bytes)) => place.window(place.at + (stretch * within + first) * bytes, here * bytes, limit),
                Some((Part::Cycle, bytes)) => place.window(place.at + first * bytes, here * bytes, limit),
                Some((Part::Stretch, bytes)) => place.window(place.at + stretch * within * bytes, within * bytes, limit),
            });
            let found = found.collect::<Result<Vec<_>, Missing>>().map_err(|missing| too_large(device, step, missing))?;
            scope.extend(shader.params.iter().cloned().zip(numbers.iter().map(|n| u64::from(*n))));
            scope.extend([("first".to_string(), first), ("count".to_string(), here)]);
            let changed = split.params.iter().map(|(name, f)| Ok((name.clone(), f.value(&scope)?))).collect::<Result<Vec<_>>>()?;
            scope.extend(changed);
            let own = shader.params.iter().map(|name| scope.get(name).copied().unwrap_or_default() as u32).collect();
            out.push(piece(device, step, shader, places, &found, own, &split.workgroups, &scope)?);
            first += here;
        }
    }
    Ok(out)
}

#[expect(clippy::too_many_arguments)]
fn piece(
    device: &Device,
    step: &Step,
    shader: &ShaderEntry,
    places: &[Place<'_>],
    found: &[(Window, u64)],
    mut numbers: Vec<u32>,
    groups: &[Formula],
    scope: &Dims,
) -> Result<Piece> {
    for (place, (_, at)) in places.iter().zip(found) {
        let number = shader.params.iter().position(|p| p.strip_suffix("_at") == Some(place.name)).and_then(|i| numbers.get_mut(i));
        if let (Some(number), Ok(at)) = (number, u32::try_from(*at)) {
            *number = at;
        }
    }
    let mut workgroups = [1; 3];
    for (count, formula) in workgroups.iter_mut().zip(groups) {
        *count = formula.word(scope)?;
        device.check_limit("maxComputeWorkgroupsPerDimension", u64::from(*count), &step.name)?;
    }
    Ok(Piece { workgroups, numbers, windows: found.iter().map(|(window, _)| *window).collect() })
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
