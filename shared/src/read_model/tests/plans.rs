//! The queries asked all day use an index, so that they take as long with ten million orders as with ten.

use crate::id::DocumentId;
use crate::read_model::{ReadModel, customers, digests, lists, office, overview, scope, search};

/// The steps of a query's plan, such as `SEARCH p USING INDEX places_unfinished (branch=? AND promised_on<?)`.
fn plan(model: &ReadModel, sql: &str) -> Vec<String> {
    let connection = &model.reader.connection;
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .expect("valid");
    for parameter in 1..=statement.parameter_count() {
        let value: Box<dyn rusqlite::ToSql> = if sql.contains("MATCH") && parameter == 1 {
            Box::new("\"a\" *")
        } else {
            Box::new(5)
        };
        statement
            .raw_bind_parameter(parameter, value)
            .expect("binds");
    }
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().expect("reads") {
        steps.push(row.get(3).expect("text"));
    }
    steps
}

/// A step that walks a whole table. Walking a partial index is the point of having it, and the search index is asked by
/// its own words.
fn walks_a_table(step: &str) -> bool {
    const PARTIAL: [&str; 3] = ["orders_unfinished", "orders_ready", "orders_in_conflict"];
    step.starts_with("SCAN")
        && !step.contains("VIRTUAL TABLE INDEX")
        && !PARTIAL.iter().any(|index| step.contains(index))
        && step != "SCAN CONSTANT ROW"
        // The rows of a subquery that was itself found by index.
        && !step.starts_with("SCAN (subquery")
}

#[test]
fn no_query_of_the_day_walks_a_table() {
    let model = ReadModel::open_in_memory().expect("in memory");
    let queries = [
        ("items of a scope", digests::ITEMS.to_owned()),
        ("number", search::by_number()),
        ("words", search::by_words()),
        ("due", lists::DUE_TODAY.rows(10)),
        ("overdue", lists::OVERDUE.rows(10)),
        ("ready", lists::READY.rows(10)),
        ("in work", lists::IN_WORK.rows(10)),
        ("taken in", lists::TAKEN_IN.rows(10)),
        ("queue", lists::QUEUE.rows(10)),
        ("count of ready", lists::READY.count()),
        ("orders of a customer", customers::of_customer()),
        ("duplicates", customers::duplicates()),
        ("conflicts", office::conflicted()),
        ("work by branch", overview::UNFINISHED.to_owned()),
        ("ready by branch", overview::READY.to_owned()),
        ("conflicts by branch", overview::CONFLICTS.to_owned()),
        ("turnover", overview::TURNOVER.to_owned()),
        ("taken in by day", overview::TAKEN_IN.to_owned()),
        ("turnover by service", overview::SERVICE_LINES.to_owned()),
        ("turnaround", overview::TURNAROUND.to_owned()),
        ("scope", scope::AFTER.to_owned()),
    ];
    for (name, sql) in queries {
        let steps = plan(&model, &sql);
        assert!(!steps.is_empty(), "{name}");
        assert!(
            !steps.iter().any(|step| walks_a_table(step)),
            "{name}: {steps:#?}"
        );
    }
}

#[test]
fn lists_in_their_own_order_need_no_sorting() {
    let model = ReadModel::open_in_memory().expect("in memory");
    for (name, sql) in [
        ("words", search::by_words()),
        ("overdue", lists::OVERDUE.rows(10)),
        ("ready", lists::READY.rows(10)),
        ("in work", lists::IN_WORK.rows(10)),
        ("taken in", lists::TAKEN_IN.rows(10)),
        ("orders of a customer", customers::of_customer()),
        ("conflicts", office::conflicted()),
        ("scope", scope::AFTER.to_owned()),
    ] {
        let steps = plan(&model, &sql);
        assert!(
            !steps.iter().any(|step| step.contains("TEMP B-TREE")),
            "{name}: {steps:#?}"
        );
    }
}

#[test]
fn a_plan_that_walks_a_table_is_recognised() {
    let model = ReadModel::open_in_memory().expect("in memory");
    let steps = plan(&model, "SELECT id FROM orders WHERE note = 'x'");
    assert!(steps.iter().any(|step| walks_a_table(step)), "{steps:?}");
    let id = DocumentId::named("x");
    assert!(model.scope_of(id).expect("reads").is_empty());
}
