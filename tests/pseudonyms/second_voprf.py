"""A second VOPRF, written from the texts of RFC 9496, 9380 and 9497 alone: slow, not constant-time, for tests.

It shares no line with `gateway.pseudonyms` and no library: Python's integers and SHA-512 are all it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha512
from typing import NamedTuple

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
# RFC 9496, section 4.1; which of the two roots is meant stands there.
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
INVSQRT_A_MINUS_D = 54469307008909316920995813868745141605393597292927456921205312896311721017578
ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) ** 2 % P


class Invalid(ValueError):  # noqa: N818
    """Bytes that RFC 9496 or RFC 9497 tells to refuse."""


class Point(NamedTuple):
    """A point of the Edwards curve behind ristretto255, in extended coordinates."""

    x: int
    y: int
    z: int
    t: int

    def __add__(self, other: Point) -> Point:  # type: ignore[override]
        """RFC 8032, section 5.1.4."""
        a = (self.y - self.x) * (other.y - other.x) % P
        b = (self.y + self.x) * (other.y + other.x) % P
        c = self.t * 2 * D * other.t % P
        d = self.z * 2 * other.z % P
        e, f, g, h = b - a, d - c, d + c, b + a
        return Point(e * f % P, g * h % P, f * g % P, e * h % P)

    def times(self, scalar: int) -> Point:
        """Four bits at a time."""
        table = [NEUTRAL]
        for _ in range(15):
            table.append(table[-1] + self)
        total = NEUTRAL
        for digit in f"{scalar % L:x}":
            for _ in range(4):
                total += total
            total += table[int(digit, 16)]
        return total


NEUTRAL = Point(0, 1, 1, 0)


def _absolute(value: int) -> int:
    value %= P
    return P - value if value & 1 else value


def _square_root_of_ratio(u: int, v: int) -> tuple[bool, int]:
    """SQRT_RATIO_M1 (RFC 9496, section 4.2)."""
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    correct, flipped = check == u % P, check == -u % P
    if flipped or check == -u * SQRT_M1 % P:
        r = r * SQRT_M1 % P
    return correct or flipped, _absolute(r)


def decode(encoded: bytes) -> Point:
    """RFC 9496, section 4.3.1; refuses the identity too, as RFC 9497 (section 4.1) does."""
    s = int.from_bytes(encoded, "little")
    if len(encoded) != 32 or s >= P or s & 1 or s == 0:
        raise Invalid("not canonical, negative or the identity")
    u1, u2 = (1 - s * s) % P, (1 + s * s) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    was_square, inverse_root = _square_root_of_ratio(1, v * u2 * u2 % P)
    den_x = inverse_root * u2 % P
    den_y = inverse_root * den_x * v % P
    x, y = _absolute(2 * s * den_x), u1 * den_y % P
    t = x * y % P
    if not was_square or t & 1 or y == 0:
        raise Invalid("no element")
    return Point(x, y, 1, t)


def encode(point: Point) -> bytes:
    """RFC 9496, section 4.3.2."""
    x0, y0, z0, t0 = point
    u1, u2 = (z0 + y0) * (z0 - y0) % P, x0 * y0 % P
    _, inverse_root = _square_root_of_ratio(1, u1 * u2 * u2 % P)
    den1, den2 = inverse_root * u1 % P, inverse_root * u2 % P
    z_inverse = den1 * den2 * t0 % P
    if t0 * z_inverse % P & 1:
        x, y, den = y0 * SQRT_M1 % P, x0 * SQRT_M1 % P, den1 * INVSQRT_A_MINUS_D % P
    else:
        x, y, den = x0, y0, den2
    if x * z_inverse % P & 1:
        y = -y
    return _absolute(den * (z0 - y)).to_bytes(32, "little")


def _map(t: int) -> Point:
    """MAP (RFC 9496, section 4.3.4)."""
    r = SQRT_M1 * t * t % P
    u, v = (r + 1) * ONE_MINUS_D_SQ % P, (-1 - r * D) * (r + D) % P
    was_square, s = _square_root_of_ratio(u, v)
    if not was_square:
        s = -_absolute(s * t) % P
    c = -1 if was_square else r
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0, w1, w2, w3 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P, (1 - s * s) % P, (1 + s * s) % P
    return Point(w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P)


def derive(uniform: bytes) -> Point:
    """The element derivation function (RFC 9496, section 4.3.4)."""
    halves = (uniform[:32], uniform[32:])
    first, second = (int.from_bytes(half, "little") % 2**255 % P for half in halves)
    return _map(first) + _map(second)


def expand(message: bytes, tag: bytes) -> bytes:
    """`expand_message_xmd` for 64 bytes (RFC 9380, section 5.3.1), SHA-512."""
    tag_prime = tag + bytes([len(tag)])
    b0 = sha512(bytes(128) + message + (64).to_bytes(2, "big") + bytes(1) + tag_prime).digest()
    return sha512(b0 + bytes([1]) + tag_prime).digest()


GENERATOR = decode(bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"))


def _context(mode: int) -> bytes:
    return b"OPRFV1-" + bytes([mode]) + b"-ristretto255-SHA512"


def hash_to_group(message: bytes, mode: int = 1) -> Point:
    """RFC 9497, section 4.1."""
    return derive(expand(message, b"HashToGroup-" + _context(mode)))


def hash_to_scalar(message: bytes, mode: int = 1) -> int:
    """RFC 9497, section 4.1."""
    return int.from_bytes(expand(message, b"HashToScalar-" + _context(mode)), "little") % L


def read_scalar(encoded: bytes) -> int:
    """DeserializeScalar (RFC 9497, section 4.1), zero refused."""
    value = int.from_bytes(encoded, "little")
    if len(encoded) != 32 or not 0 < value < L:
        raise Invalid("no scalar")
    return value


def write_scalar(value: int) -> bytes:
    """SerializeScalar."""
    return (value % L).to_bytes(32, "little")


def _framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


def derive_key_pair(seed: bytes, info: bytes, mode: int = 1) -> tuple[bytes, bytes]:
    """RFC 9497, section 3.2.1: the secret scalar and the public element."""
    for counter in range(256):
        message = seed + _framed(info) + bytes([counter])
        secret = int.from_bytes(expand(message, b"DeriveKeyPair" + _context(mode)), "little") % L
        if secret:
            return write_scalar(secret), encode(GENERATOR.times(secret))
    raise Invalid("no key")


def blind(private_input: bytes, scalar: bytes, mode: int = 1) -> bytes:
    """RFC 9497, section 3.3.1 (3.3.2 in the verifiable mode), with a given blind."""
    return encode(hash_to_group(private_input, mode).times(read_scalar(scalar)))


def evaluate(secret: bytes, blinded: Sequence[bytes]) -> list[bytes]:
    """BlindEvaluate without its proof."""
    return [encode(decode(element).times(read_scalar(secret))) for element in blinded]


def _composites(public: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes]) -> tuple[Point, Point]:
    """ComputeComposites (RFC 9497, section 2.2.1)."""
    seed = sha512(_framed(public, b"Seed-" + _context(1))).digest()
    m = z = NEUTRAL
    for i, (c, d) in enumerate(zip(blinded, evaluated, strict=True)):
        di = hash_to_scalar(_framed(seed) + i.to_bytes(2, "big") + _framed(c, d) + b"Composite")
        m, z = m + decode(c).times(di), z + decode(d).times(di)
    return m, z


def _challenge(public: bytes, *points: Point) -> int:
    return hash_to_scalar(_framed(public, *map(encode, points)) + b"Challenge")


def prove(secret: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes], nonce: bytes) -> bytes:
    """GenerateProof (RFC 9497, section 2.2.1), with a given nonce."""
    k, r = read_scalar(secret), read_scalar(nonce)
    public = encode(GENERATOR.times(k))
    m, z = _composites(public, blinded, evaluated)
    c = _challenge(public, m, z, GENERATOR.times(r), m.times(r))
    return write_scalar(c) + write_scalar(r - c * k)


def proves(public: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes], proof: bytes) -> bool:
    """VerifyProof (RFC 9497, section 2.2.2)."""
    m, z = _composites(public, blinded, evaluated)
    c, s = read_scalar(proof[:32]), read_scalar(proof[32:])
    t2 = GENERATOR.times(s) + decode(public).times(c)
    t3 = m.times(s) + z.times(c)
    return c == _challenge(public, m, z, t2, t3)


def finalize(private_input: bytes, scalar: bytes, evaluated: bytes) -> bytes:
    """RFC 9497, section 3.3.1."""
    unblinded = encode(decode(evaluated).times(pow(read_scalar(scalar), -1, L)))
    return sha512(_framed(private_input, unblinded) + b"Finalize").digest()
