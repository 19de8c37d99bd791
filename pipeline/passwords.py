"""Passwords and tokens: hashed by Argon2id (RFC 9106), or drawn by chance and kept as a digest."""

import secrets
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from pipeline.core.model import Digest, digest_of

_BYTES = 32


@cache
def _argon2() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


@cache
def _nobody() -> str:
    return _argon2().hash(secrets.token_hex())


def hashed(password: str) -> str:
    """The hash to keep of a password, with its salt and parameters."""
    return _argon2().hash(password)


def verify(password: str, known: str) -> tuple[bool, str | None]:
    """Whether a password is that of a hash, and the hash to keep instead where today's parameters are stronger.

    Where `known` is empty the answer is no, and takes as long as any: nobody can tell whether an account exists.
    """
    if not known:
        _argon2().verify(password, _nobody())
        return False, None
    return _argon2().verify_and_update(password, known)


def token() -> str:
    """256 bits of chance, as text for a cookie or a header."""
    return secrets.token_urlsafe(_BYTES)


def kept(token: str) -> Digest:
    """What is kept of a token: who reads the ledger cannot show it."""
    return digest_of(token.encode())
