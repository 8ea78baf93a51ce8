//! A browser without a window: keeps its cookies, sends forms from the page's own origin.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use tower::ServiceExt as _;

use crate::counter::Counter;
use crate::ui;

/// A page as it came.
pub(super) struct Page {
    pub(super) status: StatusCode,
    /// Where it leads; empty when it is shown.
    pub(super) location: String,
    pub(super) html: String,
}

impl Page {
    /// The value of the first field of this name.
    pub(super) fn value_of(&self, name: &str) -> &str {
        let (_, after) = self
            .html
            .split_once(&format!("name=\"{name}\" value=\""))
            .unwrap_or_else(|| panic!("no field {name} in {}", self.html));
        after.split('"').next().expect("a value ends with a quote")
    }
}

/// Somebody at a browser.
pub(super) struct Visitor {
    router: Router,
    cookies: String,
    language: &'static str,
}

impl Visitor {
    /// Opens a browser at a branch.
    pub(super) fn at(counter: Counter) -> Self {
        Self {
            router: ui::router(counter),
            cookies: String::new(),
            language: "de",
        }
    }

    /// The same person, reading another language.
    pub(super) fn reading(&self, language: &'static str) -> Self {
        Self {
            router: self.router.clone(),
            cookies: self.cookies.clone(),
            language,
        }
    }

    /// Opens a page.
    pub(super) async fn open(&self, path: &str) -> Page {
        let request = self.request("GET", path).body(Body::empty());
        page(self.answer(request.expect("a request")).await).await
    }

    /// Sends a form, without following where it leads.
    pub(super) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send_from("http://branch.test", path, fields).await
    }

    /// Sends a form that a page of `origin` holds.
    pub(super) async fn send_from(
        &self,
        origin: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        let body: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
            .collect();
        let request = self
            .request("POST", path)
            .header(header::ORIGIN, origin)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.join("&")));
        page(self.answer(request.expect("a request")).await).await
    }

    /// Signs in by name and PIN and keeps the session's cookie.
    pub(super) async fn sign_in(&mut self, who: &str, pin: &str) -> Page {
        let body = format!("who={who}&pin={pin}&next=/today");
        let request = self
            .request("POST", "/sign-in")
            .header(header::ORIGIN, "http://branch.test")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body));
        let answer = self.answer(request.expect("a request")).await;
        if let Some(cookie) = answer.headers().get(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("ASCII");
            assert!(
                cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
                "{cookie}"
            );
            self.cookies = cookie.split(';').next().unwrap_or_default().to_owned();
        }
        page(answer).await
    }

    fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "branch.test")
            .header(header::ACCEPT_LANGUAGE, self.language)
            .header(header::COOKIE, &self.cookies)
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        self.router
            .clone()
            .oneshot(request)
            .await
            .expect("a router always answers")
    }
}

async fn page(answer: Response<Body>) -> Page {
    const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;
    let location = answer.headers().get(header::LOCATION);
    let location = location
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), MAX_PAGE_BYTES)
        .await
        .expect("a page of ours");
    Page {
        status,
        location,
        html: String::from_utf8_lossy(&body).into_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
