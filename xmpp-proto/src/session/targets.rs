//! Where to connect to: the candidates of an attempt in their order, and what is remembered of
//! those that failed.

use alloc::borrow::ToOwned;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use crate::Instant;
use crate::endpoint::{
    DnsRecords, Ended, LostCause, Phase, Reason, RedirectFault, SrvAnswer, SrvRecord, Target,
    Timer, TlsFault, TlsMode, Tried,
};
use crate::rng::Rng;
use crate::stream::StreamCondition;

/// How long a target that failed is tried after the others.
const MEMORY: Duration = Duration::from_mins(5);

/// The most failures that are remembered.
const MAX_FAILED: usize = 64;

/// The longest host name in DNS (RFC 1035 §2.3.4), as text.
const MAX_HOST: usize = 253;

/// The port of STARTTLS (RFC 6120 §3.2.2), and the one that direct TLS has by habit.
pub(crate) const fn default_port(tls: TlsMode) -> u16 {
    match tls {
        TlsMode::Direct => 5223,
        TlsMode::StartTls | TlsMode::InsecurePlaintext => 5222,
    }
}

/// A target and how it is secured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) target: Target,
    pub(crate) tls: TlsMode,
}

impl Candidate {
    pub(crate) const fn new(target: Target, tls: TlsMode) -> Self {
        Self { target, tls }
    }

    /// The domain itself, without a word from SRV records (RFC 6120 §3.2.2).
    pub(crate) fn domain(domain: &str, tls: TlsMode) -> Self {
        let host =
            ip_literal(domain).map_or_else(|| domain.to_owned(), |(_, host)| host.to_owned());
        Self::new(Target::new(host, default_port(tls)), tls)
    }
}

/// The address that a domain consists of, and its text without brackets. There is nothing to
/// resolve about such a domain.
pub(crate) fn ip_literal(domain: &str) -> Option<(IpAddr, &str)> {
    if let Some(inner) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Some((inner.parse::<Ipv6Addr>().ok()?.into(), inner));
    }
    Some((domain.parse().ok()?, domain))
}

/// The targets of a client. What failed is remembered across its attempts.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    current: Option<Candidate>,
    waiting: VecDeque<Candidate>,
    tried: Vec<Tried>,
    redirected: bool,
    /// Nothing comes after the current one.
    stopped: bool,
    dns_failure: Option<String>,
    failed: Vec<(Candidate, Instant)>,
}

impl Targets {
    /// A new attempt: forgets all but the failures.
    pub(crate) fn reset(&mut self) {
        let failed = core::mem::take(&mut self.failed);
        *self = Self { failed, ..Self::default() };
    }

    /// The one in use, or the last one.
    pub(crate) const fn current(&self) -> Option<&Candidate> {
        self.current.as_ref()
    }

