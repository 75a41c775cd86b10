//! Rows as a table in Markdown, and the place of that table in a document.

use std::{env, fmt::Write as _};

use thiserror::Error;

use super::{Aim, Judgement, Machine, Outcome, Row, Unit};

/// A document that a table can't be put into.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("it has no lines `<!-- {name}: begin -->` and `<!-- {name}: end -->`, in that order")]
pub struct DocsError {
    name: String,
}

/// The rows as a table in Markdown.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| what | ours | limit | against | ratio | lowest to highest | aim | |\n\
         | --- | ---: | ---: | --- | ---: | ---: | ---: | --- |\n",
    );
    for row in rows {
        let aim = match row.aim {
            None => "none".to_owned(),
            Some(Aim::AtLeast(least)) => format!("≥ {}", figure(least)),
            Some(Aim::Exactly(wanted)) => format!("= {}", figure(wanted)),
        };
        let judgement = match row.judgement {
            Judgement::Met => "met",
            Judgement::Missed => "**missed**",
            Judgement::NotMeasured => "not measured",
            Judgement::NoAim => "",
        };
        let Row { what, against, .. } = row;
        let (ours, limit, ratio, range) = match &row.outcome {
            Outcome::Measured(figures) => (
                amount(figures.ours, figures.unit),
                amount(figures.limit, figures.unit),
                figure(figures.ratio),
                format!("{} to {}", figure(figures.lowest), figure(figures.highest)),
            ),
            Outcome::NotMeasured { why } => {
                (why.clone(), String::new(), String::new(), String::new())
            }
        };
        writeln!(
            text,
            "| {what} | {ours} | {limit} | {against} | {ratio} | {range} | {aim} | {judgement} |"
        )
        .expect("a String takes everything");
    }
    text
}

/// A document with the table of this run in the place of the last one's: the
/// section between two lines that name it.
///
/// # Errors
///
/// [`DocsError`] if the document does not say where that is.
pub fn replace_section(
    document: &str,
    name: &str,
    machine: &Machine,
    command: &str,
    table: &str,
) -> Result<String, DocsError> {
    let (begin, end) = (
        format!("<!-- {name}: begin -->\n"),
        format!("<!-- {name}: end -->"),
    );
    let missing = || DocsError {
        name: name.to_owned(),
    };
    let (before, rest) = document.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    Ok(format!(
        "{before}{begin}`{command}`, on {machine}:\n\n{table}{end}{after}"
    ))
}

/// How a program of this crate was started.
#[must_use]
pub fn command(program: &str) -> String {
    let command = format!("cargo run --release -p playerdata-benches --bin {program}");
    let arguments: Vec<_> = env::args().skip(1).collect();
    if arguments.is_empty() {
        return command;
    }
    format!("{command} -- {}", arguments.join(" "))
}

/// A ratio with as many digits as say something.
#[must_use]
pub fn figure(ratio: f64) -> String {
    match ratio {
        r if r >= 1e4 => thousands(r),
        r if r >= 100.0 => format!("{r:.0}"),
        r if r >= 10.0 => format!("{r:.1}"),
        r => format!("{r:.2}"),
    }
}

/// A whole number with its digits in groups of three.
#[must_use]
pub fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A figure with a unit that suits it.
#[must_use]
pub fn amount(figure: f64, unit: Unit) -> String {
    match unit {
        Unit::Nanos => nanos(figure),
        Unit::Bytes => bytes(figure),
        Unit::WriteUnits => format!("{figure:.2} WU"),
        Unit::Writes => format!("{figure:.0}"),
    }
}

fn nanos(nanos: f64) -> String {
    match nanos {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.1} µs", n / 1e3),
        n if n < 1e9 => format!("{:.1} ms", n / 1e6),
        n => format!("{:.1} s", n / 1e9),
    }
}

fn bytes(bytes: f64) -> String {
    const MIB: f64 = 1_048_576.0;
    match bytes {
        b if b < 10_240.0 => format!("{b:.0} B"),
        b if b < MIB => format!("{:.1} KiB", b / 1_024.0),
        b => format!("{:.1} MiB", b / MIB),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_as_many_digits_as_say_something() {
        let told = [0.934, 12.34, 123.4, 1_234.0, 1_234_567.8].map(figure);
        assert_eq!(told, ["0.93", "12.3", "123", "1234", "1 234 568"]);
        assert_eq!(amount(1_500.0, Unit::Nanos), "1.5 µs");
        assert_eq!(amount(11_264.0, Unit::Bytes), "11.0 KiB");
    }

    #[test]
    fn the_table_takes_the_place_of_the_last_one_and_nothing_else() {
        let document = "# Title\n\n<!-- summary: begin -->\nold\n<!-- summary: end -->\n\nMore.\n";
        let why = "no server".to_owned();
        let rows = [Row::not_measured("a save".to_owned(), "a put", why, None)];
        let (machine, table) = (Machine::this(), table(&rows));
        let replace = |document| replace_section(document, "summary", &machine, "run", &table);
        let new = replace(document).unwrap();
        assert!(new.starts_with("# Title\n\n<!-- summary: begin -->\n`run`, on "));
        assert!(new.contains("| a save | no server |"));
        assert!(new.ends_with("<!-- summary: end -->\n\nMore.\n"));
        assert!(!new.contains("old"));
        assert_eq!(replace(&new), Ok(new.clone()), "as often as one likes");
        assert!(replace("<!-- summary: end -->").is_err());
    }
}
