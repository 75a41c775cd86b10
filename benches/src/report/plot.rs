//! Rows as a picture: how far each is from its aim.

use std::path::Path;

use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};
use thiserror::Error;

use super::{Figures, Judgement, Machine, Outcome, Row, figure};

/// A picture that could not be written.
#[derive(Debug, Error)]
#[error("the picture could not be drawn")]
pub struct PlotError(#[source] Box<dyn std::error::Error + Send + Sync>);

const WIDTH: i32 = 1_180;
const ROW: i32 = 26;
/// Where the bars begin and end, and what is above and below them.
const LEFT: i32 = 560;
const RIGHT: i32 = WIDTH - 150;
const TOP: i32 = 96;
const BOTTOM: i32 = 24;

const MET: RGBColor = RGBColor(46, 125, 80);
const MISSED: RGBColor = RGBColor(192, 57, 43);
const QUIET: RGBColor = RGBColor(120, 120, 120);
const LINE: RGBColor = RGBColor(215, 215, 215);

/// Draws the rows that have an aim as bars, into an SVG file: the ratio over
/// its aim, on a logarithmic scale. What reaches the line at 1 meets its aim;
/// the thin line through a bar's end goes from the worst round to the best.
///
/// # Errors
///
/// [`PlotError`] if the file can't be written.
pub fn plot(path: &Path, machine: &Machine, rows: &[Row]) -> Result<(), PlotError> {
    let rows: Vec<_> = rows.iter().filter(|row| row.aim.is_some()).collect();
    let height = TOP + ROW * rows.len() as i32 + BOTTOM;
    let size = (WIDTH as u32, height as u32);
    let area = SVGBackend::new(path, size).into_drawing_area();
    draw(&area, machine, &rows, height)
        .and_then(|()| area.present())
        .map_err(|error| PlotError(error.into()))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

fn draw<'a>(area: &Area<'a>, machine: &Machine, rows: &[&Row], height: i32) -> Drawn<'a> {
    area.fill(&WHITE)?;
    let text = |at: (i32, i32), words: &str, size: i32, colour: RGBColor, side: HPos| {
        let style = ("sans-serif", size).into_text_style(area).color(&colour);
        area.draw_text(words, &style.pos(Pos::new(side, VPos::Center)), at)
    };
    text(
        (16, 24),
        "Ratio to the limit, over its aim",
        19,
        BLACK,
        HPos::Left,
    )?;
    let legend = "right of the line at 1: aim met. Thin lines: worst to best round. Logarithmic.";
    text((16, 46), legend, 13, QUIET, HPos::Left)?;
    text((16, 64), &machine.to_string(), 13, QUIET, HPos::Left)?;

    let scale = Scale::of(rows);
    for power in scale.powers() {
        let x = scale.x(10_f64.powi(power));
        let colour = if power == 0 { BLACK } else { LINE };
        let line = [(x, TOP - 8), (x, height - BOTTOM)];
        area.draw(&PathElement::new(line.to_vec(), colour))?;
        let label = match power {
            0.. => format!("{}", 10_u64.pow(power.unsigned_abs())),
            _ => format!("1/{}", 10_u64.pow(power.unsigned_abs())),
        };
        text((x, TOP - 18), &label, 13, QUIET, HPos::Center)?;
    }
    for (number, row) in rows.iter().enumerate() {
        let y = TOP + ROW * number as i32 + ROW / 2;
        text((LEFT - 12, y), &row.what, 14, BLACK, HPos::Right)?;
        let (Outcome::Measured(figures), Some(aim)) = (&row.outcome, row.aim) else {
            let x = scale.x(1.0) + 8;
            text((x, y), "not measured", 13, QUIET, HPos::Left)?;
            continue;
        };
        let colour = if row.judgement == Judgement::Missed {
            MISSED
        } else {
            MET
        };
        let label = format!("{} (aim {})", figure(figures.ratio), figure(aim.figure()));
        let end = bar(area, &scale, figures, aim.figure(), y, colour)?;
        text((end + 8, y), &label, 13, colour, HPos::Left)?;
    }
    Ok(())
}

/// A bar from the line at 1. Returns where what was drawn ends on the right.
fn bar<'a>(
    area: &Area<'a>,
    scale: &Scale,
    figures: &Figures,
    aim: f64,
    y: i32,
    colour: RGBColor,
) -> Result<i32, DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>> {
    let (one, end) = (scale.x(1.0), scale.x(figures.ratio / aim));
    // Also what is just on the line shows.
    let corners = [(one.min(end) - 1, y - 7), (one.max(end) + 1, y + 7)];
    area.draw(&Rectangle::new(corners, colour.filled()))?;
    let (worst, best) = (
        scale.x(figures.lowest / aim),
        scale.x(figures.highest / aim),
    );
    area.draw(&PathElement::new(vec![(worst, y), (best, y)], BLACK))?;
    Ok(one.max(end).max(best))
}

/// From ratios over aims to places on the picture.
struct Scale {
    lowest: i32,
    highest: i32,
}

impl Scale {
    /// The whole powers of ten that all rows lie between.
    fn of(rows: &[&Row]) -> Self {
        let mut scale = Self {
            lowest: -1,
            highest: 1,
        };
        for row in rows {
            if let (Outcome::Measured(figures), Some(aim)) = (&row.outcome, row.aim) {
                let power = |ratio: f64| (ratio / aim.figure()).log10();
                scale.lowest = scale.lowest.min(power(figures.lowest).floor() as i32);
                scale.highest = scale.highest.max(power(figures.highest).ceil() as i32);
            }
        }
        scale
    }

    fn powers(&self) -> impl Iterator<Item = i32> {
        self.lowest..=self.highest
    }

    fn x(&self, ratio: f64) -> i32 {
        let width = f64::from(RIGHT - LEFT) / f64::from(self.highest - self.lowest);
        LEFT + ((ratio.log10() - f64::from(self.lowest)) * width).round() as i32
    }
}
