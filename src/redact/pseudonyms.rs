//! Pseudonyms: what stands where something was that must not be known.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use siphasher::sip::SipHasher24;

/// The part of an IPv4 address that its pseudonym permutes.
const LOW: u32 = (1 << 28) - 1;

/// What a name stood for. Each kind has pseudonyms of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Somebody's account or e-mail address; compares without case, as Windows' names do.
    User,
    /// A machine; compares without case.
    Host,
    /// A value of a query.
    Value,
    /// A password, a cookie, a token.
    Secret,
}

impl What {
    fn prefix(self) -> &'static [u8] {
        match self {
            Self::User => b"user-",
            Self::Host => b"host-",
            Self::Value => b"v-",
            Self::Secret => b"secret-",
        }
    }

    fn has_case(self) -> bool {
        matches!(self, Self::Value | Self::Secret)
    }
}

/// Stable pseudonyms under the key of one run: the same name has the same pseudonym in all logs of a recording.
///
/// A pseudonym is a keyed hash (SipHash-2-4, a pseudorandom function of 128 bits of key). Without the key nobody can try all of the few
/// addresses there are, so it must be made at random and never be written down.
pub struct Pseudonyms {
    names: [SipHasher24; 4],
    addresses: SipHasher24,
    /// The second half of what is longer than 64 bits.
    more: SipHasher24,
}

impl Pseudonyms {
    /// Those of one key.
    #[must_use]
    pub fn new(key: [u8; 16]) -> Self {
        let root = SipHasher24::new_with_key(&key);
        // A key for each use: an address and a name of the same bytes have nothing in common.
        let derived = |use_: u8| SipHasher24::new_with_keys(root.hash(&[use_, 0]), root.hash(&[use_, 1]));
        Self { names: [derived(0), derived(1), derived(2), derived(3)], addresses: derived(4), more: derived(5) }
    }

    /// Writes the pseudonym of a name, such as `user-1a2b3c4d`.
    pub(super) fn name(&self, what: What, name: &[u8], out: &mut Vec<u8>) {
        let [user, host, value, secret] = &self.names;
        let hasher = match what {
            What::User => user,
            What::Host => host,
            What::Value => value,
            What::Secret => secret,
        };
        let hash = if what.has_case() { hasher.hash(name) } else { hasher.hash(&name.to_ascii_lowercase()) };
        out.extend_from_slice(what.prefix());
        hex(hash, 8, out);
    }

    /// Writes the pseudonym of an address, of the same family, from ranges that no host has: `240.0.0.0/4` (reserved, RFC 1112) and
    /// `2001:db8::/32` (for documentation, RFC 3849). No two addresses of private networks share a pseudonym; of addresses of the
    /// Internet two in 20,000 may, as there are only 28 bits. An IPv4 address within an IPv6 one (`::ffff:192.0.2.1`) has the
    /// pseudonym that it has alone. Loopback and "any" stay.
    pub(super) fn address(&self, address: IpAddr, out: &mut Vec<u8>) {
        match address {
            IpAddr::V4(v4) => decimal(self.v4(v4), out),
            IpAddr::V6(v6) => {
                if let Some(v4) = v6.to_ipv4_mapped() {
                    out.extend_from_slice(b"::ffff:");
                    decimal(self.v4(v4), out);
                } else {
                    out.extend_from_slice(self.v6(v6).to_string().as_bytes());
                }
            }
        }
    }

    fn v4(&self, address: Ipv4Addr) -> Ipv4Addr {
        if address.is_loopback() || address.is_unspecified() {
            return address;
        }
        let bits = address.to_bits();
        let shared = address.is_private() || address.is_link_local() || bits >> 22 == 0b01_1001_0001;
        // The last 28 bits tell addresses of the private ranges apart; others share them with addresses that begin otherwise.
        let [kind, ..] = if shared { [0; 4] } else { (1 + (bits >> 28)).to_le_bytes() };
        let mut low = self.permuted(bits & LOW, kind);
        if low == LOW {
            // 255.255.255.255 is everybody.
            low = self.permuted(low, kind);
        }
        Ipv4Addr::from_bits(!LOW | low)
    }

    /// A permutation of the numbers of 28 bits under the key: a Feistel network.
    fn permuted(&self, bits: u32, kind: u8) -> u32 {
        const HALF: u32 = (1 << 14) - 1;
        let (mut left, mut right) = (bits >> 14, bits & HALF);
        for round in 0..8 {
            let [low, high, ..] = right.to_le_bytes();
            let [a, b, ..] = self.addresses.hash(&[round, kind, low, high]).to_le_bytes();
            (left, right) = (right, left ^ (u32::from_le_bytes([a, b, 0, 0]) & HALF));
        }
        left << 14 | right
    }

