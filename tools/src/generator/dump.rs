//! Writes tables of any size as a dump, row by row: nothing is held but the statement at hand.

use std::borrow::Cow;
use std::io::{self, Write};

/// In which dialect a dump is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DumpDialect {
    /// As the SQLite shell dumps: one `INSERT` a row.
    Sqlite,
    /// As mysqldump does: many rows in one `INSERT`.
    MySql,
    /// As `pg_dump --inserts` does.
    PostgresInsert,
    /// As `pg_dump` does.
    PostgresCopy,
    /// As SQL Server's wizard does: UTF-16, `GO`, no terminators.
    SqlServer,
}

impl DumpDialect {
    /// All of them with their names.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Sqlite, "sqlite"),
        (Self::MySql, "mysql"),
        (Self::PostgresInsert, "postgres-insert"),
        (Self::PostgresCopy, "postgres-copy"),
        (Self::SqlServer, "sqlserver"),
    ];

    /// The dialect of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(dialect, _)| *dialect)
    }
}

/// A table's declaration.
pub(super) struct Declared {
    pub(super) name: &'static str,
    /// Columns with their type as MySQL writes it.
    pub(super) columns: &'static [(&'static str, &'static str)],
    pub(super) key: &'static [&'static str],
    /// Columns that name rows of other tables by the key of the same name.
    pub(super) references: &'static [(&'static str, &'static str)],
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Number(i64),
    Text(Cow<'static, str>),
    /// A text written in windows-1252, whatever the rest is in.
    Windows1252(&'static str),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

/// A dump being written.
pub(super) struct Dump<'w> {
    out: &'w mut dyn Write,
    dialect: DumpDialect,
    insert_bytes: usize,
    /// The statement at hand.
    pending: Vec<u8>,
    rows_pending: bool,
    /// Keys and references that are declared at the end.
    late: Vec<String>,
    bytes: u64,
}

impl<'w> Dump<'w> {
    /// Begins a dump. An `INSERT` of MySQL closes when it has `insert_bytes`.
    pub(super) fn begin(
        out: &'w mut dyn Write,
        dialect: DumpDialect,
        insert_bytes: usize,
    ) -> io::Result<Self> {
        let mut dump = Self {
            out,
            dialect,
            insert_bytes,
            pending: Vec::with_capacity(insert_bytes + 64 * 1024),
            rows_pending: false,
            late: Vec::new(),
            bytes: 0,
        };
        match dialect {
            DumpDialect::Sqlite => dump.text("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n")?,
            DumpDialect::MySql => dump.text(super::dialects::MYSQL_HEAD)?,
            DumpDialect::PostgresInsert | DumpDialect::PostgresCopy => {
                dump.text(super::dialects::POSTGRES_HEAD)?;
            }
            DumpDialect::SqlServer => dump.text("\u{feff}USE [Werkstatt]\nGO\nSET ANSI_NULLS ON\nGO\nSET QUOTED_IDENTIFIER ON\nGO\n")?,
        }
        Ok(dump)
    }

    /// Declares a table, and makes ready for its rows.
    pub(super) fn table(&mut self, table: &Declared) -> io::Result<()> {
        let name = table.name;
        let quoted = |names: &[&str], open: char, close: char| {
            let names: Vec<String> = names
                .iter()
                .map(|name| format!("{open}{name}{close}"))
                .collect();
            names.join(", ")
        };
        let declaration = match self.dialect {
            DumpDialect::Sqlite => {
                let mut parts = columns(table, '"', '"', str::to_owned);
                parts.push(format!("PRIMARY KEY ({})", quoted(table.key, '"', '"')));
                for (column, target) in table.references {
                    parts.push(format!(
                        "FOREIGN KEY (\"{column}\") REFERENCES \"{target}\" (\"{column}\")"
                    ));
                }
                format!("CREATE TABLE \"{name}\" ({});\n", parts.join(", "))
            }
            DumpDialect::MySql => {
                let mut parts = columns(table, '`', '`', str::to_owned);
                parts.push(format!("PRIMARY KEY ({})", quoted(table.key, '`', '`')));
                for (column, target) in table.references {
                    parts.push(format!("KEY `{column}` (`{column}`)"));
                    parts.push(format!(
                        "CONSTRAINT `fk_{name}_{column}` FOREIGN KEY (`{column}`) REFERENCES `{target}` (`{column}`)"
                    ));
                }
                format!(
                    "DROP TABLE IF EXISTS `{name}`;\nCREATE TABLE `{name}` (\n  {}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;\n\n\
                     LOCK TABLES `{name}` WRITE;\n/*!40000 ALTER TABLE `{name}` DISABLE KEYS */;\n",
                    parts.join(",\n  ")
                )
            }
            DumpDialect::PostgresInsert | DumpDialect::PostgresCopy => {
                let key = quoted(table.key, '"', '"');
                self.late.push(format!("ALTER TABLE ONLY public.\"{name}\"\n    ADD CONSTRAINT \"{name}_pkey\" PRIMARY KEY ({key});\n\n"));
                for (column, target) in table.references {
                    self.late.push(format!(
                        "ALTER TABLE ONLY public.\"{name}\"\n    ADD CONSTRAINT \"fk_{name}_{column}\" FOREIGN KEY (\"{column}\") \
                         REFERENCES public.\"{target}\"(\"{column}\") NOT VALID;\n\n"
                    ));
                }
                let columns = columns(table, '"', '"', super::dialects::postgres_type);
                let declaration = format!(
                    "CREATE TABLE public.\"{name}\" (\n    {}\n);\n\n",
                    columns.join(",\n    ")
                );
                if self.dialect == DumpDialect::PostgresCopy {
                    format!(
                        "{declaration}COPY public.\"{name}\" ({}) FROM stdin;\n",
                        quoted(&names(table), '"', '"')
                    )
                } else {
                    declaration
                }
            }
            DumpDialect::SqlServer => {
                for (column, target) in table.references {
                    self.late.push(format!(
                        "ALTER TABLE [dbo].[{name}]  WITH NOCHECK ADD  CONSTRAINT [fk_{name}_{column}] FOREIGN KEY([{column}])\n\
                         REFERENCES [dbo].[{target}] ([{column}])\nGO\n"
                    ));
                }
                let columns = columns(table, '[', ']', super::dialects::sql_server_type);
                let key: Vec<String> = table
                    .key
                    .iter()
                    .map(|key| format!("\t[{key}] ASC"))
                    .collect();
                format!(
                    "CREATE TABLE [dbo].[{name}](\n\t{},\n CONSTRAINT [PK_{name}] PRIMARY KEY CLUSTERED \n(\n{}\n) ON [PRIMARY]\n) ON [PRIMARY]\nGO\n",
                    columns.join(",\n\t"),
                    key.join(",\n")
                )
            }
        };
        self.text(&declaration)
    }

    /// Writes one row of the table that was declared last.
    pub(super) fn row(&mut self, table: &Declared, row: &[Value]) -> io::Result<()> {
        self.put_row(table, row, None)
    }

    /// A row in which nothing stands where the value at `place` belongs.
    pub(super) fn row_without(
        &mut self,
        table: &Declared,
        row: &[Value],
        place: usize,
    ) -> io::Result<()> {
        self.put_row(table, row, Some(place))
    }

    fn put_row(
        &mut self,
        table: &Declared,
        row: &[Value],
        missing: Option<usize>,
    ) -> io::Result<()> {
        if self.dialect == DumpDialect::PostgresCopy {
            return self.copy_row(row, missing);
        }
        self.open_insert(table);
        self.pending.push(b'(');
        for (place, (value, (_, kind))) in row.iter().zip(table.columns).enumerate() {
            if place > 0 {
                self.pending
                    .extend_from_slice(if self.dialect == DumpDialect::SqlServer {
                        b", "
                    } else {
                        b","
                    });
            }
            if missing != Some(place) {
                self.put_value(value, kind);
            }
        }
        self.pending.push(b')');
        if self.dialect != DumpDialect::MySql || self.pending.len() >= self.insert_bytes {
            self.close_insert()?;
        }
        Ok(())
    }

    fn open_insert(&mut self, table: &Declared) {
        if self.rows_pending {
            self.pending.push(b',');
            return;
        }
        self.rows_pending = true;
        let name = table.name;
        let opening = match self.dialect {
            DumpDialect::MySql => format!("INSERT INTO `{name}` VALUES "),
            DumpDialect::SqlServer => {
                let columns: Vec<String> = names(table)
                    .iter()
                    .map(|column| format!("[{column}]"))
                    .collect();
                format!("INSERT [dbo].[{name}] ({}) VALUES ", columns.join(", "))
            }
            DumpDialect::PostgresInsert => format!("INSERT INTO public.\"{name}\" VALUES "),
            DumpDialect::Sqlite | DumpDialect::PostgresCopy => {
                format!("INSERT INTO \"{name}\" VALUES")
            }
        };
        self.pending.extend_from_slice(opening.as_bytes());
    }

    fn close_insert(&mut self) -> io::Result<()> {
        if !self.rows_pending {
            return Ok(());
        }
        self.rows_pending = false;
        let end: &[u8] = if self.dialect == DumpDialect::SqlServer {
            b"\r\n"
        } else {
            b";\n"
        };
        self.pending.extend_from_slice(end);
        self.flush_pending()
    }

    fn copy_row(&mut self, row: &[Value], missing: Option<usize>) -> io::Result<()> {
        let present = row
            .iter()
            .enumerate()
            .filter(|(place, _)| missing != Some(*place));
        for (count, (_, value)) in present.enumerate() {
            if count > 0 {
                self.pending.push(b'\t');
            }
            match value {
                Value::Null => self.pending.extend_from_slice(b"\\N"),
                Value::Number(number) => put_number(&mut self.pending, *number),
                Value::Windows1252(text) => self.pending.extend(windows_1252(text)),
                Value::Text(text) => {
                    put_escaped(&mut self.pending, text.as_bytes(), |byte| match byte {
                        b'\\' => Some(b"\\\\"),
                        b'\n' => Some(b"\\n"),
                        b'\r' => Some(b"\\r"),
                        b'\t' => Some(b"\\t"),
                        _ => None,
                    });
                }
            }
        }
        self.pending.push(b'\n');
        if self.pending.len() >= self.insert_bytes {
            self.flush_pending()?;
        }
        Ok(())
    }

    fn put_value(&mut self, value: &Value, kind: &str) {
        let pending = &mut self.pending;
        let text = match value {
            Value::Null => return pending.extend_from_slice(b"NULL"),
            Value::Number(number) => return put_number(pending, *number),
            Value::Windows1252(text) => {
                pending.push(b'\'');
                pending.extend(windows_1252(text));
                return pending.push(b'\'');
            }
            Value::Text(text) => text.as_ref(),
        };
        match self.dialect {
            DumpDialect::MySql => {
                pending.push(b'\'');
                put_escaped(pending, text.as_bytes(), |byte| match byte {
                    b'\\' => Some(b"\\\\"),
                    b'\'' => Some(b"\\'"),
                    b'"' => Some(b"\\\""),
                    b'\n' => Some(b"\\n"),
                    _ => None,
                });
                pending.push(b'\'');
            }
            DumpDialect::Sqlite if text.contains('\n') => {
                // As the shell writes it: one line per statement.
                pending.extend_from_slice(b"replace('");
                put_escaped(pending, text.as_bytes(), |byte| match byte {
                    b'\'' => Some(b"''"),
                    b'\n' => Some(b"\\n"),
                    _ => None,
                });
                pending.extend_from_slice(b"','\\n',char(10))");
            }
            DumpDialect::SqlServer if kind == "datetime" => {
                pending.extend_from_slice(b"CAST(N'");
                put_escaped(pending, text.as_bytes(), |byte| {
                    (byte == b' ').then_some(b"T")
                });
                pending.extend_from_slice(b".000' AS DateTime)");
            }
            DumpDialect::SqlServer if kind.starts_with("decimal") => {
                pending.extend_from_slice(b"CAST(");
                pending.extend_from_slice(text.as_bytes());
                pending.extend_from_slice(b" AS Decimal(10, 2))");
            }
            dialect => {
                if dialect == DumpDialect::SqlServer {
                    pending.push(b'N');
                }
                pending.push(b'\'');
                put_escaped(pending, text.as_bytes(), |byte| {
                    (byte == b'\'').then_some(b"''")
                });
                pending.push(b'\'');
            }
        }
    }

    /// Ends the rows of a table.
    pub(super) fn end_table(&mut self, table: &Declared) -> io::Result<()> {
        self.close_insert()?;
        self.flush_pending()?;
        let name = table.name;
        match self.dialect {
            DumpDialect::MySql => self.text(&format!(
                "/*!40000 ALTER TABLE `{name}` ENABLE KEYS */;\nUNLOCK TABLES;\n\n"
            )),
            DumpDialect::PostgresCopy => self.text("\\.\n\n"),
            DumpDialect::SqlServer => self.text("GO\n"),
            DumpDialect::Sqlite | DumpDialect::PostgresInsert => Ok(()),
        }
    }

    /// A statement that ends in the middle of its row. Only between tables.
    pub(super) fn broken_statement(&mut self, table: &Declared) -> io::Result<()> {
        let name = table.name;
        self.text(&match self.dialect {
            DumpDialect::MySql => format!("INSERT INTO `{name}` VALUES (1,'A-1',7;\n"),
            DumpDialect::SqlServer => format!("INSERT [dbo].[{name}] VALUES (1, N'A-1', 7;\nGO\n"),
            _ => format!("INSERT INTO \"{name}\" VALUES (1,'A-1',7;\n"),
        })
    }

    /// A statement that changes rows which are there. Only between tables.
    pub(super) fn late_change(&mut self, table: &Declared, key: u64) -> io::Result<()> {
        let (name, column) = (table.name, table.key[0]);
        self.text(&match self.dialect {
            DumpDialect::MySql => format!("UPDATE `{name}` SET `Kommentar`='nachgetragen' WHERE `{column}`={key};\n"),
            DumpDialect::SqlServer => format!("UPDATE [dbo].[{name}] SET [Kommentar] = N'nachgetragen' WHERE [{column}] = {key}\nGO\n"),
            _ => format!("UPDATE \"{name}\" SET \"Kommentar\" = 'nachgetragen' WHERE \"{column}\" = {key};\n"),
        })
    }

    /// Ends the dump and says how long it is.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        for statement in std::mem::take(&mut self.late) {
            self.text(&statement)?;
        }
        match self.dialect {
            DumpDialect::Sqlite => self.text("COMMIT;\n")?,
            DumpDialect::MySql => {
                self.text("/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;\n-- Dump completed\n")?;
            }
            DumpDialect::PostgresInsert | DumpDialect::PostgresCopy => {
                self.text("--\n-- PostgreSQL database dump complete\n--\n")?;
            }
            DumpDialect::SqlServer => {}
        }
        self.out.flush()?;
        Ok(self.bytes)
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        if self.dialect == DumpDialect::SqlServer {
            self.pending
                .extend_from_slice(text.replace('\n', "\r\n").as_bytes());
        } else {
            self.pending.extend_from_slice(text.as_bytes());
        }
        self.flush_pending()
    }

    fn flush_pending(&mut self) -> io::Result<()> {
        if self.dialect == DumpDialect::SqlServer {
            let text = String::from_utf8_lossy(&self.pending);
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            self.out.write_all(&units)?;
            self.bytes += units.len() as u64;
        } else {
            self.out.write_all(&self.pending)?;
            self.bytes += self.pending.len() as u64;
        }
        self.pending.clear();
        Ok(())
    }
}

fn names(table: &Declared) -> Vec<&'static str> {
    table.columns.iter().map(|(column, _)| *column).collect()
}

fn columns(
    table: &Declared,
    open: char,
    close: char,
    kind_of: impl Fn(&str) -> String,
) -> Vec<String> {
    let columns = table.columns.iter();
    columns
        .map(|(column, kind)| format!("{open}{column}{close} {}", kind_of(kind)))
        .collect()
}

fn put_number(into: &mut Vec<u8>, number: i64) {
    let _ = write!(into, "{number}");
}

fn put_escaped(into: &mut Vec<u8>, text: &[u8], escape: impl Fn(u8) -> Option<&'static [u8]>) {
    let mut from = 0;
    for (at, byte) in text.iter().enumerate() {
        if let Some(escaped) = escape(*byte) {
            into.extend_from_slice(&text[from..at]);
            into.extend_from_slice(escaped);
            from = at + 1;
        }
    }
    into.extend_from_slice(&text[from..]);
}

fn windows_1252(text: &str) -> Vec<u8> {
    encoding_rs::WINDOWS_1252.encode(text).0.into_owned()
}
