//! Deposits of USDC on Base (contract §3). Deposits by card and bank are in `fiat.rs`.

use api_types::deposit::{DEPOSIT_MAX, DEPOSIT_MIN, DepositUsdc};
use serde_json::Value;

use super::fields::{Fields, Parsed, USDC_DECIMALS, choice, money, text, wrong};

/// Number of hexadecimal digits in a transaction hash.
const TX_HASH_DIGITS: usize = 64;

/// Maximum number of characters of a transaction hash that are read before its form is checked.
const TX_HASH_CHARS_MAX: usize = 100;

/// Reads the body of POST /agents/deposit/usdc.
pub fn parse(body: &Value) -> Parsed<DepositUsdc> {
    Fields::read(body, |fields| {
        let tx_hash = fields.required("tx_hash", tx_hash);
        let amount_usdc = fields.required("amount_usdc", |value| {
            let amount = money(USDC_DECIMALS)(value)?;
            let fits = (DEPOSIT_MIN..=DEPOSIT_MAX).contains(&amount);
            if fits {
                Ok(amount)
            } else {
                wrong("must be from 5 to 10000 USDC")
            }
        });
        let base = |name: &str| (name == "base").then(|| name.to_owned());
        let chain = fields.optional("chain", choice(base, "base"));
        Some(DepositUsdc {
            tx_hash: tx_hash?,
            amount_usdc: amount_usdc?,
            chain,
        })
    })
}

/// Reads a transaction hash and converts it to lower case, so that one transaction has one
/// spelling.
fn tx_hash(value: &Value) -> Parsed<String> {
    let read = text(1..=TX_HASH_CHARS_MAX)(value)?;
    let digits = read.strip_prefix("0x").unwrap_or_default();
    let fits =
        digits.len() == TX_HASH_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if fits {
        Ok(read.to_lowercase())
    } else {
        wrong("must be 0x and 64 hexadecimal digits")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(amount: &str) -> Value {
        json!({"tx_hash": format!("0x{}", "Ab".repeat(32)), "amount_usdc": amount})
    }

    fn faulty_fields(body: &Value) -> Vec<String> {
        let faults = parse(body).unwrap_err();
        faults.into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn a_transaction_has_one_spelling() {
        let deposit = parse(&body("5")).unwrap();
        assert_eq!(deposit.tx_hash, format!("0x{}", "ab".repeat(32)));
        for hash in [
            "ab".repeat(32),
            format!("0x{}", "a".repeat(63)),
            format!("0x{}", "a".repeat(65)),
            format!("0x{}", "g".repeat(64)),
            "x".repeat(TX_HASH_CHARS_MAX + 1),
        ] {
            let mut bad = body("5");
            bad["tx_hash"] = json!(hash);
            assert_eq!(faulty_fields(&bad), ["tx_hash"], "{hash}");
        }
    }

    #[test]
    fn an_amount_is_from_the_smallest_to_the_largest_deposit() {
        for amount in ["5", "5.000001", "10000.000000"] {
            assert!(parse(&body(amount)).is_ok(), "{amount}");
        }
        for amount in ["4.999999", "10000.000001", "5.0000001", "x"] {
            assert_eq!(faulty_fields(&body(amount)), ["amount_usdc"], "{amount}");
        }
        let other = json!({"chain": "solana", "amount_usdc": [5], "wallet": "0x"});
        assert_eq!(
            faulty_fields(&other),
            ["tx_hash", "amount_usdc", "chain", "wallet"]
        );
    }
}
