//! Payouts: the destinations of earned money, and the transfer of each step (contract §6).
//!
//! ```text
//! payout           available(operator) -> payout     requested: the money is in transit
//! payout_sent      payout              -> world      it arrived
//! payout_returned  payout              -> available  it failed, and can be requested again
//! ```
//!
//! A settled payout never changes again. Steps are written by `store/payouts.rs`.

use api_types::{
    EventId, MicroUsd, OperatorId, PayoutId, Timestamp,
    payout::{PAYEE_ID_CHARS_MAX, PAYOUT_MIN, PayoutMethod, PayoutStatus},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha3::{Digest, Keccak256};

use super::{
    fields::{Fields, Parsed, USDC_DECIMALS, choice, money, text, wrong},
    ledger::{Account, Transfer, TransferCode},
    secret::hex,
    task::MoveContext,
};

/// Number of hexadecimal digits in a wallet address.
const WALLET_DIGITS: usize = 40;

/// Maximum number of characters of a wallet address that are read before its form is checked.
const WALLET_CHARS_MAX: usize = 100;

/// The destination of a payout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Destination {
    /// A Payoneer account; none is needed in test mode.
    Payoneer {
        /// The id of the Payoneer account.
        payee_id: Option<String>,
    },
    /// A wallet on Base.
    Usdc {
        /// The address as given: `0x` and 40 hexadecimal digits.
        wallet_address: String,
    },
}

impl Destination {
    /// Returns the payout method of the destination.
    pub const fn method(&self) -> PayoutMethod {
        match self {
            Self::Payoneer { .. } => PayoutMethod::Payoneer,
            Self::Usdc { .. } => PayoutMethod::Usdc,
        }
    }
}

/// A payout as an operator requests it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedPayout {
    /// The amount, at least [`PAYOUT_MIN`].
    pub amount: MicroUsd,
    /// Where the money goes.
    pub destination: Destination,
}

/// A payout as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// The payout's id.
    pub id: PayoutId,
    /// The operator who owns the money.
    pub operator_id: OperatorId,
    /// The amount in US dollars.
    pub amount: MicroUsd,
    /// Where the money goes.
    pub destination: Destination,
    /// The current status; changed only by a [`PayoutUpdate`].
    pub status: PayoutStatus,
    /// When the operator requested it.
    pub created_at: Timestamp,
    /// When it was completed or failed.
    pub settled_at: Option<Timestamp>,
}

/// The result of one step of a payout, written in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutUpdate {
    /// The payout after the step.
    pub payout: Payout,
    /// The status before the step; `None` if the payout is new.
    pub from: Option<PayoutStatus>,
    /// The transfer that the step causes.
    pub transfer: Transfer,
}

/// Error of a step on a payout that is already settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled;

impl Payout {
    /// Creates the payout that an operator requests; its money leaves the available balance.
    pub fn request(
        id: PayoutId,
        operator_id: OperatorId,
        stated: StatedPayout,
        context: MoveContext,
    ) -> PayoutUpdate {
        let payout = Self {
            id,
            operator_id,
            amount: stated.amount,
            destination: stated.destination,
            status: PayoutStatus::Pending,
            created_at: context.now,
            settled_at: None,
        };
        let (debit, credit) = (Account::Available(operator_id), Account::Payout(id));
        payout.step(None, TransferCode::Payout, debit, credit, context)
    }

    /// Settles the payout as completed: the money arrived.
    ///
    /// # Errors
    /// [`Settled`] if it was already completed or failed.
    pub fn complete(self, context: MoveContext) -> Result<PayoutUpdate, Settled> {
        self.settle(PayoutStatus::Completed, context)
    }

    /// Settles the payout as failed: the money could not be sent and is available again.
    ///
    /// # Errors
    /// [`Settled`] if it was already completed or failed.
    pub fn fail(self, context: MoveContext) -> Result<PayoutUpdate, Settled> {
        self.settle(PayoutStatus::Failed, context)
    }

