//! How a host cuts a call of a shader: the map's word on rows, with constants and bytes per row filled in.

use serde_json::{Map, Value, json};

use super::kernel::Call;
use crate::diagnostic::Result;
use crate::expr::{Dim, Expr};
use crate::maps::{COUNT, FIRST, Part};
use crate::signature::Pattern;

/// The manifest's entry, over the shader's numbers; none if its calls cannot be cut.
pub fn split(call: &Call) -> Result<Option<Value>> {
    let (Some(split), Some(signature)) = (&call.kernel.split, &call.map.signature) else { return Ok(None) };
    let known = |name: &str| match call.kernel.args.iter().any(|a| a == name) || [FIRST, COUNT].contains(&name) {
        true => Some(Dim::symbol(name)),
        false => call.selected.bound.get(name).filter(|d| d.as_const().is_some()).cloned(),
    };
    let bad = |why: String| call.kernel.at.error("map-split", why, "this kernel cannot be cut as it says");
    let text = |e: &Expr| e.bind(&known).map(|b| b.to_string()).map_err(bad);
    let mut parts = Map::new();
    for (param, pattern) in call.operands().into_iter().chain([(signature.result.name.clone(), signature.result.name.clone())]) {
        let Some(part) = split.parts.get(&pattern) else { continue };
        let of = signature.operands.iter().chain([&signature.result]).find(|p| p.name == pattern);
        let rows = if *part == Part::Cycle { &split.within } else { &split.rows };
        let bytes = of.and_then(|of| row_bytes(call, &param, of, &rows.dim(&known).ok()?, &known));
        // operands may lie so that their rows are not one after another
        let Some(bytes) = bytes else { return Ok(None) };
        parts.insert(param, json!([part.name(), bytes.to_string()]));
    }
    let params = split.call.iter().map(|(name, e)| Ok((name.clone(), json!(text(e)?)))).collect::<Result<Map<_, _>>>()?;
    Ok(Some(json!({
        "rows": text(&split.rows)?,
        "within": text(&split.within)?,
        "unit": text(&split.unit)?,
        "params": params,
        "workgroups": split.launch.iter().map(text).collect::<Result<Vec<_>>>()?,
        "parts": parts,
    })))
}

/// Bytes from one of so many rows to the next.
fn row_bytes(call: &Call, param: &str, pattern: &Pattern, rows: &Dim, known: &dyn Fn(&str) -> Option<Dim>) -> Option<Dim> {
    let dtype = call.selected.row.get(&pattern.name)?;
    let slot = call.operands().iter().position(|(p, _)| p == param);
    let operand = slot.and_then(|slot| call.selected.operands.get(slot));
    let width = |(shape, _): &(Vec<Dim>, _)| shape.last()?.as_const();
    // a free dimension is the operand's own, and in the result the sum of all
    let free = || match operand {
        Some(o) => width(o),
        None => call.selected.operands.iter().map(width).sum(),
    };
    let dims: Option<Vec<Dim>> =
        pattern.dims.iter().map(|d| d.as_ref().map_or_else(|| free().map(Dim::constant), |e| e.dim(known).ok())).collect();
    let dims = dims?;
    match operand.filter(|(shape, layout)| !layout.is_contiguous(shape)) {
        Some((_, layout)) => (dims.first()? == rows).then(|| Dim::constant(layout.strides[0] * dtype.element_bytes().unwrap_or(1))),
        None => {
            let (last, outer) = dims.split_last()?;
            let line = match dtype.element_bytes() {
                Some(bytes) => last.mul(&Dim::constant(bytes))?,
                None => Dim::constant(dtype.ggml().row_bytes(last.as_const()?)?),
            };
            outer.iter().try_fold(line, |p, d| p.mul(d))?.div(rows)
        }
    }
}