    /// Whether others wait behind the one in use.
    pub(crate) fn has_more(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Adds one behind the others.
    pub(crate) fn push(&mut self, candidate: Candidate) {
        if !self.waiting.contains(&candidate) {
            self.waiting.push_back(candidate);
        }
    }

    /// Takes over what DNS says about `domain`, at most `max` targets of it.
    ///
    /// # Errors
    ///
    /// [`Reason::NotOffered`] if DNS says that there is no such service.
    pub(crate) fn resolve(
        &mut self,
        domain: &str,
        tls: TlsMode,
        records: DnsRecords,
        max: usize,
        now: Instant,
        rng: &mut Rng,
    ) -> Result<(), Reason> {
        let (xmpps, xmpp) =
            (Offer::new("_xmpps-client", records.xmpps), Offer::new("_xmpp-client", records.xmpp));
        // XEP-0368 §3: both kinds of records are one set, priorities and weights mixed.
        let mut pool = Vec::new();
        let mut refused = true;
        let mut answered = false;
        for (offer, way, is_wanted) in [
            (xmpps, TlsMode::Direct, tls != TlsMode::InsecurePlaintext),
            (xmpp, tls, tls != TlsMode::Direct),
        ] {
            if !is_wanted {
                continue;
            }
            match offer {
                Offer::Records(records) => {
                    answered = true;
                    pool.extend(records.into_iter().map(|record| (record, way)));
                }
                Offer::Refused => {}
                Offer::Absent => refused = false,
                Offer::Failed(failure) => {
                    refused = false;
                    match &mut self.dns_failure {
                        Some(text) => {
                            text.push_str("; ");
                            text.push_str(&failure);
                        }
                        none => *none = Some(failure),
                    }
                }
            }
        }
        if !answered {
            if refused {
                return Err(Reason::NotOffered);
            }
            // RFC 6120 §3.2.1: only if no records came, else inbound and outbound could differ.
            self.push(Candidate::domain(domain, tls));
            return Ok(());
        }
        for candidate in order(pool, max.max(1), rng) {
            self.push(candidate);
        }
        self.put_failed_last(now);
        Ok(())
    }

    /// Those that failed a while ago go behind the others; if that is all of them, nothing is
    /// known to be better.
    fn put_failed_last(&mut self, now: Instant) {
        self.failed.retain(|(_, until)| *until > now);
        let has_failed =
            |candidate: &Candidate| self.failed.iter().any(|(failed, _)| failed == candidate);
        let (last, first): (VecDeque<_>, VecDeque<_>) =
            self.waiting.drain(..).partition(|candidate| has_failed(candidate));
        if first.is_empty() {
            self.failed.clear();
        }
        self.waiting = first;
        self.waiting.extend(last);
    }

    /// Goes on to the next one.
    pub(crate) fn advance(&mut self) -> Option<&Candidate> {
        self.current = Some(self.waiting.pop_front()?);
        self.current()
    }

    /// The current one comes next once more.
    pub(crate) fn repeat(&mut self) {
        if let Some(current) = self.current.take() {
            self.waiting.push_front(current);
        }
    }

    /// The current one is the last one, whatever happens.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
        self.waiting.clear();
    }

    /// The current one works: whatever it did before is forgotten.
    pub(crate) fn succeeded(&mut self) {
        let current = self.current.as_ref();
        self.failed.retain(|(failed, _)| Some(failed) != current);
        // It led to a server all the same.
        self.dns_failure = None;
    }

    /// A transport has ended. Whether the attempt goes on with the next target; if not, `ended`
    /// is the end, and tells of everything tried.
    pub(crate) fn goes_on_after(&mut self, ended: &mut Ended, now: Instant) -> bool {
        if is_about_target(ended) {
            self.remember_failure(now);
        } else {
            let redirection = redirection(ended).filter(|_| !self.stopped);
            match redirection.map(|to| self.follow(to)) {
                Some(Ok(next)) => self.waiting.push_front(next),
                Some(Err(fault)) => {
                    ended.reason = Reason::Redirect(fault);
                    self.waiting.clear();
                }
                None => self.waiting.clear(),
            }
        }
        if self.has_more() {
            if let Some(target) = ended.target.take() {
                let reason = core::mem::replace(&mut ended.reason, Reason::ClosedByUs);
                self.tried.push(Tried { target, phase: ended.phase, reason });
            }
            return true;
        }
        ended.tried = core::mem::take(&mut self.tried);
        ended.dns_failure = self.dns_failure.take();
        false
    }

    fn remember_failure(&mut self, now: Instant) {
        if let Some(current) = &self.current {
            self.failed.retain(|(failed, until)| failed != current && *until > now);
            if self.failed.len() >= MAX_FAILED {
                self.failed.remove(0);
            }
            self.failed.push((current.clone(), now + MEMORY));
        }
    }

    /// RFC 6120 §4.9.3.19: another address, and nothing but that. The way of securing stays, and
    /// so does the name that the certificate must carry.
    fn follow(&mut self, to: &str) -> Result<Candidate, RedirectFault> {
        let told = || to.chars().take(MAX_HOST).collect::<String>();
        if self.redirected {
            return Err(RedirectFault::Again { to: told() });
        }
        let unusable = || RedirectFault::Unusable { to: told() };
        let current = self.current.as_ref().ok_or_else(unusable)?;
        let target = parse_address(to, default_port(current.tls)).ok_or_else(unusable)?;
        if target == current.target {
            return Err(RedirectFault::ToItself { to: told() });
        }
        self.redirected = true;
        Ok(Candidate::new(target, current.tls))
    }
}

