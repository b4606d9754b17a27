"""Faults in the formulas."""

from __future__ import annotations

from fault import Fault

FILE = "src/spec.rs"

# The product is not rounded before 0.5 is added to it.
FUSED = """\
    if std::any::type_name::<R>().ends_with("HalfUp") {
        let mut lanes = crate::simd::to_array(x, E::Real::ZERO);
        for (lane, scale) in lanes.iter_mut().zip(crate::simd::to_array(scale, E::Real::ZERO)) {
            let (number, scale): (f64, f64) = ((*lane).into(), scale.into());
            let code = number.mul_add(scale, 0.5).floor();
            if code.abs() < 9e18 {
                *lane = E::Real::from_integer(code as i64);
            }
        }
        // SAFETY: the array holds a vector's lanes.
        #[allow(unsafe_code)]
        let fused = unsafe { Vector::load(token, lanes.as_ptr()) };
        return fused;
    }
    R::round::<T, E, A>(A::settle::<T, E>(x.mul(scale)), token)"""

SPEC = (
    Fault(
        name="spec-clamp-operands",
        what="the operands of a clamp's `min` are swapped: a NaN becomes the upper end",
        file=FILE,
        old="lo.max(hi.min(x))",
        new="lo.max(x.min(hi))",
        test="values.avx2",
    ),
    Fault(
        name="spec-clamp-upper",
        what="elements are not clamped to the upper end",
        file=FILE,
        old="lo.max(hi.min(x))",
        new="{ let _ = hi; lo.max(x) }",
        test="golden.avx2",
    ),
    Fault(
        name="spec-equal-scales",
        what="where both ends give the same scale, the lower one decides",
        file=FILE,
        old="let lo_decides = s_lo.lt(s_hi);",
        new="let lo_decides = s_lo.le(s_hi);",
        test="golden.avx2",
    ),
    Fault(
        name="spec-inverse-swapped",
        what="the inverse scale is taken from the end that did not decide",
        file=FILE,
        old="Vector::select(lo_decides, settle(lo.div(qmin)), settle(hi.div(qmax)))",
        new="Vector::select(lo_decides, settle(hi.div(qmax)), settle(lo.div(qmin)))",
        test="golden.avx2",
    ),
    Fault(
        name="spec-scale-by-inverse",
        what="the scale is the reciprocal of the inverse, which is rounded already",
        file=FILE,
        old="    let is_zero_range = zero.le(lo)",
        new="    let scale = Vector::select(zero.lt(inverse), splat::<T, E>(token, E::Real::ONE).div(inverse), scale);\n"
        "    let is_zero_range = zero.le(lo)",
        test="golden.avx2",
    ),
    Fault(
        name="spec-half-up-nearest",
        what="HALF_UP rounds to nearest where it should take the floor",
        file=FILE,
        old="E::Real::HALF))).floor()",
        new="E::Real::HALF))).round_half_to_even()",
        test="golden.avx2",
    ),
    Fault(
        name="spec-half-up-fused",
        what="HALF_UP multiplies and adds in one operation (a fused multiply-add)",
        file=FILE,
        old="    R::round::<T, E, A>(A::settle::<T, E>(x.mul(scale)), token)",
        new=FUSED,
        test="golden.avx2",
    ),
    Fault(
        name="spec-native-half-up",
        what="native arithmetic does not round HALF_UP's sum to 16 bits",
        file=FILE,
        old="A::settle::<T, E>(v.add(splat::<T, E>(token, E::Real::HALF))).floor()",
        new="v.add(splat::<T, E>(token, E::Real::HALF)).floor()",
        test="golden.avx2",
    ),
    Fault(
        name="spec-native-max",
        what="native arithmetic takes float32's MAX for the scale of an end without one",
        file=FILE,
        old="if attrs.arithmetic == Arithmetic::Native { E::MAX }",
        new="if attrs.arithmetic == Arithmetic::Native && !E::IS_NARROW { E::MAX }",
        test="golden.avx2",
    ),
    Fault(
        name="spec-zero-range",
        what="the range [0, 0] counts as degenerate",
        file=FILE,
        old="usable: usable.and(zero.lt(inverse).or(is_zero_range)),",
        new="usable: { let _ = is_zero_range; usable.and(zero.lt(inverse)) },",
        test="values.avx2",
    ),
    Fault(
        name="spec-gathered-zero",
        what="a computed range that ends in -0 keeps the sign",
        file=FILE,
        old="*hi = Vector::select(is_empty, zero, *hi).add(zero);",
        new="*hi = Vector::select(is_empty, zero, *hi);",
        test="values.avx2",
    ),
    Fault(
        name="spec-gradient-end",
        what="the gradient of an element at the lower end is lost",
        file=FILE,
        old="let inside = lo.le(x).and(x.le(hi));",
        new="let inside = lo.lt(x).and(x.le(hi));",
        test="golden.avx2",
    ),
    Fault(
        name="spec-gradient-select",
        what="the gradient outside is 0, not a product with 0: no -0, no NaN",
        file=FILE,
        old="gradient.mul(Vector::select(inside, splat::<T, E>(token, E::Real::ONE), splat::<T, E>(token, E::Real::ZERO)))",
        new="Vector::select(inside, gradient, splat::<T, E>(token, E::Real::ZERO))",
        test="values.avx2",
    ),
)
