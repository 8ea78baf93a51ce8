//! Scripts of SQL Server: batches, blocks, procedures, no terminators.

use super::*;

fn utf_16(text: &str) -> Vec<u8> {
    [0xFF, 0xFE]
        .into_iter()
        .chain(
            text.replace('\n', "\r\n")
                .encode_utf16()
                .flat_map(u16::to_le_bytes),
        )
        .collect()
}

#[test]
fn a_wizard_s_script_in_utf_16() {
    let (staging, summary) = stage(&utf_16(
        "USE [Werkstatt]\nGO\n/****** Object:  Table [dbo].[Aufträge]\nGO\n******/\nSET ANSI_NULLS ON\nGO\n\
         CREATE TABLE [dbo].[Aufträge](\n\t[Id] [int] IDENTITY(4,1) NOT NULL,\n\t[Kunde] [nvarchar](40) NULL,\n\t[Von] [datetime] NULL,\n\
         \t[Doppelt]  AS ([Id]*(2)),\n\t[Offen] [bit] NOT NULL,\n CONSTRAINT [PK] PRIMARY KEY CLUSTERED \n(\n\t[Id] ASC\n)WITH (PAD_INDEX = OFF) ON [PRIMARY]\n) ON [PRIMARY] TEXTIMAGE_ON [PRIMARY]\nGO\n\
         SET IDENTITY_INSERT [dbo].[Aufträge] ON \n\n\
         INSERT [dbo].[Aufträge] ([Id], [Kunde], [Von], [Offen]) VALUES (4, N'Müller]; GO', CAST(N'2019-10-01T08:12:00.000' AS DateTime), 1)\n\
         INSERT [dbo].[Aufträge] ([Id], [Kunde], [Von], [Offen]) VALUES (5, N'zwei\nGO\nZeilen', CAST(0x0000A47F000F896A AS DateTime), 0)\n\
         INSERT [dbo].[Aufträge] ([Id], [Kunde], [Von], [Offen]) VALUES (6, N'a' + CHAR(10) + N'b', NULL, 0)\n\
         SET IDENTITY_INSERT [dbo].[Aufträge] OFF\nGO\n\
         INSERT INTO Aufträge VALUES (N'gezählt', NULL, 1)\n\
         ALTER TABLE [dbo].[Aufträge] ADD  DEFAULT ((7)) FOR [Offen]\nGO\nINSERT [Aufträge] ([Kunde]) VALUES ('spät')\ngo 1 -- gone\n\
         CREATE PROCEDURE [dbo].[p] AS BEGIN\nINSERT INTO [Aufträge] (Id) VALUES (99);\nDELETE FROM [Aufträge];\nEND\nGO\nGRANT SELECT ON [Aufträge] TO [x]\n",
    ));
    assert_eq!(
        (summary.dialect, summary.encoding),
        ("sqlserver", "utf-16le")
    );
    assert!(staging.broken().is_empty(), "{:?}", staging.broken());
    let table = staging.table("Aufträge").expect("the table is there");
    assert_eq!(table.schema.primary_key, ["Id"]);
    let seen: Vec<Vec<Option<String>>> = rows(&staging, "Aufträge");
    let columns = |row: &[Option<String>]| -> Vec<String> {
        row.iter()
            .map(|cell| cell.clone().unwrap_or_else(|| "-".to_owned()))
            .collect()
    };
    let seen: Vec<Vec<String>> = seen.iter().map(|row| columns(row)).collect();
    assert_eq!(
        seen,
        [
            ["4", "Müller]; GO", "2019-10-01 08:12:00", "-", "1"],
            [
                "5",
                "zwei\r\nGO\r\nZeilen",
                "2015-04-19 00:56:34.06",
                "-",
                "0"
            ],
            ["6", "a\nb", "-", "-", "0"],
            ["7", "gezählt", "-", "-", "1"],
            ["8", "spät", "-", "-", "7"],
        ]
    );
    let kinds: Vec<&str> = staging
        .skipped()
        .iter()
        .map(|skipped| skipped.kind.as_str())
        .collect();
    assert_eq!(
        kinds,
        ["USE", "SET", "SET", "SET", "CREATE PROCEDURE", "GRANT"]
    );
}

