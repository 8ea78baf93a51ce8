//! The order page: three axes, what may be done next, money, pieces.

use shared::domain::{Custody, Order, PaymentMethod, Phase};
use shared::id::BranchId;
use shared::presentation::format;
use shared::presentation::page::{
    Badge, ConflictView, Due, Entry, Fact, Seen, Words, conflict_views, custody_icon, gone_words,
    item_label, line_label, spoken_number, timeline,
};

use super::{Phone, phone};
use crate::counter::OrderDetails;

/// Everything the order page shows.
pub(crate) struct OrderView {
    pub(crate) href: String,
    pub(crate) number: String,
    pub(crate) legacy_number: Option<String>,
    pub(crate) name: String,
    pub(crate) customer_href: Option<String>,
    pub(crate) phone: Option<Phone>,
    pub(crate) status: Badge,
    pub(crate) due: Due,
    pub(crate) custody: String,
    pub(crate) money_tag: Badge,
    pub(crate) saved: Saved,
    pub(crate) progress: Vec<ProgressStep>,
    pub(crate) steps: Vec<WorkStep>,
    pub(crate) may: May,
    pub(crate) hand_out_is_way: bool,
    pub(crate) hand_out_warning: Option<String>,
    pub(crate) places: Vec<Place>,
    pub(crate) items: Vec<ItemView>,
    pub(crate) items_words: String,
    pub(crate) money: MoneyView,
    pub(crate) note: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) timeline: Vec<Entry>,
    pub(crate) conflicts: Vec<ConflictView>,
    /// That it, or a line of it, is missing in the legacy database.
    pub(crate) gone: Option<String>,
}

/// Where this order is safe.
#[derive(Clone)]
pub(crate) struct Saved {
    /// Here, at the office, at other branches: in this order.
    pub(crate) stations: Vec<Badge>,
    /// What is not as it should be, in a sentence.
    pub(crate) words: Option<String>,
}

/// What the page offers. The commands decide again; this only leaves out what would be refused.
pub(crate) struct May {
    pub(crate) edit: bool,
    pub(crate) work: bool,
    pub(crate) block: bool,
    pub(crate) pay: bool,
    pub(crate) refund: bool,
    pub(crate) hand_out: bool,
    pub(crate) move_pieces: bool,
    pub(crate) take_back: bool,
    pub(crate) cancel: bool,
}

/// One station of an order's way.
pub(crate) struct ProgressStep {
    pub(crate) class: &'static str,
    pub(crate) words: String,
    pub(crate) is_now: bool,
}

/// A change of status that is one tap away.
pub(crate) struct WorkStep {
    pub(crate) to: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) words: String,
    pub(crate) key: Option<&'static str>,
    pub(crate) is_way: bool,
}

/// Where pieces may be sent.
pub(crate) struct Place {
    pub(crate) code: String,
    pub(crate) words: String,
}

/// One piece.
pub(crate) struct ItemView {
    pub(crate) key: String,
    pub(crate) label: String,
    pub(crate) tag: Option<String>,
    pub(crate) custody: String,
    pub(crate) custody_icon: &'static str,
    pub(crate) is_here: bool,
    pub(crate) lines: Vec<LineView>,
}

/// One service and its price.
pub(crate) struct LineView {
    pub(crate) name: String,
    pub(crate) price: String,
}

/// The money panel.
pub(crate) struct MoneyView {
    pub(crate) total: String,
    pub(crate) vat: Option<VatLine>,
    pub(crate) payments: Vec<PaymentLine>,
    pub(crate) due_words: String,
    pub(crate) due: String,
    pub(crate) suggested: String,
    pub(crate) refundable: String,
    pub(crate) is_owed_back: bool,
    pub(crate) methods: Vec<MethodView>,
}

/// The VAT contained in the total.
pub(crate) struct VatLine {
    pub(crate) words: String,
    pub(crate) amount: String,
}

/// One payment, and what cash rounding added to it.
pub(crate) struct PaymentLine {
    pub(crate) words: String,
    pub(crate) amount: String,
    pub(crate) rounding: Option<String>,
}

/// A way to pay.
pub(crate) struct MethodView {
    pub(crate) code: &'static str,
    pub(crate) words: String,
    pub(crate) note: Option<String>,
    pub(crate) is_chosen: bool,
}

