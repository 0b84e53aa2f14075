//! Every route through every layer, without a socket.

use axum::{
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode, header::AUTHORIZATION},
};
use serde_json::{Value, json};
use slo_axum::Life;
use slo_core::{HttpSli, Slo, SloSet};
use tower::ServiceExt as _;

use super::*;

const DAY: Duration = Duration::from_secs(86_400);

struct Service {
    router: Router,
    import: Switch,
    reliability: Reliability,
}

impl Service {
    fn new(allow_faults: bool) -> Self {
        Self::with(allow_faults, "99%", "30d")
    }

    fn promising(target: &str, window: &str) -> Self {
        Self::with(true, target, window)
    }

    fn with(allow_faults: bool, target: &str, window: &str) -> Self {
        let slo = Slo::new(
            "browse-availability",
            HttpSli::routes(["/listings"]),
            target.parse().unwrap(),
            window.parse().unwrap(),
        );
        let slos = SloSet::builder("real-estate").slo(slo).build().unwrap();
        let reliability = Reliability::builder(slos).build().unwrap();
        let store = Store::open(None).unwrap();
        let endpoints = Endpoints::new(&store, 35 * DAY).unwrap();
        let import = Switch::default();
        let app = App {
            store,
            import: import.clone(),
            allow_faults,
            request_timeout: Duration::from_secs(5),
        };
        Self {
            router: app.router(&reliability, &endpoints),
            import,
            reliability,
        }
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.send(Request::get(path).body(Body::empty()).unwrap()).await).await
    }

    async fn post(&self, path: &str, token: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::post(path)
            .header("content-type", "application/json")
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::from(body.to_string()))
            .unwrap();
        read(self.send(request).await).await
    }

    async fn fault(&self, fault: &str) -> StatusCode {
        let request = Request::get("/listings")
            .header(faults::HEADER, fault)
            .body(Body::empty())
            .unwrap();
        self.send(request).await.status()
    }

    async fn token(&self) -> String {
        let who = json!({ "email": "ana@example.com", "password": "open-house" });
        let (status, body) = self.post("/login", "", who).await;
        assert_eq!(status, StatusCode::OK);
        body["token"].as_str().unwrap().to_owned()
    }
}

