//! One number for the state of many documents, so that two sides can say that they hold the same.
//!
//! Each pair of id and state hash is hashed, and the hashes are added modulo 2^256. A sum needs no order and can be taken
//! back, so it is kept as documents change and never counted together anew; the incremental hashing is that of Bellare and
//! Micciancio, "A New Paradigm for Collision-free Hashing" (1997), AdHash. It tells accidents from agreement. Somebody who may
//! write documents at will could in time find two scopes with one sum (Wagner, 2002), but could as well lie about what they hold.

use sha2::{Digest, Sha256};

use crate::id::DocumentId;

/// What a scope comes to, as it travels. Each side computes its own from what it holds; a peer's is compared, never adopted.
pub type ScopeDigest = [u8; 16];

/// The sum over a set of pairs of id and state hash, and how many they are.
///
/// **Putting pairs in and taking them out gives the same in any order**; what went in and came out again leaves no trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScopeSum {
    /// Least significant first.
    limbs: [u64; LIMBS],
    documents: u64,
}

/// 256 bits in words.
const LIMBS: usize = 4;

/// Bytes of a sum as it is stored.
const SUM_BYTES: usize = LIMBS * 8;

impl ScopeSum {
    /// A document with this state comes in.
    pub fn add(&mut self, id: DocumentId, state_hash: [u8; 16]) {
        self.add_all(&Self::of(id, state_hash));
    }

    /// A document that came in with this state goes out.
    pub fn remove(&mut self, id: DocumentId, state_hash: [u8; 16]) {
        self.remove_all(&Self::of(id, state_hash));
    }

    /// The sum over one document.
    pub fn of(id: DocumentId, state_hash: [u8; 16]) -> Self {
        Self {
            limbs: hash(id, state_hash),
            documents: 1,
        }
    }

    /// All that is in another sum comes in.
    pub fn add_all(&mut self, other: &Self) {
        self.limbs = plus(self.limbs, other.limbs);
        self.documents = self.documents.wrapping_add(other.documents);
    }

    /// All that is in another sum goes out.
    pub fn remove_all(&mut self, other: &Self) {
        self.limbs = plus(self.limbs, negative(other.limbs));
        self.documents = self.documents.wrapping_sub(other.documents);
    }

    /// How many documents are in it.
    pub const fn documents(&self) -> u64 {
        self.documents
    }

    /// SHA-256 over the sum and the number of documents, cut to 16 bytes.
    pub fn finish(&self) -> ScopeDigest {
        let mut hasher = Sha256::new();
        hasher.update(self.to_bytes());
        hasher.update(self.documents.to_le_bytes());
        let mut digest = [0; 16];
        digest.copy_from_slice(&hasher.finalize()[..16]);
        digest
    }

    /// The sum without the number of documents, little endian, to be stored.
    pub fn to_bytes(&self) -> [u8; SUM_BYTES] {
        let mut bytes = [0; SUM_BYTES];
        for (bytes, limb) in bytes.chunks_exact_mut(8).zip(self.limbs) {
            bytes.copy_from_slice(&limb.to_le_bytes());
        }
        bytes
    }

    /// From what was stored.
    pub fn from_bytes(sum: [u8; SUM_BYTES], documents: u64) -> Self {
        let mut limbs = [0; LIMBS];
        for (limb, bytes) in limbs.iter_mut().zip(sum.as_chunks::<8>().0) {
            *limb = u64::from_le_bytes(*bytes);
        }
        Self { limbs, documents }
    }
}

impl FromIterator<(DocumentId, [u8; 16])> for ScopeSum {
    fn from_iter<I: IntoIterator<Item = (DocumentId, [u8; 16])>>(pairs: I) -> Self {
        let mut sum = Self::default();
        for (id, state_hash) in pairs {
            sum.add(id, state_hash);
        }
        sum
    }
}

fn hash(id: DocumentId, state_hash: [u8; 16]) -> [u64; LIMBS] {
    let mut hasher = Sha256::new();
    hasher.update(id.as_bytes());
    hasher.update(state_hash);
    ScopeSum::from_bytes(hasher.finalize().into(), 0).limbs
}

fn plus(left: [u64; LIMBS], right: [u64; LIMBS]) -> [u64; LIMBS] {
    let mut sum = [0; LIMBS];
    let mut carry = false;
    for ((sum, left), right) in sum.iter_mut().zip(left).zip(right) {
        let (word, over) = left.overflowing_add(right);
        let (word, over_again) = word.overflowing_add(u64::from(carry));
        (*sum, carry) = (word, over || over_again);
    }
    sum
}

fn negative(number: [u64; LIMBS]) -> [u64; LIMBS] {
    plus(number.map(|limb| !limb), [1, 0, 0, 0])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Pair = ([u8; 16], [u8; 16]);

    fn sum_of(pairs: &[Pair]) -> ScopeSum {
        pairs
            .iter()
            .map(|(id, state)| (DocumentId::from_bytes(*id), *state))
            .collect()
    }

    proptest! {
        #[test]
        fn order_and_detours_leave_no_trace(pairs in prop::collection::vec(any::<Pair>(), 0..20), detour in any::<Pair>()) {
            let mut backwards = pairs.clone();
            backwards.reverse();
            let sum = sum_of(&pairs);
            prop_assert_eq!(sum_of(&backwards), sum);
            let mut roundabout = ScopeSum::default();
            let through = (DocumentId::from_bytes(detour.0), detour.1);
            roundabout.remove(through.0, through.1);
            roundabout.add_all(&sum);
            roundabout.add(through.0, through.1);
            prop_assert_eq!(roundabout, sum);
            prop_assert_eq!(ScopeSum::from_bytes(sum.to_bytes(), sum.documents()), sum);
        }

        #[test]
        fn one_bit_gives_another_digest(pairs in prop::collection::vec(any::<Pair>(), 1..20), which in any::<prop::sample::Index>(), bit in 0..256_usize) {
            let before = sum_of(&pairs).finish();
            let mut changed = pairs.clone();
            let pair = &mut changed[which.index(pairs.len())];
            let bytes = if bit < 128 { &mut pair.0 } else { &mut pair.1 };
            bytes[bit % 128 / 8] ^= 1 << (bit % 8);
            prop_assert_ne!(sum_of(&changed).finish(), before);
            prop_assert_ne!(sum_of(&pairs[1..]).finish(), before);
        }
    }

    /// Two builds that count differently would never again be found identical. A change here is a change of the protocol.
    #[test]
    fn the_digest_of_a_known_scope() {
        let pairs = [([1; 16], [2; 16]), ([3; 16], [0xff; 16])];
        assert_eq!(
            hex(sum_of(&pairs).finish()),
            "7fb1dab24efd466dc15b627a5bf68b6b"
        );
        assert_eq!(
            hex(ScopeSum::default().finish()),
            "2c34ce1df23b838c5abf2a7f6437cca3"
        );
    }

    fn hex(digest: ScopeDigest) -> String {
        format!("{:032x}", u128::from_be_bytes(digest))
    }
}
