//! What is chosen from an offer, row by row of the policy.

use alloc::string::String;
use alloc::vec::Vec;

use crate::sasl::binding::{Binding, BindingType, ChannelBinding, ChannelData};
use crate::sasl::choice::{Allowed, Choice, ChoiceFault, Offer, choose};
use crate::sasl::{Credentials, Mechanism};

const EXPORTER: &[u8] = &[7; 32];
const END_POINT: &[u8] = &[9; 32];
const BOTH: ChannelData<'_> =
    ChannelData { tls_exporter: Some(EXPORTER), tls_server_end_point: Some(END_POINT) };
const NONE: ChannelData<'_> = ChannelData { tls_exporter: None, tls_server_end_point: None };
const END_POINT_ONLY: ChannelData<'_> =
    ChannelData { tls_exporter: None, tls_server_end_point: Some(END_POINT) };

/// One side's part in a choice.
struct Client {
    mechanisms: Vec<Mechanism>,
    credentials: Credentials,
    policy: ChannelBinding,
    secured: bool,
    channel: ChannelData<'static>,
}

fn client() -> Client {
    Client {
        mechanisms: Mechanism::DEFAULT.to_vec(),
        credentials: Credentials::new("user", "pencil"),
        policy: ChannelBinding::Preferred,
        secured: true,
        channel: BOTH,
    }
}

impl Client {
    fn choose(&self, mechanisms: &str, bindings: &str) -> Result<Choice, ChoiceFault> {
        let list = |names: &str| names.split_whitespace().map(String::from).collect::<Vec<_>>();
        let (mechanisms, bindings) = (list(mechanisms), list(bindings));
        let Self { mechanisms: allowed, credentials, policy, secured, channel } = self;
        choose(
            Offer { mechanisms: &mechanisms, bindings: &bindings },
            Allowed {
                mechanisms: allowed,
                credentials,
                policy: *policy,
                secured: *secured,
                channel: *channel,
            },
        )
    }

    /// The choice in short, as in `SCRAM-SHA-1 n`.
    #[track_caller]
    fn picks(&self, mechanisms: &str, bindings: &str, expected: &str) {
        let Choice { mechanism, binding } = self.choose(mechanisms, bindings).expect("a choice");
        assert_eq!(alloc::format!("{mechanism} {binding:?}"), expected);
    }
}

const PROSODY_TLS13: &str = "SCRAM-SHA-1 PLAIN";
const EJABBERD: &str = "PLAIN SCRAM-SHA-1-PLUS SCRAM-SHA-1 X-OAUTH2";
const FULL: &str = "SCRAM-SHA-1 SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-256-PLUS \
                    SCRAM-SHA-512 SCRAM-SHA-512-PLUS PLAIN";

#[test]
fn xep0440_a_listed_type_is_bound_and_the_exporter_preferred() {
    client().picks(FULL, "tls-server-end-point tls-exporter", "SCRAM-SHA-512-PLUS p=tls-exporter");
    client().picks(FULL, "tls-server-end-point", "SCRAM-SHA-512-PLUS p=tls-server-end-point");
    let old = Client { channel: END_POINT_ONLY, ..client() };
    old.picks(
        FULL,
        "tls-exporter tls-server-end-point",
        "SCRAM-SHA-512-PLUS p=tls-server-end-point",
    );
}

#[test]
fn the_data_is_that_of_the_type() {
    let choice = client().choose(FULL, "tls-exporter").expect("a choice");
    let kind = BindingType::TlsExporter;
    assert_eq!(choice.binding, Binding::To { kind, data: EXPORTER.into() });
    let choice = client().choose(FULL, "tls-server-end-point").expect("a choice");
    let kind = BindingType::TlsServerEndPoint;
    assert_eq!(choice.binding, Binding::To { kind, data: END_POINT.into() });
}

#[test]
fn a_bound_weaker_hash_is_above_an_unbound_stronger_one() {
    let offer = "SCRAM-SHA-512 SCRAM-SHA-1-PLUS SCRAM-SHA-1";
    client().picks(offer, "tls-exporter", "SCRAM-SHA-1-PLUS p=tls-exporter");
}

#[test]
fn plus_without_a_list_or_with_types_we_lack_is_left_alone() {
    // Stock ejabberd: it would bind to tls-unique only, and says nothing about it.
    client().picks(EJABBERD, "", "SCRAM-SHA-1 n");
    client().picks(EJABBERD, "tls-unique", "SCRAM-SHA-1 n");
    client().picks(FULL, "TLS-EXPORTER tls-exporter2 tls-unique", "SCRAM-SHA-512 n");
    Client { channel: NONE, ..client() }.picks(FULL, "tls-exporter", "SCRAM-SHA-512 n");
    Client { channel: END_POINT_ONLY, ..client() }.picks(FULL, "tls-exporter", "SCRAM-SHA-512 n");
}

#[test]
fn rfc5802_6_y_if_we_could_and_the_server_does_not_seem_to() {
    client().picks(PROSODY_TLS13, "", "SCRAM-SHA-1 y");
    // A list without -PLUS is what remains when somebody takes only the mechanisms away.
    client().picks(PROSODY_TLS13, "tls-exporter", "SCRAM-SHA-1 y");
    Client { channel: END_POINT_ONLY, ..client() }.picks(PROSODY_TLS13, "", "SCRAM-SHA-1 y");
}

