//! Deposits by card and bank: the payment, the provider's notifications, and what follows from
//! them.
//!
//! ```text
//! pending -> completed            the provider was paid: the agent is credited, once
//! pending -> failed, cancelled    the provider was not paid
//! failed, cancelled -> completed  it was paid after all: received money is always credited
//! ```
//!
//! Functions that read a body return every fault of the body. Requests to the provider are in
//! `outside`.

use api_types::{
    AgentId, EventId, MicroUsd, Timestamp, TransactionId,
    deposit::{
        DEPOSIT_MAX, DEPOSIT_MIN, PAYMENT_ID_CHARS_MAX, PayIn, PaymentMethod, PaymentStatus,
        PaymentStatusRequest,
    },
};
use serde_json::Value;

use super::{
    fields::{Fields, Parsed, USD_DECIMALS, USDC_DECIMALS, choice, money, text, url, wrong},
    ledger::{Account, Transfer, TransferCode},
    task::MoveContext,
};

/// Maximum number of characters in the order id of a notification.
const ORDER_ID_CHARS_MAX: usize = 200;

/// Maximum number of characters in the status of a notification.
const STATUS_CHARS_MAX: usize = 100;

/// Maximum number of characters in the currency of a notification.
const CURRENCY_CHARS_MAX: usize = 10;

/// A payment as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The payment's id, and later the id of its deposit.
    pub id: TransactionId,
    /// The agent that pays in.
    pub agent_id: AgentId,
    /// The payment method.
    pub method: PaymentMethod,
    /// The amount in US dollars.
    pub amount: MicroUsd,
    /// The current status.
    pub status: PaymentStatus,
    /// The provider's payment page, once the provider has returned it.
    pub redirect_url: Option<String>,
    /// When the agent requested the payment.
    pub created_at: Timestamp,
    /// When it was completed, failed or cancelled.
    pub settled_at: Option<Timestamp>,
}

impl Payment {
    /// Creates a pending payment.
    pub fn begin(id: TransactionId, agent_id: AgentId, stated: &PayIn, now: Timestamp) -> Self {
        Self {
            id,
            agent_id,
            method: stated.payment_method,
            amount: stated.amount_usd,
            status: PaymentStatus::Pending,
            redirect_url: None,
            created_at: now,
            settled_at: None,
        }
    }

    /// Returns the order id for the provider: the agent's id and this payment's id, which starts
    /// with its time (the reference prints `agentId_timestamp`). It is unique.
    pub fn order_id(&self) -> String {
        let id = self.id.to_string();
        let bare = id.strip_prefix(TransactionId::PREFIX).unwrap_or(&id);
        format!("{}_{bare}", self.agent_id)
    }

    /// Applies a notification. Returns `None` if it repeats the current status or is older than it.
    ///
    /// # Errors
    /// [`NoticeRefusal`] if the amount or the currency differs from the agreed one.
    pub fn apply(
        self,
        notice: &PaymentNotification,
        context: MoveContext,
    ) -> Result<Option<PaymentUpdate>, NoticeRefusal> {
        if notice.amount != self.amount || !notice.in_dollars {
            return Err(NoticeRefusal);
        }
        let after = match (self.status, notice.status) {
            // A payment is pending from the beginning, so such a notification is a duplicate or
            // late.
            (PaymentStatus::Completed, _) | (_, None | Some(PaymentStatus::Pending)) => {
                return Ok(None);
            }
            (before, Some(after)) if before == after => return Ok(None),
            (_, Some(after)) => after,
        };
        let from = self.status;
        let payment = Self {
            status: after,
            settled_at: Some(context.now),
            ..self
        };
        let credit = (after == PaymentStatus::Completed).then(|| payment.credit(context));
        Ok(Some(PaymentUpdate {
            payment,
            from,
            credit,
        }))
    }

    /// Returns the transfer that credits the agent with the payment.
    pub fn credit(&self, context: MoveContext) -> Transfer {
        Transfer {
            event_id: EventId::new(context.now, context.random),
            code: TransferCode::Deposit,
            debit: Account::World,
            credit: Account::Deposit(self.agent_id),
            amount: self.amount,
            agent_id: Some(self.agent_id),
            deposit_id: Some(self.id),
            at: context.now,
        }
    }
}