async fn read(response: Response<Body>) -> (StatusCode, Value) {
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn listings_are_searched_by_district_and_price() {
    let service = Service::new(false);
    let (status, found) = service.get("/listings?district=mapo&max_price=1000000000").await;
    assert_eq!(status, StatusCode::OK);
    let listings = found["listings"].as_array().unwrap();
    assert!(!listings.is_empty() && listings.iter().all(|listing| listing["district"] == "mapo"));
    let similar = found["similar"].as_array().unwrap();
    assert!(similar.len() == 5 && similar.iter().all(|listing| listing["district"] != "mapo"));
    assert_eq!(
        service.get("/listings?max_price=cheap").await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn while_the_budget_is_spent_a_search_leaves_out_what_could_be_left_out() {
    // One failure is more than this promise allows.
    let service = Service::promising("99.99999%", "5m");
    let life = service.reliability.run(Life::every(Duration::from_millis(1))).unwrap();
    assert!(service.get("/listings").await.1["similar"].is_array());
    assert_eq!(service.fault("error").await, StatusCode::INTERNAL_SERVER_ERROR);
    let budget = service.reliability.budget("browse-availability").unwrap();
    let noticed = async {
        while !budget.level().is_scarce() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), noticed).await.unwrap();
    let (status, found) = service.get("/listings").await;
    assert_eq!((status, found.get("similar")), (StatusCode::OK, None));
    assert_eq!(found["listings"].as_array().map(Vec::len), Some(20));
    drop(life);
    // Nobody looks after the budget any more: not knowing leaves nothing out.
    assert!(service.get("/listings").await.1["similar"].is_array());
}

#[tokio::test]
async fn real_prices_are_by_month_and_an_unknown_region_is_404() {
    let service = Service::new(false);
    let (status, prices) = service.get("/real-price/mapo").await;
    assert_eq!((status, &prices["region"]), (StatusCode::OK, &json!("mapo")));
    assert_eq!(prices["newest_month"], prices["months"][0]["month"]);
    assert_eq!(prices["months"].as_array().unwrap().len(), 12);
    assert!(prices["months"][1]["median_price"].as_f64().unwrap() > 0.0);
    let (status, answer) = service.get("/real-price/atlantis").await;
    assert_eq!(
        (status, answer),
        (StatusCode::NOT_FOUND, json!({ "error": "there is no such region" }))
    );
}

#[tokio::test]
async fn a_wrong_password_is_401() {
    let who = json!({ "email": "ana@example.com", "password": "guess" });
    assert_eq!(
        Service::new(false).post("/login", "", who).await.0,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_listing_is_bought_once_and_only_by_who_is_logged_in() {
    let service = Service::new(false);
    let (order, nothing) = (json!({ "listing_id": 7 }), json!({ "listing_id": 100_000 }));
    assert_eq!(
        service.post("/purchase", "made-up", order.clone()).await.0,
        StatusCode::UNAUTHORIZED
    );
    let token = service.token().await;
    assert_eq!(
        service.post("/purchase", &token, order.clone()).await,
        (StatusCode::CREATED, order.clone())
    );
    assert_eq!(service.post("/purchase", &token, order).await.0, StatusCode::CONFLICT);
    assert_eq!(
        service.post("/purchase", &token, nothing).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_account_shows_what_was_bought() {
    let service = Service::new(false);
    let (status, _) = service.get("/account").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let token = service.token().await;
    service.post("/purchase", &token, json!({ "listing_id": 7 })).await;
    let request = Request::get("/account").header(AUTHORIZATION, format!("Bearer {token}"));
    let (status, account) = read(service.send(request.body(Body::empty()).unwrap()).await).await;
    assert_eq!(
        (status, &account["name"], &account["bought"][0]["id"]),
        (StatusCode::OK, &json!("Ana"), &json!(7))
    );
}

#[tokio::test]
async fn what_a_customer_says_is_taken_and_listed() {
    let service = Service::new(false);
    let said = json!({ "text": "Is it quiet?" });
    assert_eq!(
        service.post("/chat", "made-up", said.clone()).await.0,
        StatusCode::UNAUTHORIZED
    );
    let token = service.token().await;
    assert_eq!(service.post("/chat", &token, said).await.0, StatusCode::ACCEPTED);
    let request = Request::get("/chat").header(AUTHORIZATION, format!("Bearer {token}"));
    let (status, sent) = read(service.send(request.body(Body::empty()).unwrap()).await).await;
    assert_eq!(
        (status, &sent[0]["text"], &sent[0]["delivered"]),
        (StatusCode::OK, &json!("Is it quiet?"), &json!(false))
    );
}

#[tokio::test(start_paused = true)]
async fn faults_do_what_they_say_when_allowed() {
    let service = Service::new(true);
    for (fault, status) in [
        ("error", StatusCode::INTERNAL_SERVER_ERROR),
        ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
        ("slow=900", StatusCode::OK),
        ("panic", StatusCode::INTERNAL_SERVER_ERROR),
        ("timeout", StatusCode::REQUEST_TIMEOUT),
        ("sometimes", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(service.fault(fault).await, status, "{fault}");
    }
}

#[tokio::test]
async fn faults_are_ignored_unless_allowed() {
    let service = Service::new(false);
    for fault in ["error", "unavailable", "slow=900", "panic", "timeout", "sometimes"] {
        assert_eq!(service.fault(fault).await, StatusCode::OK, "{fault}");
    }
    assert_eq!(
        service.post("/admin/import/stall", "", json!({})).await.0,
        StatusCode::NOT_FOUND
    );
    assert!(!service.import.is_stalled());
}

#[tokio::test]
async fn the_import_is_stalled_and_resumed_over_http_when_allowed() {
    let service = Service::new(true);
    assert_eq!(
        service.post("/admin/import/stall", "", json!({})).await.0,
        StatusCode::NO_CONTENT
    );
    assert!(service.import.is_stalled());
    assert_eq!(
        service.post("/admin/import/resume", "", json!({})).await.0,
        StatusCode::NO_CONTENT
    );
    assert!(!service.import.is_stalled());
}

#[tokio::test]
async fn health_and_status_answer_and_are_not_measured_themselves() {
    let service = Service::new(false);
    service.get("/listings").await;
    assert_eq!(
        service.get("/real-price/synthetic/health").await,
        (StatusCode::OK, json!({ "status": "pass" }))
    );
    assert_eq!(
        service.get("/real-price/synthetic/health/transactions").await.0,
        StatusCode::OK
    );
    assert_eq!(service.get("/listings/synthetic/health/index").await.0, StatusCode::OK);
    // No job runs in this test, so nothing was delivered.
    assert_eq!(
        service.get("/chat/synthetic/health").await,
        (StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "fail" }))
    );
    let (status, all) = service.get("/slo").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(all["slos"][0]["events"]["good"], 1, "{all}");
    assert_eq!(service.get("/slo/browse-availability").await.0, StatusCode::OK);
}
