//! Buffers for reuse, the most recently freed first: that one is still in the cache.

/// No more buffers than this wait for reuse, and no more are made ahead of time.
const MAX_BUFFERS: usize = 256;
/// No more bytes than this wait for reuse, and no more are made ahead of time.
const MAX_POOLED_BYTES: usize = 4 << 20;
/// A larger buffer goes back to the allocator at once.
const MAX_BUFFER_BYTES: usize = 256 << 10;

#[derive(Debug, Default)]
pub(super) struct Pool {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

impl Pool {
    /// A pool with buffers of `payload_bytes` for up to `chunks` chunks, within the pool's limits.
    /// Their pages are touched, so that the first chunks do not pay for it.
    pub(super) fn prewarmed(payload_bytes: usize, chunks: usize) -> Pool {
        let mut pool = Pool::default();
        if payload_bytes > 0 && payload_bytes <= MAX_BUFFER_BYTES {
            let wanted = chunks.min(MAX_BUFFERS).min(MAX_POOLED_BYTES / payload_bytes);
            for _ in 0..wanted {
                // Not zeros: those come from pages that nobody has touched yet.
                pool.put(vec![1; payload_bytes]);
            }
        }
        pool
    }

    /// An empty buffer with room for `len` bytes, and for not more than twice as many: a ring of
    /// small chunks must not sit on large buffers that its byte limit does not see.
    pub(super) fn take(&mut self, len: usize) -> Vec<u8> {
        if let Some(mut buffer) = self.buffers.pop() {
            self.bytes -= buffer.capacity();
            if buffer.capacity() >= len && buffer.capacity() / 2 <= len {
                buffer.clear();
                return buffer;
            }
        }
        Vec::with_capacity(len)
    }

    /// Keeps `buffer` for reuse, or frees it when the pool has enough.
    pub(super) fn put(&mut self, buffer: Vec<u8>) {
        let capacity = buffer.capacity();
        if capacity <= MAX_BUFFER_BYTES
            && self.buffers.len() < MAX_BUFFERS
            && self.bytes + capacity <= MAX_POOLED_BYTES
        {
            self.bytes += capacity;
            self.buffers.push(buffer);
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_in_first_out_and_bounded() {
        let mut pool = Pool::default();
        let (first, second) = (vec![1u8; 100], vec![2u8; 100]);
        let second_at = second.as_ptr();
        pool.put(first);
        pool.put(second);
        let reused = pool.take(90);
        assert_eq!(reused.as_ptr(), second_at);
        for _ in 0..2 * MAX_BUFFERS {
            pool.put(vec![0; 64 << 10]);
        }
        assert!(pool.bytes() <= MAX_POOLED_BYTES as u64);
        pool.put(vec![0; MAX_BUFFER_BYTES + 1]);
        assert!(pool.take(MAX_BUFFER_BYTES).capacity() <= MAX_BUFFER_BYTES);
    }

    #[test]
    fn a_small_chunk_does_not_get_a_large_buffer() {
        let mut pool = Pool::default();
        pool.put(vec![0; 100_000]);
        assert!(pool.take(100).capacity() <= 200);
        assert_eq!(pool.bytes(), 0);
    }

    #[test]
    fn prewarming_is_bounded() {
        assert_eq!(Pool::prewarmed(1316, usize::MAX).buffers.len(), MAX_BUFFERS);
        assert_eq!(Pool::prewarmed(64 << 10, 1 << 20).bytes(), MAX_POOLED_BYTES as u64);
        assert_eq!(Pool::prewarmed(usize::MAX, 4).bytes(), 0);
        assert_eq!(Pool::prewarmed(0, 4).bytes(), 0);
        assert_eq!(Pool::prewarmed(10, 4).buffers.len(), 4);
    }
}
