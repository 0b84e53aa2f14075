//! A table that only grows: looked up without a lock, filled without losing an entry.

use std::sync::OnceLock;

/// Entries by the hash of their keys, in stages of which each is twice as large as the one before; nothing is removed.
///
/// An entry lies in the first free slot of the few that its hash allows, or in the next stage. So a free slot ends every
/// search, and two threads that insert the same key meet in one slot.
#[derive(Debug)]
pub(crate) struct Grown<V> {
    first: Stage<V>,
}

#[derive(Debug)]
struct Stage<V> {
    /// A power of two of them.
    slots: Box<[OnceLock<V>]>,
    next: OnceLock<Box<Self>>,
}

/// Where an entry lies, for ever.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place(u32);

impl Place {
    /// At which nothing lies: there is no memory for so many entries.
    pub(crate) const NOWHERE: Self = Self(u32::MAX);

    #[expect(
        clippy::cast_possible_truncation,
        reason = "four billion entries do not fit into memory"
    )]
    const fn new(index: usize) -> Self {
        Self(index as u32)
    }

    /// As [`bits`](Self::bits) gave it; any other number is the place of nothing, or of another entry.
    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }
}

/// How many slots a hash allows in one stage.
const PROBES: usize = 8;

/// Where a search ended.
enum Found<'a, V> {
    Entry(Place, &'a V),
    Free(&'a OnceLock<V>),
    /// In the last stage all slots were taken by others.
    Full(&'a Stage<V>),
}

impl<V> Grown<V> {
    /// An empty table; `slots`, at least 8, is rounded up to a power of two.
    pub(crate) fn new(slots: usize) -> Self {
        Self {
            first: Stage::new(slots.max(PROBES).next_power_of_two()),
        }
    }

    /// The entry of this hash that `is` the one.
    #[inline]
    pub(crate) fn get(&self, hash: u64, is: impl Fn(&V) -> bool) -> Option<(Place, &V)> {
        match self.search(hash, is) {
            Found::Entry(place, entry) => Some((place, entry)),
            Found::Free(_) | Found::Full(_) => None,
        }
    }

    /// The entry that is there already, or `value`, now an entry. The third is whether it was inserted.
    pub(crate) fn insert(&self, hash: u64, is: impl Fn(&V) -> bool, value: V) -> (Place, &V, bool) {
        let mut value = Some(value);
        loop {
            match self.search(hash, &is) {
                Found::Entry(place, entry) => return (place, entry, value.is_none()),
                // Refused when another thread was faster, perhaps with the same key: look again.
                Found::Free(slot) => value = value.and_then(|value| slot.set(value).err()),
                Found::Full(last) => {
                    let _next = last.next.get_or_init(|| Box::new(Stage::new(2 * last.slots.len())));
                }
            }
        }
    }

    /// The entry at a place that this table gave out.
    #[inline]
    pub(crate) fn at(&self, place: Place) -> Option<&V> {
        let mut index = place.0 as usize;
        for stage in self.stages() {
            match stage.slots.get(index) {
                Some(slot) => return slot.get(),
                None => index -= stage.slots.len(),
            }
        }
        None
    }

    /// Every entry, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &V> {
        self.stages()
            .flat_map(|stage| stage.slots.iter().filter_map(OnceLock::get))
    }

    fn stages(&self) -> impl Iterator<Item = &Stage<V>> {
        std::iter::successors(Some(&self.first), |stage| stage.next.get().map(Box::as_ref))
    }

    #[inline]
    fn search(&self, hash: u64, is: impl Fn(&V) -> bool) -> Found<'_, V> {
        let mut stage = &self.first;
        let mut before = 0;
        loop {
            let mask = stage.slots.len() - 1;
            for probe in 0..PROBES {
                let index = home(hash).wrapping_add(probe) & mask;
                match stage.slots[index].get() {
                    None => return Found::Free(&stage.slots[index]),
                    Some(entry) if is(entry) => return Found::Entry(Place::new(before + index), entry),
                    Some(_) => {}
                }
            }
            before += stage.slots.len();
            match stage.next.get() {
                Some(next) => stage = next,
                None => return Found::Full(stage),
            }
        }
    }
}

impl<V> Stage<V> {
    fn new(slots: usize) -> Self {
        Self {
            slots: (0..slots).map(|_| OnceLock::new()).collect(),
            next: OnceLock::new(),
        }
    }
}

/// The upper half of a hash, which multiplication mixes best.
pub(crate) const fn home(hash: u64) -> usize {
    (hash >> 32) as usize
}

/// Multiplying by it spreads a number over the upper bits: 2^64 over the golden ratio, as Knuth's TAOCP 6.4 advises.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// The hash of a number, or of text that no client chose: fast, and no defence against chosen keys.
pub(crate) const fn hash(number: u64) -> u64 {
    number.wrapping_mul(SPREAD)
}

pub(crate) fn hash_text(text: &str) -> u64 {
    let mix = |hash: u64, word: [u8; 8]| (hash.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(SPREAD);
    let words = text.as_bytes().chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        word
    });
    words.fold(text.len() as u64, mix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(table: &Grown<u64>, key: u64, hash: u64) -> (Place, bool) {
        let (place, entry, inserted) = table.insert(hash, |known| *known == key, key);
        assert_eq!(*entry, key);
        (place, inserted)
    }

    #[test]
    fn every_entry_is_found_at_the_place_it_got_however_many_there_are() {
        let table = Grown::new(8);
        let places: Vec<_> = (0..1_000).map(|key| insert(&table, key, hash(key)).0).collect();
        for (key, place) in (0..).zip(&places) {
            assert_eq!(insert(&table, key, hash(key)), (*place, false));
            assert_eq!(table.at(*place), Some(&key));
            assert_eq!(
                table.get(hash(key), |known| *known == key).map(|(at, _)| at),
                Some(*place)
            );
        }
        assert_eq!(table.get(hash(1_000), |known| *known == 1_000), None);
        let mut all: Vec<_> = table.iter().copied().collect();
        all.sort_unstable();
        assert_eq!(all, (0..1_000).collect::<Vec<_>>());
    }

    #[test]
    fn keys_of_one_hash_go_to_further_stages() {
        let table = Grown::new(8);
        for key in 0..100 {
            assert!(insert(&table, key, 7).1);
        }
        assert!((0..100).all(|key| table.get(7, |known| *known == key).is_some()));
    }

    #[test]
    fn threads_that_insert_the_same_keys_insert_each_once() {
        let table = Grown::new(8);
        let inserted: usize = std::thread::scope(|scope| {
            let count = || (0..2_000).filter(|key| insert(&table, *key, hash(*key % 64)).1).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((inserted, table.iter().count()), (2_000, 2_000));
    }

    #[test]
    fn texts_that_differ_anywhere_have_other_hashes() {
        let texts = [
            "",
            "/",
            "/a",
            "/listings",
            "/listings/",
            "/listing",
            "/real-price/{region}",
        ];
        let hashes: std::collections::BTreeSet<_> = texts.into_iter().map(hash_text).collect();
        assert_eq!(hashes.len(), texts.len());
    }
}
