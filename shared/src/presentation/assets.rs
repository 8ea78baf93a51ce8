//! The style sheet and the script of all pages, compiled in.
//!
//! Each is served below `/assets/` with the content hash in its address, so that a browser may keep
//! it for ever and still sees the new one after an upgrade.

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// One file that pages refer to.
#[derive(Debug)]
pub struct Asset {
    /// The file's name below `/assets/`.
    pub name: &'static str,
    /// The value of the `Content-Type` header.
    pub content_type: &'static str,
    /// The file's content.
    pub bytes: &'static [u8],
    version: LazyLock<String>,
}

impl Asset {
    /// The first 12 hexadecimal digits of the content's SHA-256.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The address to put into a page: `/assets/offpiste.css?v=0123456789ab`.
    pub fn url(&self) -> String {
        format!("/assets/{}?v={}", self.name, self.version())
    }
}

/// The design system.
pub static STYLE: Asset = Asset {
    name: "offpiste.css",
    content_type: "text/css; charset=utf-8",
    bytes: include_bytes!("../../assets/offpiste.css"),
    version: LazyLock::new(|| hash(include_bytes!("../../assets/offpiste.css"))),
};

/// The progressive enhancement.
pub static SCRIPT: Asset = Asset {
    name: "offpiste.js",
    content_type: "text/javascript; charset=utf-8",
    bytes: include_bytes!("../../assets/offpiste.js"),
    version: LazyLock::new(|| hash(include_bytes!("../../assets/offpiste.js"))),
};

/// The mark in the browser's tab.
pub static ICON: Asset = Asset {
    name: "offpiste.svg",
    content_type: "image/svg+xml",
    bytes: include_bytes!("../../assets/offpiste.svg"),
    version: LazyLock::new(|| hash(include_bytes!("../../assets/offpiste.svg"))),
};

/// All assets; nothing else is served below `/assets/`.
pub static ALL: [&Asset; 3] = [&STYLE, &SCRIPT, &ICON];

/// How long a browser may keep an asset; its address changes with its content.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// What a page may load: its own origin only, nothing inline.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The asset of that name, if there is one.
pub fn find(name: &str) -> Option<&'static Asset> {
    ALL.into_iter().find(|asset| asset.name == name)
}

fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let head = digest
        .iter()
        .take(6)
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{head:012x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_is_found_by_the_name_in_its_address() {
        for asset in ALL {
            let url = asset.url();
            let name = url
                .strip_prefix("/assets/")
                .and_then(|rest| rest.split_once("?v="))
                .map(|(name, _)| name)
                .expect("an address below /assets/ with a version");
            assert_eq!(find(name).map(|found| found.bytes), Some(asset.bytes));
            assert_eq!(asset.version().len(), 12);
        }
        assert!(find("../Cargo.toml").is_none());
    }

    #[test]
    fn nothing_in_the_assets_loads_from_elsewhere() {
        for asset in ALL {
            let text = std::str::from_utf8(asset.bytes).expect("assets are text");
            for line in text.lines().filter(|line| !line.contains("xmlns=")) {
                assert!(
                    !line.contains("//cdn")
                        && !line.contains("https:")
                        && !line.contains("@import"),
                    "{line}"
                );
            }
        }
    }
}
