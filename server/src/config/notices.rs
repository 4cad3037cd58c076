//! Notices about settings that a host must know before other people rely on the server.

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
            self.smtp_url.is_none().then_some(
                "No mail leaves this machine (SMTP_URL is not set): the codes by which operators \
                 sign in are written to the folder mails under DATA_DIR.",
            ),
        ];
        notices.into_iter().flatten().collect()
    }
}
