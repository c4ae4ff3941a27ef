//! Colours, letters and scales that the pictures share.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

pub type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
pub type Drawn = Result<(), Box<dyn std::error::Error>>;

pub const OURS: RGBColor = RGBColor(27, 110, 180);
pub const THEIRS: RGBColor = RGBColor(222, 132, 48);
pub const INK: RGBColor = RGBColor(33, 37, 41);
pub const SOFT: RGBColor = RGBColor(98, 106, 115);
pub const GRID: RGBColor = RGBColor(226, 230, 234);

/// Letters; plotters sets the size of an SVG's text a quarter smaller than it is told.
pub fn letters(size: f64, color: &RGBColor, at: HPos) -> TextStyle<'static> {
    ("sans-serif", size * 1.24).into_font().color(color).pos(Pos::new(at, VPos::Center))
}

/// The same, bold.
pub fn bold(size: f64, color: &RGBColor, at: HPos) -> TextStyle<'static> {
    ("sans-serif", size * 1.24).into_font().style(FontStyle::Bold).color(color).pos(Pos::new(at, VPos::Center))
}

/// A picture with title, what was measured, and where.
pub fn picture(size: (u32, u32), title: &str, lines: [&str; 2], draw: impl FnOnce(&Area<'_>) -> Drawn) -> Result<String, String> {
    let mut svg = String::new();
    let all = || -> Drawn {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&WHITE)?;
        area.draw_text(title, &bold(20.0, &INK, HPos::Left), (28, 30))?;
        area.draw_text(lines[0], &letters(14.0, &INK, HPos::Left), (28, 57))?;
        area.draw_text(lines[1], &letters(14.0, &SOFT, HPos::Left), (28, 78))?;
        draw(&area)?;
        area.present()?;
        Ok(())
    };
    all().map_err(|e| e.to_string())?;
    Ok(svg)
}

/// Lines of small letters below the picture.
pub fn notes(area: &Area<'_>, lines: &[&str]) -> Drawn {
    let bottom = area.dim_in_pixel().1 as i32;
    for (i, line) in lines.iter().rev().enumerate() {
        area.draw_text(line, &letters(12.0, &SOFT, HPos::Left), (28, bottom - 20 - 17 * i as i32))?;
    }
    Ok(())
}

/// Numbers 1, 2 and 5 times powers of ten within a range.
pub fn ticks(low: f64, high: f64) -> Vec<f64> {
    let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let all = decades.flat_map(|d| [1.0, 2.0, 5.0].map(|m| m * 10f64.powi(d)));
    all.filter(|t| (low..=high).contains(t)).collect()
}

/// Three digits that mean something, and a unit.
pub fn seconds(s: f64) -> String {
    let (value, unit) = if s >= 1.0 { (s, "s") } else { (s * 1e3, "ms") };
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_lie_in_their_range() {
        let near = |a: Vec<f64>, b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a / b - 1.0).abs() < 1e-12);
        assert!(near(ticks(0.3, 30.0), &[0.5, 1.0, 2.0, 5.0, 10.0, 20.0]));
        assert!(near(ticks(100.0, 100.0), &[100.0]));
    }

    #[test]
    fn times_have_three_digits() {
        assert_eq!([seconds(12.345), seconds(1.2345), seconds(0.12345), seconds(0.000123)], ["12.3 s", "1.23 s", "123 ms", "0.12 ms"]);
    }
}
