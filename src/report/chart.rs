//! Error over depth: one point per value on a logarithmic scale, of the free run and of the replay.

use serde_json::{Value, json};

use crate::compare::{Outcome, Report, TapComparison};

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 300.0;
/// Room for the numbers of the axis, and for the line of equal values below it.
const LEFT: f64 = 56.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 44.0;

/// More values than this are drawn with smaller dots.
const CROWD: usize = 200;

/// Coordinates of everything that the page draws.
pub fn chart(report: &Report) -> Value {
    let taps = &report.comparison.taps;
    let forced = |t: &TapComparison| report.forced.as_ref().and_then(|f| f.find(&t.label));
    let errors = taps.iter().filter_map(error).chain(taps.iter().filter_map(|t| error(forced(t)?)));
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for e in errors.map(f64::log10) {
        (low, high) = (low.min(e.floor()), high.max(e.ceil()));
    }
    if low > high {
        (low, high) = (-8.0, 0.0);
    }
    if high - low < 2.0 {
        high = low + 2.0;
    }
    let floor = HEIGHT - BOTTOM;
    let x = |i: usize| LEFT + 10.0 + (WIDTH - LEFT - 20.0) * i as f64 / (taps.len().max(2) - 1) as f64;
    let y = |e: f64| TOP + (floor - 16.0 - TOP) * (1.0 - (e.log10() - low) / (high - low));
    let curve = |of: &dyn Fn(&TapComparison) -> Option<TapComparison>| -> Value {
        let mut points = Vec::new();
        for (i, t) in taps.iter().enumerate() {
            let Some(t) = of(t) else { continue };
            let (at, title) = match (error(&t), &t.outcome) {
                (Some(e), _) => (y(e), format!("{}: relative error {e:.2e}\n{}", t.label, t.kernel)),
                (None, Outcome::Incomparable(why)) => (TOP, format!("{}: {why}", t.label)),
                (None, Outcome::Different(d)) => (TOP, format!("{}: {}", t.label, d.pattern())),
                (None, Outcome::Equal) => (floor, format!("{}: equal\n{}", t.label, t.kernel)),
            };
            points.push(json!({ "x": round(x(i)), "y": round(at), "title": title, "equal": t.is_equal() }));
        }
        let path: Vec<String> = points.iter().map(|p| format!("{},{}", p["x"], p["y"])).collect();
        json!({ "points": points, "path": path.join(" ") })
    };
    let decades = (low as i32..=high as i32).step_by(((high - low) / 8.0).ceil().max(1.0) as usize);
    json!({
        "width": WIDTH, "height": HEIGHT, "left": LEFT, "floor": floor, "right": WIDTH - 8.0,
        "ticks": decades.map(|d| json!({ "y": round(y(10f64.powi(d))), "text": format!("1e{d}") })).collect::<Vec<_>>(),
        "dot": if taps.len() > CROWD { 1.6 } else { 2.8 },
        "free": curve(&|t| Some(t.clone())),
        "forced": report.forced.as_ref().map(|_| curve(&|t| forced(t).cloned())),
        "first": taps.iter().position(|t| !t.is_equal()).map(|i| json!({
            "x": round(x(i)), "label": taps[i].label, "end": i * 2 > taps.len(),
        })),
        "ends": [taps.first().map(|t| &t.label), taps.last().map(|t| &t.label)],
    })
}

/// Root of the squared error over the reference's squares; none if there is none, or no number.
fn error(t: &TapComparison) -> Option<f64> {
    let d = t.difference()?;
    let e = d.nmse.map_or(d.rmse, f64::sqrt);
    (e > 0.0 && e.is_finite()).then_some(e)
}

pub fn round(v: f64) -> f64 {
    (v * 10.0).round() / 10.0
}
