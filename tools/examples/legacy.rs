//! Writes a generated legacy database and tells the truth about it:
//! `cargo run -p tools --example legacy -- werkstatt.sql 10000 [weeks later] [one defect in]` (`.sqlite` gives a SQLite file).

use std::path::Path;

use tools::generator::{Form, Options, generate};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .unwrap_or_else(|| "werkstatt.sql".to_owned());
    let orders = arguments
        .next()
        .unwrap_or_else(|| "10000".to_owned())
        .parse()?;
    let weeks_later = arguments.next().unwrap_or_else(|| "0".to_owned()).parse()?;
    let one_defect_in = arguments
        .next()
        .unwrap_or_else(|| "50".to_owned())
        .parse()?;
    let form = match Path::new(&path)
        .extension()
        .and_then(|ending| ending.to_str())
    {
        Some("sqlite" | "db") => Form::SqliteFile,
        _ => Form::MySqlDump,
    };
    let truth = generate(
        &Options {
            orders,
            form,
            weeks_later,
            one_defect_in,
            ..Options::default()
        },
        Path::new(&path),
    )?;
    println!("{truth:#?}");
    Ok(())
}