    fn v6(&self, address: Ipv6Addr) -> Ipv6Addr {
        if address.is_loopback() || address.is_unspecified() {
            return address;
        }
        let octets = address.octets();
        let (high, low) = (u128::from(self.more.hash(&octets)), u128::from(self.addresses.hash(&octets)));
        Ipv6Addr::from_bits((0x2001_0db8 << 96) | ((high << 64 | low) & ((1 << 96) - 1)))
    }

    /// Writes the pseudonym of a GUID: a GUID of version 8 (RFC 9562: for uses of one's own), in small letters.
    pub(super) fn guid(&self, guid: &[u8], out: &mut Vec<u8>) {
        let guid = guid.to_ascii_lowercase();
        let (high, low) = (self.addresses.hash(&guid), self.more.hash(&guid));
        hex(high >> 32, 8, out);
        out.push(b'-');
        hex(high >> 16, 4, out);
        out.extend_from_slice(b"-8");
        hex(high, 3, out);
        out.extend_from_slice(b"-8");
        hex(low >> 48, 3, out);
        out.push(b'-');
        hex(low, 12, out);
    }

    /// Writes the pseudonym of a network card's number: one that is locally administered.
    pub(super) fn mac(&self, mac: &[u8], separator: u8, out: &mut Vec<u8>) {
        let digits: Vec<u8> = mac.iter().filter(|b| b.is_ascii_hexdigit()).map(u8::to_ascii_lowercase).collect();
        out.extend_from_slice(b"02");
        for byte in self.addresses.hash(&digits).to_le_bytes().iter().take(5) {
            out.push(separator);
            hex(u64::from(*byte), 2, out);
        }
    }
}

/// Keeps the key out of every trace and message.
impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonyms")
    }
}

/// The lowest so many hexadecimal digits.
fn hex(value: u64, digits: u32, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend((0..digits).rev().map(|i| DIGITS.get(((value >> (4 * i)) & 15) as usize).copied().unwrap_or(b'0')));
}

fn decimal(address: Ipv4Addr, out: &mut Vec<u8>) {
    for (i, octet) in address.octets().into_iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        if octet >= 100 {
            out.push(b'0' + octet / 100);
        }
        if octet >= 10 {
            out.push(b'0' + octet / 10 % 10);
        }
        out.push(b'0' + octet % 10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(key: u8, text: &str) -> String {
        let mut out = Vec::new();
        Pseudonyms::new([key; 16]).address(text.parse().unwrap(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_address_becomes_one_of_its_family_that_nobody_has() {
        for text in ["10.1.2.3", "192.0.2.9", "255.255.255.255"] {
            let Ok(IpAddr::V4(v4)) = address(1, text).parse() else { unreachable!("{text}") };
            assert!(v4.octets()[0] >= 240 && !v4.is_broadcast());
        }
        for text in ["fe80::1", "2001:db8::1"] {
            assert!(address(1, text).starts_with("2001:db8:"), "{}", address(1, text));
            assert!(matches!(address(1, text).parse(), Ok(IpAddr::V6(_))));
        }
        assert_eq!(address(1, "::ffff:10.1.2.3"), format!("::ffff:{}", address(1, "10.1.2.3")));
        for kept in ["127.0.0.1", "0.0.0.0", "::1", "::"] {
            assert_eq!(address(1, kept), kept);
        }
    }

    #[test]
    fn no_two_private_addresses_share_a_pseudonym() {
        let pseudonyms = Pseudonyms::new([3; 16]);
        let [ten, twelve, sixteen] = [[10, 0], [172, 16], [192, 168]].map(|[a, b]| {
            move |i: u32| {
                let [.., c, d] = i.to_be_bytes();
                Ipv4Addr::new(a, b, c, d)
            }
        });
        let all = (0..20_000).flat_map(|i| [ten(i), twelve(i), sixteen(i)]);
        let told: std::collections::BTreeSet<Ipv4Addr> = all.map(|address| pseudonyms.v4(address)).collect();
        assert_eq!(told.len(), 60_000);
    }

    #[test]
    fn a_key_gives_the_same_pseudonyms_and_another_key_gives_others() {
        assert_eq!(address(1, "10.1.2.3"), address(1, "10.1.2.3"));
        assert_ne!(address(1, "10.1.2.3"), address(2, "10.1.2.3"));
        let name = |what, text: &[u8]| {
            let mut out = Vec::new();
            Pseudonyms::new([7; 16]).name(what, text, &mut out);
            out
        };
        assert_eq!(name(What::User, b"CORP\\Ann"), name(What::User, b"corp\\ann"));
        assert_ne!(name(What::Value, b"A"), name(What::Value, b"a"));
        assert_eq!(name(What::Secret, b"x").len(), "secret-1a2b3c4d".len());
        assert_eq!(format!("{:?}", Pseudonyms::new([7; 16])), "Pseudonyms");
    }
}
