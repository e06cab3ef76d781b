//! [`Housing`] over the Docker API.

use std::io;
use std::net::Ipv4Addr;

use async_trait::async_trait;
use hyper::Method;
use serde::Deserialize;
use serde_json::json;

use super::api::Body;
use super::engine::DockerEngine;
use super::{images, ledger};
use crate::domain::ids::ContainerId;
use crate::ports::engine::{CALL_TIMEOUT, EngineError};
use crate::ports::housing::Housing;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Network {
    name: String,
    #[serde(rename = "IPAM")]
    ipam: Ipam,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ipam {
    config: Option<Vec<Pool>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pool {
    subnet: Option<String>,
}

#[async_trait]
impl Housing for DockerEngine {
    async fn subnet(&self, network: &str) -> Result<Option<Ipv4Addr>, EngineError> {
        let what = format!("look at the network {network}");
        let path = format!("/networks/{}", images::encoded(network));
        let found = match self.api.get::<Network>(&what, &path).await {
            Ok(found) => found,
            Err(error) if error.is_gone() => return Ok(None),
            Err(error) => return Err(error),
        };
        // The engine also takes the beginning of an id for a name.
        let pools = found.ipam.config.filter(|_| found.name == network).unwrap_or_default();
        let mut subnets = pools.into_iter().filter_map(|pool| pool.subnet);
        Ok(subnets.find_map(|subnet| subnet.split('/').next()?.parse().ok()))
    }

    async fn make_network(&self, network: &str, first: Ipv4Addr) -> Result<(), EngineError> {
        let what = format!("make the network {network}");
        let [a, b, c, _] = first.octets();
        let pool = json!({ "Subnet": format!("{first}/24"), "IPRange": format!("{a}.{b}.{c}.128/25") });
        let body = json!({
            "Name": network,
            "CheckDuplicate": true,
            "Driver": "bridge",
            "IPAM": { "Config": [pool] },
            "Labels": { "pilothouse.front": network },
        });
        let path = "/networks/create";
        match self.api.call_within(CALL_TIMEOUT * 3, &what, Method::POST, path, Some(body)).await {
            Ok(_) | Err(EngineError::Refused { status: 409, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn directory(&self, below: &str) -> Result<String, EngineError> {
        Ok(format!("{}/{below}", ledger::directory(&self.api).await?))
    }

    async fn put(
        &self,
        id: &ContainerId,
        path: &str,
        files: &[(String, Vec<u8>)],
    ) -> Result<(), EngineError> {
        let what = format!("write files into {}", id.short());
        let broken = |error: io::Error| EngineError::Broken { what: what.clone(), cause: error.to_string() };
        let mut archive = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = ledger::header(bytes.len(), 0o644);
            archive.append_data(&mut header, name, bytes.as_slice()).map_err(broken)?;
        }
        let archive = archive.into_inner().map_err(broken)?;
        let path = format!("/containers/{id}/archive?path={}", images::encoded(path));
        self.api.call_within(CALL_TIMEOUT, &what, Method::PUT, &path, Body::tar(archive)).await.map(drop)
    }
}
