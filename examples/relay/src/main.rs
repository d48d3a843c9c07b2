//! A live MPEG-TS relay: one source, a pump, a ring, and as many HTTP readers as come.
//!
//! Everything that decides what a reader gets is in the library; here are the sockets.

mod account;
mod body;
mod source;
mod timed;

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;
use streamgauge::ring::{
    ChunkRing, CloseKind, CloseReason, CursorConfig, Join, LagLimit, Policy, Pump, PumpConfig, PumpMonitor,
    RingConfig,
};

use crate::account::Accounts;
use crate::body::ReaderBody;
use crate::source::{Options, Source};
use crate::timed::{Connection, TimedListener};

/// What the handlers share.
struct Relay {
    ring: ChunkRing,
    monitor: PumpMonitor,
    accounts: Mutex<Accounts>,
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return std::process::ExitCode::from(2);
        }
    };
    match run(options).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("relay: {message}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), String> {
    let mut config = RingConfig::new(16_384, options.buffer_bytes);
    config.max_age_us = Some(60_000_000);
    config.epoch = source::now_us().unsigned_abs();
    config.payload_hint_bytes = PumpConfig::default().chunk_bytes;
    let ring = ChunkRing::new(config).map_err(|error| error.to_string())?;
    let pump = Pump::new(PumpConfig::default()).map_err(|error| error.to_string())?;
    let relay = Arc::new(Relay { ring: ring.clone(), monitor: pump.monitor(), accounts: Mutex::default() });

    let listener = TimedListener::bind(options.listen, options.write_timeout, options.send_buffer_bytes)?;
    println!("{}", json!({"listening": listener.address().to_string()}));
    let app = Router::new()
        .route("/live.ts", get(live))
        .route("/status", get(status))
        .route("/metrics", get(metrics))
        .with_state(Arc::clone(&relay))
        .into_make_service_with_connect_info::<Connection>();
    let over = Arc::new(tokio::sync::Notify::new());
    let shutdown = Arc::clone(&over);
    let server = axum::serve(listener, app).with_graceful_shutdown(async move { shutdown.notified().await });
    let server = tokio::spawn(server.into_future());

    let mut source = Source::open(&options).await?;
    tokio::time::sleep(options.delay).await;
    let pumping = source.pump_into(pump, ring.clone());
    let outcome = tokio::select! {
        outcome = pumping => outcome,
        _ = tokio::signal::ctrl_c() => {
            ring.close(CloseReason::new(CloseKind::Cancelled, "interrupted"));
            Ok(())
        }
    };
    // Readers get what is left, however slowly; who takes nothing runs into the write timeout.
    over.notify_one();
    tokio::select! {
        ended = server => ended.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?,
        _ = tokio::signal::ctrl_c() => {}
    }
    println!("{}", json!({"pump": relay.monitor.stats(), "ring": ring.snapshot()}));
    outcome
}

/// How a reader wants to be served: `/live.ts?policy=disconnect&join=random_access&limit_bytes=N`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    policy: PolicyName,
    #[serde(default)]
    join: JoinName,
    /// Start with so many buffered bytes instead of `join`.
    burst_bytes: Option<i64>,
    /// Hard limit of the lag; the soft one is half of it.
    limit_bytes: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PolicyName {
    Skip,
    #[default]
    SkipToRandomAccess,
    Disconnect,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum JoinName {
    Live,
    Oldest,
    #[default]
    RandomAccess,
}

impl Wish {
    fn config(&self) -> CursorConfig {
        let bytes = |bytes| LagLimit { bytes, ..LagLimit::default() };
        CursorConfig {
            join: match (self.burst_bytes, &self.join) {
                (Some(bytes), _) => Join::LagBytes(bytes),
                (None, JoinName::Live) => Join::Live,
                (None, JoinName::Oldest) => Join::Oldest,
                (None, JoinName::RandomAccess) => Join::RandomAccess,
            },
            policy: match self.policy {
                PolicyName::Skip => Policy::Skip,
                PolicyName::SkipToRandomAccess => Policy::SkipToRandomAccess,
                PolicyName::Disconnect => Policy::Disconnect,
            },
            soft: bytes(self.limit_bytes.map(|limit| limit / 2)),
            hard: bytes(self.limit_bytes),
            // What is in a reader's hands does not count as lag: keep it small.
            max_read_bytes: 64 << 10,
            ..CursorConfig::default()
        }
    }
}

async fn live(
    State(relay): State<Arc<Relay>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    Query(wish): Query<Wish>,
) -> Response {
    match relay.ring.cursor(wish.config()) {
        Ok(cursor) => {
            let body = axum::body::Body::new(ReaderBody::new(cursor, connection, Arc::clone(&relay)));
            ([(header::CONTENT_TYPE, "video/mp2t"), (header::CACHE_CONTROL, "no-store")], body)
                .into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

async fn status(State(relay): State<Arc<Relay>>) -> Response {
    let accounts = relay.accounts();
    let status = json!({
        "pump": relay.monitor.stats(),
        "streams": relay.monitor.streams(),
        "ring": relay.ring.snapshot(),
        "readers": relay.ring.cursors(),
        "addresses": accounts.addresses,
        "sent_preamble_bytes": accounts.preamble_bytes,
    });
    ([(header::CONTENT_TYPE, "application/json")], format!("{status:#}\n")).into_response()
}

async fn metrics(State(relay): State<Arc<Relay>>) -> Response {
    let text = account::metrics(&relay.monitor.stats(), &relay.ring.snapshot(), &relay.ring.cursors());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

impl Relay {
    fn accounts(&self) -> std::sync::MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a connection comes from, for the status page.
type Address = SocketAddr;
