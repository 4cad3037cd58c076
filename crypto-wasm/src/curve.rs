//! P-256: validated public points, and private scalars that are wiped. The `p256` crate decodes and
//! computes; this file adds the name of each fault.

use p256::{
    NonZeroScalar, PublicKey, Sec1Point,
    ecdh::{SharedSecret, diffie_hellman},
};
use zeroize::Zeroizing;

use crate::KeyError;

/// Length of an uncompressed point in bytes: 04 ‖ x ‖ y (SEC 1 §2.3.3).
pub(crate) const POINT_BYTES: usize = 65;

/// A point of the curve that is not the point at infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point(PublicKey);

impl Point {
    /// Decodes a point (SEC 1 §2.3.4) with the full validation of SP 800-56A rev. 3 §5.6.2.3.3:
    /// coordinates below p, on the curve, not infinity. The curve has cofactor 1, so the point then
    /// has the right order.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, KeyError> {
        match (bytes.first(), bytes.len()) {
            (None, _) => Err(KeyError::Empty),
            (Some(0), 1) => Err(KeyError::Infinity),
            (Some(4), POINT_BYTES) | (Some(2 | 3), 33) => PublicKey::from_sec1_bytes(bytes)
                .map(Self)
                .map_err(|_| KeyError::NotOnCurve),
            (Some(6 | 7), POINT_BYTES) => Err(KeyError::Hybrid),
            (Some(4), 97) | (Some(2 | 3), 49) => Err(KeyError::OtherKind("P-384")),
            (Some(4), 133) | (Some(2 | 3), 67) => Err(KeyError::OtherKind("P-521")),
            (_, length) => Err(KeyError::Length(length)),
        }
    }

    /// Returns the uncompressed point (SEC 1 §2.3.3).
    pub(crate) fn to_bytes(self) -> [u8; POINT_BYTES] {
        let mut bytes = [0; POINT_BYTES];
        bytes.copy_from_slice(Sec1Point::from(self.0).as_bytes());
        bytes
    }
}

/// A private scalar, at least 1 and below the order of the curve. It is wiped when dropped.
#[derive(Clone)]
pub(crate) struct Scalar(Zeroizing<NonZeroScalar>);

impl Scalar {
    /// Reads a scalar from 32 big-endian bytes, or returns `None` if it is out of range (SP 800-56A
    /// rev. 3 §5.6.2.1.2).
    pub(crate) fn read(bytes: &[u8; 32]) -> Option<Self> {
        let scalar: Option<NonZeroScalar> = NonZeroScalar::from_repr((*bytes).into()).into();
        scalar.map(|scalar| Self(Zeroizing::new(scalar)))
    }

    #[cfg(feature = "open")]
    pub(crate) fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(p256::FieldBytes::from(&*self.0).into())
    }

    /// Returns the public point of this scalar: the scalar times the generator.
    pub(crate) fn point(&self) -> Point {
        Point(PublicKey::from_secret_scalar(&self.0))
    }

    /// Returns `Z` of the key agreement: the x coordinate of this scalar times the other side's
    /// point (SP 800-56A rev. 3 §5.7.1.2). The product is never infinity, because the order is
    /// prime.
    pub(crate) fn agree(&self, other: Point) -> SharedSecret {
        diffie_hellman(&*self.0, other.0.as_affine())
    }
}
