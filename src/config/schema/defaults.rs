//! What holds where nobody set anything. Must agree with the table of keys, which a test compares.

use std::collections::BTreeMap;

use super::{
    Command, Config, Deploy, Environment, Fields, From, Guards, Inventory, Logs, Masks, Probe, Thresholds,
    Traffic, Usage,
};
use crate::config::units::{ByteSize, Percent, Period, PolicyText};
use crate::domain::secret;
use crate::logs::decode::Keys;

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

impl Default for Config {
    fn default() -> Self {
        Self {
            theme: "dark".to_owned(),
            ascii: false,
            mouse: true,
            utc: false,
            operator: None,
            default_environment: None,
            ssh_config: None,
            environments: BTreeMap::new(),
            hosts: BTreeMap::new(),
            services: BTreeMap::new(),
            sets: BTreeMap::new(),
            logs: Logs::default(),
            usage: Usage::default(),
            thresholds: Thresholds::default(),
            masks: Masks::default(),
            keys: BTreeMap::new(),
            commands: BTreeMap::new(),
        }
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            inventory: None,
            compose: None,
            kind: None,
            protected: None,
            colour: None,
            projects: Vec::new(),
            after: None,
            write_window: Period::from_ms(15 * 60_000),
            services: BTreeMap::new(),
            place: 0,
        }
    }
}

impl Default for Inventory {
    fn default() -> Self {
        Self {
            ansible: None,
            group: None,
            terraform: None,
            output: None,
            list: None,
            run: Vec::new(),
            timeout: Period::from_ms(30_000),
        }
    }
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            http: None,
            tcp: false,
            port: None,
            interval: Period::from_ms(5_000),
            timeout: Period::from_ms(2_000),
            expect: 200,
            headers: BTreeMap::new(),
        }
    }
}

impl Default for From {
    fn default() -> Self {
        Self { file: None, command: Vec::new(), within: Period::from_ms(30_000), dir: "/".into() }
    }
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            port: None,
            listen: None,
            check: None,
            image: "haproxy:3.2-alpine".to_owned(),
            steps: Vec::new(),
            hold: Period::from_ms(2 * 60_000),
            flip: "by-itself".to_owned(),
            warm: Period::from_ms(60_000),
            drain: Period::from_ms(30_000),
            stick: "none".to_owned(),
            stick_by: None,
            preview: None,
        }
    }
}

impl Default for Deploy {
    fn default() -> Self {
        Self {
            replicas: None,
            pre_deploy: Vec::new(),
            migrate: Vec::new(),
            migration: "none".to_owned(),
            post_deploy: Vec::new(),
            post_rollback: Vec::new(),
            within: Period::from_ms(10 * 60_000),
            early_traffic: false,
        }
    }
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            errors: Percent::hundredths(50),
            latency: None,
            min_requests: 200,
            inconclusive: PolicyText::default(),
        }
    }
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            buffer: ByteSize::from_bytes(12 << 20),
            tail: 1_000,
            level: None,
            wrap: false,
            json: true,
            mask: Vec::new(),
            fields: Fields::default(),
            searches: BTreeMap::new(),
        }
    }
}

impl Default for Fields {
    fn default() -> Self {
        let Keys { time, level, message, last } = Keys::default();
        Self { time, level, message, last }
    }
}

impl Default for Usage {
    fn default() -> Self {
        Self { interval: Period::from_ms(3_000) }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            disk_free: Percent::whole(10),
            cpu: Percent::whole(90),
            memory: Percent::whole(90),
            hold: Period::from_ms(60_000),
            restarts: 3,
        }
    }
}

impl Default for Masks {
    fn default() -> Self {
        Self { keys: texts(&[secret::NAMES]) }
    }
}

impl Default for Command {
    fn default() -> Self {
        Self { run: Vec::new(), key: None, confirm: true, description: None }
    }
}
