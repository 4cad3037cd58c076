//! Notices about settings that a host must know before other people rely on the server.

use super::{Config, KycMode, Payments};

/// The reason why nobody can register as an operator on a server without the development header.
/// People who try to sign up read it, too.
pub const NO_OPERATOR_SIGN_IN: &str = "Operators cannot sign in to this server yet, so nobody can \
     register as one. This version knows operators only by a development header, which \
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
                NO_OPERATOR_SIGN_IN
            }),
        ];
        notices.into_iter().flatten().collect()
    }
}
