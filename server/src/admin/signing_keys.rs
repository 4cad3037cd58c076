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

/// Lets a new key sign all further access tokens. Tokens of the old keys stay valid until they
/// expire, so that no session ends.
pub fn rotate_signing_key(
    tx: &mut Tx<'_>,
    key: &SigningKey,
    actor: &ActorContext,
) -> Result<CurrentKey, AdminError> {
    signing_keys::insert(tx, key, actor.now())?;
    actor.write_down(tx, 0, "signing_key.rotate", &key.kid, "")?;
    Ok(CurrentKey {
        kid: key.kid.clone(),
    })
}
