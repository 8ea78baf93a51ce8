//! The icons: one sprite that a page carries once, and references into it.
//!
//! Drawn for this product on a 24 unit grid with 2 unit strokes. An icon never stands without its
//! word, so all of them are hidden from screen readers.

/// A reference to the icon `name` of [`SPRITE`], to be put before its word.
///
/// `name` is the `id` in the sprite without its `i-`; an unknown name draws nothing.
pub fn icon(name: &str) -> String {
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if is_plain {
        format!("<svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-{name}\"/></svg>")
    } else {
        String::new()
    }
}

/// The product's mark, drawn in the ink of the page.
pub const BRAND_MARK: &str = concat!(
    r##"<svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" fill="#13211f"/>"##,
    r##"<path d="M4 23 12.5 9l4.2 6.6L19.5 12 28 23" fill="none" stroke="#fff" stroke-width="2.6" stroke-linejoin="round" stroke-linecap="round"/>"##,
    r##"<path d="M6 27h13.5l3.5-2-3.5-2H6z" fill="#ffcf24"/></svg>"##
);

/// All icons. A page puts this once at the start of its body.
pub const SPRITE: &str = concat!(
    r#"<svg width="0" height="0" hidden aria-hidden="true">"#,
    r#"<symbol id="i-search" viewBox="0 0 24 24"><circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5"/></symbol>"#,
    r#"<symbol id="i-plus" viewBox="0 0 24 24"><path d="M12 5v14M5 12h14"/></symbol>"#,
    r#"<symbol id="i-check" viewBox="0 0 24 24"><path d="m4.5 12.5 5 5 10-11"/></symbol>"#,
    r#"<symbol id="i-cross" viewBox="0 0 24 24"><path d="m6 6 12 12M18 6 6 18"/></symbol>"#,
    r#"<symbol id="i-inbox" viewBox="0 0 24 24"><path d="M4 13v5.500h16V13l-3-8.500H7zM4 13h5c0 4 6 4 6 0h5"/></symbol>"#,
    r#"<symbol id="i-tool" viewBox="0 0 24 24"><path d="M14.5 6.500a4 4 0 0 1 5-2l-2.5 3 .5 2 2 .5 2.3-2a4.2 4.2 0 0 1-6.3 4.500L8 20a2.1 2.1 0 0 1-3.5-3z"/></symbol>"#,
    r#"<symbol id="i-ready" viewBox="0 0 24 24"><circle cx="12" cy="12" r="8.5"/><path d="m8 12.2 3 3 5.2-6"/></symbol>"#,
    r#"<symbol id="i-blocked" viewBox="0 0 24 24"><path d="M8.3 3.500h7.400l4.8 4.800v7.400l-4.8 4.800H8.300l-4.8-4.800V8.300zM12 7.500v5.500M12 16.400v.2"/></symbol>"#,
    r#"<symbol id="i-cancelled" viewBox="0 0 24 24"><circle cx="12" cy="12" r="8.5"/><path d="m6 18 12-12"/></symbol>"#,
    r#"<symbol id="i-handed-out" viewBox="0 0 24 24"><path d="M3 12h11M10 7.500l4.5 4.5-4.5 4.500M14 4.500h6v15h-6"/></symbol>"#,
    r#"<symbol id="i-clock" viewBox="0 0 24 24"><circle cx="12" cy="12" r="8.5"/><path d="M12 7v5.200l3.5 2"/></symbol>"#,
    r#"<symbol id="i-warning" viewBox="0 0 24 24"><path d="M12 4 2.8 20h18.400zM12 10v4.500M12 17.300v.2"/></symbol>"#,
    r#"<symbol id="i-info" viewBox="0 0 24 24"><circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.500M12 7.500v.2"/></symbol>"#,
    r#"<symbol id="i-conflict" viewBox="0 0 24 24"><path d="M12 21v-7M12 14 5 7M12 14l7-7M5 12V7h5M14 7h5v5"/></symbol>"#,
    r#"<symbol id="i-saved" viewBox="0 0 24 24"><path d="M5 4h11l3 3v13H5zM8 4v5h7V4M8 20v-6h8v6"/></symbol>"#,
    r#"<symbol id="i-office" viewBox="0 0 24 24"><path d="M4 20.500V5l9-2v17.500M13 9l7 2v9.500M2.5 20.500h19M7 8.500h3M7 12h3M7 15.500h3M16 14h1.500M16 17h1.5"/></symbol>"#,
    r#"<symbol id="i-offline" viewBox="0 0 24 24"><path d="M3 3.5 20.5 21M8 17.500H7a4.5 4.5 0 0 1-.5-9M10 6a6 6 0 0 1 7.5 4.5 3.7 3.7 0 0 1 2.7 5.8"/></symbol>"#,
    r#"<symbol id="i-sync" viewBox="0 0 24 24"><path d="M4.5 10a8 8 0 0 1 14-3.500L20 8M20 3.500V8h-4.500M19.5 14a8 8 0 0 1-14 3.500L4 16M4 20.500V16h4.5"/></symbol>"#,
    r#"<symbol id="i-person" viewBox="0 0 24 24"><circle cx="12" cy="8" r="4"/><path d="M4.5 20.500c.5-5 3.5-7 7.5-7s7 2 7.5 7"/></symbol>"#,
    r#"<symbol id="i-phone" viewBox="0 0 24 24"><path d="M5 4h4l1.5 5-2.3 1.500a11 11 0 0 0 5.3 5.300l1.5-2.3 5 1.500v4c0 1-1 1.5-2 1.500C10 20 4 14 3.5 6c0-1 .5-2 1.5-2z"/></symbol>"#,
    r#"<symbol id="i-mail" viewBox="0 0 24 24"><path d="M3.5 5.500h17v13h-17zM4 6l8 7 8-7"/></symbol>"#,
    r#"<symbol id="i-skis" viewBox="0 0 24 24"><path d="M8 21V5c0-1.5 1-2.5 1-2.500S10 3.5 10 5v16zM14 21V5c0-1.5 1-2.5 1-2.500s1 1 1 2.500v16zM6.5 13h5M12.5 13h5"/></symbol>"#,
    r#"<symbol id="i-money" viewBox="0 0 24 24"><path d="M3 6.500h18v11H3z"/><circle cx="12" cy="12" r="2.7"/><path d="M6.5 12h.1M17.4 12h.1"/></symbol>"#,
    r#"<symbol id="i-ticket" viewBox="0 0 24 24"><path d="M3.5 7h17v3.200a2 2 0 0 0 0 3.600V17h-17v-3.200a2 2 0 0 0 0-3.600zM14 7.500v1M14 11.500v1M14 15.500v1"/></symbol>"#,
    r#"<symbol id="i-print" viewBox="0 0 24 24"><path d="M7 8V3.500h10V8M7 17H4V8h16v9h-3M7 13.500h10v7H7z"/></symbol>"#,
    r#"<symbol id="i-edit" viewBox="0 0 24 24"><path d="m4 20 1-4.500L16.5 4 20 7.5 8.5 19zM14 6.5 17.5 10"/></symbol>"#,
    r#"<symbol id="i-undo" viewBox="0 0 24 24"><path d="M8.5 5 4 9.5 8.5 14M4.5 9.500H14a5.5 5.5 0 0 1 0 11h-3"/></symbol>"#,
    r#"<symbol id="i-comment" viewBox="0 0 24 24"><path d="M4 5h16v11.500h-9L7 20.500v-4H4z"/></symbol>"#,
    r#"<symbol id="i-lock" viewBox="0 0 24 24"><path d="M5.5 10.500h13v10h-13zM8 10.500V8a4 4 0 0 1 8 0v2.500M12 14.500v2"/></symbol>"#,
    r#"<symbol id="i-out" viewBox="0 0 24 24"><path d="M13 4H5v16h8M10 12h10.500M17 8.500l3.5 3.5-3.5 3.5"/></symbol>"#,
    r#"<symbol id="i-list" viewBox="0 0 24 24"><path d="M8.5 6.500H20M8.5 12H20M8.5 17.500H20M4 6.500h.5M4 12h.5M4 17.500h.5"/></symbol>"#,
    r#"<symbol id="i-chart" viewBox="0 0 24 24"><path d="M4 3.500V20h16.500M8.5 16.500V12M13 16.500V7M17.5 16.500v-6"/></symbol>"#,
    r#"<symbol id="i-branch" viewBox="0 0 24 24"><path d="M12 21s-7-6.5-7-11.500a7 7 0 0 1 14 0C19 14.5 12 21 12 21z"/><circle cx="12" cy="9.5" r="2.5"/></symbol>"#,
    r#"<symbol id="i-van" viewBox="0 0 24 24"><path d="M2.5 6h12v11h-12zM14.5 9.500h4l3 3.500v4h-7z"/><circle cx="7" cy="17.5" r="2"/><circle cx="17.5" cy="17.5" r="2"/></symbol>"#,
    r#"<symbol id="i-rack" viewBox="0 0 24 24"><path d="M3.5 21V3.500M20.5 21V3.500M3.5 8.500h17M3.5 17h17M8 8.500v8M12 8.500v8M16 8.500v8"/></symbol>"#,
    r#"<symbol id="i-quarantine" viewBox="0 0 24 24"><path d="M4 8h16v12.500H4zM2.5 4h19v4h-19zM9.5 12.500l5 5M14.5 12.500l-5 5"/></symbol>"#,
    r#"<symbol id="i-download" viewBox="0 0 24 24"><path d="M12 3.500v11.500M7.5 11 12 15.500l4.5-4.500M4 20h16"/></symbol>"#,
    r#"<symbol id="i-gear" viewBox="0 0 24 24"><circle cx="12" cy="12" r="3"/><path d="M12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.600l2.2 2.200M16.2 16.200l2.2 2.200M18.4 5.600l-2.2 2.200M7.8 16.200l-2.2 2.2"/></symbol>"#,
    r#"<symbol id="i-arrow" viewBox="0 0 24 24"><path d="M4 12h15.500M13.5 6l6 6-6 6"/></symbol>"#,
    r#"<symbol id="i-trash" viewBox="0 0 24 24"><path d="M4 6.500h16M9 6V3.500h6V6M6 6.500l1 14h10l1-14M10 10.500v6M14 10.500v6"/></symbol>"#,
    "</svg>"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_is_well_formed_and_has_its_own_name() {
        let names: Vec<&str> = SPRITE
            .split("id=\"i-")
            .skip(1)
            .filter_map(|rest| rest.split_once('"').map(|(name, _)| name))
            .collect();
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(names.len(), distinct.len());
        assert!(names.len() > 30);
        assert_eq!(
            SPRITE.matches("<symbol").count(),
            SPRITE.matches("</symbol>").count()
        );
        for name in names {
            assert!(icon(name).contains(&format!("#i-{name}")));
        }
    }

    #[test]
    fn a_name_cannot_break_out_of_the_reference() {
        assert_eq!(icon("\"><script>"), "");
    }
}
