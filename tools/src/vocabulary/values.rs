//! What a value means: a status, a priority, the name of a service.

use super::reduced;

/// The phase a legacy status most likely means: `open`, `in_work`, `blocked`, `done`, `cancelled`.
pub fn phase_of(status: &str) -> Option<&'static str> {
    const WORDS: [(&str, &[&str]); 5] = [
        (
            "cancelled",
            &[
                "storn",
                "cancel",
                "geloescht",
                "annull",
                "annul",
                "abgebrochen",
                "verworfen",
                "deleted",
            ],
        ),
        (
            "in_work",
            &[
                "inarbeit",
                "inbearbeitung",
                "inverarbeitung",
                "inprogress",
                "bearbeit",
                "encours",
                "inlavor",
                "angefangen",
                "gestartet",
                "processing",
                "laufend",
            ],
        ),
        (
            "blocked",
            &[
                "blockiert",
                "wartet",
                "blocked",
                "onhold",
                "pausiert",
                "rueckfrage",
                "bloque",
            ],
        ),
        (
            "done",
            &[
                "abgeschlossen",
                "abgschlossen",
                "abgeschloss",
                "fertig",
                "erledigt",
                "done",
                "complete",
                "closed",
                "abgeholt",
                "termine",
                "finito",
                "finished",
                "bezahlt",
                "shipped",
            ],
        ),
        (
            "open",
            &[
                "offen",
                "open",
                "pendent",
                "pending",
                "neu",
                "new",
                "eingegangen",
                "registriert",
                "angenommen",
                "ouvert",
                "aperto",
                "erfasst",
            ],
        ),
    ];
    let status = reduced(status);
    WORDS
        .into_iter()
        .find(|(_, words)| words.iter().any(|word| says(&status, word)))
        .map(|(phase, _)| phase)
}

/// Whether a reduced text says a word and not its contrary: what is `nicht bezahlt` or `incomplete` is not done.
fn says(text: &str, word: &str) -> bool {
    const NEGATIONS: [&str; 6] = ["nicht", "not", "non", "kein", "pas", "ohne"];
    // Before a word these are part of it: `unbezahlt`, `incomplete`.
    const PREFIXES: [&str; 2] = ["un", "in"];
    let Some(place) = text.find(word) else {
        return false;
    };
    let before = &text[..place];
    let is_negated = NEGATIONS.iter().any(|negation| before.contains(negation))
        || PREFIXES.iter().any(|prefix| before.ends_with(prefix));
    !is_negated
}

/// The priority a legacy word most likely means: `express`, `standard`, `low`.
pub fn priority_of(word: &str) -> Option<&'static str> {
    let word = reduced(word);
    let is = |words: &[&str]| words.iter().any(|known| says(&word, known));
    if is(&[
        "express", "expres", "hoch", "high", "dringend", "urgent", "schnell",
    ]) {
        Some("express")
    } else if is(&["tief", "niedrig", "low", "gering", "basse"]) || word == "bas" {
        Some("low")
    } else if is(&["standard", "standart", "normal", "mittel", "medium"]) {
        Some("standard")
    } else {
        None
    }
}

/// The service of the public baseline a legacy name most likely means, typos of the trade included.
pub fn service_of(name: &str) -> Option<&'static str> {
    const WORDS: [(&str, &[&str]); 6] = [
        (
            "small",
            &[
                "kleinerservice",
                "kleinservice",
                "smallservice",
                "petitservice",
            ],
        ),
        (
            "large",
            &[
                "grosserservice",
                "grossservice",
                "largeservice",
                "bigservice",
                "grandservice",
            ],
        ),
        ("race", &["rennski", "raceservice", "rennservice"]),
        ("binding", &["bindung", "bindug", "binding", "fixation"]),
        (
            "skin",
            &[
                "fellzu",
                "fellschn",
                "fellauf",
                "cutskin",
                "skincut",
                "peaux",
                "tagliopelli",
            ],
        ),
        (
            "wax",
            &["heisswachs", "heisswach", "hotwax", "fartage", "wachsen"],
        ),
    ];
    // What is lent to grown-ups (`Erwachsene`) is no waxing.
    const RENTED: [&str; 6] = ["miet", "verleih", "rental", "location", "noleggio", "leih"];
    let name = reduced(name);
    if RENTED.iter().any(|word| name.contains(word)) {
        return None;
    }
    let name = name.replace("erwachsen", "");
    WORDS
        .into_iter()
        .find(|(_, words)| words.iter().any(|word| name.contains(word)))
        .map(|(code, _)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_three_spellings_are_four_statuses() {
        let spellings = [
            (
                "open",
                &[
                    "Offen",
                    "offen ",
                    "OFFEN",
                    "PENDENT",
                    "Pendent",
                    "neu",
                    "Eingegangen",
                ] as &[&str],
            ),
            (
                "in_work",
                &[
                    "InArbeit",
                    "In Arbeit",
                    "In-Arbeit",
                    "in arbeit",
                    "In Verarbeitung",
                    "In Bearbeitung",
                    "IN_ARBEIT",
                ],
            ),
            (
                "done",
                &[
                    "abgeschlossen",
                    "Abgschlossen",
                    "Abgeschlossen",
                    "Fertig",
                    "ERLEDIGT",
                    "abgeholt",
                ],
            ),
            ("cancelled", &["storniert", "Storniert", "Gelöscht"]),
        ];
        assert_eq!(
            spellings
                .iter()
                .map(|(_, words)| words.len())
                .sum::<usize>(),
            23
        );
        for (phase, words) in spellings {
            for word in words {
                assert_eq!(phase_of(word), Some(phase), "{word}");
            }
        }
        assert_eq!(phase_of("Mittwoch"), None);
        for contrary in [
            "nicht bezahlt",
            "unbezahlt",
            "noch nicht abgeholt",
            "not finished",
            "unfinished",
            "incomplete",
            "pas terminé",
            "nicht mehr offen",
        ] {
            assert_eq!(phase_of(contrary), None, "{contrary}");
        }
    }

    #[test]
    fn a_word_inside_another_one_says_nothing() {
        assert_eq!(service_of("Skimiete Erwachsene"), None);
        assert_eq!(service_of("Abo Erwachsene"), None);
        assert_eq!(service_of("Ski wachsen"), Some("wax"));
        assert_eq!(service_of("Rennski-Miete"), None);
        assert_eq!(priority_of("Basel"), None);
        assert_eq!(priority_of("nicht dringend"), None);
        assert_eq!(priority_of("basse"), Some("low"));
    }
}
