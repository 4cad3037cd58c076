//! The keys that sign the access tokens of the built-in issuer.

use serde::Serialize;

use super::{ActorContext, AdminError};
use crate::domain::access_token::SigningKey;
use crate::store::{Tx, signing_keys};

/// The key that signs from now on.
#[derive(Clone, Debug, Serialize)]
pub struct CurrentKey {
    /// The id of the key, as tokens name it.
    pub kid: String,
}

/// What becomes of the tokens that the old keys have signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldTokens {
    /// They stay valid until they expire.
    Expire,
    /// They are refused at once, because somebody may have copied a key. Apps get new ones.
    Revoke,
}

/// Lets a new key sign all further access tokens. No session ends.
pub fn rotate_signing_key(
    tx: &mut Tx<'_>,
    key: &SigningKey,
    old: OldTokens,
    actor: &ActorContext,
) -> Result<CurrentKey, AdminError> {
    signing_keys::insert(tx, key, actor.now())?;
    if old == OldTokens::Revoke {
        signing_keys::delete_retired(tx)?;
    }
    let note = match old {
        OldTokens::Expire => "",
        OldTokens::Revoke => "tokens of the old keys were revoked",
    };
    actor.write_down(tx, 0, "signing_key.rotate", &key.kid, note)?;
    Ok(CurrentKey {
        kid: key.kid.clone(),
    })
}