impl OrderView {
    /// The page of an order.
    pub(crate) fn of(seen: &Seen, details: &OrderDetails, may_serve: bool) -> Self {
        let order = &details.order;
        let href = format!("/orders/{}", order.id);
        let may = may(order, may_serve);
        let is_done = order.status.phase == Phase::Done;
        Self {
            number: spoken_number(order.ticket.as_deref(), &order.number()),
            legacy_number: order
                .legacy_number
                .clone()
                .filter(|_| order.ticket.is_some()),
            name: seen.name_at_intake(order),
            customer_href: order
                .customer
                .map(|customer| format!("/customers/{customer}")),
            phone: phone(seen, &order.contact),
            status: seen.status(&order.status, order.is_handed_out()),
            due: seen.due(order.promised_on, order.status.phase.is_unfinished()),
            custody: seen.custody_of_all(order),
            money_tag: seen.money_state(order.money_state()),
            saved: super::sync::saved(seen, details),
            progress: progress(seen, order),
            steps: work_steps(seen, order),
            hand_out_is_way: is_done && may.hand_out && order.owed().minor <= 0,
            hand_out_warning: hand_out_warning(seen, order),
            places: places(seen),
            items: order
                .items
                .iter()
                .map(|item| item_view(seen, item))
                .collect(),
            items_words: seen.words.with("count-items", "count", order.items.len()),
            money: money_view(seen, order),
            note: order.note.clone(),
            reason: order.reason.clone(),
            facts: facts(seen, order),
            timeline: timeline(seen, order),
            gone: gone_words(seen, order),
            conflicts: conflict_views(seen, Some(order), &details.conflicts, &href, ""),
            may,
            href,
        }
    }
}

/// VAT contained in an order's total, as a line.
pub(crate) fn vat_line(words: Words, order: &Order) -> Option<VatLine> {
    let basis_points = order.vat_basis_points?;
    let rate = if basis_points % 100 == 0 {
        (basis_points / 100).to_string()
    } else {
        let tenths = format!("{}.{:02}", basis_points / 100, basis_points % 100);
        tenths.trim_end_matches('0').to_owned()
    };
    // Switzerland writes MWST, Germany MwSt.
    let key = if order.currency.as_str() == "EUR" {
        "ticket-vat-included-eur"
    } else {
        "ticket-vat-included"
    };
    Some(VatLine {
        words: words.with(key, "rate", rate),
        amount: money_of(order, order.vat_contained()?.minor),
    })
}

/// An amount in the order's currency.
pub(crate) fn money_of(order: &Order, minor_units: i64) -> String {
    format::money(minor_units, order.currency.as_str())
}

/// `may_serve` is whether the reader does counter work besides workshop work.
fn may(order: &Order, may_serve: bool) -> May {
    let phase = order.status.phase;
    let is_cancelled = phase == Phase::Cancelled;
    let has_pieces_here = order
        .items
        .iter()
        .any(|item| item.custody != Custody::Customer);
    let has_pieces_out = order
        .items
        .iter()
        .any(|item| item.custody == Custody::Customer);
    May {
        edit: may_serve && !is_cancelled && !order.erased,
        work: has_pieces_here || was_changed(order),
        block: matches!(phase, Phase::Open | Phase::InWork),
        pay: may_serve && !is_cancelled && order.owed().minor > 0,
        refund: may_serve && order.paid().minor > 0,
        hand_out: may_serve && has_pieces_here,
        move_pieces: has_pieces_here && !is_cancelled,
        take_back: may_serve && has_pieces_out && !is_cancelled,
        cancel: may_serve && !is_cancelled && !(order.is_handed_out() && phase == Phase::Done),
    }
}

/// Whether there is a change of status to take back.
fn was_changed(order: &Order) -> bool {
    order
        .timeline
        .iter()
        .any(|event| event.kind.as_str() == shared::domain::fields::event::STATUS)
}

fn progress(seen: &Seen, order: &Order) -> Vec<ProgressStep> {
    let phase = order.status.phase;
    if phase == Phase::Cancelled {
        return vec![
            ProgressStep {
                class: "is-done",
                words: seen.words.text("received"),
                is_now: false,
            },
            ProgressStep {
                class: "is-bad",
                words: seen.words.text("status-cancelled"),
                is_now: true,
            },
        ];
    }
    let reached = match phase {
        Phase::Open | Phase::Cancelled => 0,
        Phase::InWork | Phase::Blocked => 1,
        Phase::Done if order.is_handed_out() => 3,
        Phase::Done => 2,
    };
    let middle = if phase == Phase::Blocked {
        "status-blocked"
    } else {
        "status-in_work"
    };
    ["received", middle, "status-done", "status-handed-out"]
        .into_iter()
        .enumerate()
        .map(|(index, key)| ProgressStep {
            class: match index {
                index if index == reached && phase == Phase::Blocked => "is-bad",
                index if index == reached && index < 3 => "is-now",
                index if index <= reached => "is-done",
                _ => "",
            },
            words: seen.words.text(key),
            is_now: index == reached,
        })
        .collect()
}

fn work_steps(seen: &Seen, order: &Order) -> Vec<WorkStep> {
    let step = |to, icon, key_of_text: &str, key, is_way| WorkStep {
        to,
        icon,
        words: seen.words.text(key_of_text),
        key,
        is_way,
    };
    let mut steps = match order.status.phase {
        Phase::Open => vec![
            step(Phase::InWork.code(), "tool", "work-start", Some("s"), true),
            step(Phase::Done.code(), "ready", "work-finish", Some("f"), false),
        ],
        Phase::InWork => vec![step(
            Phase::Done.code(),
            "ready",
            "work-finish",
            Some("f"),
            true,
        )],
        Phase::Blocked => vec![step(
            Phase::InWork.code(),
            "tool",
            "work-resume",
            Some("s"),
            true,
        )],
        Phase::Done | Phase::Cancelled => Vec::new(),
    };
    if was_changed(order) {
        steps.push(step(UNDO, "undo", "work-undo", Some("u"), false));
    }
    steps
}

