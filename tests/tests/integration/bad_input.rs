//! Whatever is sent, the answer is a clear one, the process lives, and nothing is lost.

use anyhow::{Context, Result, ensure};
use reqwest::{Client, RequestBuilder, StatusCode, header};
use serde_json::json;
use shared::clock::UtcMillis;
use shared::limits;
use shared::wire::{
    self, EXCHANGE_PATH, Exchange, JOIN_PATH, JoinReply, JoinRequest, JoinString, MEDIA_TYPE,
};
use tests::firm::{Firm, NewOrder};
use tests::http_client;

const NEW_ORDER: NewOrder<'_> = NewOrder {
    name: "Beat Meier",
    phone: "081 555 01 23",
    item: "Ski",
    services: 1,
    pickup: None,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_explains_messages_it_cannot_take() -> Result<()> {
    let firm = Firm::open(["Chur"]).await?;
    let [chur] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    anna.take_in(&NEW_ORDER).await?;
    chur.wait_identical().await?;
    let client = http_client(|builder| builder)?;
    let token = join(&firm, &client).await?;
    let send = |bytes: Vec<u8>| {
        let request = client.post(firm.hub.at(EXCHANGE_PATH)).bearer_auth(&token);
        request.header(header::CONTENT_TYPE, MEDIA_TYPE).body(bytes)
    };
    let good = wire::encode(&exchange(Vec::new()))?;
    ensure!(
        send(good.clone()).send().await?.status() == StatusCode::OK,
        "a good message is taken"
    );

    for length in 0..good.len() {
        refused(
            &format!("cut after {length} bytes"),
            send(good[..length].to_vec()),
        )
        .await?;
    }
    for version in [0, 3, 9, 255] {
        let mut other = good.clone();
        other[0] = version;
        let text = refused(&format!("format {version}"), send(other)).await?;
        ensure!(text.contains(&format!("format {version}")), "{text}");
    }
    let mut other = good.clone();
    other[1] = 7;
    refused("an unknown encoding", send(other)).await?;
    let mut longer = good.clone();
    longer.push(0);
    refused("a byte too many", send(longer)).await?;
    refused(
        "noise",
        send(
            (0..5_000_u32)
                .map(|number| number.to_le_bytes()[1] ^ 0x5a)
                .collect(),
        ),
    )
    .await?;
    refused(
        "larger than any message",
        send(vec![1; limits::COMPRESSED_MESSAGE_BYTES + 1]),
    )
    .await?;
    let mut later = exchange(Vec::new());
    later.protocol = 99;
    let text = refused("a protocol of the future", send(wire::encode(&later)?)).await?;
    ensure!(text.contains("99") || text.contains("upgrade"), "{text}");

    // A bad document does not take the others along, and is refused by its place.
    let answer = send(wire::encode(&exchange(vec![
        vec![],
        vec![1, 2, 3],
        vec![255; 400],
    ]))?)
    .send()
    .await?;
    ensure!(answer.status() == StatusCode::OK, "{}", answer.status());
    let reply: wire::ExchangeReply = wire::decode(&answer.bytes().await?)?;
    let refused: Vec<u32> = reply.refused.iter().map(|refused| refused.index).collect();
    ensure!(refused == [0, 1, 2], "{:?}", reply.refused);

    ensure!(firm.hub.process().is_running(), "the hub has ended");
    anna.take_in(&NEW_ORDER).await?;
    chur.wait_identical().await?;
    ensure!(
        firm.hub.count_orders().await? == 2,
        "two orders were taken in"
    );
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_branch_explains_requests_it_cannot_take() -> Result<()> {
    let firm = Firm::open(["Chur"]).await?;
    let [chur] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    let order = anna.take_in(&NEW_ORDER).await?;
    let client = http_client(|builder| builder)?;
    let as_anna = |request: RequestBuilder| {
        request
            .header(header::COOKIE, anna.session())
            .bearer_auth(anna.token())
    };
    let post = |path: &str| as_anna(client.post(chur.at(path)));
    let orders = "/api/v1/orders";
    let json_type =
        |request: RequestBuilder| request.header(header::CONTENT_TYPE, "application/json");

    refused("no JSON", json_type(post(orders)).body("{")).await?;
    refused("JSON of nothing", json_type(post(orders)).body("null")).await?;
    refused("no body", post(orders)).await?;
    refused(
        "deep JSON",
        json_type(post(orders)).body("[".repeat(100_000)),
    )
    .await?;
    refused(
        "not UTF-8",
        json_type(post(orders)).body(vec![b'"', 0xff, b'"']),
    )
    .await?;
    refused(
        "a field nobody knows",
        post(orders).json(&json!({ "prise": 1 })),
    )
    .await?;
    refused(
        "too large",
        json_type(post(orders)).body(format!("\"{}\"", "x".repeat(400_000))),
    )
    .await?;
    let payment = format!("{orders}/{}/payments", order.id);
    for amount in [
        json!(-5),
        json!(0),
        json!(i64::MAX),
        json!("viel"),
        json!(1e300),
    ] {
        refused(
            "an amount",
            post(&payment).json(&json!({ "amount_minor": amount, "method": "cash" })),
        )
        .await?;
    }
    refused(
        "no such order",
        as_anna(client.get(chur.at("/api/v1/orders/%00%ff"))),
    )
    .await?;
    refused(
        "no such page",
        as_anna(client.get(chur.at("/orders/..%2f..%2fetc"))),
    )
    .await?;
    let form = |path: &str, body: String| {
        post(path)
            .header(header::ORIGIN, chur.url())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body)
    };
    refused("an empty form", form("/orders", String::new())).await?;
    refused("a flood of fields", form("/orders", "a=1&".repeat(20_000))).await?;
    refused("half an escape", form("/orders", "name=%F".to_owned())).await?;
    refused(
        "a huge form",
        form("/orders", format!("name={}", "x".repeat(400_000))),
    )
    .await?;
    refused(
        "a huge name",
        form(
            "/orders",
            format!("name={}&priority=standard", "x".repeat(100_000)),
        ),
    )
    .await?;
    refused(
        "a day that is none",
        form(
            &format!("/orders/{}/edit", order.id),
            "promised_on=2026-02-31".to_owned(),
        ),
    )
    .await?;

    ensure!(chur.process().is_running(), "the branch has ended");
    let kept = anna.order(&order.id).await?;
    ensure!(
        kept["paid_minor"] == 0 && kept["contact"]["name"] == "Beat Meier",
        "{kept}"
    );
    chur.wait_identical().await?;
    ensure!(
        firm.hub.count_orders().await? == 1,
        "nothing of it became an order"
    );
    firm.close().await
}

