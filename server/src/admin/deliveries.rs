//! Webhook deliveries that the host sends again.

use api_types::{DeliveryId, event::Delivery};

use super::{ActorContext, AdminError};
use crate::store::{Tx, deliveries};

/// Sends a delivery of any agent again, in whatever state it is, under the same `webhook-id`.
///
/// # Errors
/// [`AdminError::NotFound`] if there is no delivery with this id.
pub fn redeliver(
    tx: &mut Tx<'_>,
    id: DeliveryId,
    actor: &ActorContext,
) -> Result<Delivery, AdminError> {
    let delivery = deliveries::redeliver(tx, None, id, actor.now())?;
    let delivery = delivery.ok_or(AdminError::NotFound("delivery"))?;
    actor.write_down(tx, 0, "delivery.redeliver", id, &delivery.event)?;
    Ok(delivery)
}