/// What the form sends instead of a status to take the last change back.
pub(crate) const UNDO: &str = "undo";

fn hand_out_warning(seen: &Seen, order: &Order) -> Option<String> {
    let phase = order.status.phase;
    if phase.is_unfinished() {
        Some(seen.words.text("hand-out-unfinished"))
    } else if order.owed().minor > 0 {
        Some(seen.words.with(
            "hand-out-unpaid",
            "amount",
            money_of(order, order.owed().minor),
        ))
    } else {
        None
    }
}

fn places(seen: &Seen) -> Vec<Place> {
    let here = seen.branch.into_iter().flat_map(|branch| {
        [
            Custody::Branch(branch),
            Custody::Workshop(branch),
            Custody::Rack(branch),
            Custody::Van,
        ]
    });
    let others = seen
        .catalogue
        .branches
        .iter()
        .filter(|branch| branch.active && Some(branch.id) != seen.branch)
        .map(|branch| Custody::Branch(branch.id));
    here.chain(others)
        .map(|custody| Place {
            code: custody.code(),
            words: seen.custody(&custody),
        })
        .collect()
}

fn item_view(seen: &Seen, item: &shared::domain::Item) -> ItemView {
    ItemView {
        key: item.key.clone(),
        label: item_label(seen.words, item),
        tag: item.tag.clone(),
        custody: seen.custody(&item.custody),
        custody_icon: custody_icon(&item.custody),
        is_here: item.custody != Custody::Customer,
        lines: item
            .lines
            .iter()
            .map(|line| LineView {
                name: line_label(seen.words, line),
                price: format::money(line.price.minor, line.price.currency.as_str()),
            })
            .collect(),
    }
}

fn money_view(seen: &Seen, order: &Order) -> MoneyView {
    let owed = order.owed().minor;
    let currency = order.currency.as_str();
    let is_owed_back = owed < 0;
    let refundable = if is_owed_back {
        -owed
    } else {
        order.paid().minor.max(0)
    };
    MoneyView {
        total: money_of(order, order.total().minor),
        vat: vat_line(seen.words, order),
        payments: order
            .payments
            .iter()
            .map(|payment| payment_line(seen, order, payment))
            .collect(),
        due_words: seen.words.text(if is_owed_back {
            "money-owed-back"
        } else {
            "money-due"
        }),
        due: money_of(order, owed.abs()),
        suggested: format::amount(owed.max(0), currency),
        refundable: format::amount(refundable, currency),
        is_owed_back,
        methods: methods(seen, order, owed.max(0)),
    }
}

fn payment_line(seen: &Seen, order: &Order, payment: &shared::domain::Payment) -> PaymentLine {
    let method = seen
        .words
        .text(&format!("method-{}", payment.method.code()));
    let key = if payment.amount.minor < 0 {
        "money-refunded-line"
    } else {
        "money-paid-line"
    };
    let moment = seen.moment(payment.at);
    PaymentLine {
        words: seen
            .words
            .with_all(key, &[("method", &method), ("moment", &moment)]),
        amount: money_of(order, payment.amount.minor.saturating_neg()),
        rounding: (payment.rounding.minor != 0).then(|| money_of(order, payment.rounding.minor)),
    }
}

fn methods(seen: &Seen, order: &Order, owed: i64) -> Vec<MethodView> {
    let currency = order.currency.as_str();
    PaymentMethod::ALL
        .into_iter()
        .filter(|method| *method != PaymentMethod::Other)
        .filter(|method| *method != PaymentMethod::Twint || currency == "CHF")
        .enumerate()
        .map(|(index, method)| MethodView {
            code: method.code(),
            words: seen.words.text(&format!("method-{}", method.code())),
            note: (method == PaymentMethod::Cash && format::cash_rounding(owed, currency) != 0)
                .then(|| format::money(format::cash_rounded(owed, currency), currency)),
            is_chosen: index == 0,
        })
        .collect()
}

fn facts(seen: &Seen, order: &Order) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut push = |key: &str, words: String| facts.push(seen.fact(key, words));
    if let Some(received_at) = order.received_at {
        push("received", seen.moment(received_at));
    }
    if let Some(promised_on) = order.promised_on {
        push(
            "promised",
            format::weekday_and_date(seen.words.language, promised_on),
        );
    }
    if let Some(priority) = &order.priority {
        push("priority", seen.priority_name(priority));
    }
    let place = |branch: Option<BranchId>| branch.map(|branch| seen.branch_name(branch));
    if let Some(home) = place(order.home) {
        push("branch", home);
    }
    if order.pickup != order.home
        && let Some(pickup) = place(order.pickup)
    {
        push("order-pickup-at", pickup);
    }
    if let Some(email) = &order.contact.email {
        push("email", email.clone());
    }
    facts
}
