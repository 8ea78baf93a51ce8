//! Reports of the fixtures and of names that would like to be code.

use std::path::Path;

use super::*;
use crate::assess::{Assessment, assess};
use crate::source::read_source;
use crate::staging::Staging;

pub(crate) fn about(language: Language, source: &str) -> About {
    About {
        language,
        made_at: "2026-11-20T13:10:00Z".parse().expect("an instant"),
        time_zone: "Europe/Zurich".to_owned(),
        source: source.to_owned(),
    }
}

fn assessed(source: &Path) -> Assessment {
    let folder = tempfile::tempdir().expect("a folder");
    let mut staging = Staging::create(Some(folder.path())).expect("a staging database");
    let summary = read_source(source, &mut staging, |_, _| {}).expect("the source is read");
    assess(&staging, &summary).expect("it is assessed")
}

/// What must hold for any report, whatever was in the database.
pub(crate) fn assert_sound(html: &str) {
    assert!(html.starts_with("<!doctype html>"), "{}", &html[..40]);
    for outside in [
        "<script", "src=", "<link", "@import", "url(", "<iframe", "onerror",
    ] {
        let found = html
            .find(outside)
            .map(|at| &html[at..(at + 80).min(html.len())]);
        assert_eq!(found, None, "a report loads and runs nothing");
    }
    assert!(!html.contains("NaN"), "a chart has a number that is none");
    let missing = html.find('[').and_then(|at| {
        let rest = &html[at + 1..];
        let key = &rest[..rest.find(']').unwrap_or(0)];
        let prefixes = [
            "assessment-",
            "rehearsal-",
            "reconciliation-",
            "certificate-",
            "column-",
            "sheet-",
            "sign-",
        ];
        prefixes
            .iter()
            .any(|prefix| key.starts_with(prefix))
            .then(|| key.to_owned())
    });
    assert_eq!(missing, None, "a text is missing");
}

#[test]
fn every_fixture_has_a_report_in_both_languages_with_words_for_each_finding() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut reports = 0;
    for entry in std::fs::read_dir(fixtures).expect("the fixtures") {
        let path = entry.expect("a fixture").path();
        if path.extension().is_none_or(|ending| ending != "sql") {
            continue;
        }
        let found = assessed(&path);
        for language in Language::ALL {
            let words = Words::new(language, "Europe/Zurich");
            for finding in &found.findings {
                for prefix in ["finding", "remedy"] {
                    let word = words.of_code(prefix, finding.code);
                    assert!(word.is_some(), "{prefix} {} in {language:?}", finding.code);
                }
            }
            let html = assessment(&about(language, "werkstatt.sql"), &found).expect("a report");
            assert_sound(&html);
            reports += 1;
        }
    }
    assert!(reports >= 20, "{reports} reports were made");
}

#[test]
fn what_is_to_be_done_about_a_statement_is_said_to_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("werkstatt.sql");
    let dump = "CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT);\n\
        INSERT INTO orders VALUES (1, 'offen');\n\
        INSERT INTO orders SELECT * FROM old_orders;\n";
    std::fs::write(&source, dump).expect("it is written");
    let found = assessed(&source);
    for (language, end) in [
        (Language::German, "Datenbank danach neu sichern"),
        (Language::English, "dump the database afterwards"),
    ] {
        let html = assessment(&about(language, "werkstatt.sql"), &found).expect("a report");
        assert!(html.contains(end), "{language:?}: {html}");
    }
}

#[test]
fn a_table_called_script_is_a_name_and_no_script() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("boese.sql");
    let dump = "CREATE TABLE `<script>alert(1)</script>` (`\"><img src=x onerror=alert(2)>` TEXT, `status` TEXT);\n\
        INSERT INTO `<script>alert(1)</script>` VALUES ('</style><script>alert(3)</script>', 'Offen'),\
        ('KÃ¼hne <b>', 'offn</td>');\n";
    std::fs::write(&source, dump).expect("a dump");
    let found = assessed(&source);
    let name = "</style><script>alert(4)</script>\".sql";
    let html = assessment(&about(Language::German, name), &found).expect("a report");
    assert!(html.contains("alert(1)"), "its name stands in the report");
    let code = html.replace("onerror=alert(2)", "").replace("src=x", "");
    assert_sound(&code);
    assert!(!html.contains("<img"), "{html}");
    let style = html
        .split("<style>")
        .nth(1)
        .and_then(|rest| rest.split("</style>").next());
    assert!(
        style.is_some_and(|style| style.contains("@media print")),
        "the style was ended early"
    );
}

#[test]
fn an_empty_database_says_so_instead_of_showing_empty_tables() {
    let nothing = Assessment {
        dialect: "sqlite".to_owned(),
        encoding: "ascii".to_owned(),
        sha256: String::new(),
        bytes: 0,
        tables: Vec::new(),
        relations: Vec::new(),
        skipped: Vec::new(),
        errors: Vec::new(),
        findings: Vec::new(),
        notes_dropped: 0,
    };
    let html = assessment(&about(Language::German, "leer.sql"), &nothing).expect("a report");
    assert_sound(&html);
    assert!(html.contains("Keine Risiken gefunden."));
    assert!(html.contains("Nichts."), "empty lists are said in words");
    assert!(
        !html.contains("<tbody>\n</tbody>"),
        "an empty table is shown"
    );
}

#[test]
fn more_rows_than_a_reader_can_use_are_counted() {
    let words = Words::new(Language::German, "Europe/Zurich");
    let table = Table {
        rows: (0..MOST_ROWS + 3).map(|_| row(Vec::new())).collect(),
        ..Table::default()
    };
    let table = table.bounded(&words, 4);
    assert_eq!(table.rows.len(), MOST_ROWS);
    assert_eq!(table.more, "7 weitere Zeilen stehen in der JSON-Ausgabe.");
}
