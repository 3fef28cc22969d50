"""What stands in the zones of the small Internet that ``dnsd lab`` shows."""

from __future__ import annotations

from typing import Final

ROOT: Final = """
@ 86400 SOA a.root.test. hostmaster.root.test. 1 1800 900 604800 300
@ 86400 NS a.root.test.
@ 86400 NS b.root.test.
a.root.test. 86400 A 127.53.0.1
b.root.test. 86400 A 127.53.0.2
2.0.192.in-addr.arpa. 86400 NS a.root.test.
test. 86400 NS ns.test.
ns.test. 86400 A 127.53.1.1
example. 86400 NS ns.example.
ns.example. 86400 A 127.53.2.1
"""

REVERSE: Final = """
@ 3600 SOA a.root.test. hostmaster.root.test. 1 1800 900 604800 300
@ 3600 NS a.root.test.
80 3600 PTR web.shop.test.
81 3600 PTR blog.example.
"""

TEST: Final = """
@ 3600 SOA ns.test. hostmaster.test. 1 1800 900 604800 300
@ 3600 NS ns.test.
ns 3600 A 127.53.1.1
a.root 3600 A 127.53.0.1
b.root 3600 A 127.53.0.2
shop 3600 NS ns1.shop
shop 3600 NS ns2.shop
ns1.shop 3600 A 127.53.10.1
ns2.shop 3600 A 127.53.10.2
slow 3600 NS ns.slow
ns.slow 3600 A 127.53.12.1
lame 3600 NS ns.lame
ns.lame 3600 A 127.53.13.1
gone 3600 NS ns.gone
ns.gone 3600 A 127.53.14.1
evil 3600 NS ns.evil
ns.evil 3600 A 127.53.66.1
bogus 3600 NS ns.bogus
ns.bogus 3600 A 127.53.20.1
insecure 3600 NS ns.insecure
ns.insecure 3600 A 127.53.21.1
dnsd 3600 NS ns.dnsd
ns.dnsd 3600 A 127.53.53.53
"""

EXAMPLE: Final = """
@ 3600 SOA ns.example. hostmaster.example. 1 1800 900 604800 300
@ 3600 NS ns.example.
ns 3600 A 127.53.2.1
blog 3600 NS ns1.shop.test.
dnsd 3600 NS ns.dnsd.test.
"""

SHOP: Final = f"""
@ 300 SOA ns1 hostmaster 1 1800 900 604800 60
@ 300 NS ns1
@ 300 NS ns2
ns1 300 A 127.53.10.1
ns2 300 A 127.53.10.2
@ 300 MX 10 mail
mail 300 A 192.0.2.25
www 300 CNAME web
web 300 A 192.0.2.80
web 300 AAAA 2001:db8::80
big 300 TXT {" ".join(['"' + "x" * 250 + '"'] * 8)}
"""

BLOG: Final = """
@ 300 SOA ns1.shop.test. hostmaster 1 1800 900 604800 60
@ 300 NS ns1.shop.test.
@ 300 A 192.0.2.81
www 300 CNAME www.shop.test.
"""

SLOW: Final = """
@ 60 SOA ns hostmaster 1 1800 900 604800 60
@ 60 NS ns
ns 60 A 127.53.12.1
www 60 A 192.0.2.82
"""

EVIL: Final = """
@ 60 SOA ns hostmaster 1 1800 900 604800 60
@ 60 NS ns
ns 60 A 127.53.66.1
www 60 A 192.0.2.66
inside 60 A 192.168.1.1
"""

BOGUS: Final = """
@ 300 SOA ns hostmaster 1 1800 900 604800 60
@ 300 NS ns
ns 300 A 127.53.20.1
"""

INSECURE: Final = """
@ 300 SOA ns hostmaster 1 1800 900 604800 60
@ 300 NS ns
ns 300 A 127.53.21.1
"""

#: What dnsd serves and signs itself: the name of a file and its text.
OWN: Final = {
    "dnsd.test.yaml": """\
dnssec: {policy: default}
records:
  '': [{type: NS, value: ns.dnsd.test.}, {type: MX, value: {preference: 10, exchange: mail.dnsd.test.}}]
  ns: {type: A, value: 127.53.53.53}
  mail: {type: A, value: 192.0.2.26}
  www: {type: A, value: 192.0.2.83}
  '*.many': {type: A, value: 192.0.2.84}
""",
    "dnsd.example.yaml": """\
dnssec: {policy: hashed}
records:
  '': [{type: NS, value: ns.dnsd.test.}, {type: MX, value: {preference: 10, exchange: mail.dnsd.test.}}]
  www: {type: CNAME, value: www.dnsd.test.}
""",
}

#: How the second of these is signed.
OWN_POLICIES: Final = """\
dnssec:
  policies:
    - {name: hashed, keys: ksk-zsk, nsec3: on}
"""
