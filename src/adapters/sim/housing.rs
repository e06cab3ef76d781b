//! Networks and directories of balancers on simulated hosts: none are made there.

use std::net::Ipv4Addr;

use async_trait::async_trait;

use super::SimEngine;
use crate::domain::ids::ContainerId;
use crate::ports::engine::EngineError;
use crate::ports::housing::Housing;

fn refused(what: &str) -> EngineError {
    let message = "a simulated host makes no balancers".to_owned();
    EngineError::Refused { what: what.to_owned(), status: 501, message }
}

#[async_trait]
impl Housing for SimEngine {
    async fn subnet(&self, _: &str) -> Result<Option<Ipv4Addr>, EngineError> {
        Ok(None)
    }

    async fn make_network(&self, network: &str, _: Ipv4Addr) -> Result<(), EngineError> {
        Err(refused(&format!("make the network {network}")))
    }

    async fn directory(&self, below: &str) -> Result<String, EngineError> {
        Ok(format!("/var/lib/pilothouse/{below}"))
    }

    async fn put(&self, _: &ContainerId, path: &str, _: &[(String, Vec<u8>)]) -> Result<(), EngineError> {
        Err(refused(&format!("write {path}")))
    }
}
