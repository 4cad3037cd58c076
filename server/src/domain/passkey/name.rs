//! The name of a passkey for which its owner chose none: the password manager or authenticator, as
//! far as it is known, and otherwise the browser.

use crate::domain::session;

/// The name if neither the authenticator nor the browser is known.
const UNKNOWN: &str = "Passkey";

/// Authenticators by their AAGUID, as their makers publish them.
const AUTHENTICATORS: [(u128, &str); 16] = [
    (
        0xea9b8d66_4d01_1d21_3ce4_b6b48cb575d4,
        "Google Password Manager",
    ),
    (0xfbfc3007_154e_4ecc_8c0b_6e020557d7bd, "Apple Passwords"),
    (0xdd4ec289_e01d_41c9_bb89_70fa845d4bf2, "iCloud Keychain"),
    (0x08987058_cadc_4b81_b6e1_30de50dcbe96, "Windows Hello"),
    (0x9ddd1817_af5a_4672_a2b9_3e3dd95000a9, "Windows Hello"),
    (0x6028b017_b1d4_4c02_b4b3_afcdafc96bb2, "Windows Hello"),
    (
        0xd3452668_01fd_4c12_926c_83a4204853aa,
        "Microsoft Password Manager",
    ),
    (0x53414d53_554e_4700_0000_000000000000, "Samsung Pass"),
    (0xadce0002_35bc_c60a_648b_0b25f1f05503, "Chrome on Mac"),
    (0xbada5566_a7aa_401f_bd96_45619a55120d, "1Password"),
    (0xd548826e_79b4_db40_a3d8_11116f7e8349, "Bitwarden"),
    (0x531126d6_e717_415c_9320_3d9aa6981239, "Dashlane"),
    (0x50726f74_6f6e_5061_7373_50726f746f6e, "Proton Pass"),
    (0xfdb141b2_5d84_443e_8a35_4698c205a502, "KeePassXC"),
    (0x0ea242b4_43c4_4a1b_8b17_dd6d0b6baec6, "Keeper"),
    (0xb84e4048_15dc_4dd0_8640_f4f60813c8af, "NordPass"),
];

/// Returns the name of a passkey that an authenticator with this AAGUID created, in the browser
/// with this `User-Agent`.
pub fn default_name(aaguid: Option<[u8; 16]>, user_agent: &str) -> String {
    let aaguid = aaguid.map(u128::from_be_bytes);
    let known = AUTHENTICATORS
        .iter()
        .find_map(|(id, name)| (Some(*id) == aaguid).then_some(*name));
    let browser = session::device(user_agent);
    match known {
        Some(name) => name.to_owned(),
        None if browser.is_empty() => UNKNOWN.to_owned(),
        None => browser,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passkey_is_named_after_its_authenticator_or_else_the_browser() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/148.0 Safari/537.36";
        let bitwarden = 0xd548826e_79b4_db40_a3d8_11116f7e8349_u128.to_be_bytes();
        assert_eq!(default_name(Some(bitwarden), chrome), "Bitwarden");
        assert_eq!(default_name(Some([0; 16]), chrome), "Chrome on Linux");
        assert_eq!(default_name(None, chrome), "Chrome on Linux");
        assert_eq!(default_name(None, "curl/8.0"), "Passkey");
    }
}