/// The result of applying a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentUpdate {
    /// The payment after the notification.
    pub payment: Payment,
    /// The status before the notification.
    pub from: PaymentStatus,
    /// The transfer that credits the agent, if the payment is completed.
    pub credit: Option<Transfer>,
}

/// The amount or the currency of the notification differs from the agreed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeRefusal;

/// The provider's notification: those fields of dLocal's payment object that are used here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentNotification {
    /// The order id of the payment.
    pub order_id: String,
    /// The new status; `None` for a status without meaning here, such as AUTHORIZED.
    pub status: Option<PaymentStatus>,
    /// The amount paid.
    pub amount: MicroUsd,
    /// Whether the amount is in US dollars. The notification of the reference has no currency, and
    /// means US dollars.
    pub in_dollars: bool,
}

/// Reads the body of POST /agents/deposit.
pub fn parse_pay_in(body: &Value) -> Parsed<PayIn> {
    Fields::read(body, |fields| {
        let amount = fields.required("amount_usd", |value| {
            let amount = money(USD_DECIMALS)(value)?;
            if (DEPOSIT_MIN..=DEPOSIT_MAX).contains(&amount) {
                Ok(amount)
            } else {
                wrong("must be from 5 to 10000 US dollars")
            }
        });
        let names = PaymentMethod::ALL.map(PaymentMethod::as_str).join(", ");
        let method = fields.required("payment_method", choice(PaymentMethod::parse, names));
        let return_url = fields.optional("return_url", url(&["https"]));
        Some(PayIn {
            amount_usd: amount?,
            payment_method: method?,
            return_url,
        })
    })
}

/// Reads the body of POST /agents/deposit/status.
pub fn parse_status_request(body: &Value) -> Parsed<PaymentStatusRequest> {
    Fields::read(body, |fields| {
        let payment_id = fields.required("payment_id", text(1..=PAYMENT_ID_CHARS_MAX));
        payment_id.map(|payment_id| PaymentStatusRequest { payment_id })
    })
}

/// Reads the body of a notification. The many other fields that the provider sends are ignored.
pub fn parse_notice(body: &Value) -> Parsed<PaymentNotification> {
    Fields::read(body, |fields| {
        fields.unknown_are_ignored();
        let order_id = fields.required("order_id", text(1..=ORDER_ID_CHARS_MAX));
        let status = fields.required("status", text(1..=STATUS_CHARS_MAX));
        let amount = fields.required("amount", money(USDC_DECIMALS));
        let currency = fields.optional("currency", text(1..=CURRENCY_CHARS_MAX));
        Some(PaymentNotification {
            order_id: order_id?,
            status: status_of(&status?),
            amount: amount?,
            in_dollars: currency.is_none_or(|currency| currency == "USD"),
        })
    })
}

