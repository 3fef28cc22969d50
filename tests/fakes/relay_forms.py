"""Thirty ways in which strangers have had mail relayed, each as RCPT says it.

``victim@elsewhere.test`` is where the mail is meant to go; ``example.test``,
``mx.example.test`` and ``[192.0.2.25]`` are ours.
"""

PLAIN = {
    "plain": "victim@elsewhere.test",
    "mixed case": "Victim@ELSEWHERE.Test",
    "a dot at the end": "victim@elsewhere.test.",
    "quoted": '"victim"@elsewhere.test',
    "a literal": "victim@[203.0.113.9]",
    "an IPv6 literal": "victim@[IPv6:2001:db8::9]",
    "an A-label": "victim@xn--bcher-kva.test",
    "one that begins as ours": "victim@example.test.elsewhere.test",
    "one that ends as ours": "victim@xexample.test",
    "a subdomain of ours": "victim@sub.example.test",
    "a numeric host": "victim@203.0.113.9",
}
ROUTED = {
    "percent": "victim%elsewhere.test@example.test",
    "percent, our literal": "victim%elsewhere.test@[192.0.2.25]",
    "percent, our host": "victim%elsewhere.test@mx.example.test",
    "percent twice": "victim%elsewhere.test%example.test@example.test",
    "percent and elsewhere": "victim%elsewhere.test@elsewhere.test",
    "percent in quotes": '"victim%elsewhere.test"@example.test',
    "bang": "elsewhere.test!victim@example.test",
    "bang path": "example.test!elsewhere.test!victim@example.test",
    "bang in quotes": '"elsewhere.test!victim"@example.test',
    "bang and percent": "elsewhere.test!victim%example.test@example.test",
    "an address in quotes": '"victim@elsewhere.test"@example.test',
    "an address in quotes, our literal": '"victim@elsewhere.test"@[192.0.2.25]',
    "an escaped address": '"victim\\@elsewhere.test"@example.test',
    "a source route": "@example.test:victim@elsewhere.test",
    "a long source route": "@mx.example.test,@example.test:victim@elsewhere.test",
    "a source route back to us": "@elsewhere.test:alice@example.test",
}
MALFORMED = {
    "two of @": "victim@elsewhere.test@example.test",
    "a bang without domain": "elsewhere.test!victim",
    "percent without domain": "victim%elsewhere.test",
}
FORMS = {**PLAIN, **ROUTED, **MALFORMED}
