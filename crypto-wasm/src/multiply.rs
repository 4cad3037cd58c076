//! Multiplication of points by secret numbers: of the generator for the own public point, of the
//! other's point for the shared secret. Every number takes the same steps and reads the same
//! memory.

use std::sync::OnceLock;

use p256::elliptic_curve::subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::{
    field::Field,
    group::{GENERATOR, INFINITY, Multiple},
};

/// A number as Σ digit · 16^place, lowest first, with digits from −8 to 7.
pub(crate) struct Digits(Zeroizing<[i8; 65]>);

impl Digits {
    /// The digits of a number in big-endian bytes.
    pub(crate) fn of(number: &[u8; 32]) -> Self {
        let mut digits = Zeroizing::new([0; 65]);
        let mut carry = 0;
        for (pair, byte) in digits.chunks_mut(2).zip(number.iter().rev().chain([&0])) {
            for (digit, half) in pair.iter_mut().zip([byte & 15, byte >> 4]) {
                let value = half as i8 + carry;
                carry = (value + 8) >> 4;
                *digit = value - (carry << 4);
            }
        }
        Self(digits)
    }

    /// This many times the point (x, y), which is on the curve.
    pub(crate) fn times(&self, x: Field, y: Field) -> Zeroizing<Multiple> {
        let z = Field::ONE;
        let row = Row::of(Multiple { x, y, z });
        let mut sum = Zeroizing::new(INFINITY);
        for digit in self.0.iter().rev() {
            *sum = sum.times_sixteen().plus(&row.pick(*digit));
        }
        sum
    }

    /// This many times the generator. The rows are multiples of 256, so the digits at odd places
    /// are added up apart, and shifted by one place in the end.
    pub(crate) fn times_generator(&self) -> Zeroizing<Multiple> {
        let mut even = Zeroizing::new(INFINITY);
        let mut odd = Zeroizing::new(INFINITY);
        for (row, pair) in rows().iter().zip(self.0.chunks(2)) {
            for (sum, digit) in [&mut even, &mut odd].into_iter().zip(pair) {
                **sum = sum.plus(&row.pick(*digit));
            }
        }
        Zeroizing::new(odd.times_sixteen().plus(&even))
    }
}

/// A point once, twice, and up to eight times.
struct Row([Multiple; 8]);

impl Row {
    fn of(point: Multiple) -> Self {
        let mut row = [point; 8];
        let mut last = INFINITY;
        for multiple in &mut row {
            last = last.plus(&point);
            *multiple = last;
        }
        Self(row)
    }

    /// A digit times the point. Which of them it was shows neither in time nor in what is read.
    fn pick(&self, digit: i8) -> Multiple {
        let sign = digit >> 7;
        let size = (digit ^ sign) - sign;
        let mut picked = INFINITY;
        for (multiple, place) in self.0.iter().zip(1_i8..) {
            let here = place.ct_eq(&size);
            picked.x.conditional_assign(&multiple.x, here);
            picked.y.conditional_assign(&multiple.y, here);
            picked.z.conditional_assign(&multiple.z, here);
        }
        let negative = Choice::from((sign & 1) as u8);
        picked.y = Field::conditional_select(&picked.y, &-picked.y, negative);
        picked
    }
}

/// The generator times 256 to the place, for every second digit; computed when first needed.
fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let mut point = GENERATOR;
        let row = |_| {
            let row = Row::of(point);
            point = point.times_sixteen().times_sixteen();
            row
        };
        (0..33).map(row).collect()
    })
}

#[cfg(test)]
mod tests {
    use p256::{
        AffinePoint, FieldBytes, ProjectivePoint, Scalar,
        elliptic_curve::{PrimeField, group::Group, ops::Reduce, point::AffineCoordinates},
    };
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;
    use crate::field::inverse;

    /// Both coordinates, or nothing of infinity.
    type Place = Option<(Field, Field)>;

