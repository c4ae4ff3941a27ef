//! Time per kind of op: a bar of ours and one of llama.cpp's for each kind, and for all together.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use crate::results::{Kind, Results};
use crate::style::{Drawn, GRID, INK, OURS, SOFT, THEIRS, letters, notes, picture, seconds};

const WIDTH: u32 = 980;
const ROW: i32 = 54;
const BAR: i32 = 19;
const TOP: i32 = 112;
const LEFT: i32 = 120;
/// Room for the number behind the longest bar.
const RIGHT: i32 = 200;
const BELOW: i32 = 118;

pub fn draw(results: &Results) -> Result<String, String> {
    let sum = |of: fn(&Kind) -> f64| results.groups.iter().map(of).sum::<f64>();
    let all = Kind { name: "all".to_string(), steps: 0, ours: sum(|k| k.ours), theirs: sum(|k| k.theirs), flops: 0.0, bytes: 0.0 };
    let longest = all.ours.max(all.theirs);
    let rows: Vec<&Kind> = [&all].into_iter().chain(&results.groups).collect();
    let floor = TOP + ROW * rows.len() as i32;
    let x = |s: f64| LEFT + (f64::from(WIDTH as i32 - LEFT - RIGHT) * s / longest).round() as i32;
    picture((WIDTH, (floor + BELOW) as u32), "Time per kind of op", [&results.what, &results.machine], |area| {
        for tick in scale(longest) {
            area.draw(&PathElement::new([(x(tick), TOP - 6), (x(tick), floor)], GRID))?;
            area.draw_text(&axis(tick, longest), &letters(12.0, &SOFT, HPos::Center), (x(tick), floor + 14))?;
        }
        for (i, kind) in rows.iter().enumerate() {
            let y = TOP + ROW * i as i32 + ROW / 2;
            area.draw_text(&kind.name, &letters(15.0, &INK, HPos::Right), (LEFT - 12, y))?;
            for (time, color, from) in [(kind.ours, OURS, y - BAR - 1), (kind.theirs, THEIRS, y + 1)] {
                let end = x(time).max(LEFT + 1);
                area.draw(&Rectangle::new([(LEFT, from), (end, from + BAR)], color.filled()))?;
                let beside = if color == OURS { faster(kind) } else { String::new() };
                area.draw_text(&format!("{}{beside}", seconds(time)), &letters(13.0, &INK, HPos::Left), (end + 8, from + BAR / 2))?;
            }
        }
        area.draw(&PathElement::new([(LEFT, TOP - 6), (LEFT, floor)], SOFT))?;
        legend(area, floor - 2 * ROW)?;
        notes(
            area,
            &[
                "llama.cpp: an upper bound, measured by its callback after every node, which makes each node wait for the one before.",
                "linears: with bias, residual, and what isobit has fused with them (the GELU of the FFN). attention: with keys and values turned to f16.",
            ],
        )
    })
}

fn legend(area: &crate::style::Area<'_>, y: i32) -> Drawn {
    for (i, (name, color)) in [("isobit", OURS), ("llama.cpp", THEIRS)].into_iter().enumerate() {
        let (x, y) = (WIDTH as i32 - 170, y + 26 * i as i32);
        area.draw(&Rectangle::new([(x, y - 8), (x + 26, y + 8)], color.filled()))?;
        area.draw_text(name, &letters(15.0, &INK, HPos::Left), (x + 36, y))?;
    }
    Ok(())
}

/// How much faster or slower ours is.
fn faster(kind: &Kind) -> String {
    let ratio = kind.theirs / kind.ours;
    let text =
        |times: f64, word: &str| if times < 10.0 { format!(", {times:.2}\u{d7} {word}") } else { format!(", {times:.0}\u{d7} {word}") };
    match ratio {
        r if !r.is_finite() || r <= 0.0 => String::new(),
        r if r < 1.0 => text(1.0 / r, "slower"),
        r => text(r, "faster"),
    }
}

/// A number of the axis, in the unit of its end.
fn axis(tick: f64, end: f64) -> String {
    let (value, unit) = if end >= 1.0 { (tick, "s") } else { (tick * 1e3, "ms") };
    format!("{} {unit}", (value * 1e6).round() / 1e6)
}

/// Four to eight round numbers from 0 up to the end.
fn scale(end: f64) -> Vec<f64> {
    let rough = end / 8.0;
    let unit = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * unit).into_iter().find(|s| *s >= rough).unwrap_or(end);
    (0..=(end / step) as u32).map(|i| f64::from(i) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::sample;

    #[test]
    fn every_kind_has_its_name_its_times_and_two_bars() {
        let svg = draw(&Results::parse(&sample().to_string()).unwrap()).unwrap();
        for text in ["linears", "attention", "rest", "all", "8.00 s", "10.0 ms", "1.38\u{d7} faster", "A Processor"] {
            assert!(svg.contains(text), "{text} is missing");
        }
        assert!(!svg.contains("NaN"));
        assert_eq!(svg.matches("#1B6EB4").count(), 4 + 1, "bars and legend");
    }

    #[test]
    fn ratios_are_told_in_words() {
        let kind = |ours: f64, theirs: f64| Kind { name: String::new(), steps: 1, ours, theirs, flops: 0.0, bytes: 0.0 };
        let told = [(1.0, 1.5), (1.0, 0.8), (1.0, 24.9), (1.0, 0.0), (0.0, 1.0)].map(|(a, b)| faster(&kind(a, b)));
        assert_eq!(told, [", 1.50\u{d7} faster", ", 1.25\u{d7} slower", ", 25\u{d7} faster", "", ""]);
        assert_eq!([axis(0.6000000000000001, 2.0), axis(0.2, 0.9)], ["0.6 s", "200 ms"]);
    }

    #[test]
    fn scales_are_round() {
        assert_eq!(scale(8.0), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!(scale(0.9).len(), 5);
    }
}
