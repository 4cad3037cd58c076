//! P-256 as this crate needs it: points that were checked and numbers that are wiped. The one file
//! that knows which library does the arithmetic.

use p256::{
    AffinePoint, FieldBytes, NistP256, NonZeroScalar, ProjectivePoint,
    elliptic_curve::{
        Group, PrimeField,
        hazmat::FieldArithmetic,
        point::{AffineCoordinates, BatchNormalize},
        subtle::{Choice, ConditionallySelectable},
    },
};
use zeroize::Zeroizing;

use crate::KeyError;

/// Bytes of an uncompressed point: 04 ‖ x ‖ y (SEC 1 §2.3.3).
pub(crate) const POINT_BYTES: usize = 65;

/// A point of the curve that is not infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point(AffinePoint);

impl Point {
    /// Octet string to point, SEC 1 §2.3.4, with the full validation of SP 800-56A rev. 3
    /// §5.6.2.3.3: coordinates below p, on the curve, not infinity. The curve has cofactor 1, so
    /// the point then has the right order.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, KeyError> {
        let point = match (bytes.split_first(), bytes.len()) {
            (None, _) => return Err(KeyError::Empty),
            (Some((0, _)), 1) => return Err(KeyError::Infinity),
            (Some((4, rest)), POINT_BYTES) => uncompressed(rest),
            (Some((sign @ (2 | 3), rest)), 33) => compressed(*sign, rest),
            (Some((6 | 7, _)), POINT_BYTES) => return Err(KeyError::Hybrid),
            (Some((4, _)), 97) | (Some((2 | 3, _)), 49) => {
                return Err(KeyError::OtherKind("P-384"));
            }
            (Some((4, _)), 133) | (Some((2 | 3, _)), 67) => {
                return Err(KeyError::OtherKind("P-521"));
            }
            (_, length) => return Err(KeyError::Length(length)),
        };
        point.map(Self).ok_or(KeyError::NotOnCurve)
    }

    /// The uncompressed point, SEC 1 §2.3.3.
    pub(crate) fn to_bytes(self) -> [u8; POINT_BYTES] {
        let mut bytes = [4; POINT_BYTES];
        let (x, y) = bytes.split_at_mut(33);
        if let Some((_, x)) = x.split_first_mut() {
            x.copy_from_slice(&self.0.x());
        }
        y.copy_from_slice(&self.0.y());
        bytes
    }
}

fn uncompressed(xy: &[u8]) -> Option<AffinePoint> {
    let (x, y) = xy.split_first_chunk::<32>()?;
    AffinePoint::from_coordinates(x.into(), y.try_into().ok()?).into()
}

/// SEC 1 §2.3.4 step 2.4: y is the root of x³ − 3x + b with the named parity, if there is one. As
/// p mod 4 = 3, the root is the power to (p + 1) / 4. The library's own takes a twentieth of the
/// wasm.
fn compressed(sign: u8, x: &[u8]) -> Option<AffinePoint> {
    let x: &FieldBytes = x.try_into().ok()?;
    let field: Field = Option::from(Field::from_repr(*x))?;
    let b: Field = Option::from(Field::from_repr(EQUATION_B.into()))?;
    let square = field * field * field - field.double() - field + b;
    let root = ROOT_POWER.iter().fold(Field::ONE, |power, limb| {
        (0..64)
            .rev()
            .fold(power, |power, bit| match limb >> bit & 1 {
                0 => power.square(),
                _ => power.square() * square,
            })
    });
    let wrong = root.is_odd() ^ Choice::from(sign & 1);
    let y = Field::conditional_select(&root, &-root, wrong);
    // Which also refuses the x that has no y.
    AffinePoint::from_coordinates(x, &y.to_repr()).into()
}

type Field = <NistP256 as FieldArithmetic>::FieldElement;

/// (p + 1) / 4, highest limb first.
const ROOT_POWER: [u64; 4] = [0x3fff_ffff_c000_0000, 0x4000_0000_0000_0000, 0x4000_0000, 0];

/// The coefficient b of the curve (SEC 2 §2.4.2).
const EQUATION_B: [u8; 32] = [
    0x5a, 0xc6, 0x35, 0xd8, 0xaa, 0x3a, 0x93, 0xe7, 0xb3, 0xeb, 0xbd, 0x55, 0x76, 0x98, 0x86, 0xbc,
    0x65, 0x1d, 0x06, 0xb0, 0xcc, 0x53, 0xb0, 0xf6, 0x3b, 0xce, 0x3c, 0x3e, 0x27, 0xd2, 0x60, 0x4b,
];

/// A private number: from 1 up to the order of the curve, wiped when dropped.
#[derive(Clone)]
pub(crate) struct Number(Zeroizing<NonZeroScalar>);

impl Number {
    /// The number in 32 big-endian bytes, if it is in range (SP 800-56A rev. 3 §5.6.2.1.2).
    pub(crate) fn read(bytes: &[u8; 32]) -> Option<Self> {
        let number: Option<NonZeroScalar> = NonZeroScalar::from_repr((*bytes).into()).into();
        number.map(|number| Self(Zeroizing::new(number)))
    }

    #[cfg(feature = "open")]
    pub(crate) fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(FieldBytes::from(&*self.0).into())
    }

    /// The public point of this number: that many times the generator.
    #[cfg(feature = "open")]
    pub(crate) fn point(&self) -> Point {
        Point(ProjectivePoint::mul_by_generator(&self.0).to_affine())
    }

    /// The public point, and `Z` of a key agreement: the x coordinate of this many times the
    /// other's point (SP 800-56A rev. 3 §5.7.1.2), which is not infinity, as the order is prime.
    ///
    /// Whoever needs one needs the other, and both together take one field inversion.
    pub(crate) fn exchange(&self, other: Point) -> (Point, Zeroizing<[u8; 32]>) {
        let shared = ProjectivePoint::from(other.0) * **self.0;
        let own = ProjectivePoint::mul_by_generator(&self.0);
        let [own, shared] = ProjectivePoint::batch_normalize(&[own, shared]);
        (Point(own), Zeroizing::new(shared.x().into()))
    }
}
