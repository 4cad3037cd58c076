//! P-256 as this crate needs it: points that were checked and numbers that are wiped.

use p256::{
    FieldBytes, NonZeroScalar,
    elliptic_curve::{
        PrimeField,
        subtle::{Choice, ConditionallySelectable},
    },
};
use zeroize::Zeroizing;

use crate::{
    KeyError,
    field::{self, B, Field},
    multiply::Digits,
};

/// Bytes of an uncompressed point: 04 ‖ x ‖ y (SEC 1 §2.3.3).
pub(crate) const POINT_BYTES: usize = 65;

/// A point of the curve that is not infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    x: Field,
    y: Field,
}

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
        point.ok_or(KeyError::NotOnCurve)
    }

    /// The uncompressed point, SEC 1 §2.3.3.
    pub(crate) fn to_bytes(self) -> [u8; POINT_BYTES] {
        let mut bytes = [4; POINT_BYTES];
        let halves = bytes.rchunks_exact_mut(32);
        for (half, coordinate) in halves.zip([self.y, self.x]) {
            half.copy_from_slice(&coordinate.to_repr());
        }
        bytes
    }
}

fn uncompressed(xy: &[u8]) -> Option<Point> {
    let (x, y) = xy.split_first_chunk::<32>()?;
    let (x, y) = (coordinate(x)?, coordinate(y)?);
    (square_of_y(x) == y.square()).then_some(Point { x, y })
}

/// SEC 1 §2.3.4, step 2.4: y is the root with the named parity, if there is one.
fn compressed(sign: u8, x: &[u8]) -> Option<Point> {
    let x = coordinate(x)?;
    let square = square_of_y(x);
    let root = field::root(square);
    let wrong = root.is_odd() ^ Choice::from(sign & 1);
    let y = Field::conditional_select(&root, &-root, wrong);
    (square == y.square()).then_some(Point { x, y })
}

/// 32 big-endian bytes, below p.
fn coordinate(bytes: &[u8]) -> Option<Field> {
    let bytes: &FieldBytes = bytes.try_into().ok()?;
    Field::from_repr(*bytes).into()
}

/// The equation of the curve, y² = x³ − 3x + b (SEC 2 §2.4.2).
fn square_of_y(x: Field) -> Field {
    x * x.square() - x.double() - x + B
}

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
        let own = self.digits().times_generator();
        let scale = field::inverse(own.z);
        Point {
            x: own.x * scale,
            y: own.y * scale,
        }
    }

    /// The public point, and `Z` of a key agreement: the x coordinate of this many times the
    /// other's point (SP 800-56A rev. 3 §5.7.1.2), which is not infinity, as the order is prime.
    ///
    /// Whoever needs one needs the other, and both together take one field inversion.
    pub(crate) fn exchange(&self, other: Point) -> (Point, Zeroizing<[u8; 32]>) {
        let digits = self.digits();
        let own = digits.times_generator();
        let shared = digits.times(other.x, other.y);
        let both = field::inverse(own.z * shared.z);
        let scale = both * shared.z;
        let point = Point {
            x: own.x * scale,
            y: own.y * scale,
        };
        let z = Zeroizing::new(shared.x * both * own.z);
        (point, Zeroizing::new(z.to_repr().into()))
    }

    fn digits(&self) -> Digits {
        let bytes = Zeroizing::new(FieldBytes::from(&*self.0).into());
        Digits::of(&bytes)
    }
}