#[test]
fn rfc5802_6_n_if_we_could_not() {
    Client { channel: NONE, ..client() }.picks(PROSODY_TLS13, "", "SCRAM-SHA-1 n");
    Client { secured: false, ..client() }.picks(PROSODY_TLS13, "", "SCRAM-SHA-1 n");
    Client { policy: ChannelBinding::Off, ..client() }.picks(PROSODY_TLS13, "", "SCRAM-SHA-1 n");
    let unbound_only = Client { mechanisms: [Mechanism::ScramSha1].into(), ..client() };
    unbound_only.picks(PROSODY_TLS13, "", "SCRAM-SHA-1 n");
}

#[test]
fn plus_of_a_hash_that_is_not_known_here_forbids_y_too() {
    client().picks("SCRAM-SHA-1 SCRAM-SHA3-512-PLUS", "tls-exporter", "SCRAM-SHA-1 n");
}

#[test]
fn off_never_binds() {
    let off = Client { policy: ChannelBinding::Off, ..client() };
    off.picks(FULL, "tls-exporter tls-server-end-point", "SCRAM-SHA-512 n");
    let pinned = Client { mechanisms: Mechanism::ScramSha1Plus.at_least(), ..off };
    assert_eq!(pinned.choose(FULL, "tls-exporter"), Err(ChoiceFault::NoMechanism));
}

#[test]
fn required_binds_or_fails() {
    let required = || Client { policy: ChannelBinding::Required, ..client() };
    required().picks(FULL, "tls-exporter", "SCRAM-SHA-512-PLUS p=tls-exporter");
    for (client, mechanisms, bindings) in [
        (required(), FULL, ""),
        (required(), FULL, "tls-unique"),
        (required(), PROSODY_TLS13, "tls-exporter"),
        (required(), "PLAIN", "tls-exporter"),
        (required(), "", ""),
        (Client { channel: NONE, ..required() }, FULL, "tls-exporter"),
        (Client { secured: false, ..required() }, FULL, "tls-exporter"),
        (
            Client { mechanisms: [Mechanism::ScramSha256, Mechanism::Plain].into(), ..required() },
            FULL,
            "tls-exporter",
        ),
        (
            Client { mechanisms: [Mechanism::Anonymous].into(), ..required() },
            "ANONYMOUS",
            "tls-exporter",
        ),
    ] {
        assert_eq!(client.choose(mechanisms, bindings), Err(ChoiceFault::NoBinding));
    }
}

#[test]
fn the_order_is_ours_and_the_list_is_the_limit() {
    let mechanisms = [Mechanism::ScramSha1, Mechanism::ScramSha512Plus].into();
    let mut client = Client { mechanisms, ..client() };
    client.picks(FULL, "tls-exporter", "SCRAM-SHA-1 n");
    client.mechanisms.reverse();
    client.picks(FULL, "tls-exporter", "SCRAM-SHA-512-PLUS p=tls-exporter");
    assert_eq!(client.choose("SCRAM-SHA-256 PLAIN", ""), Err(ChoiceFault::NoMechanism));
    client.mechanisms.clear();
    assert_eq!(client.choose(FULL, "tls-exporter"), Err(ChoiceFault::NoMechanism));
}

#[test]
fn a_pinned_account_is_not_talked_down() {
    let pinned = Client { mechanisms: Mechanism::ScramSha256Plus.at_least(), ..client() };
    pinned.picks(FULL, "tls-exporter", "SCRAM-SHA-512-PLUS p=tls-exporter");
    for offer in ["PLAIN", PROSODY_TLS13, "SCRAM-SHA-512 SCRAM-SHA-256", "SCRAM-SHA-1-PLUS"] {
        assert_eq!(pinned.choose(offer, "tls-exporter"), Err(ChoiceFault::NoMechanism), "{offer}");
    }
    // Nor by taking the list away.
    assert_eq!(pinned.choose(FULL, ""), Err(ChoiceFault::NoMechanism));
}

#[test]
fn anonymous_and_external_only_if_configured() {
    let all = "ANONYMOUS EXTERNAL SCRAM-SHA-1";
    client().picks(all, "", "SCRAM-SHA-1 y");
    assert_eq!(client().choose("ANONYMOUS EXTERNAL", ""), Err(ChoiceFault::NoMechanism));

    let guest = Client {
        mechanisms: [Mechanism::Anonymous].into(),
        credentials: Credentials::none(),
        ..client()
    };
    guest.picks(all, "", "ANONYMOUS n");

    let mut certificate = Client {
        mechanisms: [Mechanism::External].into(),
        credentials: Credentials::none(),
        ..client()
    };
    certificate.picks(all, "", "EXTERNAL n");
    // The handshake that showed the certificate is the channel.
    certificate.policy = ChannelBinding::Required;
    certificate.picks(all, "", "EXTERNAL n");
    certificate.policy = ChannelBinding::Preferred;
    certificate.secured = false;
    assert_eq!(certificate.choose(all, ""), Err(ChoiceFault::NoMechanism));
}

#[test]
fn mechanisms_that_the_credentials_do_not_suit_are_passed_over() {
    let mechanisms = [Mechanism::ScramSha1, Mechanism::External].into();
    let client = Client { mechanisms, credentials: Credentials::none(), ..client() };
    client.picks("SCRAM-SHA-1 EXTERNAL", "", "EXTERNAL n");
    assert_eq!(client.choose("SCRAM-SHA-1", ""), Err(ChoiceFault::NoMechanism));
}
