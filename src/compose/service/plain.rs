//! The keys of a service, and those among them that are one value of the engine's.

use serde_json::{Value, json};

use crate::compose::node::Node;
use crate::compose::values;

/// Keys that are read one by one below.
pub(super) const READ: &[&str] = &[
    "build",
    "command",
    "configs",
    "container_name",
    "cpus",
    "depends_on",
    "deploy",
    "devices",
    "entrypoint",
    "env_file",
    "environment",
    "expose",
    "extra_hosts",
    "healthcheck",
    "image",
    "labels",
    "logging",
    "networks",
    "network_mode",
    "ports",
    "profiles",
    "restart",
    "scale",
    "secrets",
    "stop_grace_period",
    "sysctls",
    "tmpfs",
    "ulimits",
    "volumes",
];
/// Keys that say nothing of the container itself.
pub(super) const IDLE: &[&str] = &["attach", "develop", "platform", "pull_policy"];
/// Keys that are one value of the engine's: how it is read, and where it goes.
pub(super) const PLAIN: &[(&str, Form, &str)] = &[
    ("cap_add", Form::Texts, "HostConfig.CapAdd"),
    ("cap_drop", Form::Texts, "HostConfig.CapDrop"),
    ("cgroup_parent", Form::Text, "HostConfig.CgroupParent"),
    ("cpu_period", Form::Microseconds, "HostConfig.CpuPeriod"),
    ("cpu_quota", Form::Microseconds, "HostConfig.CpuQuota"),
    ("cpu_shares", Form::Number, "HostConfig.CpuShares"),
    ("cpuset", Form::Text, "HostConfig.CpusetCpus"),
    ("device_cgroup_rules", Form::Texts, "HostConfig.DeviceCgroupRules"),
    ("dns", Form::Texts, "HostConfig.Dns"),
    ("dns_opt", Form::Texts, "HostConfig.DnsOptions"),
    ("dns_search", Form::Texts, "HostConfig.DnsSearch"),
    ("domainname", Form::Text, "Domainname"),
    ("group_add", Form::Texts, "HostConfig.GroupAdd"),
    ("hostname", Form::Text, "Hostname"),
    ("init", Form::Flag, "HostConfig.Init"),
    ("ipc", Form::Text, "HostConfig.IpcMode"),
    ("mac_address", Form::Text, "MacAddress"),
    ("mem_limit", Form::Bytes, "HostConfig.Memory"),
    ("mem_reservation", Form::Bytes, "HostConfig.MemoryReservation"),
    ("mem_swappiness", Form::Number, "HostConfig.MemorySwappiness"),
    ("memswap_limit", Form::Bytes, "HostConfig.MemorySwap"),
    ("oom_kill_disable", Form::Flag, "HostConfig.OomKillDisable"),
    ("oom_score_adj", Form::Number, "HostConfig.OomScoreAdj"),
    ("pid", Form::Text, "HostConfig.PidMode"),
    ("pids_limit", Form::Number, "HostConfig.PidsLimit"),
    ("privileged", Form::Flag, "HostConfig.Privileged"),
    ("read_only", Form::Flag, "HostConfig.ReadonlyRootfs"),
    ("runtime", Form::Text, "HostConfig.Runtime"),
    ("security_opt", Form::Texts, "HostConfig.SecurityOpt"),
    ("shm_size", Form::Bytes, "HostConfig.ShmSize"),
    ("stdin_open", Form::Flag, "OpenStdin"),
    ("stop_signal", Form::Text, "StopSignal"),
    ("tty", Form::Flag, "Tty"),
    ("user", Form::Text, "User"),
    ("userns_mode", Form::Text, "HostConfig.UsernsMode"),
    ("working_dir", Form::Text, "WorkingDir"),
];

#[derive(Clone, Copy)]
pub(super) enum Form {
    Text,
    Texts,
    Flag,
    Number,
    Bytes,
    Microseconds,
}

impl Form {
    pub(super) fn read(self, node: &Node) -> Option<Value> {
        let text = node.text();
        Some(match self {
            Self::Text => json!(text?),
            Self::Texts => json!(node.texts()),
            Self::Flag => json!(values::boolean(text?)?),
            Self::Number => json!(text?.parse::<i64>().ok()?),
            Self::Bytes => json!(values::bytes(text?)?),
            Self::Microseconds => json!(values::time_ns(text?, 1_000)? / 1_000),
        })
    }

    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Texts => "a list of texts",
            Self::Flag => "true or false",
            Self::Number => "a number",
            Self::Bytes => "a size (512m)",
            Self::Microseconds => "a time (50ms)",
        }
    }
}