/// Returns the meaning of a status of dLocal. COMPLETED is the reference's second name for PAID.
fn status_of(name: &str) -> Option<PaymentStatus> {
    match name {
        "PENDING" => Some(PaymentStatus::Pending),
        "PAID" | "COMPLETED" => Some(PaymentStatus::Completed),
        "REJECTED" | "EXPIRED" => Some(PaymentStatus::Failed),
        "CANCELLED" => Some(PaymentStatus::Cancelled),
        _ => None,
    }
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

    fn payment(status: PaymentStatus) -> Payment {
        let stated = parse_pay_in(&json!({"amount_usd": 100, "payment_method": "card"})).unwrap();
        let now = context().now;
        Payment {
            status,
            ..Payment::begin(
                TransactionId::new(now, 1),
                AgentId::new(now, 2),
                &stated,
                now,
            )
        }
    }

    fn notice(status: &str, amount: &Value) -> PaymentNotification {
        parse_notice(&json!({"order_id": "x", "status": status, "amount": amount})).unwrap()
    }

    #[test]
    fn what_was_paid_is_credited_whatever_was_told_before() {
        use PaymentStatus::{Cancelled, Completed, Failed, Pending};
        for before in [Pending, Failed, Cancelled] {
            for word in ["PAID", "COMPLETED"] {
                let apply = payment(before).apply(&notice(word, &json!(100)), context());
                let credit = apply.unwrap().unwrap().credit.unwrap();
                assert_eq!(credit.amount, MicroUsd::usd(100));
                assert_eq!(credit.credit, Account::Deposit(payment(before).agent_id));
            }
        }
        for word in [
            "PAID",
            "COMPLETED",
            "REJECTED",
            "CANCELLED",
            "PENDING",
            "AUTHORIZED",
        ] {
            let apply = payment(Completed).apply(&notice(word, &json!(100)), context());
            assert_eq!(apply, Ok(None), "{word}");
        }
    }

    #[test]
    fn what_was_not_paid_is_not_credited() {
        for (word, after) in [
            ("REJECTED", PaymentStatus::Failed),
            ("EXPIRED", PaymentStatus::Failed),
            ("CANCELLED", PaymentStatus::Cancelled),
        ] {
            let apply =
                payment(PaymentStatus::Pending).apply(&notice(word, &json!(100)), context());
            let apply = apply.unwrap().unwrap();
            assert_eq!(
                (apply.payment.status, apply.credit),
                (after, None),
                "{word}"
            );
        }
    }

    #[test]
    fn another_amount_or_currency_is_refused() {
        let pending = payment(PaymentStatus::Pending);
        for amount in [json!(99.99), json!(100.01), json!("100.000001"), json!(0)] {
            let refused = pending.clone().apply(&notice("PAID", &amount), context());
            assert_eq!(refused, Err(NoticeRefusal));
        }
        let body = json!({"order_id": "x", "status": "PAID", "amount": 100, "currency": "BRL"});
        let notice = parse_notice(&body).unwrap();
        assert_eq!(pending.apply(&notice, context()), Err(NoticeRefusal));
    }

    fn faulty_fields<T: std::fmt::Debug>(parsed: Parsed<T>) -> Vec<String> {
        let faults = parsed.unwrap_err();
        faults.into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn a_payment_is_from_the_smallest_to_the_largest_deposit() {
        let pay_in =
            |amount: &str| parse_pay_in(&json!({"amount_usd": amount, "payment_method": "card"}));
        for amount in ["5", "10000.00"] {
            assert!(pay_in(amount).is_ok(), "{amount}");
        }
        for amount in ["4.99", "10000.01", "5.001"] {
            assert_eq!(faulty_fields(pay_in(amount)), ["amount_usd"], "{amount}");
        }
        let body =
            json!({"amount_usd": true, "return_url": "http://example.com", "currency": "USD"});
        assert_eq!(
            faulty_fields(parse_pay_in(&body)),
            ["amount_usd", "payment_method", "return_url", "currency"]
        );
    }

    #[test]
    fn a_status_request_names_one_payment() {
        for chars in [1, PAYMENT_ID_CHARS_MAX] {
            let payment_id = "x".repeat(chars);
            let request = parse_status_request(&json!({"payment_id": payment_id})).unwrap();
            assert_eq!(request.payment_id, payment_id);
        }
        for (body, faulty) in [
            (json!(null), ""),
            (json!({}), "payment_id"),
            (json!({"payment_id": ""}), "payment_id"),
            (
                json!({"payment_id": "x".repeat(PAYMENT_ID_CHARS_MAX + 1)}),
                "payment_id",
            ),
            (json!({"payment_id": 7}), "payment_id"),
            (json!({"payment_id": "x", "status": "paid"}), "status"),
        ] {
            assert_eq!(
                faulty_fields(parse_status_request(&body)),
                [faulty],
                "{body}"
            );
        }
    }

    #[test]
    fn a_notification_has_bounds_and_may_have_any_other_field() {
        let body = |order: usize, status: usize, currency: usize| {
            json!({
                "order_id": "x".repeat(order), "status": "x".repeat(status), "amount": 1,
                "currency": "x".repeat(currency), "id": "D-4-1", "live": true,
            })
        };
        let most = (ORDER_ID_CHARS_MAX, STATUS_CHARS_MAX, CURRENCY_CHARS_MAX);
        assert!(parse_notice(&body(most.0, most.1, most.2)).is_ok());
        assert_eq!(
            faulty_fields(parse_notice(&body(most.0 + 1, most.1 + 1, most.2 + 1))),
            ["order_id", "status", "currency"]
        );
        assert_eq!(
            faulty_fields(parse_notice(&json!({"amount": "1.0000001"}))),
            ["order_id", "status", "amount"]
        );
    }

    #[test]
    fn an_order_names_its_agent_and_its_time() {
        let payment = payment(PaymentStatus::Pending);
        let order = payment.order_id();
        assert!(order.starts_with(&format!("{}_", payment.agent_id)));
        // dLocal accepts at most 64 characters.
        assert!(order.len() <= 64, "{order}");
    }
}
