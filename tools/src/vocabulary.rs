//! The words legacy databases use for tables, columns and values, in the four languages of the trade, typos included.
//!
//! Used to *propose*: what a word suggests is written into the plan with its confidence, and a person decides.

mod columns;
mod values;

pub use columns::{Confidence, Meaning, meaning_of};
pub use values::{phase_of, priority_of, service_of};

/// A name reduced to what carries meaning: lower case, umlauts written out, nothing but letters and digits.
pub fn reduced(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for sign in name.chars().flat_map(char::to_lowercase) {
        match sign {
            'ä' => out.push_str("ae"),
            'ö' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            'à' | 'á' | 'â' => out.push('a'),
            'è' | 'é' | 'ê' | 'ë' => out.push('e'),
            'ì' | 'í' | 'î' => out.push('i'),
            'ò' | 'ó' | 'ô' => out.push('o'),
            'ù' | 'ú' | 'û' => out.push('u'),
            'ç' => out.push('c'),
            sign if sign.is_alphanumeric() => out.push(sign),
            _ => {}
        }
    }
    out
}

/// Whether a table of this name may hold orders.
pub fn is_orders_table(name: &str) -> bool {
    const WORDS: [&str; 20] = [
        "auftrag",
        "auftraeg",
        "order",
        "bestell",
        "serviceauftr",
        "registr",
        "registration",
        "reparatur",
        "repair",
        "ticket",
        "anmeldung",
        "invoice",
        "rechnung",
        "commande",
        "ordine",
        "ordini",
        "buchung",
        "booking",
        "annahme",
        "job",
    ];
    let reduced = reduced(name);
    WORDS.iter().any(|word| reduced.contains(word))
}

/// Whether two names differ only in number: `kunde` and `Kunden`, `status` and `statuses`, `Auftrag` and `Aufträge`.
pub fn same_stem(left: &str, right: &str) -> bool {
    let right = stems(right);
    stems(left).iter().any(|stem| right.contains(stem))
}

/// What a name can be the plural of, itself included.
fn stems(name: &str) -> Vec<String> {
    let name = reduced(name).replace("aeg", "ag");
    let prefixed = name.strip_prefix("tbl").filter(|rest| rest.len() >= 4);
    let name = prefixed.unwrap_or(&name).to_owned();
    let mut stems = Vec::new();
    for ending in ["en", "es", "er", "e", "n", "s"] {
        stems.extend(
            name.strip_suffix(ending)
                .filter(|rest| rest.len() >= 4)
                .map(str::to_owned),
        );
    }
    stems.extend(name.strip_suffix("ies").map(|rest| format!("{rest}y")));
    stems.push(name);
    stems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_and_plural_are_one() {
        for (left, right) in [
            ("Kunde", "Kunden"),
            ("Auftrag", "Aufträge"),
            ("service", "Services"),
            ("Category", "Categories"),
        ] {
            assert!(same_stem(left, right), "{left} {right}");
        }
        assert!(!same_stem("Order", "Order Details"));
    }
}