/// A refusal is the sender's fault (4xx), in words.
async fn refused(what: &str, request: RequestBuilder) -> Result<String> {
    let answer = request
        .send()
        .await
        .with_context(|| format!("{what}: no answer"))?;
    let status = answer.status();
    let text = answer.text().await?;
    ensure!(status.is_client_error(), "{what}: {status}: {text}");
    ensure!(
        text.trim().len() > 10,
        "{what}: {status} without a word of explanation: {text:?}"
    );
    Ok(text)
}

fn exchange(pushed: Vec<Vec<u8>>) -> Exchange {
    Exchange {
        protocol: wire::PROTOCOL_VERSION,
        pushed,
        want: 10,
        clock: UtcMillis(1_795_190_400_000),
        ..Exchange::default()
    }
}

async fn join(firm: &Firm<1>, client: &Client) -> Result<String> {
    let join_string: JoinString = firm.hub.new_branch("Arosa", "CH").await?.parse()?;
    let request = JoinRequest {
        code: join_string.code,
        machine: "test".to_owned(),
        software: "0".to_owned(),
    };
    let answer = client
        .post(firm.hub.at(JOIN_PATH))
        .json(&request)
        .send()
        .await?;
    let papers: JoinReply = answer.json().await?;
    Ok(papers.token)
}
