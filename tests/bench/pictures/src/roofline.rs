//! A roofline: how near each kind of product comes to what the machine's arithmetic and memory allow.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use crate::results::{Kind, Results};
use crate::style::{Area, Drawn, GRID, INK, OURS, SOFT, THEIRS, bold, letters, notes, picture, ticks};

const SIZE: (u32, u32) = (980, 636);
/// Edges of the plot.
const LEFT: i32 = 84;
const RIGHT: i32 = 620;
const TOP: i32 = 112;
const FLOOR: i32 = 492;
/// Where the list of the points begins.
const LIST: i32 = 648;

/// Logarithmic scales of the plot.
struct Scale {
    x: (f64, f64),
    y: (f64, f64),
}

impl Scale {
    fn of(results: &Results) -> Self {
        let rates = || results.points.iter().flat_map(rates).flatten();
        let around = |values: &mut dyn Iterator<Item = f64>| values.fold((f64::INFINITY, 0f64), |(low, high), v| (low.min(v), high.max(v)));
        let ridge = results.peak / results.copy;
        let (left, right) = around(&mut results.points.iter().map(Kind::intensity).chain([ridge]));
        let (low, _) = around(&mut rates().chain([results.peak]));
        Self { x: (left / 2.0, right * 2.0), y: (low / 2.0, results.peak * 1.6) }
    }

    fn at(&self, x: f64, y: f64) -> (i32, i32) {
        let part = |v: f64, (low, high): (f64, f64)| (v / low).ln() / (high / low).ln();
        let across = f64::from(RIGHT - LEFT) * part(x, self.x);
        let up = f64::from(FLOOR - TOP) * part(y, self.y);
        (LEFT + across.round() as i32, FLOOR - up.round() as i32)
    }
}

/// GFLOP/s of ours and of llama.cpp's, where it was told apart.
fn rates(kind: &Kind) -> [Option<f64>; 2] {
    [kind.ours, kind.theirs].map(|s| (s > 0.0).then(|| kind.flops / s / 1e9))
}

pub fn draw(results: &Results) -> Result<String, String> {
    let scale = Scale::of(results);
    picture(SIZE, "Roofline: products beside what this machine can do", [&results.what, &results.machine], |area| {
        grid(area, &scale)?;
        roof(area, &scale, results)?;
        points(area, &scale, results)?;
        notes(
            area,
            &[
                "bytes: weights, inputs and result of every product, once each, as isobit moves them; llama.cpp's marks stand at the same place.",
                "Marks that would cover each other stand side by side; the list has where they belong.",
                "llama.cpp: a lower bound, measured by its callback after every node. Peak and copy bandwidth: the best that was measured here.",
            ],
        )
    })
}

fn grid(area: &Area<'_>, scale: &Scale) -> Drawn {
    for tick in ticks(scale.x.0, scale.x.1) {
        let (x, _) = scale.at(tick, scale.y.0);
        area.draw(&PathElement::new([(x, TOP), (x, FLOOR)], GRID))?;
        area.draw_text(&format!("{tick}"), &letters(12.0, &SOFT, HPos::Center), (x, FLOOR + 15))?;
    }
    for tick in ticks(scale.y.0, scale.y.1) {
        let (_, y) = scale.at(scale.x.0, tick);
        area.draw(&PathElement::new([(LEFT, y), (RIGHT, y)], GRID))?;
        area.draw_text(&format!("{tick}"), &letters(12.0, &SOFT, HPos::Right), (LEFT - 8, y))?;
    }
    area.draw(&PathElement::new([(LEFT, TOP), (LEFT, FLOOR), (RIGHT, FLOOR)], SOFT))?;
    area.draw_text("FLOP per byte moved", &letters(14.0, &INK, HPos::Center), ((LEFT + RIGHT) / 2, FLOOR + 40))?;
    let upright = letters(14.0, &INK, HPos::Center).transform(FontTransform::Rotate270);
    area.draw_text("GFLOP/s", &upright, (28, (TOP + FLOOR) / 2))?;
    Ok(())
}

/// The lesser of peak and bandwidth, with the name of each.
fn roof(area: &Area<'_>, scale: &Scale, results: &Results) -> Drawn {
    let ridge = results.peak / results.copy;
    // The slope begins where it enters the plot: at its left edge or its floor.
    let begin = (scale.y.0 / results.copy).max(scale.x.0);
    let line = [(begin, begin * results.copy), (ridge, results.peak), (scale.x.1, results.peak)].map(|(x, y)| scale.at(x, y));
    area.draw(&PathElement::new(line, INK.stroke_width(2)))?;
    let (_, y) = scale.at(ridge, results.peak);
    area.draw_text(&format!("peak {:.0} GFLOP/s", results.peak), &letters(13.0, &INK, HPos::Right), (RIGHT - 6, y - 13))?;
    let middle = (begin * ridge).sqrt();
    let (x, y) = scale.at(middle, middle * results.copy);
    area.draw_text(&format!("copying {:.1} GB/s", results.copy), &letters(13.0, &INK, HPos::Left), (x + 14, y + 8))?;
    Ok(())
}

