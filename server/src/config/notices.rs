//! Notices about settings that a host must know before other people rely on the server.

use super::{Config, KycMode, Payments};

/// What operators can and cannot do on a server without the development header.
const NO_OPERATOR_APP: &str = "Operators cannot sign in to this server by the app yet, only by the \
     API: the app of this version knows operators by a development header, which \
     ALLOW_DEV_OPERATOR_ID_HEADER=true switches on.";

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
            Some(if self.allow_dev_operator_id_header {
                "Operators sign in by their id alone (ALLOW_DEV_OPERATOR_ID_HEADER=true): \
                 everybody on this machine can act as any operator."
            } else {
                NO_OPERATOR_APP
            }),
        ];
        notices.into_iter().flatten().collect()
    }
}
