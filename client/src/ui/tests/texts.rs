//! What holds for all sources of the pages together: their texts, their routes.

use std::collections::BTreeSet;
use std::path::Path;

use shared::command::Refusal;
use shared::domain::{MoneyState, PaymentMethod, Phase, Role};
use shared::presentation::texts;

use crate::ui::layout::DONE;
use crate::ui::routes::ROUTES;

/// Every source and template of the pages, without the blanks that formatting puts in.
fn sources() -> Vec<(String, String)> {
    fn collect(directory: &Path, found: &mut Vec<(String, String)>) {
        let entries = std::fs::read_dir(directory).expect("the sources are beside the tests");
        for entry in entries {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                collect(&path, found);
            } else if !path.ends_with("tests/texts.rs")
                && !path.ends_with("tests/walk.rs")
                && !path.ends_with("tests/standing.rs")
            {
                let text = std::fs::read_to_string(&path).expect("sources are text");
                let packed = text.split_whitespace().collect::<String>();
                found.push((path.display().to_string(), packed));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    collect(&root.join("src/ui"), &mut found);
    collect(&root.join("templates"), &mut found);
    collect(&root.join("../shared/templates"), &mut found);
    collect(&root.join("../shared/src/presentation/page"), &mut found);
    found
}

/// The literals that directly follow `call`.
fn literals_after<'a>(source: &'a str, call: &str) -> Vec<&'a str> {
    source
        .split(call)
        .skip(1)
        .filter_map(|rest| rest.split_once('"').map(|(literal, _)| literal))
        .collect()
}

#[test]
fn every_text_that_a_page_asks_for_is_there() {
    let known = texts::keys();
    let mut asked = 0;
    for (file, source) in sources() {
        let calls = [
            ".text(\"",
            "words.with(\"",
            ".with_all(\"",
            "text_with(words.language,\"",
            "asked.refused(\"",
            "key:\"",
        ];
        for call in calls {
            // Fields of forms are read with a method of the same name.
            if call == ".text(\"" && (file.ends_with("forms.rs") || file.ends_with("tests.rs")) {
                continue;
            }
            let literals = literals_after(&source, call);
            for key in literals
                .into_iter()
                .filter(|key| is_text_key(&source, call, key))
            {
                asked += 1;
                assert!(known.contains(key), "{file} asks for the text {key}");
            }
        }
    }
    assert!(asked > 200, "only {asked} texts were found in the sources");
}

/// Whether a literal is a key of a text and not the name of a form's field.
fn is_text_key(source: &str, call: &str, literal: &str) -> bool {
    let of_form = ["form", "kept", "body", "group", "self"];
    let is_field = call == ".text(\""
        && of_form
            .iter()
            .any(|owner| source.contains(&format!("{owner}.text(\"{literal}\")")));
    !is_field && !literal.contains(['{', '$'])
}

#[test]
fn texts_chosen_by_a_code_are_there_for_every_code() {
    let known = texts::keys();
    let mut keys: BTreeSet<String> = BTreeSet::new();
    keys.extend(Phase::ALL.map(|phase| format!("status-{}", phase.code())));
    keys.extend(PaymentMethod::ALL.map(|method| format!("method-{}", method.code())));
    keys.extend(Role::ALL.map(|role| format!("role-{}", role.code())));
    let money = [
        MoneyState::Open,
        MoneyState::Deposit,
        MoneyState::Paid,
        MoneyState::Overpaid,
        MoneyState::Refunded,
    ];
    keys.extend(money.map(|state| format!("money-{}", state.code())));
    keys.extend(DONE.map(|done| format!("done-{done}")));
    keys.extend(refusals().map(|refusal| refusal.text_key().to_owned()));
    keys.extend(errors().map(|error| error.text_key().to_owned()));
    keys.extend(line_problems().map(|problem| problem.text_key().to_owned()));
    let in_short = ["sync-key-refused", "sync-incompatible"];
    keys.extend(in_short.map(|problem| format!("{problem}-short")));
    for key in keys {
        assert!(known.contains(key.as_str()), "no text {key}");
    }
}

fn refusals() -> [Refusal; 19] {
    [
        Refusal::NotAnOrder,
        Refusal::NothingOrdered,
        Refusal::NameMissing,
        Refusal::TooManyItems,
        Refusal::TooLong("note"),
        Refusal::ReasonMissing,
        Refusal::Amount,
        Refusal::Currency,
        Refusal::RefundExceedsPaid,
        Refusal::Cancelled,
        Refusal::HandedOut,
        Refusal::NoSuchItem,
        Refusal::NoSuchService,
        Refusal::NoSuchPriority,
        Refusal::NoSuchBranch,
        Refusal::NoPrice,
        Refusal::NothingToSettle,
        Refusal::PromisedBeforeReceived,
        Refusal::AlreadySo,
    ]
}

fn errors() -> [crate::counter::CounterError; 11] {
    use crate::counter::CounterError as Error;
    [
        Error::NotFound,
        Error::SignedOut,
        Error::CannotSignIn,
        Error::WrongPin { tries_left: 1 },
        Error::Locked,
        Error::OwnLock,
        Error::NotAllowed,
        Error::NotReady,
        Error::NotSaved(String::new()),
        Error::Lists(String::new()),
        Error::Stopping,
    ]
}

fn line_problems() -> [crate::counter::LineProblem; 6] {
    use crate::counter::LineProblem;
    [
        LineProblem::Unreachable,
        LineProblem::TimedOut,
        LineProblem::Revoked,
        LineProblem::Incompatible { protocol: 2 },
        LineProblem::HubFault { status: 500 },
        LineProblem::Nonsense(String::new()),
    ]
}

#[test]
fn no_page_needs_an_inline_script_or_style() {
    for (file, source) in sources().into_iter().filter(|(file, _)| {
        Path::new(file)
            .extension()
            .is_some_and(|kind| kind == "html")
    }) {
        for forbidden in ["style=\"", "onclick=", "onsubmit=", "javascript:", "<style"] {
            assert!(
                !source.contains(forbidden),
                "{file} has {forbidden}, which the pages' policy refuses"
            );
        }
        for script in source.split("<script").skip(1) {
            assert!(
                script.starts_with("src=\"{{layout.script_url"),
                "{file} has an inline script"
            );
        }
    }
}

#[test]
fn routes_are_listed_once() {
    let distinct: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| (route.method, route.path))
        .collect();
    assert_eq!(distinct.len(), ROUTES.len());
}
