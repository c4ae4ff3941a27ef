//! The arena as a picture: every value is a box over the steps in which it lives and the bytes that it holds.

use serde_json::{Value, json};

use super::Build;
use super::chart::round;

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 70.0;
const BOTTOM: f64 = 26.0;

pub fn memory(build: &Build) -> Value {
    let (plan, place) = (build.plan, &build.place);
    let steps = plan.steps.len().max(1) as f64;
    let bytes = place.values_bytes.max(1) as f64;
    let x = |step: f64| LEFT + (WIDTH - LEFT - 6.0) * step / steps;
    let y = |at: f64| (HEIGHT - BOTTOM) * (1.0 - at / bytes);
    let boxes: Vec<Value> = plan
        .values
        .iter()
        .enumerate()
        .map(|(i, v)| {
            let (from, to) = (x(v.first as f64), x(v.last as f64 + 1.0));
            let (top, bottom) = (y((place.offsets[i] + place.sizes[i]) as f64), y(place.offsets[i] as f64));
            let title = format!("{}: {} bytes at {}, steps {} to {}", v.name, place.sizes[i], place.offsets[i], v.first, v.last);
            json!({
                "x": round(from), "y": round(top), "width": round((to - from).max(0.5)), "height": round((bottom - top).max(0.5)),
                "hue": hue(&v.name), "title": title, "name": v.name,
                "named": to - from > 7.0 * v.name.len() as f64 && bottom - top > 14.0,
            })
        })
        .collect();
    let mark = |part: f64| json!({ "y": round(y(bytes * part)), "text": size(bytes * part) });
    json!({
        "width": WIDTH, "height": HEIGHT, "left": LEFT, "floor": HEIGHT - BOTTOM, "right": WIDTH - 6.0,
        "boxes": boxes, "marks": [mark(0.0), mark(0.25), mark(0.5), mark(0.75), mark(1.0)],
        "values": plan.values.len(), "steps": plan.steps.len(), "bytes": size(bytes),
        "sum": size(place.sizes.iter().sum::<u64>() as f64),
    })
}

fn size(bytes: f64) -> String {
    indicatif::DecimalBytes(bytes as u64).to_string()
}

/// One colour for values of one name in every layer.
fn hue(name: &str) -> u32 {
    let stem = name.split(['-', '.']).next().unwrap_or(name);
    stem.bytes().fold(7u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b))) % 360
}
