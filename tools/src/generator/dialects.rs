//! Writes tables and rows as mysqldump, the SQLite shell or SQLite itself would.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use rusqlite::Connection;

use super::{Cell, Form, Table};

/// Where the generated database goes.
pub(super) struct Writer {
    output: Output,
    /// Keys and references that a dump declares at its end.
    late: Vec<String>,
}

enum Output {
    MySql(BufWriter<File>),
    Script(BufWriter<File>),
    Database(Connection),
}

const MYSQL_HEAD: &str = "-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n--\n-- Host: localhost    Database: werkstatt\n\
-- ------------------------------------------------------\n\
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;\n/*!50503 SET NAMES utf8mb4 */;\n\
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;\n\
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n\n";

impl Writer {
    pub(super) fn create(form: Form, path: &Path) -> io::Result<Self> {
        if path.exists() {
            fs::remove_file(path)?;
        }
        let output = match form {
            Form::MySqlDump => {
                let mut file = BufWriter::new(File::create(path)?);
                file.write_all(MYSQL_HEAD.as_bytes())?;
                Output::MySql(file)
            }
            Form::SqliteScript => {
                let mut file = BufWriter::new(File::create(path)?);
                file.write_all(b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n")?;
                Output::Script(file)
            }
            Form::SqliteFile => {
                let connection = Connection::open(path).map_err(io::Error::other)?;
                connection
                    .execute_batch("PRAGMA foreign_keys = OFF; BEGIN")
                    .map_err(io::Error::other)?;
                Output::Database(connection)
            }
        };
        Ok(Self {
            output,
            late: Vec::new(),
        })
    }

    pub(super) fn table(&mut self, table: &Table) -> io::Result<()> {
        let name = table.name;
        match &mut self.output {
            Output::MySql(file) => {
                let columns: Vec<String> = table
                    .columns
                    .iter()
                    .map(|(column, kind)| format!("  `{column}` {kind}"))
                    .collect();
                writeln!(file, "DROP TABLE IF EXISTS `{name}`;")?;
                writeln!(
                    file,
                    "CREATE TABLE `{name}` (\n{}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;\n",
                    columns.join(",\n")
                )?;
                let key = table.columns[0].0;
                self.late
                    .push(format!("ALTER TABLE `{name}`\n  ADD PRIMARY KEY (`{key}`)"));
                for (column, target) in table.references {
                    self.late.push(format!(
                        "ALTER TABLE `{name}`\n  ADD CONSTRAINT `fk_{column}` FOREIGN KEY (`{column}`) REFERENCES `{target}` (`{column}`)"
                    ));
                }
                Ok(())
            }
            Output::Script(file) => writeln!(file, "{};", sqlite_declaration(table)),
            Output::Database(connection) => connection
                .execute_batch(&sqlite_declaration(table))
                .map_err(io::Error::other),
        }
    }

    pub(super) fn rows(&mut self, table: &Table, rows: &[Vec<Cell>]) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let name = table.name;
        match &mut self.output {
            Output::MySql(file) => {
                let rows: Vec<String> = rows.iter().map(|row| literals(row, mysql_text)).collect();
                writeln!(
                    file,
                    "LOCK TABLES `{name}` WRITE;\n/*!40000 ALTER TABLE `{name}` DISABLE KEYS */;"
                )?;
                writeln!(file, "INSERT INTO `{name}` VALUES {};", rows.join(","))?;
                writeln!(
                    file,
                    "/*!40000 ALTER TABLE `{name}` ENABLE KEYS */;\nUNLOCK TABLES;\n"
                )
            }
            Output::Script(file) => {
                for row in rows {
                    writeln!(
                        file,
                        "INSERT INTO \"{name}\" VALUES{};",
                        literals(row, sqlite_text)
                    )?;
                }
                Ok(())
            }
            Output::Database(connection) => {
                let places = vec!["?"; table.columns.len()].join(", ");
                let insert = format!("INSERT INTO \"{name}\" VALUES ({places})");
                let mut insert = connection
                    .prepare_cached(&insert)
                    .map_err(io::Error::other)?;
                for row in rows {
                    let values = row.iter().map(|cell| match cell {
                        Cell::Null => rusqlite::types::Value::Null,
                        Cell::Number(number) => rusqlite::types::Value::Integer(*number),
                        Cell::Text(text) => rusqlite::types::Value::Text(text.clone()),
                    });
                    insert
                        .execute(rusqlite::params_from_iter(values))
                        .map_err(io::Error::other)?;
                }
                Ok(())
            }
        }
    }

    pub(super) fn finish(self) -> io::Result<()> {
        match self.output {
            Output::MySql(mut file) => {
                for statement in self.late {
                    writeln!(file, "{statement};")?;
                }
                writeln!(
                    file,
                    "\n/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;\n-- Dump completed"
                )?;
                file.flush()
            }
            Output::Script(mut file) => {
                writeln!(file, "COMMIT;")?;
                file.flush()
            }
            Output::Database(connection) => {
                connection.execute_batch("COMMIT").map_err(io::Error::other)
            }
        }
    }
}

fn sqlite_declaration(table: &Table) -> String {
    let mut parts: Vec<String> = table
        .columns
        .iter()
        .map(|(column, kind)| format!("\"{column}\" {kind}"))
        .collect();
    parts.push(format!("PRIMARY KEY (\"{}\")", table.columns[0].0));
    for (column, target) in table.references {
        parts.push(format!(
            "FOREIGN KEY (\"{column}\") REFERENCES \"{target}\" (\"{column}\")"
        ));
    }
    format!("CREATE TABLE \"{}\" ({})", table.name, parts.join(", "))
}

fn literals(row: &[Cell], text: fn(&str) -> String) -> String {
    let values: Vec<String> = row
        .iter()
        .map(|cell| match cell {
            Cell::Null => "NULL".to_owned(),
            Cell::Number(number) => number.to_string(),
            Cell::Text(value) => text(value),
        })
        .collect();
    format!("({})", values.join(","))
}

fn mysql_text(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('\'', "\\'")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("'{escaped}'")
}

fn sqlite_text(text: &str) -> String {
    let escaped = text.replace('\'', "''");
    if escaped.contains('\n') {
        // As the shell writes it: one line per statement.
        return format!("replace('{}','\\n',char(10))", escaped.replace('\n', "\\n"));
    }
    format!("'{escaped}'")
}
