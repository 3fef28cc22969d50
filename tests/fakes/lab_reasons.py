"""What is to be said of each odd domain of the lab: EDE code (RFC 8914), and the one reason."""

#: Question → code, reason as a regular expression.
BOGUS = {
    "expired.bogus.test A": (7, r"RRSIG by key \d+ expired 3 h ago"),
    "not-yet-valid.bogus.test A": (8, r"RRSIG by key \d+ becomes valid in (300|299) d"),
    "never-valid.bogus.test A": (25, r"RRSIG by key \d+ expires before it becomes valid"),
    "other-ds.bogus.test A": (9, "DS at the parent matches no DNSKEY"),
    "unsigned.bogus.test A": (10, "no RRSIG of A"),
    "unsigned-keys.bogus.test A": (10, "no RRSIG of DNSKEY"),
    "keys-by-zone-key.bogus.test A": (
        9, "the DNSKEY records are signed by no key that a DS at the parent names"),
    "no-zone-key.bogus.test A": (11, r"DNSKEY \d+ that a DS at the parent names is no zone key"),
    "revoked-key.bogus.test A": (9, r"DNSKEY \d+ that a DS at the parent names is revoked"),
    "unsigned-address.bogus.test A": (10, "no RRSIG of A"),
    "tampered.bogus.test A": (6, r"RRSIG by key \d+ does not match the A records"),
    "other-signer.bogus.test A": (10, r"RRSIG by key \d+ is of another zone, shop\.test\."),
    "unknown-key.bogus.test A": (
        9, r"RRSIG by key \d+, but unknown-key\.bogus\.test\. has no such key of algorithm 13"),
    "too-many-labels.bogus.test A": (
        6, r"RRSIG by key \d+ says 4 labels, more than too-many-labels\.bogus\.test\. has"),
    "too-few-labels.bogus.test A": (
        6, r"RRSIG by key \d+ says 2 labels, fewer than its signer too-few-labels\.bogus\.test\. has"),
    "inside.stolen-wildcard.bogus.test A": (
        12, r"no NSEC or NSEC3 record of stolen-wildcard\.bogus\.test\."),
    "missing.no-denial.bogus.test A": (12, r"no NSEC or NSEC3 record of no-denial\.bogus\.test\."),
    "missing.wrong-denial.bogus.test A": (
        12, r"no NSEC record covers missing\.wrong-denial\.bogus\.test\."),
    "missing.wrong-hash.bogus.test A": (
        12, r"no NSEC3 record covers missing\.wrong-hash\.bogus\.test\."),
    "wrong-types.bogus.test AAAA": (
        6, r"the NSEC record of wrong-types\.bogus\.test\. says that it has AAAA"),
    "downgraded.bogus.test A": (12, r"no NSEC or NSEC3 record of bogus\.test\."),
}  # fmt: skip

#: The same of what is answered, and not secure; ``None`` where there is nothing to explain.
INSECURE = {
    "unsigned.insecure.test A": (None, ""),
    "unknown-algorithm.insecure.test A": (1, "no DS with a supported algorithm, only 3"),
    "unknown-digest.insecure.test A": (2, "no DS with a supported digest type, only 3"),
    "missing.many-iterations.insecure.test A": (
        27, "NSEC3 with too many iterations or too long a salt"),
}  # fmt: skip
