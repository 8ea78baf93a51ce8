//! Invented people and places' real postcodes. Nobody of these names is meant.

pub(super) const FIRST_NAMES: [&str; 24] = [
    "Anna", "Beat", "Corsin", "Daria", "Elio", "Flurina", "Gian", "Hanna", "Ivo", "Jürg", "Kaja",
    "Lena", "Men", "Nadia", "Orlando", "Petra", "Ramona", "Selina", "Tim", "Urs", "Vera", "Werner",
    "Xenia", "Zoé",
];

pub(super) const LAST_NAMES: [&str; 24] = [
    "Arpagaus",
    "Bühler",
    "Caduff",
    "Däscher",
    "Egli",
    "Frühling",
    "Gübeli",
    "Hösli",
    "Imhof",
    "Jäger",
    "Kühne",
    "Läubli",
    "Müller",
    "Nüssli",
    "Ochsner",
    "Pfäffli",
    "Quinter",
    "Rüegg",
    "Schöpf",
    "Tönz",
    "Ulmer",
    "Vögeli",
    "Wäspi",
    "Zgraggen",
];

pub(super) const STREETS: [&str; 10] = [
    "Bahnhofstrasse",
    "Bergweg",
    "Dorfstrasse",
    "Gäuggelistrasse",
    "Höhenweg",
    "Promenade",
    "Seestrasse",
    "Talstrasse",
    "Via Nova",
    "Wiesenweg",
];

pub(super) const TOWNS: [(&str, &str); 8] = [
    ("7000", "Chur"),
    ("7260", "Davos Dorf"),
    ("7270", "Davos Platz"),
    ("7050", "Arosa"),
    ("7302", "Landquart"),
    ("8750", "Glarus"),
    ("8001", "Zürich"),
    ("9000", "St. Gallen"),
];

pub(super) const PIECES: [&str; 8] = [
    "Atomic Redster 168",
    "Head Supershape 163",
    "Rossignol Hero 172",
    "Stöckli Laser 170",
    "Völkl Racetiger 165",
    "Burton Custom 158",
    "Nordica Enforcer 179",
    "K2 Mindbender 184",
];
