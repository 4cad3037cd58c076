//! Notices about settings that a host must know before other people rely on the server.

use url::{Host, Url};

use super::{Config, KycMode, Payments};

impl Config {
    /// Returns one or two sentences for each setting that suits development and not a public
    /// server.
    pub fn notices(&self) -> Vec<&'static str> {
        let notices = [
            (self.payments == Payments::Test).then_some(
                "Money is test money (PAYMENTS=test): deposits are credited without a payment, \
                 and payouts send nothing.",
            ),
            (self.kyc == KycMode::Auto).then_some(
                "Operators are approved automatically (KYC=auto): nobody checks who they are.",
            ),
            self.allow_dev_operator_id_header.then_some(
                "Operators sign in by their id alone (ALLOW_DEV_OPERATOR_ID_HEADER=true): \
                 everybody on this machine can act as any operator.",
            ),
            self.public_url_notice(),
            self.smtp_url.is_none().then_some(
                "No mail leaves this machine (SMTP_URL is not set): the codes by which operators \
                 sign in are written to the folder mails under DATA_DIR.",
            ),
        ];
        notices.into_iter().flatten().collect()
    }

    /// Returns what is missing for people who open the app at the public URL.
    fn public_url_notice(&self) -> Option<&'static str> {
        let url = Url::parse(self.public_url.as_deref()?).ok()?;
        if url.scheme() == "https" {
            return None;
        }
        if !is_this_machine(&url) {
            return Some(
                "PUBLIC_URL is plain http: browsers offer no passkeys and no position there, and \
                 the app encrypts no credentials. Let a proxy end TLS, and set PUBLIC_URL to its \
                 https URL.",
            );
        }
        (!self.limits.trusted_proxies.is_empty()).then_some(
            "TRUSTED_PROXIES names a proxy, and PUBLIC_URL is an address of this machine: operators \
             cannot sign in at the proxy. Set PUBLIC_URL to the https URL at which they open the \
             app.",
        )
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}