    fn settle(
        mut self,
        status: PayoutStatus,
        context: MoveContext,
    ) -> Result<PayoutUpdate, Settled> {
        let (code, credit) = match (self.status, status) {
            (PayoutStatus::Pending, PayoutStatus::Completed) => {
                (TransferCode::PayoutSent, Account::World)
            }
            (PayoutStatus::Pending, PayoutStatus::Failed) => (
                TransferCode::PayoutReturned,
                Account::Available(self.operator_id),
            ),
            _ => return Err(Settled),
        };
        let from = Some(self.status);
        self.status = status;
        self.settled_at = Some(context.now);
        let debit = Account::Payout(self.id);
        Ok(self.step(from, code, debit, credit, context))
    }

    fn step(
        self,
        from: Option<PayoutStatus>,
        code: TransferCode,
        debit: Account,
        credit: Account,
        context: MoveContext,
    ) -> PayoutUpdate {
        let transfer = Transfer {
            event_id: EventId::new(context.now, context.random),
            code,
            debit,
            credit,
            amount: self.amount,
            agent_id: None,
            deposit_id: None,
            at: context.now,
        };
        PayoutUpdate {
            payout: self,
            from,
            transfer,
        }
    }
}

/// Reads the body of POST /operator/payout. The Payoneer account is optional where no money moves.
///
/// # Errors
/// Every fault of the body.
pub fn parse_payout(body: &Value) -> Parsed<StatedPayout> {
    Fields::read(body, |fields| {
        let amount = fields.required("amount_usd", payout_amount);
        let names = PayoutMethod::ALL.map(PayoutMethod::as_str).join(", ");
        let method = fields.optional("method", choice(PayoutMethod::parse, names));
        let payee_id = fields.optional("payoneer_payee_id", text(1..=PAYEE_ID_CHARS_MAX));
        let wallet = fields.optional("wallet_address", wallet_address);
        let base = |name: &str| (name == "base").then_some(());
        fields.optional("chain", choice(base, "base"));
        let destination = match method.unwrap_or(PayoutMethod::Payoneer) {
            PayoutMethod::Payoneer => {
                fields.refuse(&["wallet_address", "chain"], "goes with method usdc");
                // Payoneer pays in whole cents, the chain in millionths of a dollar.
                if amount.is_some_and(|amount| amount.as_micros() % 10_000 != 0) {
                    fields.fault(
                        "amount_usd",
                        "must have at most 2 digits after the decimal point",
                    );
                }
                Some(Destination::Payoneer { payee_id })
            }
            PayoutMethod::Usdc => {
                fields.refuse(&["payoneer_payee_id"], "goes with method payoneer");
                if !fields.has("wallet_address") {
                    fields.fault("wallet_address", "is required");
                }
                wallet.map(|wallet_address| Destination::Usdc { wallet_address })
            }
        };
        Some(StatedPayout {
            amount: amount?,
            destination: destination?,
        })
    })
}

fn payout_amount(value: &Value) -> Parsed<MicroUsd> {
    let amount = money(USDC_DECIMALS)(value)?;
    if amount < PAYOUT_MIN {
        return wrong("must be at least 10 US dollars");
    }
    Ok(amount)
}

/// Reads a wallet address on Base. If the case of its letters is mixed, it is a checksum (EIP-55)
/// and must match, because money sent to a mistyped address is lost.
fn wallet_address(value: &Value) -> Parsed<String> {
    let read = text(1..=WALLET_CHARS_MAX)(value)?;
    let digits = read.strip_prefix("0x").unwrap_or_default();
    if digits.len() != WALLET_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return wrong("must be 0x and 40 hexadecimal digits");
    }
    let cased = |case: fn(&u8) -> bool| digits.bytes().any(|byte| case(&byte));
    let mixed = cased(u8::is_ascii_lowercase) && cased(u8::is_ascii_uppercase);
    if mixed && checksummed(digits) != digits {
        return wrong("has a wrong checksum (EIP-55): a digit or its case was mistyped");
    }
    if digits.bytes().all(|byte| byte == b'0') {
        return wrong("is the address of nobody");
    }
    Ok(read)
}