/// Whether an end says something about the target and nothing about the account: RFC 6120 §3.2.1
/// has the next one tried where a connection fails. A certificate that is refused ends the
/// attempt: whoever shows it was reached, and others would only hide that.
fn is_about_target(ended: &Ended) -> bool {
    let is_early = ended.phase < Phase::Authenticating;
    match &ended.reason {
        Reason::Transport(LostCause::Tls(TlsFault::Certificate { .. })) => false,
        Reason::Transport(_) => is_early,
        Reason::TimedOut(Timer::Target) => true,
        _ => false,
    }
}

/// Where a server sends its client, before the client is online.
fn redirection(ended: &Ended) -> Option<&str> {
    match &ended.reason {
        Reason::Reported(error)
            if error.condition() == StreamCondition::SeeOtherHost
                && ended.phase < Phase::Online =>
        {
            Some(error.see_other_host().unwrap_or_default())
        }
        _ => None,
    }
}

/// Where a server wants a session to be resumed, in its own words (XEP-0198 §3).
pub(crate) fn location(text: &str, tls: TlsMode) -> Option<Candidate> {
    Some(Candidate::new(parse_address(text.trim(), default_port(tls))?, tls))
}

/// `host`, `host:port`, `[IPv6]` or `[IPv6]:port` (RFC 6120 §4.9.3.19), and IPv6 without
/// brackets, which some send.
fn parse_address(text: &str, default_port: u16) -> Option<Target> {
    let (host, port) = if text.parse::<Ipv6Addr>().is_ok() {
        (text, None)
    } else if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
        (host, port)
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let port = match port {
        None => default_port,
        // `u16` alone would take a sign.
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok()?,
        Some(_) => return None,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    let is_host = !host.is_empty() && host.len() <= MAX_HOST && host.chars().all(is_plain);
    (is_host && port != 0).then(|| Target::new(host, port))
}

/// An answer without what cannot be used.
enum Offer {
    Records(Vec<SrvRecord>),
    /// RFC 2782: the target `.` says that the service is decidedly not available.
    Refused,
    Absent,
    Failed(String),
}

impl Offer {
    fn new(name: &str, answer: SrvAnswer) -> Self {
        match answer {
            SrvAnswer::Records(records) if records.is_empty() => Self::Absent,
            SrvAnswer::Records(mut records) => {
                for record in &mut records {
                    if record.target.ends_with('.') {
                        record.target.pop();
                    }
                }
                records.retain(|record| {
                    record.port != 0 && !record.target.is_empty() && record.target.len() <= MAX_HOST
                });
                if records.is_empty() { Self::Refused } else { Self::Records(records) }
            }
            SrvAnswer::None => Self::Absent,
            SrvAnswer::Failed(why) => Self::Failed(alloc::format!("{name}: {why}")),
        }
    }
}

/// RFC 2782, "Usage rules": by priority, and among equals by a draw in which weights are shares.
/// Of too many, those of the best priorities are kept.
fn order(mut pool: Vec<(SrvRecord, TlsMode)>, max: usize, rng: &mut Rng) -> Vec<Candidate> {
    // Records of weight 0 come first, so that a draw can pick them at all.
    pool.sort_by_key(|(record, _)| (record.priority, record.weight != 0));
    pool.truncate(max);
    let mut ordered = Vec::with_capacity(pool.len());
    while let Some((first, _)) = pool.first() {
        let priority = first.priority;
        let equals = pool.iter().take_while(|(record, _)| record.priority == priority);
        let sum: u64 = equals.map(|(record, _)| u64::from(record.weight)).sum();
        let drawn = rng.below(sum + 1);
        let mut running = 0;
        let picked = pool.iter().position(|(record, _)| {
            running += u64::from(record.weight);
            running >= drawn
        });
        // The running sum of the equals reaches whatever was drawn, so one of them is found.
        let (record, tls) = pool.remove(picked.unwrap_or(0));
        ordered.push(Candidate::new(Target::new(record.target, record.port), tls));
    }
    ordered
}

#[cfg(test)]
mod tests;
