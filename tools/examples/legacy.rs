//! Writes a generated legacy database and tells the truth about it:
//! `cargo run -p tools --example legacy -- werkstatt.sql 10000 [weeks later] [one defect in]` . The name's ending says the form: `.sqlite` a file,
//! `.pg.sql`, `.mssql.sql` and `.sqlite.sql` dumps of that database, `.sql` one of MySQL.

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
    let ending = |ending: &str| path.to_ascii_lowercase().ends_with(ending);
    let form = if ending(".sqlite") || ending(".db") {
        Form::SqliteFile
    } else if ending(".sqlite.sql") {
        Form::SqliteScript
    } else if ending(".pg.sql") {
        Form::PostgresDump
    } else if ending(".mssql.sql") {
        Form::SqlServerScript
    } else {
        Form::MySqlDump
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
