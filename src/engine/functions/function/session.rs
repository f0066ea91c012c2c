//! What functions know of the session that calls them: handed through DataFusion's options, which every call carries.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use datafusion::common::config::{ConfigEntry, ConfigExtension, ConfigOptions, ExtensionOptions};
use datafusion::error::{DataFusionError, Result};

use crate::table::pg_time::{Reader, Zone};
use crate::table::pg_value::Style;
use crate::table::virtual_table::SystemEnv;

/// A session as its functions see it: its zone and styles when the statement was planned, its clock, its catalogs.
#[derive(Clone)]
pub(in crate::engine) struct SessionValues {
    env: Arc<SystemEnv>,
    style: Style,
}

impl SessionValues {
    /// The session's values now.
    pub fn new(env: &Arc<SystemEnv>) -> Self {
        Self { env: Arc::clone(env), style: Style::from_settings(|name| env.facts.setting(name)) }
    }

    /// The session that options were made for. There is none where DataFusion folds constants on its own.
    pub fn of(options: &ConfigOptions) -> Option<&Self> {
        options.extensions.get::<Self>()
    }

    /// The catalogs and facts of the session.
    pub fn env(&self) -> &Arc<SystemEnv> {
        &self.env
    }

    /// How values are written as text.
    pub fn style(&self) -> &Style {
        &self.style
    }

    /// The zone that local times are of.
    pub fn zone(&self) -> Zone {
        self.style.zone()
    }

    /// When the transaction began, in microseconds.
    pub fn now(&self) -> i64 {
        self.env.facts.transaction_started()
    }

    /// How texts are read.
    pub fn reader(&self) -> Reader {
        Reader { zone: self.style.zone(), order: self.style.order(), now: self.now() }
    }
}

impl fmt::Debug for SessionValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionValues")
    }
}

impl ConfigExtension for SessionValues {
    const PREFIX: &'static str = "stoa";
}

impl ExtensionOptions for SessionValues {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, _value: &str) -> Result<()> {
        Err(DataFusionError::Configuration(format!("no option stoa.{key}")))
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        Vec::new()
    }
}
