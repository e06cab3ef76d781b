//! The results of one container's HEALTHCHECK, for as long as somebody looks at them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use super::route::Route;
use crate::domain::ids::ContainerKey;
use crate::msg::{HostFact, Msg};

/// The engine tells that a check turned, not that it ran.
const GAP: Duration = Duration::from_secs(5);

/// Inspects it until dropped; what did not change is not told again.
pub async fn checks(key: ContainerKey, route: Arc<Route>, out: Sender<Msg>) {
    let mut newest = None;
    loop {
        // It may be gone, or the link may be down: both are told elsewhere.
        if let Ok(detail) = route.engine().detail(&key.id).await {
            let last = detail.checks.last().map(|check| check.at);
            if last != newest {
                newest = last;
                let fact = HostFact::Detailed(key.id.clone(), Arc::new(detail));
                if out.send(Msg::Host(key.host.clone(), fact)).await.is_err() {
                    return;
                }
            }
        }
        tokio::time::sleep(GAP).await;
    }
}
