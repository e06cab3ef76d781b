//! [`Lifecycle`] over the Docker API.

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::engine::DockerEngine;
use super::map::{Inspected, Listed};
use super::{client, holder, images, pull};
use crate::domain::act::ContainerAct;
use crate::domain::container::{Container, Detail};
use crate::domain::ids::ContainerId;
use crate::domain::image::Image;
use crate::domain::registry::{Login, Pull, Resolved};
use crate::domain::spec::{Endpoint, RestartPolicy, Spec};
use crate::ports::engine::{CALL_TIMEOUT, EngineError};
use crate::ports::lifecycle::{By, Lifecycle};

/// A busy disk takes its time to lay a container out.
const CREATED_WITHIN: std::time::Duration = CALL_TIMEOUT.saturating_mul(6);

#[async_trait]
impl Lifecycle for DockerEngine {
    async fn containers(&self) -> Result<Vec<Container>, EngineError> {
        let list: Vec<Listed> = self.api.get("list containers", "/containers/json?all=1").await?;
        let all = list.into_iter().map(|c| c.into_container(&self.host));
        Ok(all.filter(|c| !holder::is_holder(&c.labels)).collect())
    }

    async fn container(&self, by: By<'_>) -> Result<Option<Container>, EngineError> {
        let filter = match by {
            By::Id(id) => json!({ "id": [id.as_str()] }),
            // An expression: what else it matches is left out below.
            By::Name(name) => json!({ "name": [format!("^/?{}$", name.replace('.', "[.]"))] }),
        };
        let path = format!("/containers/json?all=1&filters={}", images::encoded(&filter.to_string()));
        let list: Vec<Listed> = self.api.get("look a container up", &path).await?;
        let all = list.into_iter().map(|c| c.into_container(&self.host));
        Ok(all.filter(|c| !holder::is_holder(&c.labels)).find(|c| by.is(c)))
    }

    async fn detail(&self, id: &ContainerId) -> Result<Detail, EngineError> {
        let answer: Inspected =
            self.api.get(&format!("inspect {}", id.short()), &format!("/containers/{id}/json")).await?;
        Ok(answer.into())
    }

    async fn act(&self, id: &ContainerId, act: ContainerAct) -> Result<(), EngineError> {
        client::act(&self.api.dial, self.api.minor(), id, act).await
    }

    async fn spec(&self, id: &ContainerId) -> Result<Spec, EngineError> {
        let what = format!("read what {} is made from", id.short());
        let container: Value = self.api.get(&what, &format!("/containers/{id}/json")).await?;
        let image = container.get("Image").and_then(Value::as_str).unwrap_or_default();
        // One that is gone brings nothing any more: all that was its is the container's.
        let image = images::inspect(&self.api, image).await?;
        Spec::of_running(&container, image.as_ref()).map_err(|cause| EngineError::Broken { what, cause })
    }

    async fn create(&self, name: &str, spec: &Spec) -> Result<ContainerId, EngineError> {
        #[derive(Deserialize)]
        struct Made {
            #[serde(rename = "Id")]
            id: String,
        }
        let what = format!("create {name}");
        // The engine makes a container for a network that is not there, and only refuses to start it.
        for endpoint in spec.networks() {
            let path = format!("/networks/{}", images::encoded(&endpoint.network));
            self.api.get::<serde::de::IgnoredAny>(&what, &path).await?;
        }
        let (body, further) = spec.asked();
        let path = format!("/containers/create?name={}", images::encoded(name));
        let answer = self.api.call_within(CREATED_WITHIN, &what, Method::POST, &path, Some(body)).await?;
        let made: Made = serde_json::from_slice(&answer).map_err(|error| EngineError::Broken {
            what: what.clone(),
            cause: format!("answer not understood: {error}"),
        })?;
        let id = ContainerId::new(made.id);
        for endpoint in &further {
            if let Err(error) = self.join(&what, &id, endpoint).await {
                // A name that is taken would be in the way of the next try.
                if let Err(left) = self.discard(&id).await {
                    tracing::warn!(container = id.short(), %left, "a container that was not made whole stays");
                }
                return Err(error);
            }
        }
        Ok(id)
    }

    async fn discard(&self, id: &ContainerId) -> Result<(), EngineError> {
        let what = format!("remove {}", id.short());
        let path = format!("/containers/{id}");
        match self.api.call_within(CREATED_WITHIN, &what, Method::DELETE, &path, None).await {
            Ok(_) | Err(EngineError::Refused { status: 404, .. }) => Ok(()),
            // Somebody else is about it.
            Err(EngineError::Refused { status: 409, message, .. })
                if message.contains("already in progress") =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn set_restart(&self, id: &ContainerId, policy: &RestartPolicy) -> Result<(), EngineError> {
        let what = format!("set when {} is started again", id.short());
        let body = json!({ "RestartPolicy": policy.told() });
        let path = format!("/containers/{id}/update");
        self.api.call_within(CALL_TIMEOUT, &what, Method::POST, &path, Some(body)).await.map(drop)
    }

    async fn rejoin(&self, id: &ContainerId, endpoints: &[Endpoint]) -> Result<(), EngineError> {
        for endpoint in endpoints {
            let what = format!("let {} join {} again", id.short(), endpoint.network);
            let path = format!("/networks/{}/disconnect", images::encoded(&endpoint.network));
            let body = json!({ "Container": id.as_str(), "Force": false });
            match self.api.call_within(CALL_TIMEOUT, &what, Method::POST, &path, Some(body)).await {
                Err(EngineError::Refused { message, .. }) if message.contains("is not connected to") => {}
                other => drop(other?),
            }
            self.join(&what, id, endpoint).await?;
        }
        Ok(())
    }

    async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        images::image(&self.api, reference).await
    }

    async fn resolve(&self, reference: &str, login: Option<&Login>) -> Result<Resolved, EngineError> {
        pull::resolve(&self.api, reference, login).await
    }

    async fn pull(
        &self,
        reference: &str,
        login: Option<&Login>,
    ) -> Result<BoxStream<'static, Result<Pull, EngineError>>, EngineError> {
        pull::pull(&self.api, reference, login).await
    }
}

impl DockerEngine {
    async fn join(&self, what: &str, id: &ContainerId, endpoint: &Endpoint) -> Result<(), EngineError> {
        let path = format!("/networks/{}/connect", images::encoded(&endpoint.network));
        let body = json!({ "Container": id.as_str(), "EndpointConfig": endpoint.told() });
        self.api.call_within(CALL_TIMEOUT, what, Method::POST, &path, Some(body)).await.map(drop)
    }
}
