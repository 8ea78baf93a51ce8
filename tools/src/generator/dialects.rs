//! Writes tables and rows as mysqldump, pg_dump, SQL Server's script wizard, the SQLite shell or SQLite itself would.

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
    Postgres(BufWriter<File>),
    SqlServer(Utf16),
    Script(BufWriter<File>),
    Database(Connection),
}

pub(super) const MYSQL_HEAD: &str = "-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n--\n-- Host: localhost    Database: werkstatt\n\
-- ------------------------------------------------------\n\
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;\n/*!50503 SET NAMES utf8mb4 */;\n\
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;\n\
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n\n";

pub(super) const POSTGRES_HEAD: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict k3xQ\n\nSET statement_timeout = 0;\nSET client_encoding = 'UTF8';\n\
SET standard_conforming_strings = on;\nSELECT pg_catalog.set_config('search_path', '', false);\n\
SET default_table_access_method = heap;\n\n";

/// A file in UTF-16, little end first, as SQL Server's tools write it.
struct Utf16(BufWriter<File>);

impl Utf16 {
    fn write(&mut self, text: &str) -> io::Result<()> {
        for unit in text.encode_utf16() {
            self.0.write_all(&unit.to_le_bytes())?;
        }
        Ok(())
    }
}

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
            Form::PostgresDump => {
                let mut file = BufWriter::new(File::create(path)?);
                file.write_all(POSTGRES_HEAD.as_bytes())?;
                Output::Postgres(file)
            }
            Form::SqlServerScript => {
                let mut file = Utf16(BufWriter::new(File::create(path)?));
                file.write("\u{feff}USE [Werkstatt]\r\nGO\r\n")?;
                file.write("SET ANSI_NULLS ON\r\nGO\r\nSET QUOTED_IDENTIFIER ON\r\nGO\r\n")?;
                Output::SqlServer(file)
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
            Output::Postgres(file) => {
                let key = table.columns[0].0;
                self.late.push(format!(
                    "ALTER TABLE ONLY public.\"{name}\"\n    ADD CONSTRAINT \"{name}_pkey\" PRIMARY KEY (\"{key}\")"
                ));
                for (column, target) in table.references {
                    self.late.push(format!(
                        "ALTER TABLE ONLY public.\"{name}\"\n    ADD CONSTRAINT \"fk_{column}\" FOREIGN KEY (\"{column}\") \
                         REFERENCES public.\"{target}\"(\"{column}\") NOT VALID"
                    ));
                }
                write!(file, "{}", postgres_declaration(table))
            }
            Output::SqlServer(file) => {
                for (column, target) in table.references {
                    self.late.push(format!(
                        "ALTER TABLE [dbo].[{name}]  WITH NOCHECK ADD  CONSTRAINT [fk_{column}] FOREIGN KEY([{column}])\r\n\
                         REFERENCES [dbo].[{target}] ([{column}])\r\nGO\r\n\
                         ALTER TABLE [dbo].[{name}] CHECK CONSTRAINT [fk_{column}]"
                    ));
                }
                file.write(&sql_server_declaration(table))
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
            Output::Postgres(file) => {
                let columns: Vec<String> = table
                    .columns
                    .iter()
                    .map(|(column, _)| format!("\"{column}\""))
                    .collect();
                writeln!(
                    file,
                    "COPY public.\"{name}\" ({}) FROM stdin;",
                    columns.join(", ")
                )?;
                for row in rows {
                    let values: Vec<String> = row.iter().map(copy_value).collect();
                    writeln!(file, "{}", values.join("\t"))?;
                }
                writeln!(file, "\\.\n\n")
            }
            Output::SqlServer(file) => {
                let columns: Vec<String> = table
                    .columns
                    .iter()
                    .map(|(column, _)| format!("[{column}]"))
                    .collect();
                for row in rows {
                    let values: Vec<String> = row
                        .iter()
                        .zip(table.columns)
                        .map(|(cell, (_, kind))| sql_server_value(cell, kind))
                        .collect();
                    file.write(&format!(
                        "INSERT [dbo].[{name}] ({}) VALUES ({})\r\n",
                        columns.join(", "),
                        values.join(", ")
                    ))?;
                }
                file.write("GO\r\n")
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
            Output::Postgres(mut file) => {
                for statement in self.late {
                    writeln!(file, "{statement};\n")?;
                }
                writeln!(file, "--\n-- PostgreSQL database dump complete\n--")?;
                file.flush()
            }
            Output::SqlServer(mut file) => {
                for statement in self.late {
                    file.write(&format!("{statement}\r\nGO\r\n"))?;
                }
                file.0.flush()
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

/// The same column at PostgreSQL: it knows no width of integers and no small flags.
pub(super) fn postgres_type(kind: &str) -> String {
    kind.replace("int(11)", "integer")
        .replace("tinyint(1)", "smallint")
        .replace("varchar", "character varying")
        .replace("datetime", "timestamp without time zone")
        .replace("decimal", "numeric")
}

fn postgres_declaration(table: &Table) -> String {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|(column, kind)| format!("    \"{column}\" {}", postgres_type(kind)))
        .collect();
    let name = table.name;
    format!(
        "CREATE TABLE public.\"{name}\" (\n{}\n);\n\n\nALTER TABLE public.\"{name}\" OWNER TO werkstatt;\n\n",
        columns.join(",\n")
    )
}

fn copy_value(cell: &Cell) -> String {
    match cell {
        Cell::Null => "\\N".to_owned(),
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => text
            .replace('\\', "\\\\")
            .replace('\n', "\\n")
            .replace('\r', "\\r")
            .replace('\t', "\\t"),
    }
}

fn sql_server_declaration(table: &Table) -> String {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|(column, kind)| format!("\t[{column}] {}", sql_server_type(kind)))
        .collect();
    let (name, key) = (table.name, table.columns[0].0);
    format!(
        "CREATE TABLE [dbo].[{name}](\r\n{},\r\n CONSTRAINT [PK_{name}] PRIMARY KEY CLUSTERED \r\n(\r\n\t[{key}] ASC\r\n)\
         WITH (PAD_INDEX = OFF, IGNORE_DUP_KEY = OFF) ON [PRIMARY]\r\n) ON [PRIMARY]\r\nGO\r\n",
        columns.join(",\r\n")
    )
}

/// The same column at SQL Server.
pub(super) fn sql_server_type(kind: &str) -> String {
    let (kind, rest) = kind.split_once(' ').unwrap_or((kind, "NULL"));
    let kind = match kind.split_once('(') {
        Some(("int", _)) => "[int]".to_owned(),
        Some(("tinyint", _)) => "[tinyint]".to_owned(),
        Some(("varchar", width)) => format!("[nvarchar]({width}"),
        Some((kind, width)) => format!("[{kind}]({width}"),
        None if kind == "text" => "[nvarchar](max)".to_owned(),
        None => format!("[{kind}]"),
    };
    format!("{kind} {rest}")
}

fn sql_server_value(cell: &Cell, kind: &str) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) if kind == "datetime" => {
            format!("CAST(N'{}.000' AS DateTime)", text.replace(' ', "T"))
        }
        Cell::Text(text) if kind.starts_with("decimal") => {
            format!("CAST({text} AS Decimal(10, 2))")
        }
        Cell::Text(text) => format!("N'{}'", text.replace('\'', "''")),
    }
}
