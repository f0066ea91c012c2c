//! Claims: how far a file's word on sizes is believed before memory is set aside for it. Which claims a format makes is known to its
//! reader.

/// Unpacked bytes that are believed whatever they are packed in: more than a page or block of any writer.
const FREE: u64 = 16 << 20;

/// How many times larger than its packed form a block may be beyond that. Deflate reaches 1032, zstd and LZ4 more on constant data,
/// which writers cut into blocks far below [`FREE`].
const MAX_RATIO: u64 = 1024;

/// Whether `unpacked` bytes may come out of `packed`.
pub fn is_believable(packed: u64, unpacked: u64) -> bool {
    unpacked <= FREE || unpacked / MAX_RATIO <= packed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_blocks_are_free_and_large_ones_have_a_ratio() {
        for (packed, unpacked, want) in [
            (0, 0, true),
            (10, 16 << 20, true),
            (10, (16 << 20) + 1, false),
            (1 << 20, 1 << 30, true),
            (4 << 10, 2 << 30, false),
            (u64::MAX, u64::MAX, true),
        ] {
            assert_eq!(is_believable(packed, unpacked), want, "{packed} {unpacked}");
        }
    }
}