/// Returns the digits in the case that EIP-55 defines: upper case where the hash of the lower-case
/// address has a nibble of 8 or more.
fn checksummed(digits: &str) -> String {
    let lower = digits.to_ascii_lowercase();
    let hash = hex(&Keccak256::digest(lower.as_bytes()));
    let cased = lower.chars().zip(hash.chars()).map(|(digit, nibble)| {
        if nibble >= '8' {
            digit.to_ascii_uppercase()
        } else {
            digit
        }
    });
    cased.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::task::Durations;

    fn context() -> MoveContext {
        MoveContext {
            now: "2026-02-05T12:00:00Z".parse().unwrap(),
            random: 7,
            terms: Durations::default(),
        }
    }

    fn requested() -> PayoutUpdate {
        let stated = parse_payout(&json!({"amount_usd": 50, "payoneer_payee_id": "payee_123"}));
        let operator_id = OperatorId::new(context().now, 1);
        Payout::request(
            PayoutId::new(context().now, 2),
            operator_id,
            stated.unwrap(),
            context(),
        )
    }

    #[test]
    fn a_payout_is_settled_once() {
        let request = requested();
        assert_eq!(
            request.transfer.debit,
            Account::Available(request.payout.operator_id)
        );
        let sent = request.payout.clone().complete(context()).unwrap();
        assert_eq!(sent.transfer.debit, request.transfer.credit);
        assert_eq!(sent.transfer.credit, Account::World);
        assert_eq!(sent.payout.clone().fail(context()), Err(Settled));
        assert_eq!(sent.payout.complete(context()), Err(Settled));
    }

    #[test]
    fn a_failed_payout_gives_the_money_back() {
        let request = requested();
        let failed = request.payout.clone().fail(context()).unwrap();
        assert_eq!(failed.transfer.debit, request.transfer.credit);
        assert_eq!(failed.transfer.credit, request.transfer.debit);
        assert_eq!(failed.transfer.amount, request.transfer.amount);
        assert_eq!(failed.payout.complete(context()), Err(Settled));
    }

    #[test]
    fn the_case_of_an_address_is_its_checksum() {
        // The examples of the EIP-55 specification.
        for good in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0xde709f2102306220921060314715629080e2fb77",
            // In one case there is no checksum.
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
            "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED",
        ] {
            assert!(wallet_address(&json!(good)).is_ok(), "{good}");
        }
        for bad in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
            "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
            "0x0000000000000000000000000000000000000000",
        ] {
            assert!(wallet_address(&json!(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn each_way_has_fields_of_its_own() {
        let wallet = "0xde709f2102306220921060314715629080e2fb77";
        let usdc = json!({"amount_usd": "10.000001", "method": "usdc", "wallet_address": wallet,
            "chain": "base"});
        assert!(parse_payout(&usdc).is_ok());
        for (body, fields) in [
            (json!({}), vec!["amount_usd"]),
            (json!({"amount_usd": 9.99}), vec!["amount_usd"]),
            (json!({"amount_usd": "10.001"}), vec!["amount_usd"]),
            (
                json!({"amount_usd": 10, "method": "usdc"}),
                vec!["wallet_address"],
            ),
            (
                json!({"amount_usd": 10, "wallet_address": wallet}),
                vec!["wallet_address"],
            ),
            (
                json!({"amount_usd": 10, "method": "usdc", "wallet_address": wallet,
                    "payoneer_payee_id": "p", "chain": "solana"}),
                vec!["chain", "payoneer_payee_id"],
            ),
        ] {
            let faults = parse_payout(&body).unwrap_err();
            let named: Vec<_> = faults.into_iter().map(|fault| fault.field).collect();
            assert_eq!(named, fields, "{body}");
        }
    }
}