#[test]
fn what_depends_on_the_catalogue_runs_and_the_rest_is_named() {
    let (staging, _) = stage(
        b"SET NOCOUNT ON\nGO\nIF EXISTS (SELECT * FROM sysobjects WHERE id = object_id('dbo.a'))\n\tDROP TABLE dbo.a\nGO\n\
          IF NOT EXISTS (SELECT * FROM sys.objects WHERE name = N'a')\nBEGIN\nCREATE TABLE [dbo].[a]([x] [int] NOT NULL PRIMARY KEY, [y] [int])\nEND\nELSE\nBEGIN\nDELETE FROM a\nEND\nGO\n\
          CREATE TABLE InMemory.a (x int)\nINSERT a VALUES (1, 1) INSERT a VALUES (2, 2)\n\
          INSERT InMemory.a VALUES (5)\nIF NOT EXISTS (SELECT 1 FROM a WHERE x = 2) INSERT INTO a (x) VALUES (2)\n\
          IF @@SERVERNAME = N'chur' BEGIN INSERT INTO a VALUES (3, 3) SELECT CASE WHEN 1=1 THEN 2 END END\n\
          UPDATE a\nSET y = CASE x WHEN 1 THEN 2 ELSE 3 END\nWHERE x = 1\nBEGIN TRAN\nINSERT a VALUES (4, $4)\nCOMMIT\n\
          BEGIN TRY\nINSERT a VALUES (6, CONVERT(int, '6'))\nEND TRY\nBEGIN CATCH\nINSERT a VALUES (7, 7)\nEND CATCH\nINSERT a VALUES (8, 8)\nGO\n\
          CREATE TABLE #scratch (x int)\nINSERT INTO #scratch VALUES (1)\nDECLARE @list TABLE (x int)\nINSERT @list VALUES (1)\nGO\n",
    );
    assert!(staging.broken().is_empty(), "{:?}", staging.broken());
    let numbers: Vec<Option<String>> = rows(&staging, "a")
        .into_iter()
        .map(|mut row| row.swap_remove(0))
        .collect();
    assert_eq!(numbers, some(&["1", "2", "4", "6", "8"]));
    assert_eq!(rows(&staging, "InMemory.a"), [some(&["5"])]);
    assert_eq!(
        staging.tables().len(),
        2,
        "what passes with its session is no table"
    );
    let unapplied: Vec<&str> = staging
        .unapplied()
        .iter()
        .map(|skipped| skipped.kind.as_str())
        .collect();
    assert_eq!(unapplied, ["DELETE", "INSERT", "UPDATE", "INSERT"]);
}

#[test]
fn a_broken_statement_ends_with_its_batch() {
    let (staging, _) = stage(
        b"SET NOCOUNT ON\nGO\nCREATE TABLE [dbo].[a] ([x] [int])\nGO\nINSERT [dbo].[a] ([x]) VALUES (1\nGO\n\
          INSERT [dbo].[a] ([x]) VALUES ('open)\nGO\nINSERT [dbo].[a] ([x]) VALUES (2)\nGO\nINSERT [dbo].[a] ([x]) VALUES (@x)\nINSERT [dbo].[a] ([x]) VALUES (3)\n\
          EXEC dbo.sp_executesql @statement = N'\nINSERT INTO a VALUES (9)\n' \nGO\nCREATE TABLE [dbo].[b] (\nGO\nINSERT [dbo].[a] ([x]) VALUES (4)\n",
    );
    let numbers: Vec<Option<String>> = rows(&staging, "a")
        .into_iter()
        .map(|mut row| row.swap_remove(0))
        .collect();
    assert_eq!(numbers, some(&["2", "3", "4"]), "{:?}", staging.broken());
    let lines: Vec<u64> = staging.broken().iter().map(|broken| broken.line).collect();
    assert_eq!(lines, [5, 7, 11, 17], "{:?}", staging.broken());
}
