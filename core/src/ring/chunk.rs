//! Chunks in a reader's hands: views into the ring that pin what they show.

use std::sync::Arc;

use super::Shared;
use super::store::Slot;
use crate::time::Micros;

/// What one chunk in a [`Batch`] is: its bytes, without a copy, and what the publisher said of it.
#[derive(Clone, Copy, Debug)]
pub struct ChunkRef<'a> {
    /// Sequence number, counted from 0 per epoch.
    pub sequence: u64,
    /// When it was published (never before the chunk before it).
    pub time_us: Micros,
    /// Whether a decoder can start here.
    pub random_access: bool,
    /// The payload; never empty.
    pub bytes: &'a [u8],
    /// At a random-access point: what a decoder must see before it (MPEG-TS: PAT and PMT packets).
    pub preamble: Option<&'a [u8]>,
}

/// Chunks that were read and are held: none of them is overwritten or freed before the batch is
/// released, dropped, or used for the next read.
///
/// Make one and use it for every read of a cursor: the next read then releases what the last one
/// held under the same lock. A batch keeps its ring alive.
#[derive(Debug, Default)]
pub struct Batch {
    ring: Option<Arc<Shared>>,
    first: u64,
    entries: Vec<Entry>,
    preambles: Vec<(usize, Arc<[u8]>)>,
    bytes: u64,
}

#[derive(Debug)]
struct Entry {
    view: View,
    time_us: Micros,
    random_access: bool,
}

impl Batch {
    /// A batch that holds nothing yet.
    pub fn new() -> Batch {
        Batch::default()
    }

    /// How many chunks are held.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The sum of the payloads, bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The chunk at `index` (0 is the oldest), if there is one.
    pub fn get(&self, index: usize) -> Option<ChunkRef<'_>> {
        let entry = self.entries.get(index)?;
        let preamble = self.preambles.binary_search_by_key(&index, |(at, _)| *at).ok();
        Some(self.chunk(index, entry, preamble.map(|at| &*self.preambles[at].1)))
    }

    fn chunk<'a>(&self, index: usize, entry: &'a Entry, preamble: Option<&'a [u8]>) -> ChunkRef<'a> {
        ChunkRef {
            sequence: self.first + index as u64,
            time_us: entry.time_us,
            random_access: entry.random_access,
            bytes: entry.view.bytes(),
            preamble,
        }
    }

    /// The chunks, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ChunkRef<'_>> {
        let mut preambles = self.preambles.iter().peekable();
        self.entries.iter().enumerate().map(move |(index, entry)| {
            let preamble = preambles.next_if(|(at, _)| *at == index).map(|(_, bytes)| &**bytes);
            self.chunk(index, entry, preamble)
        })
    }

    /// Lets go of all chunks. Doing it again is nothing.
    pub fn release(&mut self) {
        if !self.entries.is_empty()
            && let Some(ring) = &self.ring
        {
            ring.lock().store.unpin(self.first, self.entries.len());
        }
        self.clear();
    }

    /// Each chunk as an owner of its own; none is copied, and each is released by itself.
    pub fn into_chunks(mut self) -> impl ExactSizeIterator<Item = Chunk> {
        let ring = self.ring.take();
        let (first, mut preambles) = (self.first, std::mem::take(&mut self.preambles).into_iter().peekable());
        // Collected first, so that dropping the iterator half-way releases the rest.
        let chunks: Vec<Chunk> = std::mem::take(&mut self.entries)
            .into_iter()
            .enumerate()
            .map(|(index, entry)| Chunk {
                ring: Arc::clone(ring.as_ref().expect("a batch with chunks knows its ring")),
                sequence: first + index as u64,
                entry,
                preamble: preambles.next_if(|(at, _)| *at == index).map(|(_, bytes)| bytes),
            })
            .collect();
        chunks.into_iter()
    }

    /// Makes the batch ready for a read from `ring`: chunks of another ring are released. Those of
    /// this ring are left for [`Batch::release_into`].
    pub(super) fn attach(&mut self, ring: &Arc<Shared>) {
        if !self.ring.as_ref().is_some_and(|own| Arc::ptr_eq(own, ring)) {
            self.release();
            self.ring = Some(Arc::clone(ring));
        }
    }

    /// What is held, as first sequence number and count, for the caller to unpin; empties the batch.
    pub(super) fn take_range(&mut self) -> (u64, usize) {
        let range = (self.first, self.entries.len());
        self.clear();
        range
    }

    /// The next chunks pushed begin at `sequence`.
    pub(super) fn start_at(&mut self, sequence: u64) {
        self.first = sequence;
    }

    /// Adds a chunk, which the caller has pinned.
    pub(super) fn push(&mut self, slot: &Slot) {
        if let Some(preamble) = &slot.preamble {
            self.preambles.push((self.entries.len(), Arc::clone(preamble)));
        }
        self.bytes += slot.buffer.len() as u64;
        self.entries.push(Entry {
            view: View::of(&slot.buffer),
            time_us: slot.time_us,
            random_access: slot.random_access,
        });
    }

    /// Publish time of the newest chunk.
    pub(super) fn last_us(&self) -> Option<Micros> {
        self.entries.last().map(|entry| entry.time_us)
    }

    fn clear(&mut self) {
        self.entries.clear();
        self.preambles.clear();
        self.bytes = 0;
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.release();
    }
}

/// One chunk held by itself, from [`Batch::into_chunks`]. A clone is one more hold, not a copy.
#[derive(Debug)]
pub struct Chunk {
    ring: Arc<Shared>,
    sequence: u64,
    entry: Entry,
    preamble: Option<Arc<[u8]>>,
}

impl Chunk {
    /// Sequence number, counted from 0 per epoch.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When it was published.
    pub fn time_us(&self) -> Micros {
        self.entry.time_us
    }

    /// Whether a decoder can start here.
    pub fn random_access(&self) -> bool {
        self.entry.random_access
    }

    /// The payload; never empty.
    pub fn bytes(&self) -> &[u8] {
        self.entry.view.bytes()
    }

    /// At a random-access point: what a decoder must see before it.
    pub fn preamble(&self) -> Option<&[u8]> {
        self.preamble.as_deref()
    }
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

impl Clone for Chunk {
    fn clone(&self) -> Chunk {
        self.ring.lock().store.pin_again(self.sequence);
        let entry = Entry { view: self.entry.view, ..self.entry };
        Chunk {
            ring: Arc::clone(&self.ring),
            sequence: self.sequence,
            entry,
            preamble: self.preamble.clone(),
        }
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.ring.lock().store.unpin(self.sequence, 1);
    }
}

/// The bytes of a pinned buffer. Whoever has one has pinned its chunk, and unpins only when done.
#[derive(Clone, Copy, Debug)]
struct View {
    start: *const u8,
    len: usize,
}

impl View {
    fn of(buffer: &[u8]) -> View {
        View { start: buffer.as_ptr(), len: buffer.len() }
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the chunk is pinned for as long as its `Batch` or `Chunk` holds this view, both
        // of which keep the ring alive; a pinned buffer is not written, grown, reused or freed.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

// SAFETY: a view is a shared reference to bytes that nobody writes while it exists.
unsafe impl Send for View {}
// SAFETY: as above; all access is reading.
unsafe impl Sync for View {}
