//! The words of the column `status`.

use bellpush_core::delivery::DeliveryStatus;

pub(crate) const fn word(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Pending => "pending",
        DeliveryStatus::Delivered => "delivered",
        DeliveryStatus::Dead => "dead",
    }
}
