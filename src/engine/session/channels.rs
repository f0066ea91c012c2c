//! `LISTEN`, `NOTIFY` and `UNLISTEN` (PostgreSQL 15): what a session listens to, what its transaction asks for until it is committed, and
//! what has come for it. Whoever speaks the protocol passes on what has come, between transactions.

use std::collections::{BTreeSet, VecDeque};

use super::{Inner, Session};
use crate::error::{Error, Kind, Result};

/// The longest payload, in bytes: less than this (`NOTIFY_PAYLOAD_MAX_LENGTH`).
const LONGEST_PAYLOAD: usize = 8000;

/// The longest name of a channel, in bytes: less than this (`NAMEDATALEN`).
const LONGEST_NAME: usize = 64;

/// What may wait for one session, in bytes: one that listens and never ends its transaction must not fill the memory.
const MOST_WAITING: usize = 8 << 20;

/// What a statement asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Listen(String),
    /// Of all channels with `None`.
    Unlisten(Option<String>),
    Notify {
        channel: String,
        payload: String,
    },
}

/// What has come for a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The session that sent it.
    pub from: i32,
    pub channel: String,
    pub payload: String,
}

/// A session's channels.
#[derive(Default)]
pub(super) struct Channels {
    listening: BTreeSet<String>,
    /// Asked for in the open transaction, in order.
    asked: Vec<Asked>,
    come: VecDeque<Notification>,
    /// How many bytes of `come` there are.
    waiting: usize,
}

impl Notification {
    fn size(&self) -> usize {
        size_of::<Self>() + self.channel.len() + self.payload.len()
    }
}

impl Asked {
    fn check(&self) -> Result<()> {
        let invalid = |what: &str| Err(Error::new(Kind::InvalidParameter, what));
        match self {
            Self::Notify { channel, .. } if channel.is_empty() => invalid("channel name cannot be empty"),
            Self::Notify { channel, .. } if channel.len() >= LONGEST_NAME => invalid("channel name too long"),
            Self::Notify { payload, .. } if payload.len() >= LONGEST_PAYLOAD => invalid("payload string too long"),
            Self::Notify { .. } | Self::Listen(_) | Self::Unlisten(_) => Ok(()),
        }
    }
}

impl Channels {
    /// How much was asked for so far.
    pub(super) fn mark(&self) -> usize {
        self.asked.len()
    }

    /// Forgets what was asked for since.
    pub(super) fn go_back(&mut self, mark: usize) {
        self.asked.truncate(mark);
    }

    fn is_full(&self) -> bool {
        self.waiting >= MOST_WAITING
    }
}

impl Session {
    /// What has come since the last call, the oldest first.
    pub fn notifications(&self) -> VecDeque<Notification> {
        let channels = &mut self.inner.state().channels;
        channels.waiting = 0;
        std::mem::take(&mut channels.come)
    }

    /// Waits until something comes.
    pub async fn notified(&self) {
        self.inner.notified.notified().await;
    }
}

impl Inner {
    /// The channels that the session listens to, by name.
    pub(super) fn listening(&self) -> Vec<String> {
        self.state().channels.listening.iter().cloned().collect()
    }

    /// Asks for it once the transaction is committed; the same notification twice is one, as in PostgreSQL.
    pub(in crate::engine) fn ask(&self, asked: Asked) -> Result<()> {
        asked.check()?;
        if let Asked::Notify { channel, .. } = &asked
            && self.listeners(channel).iter().any(|session| session.state().channels.is_full())
        {
            return Err(Error::new(Kind::LimitExceeded, "too many notifications in the NOTIFY queue"));
        }
        let pending = &mut self.state().channels.asked;
        if !matches!(asked, Asked::Notify { .. }) || !pending.contains(&asked) {
            pending.push(asked);
        }
        Ok(())
    }

    /// The transaction is committed: what it asked for is done. To be called without the state's lock.
    pub(super) fn do_asked(&self) {
        let mut sent = Vec::new();
        {
            let channels = &mut self.state().channels;
            for asked in std::mem::take(&mut channels.asked) {
                match asked {
                    Asked::Listen(channel) => drop(channels.listening.insert(channel)),
                    Asked::Unlisten(Some(channel)) => drop(channels.listening.remove(&channel)),
                    Asked::Unlisten(None) => channels.listening.clear(),
                    Asked::Notify { channel, payload } => sent.push(Notification { from: self.id, channel, payload }),
                }
            }
        }
        for notification in sent {
            for session in self.listeners(&notification.channel) {
                let channels = &mut session.state().channels;
                channels.waiting += notification.size();
                channels.come.push_back(notification.clone());
                session.notified.notify_one();
            }
        }
    }

    /// The sessions of the same catalog that listen to a channel.
    fn listeners(&self, channel: &str) -> Vec<std::sync::Arc<Self>> {
        let all = self.shared.upgrade().map(|shared| shared.sessions()).unwrap_or_default();
        let listens = |session: &Self| session.database == self.database && session.state().channels.listening.contains(channel);
        all.into_iter().filter(|session| listens(session)).collect()
    }
}
