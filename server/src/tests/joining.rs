//! A machine joins once, with a string that runs out.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use shared::wire::ReplicaRole;

use super::harness::TestHub;

#[tokio::test(flavor = "multi_thread")]
async fn a_join_string_works_once() {
    let hub = TestHub::start().await;
    let code = hub
        .join_code(json!({"role": "branch", "branch_name": "Chur"}))
        .await;
    let papers = hub.join(&code).await.expect("the code is new");
    assert_eq!(papers.role, ReplicaRole::Branch);
    assert_eq!(papers.branch_name.as_deref(), Some("Chur"));
    let again = hub.join(&code).await.expect_err("it was used");
    assert_eq!(
        again,
        (StatusCode::FORBIDDEN, "unknown_join_string".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_string_runs_out() {
    let hub = TestHub::start_with(|settings| settings.join_string_lifetime = Duration::ZERO).await;
    let code = hub.join_code(json!({"role": "importer"})).await;
    let begun = crate::clock::now();
    while crate::clock::now() == begun {
        tokio::task::yield_now().await;
    }
    let late = hub.join(&code).await.expect_err("it ran out");
    assert_eq!(late, (StatusCode::GONE, "expired_join_string".to_owned()));
    let gone = hub.join(&code).await.expect_err("and is gone");
    assert_eq!(gone.1, "unknown_join_string");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_codes_is_slowed_down() {
    let hub = TestHub::start().await;
    let mut answers = Vec::new();
    for guess in 0..6 {
        let wrong = hub.join(&format!("AAAA-AAAA-AAAA-AAA{guess}")).await;
        answers.push(wrong.expect_err("a guess").0);
    }
    assert_eq!(answers[0], StatusCode::FORBIDDEN);
    assert_eq!(answers[5], StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn branches_get_ticket_prefixes_of_their_own() {
    let hub = TestHub::start().await;
    for name in ["Davos", "Daverio", "Davis"] {
        hub.branch(name).await;
    }
    let (_, branches) = hub.get("/api/v1/branches", &hub.as_administrator()).await;
    let prefixes: Vec<&str> = branches
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|branch| branch["ticket_prefix"].as_str())
        .collect();
    let distinct: std::collections::BTreeSet<_> = prefixes.iter().collect();
    assert_eq!((prefixes.len(), distinct.len()), (3, 3), "{prefixes:?}");
    let (status, same) = hub
        .post(
            "/api/v1/join-strings",
            &hub.as_administrator(),
            json!({"role": "branch", "branch_name": "DAVOS"}),
        )
        .await;
    assert_eq!(
        (status, same["code"].as_str()),
        (StatusCode::CONFLICT, Some("name_in_use"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_machine_joins_a_branch_that_exists() {
    let hub = TestHub::start().await;
    let first = hub.branch("Chur").await;
    let code = hub
        .join_code(json!({"role": "branch", "branch": first.branch().to_string()}))
        .await;
    let second = hub.join(&code).await.expect("the code is new");
    assert_eq!(second.branch, first.papers.branch);
    assert_ne!(second.replica, first.papers.replica);
}