/// Numbered marks, and the list that says what they are.
fn points(area: &Area<'_>, scale: &Scale, results: &Results) -> Drawn {
    let column = |x: i32| LIST + x;
    for (text, x, color) in [("FLOP/B", 196, SOFT), ("isobit", 244, OURS), ("llama.cpp", 320, THEIRS)] {
        area.draw_text(text, &bold(13.0, &color, HPos::Right), (column(x), TOP + 4))?;
    }
    area.draw_text("GFLOP/s", &letters(12.0, &SOFT, HPos::Right), (column(320), TOP - 16))?;
    area.draw_text("features (steps)", &letters(13.0, &SOFT, HPos::Left), (column(22), TOP + 4))?;
    let columns = apart(&results.points.iter().map(|k| scale.at(k.intensity(), results.peak).0).collect::<Vec<_>>(), 22);
    for (i, (kind, x)) in results.points.iter().zip(columns).enumerate() {
        let number = (i + 1).to_string();
        let pair = rates(kind);
        let place = |rate: f64| (x, scale.at(kind.intensity(), rate).1);
        if let [Some(ours), Some(theirs)] = pair {
            let ends = [ours, theirs].map(place);
            area.draw(&PathElement::new(ends, SOFT))?;
        }
        for (rate, color) in pair.into_iter().zip([OURS, THEIRS]).rev() {
            let Some(rate) = rate else { continue };
            let (x, y) = place(rate);
            if color == OURS {
                area.draw(&Circle::new((x, y), 10, color.filled()))?;
            } else {
                area.draw(&Rectangle::new([(x - 9, y - 9), (x + 9, y + 9)], color.filled()))?;
            }
            area.draw_text(&number, &bold(12.0, &WHITE_INK, HPos::Center), (x, y))?;
        }
        let y = TOP + 32 + 26 * i as i32;
        area.draw_text(&format!("{:.0}", kind.intensity()), &letters(13.0, &SOFT, HPos::Right), (column(196), y))?;
        area.draw_text(&number, &bold(13.0, &INK, HPos::Left), (column(0), y))?;
        area.draw_text(&format!("{}  ({}\u{d7})", kind.name, kind.steps), &letters(13.0, &INK, HPos::Left), (column(22), y))?;
        for (rate, x) in pair.into_iter().zip([244, 320]) {
            let text = rate.map_or("\u{2013}".to_string(), |r| format!("{r:.0}"));
            area.draw_text(&text, &letters(13.0, &INK, HPos::Right), (column(x), y))?;
        }
    }
    Ok(())
}

/// The places moved as little as possible (least squares), so that no two are nearer than the gap: those that collide share a block.
fn apart(places: &[i32], gap: i32) -> Vec<i32> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|i| places[*i]);
    // With the gaps taken out, what is left to find is the nearest ascending sequence: blocks of equal value, each the mean of its own.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (rank, i) in order.iter().enumerate() {
        blocks.push((f64::from(places[*i] - gap * rank as i32), 1));
        while let [.., (a, n), (b, m)] = blocks[..]
            && a >= b
        {
            blocks.truncate(blocks.len() - 2);
            blocks.push(((a * n as f64 + b * m as f64) / (n + m) as f64, n + m));
        }
    }
    let moved = blocks.iter().flat_map(|(value, count)| std::iter::repeat_n(*value, *count));
    let mut out = vec![0; places.len()];
    for ((rank, i), value) in order.iter().enumerate().zip(moved) {
        out[*i] = value.round() as i32 + gap * rank as i32;
    }
    out
}

const WHITE_INK: RGBColor = RGBColor(255, 255, 255);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::sample;

    #[test]
    fn marks_lie_in_the_plot_and_below_the_roof() {
        let results = Results::parse(&sample().to_string()).unwrap();
        let scale = Scale::of(&results);
        for kind in &results.points {
            for rate in rates(kind).into_iter().flatten() {
                let (x, y) = scale.at(kind.intensity(), rate);
                assert!((LEFT..RIGHT).contains(&x) && (TOP..FLOOR).contains(&y), "{} at {x}, {y}", kind.name);
            }
        }
        assert!(scale.at(100.0, 200.0).1 < scale.at(100.0, 100.0).1, "faster is higher");
    }

    #[test]
    fn marks_move_apart_and_no_farther_than_they_must() {
        assert_eq!(apart(&[100, 10, 50], 20), [100, 10, 50]);
        assert_eq!(apart(&[100, 100, 10], 20), [90, 110, 10]);
        assert_eq!(apart(&[100, 104, 102], 20), [82, 122, 102]);
        assert!(apart(&[], 20).is_empty());
    }

    #[test]
    fn what_was_not_told_apart_has_no_mark() {
        let svg = draw(&Results::parse(&sample().to_string()).unwrap()).unwrap();
        assert_eq!(svg.matches("<circle").count(), 3);
        for text in ["only ours", "peak 230 GFLOP/s", "copying 20.0 GB/s", "FLOP per byte moved", "\u{2013}"] {
            assert!(svg.contains(text), "{text} is missing");
        }
        assert!(!svg.contains("NaN"));
    }
}