    fn place(point: &Multiple) -> Place {
        let scale = inverse(point.z);
        let finite = point.z != Field::ZERO;
        finite.then(|| (point.x * scale, point.y * scale))
    }

    fn theirs(point: ProjectivePoint) -> Place {
        let read = |bytes: FieldBytes| Field::from_repr(bytes).unwrap();
        let affine: AffinePoint = point.to_affine();
        let finite = point != ProjectivePoint::IDENTITY;
        finite.then(|| (read(affine.x()), read(affine.y())))
    }

    fn scalar(bytes: [u8; 32]) -> Scalar {
        Reduce::reduce(&FieldBytes::from(bytes))
    }

    /// Both multiplications, beside the library's.
    fn agrees(number: Scalar, of: ProjectivePoint) {
        let digits = Digits::of(&number.to_repr().into());
        let (x, y) = theirs(of).unwrap();
        assert_eq!(
            place(&digits.times(x, y)),
            theirs(of * number),
            "{number:?}"
        );
        let generated = theirs(ProjectivePoint::mul_by_generator(&number));
        assert_eq!(place(&digits.times_generator()), generated, "{number:?}");
    }

    /// Around zero, the order and its half, powers of two, and digits that are all alike: carries
    /// that run through, windows of zeros, sums that cancel or meet their own summand.
    #[test]
    fn numbers_at_the_edges_multiply_as_the_library_says() {
        let mut edges: Vec<Scalar> = (0..40_u64).map(Scalar::from).collect();
        edges.extend((5..256).map(|power| (0..power).fold(Scalar::ONE, |n, _| n.double())));
        edges.extend((0..=255).step_by(17).map(|byte| scalar([byte; 32])));
        edges.extend((1..32).map(|zeros| {
            let mut bytes = [0x78; 32];
            bytes[..zeros].fill(0);
            scalar(bytes)
        }));
        edges.push(Scalar::TWO_INV);
        for number in edges {
            agrees(number, ProjectivePoint::GENERATOR);
            agrees(-number, -ProjectivePoint::GENERATOR.double());
        }
    }

    proptest! {
        #[test]
        fn any_number_times_any_point_is_what_the_library_says(
            number in any::<[u8; 32]>(), point in any::<[u8; 32]>(),
        ) {
            agrees(scalar(number), ProjectivePoint::GENERATOR * scalar(point));
        }

        #[test]
        fn digits_are_small_and_add_up_to_the_number(number in any::<[u8; 32]>()) {
            let number = scalar(number);
            let digits = Digits::of(&number.to_repr().into());
            let sum = digits.0.iter().rev().fold(Scalar::ZERO, |sum, digit| {
                assert!((-8..8).contains(digit));
                let size = Scalar::from(u64::from(digit.unsigned_abs()));
                sum * Scalar::from(16_u64) + if *digit < 0 { -size } else { size }
            });
            prop_assert_eq!(sum, number);
        }
    }

    #[test]
    fn every_sum_and_every_digit_is_complete() {
        let row = Row::of(GENERATOR);
        let times = |n: i8| {
            let size = ProjectivePoint::GENERATOR * Scalar::from(u64::from(n.unsigned_abs()));
            if n < 0 { -size } else { size }
        };
        for one in -8..=8 {
            assert_eq!(place(&row.pick(one)), theirs(times(one)));
            let sixteen = row.pick(one).times_sixteen();
            assert_eq!(place(&sixteen), theirs(times(one) * Scalar::from(16_u64)));
            for other in -8..=8 {
                let sum = row.pick(one).plus(&row.pick(other));
                assert_eq!(place(&sum), theirs(times(one + other)));
                // Infinity that comes out of a sum has another Y than one.
                let again = sum.times_sixteen().plus(&row.pick(1));
                assert_eq!(
                    place(&again),
                    theirs(times(one + other) * Scalar::from(16_u64) + times(1))
                );
            }
        }
        assert_eq!(place(&INFINITY.times_sixteen().plus(&INFINITY)), None);
    }
}
