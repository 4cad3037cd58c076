//! Numbers modulo the prime of P-256, and the two powers of them that the curve needs. The one
//! file that knows which library does this arithmetic.

use p256::{NistP256, elliptic_curve::hazmat::FieldArithmetic};

/// A number modulo p = 2²⁵⁶ − 2²²⁴ + 2¹⁹² + 2⁹⁶ − 1 (SEC 2 §2.4.2), in constant-time arithmetic.
pub(crate) type Field = <NistP256 as FieldArithmetic>::FieldElement;

/// The coefficient b of the curve y² = x³ − 3x + b (SEC 2 §2.4.2).
pub(crate) const B: Field =
    Field::from_hex_vartime("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b");

/// 1/x as the power to p − 2 (Fermat), or 0 of 0. The library's own is five times
/// the code.
pub(crate) fn inverse(x: Field) -> Field {
    let ones = ones(x);
    let power = square(ones.of_32, 32) * x;
    let power = square(power, 128) * ones.of_32;
    let power = square(power, 32) * ones.of_32;
    let power = square(power, 30) * ones.of_30;
    square(power, 2) * x
}

/// The power to (p + 1) / 4, which is a square root if there is one, as p mod 4 = 3 (SEC 1
/// §2.3.4, step 2.4.1).
pub(crate) fn root(x: Field) -> Field {
    let power = square(ones(x).of_32, 32) * x;
    square(square(power, 96) * x, 94)
}

/// The powers to 2³⁰ − 1 and 2³² − 1, whose digits in binary are that many ones.
struct Ones {
    of_30: Field,
    of_32: Field,
}

fn ones(x: Field) -> Ones {
    let of_2 = square(x, 1) * x;
    let of_3 = square(of_2, 1) * x;
    let of_6 = square(of_3, 3) * of_3;
    let of_12 = square(of_6, 6) * of_6;
    let of_15 = square(of_12, 3) * of_3;
    let of_30 = square(of_15, 15) * of_15;
    let of_32 = square(of_30, 2) * of_2;
    Ones { of_30, of_32 }
}

/// The power to 2 to the `times`. One loop in the wasm, not one for each caller.
#[inline(never)]
fn square(x: Field, times: usize) -> Field {
    (0..times).fold(x, |x, _| x.square())
}

#[cfg(test)]
mod tests {
    use p256::{FieldBytes, elliptic_curve::PrimeField};
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{Field, inverse, root};

    #[test]
    fn zero_and_one_are_their_own_inverses_and_roots() {
        for number in [Field::ZERO, Field::ONE] {
            assert_eq!(inverse(number), number);
            assert_eq!(root(number), number);
        }
    }

    proptest! {
        #[test]
        fn inverses_and_roots_are_those_of_the_library(bytes in any::<[u8; 32]>()) {
            let number: Option<Field> = Field::from_repr(FieldBytes::from(bytes)).into();
            let number = number.unwrap_or(-Field::ONE);
            prop_assert_eq!(Some(inverse(number)), number.invert().into());
            prop_assert_eq!(Some(root(number.square())), number.square().sqrt().into());
        }
    }
}
