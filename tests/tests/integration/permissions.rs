//! Every route of both servers, from the tables that their routers are built from, with and without permission.

use anyhow::{Context, Result, ensure};
use client::{api, ui};
use reqwest::{Client, Method, RequestBuilder, StatusCode, header};
use server::Permission;
use tests::firm::Firm;
use tests::http_client;

/// Stands where a path has a parameter; nothing has this id.
const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

/// Routes that hold a request open; for them, being let in is answered by silence.
const STREAMS: [&str; 2] = ["/events", shared::wire::WAIT_PATH];

/// Where one gets in: open to everybody, and an empty request is answered there like any wrong PIN.
const DOORS: [&str; 5] = [
    "/sign-in",
    "/unlock",
    "/api/v1/sign-in",
    "/login",
    shared::wire::JOIN_PATH,
];

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_lets_nobody_in_who_may_not() -> Result<()> {
    let firm = Firm::open([]).await?;
    let client = http_client(|builder| builder)?;
    let routes = server::routes();
    ensure!(
        routes.len() > 20,
        "only {} routes; this test looks in the wrong place",
        routes.len()
    );
    let branch = join_as_machine(&firm, &client, "branch").await?;
    let importer = join_as_machine(&firm, &client, "importer").await?;
    let office = account(&firm, "office").await?;
    for route in routes {
        let ask = || request(&client, route.method, &firm.hub.at(&filled(route.path)));
        let name = format!("{} {}", route.method, route.path);
        let may = |who: &str| match (route.permission, who) {
            (Permission::Public, _) | (Permission::Importer, "importer" | "office" | "admin") => {
                true
            }
            (Permission::Replica, who) => matches!(who, "branch" | "importer"),
            (Permission::Office(role), "office") => role == shared::domain::Role::Office,
            (Permission::Office(_), who) => who == "admin",
            _ => false,
        };
        for (who, asked) in [
            ("nobody", ask()?),
            (
                "a wrong password",
                ask()?.basic_auth("admin", Some("wrong-password")),
            ),
            (
                "a made-up token",
                ask()?.bearer_auth("c2VjcmV0c2VjcmV0c2VjcmV0"),
            ),
            ("branch", ask()?.bearer_auth(&branch)),
            ("importer", ask()?.bearer_auth(&importer)),
            ("office", ask()?.basic_auth(office.0, Some(office.1))),
            (
                "admin",
                ask()?.basic_auth("admin", Some(firm.hub.password())),
            ),
        ] {
            // Wrong passwords are slowed down after a few; that would hide the answer asked for here.
            if who == "a wrong password" && route.path != "/api/v1/branches" {
                continue;
            }
            let let_in = is_let_in(asked, route.path).await?;
            ensure!(
                let_in == may(who),
                "{name}: {who} {}",
                if let_in {
                    "was let in"
                } else {
                    "was turned away"
                }
            );
        }
    }
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_branch_lets_nobody_in_who_is_not_signed_in() -> Result<()> {
    let firm = Firm::open(["Chur"]).await?;
    let [chur] = &firm.branches;
    let client = http_client(|builder| builder)?;
    let anna = chur.sign_in(&firm.anna).await?;
    let pages = ui::ROUTES.iter().map(|route| {
        (
            route.method,
            route.path,
            route.permission == ui::Permission::Everybody,
        )
    });
    let programs = api::routes().into_iter().map(|route| {
        (
            route.method,
            route.path,
            route.permission == api::Permission::Public,
        )
    });
    let routes: Vec<_> = pages.chain(programs).collect();
    ensure!(
        routes.len() > 50,
        "only {} routes; this test looks in the wrong place",
        routes.len()
    );
    for (method, path, is_public) in routes {
        // Signing out ends the session that the following routes need.
        if path.ends_with("sign-out") {
            let answer = request(&client, method, &chur.at(path))?;
            ensure!(
                !is_let_in(answer, path).await?,
                "{method} {path}: nobody was let in"
            );
            continue;
        }
        // Unlocking somebody who does not exist is answered like signing in as them.
        let of_beat = path.replace("{staff}", &firm.beat.id);
        let ask = || request(&client, method, &chur.at(&filled(&of_beat)));
        for (who, may, asked) in [
            ("nobody", is_public, ask()?),
            (
                "a made-up session",
                is_public,
                ask()?
                    .header(header::COOKIE, "offpiste_session=made-up")
                    .bearer_auth("made-up"),
            ),
            (
                "Anna",
                true,
                ask()?
                    .header(header::COOKIE, anna.session())
                    .bearer_auth(anna.token()),
            ),
        ] {
            let let_in = is_let_in(asked, path).await?;
            ensure!(
                let_in == may,
                "{method} {path}: {who} {}",
                if let_in {
                    "was let in"
                } else {
                    "was turned away"
                }
            );
        }
    }
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_is_refused() -> Result<()> {
    let firm = Firm::open(["Chur"]).await?;
    let [chur] = &firm.branches;
    let client = http_client(|builder| builder)?;
    let anna = chur.sign_in(&firm.anna).await?;
    let posts = ui::ROUTES.iter().filter(|route| route.method == "POST");
    for route in posts {
        let asked = request(&client, route.method, &chur.at(&filled(route.path)))?;
        let asked = asked
            .header(header::COOKIE, anna.session())
            .header(header::ORIGIN, "http://evil.example");
        let status = asked.send().await?.status();
        ensure!(
            status == StatusCode::FORBIDDEN,
            "POST {}: {status}",
            route.path
        );
    }
    firm.close().await
}

fn filled(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment {
        "{name}" => "offpiste.css",
        segment if segment.starts_with('{') => NOBODY,
        segment => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}

fn request(client: &Client, method: &str, url: &str) -> Result<RequestBuilder> {
    let method = Method::from_bytes(method.as_bytes()).context("no method")?;
    Ok(client.request(method, url))
}

/// Whether the request came past the door. What the room behind it thinks of an empty request is not asked here.
async fn is_let_in(request: RequestBuilder, path: &str) -> Result<bool> {
    let (client, request) = request.build_split();
    let mut request = request.context("no request")?;
    if STREAMS.contains(&path) {
        *request.timeout_mut() = Some(std::time::Duration::from_millis(300));
    }
    let answer = match client.execute(request).await {
        Ok(answer) => answer,
        Err(error) if error.is_timeout() && STREAMS.contains(&path) => return Ok(true),
        Err(error) => return Err(error).context(path.to_owned()),
    };
    let status = answer.status();
    ensure!(
        !status.is_server_error(),
        "{path}: {status}: {}",
        answer.text().await?
    );
    let leads_to = answer.headers().get(header::LOCATION);
    let leads_to = leads_to
        .and_then(|address| address.to_str().ok())
        .unwrap_or_default();
    let to_the_door =
        leads_to.starts_with("/login?next=") || leads_to.starts_with("/sign-in?next=");
    let turned_away =
        matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) || to_the_door;
    // Signing in with nothing is answered like any wrong PIN; that route is open to everybody.
    Ok(!turned_away || DOORS.contains(&path))
}

async fn join_as_machine(firm: &Firm<0>, client: &Client, role: &str) -> Result<String> {
    let body =
        serde_json::json!({ "role": role, "branch_name": (role == "branch").then_some("Arosa") });
    let join_string = firm.hub.post("/api/v1/join-strings", &body).await?;
    let join_string = join_string["join_string"]
        .as_str()
        .context("no join string")?;
    let join_string: shared::wire::JoinString = join_string.parse()?;
    let request = shared::wire::JoinRequest {
        code: join_string.code,
        machine: "test".to_owned(),
        software: "0".to_owned(),
    };
    let answer = client
        .post(firm.hub.at(shared::wire::JOIN_PATH))
        .json(&request)
        .send()
        .await?;
    let papers: shared::wire::JoinReply = answer.json().await?;
    Ok(papers.token)
}

async fn account(firm: &Firm<0>, role: &str) -> Result<(&'static str, &'static str)> {
    let account = ("olivia", "schneesicher-26");
    let body = serde_json::json!({ "name": "Olivia Office", "role": role, "login": account.0, "password": account.1 });
    firm.hub.post("/api/v1/staff", &body).await?;
    Ok(account)
}
